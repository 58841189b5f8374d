//! What needs unsafe code: the entry point, and three calls that no safe wrapper has.

use nix::errno::Errno;
use nix::libc::{c_int, c_uint};
use nix::sys::signal::{SigHandler, Signal, signal};

/// Where the program begins: C's `main`, since Rust's own would read and open things before ours ran.
// SAFETY: the one symbol of this name in the program; its signature is one that C allows for `main`.
#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    crate::begin().status()
}

/// Gives every signal its default effect again; a caller can have had some ignored.
pub(crate) fn reset_signals() {
    for one in Signal::iterator().filter(|one| !matches!(one, Signal::SIGKILL | Signal::SIGSTOP)) {
        // SAFETY: no handler is installed, and none was: the program has just begun.
        let _ = unsafe { signal(one, SigHandler::SigDfl) };
    }
}

/// Empties the environment.
pub(crate) fn clear_environment() -> Result<(), Errno> {
    // SAFETY: there is one thread, and nothing of the environment has been looked at.
    unsafe { nix::env::clearenv() }.map_err(|_| Errno::ENOMEM)
}

/// Closes every descriptor from 3 on.
pub(crate) fn close_inherited() -> Result<(), Errno> {
    // SAFETY: nothing of ours is open yet.
    let result = unsafe { nix::libc::close_range(3, c_uint::MAX, 0) };
    Errno::result(result).map(|_| ())
}
