//! The helper's end of the dialogue: lines from standard input, lines to standard output.
//!
//! Invariants: bounded in bytes, lines and time, whatever comes; what was typed is wiped.

use std::io::{stdin, stdout};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use countersign_common::dialogue::{FromCommand, LINE_TO_HELPER, LINES_TO_HELPER, Question, Reply};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{read, write};
use zeroize::Zeroizing;

use crate::manual::{LAST_WORD, Limit, PATIENCE};
use crate::refusal::Refusal;

/// One dialogue.
pub(crate) struct Talk {
    ends_at: Duration,
    lines_left: usize,
}

/// Why no line came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    /// Nobody is there any more.
    Gone,
    /// The time is over.
    Late,
    /// Too long, too many, or no message.
    Nonsense,
}

impl Talk {
    pub(crate) fn begin() -> Self {
        Self { ends_at: in_time(&PATIENCE), lines_left: LINES_TO_HELPER }
    }

    /// The next line.
    pub(crate) fn hear(&mut self) -> Result<FromCommand, Refusal> {
        self.line().map_err(|silence| match silence {
            Silence::Gone => Refusal::unheard(),
            Silence::Late => Refusal::new("it took too long; nothing is changed"),
            Silence::Nonsense => Refusal::new("the helper does not understand what it was sent"),
        })
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask(&mut self, question: Question) -> Result<Zeroizing<String>, Refusal> {
        self.say(&Reply::Ask(question));
        match self.hear()? {
            FromCommand::Answer(text) => Ok(text),
            FromCommand::Request(_) => Err(Refusal::new("the helper does not understand what it was sent")),
        }
    }

    /// Says something. If nobody listens, the next line will not come.
    pub(crate) fn say(&self, reply: &Reply) {
        let line = reply.render();
        let mut rest = line.as_bytes();
        let output = stdout();
        let ends_at = self.ends_at.max(in_time(&LAST_WORD));
        while !rest.is_empty() && wait(output.as_fd(), PollFlags::POLLOUT, ends_at).is_ok() {
            match write(output.as_fd(), rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                Err(_) => return,
            }
        }
    }

    fn line(&mut self) -> Result<FromCommand, Silence> {
        self.lines_left = self.lines_left.checked_sub(1).ok_or(Silence::Nonsense)?;
        let input = stdin();
        let mut line = Zeroizing::new(Vec::with_capacity(LINE_TO_HELPER));
        let mut byte = Zeroizing::new([0]);
        loop {
            wait(input.as_fd(), PollFlags::POLLIN, self.ends_at)?;
            match read(input.as_fd(), byte.as_mut_slice()) {
                Ok(0) => return Err(Silence::Gone),
                Ok(_) if byte.as_slice() == b"\n" => break,
                Ok(_) if line.len() < LINE_TO_HELPER => line.extend_from_slice(byte.as_slice()),
                Ok(_) => return Err(Silence::Nonsense),
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                Err(_) => return Err(Silence::Gone),
            }
        }
        FromCommand::parse(&line).map_err(|_| Silence::Nonsense)
    }
}

/// Waits until something can be done with a descriptor, or the time is over.
fn wait(descriptor: BorrowedFd, wanted: PollFlags, ends_at: Duration) -> Result<(), Silence> {
    loop {
        let left = ends_at.checked_sub(monotonic()).ok_or(Silence::Late)?;
        let timeout = PollTimeout::try_from(left).map_err(|_| Silence::Late)?;
        match poll(&mut [PollFd::new(descriptor, wanted)], timeout) {
            Ok(0) => return Err(Silence::Late),
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(_) => return Err(Silence::Gone),
        }
    }
}

/// The end of so many seconds from now.
fn in_time(seconds: &Limit) -> Duration {
    monotonic().saturating_add(Duration::from_secs(seconds.number.into()))
}

/// The time since the machine started: no one can set it.
fn monotonic() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::MAX, Duration::from)
}
