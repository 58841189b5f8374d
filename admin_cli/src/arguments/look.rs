//! The arguments of what only looks.

use clap::Args;

use super::NoAccount;

/// `status`
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// The user's login name; without it, the installation is shown.
    #[arg(value_name = "USER")]
    pub(crate) user: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) account: NoAccount,
}

/// `list`
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only users who are asked for a code and have no token, and until when they may log in without one.
    ///
    /// Users that have state, login accounts of /etc/passwd, and whom rules name, by user or by group.
    #[arg(long)]
    pub(crate) not_enrolled: bool,
    #[command(flatten)]
    pub(crate) only: Only,
    /// Print a JSON array.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which users to list: all that is asked for must hold.
#[derive(Debug, Clone, Copy, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own, and they combine")]
pub(crate) struct Only {
    /// Only users who are blocked after too many wrong codes.
    #[arg(long)]
    pub(crate) blocked: bool,
    /// Only users who may not turn 2FA on or off themselves.
    #[arg(long)]
    pub(crate) locked: bool,
    /// Only enrolled users with 2 recovery codes or fewer, where this host hands them out.
    #[arg(long)]
    pub(crate) few_recovery_codes: bool,
    /// Only users whom no code has let in yet.
    #[arg(long)]
    pub(crate) never_logged_in: bool,
}

/// `report`
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Print the names, too.
    #[arg(long)]
    pub(crate) names: bool,
    /// What rules with `rehearse` would have come to.
    #[arg(long)]
    pub(crate) rehearsal: bool,
    /// The log to read for --rehearsal; without it, the journal is asked (journalctl).
    #[arg(long, value_name = "FILE", requires = "rehearsal")]
    pub(crate) log: Option<String>,
    /// Print a JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `explain`
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The user's login name.
    #[arg(value_name = "USER")]
    pub(crate) user: String,
    /// The PAM service of the login.
    #[arg(long, value_name = "SERVICE", default_value = "sshd")]
    pub(crate) service: String,
    /// The address it comes from; without it, a login at this host.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) from: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) account: NoAccount,
}

/// `doctor`
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Exit with 1 if there are warnings, not only if there are errors.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print a JSON object: logins and findings.
    #[arg(long)]
    pub(crate) json: bool,
}
