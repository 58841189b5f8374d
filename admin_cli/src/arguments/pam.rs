//! The arguments of `pam`: which services, and whether to ask.

use std::str::FromStr;

use clap::{Args, Subcommand};
use countersign_common::config::Duration;
use countersign_common::token::Seconds;

/// `pam`
#[derive(Debug, Args)]
pub(crate) struct Pam {
    /// What to do with the stacks.
    #[command(subcommand)]
    pub(crate) what: PamCommand,
}

/// What to do with the stacks.
#[derive(Debug, Subcommand)]
pub(crate) enum PamCommand {
    /// Put our two lines where they belong.
    ///
    /// Shows the difference and asks. Keeps a copy of the file below /etc/countersign/pam.d.backup. Refuses a stack in
    /// which the lines would not do what they should, and says why and what to add by hand.
    #[command(after_help = "Examples:\n  countersign pam add sshd\n  countersign pam add sshd sudo --confirm 10m")]
    Add(PamAdd),
    /// Take exactly our lines out.
    #[command(after_help = "Example:\n  countersign pam remove sshd")]
    Remove(PamRemove),
    /// Show our lines, and what logins on these services come to.
    #[command(after_help = "Examples:\n  countersign pam show\n  countersign pam show sshd")]
    Show(PamShow),
    /// Keep what `add --confirm` did, without waiting for a login.
    Keep,
    /// Take back what `add --confirm` did, now.
    Rollback(PamRollback),
}

/// `pam add`
#[derive(Debug, Args)]
pub(crate) struct PamAdd {
    /// PAM services: files in /etc/pam.d.
    #[arg(value_name = "SERVICE", required = true)]
    pub(crate) services: Vec<String>,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Take each change back after so long, as in `10m`, unless someone logged in by that service with a code meanwhile.
    ///
    /// By a timer of systemd, also after a restart of this host.
    #[arg(long, value_name = "TIME")]
    pub(crate) confirm: Option<Patience>,
}

/// `pam remove`
#[derive(Debug, Args)]
pub(crate) struct PamRemove {
    /// PAM services: files in /etc/pam.d.
    #[arg(value_name = "SERVICE", required = true)]
    pub(crate) services: Vec<String>,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
}

/// `pam show`
#[derive(Debug, Args)]
pub(crate) struct PamShow {
    /// PAM services; without any, those that have a line of ours.
    #[arg(value_name = "SERVICE")]
    pub(crate) services: Vec<String>,
}

/// `pam rollback`
#[derive(Debug, Args)]
pub(crate) struct PamRollback {
    /// What the timer does: nothing before its time, and nothing to services by which someone logged in with a code.
    #[arg(long)]
    pub(crate) unless_confirmed: bool,
}

/// How long a change waits to be confirmed: a minute to a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience(pub(crate) Seconds);

impl FromStr for Patience {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let span: Duration<60, 86_400> = text.parse()?;
        Ok(Self(span.as_seconds()))
    }
}
