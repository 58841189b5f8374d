//! Everything the command prints: answers to stdout, errors and questions to stderr.
//!
//! Invariants: text that others may have chosen is stripped of control characters; a closed pipe ends the output,
//! never the work; a secret goes past every buffer.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, StderrLock, StdoutLock, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use countersign_common::record::steers;
use countersign_common::screen::Columns;
use terminal_size::{Width, terminal_size_of};

use crate::failure::Failure;
use crate::manual::{DONE, FAILED};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Verdict {
    /// All that was asked is done.
    Done,
    /// Something failed or was refused.
    Failed,
}

/// Where something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Standard output and standard error, both ours alone.
pub(crate) struct Output {
    out: BufWriter<StdoutLock<'static>>,
    err: StderrLock<'static>,
    broken: Option<io::Error>,
    /// Whether a line of progress stands on the terminal, unended.
    in_progress: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self { out: BufWriter::new(io::stdout().lock()), err: io::stderr().lock(), broken: None, in_progress: false }
    }

    /// Prints a line of text.
    pub(crate) fn line(&mut self, text: impl Display) {
        let text = format!("{}\n", printable(&text.to_string()));
        self.bytes(text.as_bytes());
    }

    /// Prints bytes as they are: JSON, whose own escapes make it safe.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if self.broken.is_none() {
            let written = self.out.write_all(bytes);
            self.broken = written.err();
        }
    }

    /// Prints a failure and what to try.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        self.say("error", &failure.message);
        for hint in &failure.hints {
            self.say("hint", hint);
        }
    }

    /// Prints something that is not wrong but may not be meant.
    pub(crate) fn warning(&mut self, text: &str) {
        self.say("warning", text);
    }

    fn say(&mut self, kind: &str, text: &str) {
        self.flush();
        // Nobody is left to be told that stderr is gone.
        let _ = writeln!(self.err, "{kind}: {}", printable(text));
    }

    /// Prints a line that is no answer to a program that reads us.
    pub(crate) fn remark(&mut self, text: &str) {
        self.flush();
        let _ = writeln!(self.err, "{}", printable(text));
    }

    /// Shows how far long work is, to a person who sees nothing else of it.
    pub(crate) fn progress(&mut self, done: usize, all: usize) {
        const EVERY: usize = 100;
        if all >= EVERY.saturating_mul(2)
            && done.is_multiple_of(EVERY)
            && io::stderr().is_terminal()
            && !io::stdout().is_terminal()
        {
            let _ = write!(self.err, "\r{done} of {all} users");
            let _ = self.err.flush();
            self.in_progress = true;
        }
    }

    fn end_progress(&mut self) {
        if std::mem::take(&mut self.in_progress) {
            let _ = writeln!(self.err);
        }
    }

    /// Asks; the answer is typed behind it.
    pub(crate) fn prompt(&mut self, text: &str) {
        self.flush();
        let _ = write!(self.err, "{text}");
        let _ = self.err.flush();
    }

    /// Ends the line of a prompt that nobody's Enter ended.
    pub(crate) fn end_of_prompt(&mut self) {
        let _ = writeln!(self.err);
    }

    /// How wide the terminal is where something is shown.
    pub(crate) fn columns(stream: Stream) -> Columns {
        let size = match stream {
            Stream::Out => terminal_size_of(io::stdout()),
            Stream::Err => terminal_size_of(io::stderr()),
        };
        size.map_or(Columns::Unknown, |(Width(columns), _)| Columns::Known(usize::from(columns)))
    }

    /// Shows a text that holds a secret, past all buffers: they would keep a copy.
    pub(crate) fn secret(&mut self, stream: Stream, text: &str) -> Result<(), Failure> {
        self.flush();
        let handle = match stream {
            Stream::Out => io::stdout().as_fd().try_clone_to_owned(),
            Stream::Err => io::stderr().as_fd().try_clone_to_owned(),
        };
        let written = handle.and_then(|handle| File::from(handle).write_all(text.as_bytes()));
        written.map_err(|error| Failure::new(format!("cannot show the key: {}", without_number(&error))))
    }

    fn flush(&mut self) {
        self.end_progress();
        if self.broken.is_none() {
            self.broken = self.out.flush().err();
        }
    }

    /// The exit status, once everything is written.
    pub(crate) fn finish(mut self, verdict: Verdict) -> ExitCode {
        self.flush();
        match self.broken.take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.say("error", &format!("cannot write the output: {}", without_number(&error)));
                ExitCode::from(FAILED.number)
            }
            Some(_) | None => match verdict {
                Verdict::Done => ExitCode::from(DONE.number),
                Verdict::Failed => ExitCode::from(FAILED.number),
            },
        }
    }
}

/// A system error in words, without its number.
pub(crate) fn without_number(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => nix::errno::Errno::from_raw(number).desc().to_owned(),
        None => error.to_string(),
    }
}

/// The text with everything that could steer a terminal or turn the reading order shown as `?`.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if steers(c) { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_printed_can_steer_a_terminal() {
        assert_eq!(printable("a\x1b[31m\r\n\tb\u{7f}\u{9b}1m"), "a?[31m???b??1m");
        assert_eq!(printable("x\u{202e}y\u{2066}z\u{200b}"), "x?y?z?");
        assert_eq!(printable("åéß 中文 plain"), "åéß 中文 plain");
    }
}
