//! The programs a person logs in with.
use super::{Size, Terminal};
use crate::world::{HOST_NAME, Invocation, SSH_PORT, World};

/// Options of an ssh client that knows no host, offers no key and asks on the terminal.
pub const SSH_OPTIONS: [&str; 12] = [
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
    "-o",
    "GlobalKnownHostsFile=/dev/null",
    "-o",
    "LogLevel=ERROR",
    "-o",
    "PreferredAuthentications=publickey,keyboard-interactive,password",
    "-F",
    "none",
];

/// An ssh client as root of the world, to the world's own sshd. `more` comes first, so that its
/// options prevail; `remote` is what to run, a shell if empty.
pub fn ssh_command(world: &World, user: &str, more: &[&str], remote: &[&str]) -> Invocation {
    let port = SSH_PORT.to_string();
    let fixed = ["-p", &port, "-l", user, "127.0.0.1"];
    world.command(&[&["ssh"], more, &SSH_OPTIONS, &fixed, remote].concat())
}

/// `ssh USER@127.0.0.1` on a terminal of 80 × 24.
pub fn ssh(world: &World, user: &str) -> Terminal {
    Terminal::spawn_with(world, ssh_command(world, user, &[], &[]), Size::default())
}

/// `su - USER`, called by another user.
pub fn su(world: &World, caller: &str, user: &str) -> Terminal {
    let invocation = world.command(&["su", "-", user]).user(caller);
    Terminal::spawn_with(world, invocation, Size::default())
}

/// `sudo …`, called by a user.
pub fn sudo(world: &World, caller: &str, arguments: &[&str]) -> Terminal {
    let invocation = world.command(&[&["sudo"], arguments].concat()).user(caller);
    Terminal::spawn_with(world, invocation, Size::default())
}

/// `login` on a console; the user's name is already typed.
pub fn login(world: &World, user: &str) -> Terminal {
    let mut terminal = Terminal::spawn(world, &["login"]);
    terminal.answer(&format!("{HOST_NAME} login: "), user);
    terminal
}
