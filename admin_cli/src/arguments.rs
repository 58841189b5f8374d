//! The table of commands: what may be typed, and what `--help` says of it.

use clap::{Args, Parser, Subcommand};
use countersign_common::config::DEFAULT_PATH;

const EXAMPLES: &str = "\
Examples:
  countersign init                 once, after installing
  countersign enable alice bob     ask alice and bob for a code from now on
  countersign enable --lock alice  and do not let alice turn it off
  countersign reset alice          alice has a new phone
  countersign unblock alice        alice typed too many wrong codes
  countersign list                 who uses a second factor

Exit status: 0 done, 1 something failed or was refused, 2 wrong usage.";

/// Second factor for logins on this host: per user, with one command. Run by root.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// The configuration file.
    #[arg(long, global = true, value_name = "PATH", default_value = DEFAULT_PATH)]
    pub(crate) config: String,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set up this host, once: configuration, installation, state directory.
    ///
    /// Writes the commented configuration if there is none, the file `/etc/countersign/installation`, and the empty
    /// state directory that the configuration names. Run again it changes nothing. It refuses to make new state for
    /// an installation that has some: that is what an unmounted disk looks like.
    Init(Init),
    /// Check a configuration file before the next login does.
    ///
    /// Prints `FILE: ok`, or names line and key. Warns of what is allowed but has no effect or is likely not meant.
    CheckConfig(CheckConfig),
    /// Ask these users for a code at login.
    ///
    /// A user without a token is shown a QR code at the next login, and may there also turn 2FA off, unless locked.
    #[command(after_help = "Examples:\n  countersign enable alice bob\n  countersign enable --lock alice")]
    Enable(Enable),
    /// Do not ask these users for a code. Their tokens are kept.
    #[command(after_help = "Example:\n  countersign disable alice")]
    Disable(Users),
    /// Take these users' right to turn 2FA on or off.
    ///
    /// Nothing to do with locking accounts. Refused for administrators, who may always toggle.
    #[command(after_help = "Example:\n  countersign lock alice")]
    Lock(Users),
    /// Give these users the right to turn 2FA on or off.
    ///
    /// Does not lift a block after too many wrong codes: that is `unblock`.
    #[command(after_help = "Example:\n  countersign unlock alice")]
    Unlock(Users),
    /// Forget these users' tokens, failures and block: a new phone.
    ///
    /// Settings and rights are kept. If 2FA is on, the next login enrolls again.
    #[command(after_help = "Example:\n  countersign reset alice")]
    Reset(Users),
    /// Lift the block after too many wrong codes.
    ///
    /// Tokens are kept, and a code that was used stays used.
    #[command(after_help = "Example:\n  countersign unblock alice")]
    Unblock(Users),
    /// Remove all state of these users, damaged or not: they left.
    #[command(after_help = "Examples:\n  countersign forget alice\n  countersign forget --no-account leaver")]
    Forget(Users),
    /// Show one user, or the installation.
    #[command(after_help = "Examples:\n  countersign status\n  countersign status alice --json")]
    Status(Status),
    /// Show all users that have state.
    List(List),
    /// Set up a token for a user beforehand.
    ///
    /// Shows the QR code and the key, and asks for one code as a proof. Refused if the user has a token.
    #[command(after_help = ENROLL_EXAMPLES)]
    Enroll(Enroll),
}

const ENROLL_EXAMPLES: &str = "\
Examples:
  countersign enroll alice                          alice sits beside you
  countersign enroll alice --svg alice.svg          a picture instead of the terminal
  countersign enroll alice --no-confirm --uri       for a program that hands it over";

/// `init`
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The account that owns the state, besides root.
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

/// `enable`
#[derive(Debug, Args)]
pub(crate) struct Enable {
    /// Also take their right to turn it off, as `lock` does.
    #[arg(long)]
    pub(crate) lock: bool,
    #[command(flatten)]
    pub(crate) users: Users,
}

/// Commands that change users.
#[derive(Debug, Args)]
pub(crate) struct Users {
    /// The users' login names.
    #[arg(value_name = "USER", required = true)]
    pub(crate) names: Vec<String>,
    /// Print the resulting state as JSON: one object for one user, an array for several.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) account: NoAccount,
}

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
    /// Print a JSON array.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `enroll`
#[derive(Debug, Args)]
pub(crate) struct Enroll {
    /// The user's login name.
    #[arg(value_name = "USER")]
    pub(crate) user: String,
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

/// Names unknown to the system.
#[derive(Debug, Args)]
pub(crate) struct NoAccount {
    /// Accept names that are unknown to the system, exactly as typed.
    #[arg(long)]
    pub(crate) no_account: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_table_of_commands_is_sound() {
        Arguments::command().debug_assert();
    }
}
