//! Drivers that run, and the barrier that lets many of them answer at one instant.
use super::transcript::{Event, Transcript};
use crate::wait::PATIENCE;
use crate::world::Invocation;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// Holds drivers at their prompts.
#[derive(Debug)]
pub struct Barrier {
    reader: PipeReader,
    writer: PipeWriter,
}

impl Barrier {
    /// A barrier for any number of drivers.
    pub fn new() -> Self {
        let (reader, writer) = std::io::pipe().expect("make a pipe");
        Self { reader, writer }
    }

    /// Waits until all these drivers stand at the barrier, then lets all go on at once.
    pub fn release(&mut self, drivers: &mut [Running]) {
        for driver in drivers.iter_mut() {
            driver.wait_at_barrier();
        }
        for driver in drivers.iter_mut() {
            // So that its next wait is for its next answer.
            driver.events.retain(|event| *event != Event::Waiting);
        }
        self.writer.write_all(&vec![b'\n'; drivers.len()]).expect("release the drivers");
    }
}

impl Default for Barrier {
    fn default() -> Self {
        Self::new()
    }
}

/// A driver under way.
#[derive(Debug)]
pub struct Running {
    child: Child,
    arriving: Receiver<Event>,
    events: Vec<Event>,
    errors: JoinHandle<String>,
}

impl Running {
    pub(super) fn start(invocation: &Invocation, barrier: &Barrier) -> Self {
        let mut child = invocation
            .prepare()
            .stdin(barrier.reader.try_clone().expect("duplicate a pipe"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("run nsenter (util-linux)");
        let (sender, arriving) = channel();
        let stdout = child.stdout.take().expect("a pipe from the driver");
        let mut stderr = child.stderr.take().expect("a pipe from the driver");
        std::thread::spawn(move || pass_on(BufReader::new(stdout), &sender));
        let errors = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            drop(stderr.read_to_end(&mut bytes));
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self { child, arriving, events: Vec::new(), errors }
    }

    /// Waits until the next answer that is marked so waits for the barrier.
    pub fn wait_at_barrier(&mut self) {
        while self.events.last() != Some(&Event::Waiting) {
            let event = self.arriving.recv_timeout(PATIENCE);
            let event = event.unwrap_or_else(|_| panic!("not at the barrier: {:#?}", self.events));
            self.events.push(event);
        }
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Transcript {
        use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
        // A lock's deadline and a few delays may lie between two events.
        loop {
            match self.arriving.recv_timeout(3 * PATIENCE) {
                Ok(event) => self.events.push(event),
                Err(Disconnected) => break,
                Err(Timeout) => panic!("the driver hangs after {:#?}", self.events),
            }
        }
        let status = self.child.wait().expect("wait for the driver");
        let errors = self.errors.join().expect("read the driver's errors");
        self.events.retain(|event| *event != Event::Waiting);
        Transcript { events: self.events, status, errors }
    }

    /// The process id of `nsenter`; its child is the driver, or what it runs through.
    pub fn parent_process(&self) -> u32 {
        self.child.id()
    }
}

fn pass_on(lines: impl BufRead, events: &Sender<Event>) {
    for line in lines.lines() {
        let Ok(line) = line else { return };
        let event = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("a module wrote to standard output: {line:?} ({error})"));
        if events.send(event).is_err() {
            return;
        }
    }
}
