//! Nothing proven in the auth phase takes effect there (I6): what is committed, when, and what is not.
use crate::stage::*;
use countersign_tests::pam_driver::{Barrier, Flags, Step, pam};
use countersign_tests::terminal;
use countersign_tests::world::{CONFIG, STATE_DIR, Stack};
use countersign_tests::{Driver, Phase, Terminal, World, code};

fn assert_nothing_committed(world: &World) {
    assert!(!is_enrolled(world, "alice"));
    let status = status(world, "alice");
    assert_eq!((&status["use_2fa"], &status["state"]), (&true.into(), &"ok".into()), "{status}");
    assert_eq!(world.log_line(&["event=enrolled"]), None);
    assert_eq!(world.log_line(&["event=disabled"]), None);
}

#[test]
fn a_wrong_password_and_a_right_code_enroll_nobody() {
    let world = world();
    world.use_stack(Stack::SshdRequiredUnix);
    let _sshd = world.start_sshd("");
    let mut person = ssh(&world, "alice", "wrong");
    let attackers = Phone::scan(&mut person);
    answer_refused(&mut person, &attackers.code(&world));
    assert_nothing_committed(&world);
    let owners = enroll(&world, ssh(&world, "alice", ALICES));
    assert_ne!(owners, attackers);
}

#[test]
fn a_wrong_password_and_the_word_disable_disable_nothing() {
    let world = world();
    world.use_stack(Stack::SshdRequiredUnix);
    let _sshd = world.start_sshd("");
    let mut person = ssh(&world, "alice", "wrong");
    person.expect(PROMPT);
    answer_refused(&mut person, "disable");
    assert_nothing_committed(&world);
    Phone::scan(&mut ssh(&world, "alice", ALICES));
}

#[test]
fn a_client_killed_in_the_middle_of_enrollment_leaves_nothing() {
    let world = world();
    let _sshd = world.start_sshd("");
    let mut person = ssh(&world, "alice", ALICES);
    let phone = Phone::scan(&mut person);
    person.kill();
    world.wait_for_log(&["sshd", "Connection closed by"]);
    let mut person = su(&world);
    Phone::scan(&mut person);
    person.kill();
    let mut person = terminal::login(&world, "alice");
    person.answer("Password: ", ALICES);
    Phone::scan(&mut person);
    person.kill();
    assert_nothing_committed(&world);
    assert_eq!(world.sh(&format!("find {STATE_DIR} -name '.*'; ls {STATE_DIR}/users")).ok(), "");
    assert_ne!(enroll(&world, su(&world)), phone, "the secret nobody proved is gone");
}

#[test]
fn one_who_presses_ctrl_d_or_ctrl_c_at_enrollment_leaves_nothing() {
    let world = world();
    for key in [b"\x04", b"\x03"] {
        let mut person = su(&world);
        person.expect(PROMPT);
        person.type_bytes(key);
        assert!(!person.wait_exit().success());
    }
    assert_nothing_committed(&world);
}

#[test]
fn of_two_people_who_enroll_the_same_user_one_wins_and_the_other_is_told() {
    let world = world();
    let _sshd = world.start_sshd("");
    let mut first = ssh(&world, "alice", ALICES);
    let mut second = su(&world);
    let (winner, loser) = (Phone::scan(&mut first), Phone::scan(&mut second));
    assert_ne!(winner, loser);
    first.type_line(&winner.code(&world));
    expect_shell(&mut first, "alice");
    assert_eq!(answer_refused(&mut second, &loser.code(&world)), [CHANGED]);
    world.wait_for_log(&["event=refused", "user=alice", "service=su-l", "reason=settings_changed"]);
    assert_eq!(status(&world, "alice")["tokens"].as_array().map(Vec::len), Some(1));
    world.move_clock(STEP);
    let mut person = su(&world);
    person.expect(PROMPT);
    assert_eq!(answer(&mut person, &loser.code(&world)), [WRONG]);
    person.type_line(&winner.code(&world));
    expect_shell(&mut person, "alice");
}

/// A driver that stands between its auth and its account phase until something is written to `/tmp/go`.
fn held_between_phases(world: &World) -> Driver<'_> {
    world.sh("mkfifo -m 666 /tmp/proven /tmp/go").ok();
    let hold = "echo > /tmp/proven; read -r _ < /tmp/go";
    let steps = [Step::call(Phase::Authenticate), Step::Shell(hold.to_owned()), Step::call(Phase::Account)];
    Driver::new(world).answers([ALICES, "{code}"]).steps(steps)
}

#[test]
fn of_two_who_have_both_proven_a_token_only_one_commits() {
    let world = world();
    let held = held_between_phases(&world).start(&Barrier::new());
    world.sh("read -r _ < /tmp/proven").ok();
    let winner = Driver::new(&world).answers([ALICES, "{code}"]).run();
    winner.assert_codes(Phase::Account, &[pam::SUCCESS]);
    world.sh("echo > /tmp/go").ok();
    let loser = held.finish();
    loser.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    loser.assert_codes(Phase::Account, &[pam::PERM_DENIED]);
    assert!(loser.shows(CHANGED), "{loser:#?}");
    assert_eq!(status(&world, "alice")["tokens"].as_array().map(Vec::len), Some(1));
    let key = code::key_in(&winner.text()).expect("the winner's key");
    world.move_clock(STEP);
    let mut person = su(&world);
    person.answer(PROMPT, &code::code_now(&world, &key));
    expect_shell(&mut person, "alice");
}

#[test]
fn the_policy_is_decided_again_before_the_commit() {
    // The last leaves a record of the same revision, but another one.
    let commands = [
        "lock alice",
        "disable alice",
        "enroll alice --no-confirm --uri",
        "forget alice",
        "forget alice; enable alice",
    ];
    for command in commands {
        let world = world();
        // There is a record before, so that `forget` changes something.
        world.countersign(&["enable", "alice"]).ok();
        let held = held_between_phases(&world).start(&Barrier::new());
        world.sh("read -r _ < /tmp/proven").ok();
        for step in command.split("; ") {
            world.countersign(&step.split(' ').collect::<Vec<_>>()).ok();
        }
        world.sh("echo > /tmp/go").ok();
        let transcript = held.finish();
        transcript.assert_codes(Phase::Account, &[pam::PERM_DENIED]);
        assert!(transcript.shows(CHANGED), "{command}: {transcript:#?}");
        assert_eq!(world.log_line(&["event=enrolled", "service=sshd"]), None, "{command}");
        assert_eq!(status(&world, "alice")["state"], "ok", "{command}");
    }
}

#[test]
fn a_configuration_that_broke_before_the_commit_refuses() {
    let world = world();
    let held = held_between_phases(&world).start(&Barrier::new());
    world.sh("read -r _ < /tmp/proven").ok();
    world.run(&["rm", CONFIG]).ok();
    world.sh("echo > /tmp/go").ok();
    let transcript = held.finish();
    transcript.assert_codes(Phase::Account, &[pam::PERM_DENIED]);
    assert!(transcript.shows(NOT_AVAILABLE), "{transcript:#?}");
    world.configure(ON);
    assert_nothing_committed(&world);
}

#[test]
fn a_proof_older_than_two_minutes_is_not_committed() {
    let world = world();
    for (age, code) in [(121, pam::PERM_DENIED), (-60, pam::PERM_DENIED), (120, pam::SUCCESS)] {
        let held = held_between_phases(&world).start(&Barrier::new());
        world.sh("read -r _ < /tmp/proven").ok();
        world.move_clock(age);
        world.sh("echo > /tmp/go; rm /tmp/go /tmp/proven").ok();
        let transcript = held.finish();
        transcript.assert_codes(Phase::Account, &[code]);
        assert_eq!(transcript.shows(CHANGED), code != pam::SUCCESS, "{age}: {transcript:#?}");
        assert_eq!(is_enrolled(&world, "alice"), code == pam::SUCCESS, "{age}");
    }
}

#[test]
fn a_proof_is_void_for_another_user_service_or_process_and_after_a_new_authenticate() {
    use countersign_tests::pam_driver::Item;
    let world = world();
    let after_proof = |steps: Vec<Step>| {
        let all = [vec![Step::call(Phase::Authenticate)], steps].concat();
        // The third answer is the password of a second authenticate, which finds no answer to our prompt.
        let transcript = Driver::new(&world).answers([ALICES, "{code}", ALICES]).steps(all).run();
        assert_eq!(transcript.codes(Phase::Authenticate)[0], pam::SUCCESS, "{transcript:#?}");
        assert_nothing_committed(&world);
        world.countersign(&["unblock", "alice"]).ok();
        transcript
    };
    let account = || Step::call(Phase::Account);
    let other_user = after_proof(vec![Step::SetItem(Item::User, Some("bob".to_owned())), account()]);
    other_user.assert_codes(Phase::Account, &[pam::PERM_DENIED]);
    assert!(!is_enrolled(&world, "bob"));
    let other_service = after_proof(vec![Step::SetItem(Item::Service, Some("su".to_owned())), account()]);
    other_service.assert_codes(Phase::Account, &[pam::PERM_DENIED]);
    let other_process = after_proof(vec![Step::InChild(vec![account()])]);
    other_process.assert_codes(Phase::Account, &[pam::PERM_DENIED]);
    let again = after_proof(vec![Step::Call(Phase::Authenticate, Flags::default()), account()]);
    again.assert_codes(Phase::Account, &[pam::SUCCESS]);
    // No other phase commits.
    after_proof(vec![Step::call(Phase::SetCred), Step::call(Phase::OpenSession)]);
}

#[test]
fn a_proof_is_committed_once() {
    let world = world();
    let steps = [Phase::Authenticate, Phase::Account, Phase::Account];
    let transcript = Driver::new(&world).answers([ALICES, "{code}"]).phases(steps).run();
    transcript.assert_codes(Phase::Account, &[pam::SUCCESS, pam::SUCCESS]);
    assert_eq!(world.log().matches("event=enrolled").count(), 1);
    assert_eq!(status(&world, "alice")["tokens"].as_array().map(Vec::len), Some(1));
}

#[test]
fn pam_access_and_nologin_refuse_before_anything_is_committed() {
    let world = world();
    let _sshd = world.start_sshd("");
    for (path, line) in [("/etc/security/access.conf", "-:alice:ALL\n"), ("/etc/nologin", "maintenance\n")] {
        world.write_file(path, line, 0o644);
        for word in [false, true] {
            let mut person: Terminal = ssh(&world, "alice", ALICES);
            let phone = Phone::scan(&mut person);
            person.type_line(&if word { "disable".to_owned() } else { phone.code(&world) });
            assert!(!person.wait_exit().success(), "{path}");
            assert_nothing_committed(&world);
            world.countersign(&["unblock", "alice"]).ok();
        }
        world.write_file(path, "", 0o644);
        world.run(&["rm", "-f", "/etc/nologin"]).ok();
    }
    enroll(&world, ssh(&world, "alice", ALICES));
}
