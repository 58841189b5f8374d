//! One user's lock: flock(2) on the counters file, tried until a deadline, never waited for in the kernel.
//!
//! Invariants: bounded in time (I10); on this user's file alone (I8); released by hand, and by the kernel if the
//! process dies.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::stat::fstat;

/// How long a lock is tried for.
const DEADLINE: Duration = Duration::from_secs(5);
/// The shortest and the longest pause between two tries, in milliseconds.
const PAUSE: std::ops::RangeInclusive<u64> = 2..=20;

/// A locked file. Dropping it unlocks.
#[derive(Debug)]
pub(super) struct LockedFile(File);

/// Why a file is not locked.
#[derive(Debug)]
pub(super) enum LockError {
    /// Another process held it until the deadline; its pid and name, where known.
    Deadline(Option<String>),
    /// The system says so.
    Failed(io::Error),
}

impl LockedFile {
    pub(super) fn lock(file: File) -> Result<Self, LockError> {
        let mut waited = Duration::ZERO;
        loop {
            match fs2::FileExt::try_lock_exclusive(&file) {
                Ok(()) => return Ok(Self(file)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if waited >= DEADLINE {
                        return Err(LockError::Deadline(holder(&file)));
                    }
                    waited = waited.saturating_add(pause());
                }
                Err(error) => return Err(LockError::Failed(error)),
            }
        }
    }

    pub(super) fn file(&self) -> &File {
        &self.0
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // Closing unlocks as well, unless a child of the host process shares the handle: so by hand.
        let _ = fs2::FileExt::unlock(&self.0);
    }
}

/// Sleeps a random while, so that many waiting logins do not wake together; tells how long.
#[expect(clippy::disallowed_methods, reason = "bounded by the lock's deadline; the kernel's queue has none")]
fn pause() -> Duration {
    let mut byte = [0];
    // Without randomness the pauses are equal, which is only less fair.
    let _ = getrandom::fill(&mut byte);
    let spread = PAUSE.end().saturating_sub(*PAUSE.start()).saturating_add(1);
    let jitter = u64::from(byte.first().copied().unwrap_or(0)).checked_rem(spread).unwrap_or(0);
    let pause = Duration::from_millis(PAUSE.start().saturating_add(jitter));
    std::thread::sleep(pause);
    pause
}

/// Who holds the lock on a file, from `/proc/locks`: a help for whoever reads of it, nothing more.
#[must_use]
pub fn holder(file: &File) -> Option<String> {
    let inode = fstat(file.as_fd()).ok()?.st_ino;
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let suffix = format!(":{inode}");
    let pid = locks.lines().filter(|line| line.contains("FLOCK")).find_map(|line| {
        let mut fields = line.split_whitespace().skip_while(|field| *field != "WRITE").skip(1);
        let pid = fields.next()?;
        fields.next()?.ends_with(&suffix).then_some(pid)
    })?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    Some(format!("process {pid} ({})", name.trim_end()))
}
