//! The table of commands: what may be typed, and what `--help` says of it.

use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use countersign_common::config::{DEFAULT_PATH, Duration};
use countersign_common::decision::Adding;
use countersign_common::record::is_new_label;
use countersign_common::token::Seconds;

const EXAMPLES: &str = "\
Examples:
  countersign init                 once, after installing
  countersign enable alice bob     ask alice and bob for a code from now on
  countersign enable --lock alice  and do not let alice turn it off
  countersign reset alice          alice has a new phone
  countersign unblock alice        alice typed too many wrong codes
  countersign list                 who uses a second factor
  countersign explain alice        what happens when alice logs in, and why
  countersign doctor               what is wrong on this host

Exit status: 0 done, 1 something failed or was refused, 2 wrong usage.";

/// Second factor for logins on this host: per user, with one command. Run by root; everyone else has less of it.
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
    /// Recovery codes are forgotten, too. Settings and rights are kept. If 2FA is on, the next login enrolls again.
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
    /// Show all users that have state, or have to enroll.
    #[command(after_help = "Examples:\n  countersign list\n  countersign list --not-enrolled")]
    List(List),
    /// Say what happens when a user logs in, and why.
    ///
    /// Which rule decides about such a login, and who may do what to the user.
    #[command(after_help = "Examples:\n  countersign explain alice\n  \
                            countersign explain alice --service su\n  \
                            countersign explain alice --service sshd --from 192.0.2.7")]
    Explain(Explain),
    /// Look for what is wrong on this host.
    ///
    /// Configuration, installation, state, helper, users: a line for each finding, with what to do. Changes nothing. Exit
    /// status 1 if there are errors.
    Doctor(Doctor),
    /// Set up a token for a user beforehand.
    ///
    /// Shows the QR code and the key, and asks for one code as a proof. A user's first token brings recovery codes. To
    /// a user who has a token, --label adds another one; --replace takes the others away.
    #[command(after_help = ENROLL_EXAMPLES)]
    Enroll(Enroll),
    /// Show a user's tokens: the phone, the tablet.
    #[command(after_help = "Example:\n  countersign tokens alice")]
    Tokens(Tokens),
    /// Take one of a user's tokens away.
    ///
    /// The last one goes only by `reset`.
    #[command(after_help = "Examples:\n  countersign remove-token alice tablet\n  countersign remove-token alice 3f9c")]
    RemoveToken(RemoveToken),
    /// Make new recovery codes for a user and show them once.
    ///
    /// The old ones are void. Only for a user who has a token.
    #[command(after_help = "Example:\n  countersign new-recovery-codes alice")]
    NewRecoveryCodes(NewRecoveryCodes),
    /// Give users time to enroll, counted from now, or end it.
    ///
    /// Until then they may put off the QR code with `later`, and services that cannot show one let them in. The time
    /// under `[enrollment] grace` begins by itself, and ends for ever at the first enrollment; this renews it.
    #[command(
        after_help = "Examples:\n  countersign grace alice 3d\n  countersign grace alice bob 12h\n  countersign grace alice off"
    )]
    Grace(Grace),
}

const ENROLL_EXAMPLES: &str = "\
Examples:
  countersign enroll alice                          alice sits beside you
  countersign enroll alice --svg alice.svg          a picture instead of the terminal
  countersign enroll alice --no-confirm --uri       for a program that hands it over
  countersign enroll alice --label tablet           one more token
  countersign enroll alice --replace                a new phone in place of all tokens";

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
    /// Print a JSON array.
    #[arg(long)]
    pub(crate) json: bool,
}

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

/// `grace`
#[derive(Debug, Args)]
pub(crate) struct Grace {
    #[command(flatten)]
    pub(crate) users: Users,
    /// How long, from now, as in `12h` or `3d`; or `off`.
    #[arg(value_name = "TIME", required = true)]
    pub(crate) time: GraceSpan,
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

    #[test]
    fn a_label_is_short_and_printable() {
        assert!("tablet".parse::<Label>().is_ok() && "ö".repeat(32).parse::<Label>().is_ok());
        for text in ["", &"x".repeat(33), "a\nb", "a\u{202e}b"] {
            assert!(text.parse::<Label>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn time_to_enroll_is_a_span_or_off() {
        assert_eq!("3d".parse(), Ok(GraceSpan::For(Seconds(259_200))));
        assert_eq!("off".parse(), Ok(GraceSpan::Off));
        for text in ["0s", "3", "3w", "-1d", "367d", "forever"] {
            assert!(text.parse::<GraceSpan>().is_err(), "{text}");
        }
    }
}
