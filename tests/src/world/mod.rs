//! A private world per test: its own files, processes, network, host name, log and clock, gone when dropped.
mod accounts;
mod built;
mod command;
mod disk;
mod log;
mod product;
mod sshd;
mod stacks;

pub use built::harness_program;
pub use command::{Invocation, Outcome, process_inside};
pub use disk::{Image, Reached, Running as RunningDisk};
pub use product::{COMMAND, CONFIG, HELPER, STATE_DIR, security_directory};
pub use sshd::{SSH_PORT, Sshd};
pub use stacks::Stack;

use crate::clock::Clock;
use crate::wait;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

/// The host name inside every world.
pub const HOST_NAME: &str = "host1";

/// A private world. Everything in it ends when this is dropped, or when the test's process dies.
#[derive(Debug)]
pub struct World {
    holder: Child,
    /// Process 1 of the world ends when this closes.
    lifeline: Option<ChildStdin>,
    first_process: u32,
    clock: Clock,
}

/// What a new world starts with.
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    users: Vec<(String, String)>,
    stacks: Vec<(String, String)>,
    product: Option<String>,
    real_clock: bool,
}

impl Builder {
    /// With a login account.
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// With one of the stacks in `tests/stacks`.
    pub fn stack(mut self, stack: Stack) -> Self {
        for service in stack.services() {
            self.stacks.push(((*service).to_owned(), stack.text().to_owned()));
        }
        self
    }

    /// With the product installed under this configuration, and `countersign init` done.
    pub fn product(mut self, config: &str) -> Self {
        self.product = Some(config.to_owned());
        self
    }

    /// Without the movable clock: no library is preloaded into the world's processes.
    pub fn real_clock(mut self) -> Self {
        self.real_clock = true;
        self
    }

    /// Makes the world.
    pub fn build(self) -> World {
        let world = World::start();
        if self.real_clock {
            world.sh("rm /etc/ld.so.preload").ok();
        }
        for (name, password) in &self.users {
            world.add_user(name, password);
        }
        for (service, text) in &self.stacks {
            world.pam_stack(service, text);
        }
        if let Some(config) = &self.product {
            world.install_product();
            world.configure(config);
            world.countersign(&["init"]).ok();
        }
        world
    }
}

impl World {
    /// A world to be furnished.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A bare world: this machine's system files, the host name [`HOST_NAME`], no extra account.
    pub fn new() -> Self {
        Self::start()
    }

    fn start() -> Self {
        let mut holder = Command::new("unshare")
            .args(["--mount", "--pid", "--net", "--uts", "--ipc", "--fork"])
            .args(["--mount-proc", "--kill-child"])
            .arg(harness_program("world_init"))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("run unshare (util-linux)");
        let lifeline = holder.stdin.take();
        let stdout = holder.stdout.take().expect("a pipe from the holder");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("read from the holder");
        assert_eq!(line, "ready\n", "the world did not come up (are we root?); see the lines above");
        let first_process = process_inside(&mut holder).expect("the world ended at once");
        let page = File::options()
            .read(true)
            .write(true)
            .open(format!("/proc/{first_process}/root/run/world/clock"))
            .expect("open the clock page");
        Self { holder, lifeline, first_process, clock: Clock::new(page) }
    }

    /// The process id of the world's process 1 as this machine sees it.
    pub fn first_process(&self) -> u32 {
        self.first_process
    }

    /// The wall clock of the world.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Moves the world's clock by some seconds; see [`Clock::shift`].
    pub fn move_clock(&self, seconds: i64) {
        self.clock.shift(seconds);
    }

    /// A path inside the world as this machine reaches it. No component may be a symbolic link.
    pub fn path(&self, inside: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{inside}", self.first_process))
    }

    /// A program to run in the world as root; see [`Invocation`].
    pub fn command(&self, argv: &[&str]) -> Invocation {
        Invocation::new(self.first_process, argv)
    }

    /// Runs a program in the world as root and waits for it.
    pub fn run(&self, argv: &[&str]) -> Outcome {
        self.command(argv).run()
    }

    /// Runs a shell script in the world as root; it stops at the first failing command.
    pub fn sh(&self, script: &str) -> Outcome {
        self.run(&["bash", "-euc", script])
    }

    /// Writes a file with exactly this mode, owned by root; directories above are made as needed.
    pub fn write_file(&self, path: &str, content: impl AsRef<[u8]>, mode: u32) {
        self.command(&["install", "-D", "-m", &format!("{mode:o}"), "/dev/stdin", path])
            .stdin(content.as_ref())
            .run()
            .ok();
    }

    /// The content of a file, which must be there.
    pub fn read_file(&self, path: &str) -> Vec<u8> {
        let outcome = self.run(&["cat", "--", path]);
        outcome.ok();
        outcome.stdout
    }

    /// Whether anything, a dangling link too, has this path.
    pub fn exists(&self, path: &str) -> bool {
        self.run(&["sh", "-c", "test -e \"$0\" || test -L \"$0\"", path]).status.success()
    }

    /// The pids, as this machine sees them, of the world's processes, process 1 included.
    pub fn processes(&self) -> Vec<u32> {
        let namespace = |pid: u32| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let ours = namespace(self.first_process);
        fs::read_dir("/proc")
            .expect("list processes")
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|pid| ours.is_some() && namespace(*pid) == ours)
            .collect()
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let ended = || self.holder.try_wait().ok().flatten();
        if wait::poll(Duration::from_secs(5), ended).is_none() {
            let _ = self.holder.kill();
            let _ = self.holder.wait();
        }
    }
}
