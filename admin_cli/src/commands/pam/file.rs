//! A service's file, read and replaced whole: owner, mode and extended attributes stay (a security label is one).
//!
//! Invariants: no link is followed; the file is replaced only if it is still the one that was read; after a power cut the old or the new file stands.

use std::fs::File;
use std::io::{Read, Write};

use countersign_common::files::{CAREFULLY, Directory};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, fsync, unlinkat};

use crate::failure::Failure;

/// Where the stacks are.
const ROOM: &str = "/etc/pam.d";
/// A stack is shorter.
const LARGEST: i64 = 64 * 1024;

/// A service's file as it was read.
pub(super) struct ServiceFile {
    pub(super) path: String,
    pub(super) text: String,
    name: String,
    stat: FileStat,
}

fn fails(path: &str, errno: Errno) -> Failure {
    Failure::new(format!("{path}: {}", errno.desc()))
}

fn room() -> Result<Directory, Failure> {
    Directory::open_public(ROOM).map_err(|error| Failure::new(error.to_string()))
}

impl ServiceFile {
    /// Reads it, if it is one that can be replaced by another without anyone noticing more than its lines.
    pub(super) fn read(name: &str) -> Result<Self, Failure> {
        let (room, path) = (room()?, format!("{ROOM}/{name}"));
        let handle = openat(&room, name, OFlag::O_RDONLY | CAREFULLY, Mode::empty()).map_err(|errno| match errno {
            Errno::ELOOP => Failure::new(format!("{path}: is a symbolic link")).hint("name the service it points to"),
            errno => fails(&path, errno),
        })?;
        let stat = fstat(&handle).map_err(|errno| fails(&path, errno))?;
        let odd = |what: &str| Err(Failure::new(format!("{path}: {what}")).hint("put the lines in by hand"));
        let mode = stat.st_mode;
        if SFlag::from_bits_truncate(mode) & SFlag::S_IFMT != SFlag::S_IFREG {
            return odd("is not a regular file");
        }
        if stat.st_uid != 0 || mode & 0o022 != 0 {
            return odd("others than root can write it");
        }
        if stat.st_nlink != 1 {
            return odd("has more than one name");
        }
        if stat.st_size > LARGEST {
            return odd("is larger than 64 KiB");
        }
        let mut bytes = Vec::new();
        let limit = LARGEST.unsigned_abs().saturating_add(1);
        File::from(handle)
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::new(format!("{path}: {error}")))?;
        match String::from_utf8(bytes) {
            Ok(text) if text.contains(['\r', '\0']) => {
                odd("has lines that end in a carriage return, which libpam takes for text")
            }
            Ok(text) => Ok(Self { path, text, name: name.to_owned(), stat }),
            Err(_) => odd("is not text in UTF-8"),
        }
    }

    /// Refuses to go on with what is not what was read.
    pub(super) fn refuse_if_changed(&self) -> Result<(), Failure> {
        if Self::read(&self.name)?.text == self.text {
            return Ok(());
        }
        Err(Failure::new(format!("{}: was changed meanwhile", self.path)).hint("look at it, and try again"))
    }

    /// Puts another text in its place, all at once and for good.
    pub(super) fn replace(&self, after: &str) -> Result<(), Failure> {
        let room = room()?;
        let temporary = format!(".{}.countersign", self.name);
        let written = self.write(&room, &temporary, after).and_then(|()| {
            self.refuse_if_changed()?;
            renameat(&room, temporary.as_str(), &room, self.name.as_str()).map_err(|errno| fails(&self.path, errno))
        });
        if written.is_err() {
            let _ = unlinkat(&room, temporary.as_str(), UnlinkatFlags::NoRemoveDir);
        }
        written?;
        fsync(&room).map_err(|errno| fails(ROOM, errno))
    }

    fn write(&self, room: &Directory, temporary: &str, after: &str) -> Result<(), Failure> {
        let path = room.path_of(temporary);
        let fails = |errno| fails(&path, errno);
        // What a crash left under this name is worthless.
        let _ = unlinkat(room, temporary, UnlinkatFlags::NoRemoveDir);
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mut file = File::from(openat(room, temporary, flags, Mode::from_bits_truncate(0o600)).map_err(fails)?);
        file.write_all(after.as_bytes()).map_err(|error| Failure::new(format!("{path}: {error}")))?;
        fchown(&file, Some(Uid::from_raw(self.stat.st_uid)), Some(Gid::from_raw(self.stat.st_gid))).map_err(fails)?;
        fchmod(&file, Mode::from_bits_truncate(self.stat.st_mode & 0o7777)).map_err(fails)?;
        self.copy_attributes(room, &file)?;
        fsync(&file).map_err(fails)
    }

    /// Extended attributes: a security label, an access list. Where a file system has none, there is nothing to copy.
    fn copy_attributes(&self, room: &Directory, to: &File) -> Result<(), Failure> {
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let from = openat(room, self.name.as_str(), flags, Mode::empty()).map_err(|errno| fails(&self.path, errno))?;
        let mut names = vec![0_u8; 65_536];
        let Ok(length) = rustix::fs::flistxattr(&from, &mut names) else { return Ok(()) };
        for name in names.get(..length).unwrap_or_default().split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            let mut value = vec![0_u8; 65_536];
            let copied = rustix::fs::fgetxattr(&from, name, &mut value).and_then(|length| {
                rustix::fs::fsetxattr(
                    to,
                    name,
                    value.get(..length).unwrap_or_default(),
                    rustix::fs::XattrFlags::empty(),
                )
            });
            copied.map_err(|error| {
                let name = String::from_utf8_lossy(name).into_owned();
                Failure::new(format!("{}: its attribute {name} cannot be kept: {error}", self.path))
            })?;
        }
        Ok(())
    }
}
