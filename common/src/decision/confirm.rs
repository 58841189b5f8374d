//! What a code is worth that confirms a change through the helper.
//!
//! Invariants: it is used up as at a login (I1); wrong ones are counted apart, in `helper_throttle`, so that whoever
//! runs as a user cannot block that user's logins; a block of logins does not stop it, and its block stops no login.
//! Whoever calls this writes `next` before anyone learns `verdict`.

use super::judge::{Judgement, judge};
use super::plan::{Administrator, Demand, Login};
use super::recovery::judge_recovery;
use crate::config::Config;
use crate::counters::Counters;
use crate::record::Record;
use crate::token::{Code, RecoveryCode, UnixTime};

/// A well-formed answer.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A code of the length a token has.
    Code(Code),
    /// A recovery code.
    Recovery(RecoveryCode),
}

impl Answer {
    /// Reads what a person typed; `None` if it is neither.
    #[must_use]
    pub fn parse(text: &str, record: &Record) -> Option<Self> {
        match Code::parse(text, &record.code_lengths()) {
            Ok(code) => Some(Self::Code(code)),
            Err(_) => RecoveryCode::parse(text).ok().map(Self::Recovery),
        }
    }
}

/// Judges an answer that confirms a change.
pub fn confirm(config: &Config, record: &Record, counters: &Counters, now: UnixTime, answer: &Answer) -> Judgement {
    let login = Login { service: "", rhost: "", administrator: Administrator::No, demand: Demand::User };
    let seen = Counters { throttle: counters.helper_throttle, ..counters.clone() };
    let judgement = match answer {
        Answer::Code(code) => judge(config, &login, record, &seen, now, code),
        Answer::Recovery(code) => judge_recovery(config, &login, record, &seen, now, code),
    };
    let next = judgement.next.map(|next| Counters {
        helper_throttle: next.throttle,
        throttle: counters.throttle,
        slow: counters.slow,
        grace: counters.grace,
        last_accepted: counters.last_accepted.clone(),
        ..next
    });
    Judgement { next, ..judgement }
}

#[cfg(test)]
mod tests {
    use super::super::fixture_tests::{LOGIN, SECRET_A, code, code_at, config, record, time, token};
    use super::super::judge::Verdict;
    use super::super::throttle::{BlockEnd, unblocked};
    use super::*;
    use crate::counters::{Grace, Throttle};
    use crate::token::{Parameters, RecoverySetId, Seconds};

    const NOW: u64 = 3_000_015;
    const STEP: u64 = NOW / 30;

    fn alice() -> Record {
        record(vec![token(1, SECRET_A, Parameters::default())])
    }

    fn answer(step: u64) -> Answer {
        Answer::Code(code(&code_at(&alice().tokens[0], step)))
    }

    fn judged(counters: &Counters, answer: &Answer) -> Judgement {
        confirm(&config(""), &alice(), counters, time(NOW), answer)
    }

    #[test]
    fn a_right_code_is_used_up_for_logins_too_and_leaves_their_failures_alone() {
        let throttle = Throttle { failures: 3, last_failure: time(NOW - 1), delay: Seconds(0) };
        let before = Counters { throttle, grace: Grace::Started(time(5)), ..Counters::default() };
        let judgement = judged(&before, &answer(STEP));
        assert!(matches!(judgement.verdict, Verdict::Accepted { failures: 0, .. }));
        let next = judgement.next.unwrap();
        assert_eq!((next.throttle, next.grace, &next.last_accepted), (throttle, before.grace, &None));
        let Answer::Code(same) = answer(STEP) else { panic!() };
        assert_eq!(judge(&config(""), &LOGIN, &alice(), &next, time(NOW), &same).verdict, Verdict::Used);
        assert_eq!(judged(&next, &answer(STEP)).verdict, Verdict::Used);
    }

    #[test]
    fn wrong_codes_block_the_helper_and_no_login() {
        let mut counters = Counters::default();
        for failures in 1..=5 {
            let judgement = judged(&counters, &answer(STEP + 50));
            assert!(matches!(judgement.verdict, Verdict::Wrong { failures: counted, .. } if counted == failures));
            counters = judgement.next.unwrap();
        }
        assert_eq!((counters.throttle, counters.slow.failures), (Throttle::default(), 0));
        assert!(matches!(judged(&counters, &answer(STEP)).verdict, Verdict::Blocked(BlockEnd::At(_))));
        let Answer::Code(right) = answer(STEP) else { panic!() };
        let login = judge(&config(""), &LOGIN, &alice(), &counters, time(NOW), &right);
        assert!(matches!(login.verdict, Verdict::Accepted { .. }));
        // A login's success does not lift the helper's block; an administrator's `unblock` does.
        assert!(matches!(judged(&login.next.unwrap(), &answer(STEP + 1)).verdict, Verdict::Blocked(_)));
        assert!(matches!(judged(&unblocked(&counters), &answer(STEP)).verdict, Verdict::Accepted { .. }));
    }

    #[test]
    fn a_block_of_logins_does_not_stop_a_confirmation_and_is_not_lifted_by_it() {
        let throttle = Throttle { failures: 100, last_failure: time(NOW), delay: Seconds(3_600) };
        let judgement = judged(&Counters { throttle, ..Counters::default() }, &answer(STEP));
        assert!(matches!(judgement.verdict, Verdict::Accepted { .. }));
        assert_eq!(judgement.next.unwrap().throttle, throttle);
    }

    #[test]
    fn a_recovery_code_confirms_once() {
        let recovery = RecoveryCode::parse("0123-4567-89AB-CDEF").unwrap();
        let salt = [7; 16];
        let hashes = vec![recovery.hash(&salt)];
        let set = crate::record::RecoverySet { id: RecoverySetId::from_random([1; 8]), salt, hashes };
        let record = Record { recovery: Some(set), ..alice() };
        let typed = Answer::parse("0123 4567 89ab cdef", &record).unwrap();
        let first = confirm(&config(""), &record, &Counters::default(), time(NOW), &typed);
        assert!(matches!(first.verdict, Verdict::RecoveryAccepted { left: 0, .. }));
        let again = confirm(&config(""), &record, &first.next.unwrap(), time(NOW), &typed);
        assert!(matches!(again.verdict, Verdict::Wrong { .. }));
    }
}
