//! What counts as used once state comes from a backup: all that may have been used since.
//!
//! Invariant: no code that is accepted now is accepted again (I1); nothing that stood is lowered or lost.

use super::judge::window;
use crate::config::Config;
use crate::counters::{Counters, RecoveryCounters, TokenCounters};
use crate::record::Record;
use crate::token::{TokenId, UnixTime};

/// What becomes of recovery codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryCodes {
    /// They may have been used since the backup: none is accepted any more.
    Voided,
    /// It is known that none was.
    Kept,
}

/// The counters after a restore: the whole window of each token counts as accepted.
#[must_use]
pub fn restored(
    config: &Config,
    record: &Record,
    counters: &Counters,
    now: UnixTime,
    recovery: RecoveryCodes,
) -> Counters {
    let known: Vec<TokenId> = record.tokens.iter().map(|token| token.id).collect();
    let mut next = counters.clone();
    for token in &record.tokens {
        let offset = counters.tokens.iter().find(|entry| entry.id == token.id).map_or(0, |entry| entry.offset);
        if let Some(last_step) = window(config, token, now).max() {
            next.accept(TokenCounters { id: token.id, last_step, offset }, &known);
        }
    }
    if let (Some(set), RecoveryCodes::Voided) = (&record.recovery, recovery) {
        next.recovery = Some(RecoveryCounters { set: set.id, spent: u16::MAX });
    }
    next
}

#[cfg(test)]
mod tests {
    use super::super::fixture_tests::{SECRET_A, token};
    use super::super::{blank, recovery_codes_left};
    use super::*;
    use crate::record::{RecoverySet, UserName};
    use crate::token::{Parameters, RecordId, RecoverySetId};

    fn record() -> Record {
        let name = UserName::new("alice").unwrap();
        let blank = blank(&Config::default(), RecordId::from_random([1; 8]), name, 1000, UnixTime::default());
        let set = RecoverySet { id: RecoverySetId::from_random([2; 8]), salt: [0; 16], hashes: vec![[0; 32]; 8] };
        Record { tokens: vec![token(1, SECRET_A, Parameters::default())], recovery: Some(set), ..blank }
    }

    #[test]
    fn the_whole_window_is_used_and_recovery_codes_are_void() {
        let (config, record, now) = (Config::default(), record(), UnixTime::new(1_795_507_215).unwrap());
        let id = record.tokens[0].id;
        let present = record.tokens[0].parameters.period.step_at(now);
        let next = restored(&config, &record, &Counters::default(), now, RecoveryCodes::Voided);
        assert_eq!(next.last_step(id), Some(present.offset_by(1)));
        assert_eq!(recovery_codes_left(&record, &next), 0);
        let kept = restored(&config, &record, &Counters::default(), now, RecoveryCodes::Kept);
        assert_eq!((kept.last_step(id), recovery_codes_left(&record, &kept)), (Some(present.offset_by(1)), 8));
    }

    #[test]
    fn nothing_that_stood_is_lowered() {
        let (config, record, now) = (Config::default(), record(), UnixTime::new(1_795_507_215).unwrap());
        let id = record.tokens[0].id;
        let last_step = record.tokens[0].parameters.period.step_at(now).offset_by(50);
        let entry = TokenCounters { id, last_step, offset: -1 };
        let counters = Counters { tokens: vec![entry], sequence: 7, ..Counters::default() };
        assert_eq!(restored(&config, &record, &counters, now, RecoveryCodes::Kept), counters);
    }
}
