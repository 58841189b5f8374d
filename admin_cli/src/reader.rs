//! Reading a file, or looking at a home, as the user it belongs to: this very program as a child that is that user from its
//! first instruction.
//!
//! Invariants: the child opens nothing as root, follows no link at a file's end, waits for no FIFO, writes nothing but its
//! answer to its one pipe; the parent takes no more than [`MAX_SIZE`] bytes, waits for no child, and believes of it what
//! that user could have written into the file as well.

use std::fs::File;
use std::io::{Read, Write, stdout};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};

use countersign_common::files::{CAREFULLY, FileError, FileProblem, MAX_SIZE, read_whole};
use nix::dir::{Dir, Entry};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{Mode, SFlag, fstat};
use nix::unistd::geteuid;
use zeroize::Zeroizing;

/// What the child is called: nothing a person types.
const CALLED: &str = "countersign-reader";
/// The second argument where the path is a home directory to look at.
const HOME: &str = "home";
/// How often the parent waits for more, and how long each time: a file server that is away must not hold up all others.
const WAITS: usize = 16;
const WAIT_MS: u16 = 3_000;
/// The longest first line of the child's answer.
const LONGEST_HEAD: usize = 64;

/// A file, and what its status says.
pub(crate) struct Content {
    /// Its bytes.
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// Its owner.
    pub(crate) owner: u32,
    /// Its permissions.
    pub(crate) mode: u32,
}

/// What there is of a home directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// A directory.
    There,
    /// Nothing is in it, and it belongs to this uid, who is somebody else: where a home would be mounted.
    EmptyOfAnother(u32),
}

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// There is none.
    Missing,
    /// A symbolic link.
    Link,
    /// Not a regular file.
    Kind,
    /// Larger than [`MAX_SIZE`].
    Large,
    /// The system says so.
    Error(Errno),
    /// The child did not answer, or not sensibly.
    Silent,
}

/// The child's whole life; `None` if this process is no such child.
pub(crate) fn run() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    if arguments.next()?.as_bytes() != CALLED.as_bytes() {
        return None;
    }
    let Some(path) = arguments.next().filter(|_| !geteuid().is_root()) else { return Some(ExitCode::FAILURE) };
    let answer = if arguments.next().is_some_and(|what| what.as_bytes() == HOME.as_bytes()) {
        Zeroizing::new(look_at_home(path.as_bytes()).map_or_else(Unread::line, Home::line).into_bytes())
    } else {
        file_answer(path.as_bytes())
    };
    let written = stdout().as_fd().try_clone_to_owned().and_then(|pipe| File::from(pipe).write_all(&answer));
    Some(if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the child says of a file.
fn file_answer(path: &[u8]) -> Zeroizing<Vec<u8>> {
    match read_here(path) {
        Ok(Content { bytes, owner, mode }) => {
            let head = format!("ok {owner} {mode}\n");
            let mut answer = Zeroizing::new(Vec::with_capacity(head.len().saturating_add(bytes.len())));
            answer.extend_from_slice(head.as_bytes());
            answer.extend_from_slice(&bytes);
            answer
        }
        Err(unread) => Zeroizing::new(unread.line().into_bytes()),
    }
}

/// Looks at a home directory as whoever this process is.
pub(crate) fn look_at_home(path: &[u8]) -> Result<Home, Unread> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    let mut directory = Dir::open(path, flags, Mode::empty()).map_err(Unread::of)?;
    let owner = fstat(&directory).map_err(Unread::of)?.st_uid;
    let is_dots = |entry: &Entry| matches!(entry.file_name().to_bytes(), b"." | b"..");
    let holds_something = directory.iter().any(|entry| entry.is_ok_and(|entry| !is_dots(&entry)));
    let is_ours = owner == geteuid().as_raw();
    Ok(if holds_something || is_ours { Home::There } else { Home::EmptyOfAnother(owner) })
}

/// Reads a regular file as whoever this process is.
pub(crate) fn read_here(path: &[u8]) -> Result<Content, Unread> {
    let file = open(path, OFlag::O_RDONLY | CAREFULLY, Mode::empty()).map_err(Unread::of)?;
    read_file(&File::from(file), MAX_SIZE)
}

/// Reads an open regular file that has at most so many bytes.
pub(crate) fn read_file(file: &File, most: usize) -> Result<Content, Unread> {
    let stat = fstat(file).map_err(Unread::of)?;
    if SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT != SFlag::S_IFREG {
        return Err(Unread::Kind);
    }
    match read_whole(file, "", &stat, most) {
        Ok(bytes) => Ok(Content { bytes, owner: stat.st_uid, mode: stat.st_mode & 0o7777 }),
        Err(FileError { problem: FileProblem::Error(errno), .. }) => Err(Unread::of(errno)),
        // There is nothing else that can be wrong with an open file.
        Err(_) => Err(Unread::Large),
    }
}

/// Reads a file as this user, without any supplementary group.
pub(crate) fn read_as(uid: u32, gid: u32, path: &str) -> Result<Content, Unread> {
    understood(&asked(uid, gid, &[path])?)
}

/// Looks at a home directory as this user, as [`read_as`] reads a file.
pub(crate) fn look_at_home_as(uid: u32, gid: u32, path: &str) -> Result<Home, Unread> {
    Home::understood(&asked(uid, gid, &[path, HOME])?)
}

/// What a child that is this user says.
fn asked(uid: u32, gid: u32, arguments: &[&str]) -> Result<Zeroizing<Vec<u8>>, Unread> {
    let mut child = Command::new("/proc/self/exe")
        .arg0(CALLED)
        .args(arguments)
        .env_clear()
        .current_dir("/")
        // Where root becomes someone else, the standard library also drops all supplementary groups.
        .uid(uid)
        .gid(gid)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Unread::of(Errno::from_raw(error.raw_os_error().unwrap_or(0))))?;
    let heard = child.stdout.take().and_then(hear);
    end(&mut child);
    heard.ok_or(Unread::Silent)
}

/// Whatever it still does: nobody waits for it.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.try_wait();
}

/// All that the child says, unless it is too much or takes too long.
fn hear(mut pipe: ChildStdout) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; MAX_SIZE.saturating_add(LONGEST_HEAD)]);
    let mut filled = 0_usize;
    for _ in 0..WAITS {
        let mut sources = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
        match poll(&mut sources, PollTimeout::from(WAIT_MS)) {
            Err(Errno::EINTR) => continue,
            Ok(1..) => {}
            Ok(_) | Err(_) => return None,
        }
        match pipe.read(bytes.get_mut(filled..)?) {
            Ok(0) if filled < bytes.len() => {
                bytes.truncate(filled);
                return Some(bytes);
            }
            Ok(0) | Err(_) => return None,
            Ok(read) => filled = filled.saturating_add(read),
        }
    }
    None
}

/// What the child said, as it was meant.
fn understood(answer: &[u8]) -> Result<Content, Unread> {
    let end = answer.iter().take(LONGEST_HEAD).position(|byte| *byte == b'\n').ok_or(Unread::Silent)?;
    let (head, rest) = answer.split_at_checked(end).ok_or(Unread::Silent)?;
    let words: Vec<&str> = std::str::from_utf8(head).map_err(|_| Unread::Silent)?.split(' ').collect();
    match words.as_slice() {
        ["ok", owner, mode] => {
            let (owner, mode) = owner.parse().ok().zip(mode.parse().ok()).ok_or(Unread::Silent)?;
            Ok(Content { bytes: Zeroizing::new(rest.get(1..).unwrap_or_default().to_vec()), owner, mode })
        }
        ["no", word] => Err(Unread::parse(word)),
        _ => Err(Unread::Silent),
    }
}

impl Home {
    fn line(self) -> String {
        match self {
            Self::There => "there\n".to_owned(),
            Self::EmptyOfAnother(owner) => format!("empty {owner}\n"),
        }
    }

    fn understood(answer: &[u8]) -> Result<Self, Unread> {
        let line = std::str::from_utf8(answer).ok().and_then(|text| text.strip_suffix('\n')).ok_or(Unread::Silent)?;
        match line.split_once(' ') {
            None if line == "there" => Ok(Self::There),
            Some(("empty", owner)) => owner.parse().map(Self::EmptyOfAnother).map_err(|_| Unread::Silent),
            Some(("no", word)) => Err(Unread::parse(word)),
            _ => Err(Unread::Silent),
        }
    }
}

impl Unread {
    /// What the child says then.
    fn line(self) -> String {
        format!("no {}\n", self.word())
    }

    pub(crate) fn of(errno: Errno) -> Self {
        match errno {
            Errno::ENOENT | Errno::ENOTDIR => Self::Missing,
            Errno::ELOOP => Self::Link,
            // A socket, or a device without a driver.
            Errno::ENXIO | Errno::ENODEV => Self::Kind,
            errno => Self::Error(errno),
        }
    }

    fn word(self) -> String {
        match self {
            Self::Missing => "missing".to_owned(),
            Self::Link => "link".to_owned(),
            Self::Kind => "kind".to_owned(),
            Self::Large => "large".to_owned(),
            Self::Error(errno) => std::io::Error::from(errno).raw_os_error().unwrap_or(0).to_string(),
            Self::Silent => "silent".to_owned(),
        }
    }

    fn parse(word: &str) -> Self {
        match word {
            "missing" => Self::Missing,
            "link" => Self::Link,
            "kind" => Self::Kind,
            "large" => Self::Large,
            number => number.parse().map_or(Self::Silent, |number| Self::Error(Errno::from_raw(number))),
        }
    }
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("does not exist"),
            Self::Link => f.write_str("is a symbolic link"),
            Self::Kind => f.write_str("is not a regular file"),
            Self::Large => f.write_str("is too large"),
            Self::Error(errno) => f.write_str(errno.desc()),
            Self::Silent => f.write_str("could not be read in time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_child_says_is_believed_only_in_its_form() {
        let read = understood(b"ok 1000 384\nSECRET\nmore").ok().unwrap();
        assert_eq!((read.bytes.as_slice(), read.owner, read.mode), (&b"SECRET\nmore"[..], 1000, 0o600));
        for unread in [Unread::Missing, Unread::Link, Unread::Kind, Unread::Large, Unread::Error(Errno::EACCES)] {
            assert_eq!(understood(format!("no {}\n", unread.word()).as_bytes()).err(), Some(unread));
        }
        for odd in [&b""[..], b"ok 1 2", b"ok x 2\n", b"ok 1\n", b"no\n", b"\xff\n", &[b'o'; 200]] {
            assert_eq!(understood(odd).err(), Some(Unread::Silent), "{odd:?}");
        }
        for home in [Home::There, Home::EmptyOfAnother(7)] {
            assert_eq!(Home::understood(home.line().as_bytes()), Ok(home));
        }
        assert_eq!(Home::understood(Unread::Missing.line().as_bytes()), Err(Unread::Missing));
        for odd in [&b""[..], b"there", b"there x\n", b"empty x\n", b"\xff\n"] {
            assert_eq!(Home::understood(odd), Err(Unread::Silent), "{odd:?}");
        }
    }
}
