//! Every row of the table of notices: the exact words, on the prompt that follows or as the last error message.
use countersign_tests::code::Parameters;
use countersign_tests::factor::{IN_USE, MODULE, NOT_AVAILABLE, PROMPT, SETTINGS_CHANGED};
use countersign_tests::pam_driver::{Item, pam};
use countersign_tests::{Answer, Driver, Factor, Phase, Transcript};

const WRONG: &str = "Otp invalid!";
const WRONG_AGAIN: &str = "Otp invalid! If you typed it correctly, set your phone's clock to automatic.";
const WRONG_AT_ENROLLMENT: &str = "Otp invalid! Use the newest entry in your app.";
const WRONG_AGAIN_AT_ENROLLMENT: &str = "Otp invalid! If you typed it correctly, set your phone's clock to automatic. \
                                         Use the newest entry in your app.";
const USED: &str = "Otp invalid! This code was already used. Wait for the next one.";
const TOO_OLD: &str = "Otp invalid! This code is too old.";

fn after(notice: &str) -> String {
    format!("{notice}\n{PROMPT}")
}

/// Without recovery codes: a blocked user is asked nothing.
fn enrolled(config: &str) -> (Factor, Parameters) {
    let factor = Factor::new(&format!("{config}[recovery]\ncodes = 0\n"), &["alice"]);
    let token = factor.enroll("alice");
    (factor, token)
}

/// All but the first prompt of an enrollment, which holds the screen.
fn later_questions(transcript: &Transcript) -> Vec<&str> {
    transcript.questions()[1..].to_vec()
}

#[test]
fn a_wrong_code_is_told_and_from_the_second_on_clocks_are_mentioned() {
    let (factor, token) = enrolled(IN_USE);
    let wrong = factor.wrong_code(&token);
    let transcript = factor.login("alice", &[wrong.as_str(); 3]);
    assert_eq!(transcript.questions(), [PROMPT, &after(WRONG), &after(WRONG_AGAIN)]);
    assert_eq!(transcript.notices(), [WRONG_AGAIN]);
    assert_eq!(factor.failures("alice"), 3);
    factor.world.wait_for_log(&["event=refused", "user=alice", "reason=wrong_code"]);
}

#[test]
fn a_wrong_code_at_enrollment_points_to_the_newest_entry_and_is_no_failure() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let transcript = factor.login("alice", &["{wrong}"; 3]);
    transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    assert_eq!(later_questions(&transcript), [after(WRONG_AT_ENROLLMENT), after(WRONG_AGAIN_AT_ENROLLMENT)]);
    assert_eq!(transcript.notices(), [WRONG_AGAIN_AT_ENROLLMENT]);
    assert_eq!((factor.failures("alice"), factor.record("alice")), (0, None));
}

#[test]
fn a_used_code_is_told_audited_as_a_replay_with_the_address_and_no_failure() {
    let (factor, token) = enrolled(IN_USE);
    let code = factor.code(&token);
    factor.login("alice", &[&code]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    let answers = [code.as_str(); 3];
    let transcript = factor.driver("alice").item(Item::Rhost, "203.0.113.9").answers(answers).run();
    assert_eq!(transcript.questions(), [PROMPT, &after(USED), &after(USED)]);
    assert_eq!(transcript.notices(), [USED]);
    assert_eq!(factor.failures("alice"), 0);
    let line = factor.world.wait_for_log(&["event=replay", "user=alice", "service=sshd", "rhost=203.0.113.9"]);
    assert!(line.starts_with("<84>"), "authpriv, warning: {line}");
}

#[test]
fn a_code_of_an_earlier_step_is_told_to_be_too_old_and_no_failure() {
    let (factor, token) = enrolled(IN_USE);
    factor.login("alice", &[&factor.code_of_step(&token, 1)]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    let transcript = factor.login("alice", &[factor.code(&token).as_str(); 3]);
    assert_eq!(transcript.questions(), [PROMPT, &after(TOO_OLD), &after(TOO_OLD)]);
    assert_eq!(transcript.notices(), [TOO_OLD]);
    assert_eq!(factor.failures("alice"), 0);
}

#[test]
fn what_is_not_a_code_is_told_with_the_digits_and_neither_counted_nor_endless() {
    let (factor, token) = enrolled(IN_USE);
    let not_codes = ["12345", "1234567", "abcdef", "", "12345a", "１２３４５６", "disable", "later"];
    let code = factor.code(&token);
    let answers: Vec<&str> = not_codes.iter().copied().chain([code.as_str()]).collect();
    let transcript = factor.login("alice", &answers);
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    let again = after("Otp invalid! A code has 6 digits.");
    assert!(transcript.questions()[1..].iter().all(|question| *question == again), "{transcript:#?}");
    assert_eq!(transcript.notices(), [""; 0], "no failure is reported");
    let endless = factor.login("alice", &["nonsense"; 100]);
    endless.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    assert!(endless.prompts().len() < 20, "a bounded number of malformed answers");
    assert_eq!(endless.notices(), ["Otp invalid! A code has 6 digits."]);
    assert_eq!(factor.failures("alice"), 0);
}

#[test]
fn the_digits_told_are_those_of_the_token() {
    let factor = Factor::new("[defaults]\nuse_2fa = true\n[totp]\ndigits = 8\n", &["alice"]);
    let transcript = factor.login("alice", &["123456", "1234567"]);
    let again = after("Otp invalid! A code has 8 digits.");
    assert_eq!(later_questions(&transcript), [again.as_str(), again.as_str()]);
}

#[test]
fn blanks_and_dashes_inside_a_code_are_accepted() {
    let (factor, token) = enrolled(IN_USE);
    for (left, between, right) in [("", " ", ""), ("  ", "-", " "), ("", " - ", "\t")] {
        factor.next_step();
        let code = factor.code(&token);
        let typed = format!("{left}{}{between}{}{right}", &code[..3], &code[3..]);
        factor.login("alice", &[&typed]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    }
}

#[test]
fn a_blocked_user_is_told_how_long_and_asked_nothing() {
    let (factor, token) = enrolled(IN_USE);
    let wrong = factor.wrong_code(&token);
    factor.login("alice", &[wrong.as_str(); 3]);
    let transcript = factor.login("alice", &[wrong.as_str(); 2]);
    transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    assert_eq!(transcript.questions(), [PROMPT, &after(WRONG)]);
    let told = "Too many wrong codes. Try again in 30 seconds.";
    assert_eq!(transcript.notices().last(), Some(&told));
    let state = factor.state();
    let transcript = factor.login("alice", &[&factor.code(&token)]);
    transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    assert_eq!((transcript.questions().len(), transcript.notices()), (0, vec![told]));
    assert_eq!(factor.state(), state, "a refused answer changes nothing");
    factor.world.wait_for_log(&["event=blocked", "user=alice", "failures=5"]);
    factor.world.move_clock(29);
    let transcript = factor.login("alice", &[]);
    assert_eq!(transcript.notices(), ["Too many wrong codes. Try again in 1 second."]);
    factor.world.move_clock(1);
    factor.login("alice", &[&factor.code(&token)]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
}

#[test]
fn delays_double_up_to_an_hour_and_the_words_follow() {
    let (factor, token) = enrolled(IN_USE);
    let wrong = factor.wrong_code(&token);
    factor.login("alice", &[wrong.as_str(); 3]);
    factor.login("alice", &[wrong.as_str(); 1]);
    let expected = [
        (30, "30 seconds"),
        (60, "60 seconds"),
        (120, "2 minutes"),
        (240, "4 minutes"),
        (480, "8 minutes"),
        (960, "16 minutes"),
        (1920, "32 minutes"),
        (3600, "60 minutes"),
        (3600, "60 minutes"),
    ];
    for (seconds, words) in expected {
        let wrong = factor.wrong_code(&token);
        let transcript = factor.login("alice", &[&wrong]);
        let told = format!("Too many wrong codes. Try again in {words}.");
        assert_eq!(transcript.notices().last(), Some(&told.as_str()));
        factor.world.move_clock(seconds - 1);
        assert_eq!(factor.login("alice", &[&wrong]).prompts().len(), 0, "still blocked after {seconds} - 1 s");
        factor.world.move_clock(1);
    }
}

#[test]
fn at_the_hard_limit_only_the_administrator_is_named() {
    let (factor, token) = enrolled(&format!("{IN_USE}[throttle]\nhard_limit = 5\n"));
    let wrong = factor.wrong_code(&token);
    factor.login("alice", &[wrong.as_str(); 3]);
    let told = "Too many wrong codes. Contact your administrator.";
    let transcript = factor.login("alice", &[wrong.as_str(); 2]);
    assert_eq!(transcript.notices().last(), Some(&told));
    factor.world.move_clock(10 * 365 * 86_400);
    let transcript = factor.login("alice", &[]);
    transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    assert_eq!((transcript.questions().len(), transcript.notices()), (0, vec![told]));
}

#[test]
fn failures_since_the_last_login_are_told_after_the_next_one() {
    let factor = Factor::new(IN_USE, &["alice"]);
    // 2026-11-24T09:00:15Z, whatever the date is: before anything of this user's is stored.
    factor.world.clock().freeze_at(1_795_510_815);
    let token = factor.enroll("alice");
    factor.login("alice", &[&factor.code(&token)]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    factor.world.move_clock(5 * 86_400);
    let wrong = factor.wrong_code(&token);
    let transcript = factor.login("alice", &[&wrong, &factor.code(&token)]);
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    assert_eq!(transcript.notices(), ["1 wrong code since your last login on 24 Nov."]);
    factor.next_step();
    factor.login("alice", &[wrong.as_str(); 3]);
    factor.login("alice", &[wrong.as_str(); 2]);
    factor.world.move_clock(30);
    let transcript = factor.login("alice", &[&factor.code(&token)]);
    assert_eq!(transcript.notices(), ["5 wrong codes since your last login on 29 Nov."]);
    let transcript = factor.assert_next_code_accepted("alice", &token);
    assert_eq!(transcript.notices(), [""; 0], "told once");
}

#[test]
fn who_cannot_enroll_here_is_told_where() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let transcript = factor.driver("alice").service("gdm-password").run();
    let told = "Set up two-factor authentication first: log in over SSH or on a console.";
    assert_eq!((transcript.questions().len(), transcript.notices()), (0, vec![told]));
    factor.world.wait_for_log(&["event=refused", "reason=cannot_enroll_here", "service=gdm-password"]);
}

#[test]
fn who_may_not_disable_is_told_so_on_the_next_prompt() {
    let factor = Factor::new("[defaults]\nuse_2fa = true\ncan_toggle = false\n", &["alice"]);
    let transcript = factor.login("alice", &["disable", "{code}"]);
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    assert_eq!(later_questions(&transcript)[0], after("You may not disable two-factor authentication."));
    assert!(!transcript.questions()[0].contains("disable"), "a word that is refused is not offered");
    assert!(factor.record("alice").expect("a record").contains("use_2fa = true"));
}

#[test]
fn settings_changed_before_the_commit_are_told() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let other = factor.driver("alice").answers(["{code}"]);
    let mut barrier = countersign_tests::pam_driver::Barrier::new();
    let slow = factor.driver("alice").answers([Answer::from("{code}").at_barrier()]).start(&barrier);
    let mut slow = [slow];
    slow[0].wait_at_barrier();
    other.run().assert_codes(Phase::Account, &[pam::SUCCESS]);
    barrier.release(&mut slow);
    let [slow] = slow;
    let transcript = slow.finish();
    assert!(!transcript.codes(Phase::Account).contains(&pam::SUCCESS), "{transcript:#?}");
    assert_eq!(transcript.notices(), [SETTINGS_CHANGED]);
}

#[test]
fn the_configured_support_is_named_instead_of_the_administrator() {
    let support = "support = \"helpdesk, ext. 42\"\n";
    let (factor, token) = enrolled(&format!("{support}{IN_USE}[throttle]\nhard_limit = 5\n"));
    let notices = |transcript: Transcript| transcript.notices().last().copied().map(str::to_owned).expect("a notice");
    factor.world.move_clock(-600);
    let told = notices(factor.login("alice", &[factor.code(&token).as_str(); 3]));
    assert_eq!(told, "The clock of this host has gone back. Contact helpdesk, ext. 42.");
    factor.world.move_clock(1200);
    let wrong = factor.wrong_code(&token);
    factor.login("alice", &[wrong.as_str(); 3]);
    let told = notices(factor.login("alice", &[wrong.as_str(); 3]));
    assert_eq!(told, "Too many wrong codes. Contact helpdesk, ext. 42.");
    factor.world.sh("rm /var/lib/countersign/counters/alice").ok();
    let told = notices(factor.login("alice", &[]));
    assert_eq!(told, NOT_AVAILABLE.replace("your administrator", "helpdesk, ext. 42"));
}

#[test]
fn a_code_equal_to_the_password_is_still_a_code_and_the_password_is_never_a_word() {
    let (factor, token) = enrolled(IN_USE);
    let wrong = factor.wrong_code(&token);
    let driver = || Driver::new(&factor.world).bare_module_after_password(MODULE);
    let transcript = driver().answers([wrong.as_str(); 4]).run();
    transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    assert_eq!(factor.failures("alice"), 3, "always evaluated and counted");
    let fresh = Factor::new(IN_USE, &["alice"]);
    let driver = || Driver::new(&fresh.world).bare_module_after_password(MODULE);
    let transcript = driver().answers(["disable", "disable"]).run();
    assert!(!transcript.let_in(), "{transcript:#?}");
    assert_eq!(fresh.record("alice"), None);
    let transcript = driver().answers(["disable", "Disable"]).run();
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
}
