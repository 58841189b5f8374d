//! Records and counters of all users, whatever engine keeps them.
//!
//! Invariants: what cannot be trusted is an error, never an absence (I4); counters are durable before
//! `write_counters` returns; one user's state or lock never affects another user (I8). Nothing above this room
//! knows which engine runs; a later one may share state between hosts.

mod file_engine;
mod file_session;
mod imported;
mod initialize;
mod installation;
mod lock;
mod names;
mod snapshot;
mod telling;

pub use file_engine::FileStore;
pub use file_session::FileSession;
pub use imported::Imported;
pub use initialize::{InitError, Initialized, Renew, initialize};
pub use installation::{INSTALLATION_PATH, Installation};
pub use lock::holder;
pub use names::{decode, encode};
pub use telling::Telling;

use std::fmt;

use crate::counters::{Counters, Slot};
use crate::files::FileError;
use crate::record::{Record, Revision, UserName};
use crate::token::RecordId;

/// What is known about one user. Both parts fit together, or there would be an error instead.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// What was decided; `None` if nothing was yet.
    pub record: Option<Record>,
    /// What logins left behind; all zero if there were none.
    pub counters: Counters,
}

/// Damage that refuses nobody: one of the two slots of a user's counters. The other one counts, and the next write mends
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The counters.
    pub path: String,
    /// The slot that is damaged.
    pub slot: Slot,
}

/// A record at one of its revisions; `None` if there was none yet. A user who was forgotten and set up again has
/// another record, whatever its revision.
pub type Edition = Option<(RecordId, Revision)>;

impl State {
    /// The edition of the record.
    #[must_use]
    pub fn edition(&self) -> Edition {
        self.record.as_ref().map(|record| (record.id, record.revision))
    }
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It is durable.
    Committed,
    /// Someone else changed the state meanwhile; nothing was written.
    Conflict,
}

/// Why the store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// State that cannot be trusted. The caller refuses; an administrator must mend it.
    Untrusted {
        /// The file or directory.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process held the user's lock until the deadline. The caller refuses; the next attempt may succeed.
    Busy {
        /// The file whose lock it is.
        path: String,
        /// The process that holds it, where known.
        holder: Option<String>,
    },
    /// A write failed. The caller refuses; the old state stands, or the new one.
    WriteFailed {
        /// The file or directory.
        path: String,
        /// The system's error.
        reason: String,
    },
    /// The user's name, encoded, is too long for a file name.
    NameTooLong,
}

/// Where records and counters are kept.
pub trait Store {
    /// A transaction on one user.
    type Session<'store>: Session
    where
        Self: 'store;

    /// Reads one user's state without a lock, for a first plan that is made again before anything is decided.
    ///
    /// # Errors
    /// [`StoreError`], after a second look under the lock.
    fn view(&self, user: &UserName) -> Result<State, StoreError>;

    /// Begins a transaction on one user: locked, freshly read, counters in existence.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Busy`] when the lock's deadline passes.
    fn begin(&self, user: &UserName) -> Result<Self::Session<'_>, StoreError>;

    /// Every user that has a record or counters.
    ///
    /// # Errors
    /// [`StoreError`] if the list itself cannot be read; one user's damage does not show here.
    fn users(&self) -> Result<Vec<UserName>, StoreError>;

    /// Removes all state of a user, trusted or not. Tells whether there was any.
    ///
    /// # Errors
    /// [`StoreError`]; what is left then is still refused or still whole.
    fn forget(&self, user: &UserName) -> Result<Forgotten, StoreError>;
}

/// Whether there was anything to forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgotten {
    /// Record or counters were removed.
    Removed,
    /// There were none.
    Nothing,
}

/// A transaction on one user. Dropping it ends it; nothing is held across a prompt.
pub trait Session {
    /// The state as it stands in this transaction.
    fn state(&self) -> &State;

    /// The damage that was found, and passed over, when it began.
    fn damage(&self) -> Option<&Damage>;

    /// Makes these counters durable. Sequence number and the record they belong to are the store's business.
    ///
    /// # Errors
    /// [`StoreError::WriteFailed`]; the caller must not tell anyone what it was about to.
    fn write_counters(&mut self, next: &Counters) -> Result<Written, StoreError>;

    /// Makes this record durable: the one read, changed by `decision::apply`, its revision one higher.
    ///
    /// # Errors
    /// [`StoreError::WriteFailed`]; the old record stands, or the new one.
    fn replace_record(&mut self, next: &Record) -> Result<Written, StoreError>;
}

impl StoreError {
    fn write_failed(path: &str, errno: nix::errno::Errno) -> Self {
        Self::WriteFailed { path: path.to_owned(), reason: errno.desc().to_owned() }
    }

    fn untrusted(path: &str, reason: impl fmt::Display) -> Self {
        Self::Untrusted { path: path.to_owned(), reason: reason.to_string() }
    }
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        Self::Untrusted { reason: error.problem.to_string(), path: error.path }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untrusted { path, reason } => write!(f, "{path}: {reason}"),
            Self::Busy { path, holder: Some(holder) } => write!(f, "{path}: locked by {holder}"),
            Self::Busy { path, holder: None } => write!(f, "{path}: locked by another process"),
            Self::WriteFailed { path, reason } => write!(f, "{path}: cannot be written: {reason}"),
            Self::NameTooLong => f.write_str("the user name is too long"),
        }
    }
}
impl std::error::Error for StoreError {}
