//! What a person may want done to a user's 2FA, by the name of the command.

use super::change::Change;
use crate::config::Verb;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Look at the state.
    Status,
    /// Ask who may do what, and what a login would bring.
    Explain,
    /// Look at the tokens.
    Tokens,
    /// Turn 2FA on.
    Enable,
    /// Turn it off.
    Disable,
    /// Forget tokens and recovery codes.
    Reset,
    /// Add a token, or put it in place of all others.
    Enroll,
    /// Take one token away.
    RemoveToken,
    /// Make new recovery codes.
    NewRecoveryCodes,
    /// Lift a block.
    Unblock,
    /// Take the right to toggle.
    Lock,
    /// Give it.
    Unlock,
}

impl Action {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 12] = [
        Self::Status,
        Self::Explain,
        Self::Tokens,
        Self::Enable,
        Self::Disable,
        Self::Reset,
        Self::Enroll,
        Self::RemoveToken,
        Self::NewRecoveryCodes,
        Self::Unblock,
        Self::Lock,
        Self::Unlock,
    ];

    /// The command's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Explain => "explain",
            Self::Tokens => "tokens",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Reset => "reset",
            Self::Enroll => "enroll",
            Self::RemoveToken => "remove-token",
            Self::NewRecoveryCodes => "new-recovery-codes",
            Self::Unblock => "unblock",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
        }
    }

    /// As the log spells it (`what`): no dashes.
    #[must_use]
    pub const fn logged(self) -> &'static str {
        match self {
            Self::RemoveToken => "remove_token",
            Self::NewRecoveryCodes => "new_recovery_codes",
            _ => self.as_str(),
        }
    }

    /// The action of a command's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }

    /// Whether nothing is changed by it.
    #[must_use]
    pub const fn is_looking(self) -> bool {
        matches!(self, Self::Status | Self::Explain | Self::Tokens)
    }

    /// The word that allows it to a delegate; `None` if no word does.
    #[must_use]
    pub const fn verb(self) -> Option<Verb> {
        match self {
            Self::Reset => Some(Verb::Reset),
            Self::Unblock => Some(Verb::Unblock),
            Self::Lock => Some(Verb::Lock),
            Self::Unlock => Some(Verb::Unlock),
            Self::Enable => Some(Verb::Enable),
            Self::Disable => Some(Verb::Disable),
            Self::Enroll => Some(Verb::Enroll),
            Self::NewRecoveryCodes => Some(Verb::NewRecoveryCodes),
            Self::Status | Self::Explain | Self::Tokens | Self::RemoveToken => None,
        }
    }
}

impl From<&Change> for Action {
    fn from(change: &Change) -> Self {
        match change {
            Change::Enable => Self::Enable,
            Change::Disable => Self::Disable,
            Change::Lock => Self::Lock,
            Change::Unlock => Self::Unlock,
            Change::Reset => Self::Reset,
            Change::Enroll(_) => Self::Enroll,
            Change::RenewRecovery(_) => Self::NewRecoveryCodes,
            Change::RemoveToken(_) => Self::RemoveToken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_shows_how_the_log_spells_each() {
        let documentation = include_str!("../../../docs/log.md");
        for action in Action::ALL.into_iter().filter(|action| !action.is_looking()) {
            assert!(documentation.contains(&format!("`{}`", action.logged())), "docs/log.md lacks {action:?}");
            assert_eq!(action.logged(), action.as_str().replace('-', "_"));
        }
    }
}
