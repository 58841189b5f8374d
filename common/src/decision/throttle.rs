//! What wrong codes cost: a growing delay, a hard limit, a slow total (NIST SP 800-63B §5.2.2).
//!
//! Invariants: a refused answer changes nothing here (I3); a block ends by time unless the hard limit is reached; a
//! clock that was wrong for a while cannot make it longer than its delay from now (I7).

use crate::config::Config;
use crate::counters::{Counters, SlowTotal, Throttle, Uncommitted};
use crate::token::{Seconds, UnixTime};

/// When a block ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockEnd {
    /// At this time.
    At(UnixTime),
    /// When an administrator unblocks.
    Unblock,
}

/// Failures in a month from which on a slow guesser is suspected.
const SLOW_LIMIT: u32 = 300;
/// The month, in seconds.
const SLOW_SPAN: Seconds = Seconds(30 * 86_400);

/// When the block ends that stands now; `None` if none does.
#[must_use]
pub fn block(config: &Config, throttle: Throttle, now: UnixTime) -> Option<BlockEnd> {
    if u32::from(throttle.failures) >= u32::from(config.throttle.hard_limit) {
        return Some(BlockEnd::Unblock);
    }
    let throttle = rebased(throttle, now).unwrap_or(throttle);
    let end = throttle.last_failure.plus(throttle.delay);
    (now < end).then_some(BlockEnd::At(end))
}

/// The throttle counted from now, if its last failure lies in the future: the clock was wrong then, or is now.
/// `None` if nothing is to be changed. The caller writes the result, so that the delay runs from here.
#[must_use]
pub fn rebased(throttle: Throttle, now: UnixTime) -> Option<Throttle> {
    (now < throttle.last_failure).then_some(Throttle { last_failure: now, ..throttle })
}

/// The throttle after one more failure.
pub(super) fn failed(config: &Config, throttle: Throttle, now: UnixTime) -> Throttle {
    let failures = throttle.failures.saturating_add(1).min(9_999);
    Throttle { failures, last_failure: now, delay: config.delay_after(failures) }
}

/// The slow total after one more failure; begins anew after a month, or if it began in the future.
pub(super) fn slowly_failed(slow: SlowTotal, now: UnixTime) -> SlowTotal {
    match now.since(slow.since) {
        Some(span) if span <= SLOW_SPAN => SlowTotal { failures: slow.failures.saturating_add(1), ..slow },
        _ => SlowTotal { failures: 1, since: now },
    }
}

/// Whether someone may be guessing slowly: 300 failures within a month.
#[must_use]
pub fn is_slow_guessing(slow: SlowTotal, now: UnixTime) -> bool {
    slow.failures >= SLOW_LIMIT && now.since(slow.since).is_none_or(|span| span <= SLOW_SPAN)
}

/// The counters after an administrator's `unblock`: no failures, no block, proofs counted afresh. Never lowers a step.
#[must_use]
pub fn unblocked(counters: &Counters) -> Counters {
    Counters {
        throttle: Throttle::default(),
        helper_throttle: Throttle::default(),
        uncommitted: Uncommitted::default(),
        ..counters.clone()
    }
}
