//! The world of the demo: one host, one user, the product as a machine would have it.
use countersign_tests::World;
use countersign_tests::world::{Builder, HOST_NAME, SSH_PORT, Sshd, Stack};

/// Who logs in.
pub const USER: &str = "alice";
/// With this password.
pub const PASSWORD: &str = "demo";
/// What the shell of [`USER`] prints when it waits.
pub const SHELL_PROMPT: &str = "alice@host1:~$ ";
/// Prints codes as a phone would.
pub const CODE_PROGRAM: &str = "/usr/local/bin/code";

const SHIPPED_CONFIG: &str = include_str!("../../../packaging/config.toml");

/// A world that [`furnish`] will complete.
pub fn builder() -> Builder {
    World::builder().user(USER, PASSWORD).stack(Stack::Sshd).product(SHIPPED_CONFIG)
}

/// Lets the world's people call `ssh alice@host1` with nothing else to say, and starts the sshd that answers.
pub fn furnish(world: &World) -> Sshd {
    let shell = format!("unset HISTFILE\nPS1='{SHELL_PROMPT}'\n");
    world.write_file(&format!("/home/{USER}/.profile"), shell, 0o644);
    world.write_file(CODE_PROGRAM, include_str!("code.sh"), 0o755);
    // This machine's root may have keys and hosts of its own; its layer hides them, no more.
    let client = format!("Host {HOST_NAME}\n    Port {SSH_PORT}\n    UserKnownHostsFile none\n");
    world.write_file("/etc/ssh/ssh_config", client, 0o644);
    world.sh("rm -rf /root/.ssh").ok();
    let sshd = world.start_sshd("");
    let known = format!(
        "echo \"[{HOST_NAME}]:{SSH_PORT} $(ssh-keygen -y -f /etc/ssh/world_host_key)\" > /etc/ssh/ssh_known_hosts"
    );
    world.sh(&known).ok();
    sshd
}

/// The command a person logs in with.
pub fn ssh() -> [String; 2] {
    ["ssh".to_owned(), format!("{USER}@{HOST_NAME}")]
}
