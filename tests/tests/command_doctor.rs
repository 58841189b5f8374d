//! `countersign doctor`: each thing that can be wrong, one line, a severity, an exit status; and nothing is changed.
use countersign_tests::Factor;
use countersign_tests::factor::{IN_USE, PASSWORD, PROMPT};
use countersign_tests::pam_driver::Item;
use countersign_tests::terminal::sudo;
use countersign_tests::world::{Outcome, Stack};
use serde_json::Value;

const HELPER: &str = "/usr/libexec/countersign-helper";

/// What the README says about sshd, and a code after a key.
const SSHD: &str = "UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\nLoginGraceTime 10m\n\
                    AuthenticationMethods publickey,keyboard-interactive keyboard-interactive\nPermitRootLogin yes\n";

/// Something that keeps the clock, by its name: not every machine of tests is a container.
const KEEPER: &str = "cp /bin/sleep /run/chronyd; /run/chronyd 1000 > /dev/null 2>&1 &";

fn doctor(factor: &Factor) -> Outcome {
    factor.world.countersign(&["doctor"])
}

/// A line that begins and goes on so.
fn finds(factor: &Factor, start: &str, part: &str) -> String {
    let text = doctor(factor).text();
    let line = text.lines().find(|line| line.starts_with(start) && line.contains(part));
    line.unwrap_or_else(|| panic!("no {start:?} with {part:?} in:\n{text}")).to_owned()
}

#[test]
fn a_sound_host_has_nothing_wrong_and_is_not_touched() {
    let factor = Factor::new(IN_USE, &["alice"]);
    factor.enroll("alice");
    for stack in [Stack::Sshd, Stack::Login, Stack::Su, Stack::Sudo] {
        factor.world.use_stack(stack);
    }
    factor.world.write_file("/etc/ssh/sshd_config", SSHD, 0o644);
    factor.world.sh(&format!("mkdir -p /run/sshd; ssh-keygen -A; {KEEPER}")).ok();
    let before = factor.state();
    let outcome = doctor(&factor);
    assert!(outcome.ok().ends_with("nothing is wrong\n"), "{}", outcome.text());
    for service in ["sshd", "login", "su", "su-l", "sudo", "sudo-i"] {
        assert!(outcome.text().contains(&format!("{service}, password: asked\n")), "{}", outcome.text());
    }
    for way in ["publickey,keyboard-interactive", "keyboard-interactive"] {
        assert!(outcome.text().contains(&format!("sshd, {way} by ssh: asked\n")), "{}", outcome.text());
    }
    factor.world.countersign(&["doctor", "--strict"]).ok();
    assert_eq!(factor.state(), before);
}

#[test]
fn a_broken_configuration_installation_or_state_directory_is_an_error() {
    let breaks = [
        ("echo 'fail_open = true' > /etc/countersign/config.toml", "fail_open"),
        ("chmod 666 /etc/countersign/config.toml", "has mode 0666"),
        ("rm /etc/countersign/config.toml", "does not exist"),
        ("rm /etc/countersign/installation", "installation: does not exist"),
        ("mv /var/lib/countersign /var/lib/away", "countersign: does not exist"),
        ("chmod 755 /var/lib/countersign", "has mode 0755"),
        ("chown alice /var/lib/countersign/users", "is owned by uid"),
        ("rm -r /var/lib/countersign/counters", "counters: does not exist"),
    ];
    for (script, part) in breaks {
        let factor = Factor::new(IN_USE, &["alice"]);
        factor.world.sh(script).ok();
        let line = finds(&factor, "error: ", part);
        assert!(line.contains("; "), "what to do: {line}");
        doctor(&factor).expect_code(1);
    }
}

#[test]
fn what_check_config_warns_of_is_a_warning_and_fails_only_when_strict() {
    let factor = Factor::new("[[rule]]\ngroups = [\"ghosts\"]\nthen = \"required\"\n", &["alice"]);
    finds(&factor, "warning: /etc/countersign/config.toml: group ghosts does not exist", "");
    doctor(&factor).expect_code(0);
    factor.world.countersign(&["doctor", "--strict"]).expect_code(1);
}

#[test]
fn an_untrusted_state_is_an_error_and_does_not_hide_the_others() {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    factor.enroll("alice");
    factor.enroll("bob");
    factor.world.sh("rm /var/lib/countersign/counters/alice; chmod 640 /var/lib/countersign/users/bob.toml").ok();
    assert!(finds(&factor, "error: alice: ", "though the user has tokens").contains("countersign forget alice"));
    finds(&factor, "error: bob: ", "has mode 0640");
    assert!(doctor(&factor).expect_code(1).text().ends_with("2 errors, 0 warnings\n"));
}

#[test]
fn users_who_need_someone_are_told() {
    let factor = Factor::new(
        "[defaults]\nuse_2fa = true\n[recovery]\ncodes = 1\n[throttle]\nhard_limit = 6\n",
        &["alice", "bob", "carol"],
    );
    let (token, codes) = factor.enroll_with_recovery_codes("alice");
    finds(&factor, "info: alice is short of recovery codes", "countersign new-recovery-codes");
    factor.login("alice", &[&codes[0]]);
    finds(&factor, "warning: alice is without recovery codes", "countersign new-recovery-codes");
    factor.fail("alice", &token, 5);
    finds(&factor, "info: alice is blocked for a time", "unblock");
    factor.fail("alice", &token, 6);
    finds(&factor, "warning: alice is blocked until an administrator unblocks", "countersign unblock");
    factor.world.sh("sed -i /^alice:/d /etc/passwd").ok();
    finds(&factor, "warning: alice is left here with state, but without an account", "countersign forget --no-account");
    factor.login("bob", &["disable"]);
    factor.world.sh("sed -i 's/^bob:x:[0-9]*/bob:x:4242/' /etc/passwd").ok();
    finds(&factor, "warning: bob: the record was made for uid ", "4242");
    factor.world.countersign(&["grace", "carol", "1d"]).ok();
    finds(&factor, "info: carol is with counters but without a record", "");
}

#[test]
fn what_lies_about_in_the_state_directory_is_told() {
    let factor = Factor::new(IN_USE, &["alice"]);
    factor.enroll("alice");
    let state = "/var/lib/countersign";
    factor
        .world
        .sh(&format!(
            "touch -d '2 days ago' {state}/users/.alice.toml {state}/counters/.bob.12345678; \
             touch {state}/counters/.fresh.12345678 {state}/users/README {state}/counters/%61lice"
        ))
        .ok();
    finds(&factor, "info: /var/lib/countersign/users/.alice.toml: ", "left behind");
    finds(&factor, "info: /var/lib/countersign/counters/.bob.12345678: ", "left behind");
    finds(&factor, "warning: /var/lib/countersign/users/README: ", "no user's file");
    finds(&factor, "warning: /var/lib/countersign/counters/%61lice: ", "no user's file");
    assert!(!doctor(&factor).text().contains(".fresh"), "it may be in use");
}

/// The state made over to root, as before there was a helper.
const ROOTS: &str =
    "sed -i s/^owner.*/owner=0/ /etc/countersign/installation; chown -R root /var/lib/countersign /etc/countersign";

#[test]
fn a_helper_that_others_could_rewrite_or_that_cannot_work_is_told() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let world = &factor.world;
    doctor(&factor).expect_code(0);
    for (script, severity, part) in [
        ("chmod 755 $H", "error", "is no regular file of mode 6755"),
        ("chmod 4755 $H", "error", "is no regular file of mode 6755"),
        ("chmod 6777 $H", "error", "is no regular file of mode 6755"),
        ("chown alice $H", "error", "is owned by uid"),
        ("chgrp 991 $H; chmod 6755 $H", "error", "belongs to group 991"),
        (ROOTS, "warning", "the state is owned by uid 0"),
        ("sed -i /^countersign:/d /etc/passwd", "error", "there is no account countersign"),
        ("rm $H", "info", "is not there, so users cannot help themselves"),
    ] {
        world.command(&["bash", "-euc", script]).env("H", HELPER).run().ok();
        finds(&factor, &format!("{severity}: "), part);
        doctor(&factor).expect_code(i32::from(severity == "error"));
        world.sh(&format!("if [ -e {HELPER} ]; then chown 0:990 {HELPER}; chmod 6755 {HELPER}; fi")).ok();
    }
}

#[test]
fn json_holds_logins_and_findings() {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    factor.enroll("alice");
    factor.world.sh("chmod 640 /var/lib/countersign/users/alice.toml").ok();
    let outcome = factor.world.countersign(&["doctor", "--json"]);
    outcome.expect_code(1);
    let answer: Value = serde_json::from_str(&outcome.text()).expect("an object");
    let first = &answer["findings"][0];
    assert_eq!((&first["severity"], &first["users"]), (&"error".into(), &serde_json::json!(["alice"])));
    assert!(first["problem"].as_str().is_some_and(|text| text.starts_with("alice: ")) && first["remedy"].is_string());
    assert_eq!(first.as_object().map(serde_json::Map::len), Some(7));
    let login = &answer["logins"][0];
    assert!(login["service"].is_string() && login["login"].is_string(), "{login}");
    assert_eq!((&login["verdict"], login.as_object().map(serde_json::Map::len)), (&"not asked".into(), Some(5)));
}

#[test]
fn administrators_without_a_token_are_told() {
    let factor = Factor::new("[administrators]\ngroups = [\"staff\"]\n", &["alice", "bob", "carol"]);
    factor.world.add_to_group("staff", &["alice", "bob"]);
    finds(&factor, "warning: administrators without a token: 2 (alice, bob)", "countersign enroll");
    factor.world.sh("usermod -g staff carol").ok();
    finds(&factor, "warning: administrators without a token: 3 (alice, bob, carol)", "countersign enroll");
    factor.world.sh("usermod -g carol carol").ok();
    factor.world.countersign(&["enable", "alice"]).ok();
    factor.enroll("alice");
    finds(&factor, "warning: bob is an administrator without a token", "countersign enroll");
}

#[test]
fn a_clock_that_all_phones_contradict_is_told() {
    let factor = Factor::new(IN_USE, &["alice", "bob", "carol"]);
    for user in ["alice", "bob", "carol"] {
        let token = factor.enroll(user);
        assert!(!doctor(&factor).text().contains("seconds behind"));
        factor.next_step();
        factor.login(user, &[&factor.code_of_step(&token, 1)]);
    }
    finds(&factor, "warning: this host's clock is about 30 seconds behind", "3 of the 3 users");
}

#[test]
fn a_code_that_came_twice_is_told_with_its_address() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    let code = factor.code(&token);
    factor.login("alice", &[&code]);
    let again = factor.driver("alice").item(Item::Rhost, "192.0.2.7").answers([code.as_str()]).run();
    assert!(again.shows("already used"), "{again:#?}");
    let log = factor.world.log();
    factor.world.write_file("/var/log/auth.log", log, 0o640);
    finds(&factor, "info: /var/log/auth.log: a used code came again once: alice, from 192.0.2.7", "event=replay");
}

#[test]
fn what_sudoers_says_about_pam_is_told() {
    let factor = Factor::new(IN_USE, &["alice"]);
    factor.world.write_file("/etc/sudoers.d/own", "Defaults pam_service=admin\nalice ALL=(ALL) NOPASSWD: ALL\n", 0o440);
    assert!(!doctor(&factor).text().contains("sudoers"), "nobody is asked by sudo");
    factor.world.use_stack(Stack::Sudo);
    finds(&factor, "error: /etc/sudoers.d/own:1: pam_service has sudo ask the service admin", "/etc/pam.d/admin");
    finds(&factor, "info: /etc/sudoers.d/own:2: NOPASSWD: ", "for alice");
    factor.world.pam_stack("admin", Stack::Sudo.text());
    assert!(!doctor(&factor).text().contains("own:1"));
}

/// What the doctor says of `targetpw` is what sudo does.
#[test]
fn whose_code_sudo_asks_for_is_told_wherever_it_is_included_from() {
    let factor = Factor::new("", &["alice"]);
    let world = &factor.world;
    world.use_stack(Stack::Sudo);
    world.allow_sudo("alice");
    world.set_password("root", "root's own");
    world.countersign(&["enable", "alice"]).ok();
    let token = factor.enroll("alice");
    // The caller's password and code, as it should be.
    let mut caller = sudo(world, "alice", &["-k", "id", "-un"]);
    caller.answer("alice:", PASSWORD);
    caller.answer(PROMPT, &factor.code(&token));
    caller.expect("root");
    // Root's password, and no code, since root does not use 2FA.
    world.sh("mkdir /etc/sudo-more; echo '@include /etc/sudo-more/in\\ all' >> /etc/sudoers").ok();
    world.write_file("/etc/sudo-more/in all", "#includedir /etc/sudo-more/d\n", 0o440);
    world.write_file("/etc/sudo-more/d/own", "Defaults \\\n  targetpw\n", 0o440);
    let mut caller = sudo(world, "alice", &["-k", "id", "-un"]);
    caller.answer("root:", "root's own");
    let before = caller.expect("root\n");
    assert!(!before.contains(PROMPT), "{before}");
    // And root's code, once it does.
    world.countersign(&["enable", "root"]).ok();
    let root = factor.enroll("root");
    let mut caller = sudo(world, "alice", &["-k", "id", "-un"]);
    caller.answer("root:", "root's own");
    caller.answer(PROMPT, &factor.code(&root));
    caller.expect("root\n");
    finds(
        &factor,
        "warning: /etc/sudo-more/d/own:1: targetpw: for everyone sudo asks for password and code of",
        "root",
    );
    world.write_file("/etc/sudo-more/d/own", "Defaults:alice rootpw\nalice NOPASSWD ALL\n", 0o440);
    finds(&factor, "warning: /etc/sudo-more/d/own:1: rootpw: for alice sudo asks for", "of root");
    finds(&factor, "warning: visudo -c: /etc/sudo-more/d/own:2:", "syntax error");
    world.sh("echo '@include /etc/sudo-more/gone' >> /etc/sudoers").ok();
    finds(&factor, "warning: /etc/sudo-more/gone: No such file", "is not known");
}

#[test]
fn a_console_that_gives_no_time_to_enroll_is_told() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let set = |seconds: &str| {
        factor
            .world
            .sh(&format!(
                "sed -i '/^LOGIN_TIMEOUT/d' /etc/login.defs; echo 'LOGIN_TIMEOUT {seconds}' >> /etc/login.defs"
            ))
            .ok();
        doctor(&factor).text().contains("LOGIN_TIMEOUT")
    };
    assert!(!set("30"), "login asks nobody for a code");
    factor.world.use_stack(Stack::Login);
    assert!(set("30") && !set("0") && !set("60"));
    assert!(set("59"));
    finds(&factor, "warning: /etc/login.defs:", "LOGIN_TIMEOUT is 59 seconds");
}

#[test]
fn a_helper_whose_account_someone_may_log_in_to_or_that_cannot_reach_the_state_is_told() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let world = &factor.world;
    doctor(&factor).expect_code(0);
    for (script, undo, part) in [
        (
            "sed -i '/^countersign:/s,:[^:]*$,:/bin/bash,' /etc/passwd",
            "sed -i '/^countersign:/s,:[^:]*$,:/usr/sbin/nologin,' /etc/passwd",
            "has the login shell /bin/bash",
        ),
        (
            "echo 'countersign:$5$a$b:19000::::::' >> /etc/shadow",
            "sed -i '/^countersign:/s/.*/countersign:!:19000::::::/' /etc/shadow",
            "has a password",
        ),
        (
            "sed -i '/^countersign:/s/:!:/::/' /etc/shadow",
            "sed -i '/^countersign:/d' /etc/shadow",
            "has an empty password",
        ),
        (
            "sed -i '/^countersign:/s,/nonexistent,/srv/cs,' /etc/passwd; mkdir -p /srv/cs/.ssh; echo k > /srv/cs/.ssh/authorized_keys",
            "rm -r /srv/cs",
            "/srv/cs/.ssh/authorized_keys",
        ),
        ("chmod 700 /var/lib", "chmod 755 /var/lib", "/var/lib: is closed to countersign"),
    ] {
        world.sh(script).ok();
        finds(&factor, "error: ", part);
        doctor(&factor).expect_code(1);
        world.sh(undo).ok();
        doctor(&factor).expect_code(0);
    }
}
