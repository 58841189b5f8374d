//! A root shell in the world of a running demo.
use super::beacon;
use super::foreground;
use super::interactive::terminal_kind;
use super::say::{complain, say};
use super::setting::{ADMINISTRATOR, HELP_DESK, USER};
use std::io::IsTerminal;
use std::process::{Command, ExitCode};

/// Where the shell's settings lie in the world.
pub const SETTINGS: &str = "/run/demo_admin_rc";
/// Their content.
pub const SETTINGS_TEXT: &str = include_str!("admin_rc.sh");

/// Opens the shell; commands from a pipe are run without any ado.
pub fn admin() -> ExitCode {
    let Some(first_process) = beacon::find() else {
        return complain("no demo is running", "in another terminal: make demo");
    };
    let at_terminal = std::io::stdin().is_terminal();
    let mut shell = enter(first_process);
    if at_terminal {
        say(&introduction());
        shell.args(["bash", "--rcfile", SETTINGS, "-i"]);
    } else {
        shell.arg("bash").env("BASH_ENV", SETTINGS);
    }
    let ending = match foreground::run(&mut shell) {
        Ok(ending) => ending,
        Err(error) => return complain(&format!("cannot run nsenter: {error}"), "install util-linux"),
    };
    match ending.map(u8::try_from) {
        // Whatever the last command in it was, leaving a shell is no failure.
        Some(Ok(_)) if at_terminal => ExitCode::SUCCESS,
        Some(Ok(status)) => ExitCode::from(status),
        Some(Err(_)) | None => complain("the demo has ended, and this shell with it", "start another one: make demo"),
    }
}

fn enter(first_process: u32) -> Command {
    let mut command = Command::new("nsenter");
    command
        .args(["--target", &first_process.to_string()])
        .args(["--mount", "--pid", "--net", "--uts", "--ipc", "--"])
        .env_clear()
        .envs([("HOME", "/root"), ("USER", "root"), ("LOGNAME", "root"), ("LANG", "C.UTF-8")])
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("TERM", terminal_kind());
    command
}

fn introduction() -> String {
    format!(
        "
You are root on host1, in the world of the running demo. `exit` leaves it; the
demo goes on. To try, with a login of {USER}'s before or after:

  code KEY                    what a phone would show (KEY stands beside the QR
                              code); later `code` alone
  countersign status {USER}    what is decided, and what logins left behind
  countersign reset {USER}     a new phone: the next login shows a new QR code
  countersign lock {USER}      may not turn 2FA off any more; `unlock` may
  countersign disable {USER}   no code is asked; `enable`: it is asked again
  countersign unblock {USER}   after too many wrong codes
  countersign grace {USER} 3d  may put the QR code off with `later`, once reset
  countersign explain {USER}   what her login brings, and who may do what to her
  countersign doctor          what is wrong on this host
  log                         what module, command and helper told syslog

  su - {USER} -c \"countersign status\"    as {USER}, without a login
  ssh {HELP_DESK}@host1          the help desk: may reset and unblock {USER}, not {ADMINISTRATOR}
"
    )
}
