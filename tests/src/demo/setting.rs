//! The world of the demo: one host, a few people, the product as a machine would have it.
use countersign_tests::World;
use countersign_tests::world::{Builder, HOST_NAME, SSH_PORT, Sshd, Stack};

/// Who logs in; a student.
pub const USER: &str = "alice";
/// Who helps students.
pub const HELP_DESK: &str = "hana";
/// Whom no help desk may help.
pub const ADMINISTRATOR: &str = "olga";
/// All of them.
pub const PEOPLE: [&str; 3] = [USER, HELP_DESK, ADMINISTRATOR];
/// With this password.
pub const PASSWORD: &str = "demo";
/// Prints codes as a phone would.
pub const CODE_PROGRAM: &str = "/usr/local/bin/code";

const SHIPPED_CONFIG: &str = include_str!("../../../packaging/config.toml");
/// Who else has power, in the words of the README.
pub const DELEGATION: &str = r#"[administrators]
groups = ["ops"]

[[delegate]]
group = "helpdesk"
over = ["students"]
may = ["reset", "unblock"]"#;

/// A world that [`furnish`] will complete.
pub fn builder() -> Builder {
    let people = PEOPLE.iter().fold(World::builder(), |builder, name| builder.user(name, PASSWORD));
    people.stack(Stack::Sshd).product(&config())
}

/// What we ship, with [`DELEGATION`].
fn config() -> String {
    let (before, after) = SHIPPED_CONFIG.split_once("[administrators]\n").expect("the shipped file has this table");
    format!("{before}{DELEGATION}\n{after}")
}

/// Lets the world's people call `ssh alice@host1` with nothing else to say, and starts the sshd that answers.
pub fn furnish(world: &World) -> Sshd {
    let groups =
        [("students", [USER, ADMINISTRATOR].as_slice()), ("helpdesk", &[HELP_DESK]), ("ops", &[ADMINISTRATOR])];
    for (group, members) in groups {
        world.add_to_group(group, members);
    }
    for name in PEOPLE {
        let shell = format!("unset HISTFILE\nPS1='{}'\n", shell_prompt(name));
        world.write_file(&format!("/home/{name}/.profile"), shell, 0o644);
    }
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

/// What the shell of a person prints when it waits.
pub fn shell_prompt(name: &str) -> String {
    format!("{name}@{HOST_NAME}:~$ ")
}

/// The command a person logs in with.
pub fn ssh(name: &str) -> [String; 2] {
    ["ssh".to_owned(), format!("{name}@{HOST_NAME}")]
}
