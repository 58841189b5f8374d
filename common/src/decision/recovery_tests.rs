//! Recovery codes and grace: accepted once, also while blocked; who is let through without enrolling, and until when.

use super::fixture_tests::{LOGIN, SECRET_A, config, record, time, token};
use super::*;
use crate::config::Config;
use crate::counters::{Counters, Grace, RecoveryCounters, Throttle, Uncommitted};
use crate::record::{Record, RecoverySet};
use crate::token::{Parameters, RecoveryCode, RecoverySetId, Seconds};

const NOW: u64 = 1_800_000_000;
const SALT: [u8; 16] = [9; 16];

fn code(number: u8) -> RecoveryCode {
    RecoveryCode::from_random(&[number; 10])
}

fn set(id: u8, codes: std::ops::Range<u8>) -> RecoverySet {
    let hashes = codes.map(|number| code(number).hash(&SALT)).collect();
    RecoverySet { id: RecoverySetId::from_random([id; 8]), salt: SALT, hashes }
}

fn alice() -> Record {
    let phone = token(1, SECRET_A, Parameters::default());
    Record { recovery: Some(set(1, 0..8)), ..record(vec![phone]) }
}

fn blocked(failures: u16) -> Counters {
    let delay = Config::default().delay_after(failures);
    Counters { throttle: Throttle { failures, last_failure: time(NOW - 1), delay }, ..Counters::default() }
}

fn judge(counters: &Counters, typed: &RecoveryCode) -> Judgement {
    judge_recovery(&Config::default(), &LOGIN, &alice(), counters, time(NOW), typed)
}

#[test]
fn each_recovery_code_is_accepted_once_in_any_order() {
    let mut counters = Counters::default();
    for (turn, number) in [3, 0, 7, 5, 1, 2, 6, 4].into_iter().enumerate() {
        let judgement = judge(&counters, &code(number));
        let left = 7 - u8::try_from(turn).unwrap();
        assert!(
            matches!(judgement.verdict, Verdict::RecoveryAccepted { left: found, .. } if found == left),
            "{judgement:?}"
        );
        counters = judgement.next.unwrap();
        assert_eq!(recovery_codes_left(&alice(), &counters), left);
        let again = judge(&counters, &code(number));
        assert!(matches!(again.verdict, Verdict::Wrong { failures: 1, .. }), "{again:?}");
    }
}

#[test]
fn a_recovery_code_is_accepted_while_blocked_and_clears_the_block() {
    for failures in [5, 12, 99, 100, 5_000] {
        let counters = blocked(failures);
        let judgement = judge(&counters, &code(2));
        assert!(matches!(judgement.verdict, Verdict::RecoveryAccepted { failures: told, .. } if told == failures));
        let next = judgement.next.unwrap();
        assert_eq!((next.throttle, next.grace), (Throttle::default(), Grace::Ended));
        assert_eq!(next.last_accepted.unwrap().at, time(NOW));
    }
}

#[test]
fn a_wrong_recovery_code_in_a_block_that_began_in_the_future_lets_it_run_from_now() {
    let mut counters = blocked(5);
    counters.throttle.last_failure = time(NOW + 1_000_000);
    let next = judge(&counters, &code(50)).next.unwrap();
    assert_eq!(next, Counters { throttle: Throttle { last_failure: time(NOW), ..counters.throttle }, ..counters });
}

#[test]
fn a_wrong_recovery_code_counts_outside_a_block_and_not_inside() {
    let outside = judge(&Counters::default(), &code(50));
    assert!(matches!(outside.verdict, Verdict::Wrong { failures: 1, blocked: None }));
    assert_eq!(outside.next.unwrap().throttle.failures, 1);
    for failures in [5, 100] {
        let inside = judge(&blocked(failures), &code(50));
        assert!(matches!(inside.verdict, Verdict::Blocked(_)), "{inside:?}");
        assert_eq!(inside.next, None, "nothing the blocked side does extends the block");
    }
}

#[test]
fn a_new_set_starts_unspent_and_the_old_one_is_void() {
    let spent = RecoveryCounters { set: RecoverySetId::from_random([1; 8]), spent: 0xffff };
    let counters = Counters { recovery: Some(spent), ..Counters::default() };
    assert_eq!(recovery_codes_left(&alice(), &counters), 0);
    let renewed = Record { recovery: Some(set(2, 20..28)), ..alice() };
    assert_eq!(recovery_codes_left(&renewed, &counters), 8);
    let verdict =
        |number| judge_recovery(&Config::default(), &LOGIN, &renewed, &counters, time(NOW), &code(number)).verdict;
    assert!(matches!(verdict(20), Verdict::RecoveryAccepted { left: 7, .. }));
    assert!(matches!(verdict(0), Verdict::Wrong { .. }));
}

#[test]
fn a_blocked_user_is_asked_only_while_recovery_codes_are_left() {
    let counters = blocked(5);
    let asked = plan(&Config::default(), &LOGIN, Some(&enabled(alice())), &counters, time(NOW));
    assert_eq!(asked, Plan::AskRecovery(BlockEnd::At(time(NOW - 1).plus(Seconds(30)))));
    let hard = plan(&Config::default(), &LOGIN, Some(&enabled(alice())), &blocked(100), time(NOW));
    assert_eq!(hard, Plan::AskRecovery(BlockEnd::Unblock));
    let none_left = Record { recovery: None, ..enabled(alice()) };
    let refused = plan(&Config::default(), &LOGIN, Some(&none_left), &counters, time(NOW));
    assert!(matches!(refused, Plan::Refuse(Refusal::Blocked(_))));
}

fn enabled(record: Record) -> Record {
    Record { use_2fa: crate::record::Use2fa::Enabled, ..record }
}

#[test]
fn within_the_grace_time_a_login_passes_or_may_be_put_off() {
    let config = config("[defaults]\nuse_2fa = true\n[enrollment]\ngrace = '1h'");
    let at = |service, grace, now| {
        let counters = Counters { grace, ..Counters::default() };
        plan(&config, &Login { service, ..LOGIN }, None, &counters, time(now))
    };
    let started = Grace::Started(time(NOW));
    let end = time(NOW + 3_600);
    assert_eq!(at("gdm-password", started, NOW + 3_599), Plan::Grace(end));
    assert_eq!(at("gdm-password", started, NOW + 3_600), Plan::Refuse(Refusal::CannotEnrollHere));
    assert_eq!(at("gdm-password", Grace::NotStarted, NOW), Plan::Grace(end));
    assert_eq!(at("gdm-password", Grace::Ended, NOW), Plan::Refuse(Refusal::CannotEnrollHere));
    let offered = |plan| match plan {
        Plan::Enroll(offer) => offer.later_until,
        other => panic!("{other:?}"),
    };
    assert_eq!(offered(at("sshd", started, NOW)), Some(end));
    assert_eq!(offered(at("sshd", started, NOW + 3_600)), None);
}

#[test]
fn a_stack_without_an_account_line_does_not_take_the_grace_time_away() {
    let config = config("[defaults]\nuse_2fa = true\n[enrollment]\ngrace = '1h'");
    let uncommitted = Uncommitted { count: 3, last: time(NOW) };
    let counters = Counters { uncommitted, grace: Grace::Started(time(NOW)), ..Counters::default() };
    let planned = |now| plan(&config, &LOGIN, None, &counters, time(now));
    assert_eq!(planned(NOW + 1), Plan::Grace(time(NOW + 3_600)));
    let over = Counters { grace: Grace::Ended, ..counters.clone() };
    assert_eq!(plan(&config, &LOGIN, None, &over, time(NOW + 1)), Plan::Refuse(Refusal::Uncommitted));
}
