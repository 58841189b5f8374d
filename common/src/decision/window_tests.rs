//! Verdicts and drift at the edges of the window: every distance of a code, of the last accepted step, and of the
//! clock, for every width.
#![allow(clippy::arithmetic_side_effects, reason = "an overflow in a test fails the test")]

use super::fixture_tests::{LOGIN, SECRET_A, SECRET_B, code, code_at, config, parameters, record, step, time, token};
use super::judge::{Verdict, drift, judge};
use crate::config::Config;
use crate::counters::{Counters, Grace, LastAccepted, SlowTotal, Throttle, TokenCounters, Uncommitted};
use crate::record::Token;
use crate::token::{Algorithm, Parameters, Seconds};

const BASE: i64 = 60_000_000;

fn near(offset: i64) -> u64 {
    u64::try_from(BASE + offset).unwrap()
}

fn phone() -> Token {
    token(1, SECRET_A, Parameters::default())
}

fn accepted_up_to(tokens: &[(&Token, i64)]) -> Counters {
    let entry = |(token, last): &(&Token, i64)| TokenCounters { id: token.id, last_step: step(near(*last)), offset: 0 };
    Counters { tokens: tokens.iter().map(entry).collect(), ..Counters::default() }
}

#[test]
fn a_verdict_depends_on_three_distances() {
    let record = record(vec![phone()]);
    for (window, second) in [(0, 0), (1, 29), (2, 15)] {
        let config = config(&format!("[totp]\nwindow = {window}"));
        let now = time(near(0) * 30 + second);
        for (last, offset) in (-4..=4).flat_map(|last| (-4..=4).map(move |offset| (last, offset))) {
            let counters = accepted_up_to(&[(&phone(), last)]);
            let judgement = judge(&config, &LOGIN, &record, &counters, now, &code(&code_at(&phone(), near(offset))));
            let is_inside = offset.abs() <= window;
            let wrong = Verdict::Wrong { failures: 1, blocked: None };
            let accepted = |offset| Verdict::Accepted { failures: 0, last_login: None, offset };
            let expected = match () {
                () if last > window => Verdict::ClockWentBack,
                () if !is_inside => wrong,
                () if offset > last => accepted(i8::try_from(offset).unwrap()),
                () if offset == last => Verdict::Used,
                () => Verdict::TooOld,
            };
            assert_eq!(judgement.verdict, expected, "window {window}, last {last}, code {offset}");
            // Written is an accepted step or a failure; what is right but not new leaves nothing.
            let is_accepted = is_inside && offset > last;
            assert_eq!(judgement.next.is_some(), is_accepted || !is_inside);
            let next = judgement.next.unwrap_or(counters);
            assert_eq!(next.throttle.failures, u16::from(!is_inside));
            let advanced = if is_accepted { offset } else { last };
            assert_eq!(next.last_step(phone().id), Some(step(near(advanced))));
        }
    }
}

#[test]
fn a_token_that_never_accepted_a_code_accepts_any_of_the_window() {
    for offset in -2..=2 {
        let (config, text) = (Config::default(), code_at(&phone(), near(offset)));
        let record = record(vec![phone()]);
        let now = time(near(0) * 30);
        let judgement = judge(&config, &LOGIN, &record, &Counters::default(), now, &code(&text));
        let is_accepted = matches!(judgement.verdict, Verdict::Accepted { .. });
        assert_eq!(is_accepted, offset.abs() <= 1, "{offset}");
    }
}

#[test]
fn a_wrong_code_leaves_a_failure_and_nothing_else() {
    let before = accepted_up_to(&[(&phone(), 0)]);
    let now = time(near(0) * 30);
    let judgement = judge(&Config::default(), &LOGIN, &record(vec![phone()]), &before, now, &code("000000"));
    let throttle = Throttle { failures: 1, last_failure: now, delay: Seconds(0) };
    let slow = SlowTotal { failures: 1, since: now };
    assert_eq!(judgement.next, Some(Counters { throttle, slow, ..before }));
}

#[test]
fn a_right_code_leaves_a_step_a_login_no_failures_no_grace_and_nothing_else() {
    let now = time(near(0) * 30);
    let throttle = Throttle { failures: 4, last_failure: time(near(0) * 30 - 9), delay: Seconds(0) };
    let before = Counters {
        sequence: 41,
        throttle,
        helper_throttle: throttle,
        slow: SlowTotal { failures: 70, since: time(7) },
        grace: Grace::Started(time(8)),
        uncommitted: Uncommitted { count: 2, last: time(9) },
        ..accepted_up_to(&[(&phone(), -3)])
    };
    let text = code_at(&phone(), near(1));
    let judgement = judge(&Config::default(), &LOGIN, &record(vec![phone()]), &before, now, &code(&text));
    let at = LastAccepted { at: now, service: "sshd".into(), rhost: "192.0.2.7".into(), offset: 1 };
    let expected = Counters {
        tokens: vec![TokenCounters { id: phone().id, last_step: step(near(1)), offset: 1 }],
        throttle: Throttle::default(),
        grace: Grace::Ended,
        last_accepted: Some(at),
        ..before
    };
    assert_eq!(judgement.next, Some(expected));
}

/// With two tokens the clock went back only if it did so for both.
#[test]
fn the_clock_went_back_only_if_no_token_could_accept_a_code() {
    let tablet = token(2, SECRET_B, parameters(Algorithm::Sha256, 8, 30));
    let record = record(vec![phone(), tablet.clone()]);
    let now = time(near(0) * 30);
    let wrong = Verdict::Wrong { failures: 1, blocked: None };
    for (phone_last, tablet_last, expected) in
        [(2, 2, Verdict::ClockWentBack), (2, 1, wrong), (1, 2, wrong), (1, 1, wrong), (9, 9, Verdict::ClockWentBack)]
    {
        let counters = accepted_up_to(&[(&phone(), phone_last), (&tablet, tablet_last)]);
        let judgement = judge(&Config::default(), &LOGIN, &record, &counters, now, &code("000000"));
        assert_eq!(judgement.verdict, expected, "{phone_last} {tablet_last}");
        assert_eq!(judgement.next.unwrap().throttle.failures, 1, "counted all the same (I2)");
    }
    let half_known = accepted_up_to(&[(&phone(), 9)]);
    let judgement = judge(&Config::default(), &LOGIN, &record, &half_known, now, &code("000000"));
    assert_eq!(judgement.verdict, wrong);
}

#[test]
fn entries_of_tokens_that_are_gone_make_room_and_mean_nothing() {
    let gone: Vec<Token> = (11..15).map(|number| token(number, SECRET_B, Parameters::default())).collect();
    let phone = phone();
    let entries: Vec<(&Token, i64)> = gone.iter().map(|token| (token, 5)).chain([(&phone, -1)]).collect();
    let counters = accepted_up_to(&entries);
    let text = code_at(&phone, near(0));
    let judgement =
        judge(&Config::default(), &LOGIN, &record(vec![phone.clone()]), &counters, time(near(0) * 30), &code(&text));
    assert_eq!(judgement.next.unwrap().tokens, accepted_up_to(&[(&phone, 0)]).tokens);
}

#[test]
fn drift_is_found_within_twenty_steps_and_no_further() {
    for token in [phone(), token(2, SECRET_B, parameters(Algorithm::Sha512, 7, 60))] {
        let record = record(vec![token.clone()]);
        for offset in -25..=25_i64 {
            let now = time(near(0) * u64::from(token.parameters.period.as_seconds()) + 3);
            let found = drift(&record, now, &code(&code_at(&token, near(offset))));
            assert_eq!(found, (offset.abs() <= 20).then_some(offset), "{offset}");
        }
    }
}

#[test]
fn drift_is_looked_for_in_every_token_and_at_the_beginning_of_time() {
    let tablet = token(2, SECRET_B, Parameters::default());
    let both = record(vec![phone(), tablet.clone()]);
    assert_eq!(drift(&both, time(near(0) * 30), &code(&code_at(&tablet, near(-7)))), Some(-7));
    assert_eq!(drift(&both, time(near(0) * 30), &code("000000")), None);
    assert_eq!(drift(&record(vec![]), time(near(0) * 30), &code("000000")), None);
    assert_eq!(drift(&both, time(60), &code(&code_at(&tablet, 22))), Some(20));
}
