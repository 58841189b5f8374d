//! The record: what was decided about one user. Pure: types here, text in [`text`].
//!
//! Invariants: at most five tokens, no two with one id or one secret; at most sixteen recovery code hashes;
//! `revision` grows by one at each change.

mod label;
mod meant;
mod text;
mod user;
mod written;

pub use label::{is_label, is_new_label, steers};
pub use meant::meant;
pub use text::{RecordError, VERSION, parse, render};
pub(crate) use text::{from_hex, quoted, to_hex};
pub use user::{UserName, UserNameError};

use std::fmt;

use crate::token::{Code, Digits, Parameters, RecordId, RecoverySetId, Secret, Step, TokenId, Totp, UnixTime};

/// The uid in the record of a user whose account did not exist when it was made.
pub const NO_UID: u32 = u32::MAX;
/// Most tokens a user may have.
pub const MAX_TOKENS: usize = 5;
/// Most recovery codes a set may have.
pub const MAX_RECOVERY_CODES: usize = 16;

/// Whether a user is asked for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Use2fa {
    /// Asked for a code.
    Enabled,
    /// Not asked; tokens, if any, are kept.
    Disabled,
}

/// Whether a user may change their own [`Use2fa`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CanToggle {
    /// May change it.
    Unlocked,
    /// May not, unless the user is an administrator.
    Locked,
}

/// How often a record was changed; 0 stands for "no record yet".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

/// An enrolled TOTP secret with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Random, never reused; the counters are keyed by it.
    pub id: TokenId,
    /// What the user calls it: at most 32 printable characters.
    pub label: String,
    /// The shared secret.
    pub secret: Secret,
    /// Hash, digits, period.
    pub parameters: Parameters,
    /// When it was committed.
    pub enrolled_at: UnixTime,
}

/// The salted hashes of a set of recovery codes.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoverySet {
    /// Random, never reused; spent codes are noted under it in the counters.
    pub id: RecoverySetId,
    /// Sixteen random bytes.
    pub salt: [u8; 16],
    /// HMAC-SHA256(salt, code) of each code, in the order of the codes.
    pub hashes: Vec<[u8; 32]>,
}

/// What was decided about one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Random, never reused; the counters name it, so a vanished record is noticed.
    pub id: RecordId,
    /// Grows by one at each change.
    pub revision: Revision,
    /// The canonical name, as in the file's name.
    pub user: UserName,
    /// The uid when last changed: informational, a difference is logged.
    pub uid: u32,
    /// Whether this user is asked for a code.
    pub use_2fa: Use2fa,
    /// Whether this user may change that.
    pub can_toggle: CanToggle,
    /// When it was last changed.
    pub changed_at: UnixTime,
    /// Who changed it last: a user name, or `login` for the user during a login.
    pub changed_by: String,
    /// Enrolled tokens, oldest first.
    pub tokens: Vec<Token>,
    /// Recovery codes, if any were ever made.
    pub recovery: Option<RecoverySet>,
}

impl Token {
    /// Whether this is the token's code of this very step.
    #[must_use]
    pub fn fits(&self, code: &Code, step: Step) -> bool {
        Totp::new(&self.secret, self.parameters).fits(code, step)
    }
}

impl Record {
    /// Whether the user has at least one token.
    #[must_use]
    pub fn is_enrolled(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// The lengths a code of this user may have.
    #[must_use]
    pub fn code_lengths(&self) -> Vec<Digits> {
        self.tokens.iter().map(|token| token.parameters.digits).collect()
    }
}

impl Use2fa {
    /// As the files and JSON write it.
    #[must_use]
    pub const fn as_bool(self) -> bool {
        matches!(self, Self::Enabled)
    }

    /// From a file's `true` or `false`.
    #[must_use]
    pub const fn from_bool(enabled: bool) -> Self {
        if enabled { Self::Enabled } else { Self::Disabled }
    }
}

impl CanToggle {
    /// As the files and JSON write it.
    #[must_use]
    pub const fn as_bool(self) -> bool {
        matches!(self, Self::Unlocked)
    }

    /// From a file's `true` or `false`.
    #[must_use]
    pub const fn from_bool(unlocked: bool) -> Self {
        if unlocked { Self::Unlocked } else { Self::Locked }
    }
}

impl fmt::Debug for RecoverySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecoverySet({}, {} codes)", self.id, self.hashes.len())
    }
}
