//! One command for many users: side by side, in order, and told how far it got when somebody stops it.
use countersign_tests::World;
use countersign_tests::world::Outcome;

/// A host with forty people, all of whom have state, and nothing asked of them.
fn world() -> World {
    let world = World::builder().product("").build();
    add(&world, "10 49");
    let said = world.countersign(&["enable", "--all", "--yes"]).ok();
    assert!(said.ends_with("40 users: 40 changed, 0 as wanted already, 0 failed\n"), "{said}");
    world.countersign(&["disable", "--all", "--yes"]).ok();
    world
}

/// Accounts by number.
fn add(world: &World, numbers: &str) {
    let line = "user$number:x:$((3000 + number)):100::/home:/bin/sh";
    world.sh(&format!("for number in $(seq {numbers}); do echo \"{line}\"; done >> /etc/passwd")).ok();
}

/// Runs `command` in the background, as `$pid`, while the locks of all these users are held, up to `release`.
fn with_locks(world: &World, users: &str, command: &str, then: &str) -> Outcome {
    world.sh(&format!(
        "held=()
        for user in {users}; do exec {{fd}}<>/var/lib/countersign/counters/$user; flock $fd; held+=($fd); done
        release() {{ for fd in ${{held[@]}}; do flock -u $fd; done; }}
        using() {{ countersign status $1 --json | grep -q '\"use_2fa\":true'; }}
        until_so() {{ until \"$@\" 2>/dev/null; do sleep 0.02; done; }}
        set -m
        {command} >/tmp/out 2>/tmp/err & pid=$!
        {then}"
    ))
}

/// Every thread waits for a lock.
const ALL_WAIT: &str =
    "waiting() { test $(ls -l /proc/$pid/fd | grep -c counters/user) -ge $((32 + 40)); }; until_so waiting";

fn read(world: &World, path: &str) -> String {
    String::from_utf8(world.read_file(path)).expect("text")
}

#[test]
fn whoever_waits_for_one_users_lock_keeps_nobody_else_waiting() {
    let world = world();
    // Held until the last of all is changed.
    with_locks(&world, "user10 user11", "countersign enable --all --yes", "until_so using user49; release; wait $pid")
        .ok();
    let out = read(&world, "/tmp/out");
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("user10: ") && lines[39].starts_with("user49: "), "told in order: {out}");
    assert_eq!(lines[40..], ["40 users: 40 changed, 0 as wanted already, 0 failed"]);
}

#[test]
fn who_stops_a_long_command_is_told_how_far_it_got_and_what_had_begun_is_done() {
    for signal in ["INT", "TERM", "HUP"] {
        let world = world();
        let stop = format!(
            "{ALL_WAIT}; kill -{signal} $pid
            noticed() {{ for task in /proc/$pid/task/*; do grep -q 'SigBlk:.*0$' $task/status && return; done; false; }}
            until_so noticed; release; wait $pid && exit 9 || echo $?"
        );
        let ended = with_locks(&world, "user{10..49}", "countersign enable --all --yes", &stop);
        assert_eq!(ended.ok().trim(), "1", "{signal}");
        assert_eq!(
            read(&world, "/tmp/err"),
            "error: stopped after 32 of 40 users\nhint: to go on, run the same command again\n"
        );
        let said = read(&world, "/tmp/out");
        assert_eq!(said.lines().last(), Some("32 users: 32 changed, 0 as wanted already, 0 failed"), "{said}");
        let again = world.countersign(&["enable", "--all", "--yes"]).ok();
        assert!(again.ends_with("40 users: 8 changed, 32 as wanted already, 0 failed\n"), "{again}");
    }
}

#[test]
fn who_cannot_wait_stops_it_at_once_by_a_second_signal() {
    let world = world();
    let stop = format!(
        "{ALL_WAIT}; until_so eval 'kill -INT $pid; sleep 0.1; ! test -e /proc/$pid/exe'; wait $pid && exit 9 || echo $?"
    );
    let ended = with_locks(&world, "user{10..49}", "countersign enable --all --yes", &stop);
    assert_eq!(ended.ok().trim(), "130");
    assert!(world.countersign(&["enable", "--all", "--yes"]).ok().ends_with(" 0 failed\n"));
}

#[test]
fn a_signal_that_was_ignored_before_stays_ignored() {
    let world = world();
    let stop = format!("{ALL_WAIT}; kill -HUP $pid; release; wait $pid");
    with_locks(&world, "user{10..49}", "nohup countersign enable --all --yes", &stop).ok();
    assert!(read(&world, "/tmp/out").ends_with("40 users: 40 changed, 0 as wanted already, 0 failed\n"));
}

#[test]
fn several_groups_are_their_members_together_each_once() {
    let world = world();
    world.sh("printf 'red:x:7001:user10,user11\nblue:x:7002:user11,user12\nnone:x:7003:\n' >> /etc/group").ok();
    let said = world.countersign(&["enable", "--group", "red", "--group", "blue"]).ok();
    let about: Vec<&str> = said.lines().filter_map(|line| line.split_once(": ")).map(|(user, _)| user).collect();
    assert_eq!(about, ["user10", "user11", "user12", "3 users"], "{said}");
    let outcome = world.countersign(&["disable", "--group", "red", "--group", "green"]);
    assert_eq!((outcome.code(), outcome.text().as_str()), (Some(1), ""), "not even those of the group that is there");
    let outcome = world.countersign(&["enable", "--group", "none"]);
    assert_eq!(outcome.ok(), "0 users: 0 changed, 0 as wanted already, 0 failed\n");
    assert!(outcome.errors().starts_with("warning: group none: no members are known here"), "{}", outcome.errors());
}

#[test]
fn a_list_that_nobody_reads_to_its_end_says_nothing_about_that() {
    let world = world();
    add(&world, "40000 42999");
    world.countersign(&["enable", "--all", "--yes"]).ok();
    for words in ["list", "list --json", "list --not-enrolled", "report --names", "enable --all --yes"] {
        let script =
            format!("set -o pipefail; countersign {words} 2>/tmp/err | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}");
        assert_eq!(world.sh(&script).ok(), "0\n", "{words}");
        assert_eq!(read(&world, "/tmp/err"), "", "{words}");
    }
}

#[test]
fn a_list_in_many_parts_is_one_array_in_order_of_names() {
    let world = world();
    add(&world, "40000 42999");
    world.countersign(&["enable", "--all", "--yes"]).ok();
    let listed: serde_json::Value = serde_json::from_str(&world.countersign(&["list", "--json"]).ok()).expect("JSON");
    let names: Vec<&str> =
        listed.as_array().expect("an array").iter().filter_map(|user| user["user"].as_str()).collect();
    assert!(names.len() == 3_040 && names.is_sorted(), "{}", names.len());
}
