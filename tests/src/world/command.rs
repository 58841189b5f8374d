//! Running programs inside a world, through nsenter.
use crate::wait;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// What a login shell of root would have, whatever this test was started with.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("HOME", "/root"),
    ("USER", "root"),
    ("LOGNAME", "root"),
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("LANG", "C.UTF-8"),
    ("TERM", "xterm-256color"),
];

/// A program to run inside a world.
#[derive(Debug, Clone)]
#[must_use = "nothing runs until `run`, `spawn` or `prepare`"]
pub struct Invocation {
    first_process: u32,
    argv: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
    user: Option<String>,
    on_terminal: bool,
    limit: Duration,
}

/// How a program ended and what it wrote.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The exit status, or the signal.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    argv: String,
}

impl Invocation {
    pub(super) fn new(first_process: u32, argv: &[&str]) -> Self {
        Self {
            first_process,
            argv: argv.iter().map(OsString::from).collect(),
            environment: Vec::new(),
            stdin: Vec::new(),
            user: None,
            on_terminal: false,
            limit: Duration::from_secs(120),
        }
    }

    /// One more argument, not necessarily UTF-8.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.argv.push(argument.as_ref().to_owned());
        self
    }

    /// What it reads from standard input; nothing unless said.
    pub fn stdin(mut self, content: impl AsRef<[u8]>) -> Self {
        content.as_ref().clone_into(&mut self.stdin);
        self
    }

    /// One environment variable more.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// As this user, by name or number, with the user's groups instead of root.
    pub fn user(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    /// The program and its arguments.
    pub fn words(&self) -> Vec<String> {
        self.argv.iter().map(|word| word.to_string_lossy().into_owned()).collect()
    }

    /// How long [`run`](Self::run) waits before it panics.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// As the leader of a session whose controlling terminal is standard input.
    pub(crate) fn on_terminal(mut self) -> Self {
        self.on_terminal = true;
        self
    }

    /// The command as std knows it, with the caller's choice of pipes.
    pub fn prepare(&self) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.first_process.to_string()])
            .args(["--mount", "--pid", "--net", "--uts", "--ipc", "--"])
            .env_clear()
            .envs(ENVIRONMENT);
        if self.on_terminal {
            command.args(["setsid", "--ctty", "--wait", "--"]);
        }
        if let Some(user) = &self.user {
            command.args(["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"]);
            command.env("USER", user).env("LOGNAME", user).env("HOME", format!("/home/{user}"));
        }
        command.args(&self.argv).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts it with pipes on all three standard streams.
    pub fn spawn(&self) -> Child {
        self.prepare()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("run nsenter (util-linux)")
    }

    /// Runs it to its end; panics if that does not come within the limit.
    pub fn run(&self) -> Outcome {
        let mut child = self.spawn();
        let mut stdin = child.stdin.take().expect("a pipe to the program");
        let content = self.stdin.clone();
        // The program may end without reading all of it.
        std::thread::spawn(move || drop(stdin.write_all(&content)));
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || drop(sender.send(child.wait_with_output())));
        let argv = format!("{:?}", self.argv);
        let output =
            receiver.recv_timeout(self.limit).unwrap_or_else(|_| panic!("did not end within {:?}: {argv}", self.limit));
        Outcome::new(output.expect("wait for a program"), argv)
    }
}

impl Outcome {
    fn new(output: Output, argv: String) -> Self {
        Self { status: output.status, stdout: output.stdout, stderr: output.stderr, argv }
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The exit status; `None` after a signal.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Standard output of a success; panics with everything known after a failure.
    pub fn ok(&self) -> String {
        let (argv, status, text, errors) = (&self.argv, self.status, self.text(), self.errors());
        assert!(status.success(), "{argv}: {status}\nstdout: {text}\nstderr: {errors}");
        text
    }

    /// Asserts this exit status.
    pub fn expect_code(&self, code: i32) -> &Self {
        let (argv, status, text, errors) = (&self.argv, self.status, self.text(), self.errors());
        assert_eq!(status.code(), Some(code), "{argv}\nstdout: {text}\nstderr: {errors}");
        self
    }
}

/// The child that `unshare` or `nsenter` made inside the namespaces, by this machine's numbering;
/// `None` if it has ended already.
pub fn process_inside(parent: &mut Child) -> Option<u32> {
    let children = format!("/proc/{0}/task/{0}/children", parent.id());
    wait::until("a process inside the world", || {
        let listed = std::fs::read_to_string(&children).unwrap_or_default();
        if let Some(first) = listed.split_whitespace().next() {
            return Some(Some(first.parse().expect("a pid")));
        }
        let ended = parent.try_wait().expect("look after a program").is_some();
        ended.then_some(None)
    })
}
