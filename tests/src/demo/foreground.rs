//! A program run as the terminal's foreground job, as a shell runs it: ^C reaches it and nothing else.
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use countersign_tests::wait;

/// How a job ended: its exit status, or nothing after a signal.
pub type Ending = Option<i32>;

/// Runs a command to its end on this process's terminal, then has the terminal as it was before.
pub fn run(command: &mut Command) -> io::Result<Ending> {
    // Without a controlling terminal, or in the background, there is nothing to hand over.
    let has_terminal = tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp());
    if !has_terminal {
        return Ok(command.status()?.code());
    }
    let settings = tcgetattr(io::stdin())?;
    let child = command.process_group(0).spawn()?;
    let job = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
    resume(job);
    let ending = wait_for(job);
    end_rest(job);
    take_back(&settings);
    ending
}

fn wait_for(job: Pid) -> io::Result<Ending> {
    let ending = loop {
        match waitpid(job, Some(WaitPidFlag::WUNTRACED)) {
            Ok(WaitStatus::Exited(_, status)) => break Some(status),
            Ok(WaitStatus::Signaled(..)) => break None,
            // ^Z: nobody is here to continue it later.
            Ok(WaitStatus::Stopped(..)) => resume(job),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    };
    Ok(ending)
}

/// After a ^C nsenter may be gone before what it started, which is still to put the terminal in order; or which was
/// just about to read when the ^C came, and has missed it.
fn end_rest(job: Pid) {
    let gone = || matches!(killpg(job, None), Err(Errno::ESRCH)).then_some(());
    for (patience, signal) in [(300, Signal::SIGTERM), (2000, Signal::SIGKILL)] {
        if wait::poll(Duration::from_millis(patience), gone).is_some() {
            return;
        }
        let _ = killpg(job, signal);
    }
    let _ = wait::poll(wait::PATIENCE, gone);
}

fn resume(job: Pid) {
    let _ = tcsetpgrp(io::stdin(), job);
    let _ = killpg(job, Signal::SIGCONT);
}

/// A background process that changes a terminal is stopped, unless it blocks SIGTTOU.
fn take_back(settings: &Termios) {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGTTOU);
    let _ = signals.thread_block();
    let _ = tcsetpgrp(io::stdin(), getpgrp());
    let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, settings);
    let _ = signals.thread_unblock();
}
