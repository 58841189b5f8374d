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
    /// Print a JSON array.
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
