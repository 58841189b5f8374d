//! An application of libpam that follows a script, its one argument, and prints a line of JSON per event.
mod conversation;
mod libpam;

use conversation::Conversation;
use countersign_tests::pam_driver::{Event, IGNORED, Phase, Script, Step, pam};
use libpam::Handle;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};
use std::io::Write;
use std::process::Command;

fn main() {
    let script = std::env::args().nth(1).expect("a script as the argument");
    let script: Script = serde_json::from_str(&script).expect("a script in JSON");
    let mut conversation = Conversation::new(&script);
    let directory = script.directory.as_deref().unwrap_or("/etc/pam.d");
    let started = Handle::start(&script.service, script.user.as_deref(), directory, &mut conversation);
    let mut handle = match started {
        Ok(handle) => handle,
        Err(code) => return tell(&Event::NotStarted(code)),
    };
    for (item, value) in &script.items {
        handle.set_item(*item, Some(value));
    }
    let status = follow(&mut handle, &script, &script.steps);
    tell(&Event::Ended(handle.end(status)));
}

/// Prints one event, whole, at once: a later crash must not take it along.
fn tell(event: &Event) {
    let mut line = serde_json::to_vec(event).expect("an event is JSON");
    line.push(b'\n');
    std::io::stdout().write_all(&line).expect("print an event");
}

/// Does the steps; the last phase's code goes to `pam_end`, as applications do it.
fn follow(handle: &mut Handle, script: &Script, steps: &[Step]) -> i32 {
    let mut status = 0;
    for step in steps {
        match step {
            Step::Call(phase, flags) => {
                status = handle.call(*phase, *flags);
                let code = if script.bare && status == IGNORED { pam::IGNORE } else { status };
                tell(&Event::Returned(*phase, code));
            }
            Step::SetItem(item, value) => handle.set_item(*item, value.as_deref()),
            Step::Shell(command) => shell(command),
            Step::ShowItems => {
                tell(&Event::Items { user: handle.user(), environment: handle.environment() });
            }
            Step::InChild(steps) => in_child(handle, script, steps),
        }
    }
    status
}

/// As sshd does it: the child leaves without `pam_end`.
fn in_child(handle: &mut Handle, script: &Script, steps: &[Step]) {
    // SAFETY: this process has one thread.
    match unsafe { fork() }.expect("fork") {
        ForkResult::Child => {
            follow(handle, script, steps);
            // SAFETY: ends the process at once, running nothing.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            if let WaitStatus::Signaled(_, signal, _) = waitpid(child, None).expect("wait") {
                tell(&Event::ChildKilled(signal as i32));
            }
        }
    }
}

fn shell(command: &str) {
    let status = Command::new("sh").args(["-euc", command]).stdout(std::io::stderr()).status().expect("run a shell");
    assert!(status.success(), "{command:?} in a script failed: {status}");
}
