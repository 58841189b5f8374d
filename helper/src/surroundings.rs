//! What a caller hands down with a process, put in order: signals, environment, descriptors, limits, mask, directory.
//!
//! Invariant: after this, nothing the caller chose acts on this process but the three standard descriptors, and limits
//! that only root may raise. A signal from the caller's terminal cannot stop it with a lock held.

use std::io::{stderr, stdin, stdout};
use std::os::fd::{AsFd, IntoRawFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::sys::prctl::{set_dumpable, set_no_new_privs};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{alarm, chdir, setsid};

use crate::manual::{LIFETIME, Limit, NEEDED_FILE_SIZE, NEEDED_FILES};
use crate::{Exit, ffi};

/// Puts everything in order.
pub(crate) fn put_in_order() -> Result<(), Exit> {
    arrange().map_err(|_| Exit::Surroundings)
}

fn arrange() -> Result<(), Errno> {
    ffi::reset_signals();
    mask_signals()?;
    // Timers of the caller's outlive the start of a program; this one takes the place of the one that kills.
    alarm::set(LIFETIME.number);
    set_dumpable(false)?;
    set_no_new_privs()?;
    ffi::clear_environment()?;
    ffi::close_inherited()?;
    open_standard()?;
    chdir("/")?;
    umask(Mode::from_bits_truncate(0o077));
    // Out of reach of the terminal's keys, unless this process leads a group; then the mask is enough.
    let _ = setsid();
    limits()
}

/// Blocks whatever a terminal, a timer or a full pipe may send: a write then fails instead. What remains ends this
/// process, which state survives at any instant; nothing that remains stops it.
fn mask_signals() -> Result<(), Errno> {
    let mut mask = SigSet::all();
    for open in [
        Signal::SIGALRM,
        Signal::SIGTERM,
        Signal::SIGXCPU,
        Signal::SIGSEGV,
        Signal::SIGBUS,
        Signal::SIGILL,
        Signal::SIGFPE,
        Signal::SIGABRT,
        Signal::SIGSYS,
        Signal::SIGTRAP,
    ] {
        mask.remove(open);
    }
    mask.thread_set_mask()
}

/// Descriptors 0, 1 and 2 are open, so that no file of the state ever takes their place.
fn open_standard() -> Result<(), Errno> {
    let (input, output, errors) = (stdin(), stdout(), stderr());
    for descriptor in [input.as_fd(), output.as_fd(), errors.as_fd()] {
        if fcntl(descriptor, FcntlArg::F_GETFD) == Err(Errno::EBADF) {
            // The lowest free number is the one that was found closed. It stays open.
            let _ = open("/dev/null", OFlag::O_RDWR, Mode::empty())?.into_raw_fd();
        }
    }
    Ok(())
}

/// Raises every limit as far as it goes, allows no core file, and refuses to begin what could not be finished.
fn limits() -> Result<(), Errno> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    for resource in [
        Resource::RLIMIT_AS,
        Resource::RLIMIT_DATA,
        Resource::RLIMIT_CPU,
        Resource::RLIMIT_FSIZE,
        Resource::RLIMIT_NOFILE,
    ] {
        let (_, hard) = getrlimit(resource)?;
        setrlimit(resource, hard, hard)?;
    }
    enough(Resource::RLIMIT_FSIZE, &NEEDED_FILE_SIZE)?;
    enough(Resource::RLIMIT_NOFILE, &NEEDED_FILES)
}

fn enough(resource: Resource, needed: &Limit) -> Result<(), Errno> {
    let (soft, _) = getrlimit(resource)?;
    if soft == RLIM_INFINITY || soft >= needed.number.into() { Ok(()) } else { Err(Errno::EDQUOT) }
}
