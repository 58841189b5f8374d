//! Which codes log an enrolled user in, and what is said of those that do not (I1, I2).
use crate::stage::*;
use countersign_tests::Terminal;
use countersign_tests::World;

const USED: &str = "Otp invalid! This code was already used. Wait for the next one.";
const TOO_OLD: &str = "Otp invalid! This code is too old.";

/// Alice at the prompt for a code.
fn at_prompt(world: &World) -> Terminal {
    let mut person = su(world);
    person.expect(PROMPT);
    person
}

/// Alice logs in with this code.
fn log_in(world: &World, code: &str) -> Vec<String> {
    let mut person = at_prompt(world);
    person.type_line(code);
    expect_shell(&mut person, "alice")
}

#[test]
fn the_code_of_the_last_and_of_the_next_step_log_in() {
    let world = world();
    let phone = enrolled(&world);
    for offset in [-1, 0, 1] {
        world.move_clock(3 * STEP);
        assert_eq!(log_in(&world, &phone.code_in(&world, offset)), [""; 0]);
        world.wait_for_log(&["event=accepted", &format!("offset_steps={offset}")]);
    }
    assert_eq!(failures(&world, "alice"), 0);
}

#[test]
fn a_code_two_steps_off_is_refused_and_counted() {
    let world = world();
    let phone = enrolled(&world);
    world.move_clock(10 * STEP);
    let mut person = at_prompt(&world);
    assert_eq!(answer(&mut person, &phone.code_in(&world, -2)), [WRONG]);
    assert_eq!(answer(&mut person, &phone.code_in(&world, 2)), [WRONG_AGAIN]);
    assert_eq!(failures(&world, "alice"), 2);
    world.wait_for_log(&["event=drift", "user=alice", "steps=-2"]);
    world.wait_for_log(&["event=drift", "user=alice", "steps=2"]);
}

#[test]
fn a_wider_window_accepts_two_steps_and_none_accepts_only_the_present() {
    let world = world();
    let phone = enrolled(&world);
    world.configure(&format!("{ON}[totp]\nwindow = 2\n"));
    for offset in [-2, 2] {
        world.move_clock(6 * STEP);
        log_in(&world, &phone.code_in(&world, offset));
    }
    world.configure(&format!("{ON}[totp]\nwindow = 0\n"));
    world.move_clock(6 * STEP);
    let mut person = at_prompt(&world);
    assert_eq!(answer(&mut person, &phone.code_in(&world, 1)), [WRONG]);
    assert_eq!(answer(&mut person, &phone.code_in(&world, -1)), [WRONG_AGAIN]);
    person.type_line(&phone.code(&world));
    expect_shell(&mut person, "alice");
}

#[test]
fn the_same_code_is_refused_the_second_time() {
    let world = world();
    let _sshd = world.start_sshd("");
    let phone = enrolled(&world);
    let code = phone.code(&world);
    log_in(&world, &code);
    let mut person = at_prompt(&world);
    assert_eq!(answer(&mut person, &code), [USED]);
    // On another service and in the next step as well.
    let mut elsewhere = ssh(&world, "alice", ALICES);
    elsewhere.expect(PROMPT);
    world.move_clock(STEP);
    assert_eq!(answer(&mut elsewhere, &code), [USED]);
    assert_eq!(failures(&world, "alice"), 0, "a replay is not a failure");
    world.wait_for_log(&["event=replay", "user=alice", "service=sshd", "rhost=127.0.0.1"]);
    // The next code lets in at the very same prompt.
    elsewhere.type_line(&phone.code(&world));
    expect_shell(&mut elsewhere, "alice");
}

#[test]
fn a_code_older_than_the_last_accepted_one_is_refused() {
    let world = world();
    let phone = enrolled(&world);
    world.move_clock(3 * STEP);
    log_in(&world, &phone.code_in(&world, 1));
    let mut person = at_prompt(&world);
    assert_eq!(answer(&mut person, &phone.code(&world)), [TOO_OLD]);
    assert_eq!(answer(&mut person, &phone.code_in(&world, -1)), [TOO_OLD]);
    assert_eq!(failures(&world, "alice"), 0, "not a failure");
    world.wait_for_log(&["event=refused", "user=alice", "reason=too_old"]);
}

#[test]
fn three_counted_answers_end_the_login_with_their_notices() {
    let world = world();
    let phone = enrolled(&world);
    let wrong = phone.wrong(&world);
    let mut person = at_prompt(&world);
    assert_eq!(answer(&mut person, &wrong), [WRONG]);
    assert_eq!(answer(&mut person, &wrong), [WRONG_AGAIN]);
    assert_eq!(answer_refused(&mut person, &wrong), [WRONG_AGAIN]);
    assert_eq!(failures(&world, "alice"), 3);
}

#[test]
fn over_ssh_three_wrong_codes_end_the_attempt_as_well() {
    let world = world();
    let _sshd = world.start_sshd("");
    let phone = enrolled(&world);
    let wrong = phone.wrong(&world);
    let mut person = ssh(&world, "alice", ALICES);
    person.expect(PROMPT);
    assert_eq!(answer(&mut person, &wrong), [WRONG]);
    assert_eq!(answer(&mut person, &wrong), [WRONG_AGAIN]);
    // sshd hands on a notice only together with a later prompt, so the last one stays with it.
    answer_refused(&mut person, &wrong);
    assert_eq!(person.wait_exit().code(), Some(255));
    assert_eq!(failures(&world, "alice"), 3);
}

#[test]
fn a_single_try_may_be_configured() {
    let world = world();
    let phone = enrolled(&world);
    world.configure(&format!("{ON}[prompt]\ntries = 1\necho = false\n"));
    let mut person = at_prompt(&world);
    assert!(!person.echoes(), "configured not to be seen");
    // The line that is not echoed is an empty one.
    assert_eq!(answer_refused(&mut person, &phone.wrong(&world)), [WRONG]);
}

#[test]
fn what_is_not_a_code_is_not_counted_but_not_asked_for_ever() {
    let world = world();
    let phone = enrolled(&world);
    let mut person = at_prompt(&world);
    let answers = ["", "12345", "1234567", "abcdef", "disable", "ascii", "+12345", "１２３４５６", "12345 "];
    for line in answers {
        assert_eq!(answer(&mut person, line), [NOT_A_CODE], "{line:?}");
    }
    assert_eq!(answer_refused(&mut person, "x"), [NOT_A_CODE]);
    assert_eq!(failures(&world, "alice"), 0);
    world.wait_for_log(&["event=refused", "user=alice", "reason=not_a_code"]);
    assert_eq!(status(&world, "alice")["use_2fa"], true, "no way to disable");
    log_in(&world, &phone.code(&world));
}

#[test]
fn blanks_and_dashes_in_a_code_are_accepted() {
    let world = world();
    let phone = enrolled(&world);
    for separator in [" ", "-"] {
        let code = phone.code(&world);
        let (left, right) = code.split_at(3);
        log_in(&world, &format!(" {left}{separator}{right} "));
        world.move_clock(STEP);
    }
}

#[test]
fn the_next_login_tells_of_wrong_codes_since_the_last_one() {
    let world = world();
    let _sshd = world.start_sshd("");
    // Noon on 24 Nov 2026.
    world.clock().freeze_at(1_795_521_600 + STEP / 2);
    let phone = enrolled(&world);
    let mut person = at_prompt(&world);
    answer(&mut person, &phone.wrong(&world));
    answer(&mut person, &phone.wrong(&world));
    person.kill();
    world.move_clock(3 * 86_400);
    let told = log_in(&world, &phone.code(&world));
    assert_eq!(told, ["2 wrong codes since your last login on 24 Nov."]);
    assert_eq!(failures(&world, "alice"), 0);
    // Over ssh, and in the singular; another login in between has cleared the count.
    world.move_clock(STEP);
    let mut person = at_prompt(&world);
    answer(&mut person, &phone.wrong(&world));
    person.kill();
    let mut person = ssh(&world, "alice", ALICES);
    person.expect(PROMPT);
    person.type_line(&phone.code(&world));
    let told = expect_shell(&mut person, "alice");
    assert!(told.contains(&"1 wrong code since your last login on 27 Nov.".to_owned()), "{told:?}");
    world.move_clock(STEP);
    assert_eq!(log_in(&world, &phone.code(&world)), [""; 0]);
}

#[test]
fn a_clock_that_has_gone_back_is_named_and_replays_nothing() {
    let world = world();
    let phone = enrolled(&world);
    let (code, then) = (phone.code(&world), world.clock().now());
    log_in(&world, &code);
    world.move_clock(-100 * STEP);
    let gone_back = "The clock of this host has gone back. Contact your administrator.";
    let mut person = at_prompt(&world);
    assert_eq!(answer(&mut person, &phone.code(&world)), [gone_back]);
    assert_eq!(answer(&mut person, &code), [gone_back]);
    person.kill();
    world.clock().freeze_at(then);
    let mut person = at_prompt(&world);
    assert_eq!(answer(&mut person, &code), [USED]);
    world.move_clock(STEP);
    person.type_line(&phone.code(&world));
    expect_shell(&mut person, "alice");
}
