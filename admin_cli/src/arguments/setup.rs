//! The arguments of `init` and `check-config`.

use clap::Args;

/// `init`
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The account that owns the state; without it, `countersign` where there is one, else root.
    #[arg(long, value_name = "USER")]
    pub(crate) owner: Option<String>,
    /// Make a new installation in the place of one whose state is lost: all its users enroll again.
    #[arg(long)]
    pub(crate) renew: bool,
}

/// `check-config`
#[derive(Debug, Args)]
pub(crate) struct CheckConfig {
    /// The file to check; without it, the one in use.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
}
