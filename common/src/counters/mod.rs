//! The counters: what logins leave behind for one user. Pure: types here, text in [`text`], slots in [`slots`].
//!
//! Invariants: entries are keyed by token id and recovery set id, and entries with another id mean nothing; a
//! token's last accepted step never decreases.

mod fields;
mod line;
mod slots;
mod text;

pub(crate) use slots::FIRST_SEQUENCE;
pub use slots::{Beside, FILE_SIZE, Slot, Slots, SlotsError, new_file, read_file};
pub use text::{CountersError, SLOT_SIZE, parse, render};

use text::NO_ID;

use crate::record::MAX_TOKENS;
use crate::token::{RecordId, RecoverySetId, Seconds, Step, TokenId, UnixTime};

/// What logins leave behind for one user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counters {
    /// Grows by one at each write; the valid slot with the higher one counts.
    pub sequence: u64,
    /// The record these counters belong to, once there is one. If it then is gone, nothing can be trusted.
    pub record: Option<RecordId>,
    /// One entry per token that ever accepted a code, at most [`MAX_TOKENS`].
    pub tokens: Vec<TokenCounters>,
    /// Which recovery codes are spent.
    pub recovery: Option<RecoveryCounters>,
    /// Failures at logins.
    pub throttle: Throttle,
    /// Failures of the user's own command, which must not block logins.
    pub helper_throttle: Throttle,
    /// Failures over weeks, for the slow guesser.
    pub slow: SlowTotal,
    /// The time without enrollment.
    pub grace: Grace,
    /// Proofs that were never committed.
    pub uncommitted: Uncommitted,
    /// The last login that a code let in.
    pub last_accepted: Option<LastAccepted>,
}

/// What logins leave behind for one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenCounters {
    /// Which token.
    pub id: TokenId,
    /// The last accepted step; a code counts only for a later one (RFC 6238 §5.2).
    pub last_step: Step,
    /// Steps between this host's clock and the token's at the last accepted code, -99 to 99.
    pub offset: i8,
}

/// Which codes of a recovery set are spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryCounters {
    /// Which set.
    pub set: RecoverySetId,
    /// Bit n is set once code n is spent.
    pub spent: u16,
}

/// Consecutive failures and the delay they brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Throttle {
    /// Consecutive failures, at most 9999.
    pub failures: u16,
    /// When the last one was.
    pub last_failure: UnixTime,
    /// How long after it nothing is accepted; at most 999999 s.
    pub delay: Seconds,
}

/// Failures counted over a month, whatever succeeded in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlowTotal {
    /// Failures since `since`, at most 99999.
    pub failures: u32,
    /// When this count began.
    pub since: UnixTime,
}

/// The time a user may log in without being enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grace {
    /// No login has asked yet.
    #[default]
    NotStarted,
    /// Counted from this login.
    Started(UnixTime),
    /// Given by an administrator until this time.
    Until(UnixTime),
    /// Ended for ever by an enrollment.
    Ended,
}

/// Proofs at enrollment (or disables) that no account phase committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Uncommitted {
    /// How many, at most 99.
    pub count: u8,
    /// When the last one was.
    pub last: UnixTime,
}

/// The last login that a code let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastAccepted {
    /// When.
    pub at: UnixTime,
    /// PAM service, at most 24 printable ASCII characters; the rest is cut.
    pub service: String,
    /// Remote host, at most 48 printable ASCII characters; the rest is cut. Empty for a local login.
    pub rhost: String,
    /// Steps between this host's clock and the token's, -99 to 99.
    pub offset: i8,
}

impl Counters {
    /// The last accepted step of a token; `None` if it never accepted a code.
    #[must_use]
    pub fn last_step(&self, token: TokenId) -> Option<Step> {
        self.tokens.iter().find(|entry| entry.id == token).map(|entry| entry.last_step)
    }

    /// Notes an accepted step; the entry of a token never goes back. Entries of tokens not in `known` are
    /// dropped first, so that there is always room.
    pub fn accept(&mut self, accepted: TokenCounters, known: &[TokenId]) {
        self.tokens.retain(|entry| entry.id == accepted.id || known.contains(&entry.id));
        match self.tokens.iter_mut().find(|entry| entry.id == accepted.id) {
            Some(entry) if entry.last_step >= accepted.last_step => {}
            Some(entry) => *entry = accepted,
            None => {
                self.tokens.truncate(MAX_TOKENS.saturating_sub(1));
                self.tokens.push(accepted);
            }
        }
    }
}
