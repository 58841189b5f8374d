//! What each kind of person may do through the command as themselves, and what they are refused (I12).
use countersign_tests::code::{Parameters, key_in};
use countersign_tests::factor::{IN_USE, PROMPT};
use countersign_tests::pam_driver::pam;
use countersign_tests::terminal::Size;
use countersign_tests::world::Outcome;
use countersign_tests::{Factor, Phase, Terminal};

const PEOPLE: &str = "
[administrators]
groups = ['ops']
[[delegate]]
group = 'desk'
over = ['students']
may = ['reset', 'unblock']
";

/// Runs the command as a user, in a login of theirs, with these lines typed.
fn typed(factor: &Factor, user: &str, command: &str, lines: &[&str]) -> Outcome {
    let stdin: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
    factor.world.command(&["su", "-", user, "-c", &format!("countersign {command}")]).stdin(stdin).run()
}

/// As [`typed`], with the code of a step that was not used before.
fn with_code(factor: &Factor, user: &str, command: &str, token: &Parameters) -> Outcome {
    factor.next_step();
    typed(factor, user, command, &[&factor.code(token)])
}

fn refused(outcome: &Outcome, message: &str, hint: &str) {
    outcome.expect_code(1);
    let errors = outcome.errors();
    assert!(errors.contains(message) && errors.contains(hint), "{errors}");
    assert_eq!(outcome.text(), "", "{errors}");
}

#[test]
fn everyone_sees_their_own_state_as_root_does_and_nobody_elses() {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    factor.enroll("alice");
    let own = typed(&factor, "alice", "status --json", &[]).ok();
    assert_eq!(own, factor.world.countersign(&["status", "alice", "--json"]).ok());
    assert_eq!(typed(&factor, "alice", "status", &[]).ok(), factor.world.countersign(&["status", "alice"]).ok());
    assert!(typed(&factor, "bob", "status", &[]).ok().contains("Enrolled: no"));
    for command in ["explain", "tokens", "explain --json", "tokens --json", "explain --service su --from 10.0.0.1"] {
        let (verb, options) = command.split_once(' ').unwrap_or((command, ""));
        let by_root = factor.world.sh(&format!("countersign {verb} alice {options}")).ok();
        assert_eq!(typed(&factor, "alice", command, &[]).ok(), by_root, "{command}");
    }
    assert_eq!(typed(&factor, "alice", "status alice --json", &[]).ok(), own, "oneself by name");
    let before = factor.state();
    for command in ["status bob", "tokens bob", "enable bob", "disable bob", "reset bob", "enroll bob"] {
        refused(&typed(&factor, "alice", command, &["123456"]), "bob: you may do this for yourself alone", "can help");
    }
    // What nobody may do for themselves either is not called so.
    for verb in ["lock", "unlock", "unblock"] {
        let message = format!("bob: is no one you may {verb}");
        refused(&typed(&factor, "alice", &format!("{verb} bob"), &["123456"]), &message, "can help");
    }
    assert_eq!(factor.state(), before);
    factor.world.wait_for_log(&["event=refused user=bob", "reason=not_allowed", "reset by alice"]);
    refused(&typed(&factor, "alice", "list", &[]), "only root can do this", "sudo");
    refused(&typed(&factor, "alice", "status nobody-at-all", &[]), "the system knows no such user", "");
}

#[test]
fn who_is_not_enrolled_may_turn_it_on_and_nothing_else() {
    let factor = Factor::new("", &["alice"]);
    for command in ["disable", "reset", "enroll", "new-recovery-codes", "remove-token abcd"] {
        refused(&typed(&factor, "alice", command, &["123456"]), "you have no token yet", "countersign enable");
    }
    assert!(typed(&factor, "alice", "enable", &[]).ok().contains("2FA is on; the next login shows a QR code"));
    factor.world.wait_for_log(&["event=changed", "user=alice", "what=enable", "by=alice"]);
    assert!(typed(&factor, "alice", "enable", &[]).ok().contains("already on"));
    factor.enroll("alice");
}

#[test]
fn turning_it_off_takes_a_code_and_the_right_to_do_so() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    factor.world.countersign(&["lock", "alice"]).ok();
    let locked = "you may not turn two-factor authentication on or off";
    refused(&with_code(&factor, "alice", "disable", &token), locked, "countersign unlock alice");
    refused(&typed(&factor, "alice", "enable", &[]), locked, "countersign unlock alice");
    factor.world.countersign(&["unlock", "alice"]).ok();
    refused(&typed(&factor, "alice", "disable", &[]), "no code was given; nothing is changed", "");
    assert!(with_code(&factor, "alice", "disable", &token).ok().contains("2FA is off"));
    assert_eq!(factor.status("alice")["use_2fa"], false);
    assert_eq!(factor.status("alice")["changed_by"], "alice");
    factor.world.wait_for_log(&["event=changed", "user=alice", "what=disable", "by=alice"]);
    factor.world.configure("[[rule]]\nusers = ['alice']\nthen = 'required'\n");
    factor.world.countersign(&["enable", "alice"]).ok();
    refused(&with_code(&factor, "alice", "disable", &token), "a rule requires", "config.toml");
    // A rule for some services leaves the setting to the others.
    factor.world.configure("[[rule]]\nservices = ['sshd']\nthen = 'required'\n");
    assert!(with_code(&factor, "alice", "disable", &token).ok().contains("but rule 1 may still require one"));
}

#[test]
fn a_locked_user_resets_for_a_new_phone_and_enrolls_at_the_next_login() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    factor.world.configure(&format!("{IN_USE}[recovery]\ncodes = 0\n"));
    refused(&typed(&factor, "alice", "new-recovery-codes", &[]), "this host hands out no recovery codes", "is 0");
    let few = format!("{IN_USE}[recovery]\ncodes = 1\n");
    factor.world.configure(&few);
    with_code(&factor, "alice", "new-recovery-codes", &token).ok();
    let status = typed(&factor, "alice", "status", &[]).ok();
    assert!(status.contains("Recovery codes left: 1 (new ones: countersign new-recovery-codes)\n"), "{status}");
    factor.world.countersign(&["lock", "alice"]).ok();
    let said = with_code(&factor, "alice", "reset", &token).ok();
    assert_eq!(said, "alice: the token is forgotten; the next login shows a QR code, and alice may not turn it off\n");
    let status = factor.status("alice");
    assert_eq!(
        (&status["use_2fa"], &status["can_toggle"], &status["enrolled"]),
        (&true.into(), &false.into(), &false.into())
    );
    factor.next_step();
    factor.enroll("alice");
}

#[test]
fn a_code_confirms_once_and_opens_no_login_afterwards() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    let code = factor.code(&token);
    typed(&factor, "alice", "new-recovery-codes", &[&code]).ok();
    assert!(!factor.login("alice", &[&code]).let_in());
    let twice = typed(&factor, "alice", "new-recovery-codes", &[&code]);
    assert!(twice.errors().contains("This code was already used"), "{}", twice.errors());
    factor.next_step();
    let code = factor.code(&token);
    factor.login("alice", &[&code]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    typed(&factor, "alice", "new-recovery-codes", &[&code]).expect_code(1);
}

#[test]
fn wrong_codes_block_the_command_and_no_login_and_a_recovery_code_still_confirms() {
    let factor = Factor::new(&format!("{IN_USE}[throttle]\nfirst_delay = '10m'\n"), &["alice"]);
    let token = factor.enroll("alice");
    let sheet = typed(&factor, "alice", "new-recovery-codes", &[&factor.code(&token)]).ok();
    let recovery =
        sheet.split_whitespace().find(|word| word.len() == 19 && word.contains('-')).expect("a code").to_owned();
    let wrong = factor.wrong_code(&token);
    typed(&factor, "alice", "reset", &[&wrong, &wrong, &wrong]).expect_code(1);
    let blocked = typed(&factor, "alice", "reset", &[&wrong, &wrong, &wrong]);
    assert!(blocked.errors().contains("Too many wrong codes. Try again in"), "{}", blocked.errors());
    factor.next_step();
    let right = factor.code(&token);
    refused_blocked(&typed(&factor, "alice", "reset", &[&right]));
    assert_eq!(factor.failures("alice"), 0, "logins know nothing of it");
    factor.login("alice", &[&right]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    refused_blocked(&with_code(&factor, "alice", "reset", &token));
    typed(&factor, "alice", "reset", &[&recovery]).ok();
}

fn refused_blocked(outcome: &Outcome) {
    outcome.expect_code(1);
    assert!(outcome.errors().contains("Too many wrong codes."), "{}", outcome.errors());
}

/// Adds a token at a terminal; gives what its key makes.
fn add(factor: &Factor, command: &str, token: &Parameters) -> Parameters {
    factor.next_step();
    let command = format!("countersign {command}");
    let invocation = factor.world.command(&["su", "-", "alice", "-c", &command]);
    let mut terminal = Terminal::spawn_with(&factor.world, invocation, Size::default());
    terminal.answer(PROMPT, &factor.code(token));
    let screen = terminal.expect(PROMPT);
    let new = Parameters::new(&key_in(&screen).expect("a key on the screen"));
    terminal.type_line("ascii");
    assert!(terminal.expect(PROMPT).contains("####"), "drawn anew");
    terminal.type_line(&factor.code(&new));
    assert!(terminal.wait_exit().success(), "{}", terminal.printed());
    new
}

#[test]
fn a_second_token_stands_beside_the_first_and_a_new_phone_replaces_both() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let phone = factor.enroll("alice");
    let tablet = add(&factor, "enroll --label tablet", &phone);
    for token in [&phone, &tablet] {
        factor.assert_next_code_accepted("alice", token);
    }
    let listed = typed(&factor, "alice", "tokens", &[]).ok();
    assert!(listed.lines().count() == 2 && listed.contains("\"tablet\""), "{listed}");
    let again = typed(&factor, "alice", "enroll --label tablet", &[]);
    refused(&again, "there is a token called \"tablet\" already", "--replace");
    let new = add(&factor, "enroll --replace --label new", &tablet);
    let status = factor.status("alice");
    assert_eq!(status["tokens"].as_array().map(Vec::len), Some(1), "{status}");
    factor.assert_next_code_accepted("alice", &new);
    factor.next_step();
    assert!(!factor.login("alice", &[&factor.code(&phone)]).let_in());
    refused(&typed(&factor, "alice", "remove-token new", &[]), "this is the last token", "countersign reset");
    refused(&typed(&factor, "alice", "remove-token old", &[]), "old: there is no such token", "countersign tokens");
    let other = add(&factor, "enroll --label other", &new);
    assert!(with_code(&factor, "alice", "remove-token new", &other).ok().contains("\"new\" is removed"));
    factor.world.wait_for_log(&["what=remove_token", "by=alice"]);
}

/// carol and dan are the help desk, alice a student, eve a student in sudo, olga and otto administrators.
fn a_school() -> (Factor, Parameters) {
    let config = format!("{IN_USE}{PEOPLE}");
    let factor = Factor::new(&config, &["alice", "bob", "carol", "dan", "eve", "olga", "otto"]);
    factor.world.add_to_group("desk", &["carol", "dan"]);
    factor.world.add_to_group("students", &["alice", "dan", "eve", "olga"]);
    factor.world.add_to_group("sudo", &["eve"]);
    factor.world.add_to_group("ops", &["olga", "otto"]);
    let carol = factor.enroll("carol");
    (factor, carol)
}

#[test]
fn a_delegate_does_what_is_granted_over_whom_it_is_granted() {
    let (factor, carol) = a_school();
    let alice = factor.enroll("alice");
    assert!(typed(&factor, "carol", "status alice", &[]).ok().contains("User: alice"));
    let code = factor.code(&carol);
    assert!(typed(&factor, "carol", "reset alice", &[&code]).ok().contains("alice: the token is forgotten"));
    factor.world.wait_for_log(&["event=changed", "user=alice", "what=reset", "by=carol"]);
    assert_eq!(factor.status("alice")["changed_by"], "carol");
    assert!(!factor.login("carol", &[&code]).let_in(), "carol's code is used up");
    factor.enroll("alice");
    // alice's own code is not carol's.
    let wrong = typed(&factor, "carol", "unblock alice", &[&factor.code(&alice)]);
    assert!(wrong.errors().contains("Otp invalid!"), "{}", wrong.errors());
    // Nobody is told to type what would be refused: here, unlock.
    assert_eq!(with_code(&factor, "carol", "unblock alice", &carol).ok(), "alice: not blocked\n");
    let before = factor.state();
    for command in ["disable", "enable", "enroll", "lock", "unlock", "new-recovery-codes"] {
        let outcome = typed(&factor, "carol", &format!("{command} alice"), &["123456"]);
        refused(&outcome, &format!("alice: you may help, but not by {command}"), "an administrator can help");
    }
    for (user, why) in [
        ("bob", "you may do this for yourself alone"),
        ("dan", "helps others too"),
        ("eve", "is in a group that you may not help"),
        ("olga", "is an administrator"),
        ("root", "is root"),
    ] {
        refused(&typed(&factor, "carol", &format!("reset {user}"), &["123456"]), why, "");
    }
    assert_eq!(factor.state(), before);
    refused(&typed(&factor, "dan", "reset alice", &["123456"]), "you confirm with a code, and you have no token", "");
    typed(&factor, "carol", "unblock", &[]).expect_code(2);
}

#[test]
fn what_cannot_be_looked_up_denies_a_delegate() {
    let (factor, _) = a_school();
    factor.world.configure(&format!("{IN_USE}{}", PEOPLE.replace("may =", "except = ['gone']\nmay =")));
    refused(&typed(&factor, "carol", "reset alice", &["123456"]), "could not be looked up", "try again");
}

#[test]
fn an_administrator_helps_every_other_but_root() {
    let (factor, carol) = a_school();
    let olga = factor.enroll("olga");
    factor.enroll("otto");
    for (command, done) in [
        ("reset otto", "otto: the token is forgotten"),
        ("disable bob", "bob: 2FA is off"),
        ("lock bob", "bob may no longer turn 2FA on"),
        ("reset carol", "carol: the token is forgotten"),
    ] {
        let outcome = with_code(&factor, "olga", command, &olga);
        assert!(outcome.ok().contains(done), "{command}");
    }
    factor.world.wait_for_log(&["user=otto", "what=reset", "by=olga"]);
    refused(&with_code(&factor, "olga", "reset root", &olga), "is root, whom no one else can help", "");
    refused(&with_code(&factor, "olga", "lock otto", &olga), "otto: is an administrator", "");
    let oneself = typed(&factor, "olga", "lock olga", &[]);
    assert_eq!(oneself.errors(), "error: you are an administrator, who may always turn 2FA on and off\n");
    refused(&typed(&factor, "otto", "reset bob", &["123456"]), "you have no token yet", "your 2FA is on: log in anew");
    drop(carol);
}

#[test]
fn with_confirmation_off_oneself_needs_no_code_and_others_still_do() {
    let (factor, carol) = a_school();
    factor.enroll("alice");
    factor.world.configure(&format!("{IN_USE}{PEOPLE}[self_service]\nconfirm = 'none'\n"));
    refused(&typed(&factor, "carol", "reset alice", &[]), "no code was given", "");
    typed(&factor, "alice", "reset", &[]).ok();
    drop(carol);
}

#[test]
fn self_service_that_is_not_set_up_says_so_and_how() {
    let factor = Factor::new(IN_USE, &["alice"]);
    factor.world.sh("sed -i s/990/0/ /etc/countersign/installation; chown -R root /var/lib/countersign").ok();
    refused(&typed(&factor, "alice", "status", &[]), "self-service is not set up on this host", "docs/helper.md");
    factor.world.sh("chmod 0755 /usr/libexec/countersign-helper").ok();
    refused(&typed(&factor, "alice", "status", &[]), "is not installed as it must be", "6755");
    factor.world.sh("rm /usr/libexec/countersign-helper").ok();
    refused(&typed(&factor, "alice", "status", &[]), "cannot be run", "make install");
}

#[test]
fn a_user_id_with_two_names_is_refused() {
    let factor = Factor::new(IN_USE, &["alice"]);
    factor.world.sh("sed -n 's/^alice:/alias:/p' /etc/passwd >> /etc/passwd").ok();
    refused(&typed(&factor, "alice", "status", &[]), "has more than one name", "");
}

/// `scripts/install` itself, as `make install` calls it.
#[test]
fn installing_adds_one_set_id_file_and_an_account_that_owns_nothing_else() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let world = &factor.world;
    world.sh("rm /usr/libexec/countersign-helper; sed -i /^countersign:/d /etc/passwd /etc/group").ok();
    let set_id = |bits: &str| world.run(&["find", "/usr", "/etc", "/var", "-xdev", "-perm", bits]).text();
    let before = (set_id("-6000"), set_id("-4000"), set_id("-2000"));
    let release = countersign_tests::world::harness_program("world_init");
    let release = release.parent().and_then(|debug| debug.parent()).expect("a target directory").join("release");
    let artefact = |name: &str| release.join(name).to_str().expect("a path in UTF-8").to_owned();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/install");
    let artefacts = ["libpam_countersign.so", "countersign", "countersign-helper"].map(artefact);
    // The manuals are plain files of a folder.
    world.sh("mkdir -p /srv/manuals/man/man8; echo page > /srv/manuals/man/man8/countersign.8").ok();
    let install = || {
        let [module, command, helper] = &artefacts;
        world.run(&[script, "", "/usr/bin", module, command, helper, "/srv/manuals"]).ok();
    };
    install();
    install();
    let helper = "/usr/libexec/countersign-helper\n";
    for (bits, before) in [("-6000", &before.0), ("-4000", &before.1), ("-2000", &before.2)] {
        let after = set_id(bits);
        let new: String = after.lines().filter(|line| !before.contains(line)).flat_map(|line| [line, "\n"]).collect();
        assert_eq!(new, helper, "{bits}");
    }
    let script = "test $(id -u countersign) = $(id -g countersign); getent passwd countersign | grep -q nologin
        test \"$(stat -c '%U:%G %a' /usr/libexec/countersign-helper)\" = 'root:countersign 6755'";
    world.sh(script).ok();
}

#[test]
fn a_broken_configuration_is_not_theirs_to_mend() {
    let factor = Factor::new(IN_USE, &["alice"]);
    for broken in ["echo nonsense > /etc/countersign/config.toml", "rm /etc/countersign/config.toml"] {
        factor.world.sh(broken).ok();
        let outcome = typed(&factor, "alice", "status", &[]);
        refused(&outcome, "/etc/countersign/config.toml", "your administrator can mend it");
        assert!(!outcome.errors().contains("init"), "{}", outcome.errors());
    }
}
