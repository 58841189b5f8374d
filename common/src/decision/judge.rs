//! What a code is worth: accepted, wrong, used, too old, or not looked at because the user is blocked.
//!
//! Invariants: accepted only for a step later than the token's last accepted one (I1); every well-formed wrong code
//! is counted (I2); while blocked nothing is evaluated or counted (I3). Whoever calls this writes `next` before
//! anyone learns `verdict`.

use super::plan::Login;
use super::throttle::{BlockEnd, block, failed, rebased, slowly_failed};
use crate::config::Config;
use crate::counters::{Counters, Grace, LastAccepted, Throttle, TokenCounters};
use crate::record::{Record, Token};
use crate::token::{Code, Step, TokenId, UnixTime};

/// What a code is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Right, and its step is new.
    Accepted {
        /// Wrong codes since the last accepted one.
        failures: u16,
        /// When that was.
        last_login: Option<UnixTime>,
        /// Steps between this host's clock and the token's.
        offset: i8,
    },
    /// Right, but its step was already accepted. Not a failure.
    Used,
    /// Right, but its step is earlier than the last accepted one. Not a failure.
    TooOld,
    /// The last accepted step of every token lies after the whole window: no code can be accepted.
    ClockWentBack,
    /// A recovery code, not spent before.
    RecoveryAccepted {
        /// How many are left.
        left: u8,
        /// Wrong codes since the last accepted one.
        failures: u16,
        /// When that was.
        last_login: Option<UnixTime>,
    },
    /// Wrong.
    Wrong {
        /// Failures in a row, this one included.
        failures: u16,
        /// The block this one brought.
        blocked: Option<BlockEnd>,
    },
    /// Not looked at.
    Blocked(BlockEnd),
}

/// A verdict, and the counters to write before it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Judgement {
    /// What the code is worth.
    pub verdict: Verdict,
    /// What to write first; `None` if nothing changes.
    pub next: Option<Counters>,
}

/// How a code stands to one token, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// Its latest step, later than the last accepted one.
    New(Step),
    /// The very step last accepted.
    Used,
    /// An earlier step.
    Old,
    /// No step in the window.
    None,
}

/// Judges a well-formed code against an enrolled user's record.
pub fn judge(
    config: &Config,
    login: &Login,
    record: &Record,
    counters: &Counters,
    now: UnixTime,
    code: &Code,
) -> Judgement {
    if let Some(end) = block(config, counters.throttle, now) {
        let next = rebased(counters.throttle, now).map(|throttle| Counters { throttle, ..counters.clone() });
        return Judgement { verdict: Verdict::Blocked(end), next };
    }
    let fits: Vec<(&Token, Fit)> =
        record.tokens.iter().map(|token| (token, fit(config, token, counters, now, code))).collect();
    let accepted: Vec<TokenCounters> = fits.iter().filter_map(|(token, fit)| advanced(token, *fit, now)).collect();
    if let Some(first) = accepted.first() {
        return accept(login, record, counters, now, first.offset, &accepted);
    }
    let any = |wanted: Fit| fits.iter().any(|(_, fit)| *fit == wanted);
    let clock_went_back = |of: Fit| {
        let mut tokens = fits.iter().filter(|(_, fit)| *fit == of);
        tokens.all(|(token, _)| is_beyond_window(config, token, counters, now))
    };
    if any(Fit::Used) {
        return Judgement { verdict: Verdict::Used, next: None };
    }
    if any(Fit::Old) {
        let verdict = if clock_went_back(Fit::Old) { Verdict::ClockWentBack } else { Verdict::TooOld };
        return Judgement { verdict, next: None };
    }
    // A wrong code is counted whatever the clock did; but then the person is told the more useful thing.
    let judgement = wrong(config, counters, now);
    if clock_went_back(Fit::None) { Judgement { verdict: Verdict::ClockWentBack, ..judgement } } else { judgement }
}

/// A wrong code or recovery code, counted.
pub(super) fn wrong(config: &Config, counters: &Counters, now: UnixTime) -> Judgement {
    let throttle = failed(config, counters.throttle, now);
    let verdict = Verdict::Wrong { failures: throttle.failures, blocked: block(config, throttle, now) };
    let next = Counters { throttle, slow: slowly_failed(counters.slow, now), ..counters.clone() };
    Judgement { verdict, next: Some(next) }
}

/// The counters of a user who is let in: no failures, no block, no grace, and this login noted.
pub(super) fn let_in(login: &Login, counters: &Counters, now: UnixTime, offset: i8) -> Counters {
    let last = LastAccepted { at: now, service: login.service.to_owned(), rhost: login.rhost.to_owned(), offset };
    Counters { throttle: Throttle::default(), grace: Grace::Ended, last_accepted: Some(last), ..counters.clone() }
}

fn accept(
    login: &Login,
    record: &Record,
    counters: &Counters,
    now: UnixTime,
    offset: i8,
    accepted: &[TokenCounters],
) -> Judgement {
    let known: Vec<TokenId> = record.tokens.iter().map(|token| token.id).collect();
    let mut next = let_in(login, counters, now, offset);
    for entry in accepted {
        next.accept(*entry, &known);
    }
    let verdict = Verdict::Accepted {
        failures: counters.throttle.failures,
        last_login: counters.last_accepted.as_ref().map(|last| last.at),
        offset,
    };
    Judgement { verdict, next: Some(next) }
}

/// The entry that a new fit leaves behind.
fn advanced(token: &Token, fit: Fit, now: UnixTime) -> Option<TokenCounters> {
    let Fit::New(last_step) = fit else { return None };
    let offset = i8::try_from(last_step.minus(token.parameters.period.step_at(now))).unwrap_or(0);
    Some(TokenCounters { id: token.id, last_step, offset })
}

/// The steps that count at this time, latest first.
pub(super) fn window(config: &Config, token: &Token, now: UnixTime) -> impl Iterator<Item = Step> {
    let current = token.parameters.period.step_at(now);
    let width = i64::from(u32::from(config.totp.window));
    (width.saturating_neg()..=width).rev().map(move |offset| current.offset_by(offset))
}

/// Walks the whole window whatever is found, latest step first.
fn fit(config: &Config, token: &Token, counters: &Counters, now: UnixTime, code: &Code) -> Fit {
    let last = counters.last_step(token.id);
    let mut best = Fit::None;
    for step in window(config, token, now) {
        let this = match last {
            _ if !token.fits(code, step) => Fit::None,
            Some(last) if step < last => Fit::Old,
            Some(last) if step == last => Fit::Used,
            _ => Fit::New(step),
        };
        best = match (best, this) {
            (Fit::None, other) | (other, Fit::None) => other,
            (earlier_found, _) => earlier_found,
        };
    }
    best
}

fn is_beyond_window(config: &Config, token: &Token, counters: &Counters, now: UnixTime) -> bool {
    let Some(last) = counters.last_step(token.id) else { return false };
    window(config, token, now).all(|step| step < last)
}

/// When this host's clock has gone back so far that no token can accept a code: from when on one can.
#[must_use]
pub fn no_code_before(config: &Config, record: &Record, counters: &Counters, now: UnixTime) -> Option<UnixTime> {
    if !record.is_enrolled() || !record.tokens.iter().all(|token| is_beyond_window(config, token, counters, now)) {
        return None;
    }
    let width = i64::from(u32::from(config.totp.window));
    let first = |token: &Token| {
        let step = counters.last_step(token.id)?.offset_by(1_i64.saturating_sub(width));
        UnixTime::new(step.as_u64().saturating_mul(u64::from(token.parameters.period.as_seconds()))).ok()
    };
    record.tokens.iter().filter_map(first).min()
}

/// For root's log only, after a wrong code has been counted: by how many steps the code's clock differs, if it is
/// the code of any step within 20 of now.
#[must_use]
pub fn drift(record: &Record, now: UnixTime, code: &Code) -> Option<i64> {
    record.tokens.iter().find_map(|token| {
        let current = token.parameters.period.step_at(now);
        (-20..=20_i64).find(|offset| token.fits(code, current.offset_by(*offset)))
    })
}
