//! Rolling out: many users at once by group or all, lists by what holds, and how far it is.
use countersign_tests::factor::IN_USE;
use countersign_tests::terminal::Terminal;
use countersign_tests::world::Outcome;
use countersign_tests::{Factor, World};
use serde_json::Value;

const STAFF: [&str; 4] = ["alice", "bob", "carol", "dave"];

fn world_of(config: &str) -> World {
    let builder = STAFF.iter().fold(World::builder(), |builder, user| builder.user(user, "correct horse"));
    builder.product(config).build()
}

fn json(world: &World, arguments: &[&str]) -> Value {
    let text = world.countersign(arguments).ok();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Who uses a second factor, by the list.
fn using(world: &World) -> Vec<String> {
    let listed = json(world, &["list", "--json"]);
    let on = listed.as_array().expect("an array").iter().filter(|user| user["use_2fa"] == true);
    on.map(|user| user["user"].as_str().expect("a name").to_owned()).collect()
}

fn names(world: &World, arguments: &[&str]) -> Vec<String> {
    let listed = json(world, &[&["list", "--json"], arguments].concat());
    listed.as_array().expect("an array").iter().map(|user| user["user"].as_str().expect("a name").to_owned()).collect()
}

fn last_line(outcome: &Outcome) -> String {
    outcome.ok().lines().last().expect("a line").to_owned()
}

#[test]
fn a_group_is_those_it_lists_and_those_whose_primary_group_it_is_with_or_without_a_record() {
    let world = world_of("");
    world.add_to_group("pilots", &["alice", "bob"]);
    world.sh("usermod -g pilots carol").ok();
    world.countersign(&["enable", "bob"]).ok();
    let outcome = world.countersign(&["enable", "--group", "pilots"]);
    let text = outcome.ok();
    let about: Vec<&str> = text.lines().filter_map(|line| line.split_once(": ")).map(|(user, _)| user).collect();
    assert_eq!(about, ["alice", "bob", "carol", "3 users"], "{text}");
    assert_eq!(last_line(&outcome), "3 users: 2 changed, 1 as wanted already, 0 failed");
    assert_eq!(using(&world), ["alice", "bob", "carol"]);
    assert_eq!(json(&world, &["lock", "--group", "pilots", "--json"]).as_array().map(Vec::len), Some(3));
    assert_eq!(names(&world, &["--locked"]), ["alice", "bob", "carol"]);
    assert_eq!(
        last_line(&world.countersign(&["disable", "--group", "pilots"])),
        "3 users: 3 changed, 0 as wanted already, 0 failed"
    );
    assert_eq!(using(&world), [""; 0]);
}

#[test]
fn a_group_that_is_not_there_or_a_member_without_an_account_changes_nobody_else() {
    let world = world_of("");
    let outcome = world.countersign(&["enable", "--group", "pilots"]);
    assert_eq!(outcome.code(), Some(1));
    assert!(outcome.errors().contains("group pilots: the system knows no such group"), "{}", outcome.errors());
    world.sh("echo 'pilots:x:7001:alice,ghost' >> /etc/group").ok();
    assert_eq!(
        last_line(&world.countersign(&["enable", "--group", "pilots"])),
        "1 user: 1 changed, 0 as wanted already, 0 failed"
    );
    assert_eq!(using(&world), ["alice"]);
}

#[test]
fn where_accounts_cannot_be_listed_nobody_is_changed() {
    let world = world_of("");
    world.sh("mount --bind /bin/false /usr/bin/getent").ok();
    for words in [&["enable", "--all", "--yes"][..], &["enable", "--group", "root"]] {
        let outcome = world.countersign(words);
        assert_eq!(outcome.code(), Some(1), "{words:?}");
        assert!(outcome.errors().contains("cannot be listed"), "{}", outcome.errors());
    }
    assert_eq!(using(&world), [""; 0]);
}

#[test]
fn all_are_the_people_of_this_host_and_whoever_has_state_and_only_once_someone_agreed() {
    let world = world_of("");
    world.sh("useradd -r -s /bin/sh robot && useradd -s /usr/sbin/nologin mute").ok();
    let outcome = world.countersign(&["enable", "--all"]);
    assert_eq!(outcome.code(), Some(1));
    let told = outcome.errors();
    assert!(
        told.contains("error: this would turn 2FA on for ") && told.contains("hint: if that is meant, add --yes"),
        "{told}"
    );
    assert_eq!(using(&world), [""; 0]);
    let outcome = world.countersign(&["enable", "--all", "--yes"]);
    assert_eq!(last_line(&outcome), "4 users: 4 changed, 0 as wanted already, 0 failed");
    assert_eq!(using(&world), STAFF);
    world.countersign(&["enable", "root", "robot"]).ok();
    let outcome = world.countersign(&["disable", "--all", "--yes"]);
    assert_eq!(last_line(&outcome), "6 users: 6 changed, 0 as wanted already, 0 failed");
    assert_eq!(using(&world), [""; 0]);
}

#[test]
fn at_a_terminal_all_are_changed_only_by_yes() {
    let world = world_of("");
    for (answer, expected) in [("", 0), ("n", 0), ("yes", STAFF.len())] {
        let mut terminal = Terminal::spawn(&world, &["countersign", "enable", "--all"]);
        terminal.answer("This will turn 2FA on for 4 users. Go on? [y/N] ", answer);
        let status = terminal.wait_exit();
        assert_eq!((status.success(), using(&world).len()), (expected > 0, expected), "{answer}");
    }
}

#[test]
fn names_a_group_and_all_exclude_each_other() {
    let world = world_of("");
    for words in [
        &["enable"][..],
        &["enable", "alice", "--all"],
        &["enable", "alice", "--group", "root"],
        &["enable", "--group", "root", "--all"],
        &["enable", "alice", "--yes"],
    ] {
        assert_eq!(world.countersign(words).code(), Some(2), "{words:?}");
    }
    assert_eq!(using(&world), [""; 0]);
}

#[test]
fn a_list_holds_those_of_whom_all_that_is_asked_for_is_so() {
    let factor = Factor::new(IN_USE, &STAFF);
    let world = &factor.world;
    let (token, codes) = factor.enroll_with_recovery_codes("alice");
    factor.enroll("bob");
    factor.assert_next_code_accepted("alice", &token);
    factor.fail("alice", &token, 5);
    world.countersign(&["lock", "bob", "carol"]).ok();
    world.countersign(&["enable", "dave"]).ok();
    assert_eq!(names(world, &["--blocked"]), ["alice"]);
    assert_eq!(names(world, &["--locked"]), ["bob", "carol"]);
    assert_eq!(names(world, &["--few-recovery-codes"]), [""; 0]);
    // All but two.
    for code in &codes[2..] {
        factor.next_step();
        factor.login("alice", &[code]);
    }
    assert_eq!(names(world, &["--few-recovery-codes"]), ["alice"]);
    assert_eq!(json(world, &["report", "--json"])["few_recovery_codes"], serde_json::json!(["alice"]));
    assert_eq!(names(world, &["--never-logged-in"]), ["carol", "dave"]);
    assert_eq!(names(world, &["--locked", "--never-logged-in"]), ["carol"]);
    assert_eq!(names(world, &["--blocked", "--locked"]), [""; 0]);
    assert!(names(world, &["--not-enrolled", "--locked"]).contains(&"carol".to_owned()));
    assert!(!names(world, &["--not-enrolled", "--locked"]).contains(&"dave".to_owned()));
    let table = world.countersign(&["list", "--locked"]).ok();
    assert_eq!(table.lines().count(), 3, "{table}");
    world.countersign(&["disable", "alice"]).ok();
    assert_eq!(names(world, &["--few-recovery-codes"]), ["alice"]);
    let report = json(world, &["report", "--json"]);
    assert_eq!(report["few_recovery_codes"], serde_json::json!([]), "who is not asked needs none");
}

#[test]
fn the_report_says_in_a_sentence_how_far_it_is() {
    let factor = Factor::new("", &STAFF);
    let world = &factor.world;
    assert!(world.countersign(&["report"]).ok().starts_with("0 of 0 enrolled; nobody is asked for a code yet\n"));
    world.countersign(&["enable", "alice", "bob", "carol"]).ok();
    let token = factor.enroll("alice");
    world.countersign(&["grace", "bob", "3d"]).ok();
    let said = world.countersign(&["report"]).ok();
    let report = json(world, &["report", "--json"]);
    let until = report["grace_until"].as_str().expect("a time").to_owned();
    let day = world.sh(&format!("date --utc --date={until} '+%-d %B'")).ok();
    let sentence = format!("1 of 3 enrolled; 1 must at the next login; 1 must by {}", day.trim());
    assert!(said.starts_with(&sentence), "{said}");
    assert_eq!(report["in_grace"][0]["until"], until);
    assert_eq!((&report["asked"], &report["enrolled"]), (&3.into(), &1.into()));
    assert_eq!(report["must_now"], serde_json::json!(["carol"]));
    assert_eq!(report["in_grace"][0]["user"], "bob");
    factor.fail("alice", &token, 5);
    let said = world.countersign(&["report", "--names"]).ok();
    assert!(said.contains("Blocked: 1: alice\n") && said.contains("Must at the next login: 1: carol\n"), "{said}");
    world.write_file("/var/lib/countersign/users/dave.toml", "damaged", 0o600);
    let outcome = world.countersign(&["report"]);
    assert_eq!(outcome.code(), Some(1));
    assert!(outcome.text().contains("Untrusted: 1 (dave)"), "{outcome:?}");
}
