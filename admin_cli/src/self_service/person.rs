//! The person at the terminal: what they type, seen or not.

use std::fs::File;
use std::io::{IsTerminal, Read, stdin};
use std::os::fd::AsFd;

use countersign_common::dialogue::Echo;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// The longest answer that is read.
const LONGEST: usize = 128;
/// What ends or suspends this process while the terminal hides what is typed.
const LEAVING: [Signal; 5] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGTSTP];

/// A line from standard input, read byte by byte: a buffer would keep a copy, and swallow what is not ours. `None` at
/// its end.
pub(super) fn read_answer(echo: Echo) -> Option<Zeroizing<String>> {
    let mut hidden = Hidden::begin(echo);
    let mut input = File::from(stdin().as_fd().try_clone_to_owned().ok()?);
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = Zeroizing::new([0]);
    loop {
        if let Some(hidden) = &mut hidden {
            hidden.wait();
        }
        match input.read(byte.as_mut_slice()) {
            Ok(0) if line.is_empty() => return None,
            Ok(0) => break,
            Ok(_) if byte.as_slice() == b"\n" => break,
            // What is longer is no code; its rest is read and forgotten.
            Ok(_) if line.len() < LONGEST => line.extend_from_slice(byte.as_slice()),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    let text = std::str::from_utf8(&line).unwrap_or_default().trim();
    Some(Zeroizing::new(text.to_owned()))
}

/// A terminal that shows nothing until this is dropped, or this process ends or is suspended by a signal.
struct Hidden {
    before: Termios,
    leaving: SignalFd,
    mask: SigSet,
}

impl Hidden {
    /// `None` if what is typed may be seen, or comes from no terminal.
    fn begin(echo: Echo) -> Option<Self> {
        if echo == Echo::On || !stdin().is_terminal() {
            return None;
        }
        let before = tcgetattr(stdin()).ok()?;
        let signals: SigSet = LEAVING.into_iter().collect();
        let leaving = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC).ok()?;
        let mask = signals.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok()?;
        let hidden = Self { before, leaving, mask };
        hidden.hide();
        Some(hidden)
    }

    /// Waits until something is typed.
    fn wait(&mut self) {
        loop {
            let input = stdin();
            let mut sources =
                [self.leaving.as_fd(), input.as_fd()].map(|source| PollFd::new(source, PollFlags::POLLIN));
            match poll(&mut sources, PollTimeout::NONE) {
                Err(Errno::EINTR) => {}
                Ok(_) if sources.first().and_then(PollFd::any) == Some(true) => self.leave(),
                _ => return,
            }
        }
    }

    /// Lets a signal that has come do what it does, on a terminal that is put right. Goes on if that was to suspend.
    fn leave(&mut self) {
        let Ok(Some(come)) = self.leaving.read_signal() else { return };
        self.show();
        if let Some(signal) = i32::try_from(come.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok()) {
            // Blocked as yet; it acts when the mask is what it was.
            let _ = raise(signal);
        }
        if let Ok(ours) = self.mask.thread_swap_mask(SigmaskHow::SIG_SETMASK) {
            let _ = ours.thread_set_mask();
        }
        self.hide();
    }

    fn hide(&self) {
        let mut hidden = self.before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        hidden.local_flags.insert(LocalFlags::ECHONL);
        let _ = tcsetattr(stdin(), SetArg::TCSANOW, &hidden);
    }

    fn show(&self) {
        let _ = tcsetattr(stdin(), SetArg::TCSANOW, &self.before);
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.show();
        let _ = self.mask.thread_set_mask();
    }
}
