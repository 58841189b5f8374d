//! Opening files that decide about logins: every directory from the root on is checked, and the file on its open handle.
//!
//! Invariants: no symbolic link is followed; nothing is read before owner, mode, kind and size of the very handle
//! are checked; opening never blocks and never leaks the handle to another program.

mod checks;

pub use checks::{FileProblem, Owners};

use std::fmt;
use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat};
use zeroize::Zeroizing;

use checks::{check_directory, check_parent, check_private, check_public};

/// Largest file that is read, in bytes.
pub const MAX_SIZE: usize = 64 * 1024;

/// How a file is opened that may be anything: no link is followed, no FIFO waited for, no terminal becomes ours, no other
/// program gets the handle.
pub const CAREFULLY: OFlag = OFlag::O_NOFOLLOW.union(OFlag::O_CLOEXEC).union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY);

/// Why a file or directory is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    /// Which.
    pub path: String,
    /// What is wrong with it.
    pub problem: FileProblem,
}

/// An open directory all of whose parents are root's alone to change.
#[derive(Debug)]
pub struct Directory {
    handle: OwnedFd,
    path: String,
}

impl Directory {
    /// Opens a directory whose parents, and itself, belong to root and cannot be written by others.
    ///
    /// # Errors
    /// [`FileError`] names the first component at fault.
    pub fn open_public(path: &str) -> Result<Self, FileError> {
        let (parent, name) = Self::open_parent(path)?;
        match name {
            Some(name) => parent.subdirectory(name, check_parent),
            None => Ok(parent),
        }
    }

    /// Opens a directory that only its owner can enter (0700), below parents that are root's.
    ///
    /// # Errors
    /// [`FileError`] names the first component at fault.
    pub fn open_private(path: &str, owners: Owners) -> Result<Self, FileError> {
        match Self::open_parent(path)? {
            (parent, Some(name)) => parent.private_subdirectory(name, owners),
            (parent, None) => Err(FileError { path: parent.path, problem: FileProblem::WrongMode(0o755) }),
        }
    }

    /// Opens a private directory in this one.
    ///
    /// # Errors
    /// [`FileError`] says why it is not used.
    pub fn private_subdirectory(&self, name: &str, owners: Owners) -> Result<Self, FileError> {
        self.subdirectory(name, |stat| check_directory(stat, owners))
    }

    /// Opens the parent of a path; the last component's name comes back with it.
    ///
    /// Every directory on the way is checked before the next one is looked at: whoever could put another in its place in
    /// between is root.
    fn open_parent(path: &str) -> Result<(Self, Option<&str>), FileError> {
        let relative = path.strip_prefix('/').ok_or_else(|| error_at(path, Errno::EINVAL))?;
        if relative.split('/').any(|name| matches!(name, "." | "..")) {
            return Err(error_at(path, Errno::EINVAL));
        }
        let (parent, name) = match relative.trim_end_matches('/').rsplit_once('/') {
            Some((parent, name)) => (parent, Some(name)),
            None => ("", Some(relative.trim_end_matches('/')).filter(|name| !name.is_empty())),
        };
        let mut checked = String::with_capacity(path.len());
        let mut names = parent.split('/').filter(|name| !name.is_empty()).peekable();
        while names.peek().is_some() {
            let at = if checked.is_empty() { "/" } else { &checked };
            let stat = fstatat(AT_FDCWD, at, AtFlags::AT_SYMLINK_NOFOLLOW).map_err(|errno| error_at(at, errno))?;
            check_parent(&stat).map_err(|problem| FileError { path: at.to_owned(), problem })?;
            checked.push('/');
            checked.push_str(names.next().unwrap_or_default());
        }
        let at = if checked.is_empty() { "/" } else { &checked };
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let handle = openat(AT_FDCWD, at, flags, Mode::empty()).map_err(|errno| error_at(at, errno))?;
        let stat = fstat(&handle).map_err(|errno| error_at(at, errno))?;
        check_parent(&stat).map_err(|problem| FileError { path: at.to_owned(), problem })?;
        Ok((Self { handle, path: checked }, name))
    }

    fn subdirectory(
        &self,
        name: &str,
        check: impl Fn(&FileStat) -> Result<(), FileProblem>,
    ) -> Result<Self, FileError> {
        let path = self.path_of(name);
        if matches!(name, "." | "..") {
            return Err(error_at(&path, Errno::EINVAL));
        }
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let handle = openat(&self.handle, name, flags, Mode::empty()).map_err(|errno| error_at(&path, errno))?;
        let stat = fstat(&handle).map_err(|errno| error_at(&path, errno))?;
        check(&stat).map_err(|problem| FileError { path: path.clone(), problem })?;
        Ok(Self { handle, path })
    }

    /// The path of an entry of this directory, for messages.
    #[must_use]
    pub fn path_of(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// This directory's path, for messages.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Opens a private file (0600, one link, regular, at most [`MAX_SIZE`]); `None` if there is none.
    ///
    /// # Errors
    /// [`FileError`] says why it is not used.
    pub fn open_private_file(&self, name: &str, owners: Owners, access: Access) -> Result<Option<File>, FileError> {
        let flags = match access {
            Access::Read => OFlag::O_RDONLY,
            Access::ReadWrite => OFlag::O_RDWR,
        };
        let opened = self.open_file(name, flags, |stat| check_private(stat, owners))?;
        Ok(opened.map(|(file, _)| file))
    }

    /// Reads a private file whole, checked as [`Self::open_private_file`] does, into memory that is wiped when
    /// dropped; `None` if there is none.
    ///
    /// # Errors
    /// [`FileError`] says why it is not used; also if it cannot be read, or grew meanwhile.
    pub fn read_private_file(&self, name: &str, owners: Owners) -> Result<Option<Zeroizing<Vec<u8>>>, FileError> {
        match self.open_file(name, OFlag::O_RDONLY, |stat| check_private(stat, owners))? {
            Some((file, stat)) => read_whole(&file, &self.path_of(name), &stat, MAX_SIZE).map(Some),
            None => Ok(None),
        }
    }

    /// The file, and what was checked of it.
    fn open_file(
        &self,
        name: &str,
        access: OFlag,
        check: impl Fn(&FileStat) -> Result<(), FileProblem>,
    ) -> Result<Option<(File, FileStat)>, FileError> {
        let path = self.path_of(name);
        let handle = match openat(&self.handle, name, access | CAREFULLY, Mode::empty()) {
            Ok(handle) => handle,
            Err(Errno::ENOENT) => return Ok(None),
            Err(errno) => return Err(error_at(&path, errno)),
        };
        let stat = fstat(&handle).map_err(|errno| error_at(&path, errno))?;
        if stat.st_nlink == 0 {
            // Removed between opening and looking: it is gone, not damaged.
            return Ok(None);
        }
        check(&stat).map_err(|problem| FileError { path, problem })?;
        Ok(Some((File::from(handle), stat)))
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading only.
    Read,
    /// Reading and overwriting in place.
    ReadWrite,
}

/// Reads a file that all may read but only root can write, below parents of the same kind.
///
/// # Errors
/// [`FileError`]; a missing file is one.
pub fn read_public(path: &str) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let (parent, name) = Directory::open_parent(path)?;
    let name = name.ok_or_else(|| error_at(path, Errno::EISDIR))?;
    let file = parent.open_file(name, OFlag::O_RDONLY, check_public)?;
    match file {
        Some((file, stat)) => read_whole(&file, path, &stat, MAX_SIZE),
        None => Err(FileError { path: path.to_owned(), problem: FileProblem::Missing }),
    }
}

/// Reads an open file that holds no secret and should have just this size; of a longer one a byte more than that.
///
/// # Errors
/// [`FileError`] if it cannot be read.
pub fn read_expecting(file: &File, path: &str, size: usize) -> Result<Vec<u8>, FileError> {
    let mut bytes = vec![0; size.saturating_add(1)];
    let filled = fill(file, path, size, &mut bytes)?;
    bytes.truncate(filled);
    Ok(bytes)
}

/// Reads an open file, of which this is the status, whole into memory that is wiped when dropped.
///
/// # Errors
/// [`FileError`] if it has more than `most` bytes, cannot be read, or grew meanwhile.
pub fn read_whole(file: &File, path: &str, stat: &FileStat, most: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let too_large = || FileError { path: path.to_owned(), problem: FileProblem::TooLarge };
    let size = usize::try_from(stat.st_size).ok().filter(|size| *size <= most).ok_or_else(too_large)?;
    // Room for all of it at once, since growing would leave an unwiped copy behind; and for one byte more, so that
    // one read of a file that did not grow also shows its end.
    let mut bytes = Zeroizing::new(vec![0; size.saturating_add(1)]);
    let filled = fill(file, path, size, &mut bytes)?;
    if filled == bytes.len() {
        return Err(too_large());
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Reads until the end of the file, which should be at `size`, or of the memory; tells how much there was.
fn fill(file: &File, path: &str, size: usize, bytes: &mut [u8]) -> Result<usize, FileError> {
    let mut filled = 0_usize;
    loop {
        let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) else { return Ok(filled) };
        let (wanted, offset) = (rest.len(), u64::try_from(filled).unwrap_or(u64::MAX));
        match file.read_at(rest, offset) {
            Ok(read) => {
                filled = filled.saturating_add(read);
                let is_whole = filled == size && read < wanted;
                if is_whole || read == 0 {
                    return Ok(filled);
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error_at(path, Errno::from_raw(error.raw_os_error().unwrap_or(0)))),
        }
    }
}

fn error_at(path: &str, errno: Errno) -> FileError {
    let problem = match errno {
        Errno::ENOENT => FileProblem::Missing,
        Errno::ELOOP | Errno::ENOTDIR => FileProblem::LinkOrWrongKind,
        errno => FileProblem::Error(errno),
    };
    FileError { path: if path.is_empty() { "/".to_owned() } else { path.to_owned() }, problem }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.problem)
    }
}
impl std::error::Error for FileError {}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
