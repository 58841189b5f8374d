//! Proofs and commits at their edges: which codes prove a token, how many proofs may go uncommitted (I14), and what
//! a commit leaves in the counters (I1).
#![allow(clippy::arithmetic_side_effects, reason = "an overflow in a test fails the test")]

use super::enrollment::{UNCOMMITTED_LIMIT, committed, disable_committed, prove, proven};
use super::fixture_tests::{LOGIN, SECRET_A, SECRET_B, code, code_at, config, record, step, time, token};
use super::judge::{Verdict, judge};
use super::plan::{Demand, Login, Plan, Refusal, plan};
use super::throttle::unblocked;
use crate::config::Config;
use crate::counters::{Counters, Grace, LastAccepted, SlowTotal, Throttle, TokenCounters, Uncommitted};
use crate::record::Token;
use crate::token::{Parameters, Seconds, TokenId};

const BASE: u64 = 60_000_000;
const NOW: u64 = BASE * 30 + 7;

fn phone() -> Token {
    token(1, SECRET_A, Parameters::default())
}

/// Whether enrollment is refused because proofs went uncommitted.
fn is_refused(counters: &Counters, now: u64) -> bool {
    let login = Login { demand: Demand::Required, ..LOGIN };
    match plan(&Config::default(), &login, None, counters, time(now)) {
        Plan::Enroll(_) => false,
        Plan::Refuse(Refusal::Uncommitted) => true,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_is_proven_by_the_codes_of_the_window_and_no_others() {
    for window in 0..=2 {
        let config = config(&format!("[totp]\nwindow = {window}"));
        for distance in 0..=4 {
            for near in [BASE - distance, BASE + distance] {
                let proof = prove(&config, &phone(), time(NOW), &code(&code_at(&phone(), near)));
                assert_eq!(proof, (distance <= window).then_some(step(near)), "window {window}, step {near}");
            }
        }
    }
}

#[test]
fn a_code_of_two_steps_proves_the_later_one() {
    for (first, distance) in [(62_075_368, 1), (61_331_809, 2)] {
        let text = code_at(&phone(), first);
        let proof = prove(&Config::default(), &phone(), time((first + 1) * 30), &code(&text));
        assert_eq!(proof, Some(step(first + distance)));
    }
}

#[test]
fn the_code_of_another_secret_or_length_proves_nothing() {
    let other = token(2, SECRET_B, Parameters::default());
    let long = token(3, SECRET_A, super::fixture_tests::parameters(crate::token::Algorithm::Sha1, 8, 30));
    for stranger in [&other, &long] {
        let text = code_at(stranger, BASE);
        assert_eq!(prove(&Config::default(), &phone(), time(NOW), &code(&text)), None);
        assert_eq!(prove(&Config::default(), stranger, time(NOW), &code(&text)), Some(step(BASE)));
    }
}

#[test]
fn three_uncommitted_proofs_hold_a_user_off_for_an_hour() {
    let cases = [
        (0, 0, false),
        (1, 0, false),
        (2, 0, false),
        (3, 0, true),
        (3, 3_599, true),
        (3, 3_600, false),
        (3, 1_000_000, false),
        (4, 0, true),
        (4, 3_600, false),
        (99, 3_599, true),
        (99, 3_600, false),
    ];
    for (count, ago, refused) in cases {
        let uncommitted = Uncommitted { count, last: time(NOW - ago) };
        let counters = Counters { uncommitted, ..Counters::default() };
        assert_eq!(is_refused(&counters, NOW), refused, "{count} proofs, the last {ago} s ago");
    }
    assert_eq!(UNCOMMITTED_LIMIT, 3);
}

#[test]
fn a_stack_without_an_account_line_lets_in_three_times_and_then_once_an_hour() {
    let mut counters = Counters::default();
    let mut let_in = Vec::new();
    for minute in 0..200 {
        let now = NOW + minute * 60;
        if !is_refused(&counters, now) {
            counters = proven(&counters, time(now));
            let_in.push(minute);
        }
    }
    assert_eq!(let_in, [0, 1, 2, 62, 122, 182]);
    let unblocked = unblocked(&counters);
    assert_eq!(unblocked.uncommitted, Uncommitted::default());
    assert!(!is_refused(&unblocked, NOW + 182 * 60));
}

#[test]
fn a_clock_that_was_ahead_holds_nobody_off_for_years() {
    let ahead = (0..3).fold(Counters::default(), |counters, _| proven(&counters, time(NOW + 1_000_000_000)));
    assert!(is_refused(&ahead, NOW + 1_000_000_000));
    assert!(!is_refused(&ahead, NOW));
    let again = proven(&ahead, time(NOW));
    for (later, refused) in [(0, true), (3_599, true), (3_600, false)] {
        assert_eq!(is_refused(&again, NOW + later), refused, "{later} s after one more");
    }
}

#[test]
fn a_commit_clears_the_count_however_often_one_enrolls() {
    let mut counters = Counters::default();
    for round in 0..10 {
        let now = NOW + round;
        counters = proven(&proven(&counters, time(now)), time(now));
        assert_eq!(counters.uncommitted, Uncommitted { count: 2, last: time(now) });
        counters = if round % 2 == 0 {
            disable_committed(&counters)
        } else {
            committed(&counters, &LOGIN, &record(vec![]), &phone(), step(BASE), time(now))
        };
        assert_eq!(counters.uncommitted, Uncommitted::default());
    }
}

#[test]
fn a_proof_is_counted_and_changes_nothing_else() {
    let before = full();
    let after = proven(&before, time(NOW + 5));
    let uncommitted = Uncommitted { count: 3, last: time(NOW + 5) };
    assert_eq!(after, Counters { uncommitted, ..before.clone() });
    let most = Counters { uncommitted: Uncommitted { count: 99, last: time(NOW) }, ..before };
    assert_eq!(proven(&most, time(NOW)).uncommitted.count, 99, "the file holds two digits");
}

#[test]
fn a_commit_spends_its_step_and_forgets_failures_and_grace() {
    let after = committed(&full(), &LOGIN, &record(vec![]), &phone(), step(BASE + 1), time(NOW));
    let at = LastAccepted { at: time(NOW), service: "sshd".into(), rhost: "192.0.2.7".into(), offset: 1 };
    let expected = Counters {
        tokens: vec![TokenCounters { id: phone().id, last_step: step(BASE + 1), offset: 1 }],
        throttle: Throttle::default(),
        uncommitted: Uncommitted::default(),
        grace: Grace::Ended,
        last_accepted: Some(at),
        ..full()
    };
    assert_eq!(after, expected);
    let disabled = disable_committed(&full());
    assert_eq!(disabled, Counters { uncommitted: Uncommitted::default(), ..full() });
}

/// A second token must not make the first one's codes new again.
#[test]
fn a_code_accepted_before_another_token_was_added_stays_used() {
    let (tablet, text) = (token(2, SECRET_B, Parameters::default()), code_at(&phone(), BASE));
    let before = record(vec![phone()]);
    let judged = |counters: &Counters, tokens| {
        judge(&Config::default(), &LOGIN, &record(tokens), counters, time(NOW), &code(&text))
    };
    let first = judged(&Counters::default(), vec![phone()]);
    assert!(matches!(first.verdict, Verdict::Accepted { .. }));
    let counters = committed(&first.next.unwrap(), &LOGIN, &before, &tablet, step(BASE - 1), time(NOW));
    assert_eq!(judged(&counters, vec![phone(), tablet]).verdict, Verdict::Used);
}

/// Two commits of one token cannot happen; if they did, the earlier proof must not make later codes new again.
#[test]
fn a_commit_never_lowers_a_step() {
    let commit = |counters: &Counters, at| committed(counters, &LOGIN, &record(vec![]), &phone(), step(at), time(NOW));
    let counters = commit(&commit(&Counters::default(), BASE + 1), BASE);
    assert_eq!(counters.last_step(phone().id), Some(step(BASE + 1)));
}

#[test]
fn the_proving_code_lets_nobody_in_after_the_commit() {
    for proven_at in [BASE - 1, BASE, BASE + 1] {
        let counters = committed(&Counters::default(), &LOGIN, &record(vec![]), &phone(), step(proven_at), time(NOW));
        let text = code_at(&phone(), proven_at);
        let judgement =
            judge(&Config::default(), &LOGIN, &record(vec![phone()]), &counters, time(NOW + 15), &code(&text));
        assert_eq!((judgement.verdict, judgement.next), (Verdict::Used, None));
    }
}

/// Counters of a user of whom everything is known, reset since.
fn full() -> Counters {
    let throttle = Throttle { failures: 7, last_failure: time(NOW - 10), delay: Seconds(120) };
    Counters {
        sequence: 41,
        tokens: vec![TokenCounters { id: TokenId::from_random([8; 8]), last_step: step(BASE + 9), offset: 0 }],
        throttle,
        helper_throttle: throttle,
        slow: SlowTotal { failures: 70, since: time(NOW - 1_000) },
        grace: Grace::Started(time(NOW - 2_000)),
        uncommitted: Uncommitted { count: 2, last: time(NOW - 3) },
        ..Counters::default()
    }
}
