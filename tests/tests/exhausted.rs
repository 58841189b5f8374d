//! Applications without privilege, without standard streams and without memory: refused, with whole state (I4, I7, I10).
use countersign_tests::factor::{IN_USE, NOT_AVAILABLE};
use countersign_tests::hosts::Host;
use countersign_tests::pam_driver::pam;
use countersign_tests::world::Outcome;
use countersign_tests::{Factor, Phase};
use std::collections::BTreeMap;
use std::time::Duration;

const SIGABRT: i32 = -6;
const NOBODY: &str = "65534";

/// How often each verdict, or minus signal, came.
fn verdicts(outcome: &Outcome) -> BTreeMap<i32, usize> {
    let text = outcome.ok();
    let mut count = BTreeMap::new();
    assert!(text.ends_with("done\n"), "{text}");
    for line in text.lines().filter(|line| *line != "done") {
        let verdict = line.split_once(' ').expect("a number and a verdict").1.parse().expect("a verdict");
        *count.entry(verdict).or_default() += 1;
    }
    count
}

/// Lets each `stride`th allocation of alice's or bob's login fail, once or from then on, or ends the address space.
fn starve(how: &str, user: &str, stride: usize, words: &[&str]) -> BTreeMap<i32, usize> {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    let token = factor.enroll("alice");
    let program = factor.compile_host(Host::Failing, "-rdynamic");
    factor.lay_down_codes("alice", &token, 20_000);
    let stride = stride.to_string();
    let arguments = [&[how, user, "0", &stride], words].concat();
    let outcome = factor.host(program, &arguments).limit(Duration::from_secs(1_800)).run();
    let verdicts = verdicts(&outcome);
    println!("{how} {user} {words:?}: {verdicts:?}");
    // Rust aborts the process of an application when it gets no memory; nothing else may kill it.
    assert!(verdicts.keys().all(|verdict| *verdict >= 0 || *verdict == SIGABRT), "{verdicts:?}");
    verdicts
}

#[test]
fn a_wrong_code_is_never_let_in_for_want_of_memory() {
    for how in ["one", "all"] {
        assert!(starve(how, "alice", 3, &["@wrong"]).contains_key(&pam::CONV_ERR));
    }
}

#[test]
fn a_right_code_is_let_in_at_most_once_for_want_of_memory_and_the_next_one_is() {
    for how in ["one", "all"] {
        assert!(starve(how, "alice", 3, &["@right"]).contains_key(&pam::SUCCESS));
    }
}

#[test]
fn an_enrollment_that_runs_out_of_memory_can_be_made_again() {
    assert!(starve("one", "bob", 97, &["ascii", "@key", ""]).contains_key(&pam::SUCCESS));
}

#[test]
fn the_end_of_the_address_space_refuses() {
    assert!(starve("space", "alice", 3, &["@wrong"]).contains_key(&pam::CONV_ERR));
    assert!(starve("space", "alice", 3, &["@right"]).contains_key(&pam::SUCCESS));
}

#[test]
#[ignore = "long: part of make sanitize"]
fn every_allocation_of_a_login_and_many_of_an_enrollment_fail() {
    for how in ["one", "all", "space"] {
        starve(how, "alice", 1, &["@wrong"]);
        starve(how, "alice", 1, &["@right"]);
    }
    // The QR code alone makes tens of thousands.
    starve("one", "bob", 13, &["ascii", "@key", ""]);
    starve("all", "bob", 131, &["ascii", "@key", ""]);
}

#[test]
fn an_application_without_any_privilege_lets_nobody_in_by_their_code() {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    let token = factor.enroll("alice");
    let before = factor.state();
    for user in ["alice", "bob", "no-such-user"] {
        for answer in [factor.code(&token).as_str(), "{code}", "disable"] {
            let transcript = factor.driver(user).as_user(NOBODY).answers([answer; 3]).run();
            assert!(transcript.ended() && transcript.errors.is_empty(), "{transcript:#?}");
            assert!(!transcript.let_in(), "{user}, {answer}: {transcript:#?}");
            transcript.assert_codes(Phase::Account, &[pam::IGNORE]);
        }
    }
    let transcript = factor.driver("alice").as_user(NOBODY).run();
    transcript.assert_codes(Phase::Authenticate, &[pam::AUTHINFO_UNAVAIL]);
    assert_eq!(transcript.notices(), [NOT_AVAILABLE]);
    assert_eq!(factor.state(), before);
}

#[test]
fn an_application_without_standard_streams_gets_its_verdicts_and_no_byte_beside_the_state() {
    for (first, last) in [("0", "0"), ("1", "1"), ("2", "2"), ("1", "2"), ("0", "2")] {
        let factor = Factor::new(IN_USE, &["alice", "bob"]);
        let token = factor.enroll("alice");
        let program = factor.compile_host(Host::Long, "");
        factor.lay_down_codes("alice", &token, 20);
        let outcome = factor.host(program, &["closed", first, last]).run();
        let told = outcome.ok() + &outcome.errors();
        assert_eq!(told.replace("Hello?\n", ""), "", "{first} to {last} closed");
        assert_eq!(factor.failures("alice"), 1);
        factor.assert_next_code_accepted("alice", &token);
    }
}
