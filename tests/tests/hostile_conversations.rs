//! Applications that answer as none should: no crash, no grant, a bounded number of prompts.
use countersign_tests::code::Parameters;
use countersign_tests::factor::{IN_USE, MODULE};
use countersign_tests::pam_driver::{Reply, pam};
use countersign_tests::{Answer, Driver, Factor, Phase, Transcript};

/// More prompts than these no login may ask.
const MOST_PROMPTS: usize = 20;
const KIB: usize = 1024;

/// Answers no application should give. `code` is right at this moment.
fn replies(code: &str) -> Vec<Reply> {
    let with_code = |before: &str, after: &str| Reply::Bytes(format!("{before}{code}{after}").into_bytes());
    vec![
        Reply::NullArray,
        Reply::NullText,
        Reply::GONE,
        Reply::Fail(pam::CONV_AGAIN),
        Reply::Fail(pam::BUF_ERR),
        Reply::Fail(-1),
        Reply::Fail(i32::MAX),
        Reply::FailWithText(pam::BUF_ERR, code.to_owned()),
        Reply::FailWithText(pam::CONV_ERR, code.to_owned()),
        Reply::FailWithText(pam::CONV_AGAIN, "disable".to_owned()),
        Reply::Repeat(b'1', 64 * KIB),
        Reply::Repeat(b' ', 64 * KIB),
        Reply::Repeat(0xff, 64 * KIB),
        Reply::Repeat(b'1', 511),
        Reply::Repeat(b'1', 512),
        Reply::Repeat(b'%', 4 * KIB),
        Reply::Bytes(vec![]),
        Reply::Bytes(vec![0]),
        Reply::Bytes((1..=31).collect()),
        Reply::Bytes(b"\x1b[2J\x1b]0;x\x07".to_vec()),
        Reply::Bytes(b"\x08\n\r\x7fINCORRECT".to_vec()),
        Reply::Bytes(vec![0xff, 0xfe, 0x80, 0xc0, 0xaf]),
        Reply::Bytes("１２３４５６".as_bytes().to_vec()),
        Reply::Bytes("\u{202e}654321".as_bytes().to_vec()),
        Reply::Bytes(b"%s%n%s%n".to_vec()),
        with_code("\0", ""),
        with_code("", "\n"),
        with_code("", "\u{7f}"),
        with_code("+", ""),
        with_code("", "0"),
    ]
}

fn check(reply: &Reply, transcript: &Transcript) {
    assert!(transcript.ended(), "{reply:?}: {transcript:#?}");
    assert_eq!(transcript.errors, "", "{reply:?}");
    assert!(!transcript.let_in(), "{reply:?}: {transcript:#?}");
    let code = transcript.code(Phase::Authenticate);
    assert!([pam::AUTH_ERR, pam::CONV_ERR].contains(&code), "{reply:?}: {}", pam::name(code));
    assert!(transcript.prompts().len() <= MOST_PROMPTS, "{reply:?}: {}", transcript.prompts().len());
    transcript.assert_codes(Phase::Account, &[pam::IGNORE]);
}

/// The same hostile answer to every prompt from one on, more often than any login may ask.
fn from_then_on(before: &[&str], reply: &Reply) -> Vec<Answer> {
    let first = before.iter().map(|text| Answer::from(*text));
    first.chain(std::iter::repeat_n(Answer::from(reply.clone()), 100)).collect()
}

fn enrolled() -> (Factor, Parameters) {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    (factor, token)
}

#[test]
fn at_the_first_prompt_of_a_login_nothing_hostile_is_let_in_or_counted() {
    let (factor, token) = enrolled();
    for reply in replies(&factor.code(&token)) {
        let transcript = factor.driver("alice").answers(from_then_on(&[], &reply)).run();
        check(&reply, &transcript);
    }
    assert_eq!(factor.failures("alice"), 0, "not one was a well-formed code of its own accord");
    factor.login("alice", &[&factor.code(&token)]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
}

#[test]
fn at_a_later_prompt_of_a_login_nothing_hostile_is_let_in() {
    let (factor, token) = enrolled();
    for reply in replies(&factor.code(&token)) {
        let wrong = factor.wrong_code(&token);
        let transcript = factor.driver("alice").answers(from_then_on(&["x", &wrong], &reply)).run();
        check(&reply, &transcript);
        assert_eq!(factor.failures("alice"), 1, "{reply:?}: the wrong code before it, and it alone");
        let accepted = factor.assert_next_code_accepted("alice", &token);
        assert!(accepted.shows("1 wrong code since your last login"), "{accepted:#?}");
    }
}

#[test]
fn at_an_enrollment_nothing_hostile_is_let_in_or_kept() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let before = factor.state();
    for reply in replies("000000") {
        for first in [&[][..], &["ascii"], &["{wrong}", "INVERT"]] {
            let transcript = factor.driver("alice").answers(from_then_on(first, &reply)).run();
            check(&reply, &transcript);
        }
    }
    assert_eq!(factor.state(), before, "an unfinished enrollment leaves nothing");
    factor.enroll("alice");
}

#[test]
fn an_error_that_comes_with_a_right_code_proves_nothing() {
    let factor = Factor::new(IN_USE, &["alice"]);
    for code in [pam::BUF_ERR, pam::CONV_ERR, pam::CONV_AGAIN, pam::ABORT] {
        let reply = Reply::FailWithText(code, "{code}".to_owned());
        let transcript = factor.driver("alice").answers([reply.clone()]).run();
        check(&reply, &transcript);
        transcript.assert_codes(Phase::Authenticate, &[pam::CONV_ERR]);
    }
    assert_eq!(factor.record("alice"), None);
}

#[test]
fn words_repeated_for_ever_end_the_enrollment() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let many =
        |words: &[&str]| -> Vec<String> { words.iter().cycle().take(200).map(|word| (*word).to_owned()).collect() };
    for words in [&["ascii"][..], &["invert"], &["ascii", "nonsense"], &["{wrong}"], &["later"]] {
        let transcript = factor.driver("alice").answers(many(words)).run();
        check(&Reply::Text(words.join(" ")), &transcript);
        transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    }
    factor.world.configure(&format!("{IN_USE}can_toggle = false\n"));
    let transcript = factor.driver("alice").answers(many(&["disable"])).run();
    check(&Reply::Text("disable".to_owned()), &transcript);
}

#[test]
fn a_screen_that_cannot_be_shown_under_sudo_ends_the_enrollment() {
    let factor = Factor::new(IN_USE, &["alice"]);
    for reply in [Reply::GONE, Reply::Fail(pam::CONV_AGAIN), Reply::FailWithText(pam::BUF_ERR, "x".to_owned())] {
        let driver = factor.driver("alice").service("sudo");
        // The stack lies under the service's name.
        let transcript = driver.bare_module(MODULE).on_info(reply.clone()).answers(["{code}"]).run();
        check(&reply, &transcript);
        assert_eq!(transcript.prompts().len(), 0, "{reply:?}");
    }
    for reply in [Reply::NullArray, Reply::NullText, Reply::Repeat(b'x', 64 * KIB), Reply::Bytes(vec![0xff])] {
        let factor = Factor::new(IN_USE, &["alice"]);
        let driver = factor.driver("alice").service("sudo").bare_module(MODULE);
        let transcript = driver.on_info(reply.clone()).answers(["{code}"]).run();
        assert!(transcript.ended(), "{reply:?}");
        transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
    }
}

#[test]
fn a_last_notice_that_nobody_hears_changes_no_verdict() {
    let (factor, token) = enrolled();
    for reply in replies("000000") {
        let wrong = factor.wrong_code(&token);
        let answers = [wrong.as_str(); 3];
        let refused = factor.driver("alice").on_info(reply.clone()).answers(answers).run();
        check(&reply, &refused);
        refused.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
        factor.next_step();
        let code = factor.code(&token);
        let accepted = factor.driver("alice").on_info(reply.clone()).answers([code.as_str()]).run();
        assert!(accepted.ended(), "{reply:?}");
        accepted.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
        assert!(accepted.shows("3 wrong codes since your last login"), "{accepted:#?}");
    }
    factor.world.configure("broken");
    for reply in replies("000000") {
        let transcript = factor.driver("alice").on_info(reply.clone()).run();
        assert!(transcript.ended(), "{reply:?}");
        transcript.assert_codes(Phase::Authenticate, &[pam::AUTHINFO_UNAVAIL]);
    }
}

#[test]
fn an_application_without_a_user_is_asked_for_one_and_no_odd_name_gets_in() {
    let (factor, token) = enrolled();
    let driver = || Driver::new(&factor.world).no_user().bare_module(MODULE);
    let transcript = driver().answers(["alice", &factor.code(&token)]).run();
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    let replies = replies("000000").into_iter().filter(|reply| !matches!(reply, Reply::Repeat(..)));
    for reply in replies {
        let transcript = driver().answers(from_then_on(&[], &reply)).run();
        assert!(transcript.ended(), "{reply:?}: {transcript:#?}");
        assert!(!transcript.let_in(), "{reply:?}: {transcript:#?}");
        assert!(transcript.prompts().len() <= MOST_PROMPTS, "{reply:?}");
    }
}

#[test]
fn odd_user_names_leave_no_trace_outside_the_state_and_get_nobody_in() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let long = "x".repeat(5_000);
    let names =
        ["", "..", "../../etc/passwd", "alice/../bob", "al ice\n", "%s%n", "ALICE", "alice ", &long, "\u{202e}"];
    let before = factor.state();
    for name in names {
        let transcript = factor.login(name, &["000000"; 3]);
        assert!(transcript.ended(), "{name:?}: {transcript:#?}");
        assert!(!transcript.let_in(), "{name:?}: {transcript:#?}");
    }
    assert_eq!(factor.state(), before);
}

#[test]
fn an_application_killed_at_a_prompt_leaves_nothing_and_no_lock() {
    let (factor, token) = enrolled();
    let before = factor.state();
    let killed = factor.driver("alice").answers([Reply::Die]).run();
    assert!(!killed.ended() && killed.codes(Phase::Authenticate).is_empty());
    assert_eq!(factor.state(), before);
    factor.login("alice", &[&factor.code(&token)]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    let fresh = Factor::new(IN_USE, &["alice"]);
    let before = fresh.state();
    for answers in [vec![Answer::from(Reply::Die)], vec![Answer::from("{wrong}"), Answer::from(Reply::Die)]] {
        assert!(!fresh.driver("alice").answers(answers).run().ended());
    }
    assert_eq!(fresh.state(), before);
    fresh.enroll("alice");
}
