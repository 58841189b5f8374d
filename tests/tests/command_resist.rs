//! The command under full disks, limits, locks and many others at once: an error, and the old state intact.
use countersign_tests::world::{COMMAND, STATE_DIR};
use countersign_tests::{Terminal, World};
use serde_json::Value;

fn world() -> World {
    World::builder().user("alice", "correct horse").user("bob", "battery").product("").build()
}

fn status(world: &World, user: &str) -> Value {
    serde_json::from_str(&world.countersign(&["status", user, "--json"]).ok()).unwrap()
}

fn hashes(world: &World) -> String {
    world.sh(&format!("cd {STATE_DIR}; find users counters -type f | sort | xargs -r sha256sum")).ok()
}

#[test]
fn a_full_disk_is_an_error_and_the_old_state_stands() {
    let world = world();
    world
        .sh(&format!("mv {STATE_DIR} /root/state; mkdir -m 700 {STATE_DIR}; mount -t tmpfs -o size=96k,mode=700 t {STATE_DIR}; cp -a /root/state/. {STATE_DIR}"))
        .ok();
    world.countersign(&["enable", "alice"]).ok();
    world.countersign(&["enroll", "alice", "--no-confirm"]).ok();
    let before = hashes(&world);
    world.sh(&format!("cat /dev/zero >{STATE_DIR}/fill 2>/dev/null || true")).ok();
    for arguments in [
        &["disable", "alice"][..],
        &["lock", "alice"],
        &["reset", "alice"],
        &["enable", "bob"],
        &["enroll", "bob", "--no-confirm"],
    ] {
        let outcome = world.countersign(arguments);
        outcome.expect_code(1);
        assert!(outcome.errors().contains("No space left on device"), "{arguments:?}: {}", outcome.errors());
    }
    assert_eq!(hashes(&world), before);
    assert_eq!(status(&world, "bob")["enrolled"], false);
    world.sh(&format!("rm {STATE_DIR}/fill")).ok();
    world.countersign(&["disable", "alice"]).ok();
    assert_eq!(world.sh(&format!("find {STATE_DIR} -name '.*' -type f")).ok(), "", "nothing is left behind");
}

#[test]
fn a_file_size_limit_is_an_error_and_no_signal() {
    let world = world();
    world.countersign(&["enable", "alice"]).ok();
    let before = hashes(&world);
    for arguments in ["disable alice", "enable bob", "forget alice", "enroll bob --no-confirm"] {
        let outcome = world.run(&[
            "prlimit",
            "--fsize=0",
            "bash",
            "-c",
            &format!("{COMMAND} {arguments} | cat; exit ${{PIPESTATUS[0]}}"),
        ]);
        outcome.expect_code(1);
        assert!(outcome.errors().contains("File too large"), "{arguments}: {}", outcome.errors());
    }
    assert_eq!(hashes(&world), before);
}

#[test]
fn a_read_only_file_system_can_be_looked_at() {
    let world = world();
    world.countersign(&["enable", "alice"]).ok();
    world.sh(&format!("mount --bind {STATE_DIR} {STATE_DIR}; mount -o remount,bind,ro {STATE_DIR}")).ok();
    let outcome = world.countersign(&["disable", "alice"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("Read-only file system"), "{}", outcome.errors());
    assert_eq!(status(&world, "alice")["use_2fa"], true);
    world.countersign(&["list"]).ok();
}

#[test]
fn few_file_descriptors_are_an_error_and_no_verdict() {
    let world = world();
    world.countersign(&["enable", "alice"]).ok();
    for limit in 3..12 {
        let outcome = world.run(&["prlimit", &format!("--nofile={limit}"), COMMAND, "status", "alice"]);
        assert!(matches!(outcome.code(), Some(0 | 1 | 127)), "{limit}: {outcome:?}");
        assert!(!outcome.text().contains("Use 2FA: no"), "{limit}: {outcome:?}");
        let outcome = world.run(&["prlimit", &format!("--nofile={limit}"), COMMAND, "unblock", "nobody-such"]);
        assert_ne!(outcome.code(), Some(0), "{limit}: {outcome:?}");
    }
}

#[test]
fn a_lock_that_is_held_is_waited_for_and_then_named() {
    let world = world();
    world.countersign(&["enable", "alice", "bob"]).ok();
    let counters = format!("{STATE_DIR}/counters/alice");
    let mut holder = Terminal::spawn(&world, &["flock", &counters, "sh", "-c", "echo held; exec sleep 60"]);
    holder.expect("held");
    let outcome = world.countersign(&["disable", "alice", "bob"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("error: alice: ") && outcome.errors().contains("locked by"));
    assert!(outcome.text().starts_with("bob: 2FA is off"), "one user's lock is nobody else's");
    world.countersign(&["status", "alice"]).ok();
}

#[test]
fn twenty_commands_at_once_lose_nothing() {
    let world = world();
    world.countersign(&["disable", "alice"]).ok();
    let script = format!(
        "for i in 1 2 3 4 5 6 7 8 9 10; do {COMMAND} enable --json alice & {COMMAND} lock --json alice & done; wait"
    );
    let text = world.sh(&script).ok();
    let made: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|user| user["changed"] == true)
        .collect();
    assert_eq!(made.len(), 2, "one enable and one lock changed something: {text}");
    assert_eq!(text.lines().count(), 20);
    let now = status(&world, "alice");
    assert_eq!((&now["use_2fa"], &now["can_toggle"]), (&true.into(), &false.into()));
    let record = String::from_utf8(world.read_file(&format!("{STATE_DIR}/users/alice.toml"))).unwrap();
    assert!(record.contains("\nrevision = 3\n"), "{record}");
}

#[test]
fn opposite_commands_at_once_count_every_change() {
    let world = world();
    world.countersign(&["disable", "alice"]).ok();
    let script = format!(
        "for i in 1 2 3 4 5 6 7 8 9 10; do {COMMAND} enable --json alice & {COMMAND} disable --json alice & done; wait"
    );
    let text = world.sh(&script).ok();
    assert_eq!(text.lines().count(), 20, "{text}");
    let made = text.matches("\"changed\":true").count();
    let record = String::from_utf8(world.read_file(&format!("{STATE_DIR}/users/alice.toml"))).unwrap();
    assert!(record.contains(&format!("\nrevision = {}\n", made + 1)), "{made} changes: {record}");
    assert_eq!(world.sh("grep -c event=changed /run/world/log").ok().trim(), (made + 1).to_string());
}

#[test]
fn forget_and_enable_at_once_leave_a_whole_state() {
    let world = world();
    for _ in 0..5 {
        let script = format!("for i in 1 2 3 4 5; do {COMMAND} enable alice & {COMMAND} forget alice & done; wait");
        world.run(&["bash", "-c", &script]).ok();
        assert_eq!(status(&world, "alice")["state"], "ok");
    }
}

#[test]
fn a_change_that_stands_but_perhaps_not_for_good_is_an_error_and_logged_as_a_change() {
    let world = world();
    world.countersign(&["enable", "alice"]).ok();
    world.clear_log();
    let users = format!("{STATE_DIR}/users");
    // The sync of the directory, after the rename.
    let inject = ["-e", "inject=fsync:error=EIO", "-P", users.as_str()];
    let strace = [&["strace", "-o", "/tmp/trace"][..], &inject, &[COMMAND, "lock", "alice"]].concat();
    let outcome = world.run(&strace);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("the new record may stand"), "{}", outcome.errors());
    assert_eq!(status(&world, "alice")["can_toggle"], false);
    world.wait_for_log(&["event=changed", "user=alice", "what=lock", "by=root"]);
}
