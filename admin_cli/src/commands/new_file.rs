//! Making files that were not there: exclusively, with exactly the wanted mode whatever the umask, whole or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use countersign_common::files::{Directory, FileError, FileProblem};
use countersign_common::system::new_id;
use countersign_common::token::TokenId;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, Flock, FlockArg, OFlag, open, openat};
use nix::sys::stat::{Mode, fchmod, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, fsync, linkat, unlinkat};

use crate::failure::Failure;
use crate::output::without_number;

/// Whether a file had to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// It was not there.
    Now,
    /// It was, and is as it was.
    Before,
}

/// Makes a public file (0644) below directories that only root can change; one that is there is left alone.
pub(super) fn public(path: &str, content: &[u8]) -> Result<Made, Failure> {
    made(path, content, Mode::from_bits_truncate(0o644))
}

/// As [`public`], for root's eyes only (0600).
pub(super) fn roots(path: &str, content: &[u8]) -> Result<Made, Failure> {
    made(path, content, Mode::from_bits_truncate(0o600))
}

fn made(path: &str, content: &[u8], mode: Mode) -> Result<Made, Failure> {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let room = public_directory(parent)?;
    if fstatat(&room, name, AtFlags::AT_SYMLINK_NOFOLLOW).is_ok() {
        return Ok(Made::Before);
    }
    let fails = |error: io::Error| Failure::new(format!("{path}: cannot be written: {}", without_number(&error)));
    let suffix = new_id().map(|id: TokenId| id.to_string())?;
    let temporary = format!(".{name}.{suffix}");
    write(room.as_fd(), &temporary, content, mode).map_err(fails)?;
    // A link, not a rename: whoever was faster keeps their file.
    let placed = linkat(&room, temporary.as_str(), &room, name, AtFlags::empty());
    let _ = unlinkat(&room, temporary.as_str(), UnlinkatFlags::NoRemoveDir);
    match placed {
        Ok(()) => fsync(&room).map_err(|errno| fails(errno.into())).map(|()| Made::Now),
        Err(Errno::EEXIST) => Ok(Made::Before),
        Err(errno) => Err(fails(errno.into())),
    }
}

/// The parent of a public file, locked until this is dropped: two who set up at once would mix their halves.
pub(super) fn locked_parent_of(path: &str) -> Result<Flock<File>, Failure> {
    let (parent, _) = path.rsplit_once('/').unwrap_or(("", path));
    let handle = public_directory(parent)?.as_fd().try_clone_to_owned();
    let handle = handle.map_err(|error| Failure::new(format!("{parent}: {}", without_number(&error))))?;
    Flock::lock(File::from(handle), FlockArg::LockExclusiveNonblock)
        .map_err(|_| Failure::new("another countersign init is running").hint("try again in a moment"))
}

/// Opens a directory that only root can change, making its last component if that is missing.
fn public_directory(path: &str) -> Result<Directory, Failure> {
    let fails = |error: FileError| Failure::new(error.to_string());
    match Directory::open_public(path) {
        Err(error) if error.problem == FileProblem::Missing && error.path == path => {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            let parent = Directory::open_public(&format!("{parent}/")).map_err(fails)?;
            make_directory(&parent, name)
                .map_err(|errno| Failure::new(format!("{path}: cannot be made: {}", errno.desc())))?;
            Directory::open_public(path).map_err(fails)
        }
        opened => opened.map_err(fails),
    }
}

fn make_directory(parent: &Directory, name: &str) -> Result<(), Errno> {
    let mode = Mode::from_bits_truncate(0o755);
    match mkdirat(parent, name, mode) {
        Ok(()) => {}
        Err(Errno::EEXIST) => return Ok(()),
        Err(errno) => return Err(errno),
    }
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    fchmod(openat(parent, name, flags, Mode::empty())?, mode)?;
    fsync(parent)
}

/// A private file (0600) that holds a secret, and can be taken back.
pub(super) struct Private {
    room: OwnedFd,
    name: String,
}

impl Private {
    /// Makes the file; refused if there is one.
    pub(super) fn create(path: &str, content: &[u8]) -> Result<Self, Failure> {
        let fails = |error: &io::Error| Failure::new(format!("{path}: cannot be written: {}", without_number(error)));
        let whole = Path::new(path);
        let (Some(name), Some(parent)) = (whole.file_name().and_then(|name| name.to_str()), whole.parent()) else {
            return Err(Failure::new(format!("{path}: is not the name of a file")));
        };
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let room = open(parent, flags, Mode::empty()).map_err(|errno| fails(&errno.into()))?;
        match write(room.as_fd(), name, content, Mode::from_bits_truncate(0o600)) {
            Ok(()) => Ok(Self { room, name: name.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Failure::new(format!("{path}: exists already")).hint("remove it first, or name another file"))
            }
            Err(error) => Err(fails(&error)),
        }
    }

    /// Removes the file again, from the very directory it was made in.
    pub(super) fn take_back(self) {
        let _ = unlinkat(&self.room, self.name.as_str(), UnlinkatFlags::NoRemoveDir);
    }
}

/// Creates and writes a file; removes it if that fails half-way.
fn write(room: impl AsFd, name: &str, content: &[u8], mode: Mode) -> io::Result<()> {
    let room = room.as_fd();
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut file = File::from(openat(room, name, flags, mode)?);
    let written = (|| {
        fchmod(&file, mode)?;
        file.write_all(content)?;
        file.sync_all()
    })();
    if written.is_err() {
        let _ = unlinkat(room, name, UnlinkatFlags::NoRemoveDir);
    }
    written
}
