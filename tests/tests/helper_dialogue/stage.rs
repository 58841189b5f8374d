//! What these suites share: dialogues that are under way, and what must be so when one is over.
use countersign_tests::code::Parameters;
use countersign_tests::factor::PROMPT;
use countersign_tests::world::{Invocation, Outcome};
use countersign_tests::{Factor, World, wait};
use std::io::{Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};

/// The helper's name, as far as the kernel keeps it.
pub const HELPER_NAME: &str = "countersign-hel";

/// A program that asks and is answered, through pipes.
pub struct Dialogue {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    stderr: ChildStderr,
    seen: String,
}

impl Dialogue {
    pub fn start(invocation: &Invocation) -> Self {
        let mut child = invocation.spawn();
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (stdout, stderr) = (stdout.expect("a pipe"), stderr.expect("a pipe"));
        Self { child, stdin, stdout, stderr, seen: String::new() }
    }

    /// The command, as a user.
    pub fn command(world: &World, user: &str, line: &str) -> Self {
        let words: Vec<_> = ["countersign"].into_iter().chain(line.split(' ')).collect();
        Self::start(&world.command(&words).user(user))
    }

    /// Waits for the question for a code.
    pub fn is_asked(&mut self) {
        read_until(&mut self.stderr, &mut self.seen, |seen| seen.ends_with(PROMPT).then_some(()));
        self.seen.clear();
    }

    /// Waits for a new token to be shown.
    pub fn is_shown(&mut self) -> Parameters {
        let whole = |seen: &str| countersign_tests::code::key_in(seen).filter(|key| key.len() == 32);
        let key = read_until(&mut self.stdout, &mut String::new(), whole);
        self.is_asked();
        Parameters::new(&key)
    }

    pub fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("a pipe");
        // It may be over already.
        drop(writeln!(stdin, "{line}"));
    }

    /// No more answers; the exit status and all that was said since the last question.
    pub fn end(mut self) -> (Option<i32>, String) {
        drop(self.stdin.take());
        self.stdout.read_to_string(&mut self.seen).expect("read what is said");
        self.stderr.read_to_string(&mut self.seen).expect("read what is said");
        let status = self.child.wait().expect("wait for a program");
        (status.code(), self.seen)
    }
}

fn read_until<T>(from: &mut impl Read, seen: &mut String, found: impl Fn(&str) -> Option<T>) -> T {
    let mut bytes = [0; 4096];
    loop {
        if let Some(value) = found(seen) {
            return value;
        }
        let read = from.read(&mut bytes).expect("read what is said");
        assert_ne!(read, 0, "it ended after {seen:?}");
        seen.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
}

/// The command of a user who has nothing to say.
pub fn mute(world: &World, user: &str, words: &[&str]) -> Outcome {
    world.command(&[&["countersign"], words].concat()).user(user).run()
}

/// The helper's process as the world counts it, once it is there.
pub fn helper_process(world: &World) -> String {
    wait::until("a helper", || {
        let found = world.run(&["pgrep", "-x", HELPER_NAME]).text();
        (!found.is_empty()).then(|| found.trim().to_owned())
    })
}

/// Asserts that no helper is left, and that nobody holds a user's lock.
pub fn assert_nothing_left(factor: &Factor, user: &str) {
    let world = &factor.world;
    wait::until("the end of every helper", || world.run(&["pgrep", "-x", HELPER_NAME]).text().is_empty().then_some(()));
    assert_unlocked(factor, user);
}

/// Asserts that nobody holds a user's lock.
pub fn assert_unlocked(factor: &Factor, user: &str) {
    let counters = format!("/var/lib/countersign/counters/{user}");
    factor.world.run(&["flock", "--nonblock", &counters, "true"]).ok();
}
