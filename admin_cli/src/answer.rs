//! What a person at the terminal, or a program in a person's place, types: seen or not.
//!
//! Invariants: a terminal that hides what is typed is as it was before anything else happens, however the question ends:
//! by an answer, by a key that interrupts or stops, by a signal; what was typed is wiped; what is printed next begins on
//! a line of its own.

use std::fs::File;
use std::io::{IsTerminal, Read, stdin};
use std::os::fd::AsFd;

use countersign_common::dialogue::Echo;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcdrain, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::output::Output;

/// The longest answer that is read.
const LONGEST: usize = 128;
/// What ends or stops a program from its terminal or by a plain `kill`; and what tells that it was stopped by force, when
/// others may have set the terminal.
const SIGNALS: [Signal; 6] =
    [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGTSTP, Signal::SIGCONT];

/// How reading a line ended.
enum Line {
    /// By Enter.
    Whole(Zeroizing<String>),
    /// By the end of the input, or an error; what came before it, if anything did.
    Cut(Option<Zeroizing<String>>),
    /// By a signal, which has not had its effect yet.
    Signal(Signal),
}

/// Asks, and reads a line of standard input; `None` at its end.
pub(crate) fn ask(output: &mut Output, prompt: &str, echo: Echo) -> Option<Zeroizing<String>> {
    loop {
        let hidden = if echo == Echo::Off { Hidden::begin() } else { None };
        output.prompt(prompt);
        let line = line(hidden.as_ref());
        drop(hidden);
        // Where a person's Enter was seen, the terminal has begun a new line.
        if !(matches!(line, Line::Whole(_)) && stdin().is_terminal()) {
            output.end_of_prompt();
        }
        match line {
            Line::Whole(text) => return Some(text),
            Line::Cut(text) => return text,
            // The terminal is as it was: now it may end or stop us. Continued, or ignored, the question stands.
            Line::Signal(signal) => {
                let _ = raise(signal);
            }
        }
    }
}

/// Asks whether to go on; only a whole `yes` does.
pub(crate) fn agrees(output: &mut Output, question: &str) -> bool {
    let answer = ask(output, &format!("{question} (yes/no) "), Echo::On);
    answer.is_some_and(|answer| answer.eq_ignore_ascii_case("yes"))
}

/// A line from standard input, read byte by byte: a buffer would keep a copy, and swallow what is not ours.
fn line(hidden: Option<&Hidden>) -> Line {
    let Ok(input) = stdin().as_fd().try_clone_to_owned() else { return Line::Cut(None) };
    let mut input = File::from(input);
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = Zeroizing::new([0]);
    let text = |line: &[u8]| Zeroizing::new(std::str::from_utf8(line).unwrap_or_default().trim().to_owned());
    loop {
        if let Some(signal) = hidden.and_then(Hidden::wait) {
            return Line::Signal(signal);
        }
        match input.read(byte.as_mut_slice()) {
            Ok(0) if line.is_empty() => return Line::Cut(None),
            Ok(0) => return Line::Cut(Some(text(&line))),
            Ok(_) if byte.as_slice() == b"\n" => return Line::Whole(text(&line)),
            // What is longer is no code; its rest is read and forgotten.
            Ok(_) if line.len() < LONGEST => line.extend_from_slice(byte.as_slice()),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Line::Cut(None),
        }
    }
}

/// A terminal that shows nothing of what is typed, until this is dropped.
///
/// Meanwhile signals that would end or stop this program are blocked and read as bytes are, so that none has its effect
/// on a terminal that is not as it was.
struct Hidden {
    before: Termios,
    mask: SigSet,
    signals: SignalFd,
}

impl Hidden {
    /// Hides; `None` where there is no terminal, or its return to what it was cannot be promised.
    fn begin() -> Option<Self> {
        if !stdin().is_terminal() {
            return None;
        }
        // In the background this stops us, as reading would. What the terminal is set to before we are in front is the
        // shell's for its own line: no state to hide in, nor to leave behind.
        let _ = tcdrain(stdin());
        let before = tcgetattr(stdin()).ok()?;
        let blocked = SigSet::thread_get_mask().ok()?;
        // What our caller had blocked stays so, and would never have its effect.
        let watched: SigSet = SIGNALS.into_iter().filter(|signal| !blocked.contains(*signal)).collect();
        let signals = SignalFd::with_flags(&watched, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).ok()?;
        let mask = watched.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok()?;
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        hidden.local_flags.insert(LocalFlags::ECHONL);
        let _ = tcsetattr(stdin(), SetArg::TCSANOW, &hidden);
        Some(Self { before, mask, signals })
    }

    /// Waits for something to be read, or for a signal, which comes first.
    fn wait(&self) -> Option<Signal> {
        let input = stdin();
        loop {
            let mut sources = [&self.signals.as_fd(), &input.as_fd()].map(|from| PollFd::new(*from, PollFlags::POLLIN));
            match poll(&mut sources, PollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                Err(_) => return None,
                Ok(_) => {}
            }
            if let Ok(Some(signal)) = self.signals.read_signal() {
                return i32::try_from(signal.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok());
            }
            // A stop that waited is called off by the order to continue: then there is neither.
            if sources.iter().skip(1).any(|input| input.any().unwrap_or(true)) {
                return None;
            }
        }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), SetArg::TCSANOW, &self.before);
        // Last: a signal that is still waiting has its effect here.
        let _ = self.mask.thread_set_mask();
    }
}
