//! `reset`, `unblock`, `forget` by the real command, on states that real logins left behind.
use countersign_tests::code::{Parameters, code_now, wrong_code};
use countersign_tests::pam_driver::pam;
use countersign_tests::world::STATE_DIR;
use countersign_tests::{Driver, Phase, World};
use serde_json::Value;

const CONFIG: &str = "[throttle]\nfree = 0\nfirst_delay = \"1h\"\n[recovery]\ncodes = 0\n";

fn world_of(config: &str) -> World {
    let world = World::builder().user("alice", "correct horse").user("bob", "battery").product(config).build();
    world.clock().freeze_mid_step(30);
    world
}

fn status(world: &World, user: &str) -> Value {
    let outcome = world.countersign(&["status", user, "--json"]);
    serde_json::from_str(&outcome.text()).unwrap_or_else(|error| panic!("{error}: {outcome:?}"))
}

/// Enrolls alice with 2FA on; returns her key.
fn enrolled(world: &World) -> String {
    world.countersign(&["enable", "alice"]).ok();
    let uri = world.countersign(&["enroll", "alice", "--uri", "--no-confirm"]).ok();
    countersign_tests::qr::Otpauth::parse(uri.trim()).parameters.secret
}

/// One login with these answers; its code.
fn login(world: &World, answer: &str) -> i32 {
    let driver = Driver::new(world).bare_module("pam_countersign.so").answers([answer]);
    driver.phases([Phase::Authenticate]).run().code(Phase::Authenticate)
}

fn block(world: &World, key: &str) {
    let wrong = wrong_code(&Parameters::new(key), world.clock().now(), 30);
    assert_eq!(login(world, &wrong), pam::AUTH_ERR);
    assert!(!status(world, "alice")["blocked"].is_null());
}

#[test]
fn unblock_lifts_the_block_and_keeps_what_was_used() {
    let world = world_of(CONFIG);
    let key = enrolled(&world);
    let code = code_now(&world, &key);
    assert_eq!(login(&world, &code), pam::SUCCESS);
    block(&world, &key);
    world.clear_log();
    let said = world.countersign(&["unblock", "alice"]).ok();
    assert_eq!(
        said,
        "alice: the block is lifted, 1 wrong code is forgotten; to let alice turn 2FA off: countersign unlock alice\n"
    );
    world.wait_for_log(&["event=changed", "user=alice", "what=unblock"]);
    let now = status(&world, "alice");
    assert_eq!((&now["blocked"], &now["failures"], &now["enrolled"]), (&Value::Null, &0.into(), &true.into()));
    assert_ne!(login(&world, &code), pam::SUCCESS, "a used code stays used");
    world.move_clock(30);
    assert_eq!(login(&world, &code_now(&world, &key)), pam::SUCCESS);
    let said = world.countersign(&["unblock", "alice"]).ok();
    assert!(said.starts_with("alice: not blocked"), "{said}");
}

#[test]
fn a_block_at_the_hard_limit_has_no_end_in_json() {
    let world = world_of("[throttle]\nfree = 0\nhard_limit = 1\n[recovery]\ncodes = 0\n");
    let key = enrolled(&world);
    block(&world, &key);
    assert_eq!(status(&world, "alice")["blocked"]["until"], Value::Null);
    let text = world.countersign(&["status", "alice"]).ok();
    assert!(text.contains("Blocked: until an administrator unblocks"), "{text}");
    let said = world.countersign(&["enable", "alice"]).ok();
    assert_eq!(said, "alice: already on\n");
    world.countersign(&["unblock", "alice"]).ok();
    assert_eq!(status(&world, "alice")["blocked"], Value::Null);
}

#[test]
fn reset_forgets_token_failures_and_block_but_not_the_settings() {
    let world = world_of(CONFIG);
    let key = enrolled(&world);
    world.countersign(&["lock", "alice"]).ok();
    block(&world, &key);
    let said = world.countersign(&["reset", "alice"]).ok();
    assert_eq!(
        said,
        "alice: the token and all failures are forgotten; the next login shows a QR code, and alice may not turn it off\n"
    );
    let now = status(&world, "alice");
    assert_eq!((&now["enrolled"], &now["blocked"], &now["failures"]), (&false.into(), &Value::Null, &0.into()));
    assert_eq!((&now["use_2fa"], &now["can_toggle"]), (&true.into(), &false.into()));
    let said = world.countersign(&["reset", "alice", "bob"]).ok();
    assert!(said.starts_with("alice: nothing to reset"), "{said}");
    let listed = world.countersign(&["list"]).ok();
    assert!(!listed.contains("bob"), "a reset of nothing leaves nothing: {listed}");
}

#[test]
fn reset_clears_failures_even_if_the_token_is_gone_already() {
    let world = world_of(CONFIG);
    let key = enrolled(&world);
    block(&world, &key);
    // As if the first reset had been cut off between record and counters.
    world.sh(&format!("sed -i '/^.*token/,$d' {STATE_DIR}/users/alice.toml")).ok();
    assert!(!status(&world, "alice")["blocked"].is_null());
    let said = world.countersign(&["reset", "alice"]).ok();
    assert!(said.starts_with("alice: not enrolled; failures are forgotten"), "{said}");
    assert_eq!(status(&world, "alice")["blocked"], Value::Null);
}

#[test]
fn forget_removes_all_and_says_what_holds_then() {
    let world = world_of("");
    enrolled(&world);
    world.clear_log();
    let said = world.countersign(&["forget", "alice"]).ok();
    assert_eq!(said, "alice: forgotten; should alice log in again, 2FA is off, the default\n");
    world.wait_for_log(&["event=changed", "user=alice", "what=forget"]);
    assert_eq!(world.sh(&format!("find {STATE_DIR}/users {STATE_DIR}/counters -type f")).ok(), "");
    assert_eq!(world.countersign(&["forget", "alice"]).ok(), "alice: nothing to forget\n");
    let outcome = world.countersign(&["forget", "--json", "alice"]);
    let now: Value = serde_json::from_str(&outcome.ok()).unwrap();
    assert_eq!((&now["changed"], &now["use_2fa_source"]), (&false.into(), &"default".into()));
}

#[test]
fn forget_of_a_leaver_needs_to_be_told_so() {
    let world = world_of("");
    enrolled(&world);
    world.sh("sed -i /^alice:/d /etc/passwd").ok();
    let outcome = world.countersign(&["forget", "alice"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("alice still has state here; to act on it, add --no-account"));
    let outcome = world.countersign(&["forget", "nobody-such"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("if it is spelled right, add --no-account"));
    world.countersign(&["forget", "--no-account", "alice"]).ok();
    assert_eq!(world.countersign(&["list", "--json"]).ok(), "[]\n");
}

#[test]
fn forget_removes_what_cannot_be_trusted() {
    let world = world_of("");
    let (record, counters) = (format!("{STATE_DIR}/users/alice.toml"), format!("{STATE_DIR}/counters/alice"));
    for damage in [
        format!("echo damaged >>{record}"),
        format!("chmod 644 {record}"),
        format!("rm {record}"),
        format!("rm {counters}"),
        format!(": >{counters}"),
        format!("ln {record} {STATE_DIR}/users/.second"),
        format!("rm {record}; ln -s /etc/passwd {record}"),
        format!("rm {record}; mkfifo {record}"),
        format!("rm {counters}; mkfifo {counters}"),
        format!("chown bob {counters}"),
        format!("head -c 70000 /dev/zero >{record}"),
    ] {
        enrolled(&world);
        world.sh(&damage).ok();
        let now = status(&world, "alice");
        assert_eq!(now["state"], "untrusted", "{damage}: {now}");
        for change in ["enable", "disable", "lock", "reset", "unblock"] {
            let outcome = world.countersign(&[change, "alice"]);
            outcome.expect_code(1);
            assert!(outcome.errors().contains("hint: mend it"), "{damage}: {}", outcome.errors());
        }
        world.countersign(&["forget", "alice"]).ok();
        world.sh(&format!("rm -f {STATE_DIR}/users/.second")).ok();
        assert_eq!(status(&world, "alice")["state"], "ok", "{damage}");
    }
    assert!(world.exists("/etc/passwd"));
}

#[test]
fn one_users_damage_is_nobody_elses() {
    let world = world_of("");
    enrolled(&world);
    world.countersign(&["enable", "bob"]).ok();
    world.sh(&format!("chmod 644 {STATE_DIR}/users/alice.toml")).ok();
    world.clear_log();
    let outcome = world.countersign(&["lock", "alice", "bob"]);
    outcome.expect_code(1);
    assert!(outcome.text().starts_with("bob may no longer"), "{}", outcome.text());
    world.wait_for_log(&["event=untrusted", "user=alice", "path=/var/lib/countersign/users/alice.toml", "0644"]);
}
