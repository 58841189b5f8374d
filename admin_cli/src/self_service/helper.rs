//! The command's end of the dialogue: the helper as a child, a line each way.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use countersign_common::dialogue::{FromCommand, LINE_TO_COMMAND, Reply, Request};
use nix::sys::prctl::get_no_new_privs;
use nix::sys::statvfs::{FsFlags, statvfs};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::output::without_number;

/// Where the helper is; nowhere else, whatever anybody's environment says.
const HELPER: &str = "/usr/libexec/countersign-helper";

/// A running helper.
pub(super) struct Helper {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
}

impl Helper {
    /// Starts it with a request.
    pub(super) fn start(request: &Request) -> Result<Self, Failure> {
        let mut child = Command::new(HELPER)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                Failure::new(format!("{HELPER}: cannot be run: {}", without_number(&error)))
                    .hint("without it only root can use this command; an administrator installs it by: make install")
            })?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else { return Err(silent(None)) };
        let mut helper = Self { child, to, from };
        helper.send(&FromCommand::Request(request.clone()));
        Ok(helper)
    }

    /// Sends what the person typed.
    pub(super) fn answer(&mut self, text: Zeroizing<String>) {
        self.send(&FromCommand::Answer(text));
    }

    /// The next line.
    pub(super) fn hear(&mut self) -> Result<Reply, Failure> {
        let mut line = Zeroizing::new(Vec::with_capacity(LINE_TO_COMMAND));
        let mut byte = Zeroizing::new([0]);
        loop {
            match self.from.read(byte.as_mut_slice()) {
                Ok(0) | Err(_) => return Err(silent(self.child.wait().ok().and_then(|status| status.code()))),
                Ok(_) if byte.as_slice() == b"\n" => break,
                Ok(_) if line.len() < LINE_TO_COMMAND => line.extend_from_slice(byte.as_slice()),
                Ok(_) => return Err(other_version()),
            }
        }
        Reply::parse(&line).map_err(|_| other_version())
    }

    /// If it is gone, that shows when its next line does not come.
    fn send(&mut self, message: &FromCommand) {
        let _ = self.to.write_all(message.render().as_bytes());
    }
}

fn other_version() -> Failure {
    Failure::new(format!("{HELPER}: says something that this command does not understand"))
        .hint("are both of one version?")
}

/// Why it ended without a word, by its exit status.
fn silent(status: Option<i32>) -> Failure {
    let failure = |why: &str| Failure::new(format!("{HELPER}: {why}"));
    match status {
        Some(71) => failure("is not for root"),
        Some(72) => powerless(),
        Some(73) => failure("cannot work here: a limit of this process is too low, or something is missing")
            .hint("see ulimit -H -a: file size and open files"),
        Some(_) => failure("ended without an answer").hint("the log may say why"),
        None => failure("was ended"),
    }
}

/// Why it could not become who it must be: the surroundings of this process first, then the file itself.
fn powerless() -> Failure {
    let failure = |why: &str| Failure::new(format!("{HELPER}: {why}"));
    if get_no_new_privs() == Ok(true) {
        return failure("cannot begin where a process may gain no privileges (no_new_privs)")
            .hint("run countersign outside of the sandbox, container or service that says so");
    }
    if is_traced() {
        return failure("cannot begin while this process is traced").hint("run countersign without the tracer");
    }
    if statvfs(HELPER).is_ok_and(|found| found.flags().contains(FsFlags::ST_NOSUID)) {
        return failure("lies on a file system that is mounted nosuid")
            .hint("an administrator can mount it without that option");
    }
    failure("is not installed as it must be")
        .hint("owned by root:countersign with mode 6755; an administrator installs it by: make install")
}

/// Whether a debugger or the like is attached; the helper then has no powers either.
fn is_traced() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
    tracer.is_some_and(|tracer| tracer.trim() != "0")
}
