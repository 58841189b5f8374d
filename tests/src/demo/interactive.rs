//! The demo for a person: their own terminal, an ordinary ssh client, as many logins as they like.
use super::setting::{self, PASSWORD, USER};
use super::{admin, beacon, foreground, say};
use countersign_tests::World;
use std::process::ExitCode;

/// Opens a world and logs in until the person has seen enough.
pub fn interactive() -> ExitCode {
    if beacon::find().is_some() {
        return say::complain("a demo is running already", "end it, or join it: make demo-admin");
    }
    // A phone knows no other time.
    let world = setting::builder().real_clock().build();
    let _sshd = setting::furnish(&world);
    world.write_file(admin::SETTINGS, admin::SETTINGS_TEXT, 0o644);
    let enabled = world.countersign(&["enable", USER]).ok();
    let beacon = beacon::announce(world.first_process());
    if let Err(error) = &beacon {
        say::say(&format!("make demo-admin will not find this demo: {error}"));
    }
    say::say(&introduction(&enabled));
    loop {
        if let Err(error) = log_in(&world) {
            return say::complain(&format!("cannot run ssh: {error}"), "install openssh-client and util-linux");
        }
        say::prompt("\nEnter: log in again.  q: end the demo. ");
        let mut answer = String::new();
        match std::io::stdin().read_line(&mut answer) {
            Ok(length) if length > 0 && !answer.trim().eq_ignore_ascii_case("q") => {}
            _ => break,
        }
    }
    drop(world);
    say::say("The demo's world is gone.");
    ExitCode::SUCCESS
}

fn log_in(world: &World) -> std::io::Result<()> {
    let ssh = setting::ssh();
    say::say(&format!("$ {}", ssh.join(" ")));
    let argv: Vec<_> = ssh.iter().map(String::as_str).collect();
    let mut command = world.command(&argv).env("TERM", terminal_kind()).prepare();
    foreground::run(&mut command).map(|_| ())
}

/// What this terminal calls itself.
pub fn terminal_kind() -> String {
    std::env::var("TERM").unwrap_or_else(|_| "xterm".to_owned())
}

fn introduction(enabled: &str) -> String {
    format!(
        "
Countersign, in a private world with a user, an sshd and a host name of its own.
Nothing outside of it changes, and it is gone when you leave.

  # countersign enable {USER}
  {enabled}
The password of {USER} is: {PASSWORD}

Scan the QR code with an authenticator app. Without a phone: `make demo-admin` in
another terminal, and there `code KEY` (that is oathtool --totp -b \"KEY\"); the key
stands beside the QR code. A code is good once: the next one comes within 30 s.

To try: log out and in again; the same code twice; wrong codes; the words at the
QR code; countersign disable|reset|lock {USER} in the other terminal.
"
    )
}
