//! What a kind of login on a service comes to, in one word.

use std::fmt;

use serde::Serialize;

/// What a kind of login comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) enum Word {
    /// Whoever uses 2FA is asked for a code; others are let in; who has to enroll can.
    #[serde(rename = "asked")]
    Asked,
    /// In without a code.
    #[serde(rename = "not asked")]
    NotAsked,
    /// Nobody gets in who does everything right, or nobody who uses 2FA.
    #[serde(rename = "refused")]
    Refused,
    /// Asked; and who has no token yet cannot get one here.
    #[serde(rename = "cannot enroll here")]
    CannotEnroll,
    /// Who does not use 2FA cannot get in either.
    #[serde(rename = "locked out")]
    LockedOut,
}

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    pub(super) service: String,
    /// Who, and by what.
    pub(super) login: String,
    /// The module that is given what it asks for; `None` where sshd decides, not PAM.
    pub(super) module: Option<String>,
    pub(super) verdict: Word,
    /// Why; empty if there is nothing to say.
    pub(super) why: String,
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "asked",
            Self::NotAsked => "not asked",
            Self::Refused => "refused",
            Self::CannotEnroll => "cannot enroll here",
            Self::LockedOut => "locked out",
        })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.service, self.login, self.verdict)?;
        if self.why.is_empty() { Ok(()) } else { write!(f, " ({})", self.why) }
    }
}
