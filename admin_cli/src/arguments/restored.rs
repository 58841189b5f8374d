//! The arguments of `restored`.

use clap::Args;

/// `restored`
#[derive(Debug, Args)]
pub(crate) struct Restored {
    /// Keep the recovery codes: it is known that none was used since the backup.
    #[arg(long)]
    pub(crate) keep_recovery_codes: bool,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print an array of JSON objects, one for each user.
    #[arg(long)]
    pub(crate) json: bool,
}
