//! One `countersign pam` at a time: whoever takes a change back must not stop the timer that another one has just set.
//!
//! Invariants: the lock's file is root's alone and opened without following links; it is never waited for without an end;
//! it goes with its holder, however that ends. No lock is held while a person is asked: the timer could not take back then.

use std::fs::File;
use std::time::Duration;

use countersign_common::files::{CAREFULLY, Directory};
use countersign_common::store::holder;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag, openat};
use nix::sys::stat::{Mode, SFlag, fstat};

use crate::failure::Failure;

const ROOM: &str = "/run";
const NAME: &str = "countersign-pam.lock";
/// Whoever ends a timer waits for systemd, which takes its time on a busy host; who holds it for longer hangs, or is not ours.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);

/// The lock, until this is dropped.
#[must_use]
pub(super) struct Lock {
    _held: Flock<File>,
}

impl Lock {
    /// Takes the lock, or says who has it.
    pub(super) fn take() -> Result<Self, Failure> {
        let mut file = lock_file()?;
        let mut waited = Duration::ZERO;
        loop {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(held) => return Ok(Self { _held: held }),
                Err((back, Errno::EWOULDBLOCK)) if waited < PATIENCE => {
                    file = back;
                    pause();
                    waited = waited.saturating_add(PAUSE);
                }
                Err((back, Errno::EWOULDBLOCK)) => return Err(taken(&back)),
                Err((back, Errno::EINTR)) => file = back,
                Err((_, errno)) => return Err(fails(errno.desc())),
            }
        }
    }
}

fn fails(why: &str) -> Failure {
    Failure::new(format!("{ROOM}/{NAME}: {why}"))
}

fn taken(file: &File) -> Failure {
    let holder = holder(file).unwrap_or_else(|| "another process".to_owned());
    Failure::new(format!("another change of stacks is under way, by {holder}; nothing is changed"))
        .hint("try again when that has ended")
}

fn lock_file() -> Result<File, Failure> {
    let room = Directory::open_public(ROOM).map_err(|error| Failure::new(error.to_string()))?;
    let flags = OFlag::O_RDWR | OFlag::O_CREAT | CAREFULLY;
    let handle = openat(&room, NAME, flags, Mode::from_bits_truncate(0o600)).map_err(|errno| match errno {
        Errno::EACCES => fails(errno.desc()).hint("run this as root"),
        Errno::ELOOP => fails("is a symbolic link").hint("remove it: nothing of ours makes one"),
        errno => fails(errno.desc()),
    })?;
    let stat = fstat(&handle).map_err(|errno| fails(errno.desc()))?;
    let is_file = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == SFlag::S_IFREG;
    if !is_file || stat.st_uid != 0 || stat.st_mode & 0o077 != 0 || stat.st_nlink != 1 {
        return Err(fails("is not a file of root's alone").hint("remove it, and try again"));
    }
    Ok(File::from(handle))
}

#[expect(clippy::disallowed_methods, reason = "no host process of PAM's runs this, and the wait is bounded")]
fn pause() {
    std::thread::sleep(PAUSE);
}
