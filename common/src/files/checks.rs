//! What the status of an open handle must be before it is used.

use std::fmt;

use nix::errno::Errno;
use nix::sys::stat::{FileStat, SFlag};

use super::MAX_SIZE;

/// Who may own state: root and the installed owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owners {
    /// The uid named at `init`.
    pub installed: u32,
}

/// What is wrong with a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileProblem {
    /// It does not exist.
    Missing,
    /// A symbolic link, or a file where a directory belongs.
    LinkOrWrongKind,
    /// Neither a regular file nor (where one belongs) a directory.
    NotRegular,
    /// Owned by this uid, who must not own it.
    WrongOwner(u32),
    /// These permission bits, which it must not have.
    WrongMode(u32),
    /// So many hard links, where one belongs.
    Links(u64),
    /// Larger than 64 KiB.
    TooLarge,
    /// The system says so.
    Error(Errno),
}

const PERMISSIONS: u32 = 0o7777;

fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT
}

/// A parent on the way: root's, a directory, not writable by others.
pub(super) fn check_parent(stat: &FileStat) -> Result<(), FileProblem> {
    if kind(stat) != SFlag::S_IFDIR {
        return Err(FileProblem::LinkOrWrongKind);
    }
    check_roots_alone(stat)
}

/// A public file: regular, root's, not writable by others, not too large.
pub(super) fn check_public(stat: &FileStat) -> Result<(), FileProblem> {
    if kind(stat) != SFlag::S_IFREG {
        return Err(FileProblem::NotRegular);
    }
    check_roots_alone(stat)?;
    check_size(stat)
}

/// A private directory: the owner's or root's, with no permission for anyone else.
pub(super) fn check_directory(stat: &FileStat, owners: Owners) -> Result<(), FileProblem> {
    if kind(stat) != SFlag::S_IFDIR {
        return Err(FileProblem::LinkOrWrongKind);
    }
    check_owner(stat, owners)?;
    let for_others = stat.st_mode & 0o077;
    if for_others == 0 { Ok(()) } else { Err(FileProblem::WrongMode(stat.st_mode & PERMISSIONS)) }
}

/// A private file: regular, the owner's or root's, exactly 0600, one link, not too large.
pub(super) fn check_private(stat: &FileStat, owners: Owners) -> Result<(), FileProblem> {
    if kind(stat) != SFlag::S_IFREG {
        return Err(FileProblem::NotRegular);
    }
    check_owner(stat, owners)?;
    if stat.st_mode & PERMISSIONS != 0o600 {
        return Err(FileProblem::WrongMode(stat.st_mode & PERMISSIONS));
    }
    if stat.st_nlink != 1 {
        return Err(FileProblem::Links(stat.st_nlink));
    }
    check_size(stat)
}

fn check_owner(stat: &FileStat, owners: Owners) -> Result<(), FileProblem> {
    let allowed = stat.st_uid == 0 || stat.st_uid == owners.installed;
    if allowed { Ok(()) } else { Err(FileProblem::WrongOwner(stat.st_uid)) }
}

fn check_roots_alone(stat: &FileStat) -> Result<(), FileProblem> {
    if stat.st_uid != 0 {
        return Err(FileProblem::WrongOwner(stat.st_uid));
    }
    if stat.st_mode & 0o022 != 0 {
        return Err(FileProblem::WrongMode(stat.st_mode & PERMISSIONS));
    }
    Ok(())
}

fn check_size(stat: &FileStat) -> Result<(), FileProblem> {
    let fits = usize::try_from(stat.st_size).is_ok_and(|size| size <= MAX_SIZE);
    if fits { Ok(()) } else { Err(FileProblem::TooLarge) }
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("does not exist"),
            Self::LinkOrWrongKind => f.write_str("is a symbolic link, or not of the right kind"),
            Self::NotRegular => f.write_str("is not a regular file"),
            Self::WrongOwner(uid) => write!(f, "is owned by uid {uid}"),
            Self::WrongMode(mode) => write!(f, "has mode {mode:04o}"),
            Self::Links(count) => write!(f, "has {count} hard links"),
            Self::TooLarge => f.write_str("is larger than 64 KiB"),
            Self::Error(errno) => write!(f, "{}", errno.desc()),
        }
    }
}
