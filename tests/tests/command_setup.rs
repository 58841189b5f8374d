//! `countersign init` and `check-config` by the real command, and who may run it at all.
use countersign_tests::World;
use countersign_tests::world::{COMMAND, CONFIG, Outcome, STATE_DIR};

const INSTALLATION: &str = "/etc/countersign/installation";

/// A world with the command installed and nothing set up.
fn bare_world() -> World {
    let world = World::builder().user("alice", "correct horse").build();
    world.install_product();
    world
}

fn stat(world: &World, path: &str) -> String {
    world.run(&["stat", "--format=%a %U %F", path]).ok().trim().to_owned()
}

fn refused(outcome: &Outcome, error: &str, hint: &str) {
    outcome.expect_code(1);
    let errors = outcome.errors();
    assert!(errors.starts_with("error: ") && errors.contains(error), "{errors}");
    assert!(errors.contains(&format!("hint: {hint}")), "no {hint:?} in: {errors}");
    assert_eq!(outcome.text(), "");
}

#[test]
fn init_makes_configuration_installation_and_state_whatever_the_umask() {
    let world = bare_world();
    let said = world.sh(&format!("umask 0777; {COMMAND} init")).ok();
    assert!(said.contains(&format!("{CONFIG}: written")) && said.contains("initialised"), "{said}");
    assert_eq!(stat(&world, CONFIG), "644 root regular file");
    assert_eq!(stat(&world, "/etc/countersign"), "755 root directory");
    assert_eq!(stat(&world, INSTALLATION), "644 root regular file");
    assert_eq!(stat(&world, STATE_DIR), "700 countersign directory");
    for (name, expected) in [
        ("users", "700 countersign directory"),
        ("counters", "700 countersign directory"),
        ("format", "600 countersign regular file"),
    ] {
        assert_eq!(stat(&world, &format!("{STATE_DIR}/{name}")), expected);
    }
    assert_eq!(world.countersign(&["check-config"]).ok(), format!("{CONFIG}: ok\n"));
    let left = world.sh("ls -A /etc/countersign").ok();
    assert_eq!(left, "config.toml\ninstallation\n");
}

#[test]
fn init_again_changes_nothing() {
    let world = bare_world();
    world.countersign(&["init"]).ok();
    let files = format!("cat {CONFIG} {INSTALLATION} {STATE_DIR}/format");
    let before = world.sh(&files).ok();
    let said = world.countersign(&["init"]).ok();
    assert_eq!(said, format!("{STATE_DIR}: already initialised\n"));
    let said = world.countersign(&["init", "--renew"]).ok();
    assert_eq!(said, format!("{STATE_DIR}: already initialised\n"));
    assert_eq!(world.sh(&files).ok(), before);
}

#[test]
fn init_keeps_a_configuration_that_is_there() {
    let world = bare_world();
    world.sh("mkdir -m 755 /srv/state").ok();
    let text = "# ours\nstate_dir = \"/srv/state/countersign\"\n";
    world.configure(text);
    let said = world.countersign(&["init"]).ok();
    assert!(!said.contains("written"), "{said}");
    assert_eq!(world.read_file(CONFIG), text.as_bytes());
    assert_eq!(stat(&world, "/srv/state/countersign"), "700 countersign directory");
    assert!(!world.exists(STATE_DIR));
}

#[test]
fn init_at_another_configuration() {
    let world = bare_world();
    let path = "/etc/other/countersign.toml";
    world.countersign(&["--config", path, "init"]).ok();
    assert_eq!(stat(&world, path), "644 root regular file");
    world.countersign(&["list", "--config", path]).ok();
    refused(
        &world.countersign(&["list"]),
        "does not exist",
        "a commented configuration is written by: countersign init",
    );
}

#[test]
fn init_refuses_a_bad_configuration_and_leaves_no_state() {
    let world = bare_world();
    world.configure("nonsense = 1\n");
    let outcome = world.countersign(&["init"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("line 1: nonsense"), "{}", outcome.errors());
    assert!(!world.exists(INSTALLATION) && !world.exists(STATE_DIR));
}

#[test]
fn init_for_an_owner_who_is_chosen_once() {
    let world = bare_world();
    world.countersign(&["init", "--owner", "alice"]).ok();
    assert_eq!(stat(&world, STATE_DIR), "700 alice directory");
    world.countersign(&["enable", "alice"]).ok();
    for file in ["users/alice.toml", "counters/alice", "format"] {
        assert_eq!(stat(&world, &format!("{STATE_DIR}/{file}")), "600 alice regular file");
    }
    world.countersign(&["init", "--owner", "alice"]).ok();
    let outcome = world.countersign(&["init", "--owner", "root"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("already initialised"), "{}", outcome.errors());
    let outcome = world.countersign(&["init", "--owner", "ghost"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("no such user"));
}

#[test]
fn an_unmounted_state_directory_is_never_made_anew() {
    let world = bare_world();
    world.countersign(&["init"]).ok();
    world.countersign(&["enable", "alice"]).ok();
    world.sh(&format!("mount -t tmpfs -o mode=700 t {STATE_DIR}")).ok();
    let hint = "is the state directory mounted?";
    for command in [&["init"][..], &["enable", "alice"], &["status"], &["list"]] {
        refused(&world.countersign(command), STATE_DIR, hint);
    }
    assert_eq!(world.sh(&format!("ls -A {STATE_DIR}")).ok(), "");
    world.sh(&format!("umount {STATE_DIR}")).ok();
    assert!(world.countersign(&["status", "alice"]).ok().contains("Use 2FA: yes"));
}

#[test]
fn renew_gives_up_what_is_lost_and_says_so() {
    let world = bare_world();
    world.countersign(&["init"]).ok();
    let before = world.read_file(INSTALLATION);
    world.sh(&format!("rm -r {STATE_DIR}")).ok();
    refused(&world.countersign(&["init"]), "has state", "if the state is lost for good");
    assert_eq!(world.read_file(INSTALLATION), before);
    let said = world.countersign(&["init", "--renew"]).ok();
    assert!(said.contains("all enroll again"), "{said}");
    assert_ne!(world.read_file(INSTALLATION), before);
    world.countersign(&["enable", "alice"]).ok();
}

#[test]
fn state_of_another_installation_is_not_taken_over() {
    let world = bare_world();
    world.countersign(&["init"]).ok();
    world.countersign(&["enable", "alice"]).ok();
    world.sh(&format!("rm {INSTALLATION}")).ok();
    for arguments in [&["init"][..], &["init", "--renew"]] {
        refused(&world.countersign(arguments), "another installation", "restore /etc/countersign/installation");
        assert!(!world.exists(INSTALLATION));
    }
    refused(&world.countersign(&["status"]), INSTALLATION, "set it up once with: countersign init");
}

#[test]
fn many_inits_at_once_make_one_installation() {
    let world = bare_world();
    let script = format!("for i in 1 2 3 4 5 6 7 8; do {COMMAND} init & done; wait");
    world.run(&["bash", "-c", &script]).ok();
    world.countersign(&["init"]).ok();
    world.countersign(&["enable", "alice"]).ok();
}

#[test]
fn a_full_disk_leaves_no_half_configuration() {
    let world = bare_world();
    world
        .sh("mkdir /etc/countersign; mount -t tmpfs -o size=4k,mode=755 t /etc/countersign; head -c 8192 /dev/zero >/etc/countersign/full || true")
        .ok();
    let outcome = world.countersign(&["init"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("No space left"), "{}", outcome.errors());
    assert_eq!(world.sh("ls -A /etc/countersign").ok(), "full\n");
    world.sh("rm /etc/countersign/full; umount /etc/countersign").ok();
    world.countersign(&["init"]).ok();
}

#[test]
fn check_config_names_line_and_key() {
    let world = bare_world();
    let file = "/etc/new.toml";
    for (text, error) in [
        ("[totp]\ndigits = 9\n", "/etc/new.toml: line 2: digits: "),
        ("\nsurprise = 1\n", "/etc/new.toml: line 2: surprise: "),
        ("[throttle]\nmax_delay = \"1s\"\n", "max_delay: "),
        ("state_dir = \"here\"\n", "state_dir: "),
    ] {
        world.write_file(file, text, 0o644);
        let outcome = world.countersign(&["check-config", file]);
        outcome.expect_code(1);
        assert!(outcome.errors().contains(error), "{}", outcome.errors());
        assert_eq!(outcome.text(), "");
    }
    world.write_file(file, "", 0o644);
    assert_eq!(world.countersign(&["check-config", file]).ok(), "/etc/new.toml: ok\n");
    let relative = world.sh(&format!("cd /etc/pam.d; {COMMAND} check-config ../new.toml"));
    assert_eq!(relative.ok(), "../new.toml: ok\n");
}

#[test]
fn check_config_warns_of_what_is_hardly_meant() {
    let world = bare_world();
    let text = "[administrators]\ngroups = [\"ghosts\"]\n[self_service]\nconfirm = \"none\"\n[[rule]]\nservices = [\"sshd\"]\nusers = [\"nobody-such\"]\nthen = \"skip\"\n";
    world.write_file("/etc/new.toml", text, 0o644);
    let outcome = world.countersign(&["check-config", "/etc/new.toml"]);
    assert_eq!(outcome.ok(), "/etc/new.toml: ok\n");
    let errors = outcome.errors();
    for warning in
        ["group ghosts does not exist", "[self_service] confirm is \"none\"", "user nobody-such does not exist"]
    {
        assert!(errors.contains(warning), "{errors}");
    }
    assert!(errors.lines().all(|line| line.starts_with("warning: /etc/new.toml: ")));
}

#[test]
fn check_config_refuses_files_that_others_can_change() {
    let world = bare_world();
    world.write_file("/etc/cs/good.toml", "", 0o644);
    world.sh("cd /etc/cs; cp good.toml writable.toml; chmod 666 writable.toml; cp good.toml alices.toml; chown alice alices.toml; ln -s good.toml link.toml; mkfifo fifo.toml; mkdir directory.toml; head -c 70000 /dev/zero >huge.toml; printf '\\xff' >bytes.toml; cp good.toml /tmp/tmp.toml; mkdir -m 777 open; cp good.toml open/x.toml").ok();
    for (file, error) in [
        ("/etc/cs/writable.toml", "has mode 0666"),
        ("/etc/cs/alices.toml", "is owned by uid"),
        ("/etc/cs/link.toml", "symbolic link"),
        ("/etc/cs/fifo.toml", "not a regular file"),
        ("/etc/cs/directory.toml", "not a regular file"),
        ("/etc/cs/huge.toml", "larger than 64 KiB"),
        ("/etc/cs/bytes.toml", "not UTF-8"),
        ("/etc/cs/missing.toml", "does not exist"),
        ("/etc/cs/open/x.toml", "/etc/cs/open: has mode 0777"),
        ("/tmp/tmp.toml", "/tmp: has mode 1777"),
    ] {
        let outcome = world.countersign(&["check-config", file]);
        outcome.expect_code(1);
        assert!(outcome.errors().contains(error), "{}", outcome.errors());
    }
}

#[test]
fn what_root_alone_has_is_refused_to_others() {
    let world = bare_world();
    world.countersign(&["init"]).ok();
    for arguments in [
        &["list"][..],
        &["list", "--json"],
        &["forget", "alice"],
        &["init"],
        &["check-config"],
        &["grace", "alice", "3d"],
        &["doctor"],
    ] {
        let command = [&[COMMAND], arguments].concat();
        let outcome = world.command(&command).user("alice").run();
        refused(&outcome, "only root can do this", "ask an administrator, or run it by sudo");
    }
    assert_eq!(world.countersign(&["list", "--json"]).ok(), "[]\n");
}

#[test]
fn wrong_usage_exits_2_and_help_exits_0() {
    let world = bare_world();
    for arguments in [
        &[][..],
        &["enable"],
        &["frobnicate"],
        &["enable", "--bogus", "alice"],
        &["status", "alice", "bob"],
        &["enroll", "alice", "--svg", "/x", "--uri"],
    ] {
        let outcome = world.countersign(arguments);
        outcome.expect_code(2);
        assert!(!outcome.errors().is_empty());
    }
    for command in [
        "init",
        "check-config",
        "enable",
        "disable",
        "lock",
        "unlock",
        "reset",
        "unblock",
        "forget",
        "status",
        "list",
        "enroll",
    ] {
        let help = world.countersign(&[command, "--help"]).ok();
        assert!(help.contains("Usage: countersign"), "{help}");
        assert!(world.countersign(&["--help"]).ok().contains(&format!("  {command} ")));
    }
    assert!(world.countersign(&["--version"]).ok().starts_with("countersign "));
}
