//! A `[[delegate]]`: who may help whom, and with what.

use serde::Deserialize;

/// Groups on whose members no delegate acts, unless `except` says otherwise.
pub const DEFAULT_EXCEPT: [&str; 3] = ["sudo", "wheel", "adm"];

/// `[[delegate]]`: members of one group act on members of others.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegate {
    /// Who may act.
    pub group: String,
    /// On members of these groups.
    pub over: Vec<String>,
    /// What they may do.
    pub may: Vec<Verb>,
    /// But never on members of these.
    #[serde(default = "default_except")]
    pub except: Vec<String>,
}

/// What a delegate may be allowed to do to another user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Forget tokens and recovery codes.
    Reset,
    /// Lift a block.
    Unblock,
    /// Take the right to toggle.
    Lock,
    /// Give it.
    Unlock,
    /// Turn 2FA on.
    Enable,
    /// Turn it off: hands over the second factor.
    Disable,
    /// Add a token: hands over the second factor.
    Enroll,
    /// Make new recovery codes: hands over the second factor.
    NewRecoveryCodes,
}

impl Verb {
    /// The word in the configuration, which is the command's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Unblock => "unblock",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Enroll => "enroll",
            Self::NewRecoveryCodes => "new-recovery-codes",
        }
    }
}

fn default_except() -> Vec<String> {
    DEFAULT_EXCEPT.map(String::from).to_vec()
}
