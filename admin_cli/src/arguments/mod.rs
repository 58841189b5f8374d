//! The table of commands: what may be typed, and what `--help` says of it.

mod change;
mod crowd;
mod import;
mod look;
mod pam;
mod restored;
mod setup;
mod tokens;

use clap::{Parser, Subcommand};
use countersign_common::config::DEFAULT_PATH;

use crate::manual;

pub(crate) use change::{Enable, Grace, GraceSpan, NoAccount, Users};
pub(crate) use crowd::Crowd;
pub(crate) use import::{FromGoogle, FromOath, How, Import, ImportFrom};
pub(crate) use look::{Doctor, Explain, List, Only, Report, Status};
pub(crate) use pam::{Pam, PamAdd, PamCommand, PamRemove};
pub(crate) use restored::Restored;
pub(crate) use setup::{CheckConfig, Init};
pub(crate) use tokens::{Enroll, Label, NewRecoveryCodes, Place, RemoveToken, Tokens};

const EXAMPLES: &str = "\
Examples:
  countersign init                 once, after installing
  countersign enable alice bob     ask alice and bob for a code from now on
  countersign enable --lock alice  and do not let alice turn it off
  countersign enable --group staff all members of a group
  countersign report               how far the roll-out is
  countersign reset alice          alice has a new phone
  countersign unblock alice        alice typed too many wrong codes
  countersign list                 who uses a second factor
  countersign explain alice        what happens when alice logs in, and why
  countersign doctor               what is wrong on this host";

fn after_help() -> String {
    format!("{EXAMPLES}\n\n{}", manual::statuses())
}

/// Second factor for logins on this host: per user, with one command. Run by root; everyone else has less of it.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, after_help = after_help(), arg_required_else_help = true)]
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
    #[command(
        after_help = "Examples:\n  countersign enable alice bob\n  countersign enable --lock alice\n  countersign enable --group staff\n  countersign enable --all --yes"
    )]
    Enable(Enable),
    /// Do not ask these users for a code. Their tokens are kept.
    #[command(after_help = "Example:\n  countersign disable alice")]
    Disable(Crowd),
    /// Take these users' right to turn 2FA on or off.
    ///
    /// Nothing to do with locking accounts. Refused for administrators, who may always toggle.
    #[command(after_help = "Example:\n  countersign lock alice")]
    Lock(Crowd),
    /// Give these users the right to turn 2FA on or off.
    ///
    /// Does not lift a block after too many wrong codes: that is `unblock`.
    #[command(after_help = "Example:\n  countersign unlock alice")]
    Unlock(Crowd),
    /// Forget these users' tokens, failures and block: a new phone.
    ///
    /// Recovery codes are forgotten, too. Settings and rights are kept. If 2FA is on, the next login enrolls again.
    #[command(after_help = "Example:\n  countersign reset alice")]
    Reset(Crowd),
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
    /// Say how far the roll-out is: who is asked, enrolled, has how much time, is blocked.
    ///
    /// Counts users that have state, login accounts, and whom rules name. With --rehearsal: what rules with `rehearse`
    /// would have come to, by the log.
    #[command(after_help = "Examples:\n  countersign report\n  countersign report --names\n  \
                            countersign report --rehearsal --log /var/log/auth.log")]
    Report(Report),
    /// Say what happens when a user logs in, and why.
    ///
    /// Which rule decides about such a login, and who may do what to the user.
    #[command(after_help = "Examples:\n  countersign explain alice\n  \
                            countersign explain alice --service su\n  \
                            countersign explain alice --service sshd --from 192.0.2.7")]
    Explain(Explain),
    /// Look for what is wrong on this host.
    ///
    /// Says for each service and kind of login whether a code is asked for. Then a line for each finding about PAM stacks,
    /// sshd, configuration, installation, state, helper and users, with what to do. Changes nothing. Exit status 1 if
    /// there are errors.
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
    /// Take over the secrets of another program, so that nobody has to scan anything.
    ///
    /// A line for each user: what was taken, what is otherwise from now on, what was left and why. Writes nothing
    /// without --write. Whoever was asked for a code there is asked here: 2FA is turned on, unless something was known
    /// of the user already.
    Import(Import),
    /// Say that this state came out of a backup.
    ///
    /// What may have been used since then counts as used. Run it after a restore, before anyone can log in. Codes of the present moment are refused, so that none which the
    /// old host accepted is accepted again; recovery codes become void, since any of them may have been used.
    #[command(after_help = "Examples:\n  countersign restored\n  countersign restored --keep-recovery-codes --yes")]
    Restored(Restored),
    /// Put our lines into the PAM stacks, take them out, show what is there.
    ///
    /// The difference is shown before anything is written, and a stack that is not understood is left alone.
    Pam(Pam),
}

const ENROLL_EXAMPLES: &str = "\
Examples:
  countersign enroll alice                          alice sits beside you
  countersign enroll alice --svg alice.svg          a picture instead of the terminal
  countersign enroll alice --no-confirm --uri       for a program that hands it over
  countersign enroll alice --label tablet           one more token
  countersign enroll alice --replace                a new phone in place of all tokens";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_table_of_commands_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn wrong_usage_ends_as_the_manual_says() {
        let error = Arguments::try_parse_from(["countersign", "--no-such-option"]).unwrap_err();
        assert_eq!(error.exit_code(), i32::from(manual::USAGE.number));
    }
}
