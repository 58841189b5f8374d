//! The timer that takes a change back: two units of systemd, so that it comes also after a restart.
//!
//! Invariants: the timer is active, and will be after a power cut, before a stack is changed, or the stack is not; what it
//! runs looks by itself whether the time has come, so it may be run at any time, and each start of the host runs it too:
//! a timer whose stamp was lost knows nothing of a time that is over.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use countersign_common::config::DEFAULT_PATH;
use countersign_common::token::UnixTime;
use nix::errno::Errno;
use nix::unistd::unlink;

use super::super::new_file::{self, Made};
use crate::failure::Failure;
use crate::output::without_number;

/// There where systemd runs this host.
const RUNNING: &str = "/run/systemd/system";
const UNITS: &str = "/etc/systemd/system";
const TIMER: &str = "countersign-pam-rollback.timer";
const SERVICE: &str = "countersign-pam-rollback.service";
/// Where systemd keeps when it last went off.
const STAMP: &str = "/var/lib/systemd/timers/stamp-countersign-pam-rollback.timer";
/// Where `systemctl enable` puts its links.
const WANTS: [&str; 2] = ["timers.target.wants", "multi-user.target.wants"];

/// Refused where no systemd would ever start a timer.
pub(super) fn possible() -> Result<(), Failure> {
    if Path::new(RUNNING).is_dir() {
        return Ok(());
    }
    Err(Failure::new("--confirm needs systemd, which does not run this host")
        .hint("leave it out, and keep a session of root's open; to take it back: countersign pam remove SERVICE"))
}

/// Starts the timer.
pub(super) fn start(config: &str, until: UnixTime) -> Result<(), Failure> {
    let program =
        std::fs::read_link("/proc/self/exe").map_err(|error| Failure::new(format!("/proc/self/exe: {error}")))?;
    let program = program.to_str().ok_or_else(|| Failure::new("this program's path is not UTF-8"))?.to_owned();
    // What an earlier one left, if it could not clean up.
    let _ = stop();
    let begun = unit(SERVICE, &service_text(&program, config))
        .and_then(|()| unit(TIMER, &timer_text(until)))
        .and_then(|()| systemctl(&["daemon-reload"]))
        .and_then(|()| systemctl(&["enable", SERVICE]))
        .and_then(|()| systemctl(&["enable", "--now", TIMER]))
        .and_then(|()| lasting());
    begun.map_err(|failure| {
        let _ = stop();
        Failure { message: format!("{}, so nothing is changed", failure.message), ..failure }
    })
}

/// The links of `systemctl enable`, which does not see to it that they outlive a power cut.
fn lasting() -> Result<(), Failure> {
    for directory in WANTS {
        let path = format!("{UNITS}/{directory}");
        match File::open(&path).and_then(|handle| handle.sync_all()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::new(format!("{path}: {}", without_number(&error)))),
        }
    }
    Ok(())
}

/// Ends it, as far as it is there. What is left of it then finds nothing to do, or is removed by the next one.
pub(super) fn stop() -> Result<(), Failure> {
    let units = [TIMER, SERVICE].map(|name| format!("{UNITS}/{name}"));
    // One of them alone is what a crash left.
    if !units.iter().any(|path| Path::new(path).exists()) {
        return Ok(());
    }
    // The service may be what runs this: it is not stopped, and ends by itself.
    let stopped = systemctl(&["disable", "--now", TIMER]);
    let disabled = systemctl(&["disable", SERVICE]);
    for path in units.iter().map(String::as_str).chain([STAMP]) {
        match unlink(path) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(errno) => return Err(Failure::new(format!("{path}: cannot be removed: {}", errno.desc()))),
        }
    }
    stopped.and(disabled).and(systemctl(&["daemon-reload"]))
}

fn unit(name: &str, text: &str) -> Result<(), Failure> {
    let path = format!("{UNITS}/{name}");
    match new_file::public(&path, text.as_bytes())? {
        Made::Now => Ok(()),
        Made::Before => Err(Failure::new(format!("{path}: is there already")).hint("remove it, and try again")),
    }
}

fn systemctl(words: &[&str]) -> Result<(), Failure> {
    let ended =
        Command::new("systemctl").args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(_) | Err(_) => {
            Err(Failure::new(format!("systemctl {} failed", words.join(" "))).hint("see: journalctl -xe"))
        }
    }
}

/// How both units begin.
const HEAD: &str = "\
# Written by countersign pam add --confirm; removed with it.
[Unit]
Description=Take back changes of PAM stacks that nobody confirmed
Documentation=man:countersign(8)
# Whoever tries a few in a row is not to be left without.
StartLimitIntervalSec=0
";

fn service_text(program: &str, config: &str) -> String {
    let config = if config == DEFAULT_PATH { String::new() } else { format!(" --config {}", quoted(config)) };
    format!(
        "{HEAD}\
         After=remote-fs.target\n\
         \n\
         [Service]\n\
         ExecStart={}{config} pam rollback --unless-confirmed\n\
         # What failed is tried again: another countersign pam was at it, or a disk was full.\n\
         Restart=on-failure\n\
         RestartSec=10s\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n",
        quoted(program)
    )
}

fn timer_text(until: UnixTime) -> String {
    let until = until.to_string().replace('T', " ").replace('Z', " UTC");
    format!(
        "{HEAD}\
         \n\
         [Timer]\n\
         OnCalendar={until}\n\
         AccuracySec=1s\n\
         # After a restart that took longer than that.\n\
         Persistent=true\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n"
    )
}

/// A word of a command line in a unit (systemd.service(5), \"Quoting\").
fn quoted(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    if escaped.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte)) {
        return escaped;
    }
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_units_say_when_and_what() {
        let until = UnixTime::new(1_795_507_200).unwrap();
        assert!(timer_text(until).contains("\nOnCalendar=2026-11-24 08:00:00 UTC\n"));
        let plain = service_text("/usr/bin/countersign", DEFAULT_PATH);
        assert!(plain.contains("\nExecStart=/usr/bin/countersign pam rollback --unless-confirmed\n"));
        let odd = service_text("/usr/bin/countersign", "/etc/a b%$\"c");
        assert!(
            plain.contains("\nAfter=remote-fs.target\n\n[Service]\n")
                && plain.ends_with("\nWantedBy=multi-user.target\n")
        );
        assert!(odd.contains(" --config \"/etc/a b%%$$\\\"c\" pam rollback"), "{odd}");
    }
}
