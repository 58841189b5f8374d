//! Why a command did not do what was asked: one sentence, and what to try.

use countersign_common::store::{INSTALLATION_PATH, StoreError};
use countersign_common::system::{ClockError, ConfigFileError, RandomError};

use crate::sentences::command;

/// Why something was not done, in words for an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What is wrong, beginning in lower case.
    pub(crate) message: String,
    /// What to try.
    pub(crate) hints: Vec<String>,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new() }
    }

    /// With one more thing to try.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// A failure of the store as a whole.
    pub(crate) fn of_store(error: &StoreError) -> Self {
        let failure = Self::new(error.to_string());
        match error {
            StoreError::Untrusted { path, reason } if path == INSTALLATION_PATH && reason == "does not exist" => {
                failure.hint("set it up once with: countersign init")
            }
            StoreError::Untrusted { reason, .. }
                if reason.starts_with("has mode") || reason.starts_with("is owned") =>
            {
                failure.hint("it, and every directory above it, must be closed to others: see ls -ld")
            }
            StoreError::Untrusted { .. } => failure.hint("is the state directory mounted?"),
            StoreError::Busy { .. } | StoreError::WriteFailed { .. } | StoreError::NameTooLong => failure,
        }
    }

    /// A failure of the store about one user.
    pub(crate) fn of_user(user: &str, error: &StoreError) -> Self {
        let failure = Self::new(format!("{user}: {error}"));
        match error {
            StoreError::Untrusted { .. } => failure.hint(way_out(user)),
            StoreError::Busy { .. } => failure.hint("try again in a moment"),
            StoreError::WriteFailed { .. } => failure.hint("what stood before stands, or the change does: see status"),
            StoreError::NameTooLong => failure,
        }
    }
}

/// What to do about a user whose state cannot be trusted.
pub(crate) fn way_out(user: &str) -> String {
    let forget = command("forget", user);
    format!("mend it, or restore it from a backup; or give up all state of {user}: {forget}")
}

impl From<ConfigFileError> for Failure {
    fn from(error: ConfigFileError) -> Self {
        use countersign_common::files::FileProblem as Problem;
        let failure = Self::new(error.to_string());
        match error {
            ConfigFileError::File(error) => match error.problem {
                Problem::Missing => failure.hint("a commented configuration is written by: countersign init"),
                Problem::WrongOwner(_) | Problem::WrongMode(_) => failure
                    .hint("the file and every directory above it must belong to root and not be writable by others"),
                Problem::LinkOrWrongKind | Problem::NotRegular | Problem::Links(_) => {
                    failure.hint("links are not followed: name the file itself")
                }
                Problem::TooLarge | Problem::Error(_) => failure,
            },
            ConfigFileError::Content { .. } => failure,
        }
    }
}

impl From<ClockError> for Failure {
    fn from(error: ClockError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<RandomError> for Failure {
    fn from(error: RandomError) -> Self {
        Self::new(error.to_string())
    }
}
