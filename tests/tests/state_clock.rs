//! Clocks that go back, were years ahead for a while, or show no time at all.
use countersign_tests::code::Parameters;
use countersign_tests::factor::{IN_USE, NOT_AVAILABLE, PROMPT};
use countersign_tests::pam_driver::pam;
use countersign_tests::{Factor, Phase, Transcript};

const GONE_BACK: &str = "The clock of this host has gone back. Contact your administrator.";
const YEAR: i64 = 365 * 86_400;

fn enrolled() -> (Factor, Parameters) {
    let factor = Factor::new(&format!("{IN_USE}[recovery]\ncodes = 0\n"), &["alice"]);
    let token = factor.enroll("alice");
    (factor, token)
}

fn accepted(factor: &Factor, code: &str) -> Transcript {
    let transcript = factor.login("alice", &[code]);
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    transcript
}

fn block(factor: &Factor, token: &Parameters) {
    let wrong = factor.wrong_code(token);
    factor.login("alice", &[wrong.as_str(); 3]);
    factor.login("alice", &[wrong.as_str(); 3]).assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
}

#[test]
fn no_code_is_accepted_again_however_the_clock_moves() {
    let (factor, token) = enrolled();
    let start = factor.world.clock().now();
    // The step of the code that proved the token.
    let mut last = -1;
    // Forth and back around one accepted step after the other.
    for offset in [0, 2, 1, -1, 3, -5, 2, 4, 4, 10, 0, 11, 9, 12] {
        factor.world.clock().freeze_at(start + 30 * offset);
        for step in [-1, 0, 1] {
            let granted = factor.login("alice", &[&factor.code_of_step(&token, step)]).let_in();
            assert_eq!(granted, offset + step > last, "step {} after step {last}", offset + step);
            last = last.max(offset + step);
        }
    }
}

#[test]
fn a_clock_that_went_back_behind_the_window_is_told_to_right_and_wrong_codes() {
    let (factor, token) = enrolled();
    accepted(&factor, &factor.code(&token));
    // One step back the accepted step is in the window still; two steps back it is not.
    for (seconds, gone_back) in [(-30, false), (-30, true), (-600, true), (-YEAR, true)] {
        factor.world.move_clock(seconds);
        let right = factor.login("alice", &[factor.code(&token).as_str(); 3]);
        right.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
        assert_eq!(right.notices() == [GONE_BACK], gone_back, "{right:#?}");
        if gone_back {
            let again = format!("{GONE_BACK}\n{PROMPT}");
            assert_eq!(right.questions(), [PROMPT, &again, &again]);
        }
    }
    assert_eq!(factor.failures("alice"), 0, "a right code is no failure");
    let wrong = factor.wrong_code(&token);
    let told = factor.login("alice", &[wrong.as_str(); 3]);
    assert_eq!(told.notices(), [GONE_BACK]);
    assert_eq!(factor.failures("alice"), 3, "a wrong code is still counted");
    factor.world.wait_for_log(&["event=refused", "reason=clock_went_back"]);
    factor.world.move_clock(YEAR + 720);
    let transcript = accepted(&factor, &factor.code(&token));
    assert!(transcript.shows("3 wrong codes since your last login"));
}

#[test]
fn wrong_codes_block_though_the_clock_has_gone_back() {
    let (factor, token) = enrolled();
    factor.world.move_clock(-3_600);
    let wrong = factor.wrong_code(&token);
    factor.login("alice", &[wrong.as_str(); 3]);
    let transcript = factor.login("alice", &[wrong.as_str(); 3]);
    assert_eq!(transcript.prompts().len(), 2, "the fifth wrong code blocks: {transcript:#?}");
    assert_eq!(transcript.notices(), ["Too many wrong codes. Try again in 30 seconds."]);
    factor.world.wait_for_log(&["event=blocked", "user=alice", "failures=5"]);
    assert_eq!(factor.failures("alice"), 5);
}

#[test]
fn a_block_from_a_clock_years_ahead_ends_its_delay_after_the_clock_is_right_again() {
    let (factor, token) = enrolled();
    factor.world.move_clock(10 * YEAR);
    block(&factor, &token);
    factor.world.move_clock(-10 * YEAR);
    let told = factor.login("alice", &[]);
    assert_eq!(told.notices(), ["Too many wrong codes. Try again in 30 seconds."], "counted from now");
    factor.world.move_clock(29);
    let told = factor.login("alice", &[]);
    assert_eq!(told.notices(), ["Too many wrong codes. Try again in 1 second."], "counted from then on, not again");
    factor.world.move_clock(1);
    let transcript = accepted(&factor, &factor.code(&token));
    assert!(transcript.shows("5 wrong codes since your last login"));
}

#[test]
fn a_block_is_not_shortened_by_a_clock_that_goes_back_and_forth() {
    let (factor, token) = enrolled();
    block(&factor, &token);
    factor.world.move_clock(-YEAR);
    assert_eq!(factor.login("alice", &[]).notices(), ["Too many wrong codes. Try again in 30 seconds."]);
    factor.world.move_clock(20);
    assert_eq!(factor.login("alice", &[]).notices(), ["Too many wrong codes. Try again in 10 seconds."]);
    factor.world.move_clock(-10);
    assert_eq!(factor.login("alice", &[]).notices(), ["Too many wrong codes. Try again in 20 seconds."]);
}

#[test]
fn proofs_without_a_commit_under_a_wrong_clock_hold_nobody_off_for_years() {
    let factor = Factor::new(&format!("{IN_USE}[recovery]\ncodes = 0\n"), &["alice"]);
    let unfinished = || factor.driver("alice").answers(["{code}"]).phases([Phase::Authenticate]).run().let_in();
    factor.world.move_clock(10 * YEAR);
    assert_eq!([unfinished(), unfinished(), unfinished(), unfinished()], [true, true, true, false]);
    factor.world.move_clock(-10 * YEAR);
    factor.world.move_clock(3_600);
    factor.enroll("alice");
}

#[test]
fn time_before_1970_or_beyond_9999_is_no_time_to_log_in() {
    let (factor, token) = enrolled();
    let right = factor.world.clock().now();
    let code = factor.code(&token);
    for time in [-1, -86_400 * 365 * 30, 253_402_300_800, i64::MAX / 2] {
        factor.world.clock().freeze_at(time);
        let transcript = factor.login("alice", &[&code]);
        assert!(transcript.ended(), "{time}: {transcript:#?}");
        transcript.assert_codes(Phase::Authenticate, &[pam::AUTHINFO_UNAVAIL]);
        assert_eq!(transcript.notices(), [NOT_AVAILABLE], "{time}");
    }
    for time in [1, 29, 253_402_300_799] {
        factor.world.clock().freeze_at(time);
        let transcript = factor.login("alice", &["x"]);
        assert!(transcript.ended(), "{time}: {transcript:#?}");
        transcript.assert_codes(Phase::Authenticate, &[pam::CONV_ERR]);
    }
    factor.world.clock().freeze_at(right);
    accepted(&factor, &code);
}

#[test]
fn a_clock_that_jumps_while_the_prompt_stands_is_read_again_for_the_verdict() {
    let (factor, token) = enrolled();
    let clock = factor.world.clock();
    let (now, code) = (clock.now(), factor.code(&token));
    let late = countersign_tests::Answer::from(code.as_str()).after(&clock.freezing_command(now + 90));
    let transcript = factor.driver("alice").answers([late]).run();
    assert!(!transcript.let_in(), "a code three steps old: {transcript:#?}");
    let code = token.at(now + 3_600);
    let in_time = countersign_tests::Answer::from(code.as_str()).after(&clock.freezing_command(now + 3_600));
    assert!(factor.driver("alice").answers([in_time]).run().let_in());
}
