//! Rules at a login: by service, user, group and network; the first match decides; what is unknown only requires.
use countersign_tests::factor::{PASSWORD, PROMPT};
use countersign_tests::pam_driver::{Item, pam};
use countersign_tests::world::Stack;
use countersign_tests::{Factor, Phase, Transcript, terminal};
use serde_json::Value;

const NO: &str = "You may not disable two-factor authentication.";

/// What one login comes to: nothing asked, or the QR code of a first login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comes {
    Nothing,
    Screen,
}
use Comes::{Nothing, Screen};

fn login(factor: &Factor, user: &str, service: &str, rhost: Option<&str>) -> Transcript {
    let driver = factor.driver(user).service(service);
    match rhost {
        Some(rhost) => driver.item(Item::Rhost, rhost).run(),
        None => driver.run(),
    }
}

/// What comes, by the module; and `explain` must say the same.
fn comes(factor: &Factor, user: &str, service: &str, rhost: Option<&str>) -> Comes {
    let transcript = login(factor, user, service, rhost);
    let comes = match transcript.codes(Phase::Authenticate).as_slice() {
        [pam::IGNORE] => Nothing,
        [pam::CONV_ERR] if transcript.shows(PROMPT) => Screen,
        _ => panic!("{transcript:#?}"),
    };
    let explained = explained(factor, user, service, rhost);
    let then = explained["then"].as_str().expect("a word");
    assert_eq!(then, if comes == Nothing { "pass" } else { "enroll" }, "{explained:#}");
    comes
}

fn explained(factor: &Factor, user: &str, service: &str, rhost: Option<&str>) -> Value {
    let from = rhost.map(|rhost| format!("--from={rhost}"));
    let service = format!("--service={service}");
    let mut arguments = vec!["explain", user, &service, "--json"];
    arguments.extend(from.as_deref());
    serde_json::from_str(&factor.world.countersign(&arguments).ok()).expect("an object")
}

fn rules(rules: &[&str]) -> String {
    rules.iter().flat_map(|rule| ["[[rule]]\n", rule, "\n"]).collect()
}

#[test]
fn a_rule_by_group_decides_about_its_members_by_list_and_by_primary_group() {
    let factor =
        Factor::new(&rules(&["groups = [\"staff2\", \"carol\"]\nthen = \"required\""]), &["alice", "bob", "carol"]);
    factor.world.add_to_group("staff2", &["alice"]);
    for (user, expected) in [("alice", Screen), ("bob", Nothing), ("carol", Screen)] {
        assert_eq!(comes(&factor, user, "sshd", None), expected, "{user}");
    }
    assert_eq!(explained(&factor, "alice", "sshd", None)["rule"], 1);
}

#[test]
fn a_rule_by_network_goes_by_the_address_alone() {
    let config = rules(&["networks = [\"10.0.0.0/8\", \"2001:db8::/32\"]\nthen = \"required\""]);
    let factor = Factor::new(&config, &["alice"]);
    let cases = [
        ("10.9.8.7", Screen),
        ("11.0.0.1", Nothing),
        ("::ffff:10.1.1.1", Screen),
        ("2001:db8::1", Screen),
        ("2001:db9::1", Nothing),
        // Not an address: unknown, which only requires.
        ("host.example", Screen),
        ("10.0.0.1.example", Screen),
        ("10.0.0.1:22", Screen),
        ("fe80::1%eth0", Screen),
    ];
    for (rhost, expected) in cases {
        assert_eq!(comes(&factor, "alice", "sshd", Some(rhost)), expected, "{rhost}");
    }
    assert_eq!(comes(&factor, "alice", "su", None), Screen, "no address at all is unknown too");
}

#[test]
fn what_is_unknown_neither_skips_nor_leaves_it_to_the_user() {
    for then in ["skip", "user"] {
        let unknown = format!("networks = [\"10.0.0.0/8\"]\nthen = \"{then}\"");
        let config = rules(&[&unknown, "then = \"required\""]);
        let factor = Factor::new(&config, &["alice"]);
        assert_eq!(comes(&factor, "alice", "sshd", Some("10.1.1.1")), Nothing);
        for rhost in [None, Some("10.x"), Some("11.1.1.1")] {
            assert_eq!(comes(&factor, "alice", "sshd", rhost), Screen, "{then} {rhost:?}");
        }
        let missing = format!("groups = [\"no-such-group\"]\nthen = \"{then}\"");
        factor.world.configure(&rules(&[&missing, "then = \"required\""]));
        assert_eq!(comes(&factor, "alice", "sshd", None), Screen);
    }
    // A group that does not exist may be one whose server is away: it requires.
    let factor = Factor::new(&rules(&["groups = [\"no-such-group\"]\nthen = \"required\""]), &["alice"]);
    assert_eq!(comes(&factor, "alice", "sshd", None), Screen);
    let notes = explained(&factor, "alice", "sshd", None)["notes"].to_string();
    assert!(notes.contains("group no-such-group does not exist"), "{notes}");
}

#[test]
fn a_group_that_cannot_be_read_is_unknown() {
    let config = rules(&["groups = [\"staff2\"]\nthen = \"skip\"", "then = \"required\""]);
    let factor = Factor::new(&config, &["alice"]);
    factor.world.add_to_group("staff2", &["alice"]);
    assert_eq!(comes(&factor, "alice", "sshd", None), Nothing);
    let strace = ["strace", "-f", "-o", "/tmp/trace", "-P", "/etc/group", "-e", "inject=openat:error=EIO", "--"];
    let transcript = factor.driver("alice").through(&strace).run();
    assert!(transcript.shows(PROMPT), "{transcript:#?}");
    assert!(factor.world.sh("cat /tmp/trace").text().contains("INJECTED"));
}

#[test]
fn the_first_match_decides() {
    let skip = "services = [\"su\"]\nusers = [\"alice\"]\nthen = \"skip\"";
    let required = "users = [\"alice\"]\nthen = \"required\"";
    for (order, expected) in [([skip, required], Nothing), ([required, skip], Screen)] {
        let factor = Factor::new(&rules(&order), &["alice", "bob"]);
        assert_eq!(comes(&factor, "alice", "su", None), expected);
        assert_eq!(comes(&factor, "alice", "sshd", None), Screen);
        assert_eq!(comes(&factor, "bob", "sshd", None), Nothing, "no rule: the default");
    }
}

#[test]
fn required_lets_nobody_disable_administrators_included() {
    let config = format!("[administrators]\ngroups = [\"admins\"]\n{}", rules(&["then = \"required\""]));
    let factor = Factor::new(&config, &["alice", "bob"]);
    factor.world.add_to_group("admins", &["bob"]);
    for user in ["alice", "bob", "root"] {
        let transcript = factor.login(user, &["disable", "{code}"]);
        assert!(!transcript.questions()[0].contains("disable"), "{transcript:#?}");
        assert_eq!(transcript.questions()[1], format!("{NO}\n{PROMPT}"));
        transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
        factor.world.wait_for_log(&["event=enrolled", &format!("user={user}")]);
    }
    // Root may write the setting down; the rule stands above it, and the command says so.
    factor.next_step();
    let text = factor.world.countersign(&["disable", "bob"]).ok();
    assert!(text.contains("but rule 1 may still require one"), "{text}");
    let status = factor.status("bob");
    assert_eq!((&status["use_2fa"], &status["use_2fa_source"]), (&true.into(), &"rule 1".into()));
    assert!(!factor.login("bob", &[]).let_in());
}

#[test]
fn a_rule_that_leaves_it_to_the_user_stands_before_one_that_requires() {
    let config = rules(&["users = [\"alice\"]\nthen = \"user\"", "then = \"required\""]);
    let factor = Factor::new(&config, &["alice", "bob"]);
    assert_eq!(comes(&factor, "alice", "sshd", None), Nothing);
    factor.world.countersign(&["enable", "alice"]).ok();
    assert_eq!(comes(&factor, "alice", "sshd", None), Screen);
    assert_eq!(comes(&factor, "bob", "sshd", None), Screen);
    assert_eq!(factor.status("alice")["use_2fa_source"], "record");
}

#[test]
fn over_real_ssh_and_su_service_and_network_decide() {
    let config = rules(&[
        "services = [\"sshd\"]\nnetworks = [\"127.0.0.0/8\"]\nusers = [\"alice\"]\nthen = \"skip\"",
        "then = \"required\"",
    ]);
    let factor = Factor::new(&config, &["alice", "bob"]);
    for stack in [Stack::Sshd, Stack::Su] {
        factor.world.use_stack(stack);
    }
    let _sshd = factor.world.start_sshd("");
    let mut person = terminal::ssh(&factor.world, "alice");
    person.answer("Password: ", PASSWORD);
    person.answer("$ ", "exit");
    person.wait_exit();
    for mut person in [terminal::ssh(&factor.world, "bob"), terminal::su(&factor.world, "bob", "alice")] {
        person.answer("Password: ", PASSWORD);
        person.expect(PROMPT);
    }
}
