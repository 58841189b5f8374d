//! What was proven in the auth phase and takes effect only in the account phase of the same handle (I6).

use countersign_common::record::{Token, UserName};
use countersign_common::store::Edition;
use countersign_common::token::{Seconds, Step, UnixTime};

use crate::ffi::Handle;

/// How long a proof may wait for its commit.
pub(crate) const LIFETIME: Seconds = Seconds(120);

/// A proof waiting for its commit. The secret in it is wiped when dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    /// The process it was proven in.
    pub(crate) process: u32,
    /// The service it was proven on.
    pub(crate) service: String,
    /// Whose it is.
    pub(crate) user: UserName,
    /// When it was proven; by the same clock, it may be committed for [`LIFETIME`] from then.
    pub(crate) proven_at: UnixTime,
    /// The record it was proven against.
    pub(crate) edition: Edition,
    /// What was proven.
    pub(crate) what: Proven,
}

/// What was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proven {
    /// A new token, by a code of this step.
    Token(Token, Step),
    /// Nothing but the wish to log in without 2FA, by someone who may.
    Disable,
}

/// Voids what was proven before.
pub(crate) fn clear(handle: &Handle) {
    handle.clear_pending();
}

/// Takes what was proven: it can be committed once.
pub(crate) fn take(handle: &Handle) -> Option<Pending> {
    let pending = handle.pending();
    handle.clear_pending();
    pending
}
