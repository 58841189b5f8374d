//! What a recovery code is worth.
//!
//! Invariants: each is accepted once (I1); accepted also while blocked, at the hard limit too, and then clears the
//! block; a wrong one counts as a failure only outside a block (I3).

use super::judge::{Judgement, Verdict, let_in, wrong};
use super::plan::Login;
use super::throttle::{block, rebased};
use crate::config::Config;
use crate::counters::{Counters, RecoveryCounters};
use crate::record::{Record, RecoverySet};
use crate::token::{RecoveryCode, UnixTime};

/// How many recovery codes a user has left.
#[must_use]
pub fn recovery_codes_left(record: &Record, counters: &Counters) -> u8 {
    let Some(set) = &record.recovery else { return 0 };
    let spent = spent(set, counters);
    let left = (0..set.hashes.len()).filter(|index| spent & bit(*index) == 0).count();
    u8::try_from(left).unwrap_or(u8::MAX)
}

/// Judges a well-formed recovery code against a record.
pub fn judge_recovery(
    config: &Config,
    login: &Login,
    record: &Record,
    counters: &Counters,
    now: UnixTime,
    code: &RecoveryCode,
) -> Judgement {
    if let Some((set, index)) = record.recovery.as_ref().and_then(|set| Some((set, position(set, code)?))) {
        let spent = spent(set, counters);
        if spent & bit(index) == 0 {
            let mut next = let_in(login, counters, now, 0);
            next.recovery = Some(RecoveryCounters { set: set.id, spent: spent | bit(index) });
            let left = recovery_codes_left(record, &next);
            let failures = counters.throttle.failures;
            let last_login = counters.last_accepted.as_ref().map(|last| last.at);
            let verdict = Verdict::RecoveryAccepted { left, failures, last_login };
            return Judgement { verdict, next: Some(next) };
        }
    }
    if let Some(end) = block(config, counters.throttle, now) {
        let next = rebased(counters.throttle, now).map(|throttle| Counters { throttle, ..counters.clone() });
        return Judgement { verdict: Verdict::Blocked(end), next };
    }
    wrong(config, counters, now)
}

/// Which code of the set it is.
fn position(set: &RecoverySet, code: &RecoveryCode) -> Option<usize> {
    set.hashes.iter().position(|hash| code.fits(&set.salt, hash))
}

fn spent(set: &RecoverySet, counters: &Counters) -> u16 {
    counters.recovery.filter(|recovery| recovery.set == set.id).map_or(0, |recovery| recovery.spent)
}

fn bit(index: usize) -> u16 {
    u32::try_from(index).ok().and_then(|index| 1_u16.checked_shl(index)).unwrap_or(0)
}
