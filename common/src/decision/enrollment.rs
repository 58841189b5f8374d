//! Proving a new token, and what is counted until the account phase commits it.
//!
//! Invariant: at most [`UNCOMMITTED_LIMIT`] proofs let someone in without a commit (I14).

use super::judge::{let_in, window};
use super::plan::Login;
use crate::config::Config;
use crate::counters::{Counters, TokenCounters, Uncommitted};
use crate::record::{Record, Token};
use crate::token::{Code, Seconds, Step, TokenId, UnixTime};

/// Proofs without a commit after which enrollment and disable are refused.
pub const UNCOMMITTED_LIMIT: u8 = 3;
/// How long after the last of them.
const UNCOMMITTED_SPAN: Seconds = Seconds(3_600);

/// Whether a user may turn 2FA off instead of enrolling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disabling {
    /// Can toggle, or is an administrator, and no rule requires a code.
    Allowed,
    /// Locked, or a rule requires a code.
    Refused,
}

/// The latest step in the window that the code proves the new token for.
#[must_use]
pub fn prove(config: &Config, token: &Token, now: UnixTime, code: &Code) -> Option<Step> {
    window(config, token, now).find(|step| token.fits(code, *step))
}

/// Whether so many proofs went uncommitted that no other is accepted now.
pub(super) fn is_exhausted(uncommitted: Uncommitted, now: UnixTime) -> bool {
    refused_until(uncommitted, now).is_some()
}

/// Until when enrollment and disable are refused since proofs went uncommitted; `None` if they are not.
#[must_use]
pub fn refused_until(uncommitted: Uncommitted, now: UnixTime) -> Option<UnixTime> {
    // A last proof in the future says that the clock was wrong; it must not hold anyone off for years.
    let is_recent = now.since(uncommitted.last).is_some_and(|span| span < UNCOMMITTED_SPAN);
    (uncommitted.count >= UNCOMMITTED_LIMIT && is_recent).then(|| uncommitted.last.plus(UNCOMMITTED_SPAN))
}

/// The counters once a token or a disable is proven: counted before anyone is let in. After an hour's pause the
/// count stands at the limit, so one more proof is accepted, not three.
#[must_use]
pub fn proven(counters: &Counters, now: UnixTime) -> Counters {
    let count = counters.uncommitted.count.saturating_add(1).min(99);
    Counters { uncommitted: Uncommitted { count, last: now }, ..counters.clone() }
}

/// The counters to write before the record with the new token: its proving step is accepted for good. `record` is
/// the one the token is added to; what its other tokens accepted stays accepted.
#[must_use]
pub fn committed(
    counters: &Counters,
    login: &Login,
    record: &Record,
    token: &Token,
    step: Step,
    now: UnixTime,
) -> Counters {
    let offset = i8::try_from(step.minus(token.parameters.period.step_at(now))).unwrap_or(0);
    let mut next = Counters { uncommitted: Uncommitted::default(), ..let_in(login, counters, now, offset) };
    let known: Vec<TokenId> = record.tokens.iter().map(|token| token.id).collect();
    next.accept(TokenCounters { id: token.id, last_step: step, offset }, &known);
    next
}

/// The counters to write with a committed disable.
#[must_use]
pub fn disable_committed(counters: &Counters) -> Counters {
    Counters { uncommitted: Uncommitted::default(), ..counters.clone() }
}
