//! `countersign explain`: one sentence about a login, and who may do what to the user.
use countersign_tests::Factor;
use countersign_tests::factor::IN_USE;
use serde_json::Value;

fn explain(factor: &Factor, arguments: &[&str]) -> Vec<String> {
    let text = factor.world.countersign(&[&["explain"], arguments].concat()).ok();
    text.lines().map(str::to_owned).collect()
}

fn json(factor: &Factor, arguments: &[&str]) -> Value {
    let outcome = factor.world.countersign(&[&["explain", "--json"], arguments].concat());
    serde_json::from_str(&outcome.text()).unwrap_or_else(|error| panic!("{error}: {outcome:?}"))
}

#[test]
fn one_sentence_names_the_rule_and_what_happens() {
    let config = "[[rule]]\nservices = [\"su\"]\nthen = \"skip\"\n\
                  [[rule]]\nnetworks = [\"10.0.0.0/8\"]\nusers = [\"alice\"]\nthen = \"required\"\n";
    let factor = Factor::new(config, &["alice", "bob"]);
    let first = |arguments: &[&str]| explain(&factor, arguments).remove(0);
    assert_eq!(
        first(&["alice", "--from", "10.1.1.1"]),
        "alice on sshd from 10.1.1.1: rule 2 requires a code; alice is shown a QR code, and may not turn 2FA off there"
    );
    assert_eq!(
        first(&["alice", "--service", "su"]),
        "alice on su: rule 1 asks for no code; alice gets in without a code"
    );
    assert_eq!(
        first(&["alice", "--from", "192.0.2.1"]),
        "alice on sshd from 192.0.2.1: no rule decides, so it is up to the default for users without a record, which is \
         off; alice gets in without a code"
    );
    let unknown = explain(&factor, &["alice", "--from", "host.example"]);
    assert!(unknown[0].contains("rule 2 requires a code"), "{unknown:?}");
    assert!(unknown[1].starts_with("Note: host.example is no address"), "{unknown:?}");
    factor.world.countersign(&["enable", "bob"]).ok();
    factor.world.countersign(&["enroll", "bob", "--no-confirm"]).ok();
    assert_eq!(
        first(&["bob", "--from", "10.1.1.1"]),
        "bob on sshd from 10.1.1.1: no rule decides, so it is up to bob's own setting, which is on; bob is asked for a code"
    );
    factor.world.countersign(&["explain", "ghost"]).expect_code(1);
}

#[test]
fn blocks_and_time_to_enroll_are_part_of_it() {
    let factor = Factor::new(&format!("{IN_USE}[enrollment]\ngrace = \"7d\"\n"), &["alice", "bob"]);
    let before = factor.state();
    assert!(explain(&factor, &["alice"])[0].contains("may turn 2FA off there, and may put it off until 20"));
    assert!(
        explain(&factor, &["alice", "--service", "cron"])[0].contains("cannot enroll on cron, but gets in without")
    );
    assert_eq!(factor.state(), before, "looking changes nothing");
    let token = factor.enroll("alice");
    factor.fail("alice", &token, 5);
    let now = json(&factor, &["alice"]);
    assert_eq!((&now["then"], now["until"].is_string()), (&"ask_recovery_code".into(), true), "{now:#}");
    factor.world.sh("chmod 0644 /var/lib/countersign/users/alice.toml").ok();
    let outcome = factor.world.countersign(&["explain", "alice"]);
    outcome.expect_code(1);
    assert!(outcome.text().contains("alice is refused: /var/lib/countersign/users/alice.toml: has mode 0644"));
}

#[test]
fn it_says_what_the_user_may_do_and_who_may_do_what_to_them() {
    let config = "[administrators]\ngroups = [\"admins\"]\n\
                  [[delegate]]\ngroup = \"helpdesk\"\nover = [\"students\"]\nmay = [\"reset\", \"unblock\"]\n";
    let factor = Factor::new(config, &["alice", "bob", "carol", "dora"]);
    for (group, member) in [("admins", "bob"), ("helpdesk", "carol"), ("students", "alice"), ("students", "dora")] {
        factor.world.add_to_group(group, &[member]);
    }
    factor.world.add_to_group("students", &["bob", "carol"]);
    factor.world.add_to_group("adm", &["dora"]);
    assert_eq!(
        explain(&factor, &["alice"])[1..],
        [
            "alice may, without root: status, explain, tokens, enable",
            "root may, to alice: everything",
            "members of admins may, to alice: everything",
            "members of helpdesk may, to alice: reset, unblock",
        ]
    );
    // Administrators, delegates and members of excepted groups are out of a delegate's reach.
    for user in ["bob", "carol", "dora"] {
        let others = json(&factor, &[user])["others"].to_string();
        assert!(!others.contains("helpdesk") && others.contains("admins"), "{user}: {others}");
    }
    // Nobody else acts on root, and no administrator is ever locked.
    let but_lock = "enable, disable, reset, enroll, remove-token, new-recovery-codes, unblock, unlock"
        .split(", ")
        .collect::<Vec<_>>();
    let of_root = [&but_lock[..], &["grace", "forget"]].concat();
    assert_eq!(explain(&factor, &["root"])[1..], [format!("root may, to root: {}", of_root.join(", "))]);
    assert_eq!(json(&factor, &["root"])["others"], serde_json::json!([{"group": null, "may": of_root}]));
    let of_an_administrator =
        serde_json::json!([{"group": null, "may": of_root}, {"group": "admins", "may": but_lock}]);
    assert_eq!(json(&factor, &["bob"])["others"], of_an_administrator);
    factor.world.countersign(&["enroll", "alice", "--no-confirm"]).ok();
    let may = |factor: &Factor| json(factor, &["alice"])["may"].clone();
    let all = ["status", "explain", "tokens", "enable", "disable"];
    let factors = ["reset", "enroll", "remove-token", "new-recovery-codes"];
    let all: Vec<_> = all.into_iter().chain(factors).collect();
    assert_eq!(may(&factor), serde_json::json!(all));
    factor.world.countersign(&["lock", "alice"]).ok();
    assert_eq!(may(&factor), serde_json::json!([&all[..3], &factors].concat()));
}

#[test]
fn it_claims_for_a_delegate_what_the_helper_allows_and_no_more() {
    let delegate = |more: &str| {
        format!(
            "[[rule]]\ngroups = [\"staff\"]\nthen = \"required\"\n\
             [[delegate]]\ngroup = \"helpdesk\"\nover = [\"students\"]\nmay = [\"reset\", \"disable\"]\n{more}"
        )
    };
    let factor = Factor::new(&delegate(""), &["alice", "bob", "carol"]);
    for (group, members) in [("helpdesk", ["carol"].as_slice()), ("students", &["alice", "bob"]), ("staff", &["bob"])] {
        factor.world.add_to_group(group, members);
    }
    let line = |user: &str| explain(&factor, &[user]).into_iter().find(|line| line.contains("helpdesk"));
    assert_eq!(line("alice").as_deref(), Some("members of helpdesk may, to alice: disable, reset"));
    assert_eq!(line("bob").as_deref(), Some("members of helpdesk may, to bob: reset"), "a rule requires a code of bob");
    // Who may be in a group that does not exist is guarded.
    factor.world.configure(&delegate("except = [\"gone\"]\n"));
    assert_eq!(line("alice"), None);
    // Entries add up.
    let more = "[[delegate]]\ngroup = \"helpdesk\"\nover = [\"staff\"]\nmay = [\"unblock\"]\n";
    factor.world.configure(&delegate(more));
    assert_eq!(line("bob").as_deref(), Some("members of helpdesk may, to bob: reset, unblock"));
}
