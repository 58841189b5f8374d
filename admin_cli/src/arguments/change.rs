//! The arguments of what changes users: whom, and how the result is told.

use std::collections::HashMap;
use std::str::FromStr;

use clap::Args;
use countersign_common::config::Duration;
use countersign_common::system::Account;
use countersign_common::token::Seconds;

use super::Crowd;

/// `enable`
#[derive(Debug, Args)]
pub(crate) struct Enable {
    /// Also take their right to turn it off, as `lock` does.
    #[arg(long)]
    pub(crate) lock: bool,
    #[command(flatten)]
    pub(crate) users: Crowd,
}

/// Commands that change users.
#[derive(Debug, Default, Args)]
pub(crate) struct Users {
    /// The users' login names.
    #[arg(value_name = "USER", required = true)]
    pub(crate) names: Vec<String>,
    /// Print the resulting state as JSON: one object for one user, an array for several.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) account: NoAccount,
    /// Accounts that were looked up already; then the command was about many, and ends with a summary.
    #[arg(skip)]
    pub(crate) known: Option<HashMap<String, Account>>,
}

/// `grace`
#[derive(Debug, Args)]
pub(crate) struct Grace {
    #[command(flatten)]
    pub(crate) users: Users,
    /// How long, from now, as in `12h` or `3d`; or `off`.
    #[arg(value_name = "TIME", required = true)]
    pub(crate) time: GraceSpan,
}

/// How much time someone is given to enroll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GraceSpan {
    /// None from now on.
    Off,
    /// So much from now on.
    For(Seconds),
}

impl FromStr for GraceSpan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let span: Duration<1, 31_622_400> = text.parse().map_err(|error| format!("{error}; or \"off\""))?;
        Ok(Self::For(span.as_seconds()))
    }
}

/// Names unknown to the system.
#[derive(Debug, Default, Args)]
pub(crate) struct NoAccount {
    /// Accept names that are unknown to the system, exactly as typed.
    #[arg(long)]
    pub(crate) no_account: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_to_enroll_is_a_span_or_off() {
        assert_eq!("3d".parse(), Ok(GraceSpan::For(Seconds(259_200))));
        assert_eq!("off".parse(), Ok(GraceSpan::Off));
        for text in ["0s", "3", "3w", "-1d", "367d", "forever"] {
            assert!(text.parse::<GraceSpan>().is_err(), "{text}");
        }
    }
}
