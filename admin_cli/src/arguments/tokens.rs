//! The arguments of what concerns tokens and recovery codes.

use std::str::FromStr;

use clap::Args;
use countersign_common::decision::Adding;
use countersign_common::record::is_new_label;

use super::NoAccount;

/// `tokens`
#[derive(Debug, Args)]
pub(crate) struct Tokens {
    /// The user's login name.
    #[arg(value_name = "USER")]
    pub(crate) user: String,
    /// Print a JSON array.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) account: NoAccount,
}

/// `remove-token`
#[derive(Debug, Args)]
pub(crate) struct RemoveToken {
    /// The user's login name.
    #[arg(value_name = "USER")]
    pub(crate) user: String,
    /// The token: its label, its id, or how its id begins.
    #[arg(value_name = "TOKEN")]
    pub(crate) token: String,
    /// Print the resulting state as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) account: NoAccount,
}

/// `new-recovery-codes`
#[derive(Debug, Args)]
pub(crate) struct NewRecoveryCodes {
    /// The user's login name.
    #[arg(value_name = "USER")]
    pub(crate) user: String,
    #[command(flatten)]
    pub(crate) account: NoAccount,
}

/// `enroll`
#[derive(Debug, Args)]
pub(crate) struct Enroll {
    /// The user's login name.
    #[arg(value_name = "USER")]
    pub(crate) user: String,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Write the QR code to a new file (mode 0600) instead of drawing it.
    #[arg(long, value_name = "FILE", conflicts_with = "uri")]
    pub(crate) svg: Option<String>,
    /// Print only the otpauth URI.
    #[arg(long)]
    pub(crate) uri: bool,
    /// Ask for no code: whether the app has the key shows at the first login.
    #[arg(long)]
    pub(crate) no_confirm: bool,
    /// Print the resulting state as JSON; the key is then shown on standard error.
    #[arg(long, conflicts_with = "uri")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) account: NoAccount,
}

/// A new token's place among the user's others.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// What this token is called, as in `tablet`: at most 32 printable characters.
    #[arg(long, value_name = "TEXT")]
    pub(crate) label: Option<Label>,
    /// Take all other tokens away: a new phone.
    #[arg(long)]
    pub(crate) replace: bool,
}

impl Place {
    /// Beside the tokens that are there, or instead of them.
    pub(crate) const fn adding(&self) -> Adding {
        if self.replace { Adding::Instead } else { Adding::Beside }
    }
}

/// A token's label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label(pub(crate) String);

impl FromStr for Label {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_new_label(text) { Ok(Self(text.to_owned())) } else { Err("must be 1 to 32 printable characters") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_short_and_printable() {
        assert!("tablet".parse::<Label>().is_ok() && "ö".repeat(32).parse::<Label>().is_ok());
        for text in ["", &"x".repeat(33), "a\nb", "a\u{202e}b"] {
            assert!(text.parse::<Label>().is_err(), "{text:?}");
        }
    }
}
