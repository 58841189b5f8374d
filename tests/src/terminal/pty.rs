//! A pseudo-terminal of a world's own devpts, held from outside.
use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{PtyMaster, Winsize, unlockpt};
use nix::sys::termios::{LocalFlags, tcgetattr};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::num::NonZeroU16;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Characters in a row.
    pub columns: NonZeroU16,
    /// Rows.
    pub rows: NonZeroU16,
}

impl Size {
    /// A size; neither number may be 0.
    pub fn new(columns: u16, rows: u16) -> Self {
        let positive = |number| NonZeroU16::new(number).expect("a terminal has an extent");
        Self { columns: positive(columns), rows: positive(rows) }
    }
}

impl Default for Size {
    fn default() -> Self {
        Self::new(80, 24)
    }
}

/// What came of listening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    Bytes,
    Silence,
    /// No one has the terminal open.
    End,
}

pub(super) struct Pty {
    master: File,
}

nix::ioctl_write_ptr_bad!(set_window_size, libc::TIOCSWINSZ, Winsize);
nix::ioctl_write_int_bad!(open_peer, libc::TIOCGPTPEER);

impl Pty {
    /// Makes a terminal in the devpts that this `ptmx` belongs to.
    pub(super) fn open(ptmx: &Path, size: Size) -> (Self, OwnedFd) {
        let master = File::options()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOCTTY | libc::O_CLOEXEC)
            .open(ptmx)
            .unwrap_or_else(|error| panic!("open {}: {error}", ptmx.display()));
        // SAFETY: the handle was opened from a ptmx.
        let master = unsafe { PtyMaster::from_owned_fd(master.into()) };
        unlockpt(&master).expect("unlock a terminal");
        let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
        // SAFETY: TIOCGPTPEER takes open flags as its argument.
        let slave = unsafe { open_peer(master.as_raw_fd(), flags) }.expect("open a terminal");
        // SAFETY: the call above returned this new descriptor, and nobody else knows it.
        let slave = unsafe { OwnedFd::from_raw_fd(slave) };
        let extent = Winsize { ws_row: size.rows.get(), ws_col: size.columns.get(), ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: TIOCSWINSZ reads one Winsize.
        unsafe { set_window_size(slave.as_raw_fd(), &raw const extent) }.expect("size a terminal");
        (Self { master: File::from(OwnedFd::from(master)) }, slave)
    }

    /// Reads what is there or comes within `patience`, for the record and for the screen.
    pub(super) fn hear(&mut self, record: &mut Vec<u8>, emulator: &mut vt100::Parser, patience: Duration) -> Heard {
        let patience = PollTimeout::try_from(patience).expect("a short patience");
        let mut source = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        match poll(&mut source, patience) {
            Ok(0) | Err(Errno::EINTR) => return Heard::Silence,
            result => result.expect("poll a terminal"),
        };
        let mut bytes = [0; 8192];
        match self.master.read(&mut bytes) {
            Ok(0) => Heard::End,
            Ok(length) => {
                record.extend_from_slice(&bytes[..length]);
                emulator.process(&bytes[..length]);
                Heard::Bytes
            }
            Err(error) if error.raw_os_error() == Some(libc::EIO) => {
                // poll returns at once from now on, so this keeps the caller from spinning.
                std::thread::sleep(Duration::from_millis(2));
                Heard::End
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Heard::Silence,
            Err(error) => panic!("read from a terminal: {error}"),
        }
    }

    pub(super) fn write_all(&mut self, bytes: &[u8]) {
        self.master.write_all(bytes).expect("type on a terminal");
    }

    /// Gives the terminal up: whoever still has it open is hung up on.
    pub(super) fn hang_up(&mut self) {
        self.master = File::open("/dev/null").expect("open /dev/null");
    }

    pub(super) fn echoes(&self) -> bool {
        let settings = tcgetattr(&self.master).expect("read the settings of a terminal");
        settings.local_flags.contains(LocalFlags::ECHO)
    }
}

/// The text of a stream: carriage returns and escape sequences taken out.
pub(super) fn plain(stream: &[u8]) -> String {
    let text = String::from_utf8_lossy(stream);
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {}
            '\u{1b}' => match characters.next() {
                Some('[') => {
                    characters.by_ref().find(|end| ('@'..='~').contains(end));
                }
                Some(']') => {
                    characters.by_ref().find(|end| *end == '\u{7}' || *end == '\\');
                }
                _ => {}
            },
            other => plain.push(other),
        }
    }
    plain
}
