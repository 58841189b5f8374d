//! The demo for a person: their own terminal, an ordinary ssh client, as many logins as they like.
use super::setting::{self, ADMINISTRATOR, HELP_DESK, PASSWORD, PEOPLE, USER};
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
    world.countersign(&["enable", HELP_DESK]).ok();
    let beacon = beacon::announce(world.first_process());
    if let Err(error) = &beacon {
        say::say(&format!("make demo-admin will not find this demo: {error}"));
    }
    say::say(&introduction(&enabled));
    let mut person = Some(USER);
    while let Some(name) = person {
        if let Err(error) = log_in(&world, name) {
            return say::complain(&format!("cannot run ssh: {error}"), "install openssh-client and util-linux");
        }
        person = next_person(name);
    }
    drop(world);
    say::say("The demo's world is gone.");
    ExitCode::SUCCESS
}

/// Who logs in after this one; nobody ends the demo.
fn next_person(last: &'static str) -> Option<&'static str> {
    loop {
        say::prompt(&format!("\nEnter: log in again as {last}.  A name: as that one.  q: end the demo. "));
        let mut answer = String::new();
        if std::io::stdin().read_line(&mut answer).unwrap_or(0) == 0 {
            return None;
        }
        match answer.trim().to_lowercase().as_str() {
            "q" => return None,
            "" => return Some(last),
            name => match PEOPLE.into_iter().find(|person| *person == name) {
                Some(person) => return Some(person),
                None => say::say(&format!("There are: {}.", PEOPLE.join(", "))),
            },
        }
    }
}

fn log_in(world: &World, person: &str) -> std::io::Result<()> {
    let ssh = setting::ssh(person);
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
Countersign, in a private world with people, an sshd and a host name of its own.
Nothing outside of it changes, and it is gone when you leave.

  # countersign enable {USER}
  {enabled}
The password of {USER} is: {PASSWORD}

Scan the QR code with an authenticator app. Without a phone: `make demo-admin` in
another terminal, and there `code KEY` (that is oathtool --totp -b \"KEY\"); the key
stands beside the QR code. A code is good once: the next one comes within 30 s.

To try, at the login: the same code twice; wrong codes; a recovery code; the words
at the QR code. And in {USER}'s shell, without being root:

  countersign status|explain            what is so, and what a login brings
  countersign enroll --label tablet     a second device, proven by one code of it
  countersign new-recovery-codes|reset  confirmed with a code, or a recovery code

{HELP_DESK} (same password) is the help desk. Once enrolled, she may `countersign reset
{USER}` with a code of her own, but nothing to {ADMINISTRATOR}, an administrator.
"
    )
}
