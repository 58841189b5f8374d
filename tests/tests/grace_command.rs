//! `countersign grace` and `list --not-enrolled`: time given and ended by root, and who is left.
use countersign_tests::factor::IN_USE;
use countersign_tests::pam_driver::pam;
use countersign_tests::{Factor, Phase};
use serde_json::Value;

const WEEK: &str = "[defaults]\nuse_2fa = true\n[enrollment]\ngrace = \"7d\"\n";
const DAY: i64 = 86_400;

fn later(factor: &Factor) -> bool {
    let transcript = factor.login("alice", &["later"]);
    assert!(transcript.ended(), "{transcript:#?}");
    transcript.codes(Phase::Authenticate) == [pam::SUCCESS]
}

fn grace(factor: &Factor, arguments: &[&str]) -> String {
    factor.world.countersign(&[&["grace"], arguments].concat()).ok()
}

fn left(factor: &Factor) -> Vec<String> {
    let text = factor.world.countersign(&["list", "--not-enrolled"]).ok();
    text.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn root_gives_time_where_there_is_none_and_ends_it() {
    let factor = Factor::new(IN_USE, &["alice"]);
    assert!(!later(&factor));
    let text = grace(&factor, &["alice", "3d"]);
    assert!(text.starts_with("alice: may log in without a token until 20"), "{text}");
    assert!(later(&factor));
    let until = factor.status("alice")["grace_until"].clone();
    assert!(text.contains(until.as_str().expect("a time")));
    let shown = factor.world.countersign(&["status", "alice"]).ok();
    assert!(shown.contains(&format!("Time to enroll: until {}\n", until.as_str().unwrap())), "{shown}");
    factor.world.move_clock(3 * DAY);
    assert!(!later(&factor));
    assert_eq!(factor.status("alice")["grace_until"], Value::Null);
    grace(&factor, &["alice", "12h"]);
    assert!(later(&factor));
    assert_eq!(grace(&factor, &["alice", "off"]), "alice: has no more time to enroll; the next login must enroll\n");
    assert_eq!(grace(&factor, &["alice", "off"]), "alice: already has no time to enroll\n");
    assert!(!later(&factor));
    factor.world.wait_for_log(&["event=changed", "what=grace", "by=root", "user=alice"]);
}

#[test]
fn only_root_renews_what_an_enrollment_ended() {
    let factor = Factor::new(WEEK, &["alice"]);
    factor.enroll("alice");
    let outcome = factor.world.countersign(&["grace", "alice", "3d"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("is enrolled, and needs no time to enroll"), "{}", outcome.errors());
    factor.world.countersign(&["reset", "alice"]).ok();
    assert!(!later(&factor));
    grace(&factor, &["alice", "3d"]);
    assert!(later(&factor));
    factor.enroll("alice");
    factor.world.countersign(&["reset", "alice"]).ok();
    assert!(!later(&factor), "ended again");
}

#[test]
fn off_ends_what_was_never_begun() {
    let factor = Factor::new(WEEK, &["alice"]);
    assert_eq!(
        factor.world.countersign(&["status", "alice"]).ok().lines().find(|line| line.starts_with("Time")),
        Some("Time to enroll: 7 days from the first login")
    );
    grace(&factor, &["alice", "off"]);
    assert!(!later(&factor));
}

#[test]
fn several_users_and_json_and_wrong_usage() {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    let text = grace(&factor, &["alice", "bob", "1d", "--json"]);
    let users: Value = serde_json::from_str(&text).expect("an array");
    assert!(
        users
            .as_array()
            .expect("an array")
            .iter()
            .all(|user| user["changed"] == true && user["grace_until"].is_string())
    );
    let outcome = factor.world.countersign(&["grace", "ghost", "bob", "2d"]);
    outcome.expect_code(1);
    assert!(outcome.text().starts_with("bob: may log in") && outcome.errors().starts_with("error: ghost: "));
    let before = factor.state();
    for time in ["3", "3w", "0s", "-1d", "400d", "never", ""] {
        factor.world.countersign(&["grace", "alice", time]).expect_code(2);
    }
    factor.world.countersign(&["grace", "3d"]).expect_code(2);
    assert_eq!(factor.state(), before);
}

#[test]
fn who_is_left_is_listed_with_the_time_left() {
    let factor = Factor::new(WEEK, &["alice", "bob", "carol", "dora"]);
    factor.enroll("alice");
    assert!(factor.login("bob", &["later"]).let_in());
    factor.world.countersign(&["disable", "carol"]).ok();
    let until = factor.status("bob")["grace_until"].as_str().expect("a time").to_owned();
    let row = |user: &str| left(&factor).iter().find_map(|row| Some(row.strip_prefix(user)?.trim_start().to_owned()));
    assert_eq!(row("bob "), Some(format!("until {until}")));
    assert_eq!(row("dora "), Some("7 days from the first login".to_owned()), "an account that never logged in");
    assert_eq!((row("alice "), row("carol "), row("daemon ")), (None, None, None));
    assert!(row("root ").is_some(), "root too is asked");
    factor.world.move_clock(7 * DAY);
    assert_eq!(row("bob ").as_deref(), Some("none: the next login must"));
    let json: Value =
        serde_json::from_str(&factor.world.countersign(&["list", "--not-enrolled", "--json"]).ok()).unwrap();
    let names: Vec<_> = json.as_array().unwrap().iter().map(|user| user["user"].as_str().unwrap()).collect();
    assert!(names.is_sorted() && names.contains(&"bob") && !names.contains(&"alice"), "{names:?}");
}

#[test]
fn whom_a_rule_requires_is_listed_though_nobody_touched_them() {
    let rule = "[[rule]]\nusers = [\"bob\", \"ghost\"]\nservices = [\"sshd\"]\nthen = \"required\"\n\
                [[rule]]\ngroups = [\"staff2\"]\nthen = \"required\"\n";
    let factor = Factor::new(rule, &["alice", "bob", "carol"]);
    factor.world.add_to_group("staff2", &["carol"]);
    let names: Vec<_> =
        left(&factor).iter().filter_map(|row| Some(row.split_whitespace().next()?.to_owned())).collect();
    assert_eq!(names, ["bob", "carol"]);
    let status = factor.status("carol");
    assert_eq!((&status["use_2fa"], &status["use_2fa_source"]), (&true.into(), &"rule 2".into()));
    let status = factor.status("bob");
    assert_eq!((&status["use_2fa"], &status["use_2fa_source"]), (&false.into(), &"default".into()));
    let text = factor.world.countersign(&["status", "bob"]).ok();
    assert!(text.contains("Note: rule 1 requires a code at some logins\n"), "{text}");
}
