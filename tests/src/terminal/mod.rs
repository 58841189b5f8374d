//! A person at a real terminal: a program inside a world on a pseudo-terminal, its stream and its screen.
mod programs;
mod pty;

pub use programs::{SSH_OPTIONS, login, ssh, ssh_command, su, sudo};
pub use pty::Size;

use crate::wait;
use crate::world::{Invocation, World, process_inside};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pty::{Heard, Pty};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A running program and the terminal it has as its controlling one.
pub struct Terminal {
    pty: Pty,
    child: Child,
    process: Option<u32>,
    emulator: vt100::Parser,
    stream: Vec<u8>,
    /// How much of the text [`expect`](Self::expect) has consumed.
    consumed: usize,
    status: Option<ExitStatus>,
}

impl Terminal {
    /// Starts a program as root on a terminal of 80 columns and 24 rows.
    pub fn spawn(world: &World, argv: &[&str]) -> Self {
        Self::spawn_with(world, world.command(argv), Size::default())
    }

    /// Starts an [`Invocation`] (user, environment) on a terminal of any size.
    pub fn spawn_with(world: &World, invocation: Invocation, size: Size) -> Self {
        let (pty, slave) = Pty::open(&world.path("/dev/pts/ptmx"), size);
        let duplicate = || Stdio::from(slave.try_clone().expect("duplicate a terminal"));
        let mut child = invocation
            .on_terminal()
            .prepare()
            .stdin(duplicate())
            .stdout(duplicate())
            .stderr(duplicate())
            .spawn()
            .expect("run nsenter (util-linux)");
        let process = process_inside(&mut child);
        let emulator = vt100::Parser::new(size.rows, size.columns, 0);
        Self { pty, child, process, emulator, stream: Vec::new(), consumed: 0, status: None }
    }

    /// Waits until the text appears in what was printed since the last match, and consumes up to it.
    ///
    /// Returns what was printed before it, so that a test can say what must not be there.
    pub fn expect(&mut self, text: &str) -> String {
        self.expect_within(text, wait::PATIENCE)
    }

    /// As [`expect`](Self::expect), with another deadline.
    pub fn expect_within(&mut self, text: &str, deadline: Duration) -> String {
        let (_, before) = self.expect_any_within(&[text], deadline);
        before
    }

    /// Waits for whichever of the texts comes first; returns its index and what was printed before.
    pub fn expect_any(&mut self, texts: &[&str]) -> (usize, String) {
        self.expect_any_within(texts, wait::PATIENCE)
    }

    fn expect_any_within(&mut self, texts: &[&str], deadline: Duration) -> (usize, String) {
        let end = Instant::now() + deadline;
        loop {
            let heard = self.listen();
            let printed = self.printed();
            let unread = printed.get(self.consumed..).unwrap_or_default();
            let found = texts
                .iter()
                .enumerate()
                .filter_map(|(index, text)| unread.find(text).map(|position| (position, index, text.len())));
            if let Some((position, index, length)) = found.min() {
                let before = unread[..position].to_owned();
                self.consumed += position + length;
                return (index, before);
            }
            if heard == Heard::End || Instant::now() >= end {
                let what = if heard == Heard::End { "the program ended" } else { "it did not come" };
                panic!("{what}, waiting for {texts:?}; unread:\n{unread}\n--\n{}", self.screen_text());
            }
        }
    }

    /// Waits until the screen, as it stands, holds the text; consumes nothing.
    pub fn expect_on_screen(&mut self, text: &str) {
        let end = Instant::now() + wait::PATIENCE;
        while !self.screen_text().contains(text) {
            let screen = self.screen_text();
            assert!(Instant::now() < end, "{text:?} is not on the screen:\n{screen}");
            self.listen();
        }
    }

    /// Types a line and presses Enter.
    pub fn type_line(&mut self, line: &str) {
        self.type_bytes(format!("{line}\r").as_bytes());
    }

    /// Types bytes as they are; `\x03` is Ctrl-C, `\x04` Ctrl-D.
    pub fn type_bytes(&mut self, bytes: &[u8]) {
        self.pty.write_all(bytes);
    }

    /// Waits for a prompt and answers it; returns what was printed before the prompt.
    pub fn answer(&mut self, prompt: &str, line: &str) -> String {
        let before = self.expect(prompt);
        self.type_line(line);
        before
    }

    /// Everything printed so far, without carriage returns and escape sequences of the terminal.
    pub fn printed(&self) -> String {
        pty::plain(&self.stream)
    }

    /// Everything printed so far, byte by byte.
    pub fn stream(&self) -> &[u8] {
        &self.stream
    }

    /// The screen as it stands after what has arrived.
    pub fn screen(&mut self) -> &vt100::Screen {
        while self.pty.hear(&mut self.stream, &mut self.emulator, Duration::ZERO) == Heard::Bytes {}
        self.emulator.screen()
    }

    /// The text on the screen, one line per row, blanks at line ends cut.
    pub fn screen_text(&mut self) -> String {
        let contents = self.screen().contents();
        contents.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    /// Whether the terminal shows what is typed at this moment.
    pub fn echoes(&self) -> bool {
        self.pty.echoes()
    }

    /// Waits for the program's end, reading on; returns how it ended.
    pub fn wait_exit(&mut self) -> ExitStatus {
        let end = Instant::now() + wait::PATIENCE;
        while !self.has_ended_by(end) {}
        self.status.expect("a program that ended has a status")
    }

    /// Presses a key until the program has ended: sudo misses a Ctrl-C that comes just before it begins to read.
    pub fn press_until_end(&mut self, key: &[u8]) -> ExitStatus {
        let end = Instant::now() + wait::PATIENCE;
        let mut pressed: Option<Instant> = None;
        loop {
            if pressed.is_none_or(|at| at.elapsed() > Duration::from_millis(500)) {
                self.type_bytes(key);
                pressed = Some(Instant::now());
            }
            if self.has_ended_by(end) {
                return self.status.expect("a program that ended has a status");
            }
        }
    }

    /// Reads on; whether the program has ended. It must have, by then.
    fn has_ended_by(&mut self, end: Instant) -> bool {
        if self.listen() == Heard::End {
            return true;
        }
        assert!(Instant::now() < end, "it runs on; the screen:\n{}", self.screen_text());
        false
    }

    /// Kills the program, as when a person's machine loses power.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.wait_exit();
    }

    /// Takes the terminal away, as when a line breaks, and waits for the program's end.
    pub fn hang_up(mut self) {
        self.pty.hang_up();
        wait::until("the end of a program that lost its terminal", || self.exited());
    }

    /// The program's process id as this machine sees it.
    pub fn process(&self) -> u32 {
        self.process.expect("the program ended at once")
    }

    /// Sends the program a signal, unless it has ended.
    pub fn signal(&mut self, signal: Signal) {
        if let (None, Some(process)) = (self.exited(), self.process) {
            let process = Pid::from_raw(i32::try_from(process).expect("a pid fits an i32"));
            let _ = kill(process, signal);
        }
    }

    fn exited(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().expect("look after a program");
        }
        self.status
    }

    /// Hears for a moment. [`Heard::End`] only once the program has ended and all it wrote is read.
    fn listen(&mut self) -> Heard {
        let moment = Duration::from_millis(20);
        let ended = self.exited().is_some();
        match self.pty.hear(&mut self.stream, &mut self.emulator, moment) {
            Heard::Bytes => Heard::Bytes,
            _ if ended => Heard::End,
            // After a vhangup the master reports an end, until the program opens its terminal anew.
            _ => Heard::Silence,
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
    }
}
