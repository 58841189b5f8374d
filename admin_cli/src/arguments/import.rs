//! The arguments of `import`: from what other program, whom, and what becomes of what is there.

use clap::{Args, Subcommand};

/// `import`
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// From what.
    #[command(subcommand)]
    pub(crate) from: ImportFrom,
}

/// What other program's secrets are taken over.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportFrom {
    /// From the files of `pam_google_authenticator`, by default `~/.google_authenticator`.
    ///
    /// Each is opened as the user it belongs to. Codes that were used stay used. Codes for an emergency are not taken:
    /// they are weaker than recovery codes; `new-recovery-codes` makes those.
    #[command(after_help = GOOGLE_EXAMPLES)]
    GoogleAuthenticator(FromGoogle),
    /// From a users file of `pam_oath`, such as /etc/users.oath; also one of Apache's `mod_authn_otp`.
    ///
    /// Lines that count logins (HOTP) and lines with a PIN are told and left.
    #[command(after_help = OATH_EXAMPLES)]
    Oath(FromOath),
}

const GOOGLE_EXAMPLES: &str = "\
Examples:
  countersign import google-authenticator alice           say what would be taken
  countersign import google-authenticator alice --write   take it
  countersign import google-authenticator --all --write   for everyone in /etc/passwd who has such a file
  countersign import google-authenticator --group staff --write
  countersign import google-authenticator --all --file '/etc/ga/${USER}' --as-root";

const OATH_EXAMPLES: &str = "\
Examples:
  countersign import oath /etc/users.oath            say what would be taken
  countersign import oath /etc/users.oath --write    take it
  countersign import oath /etc/users.oath alice bob  only these users' lines";

/// `import google-authenticator`
#[derive(Debug, Args)]
pub(crate) struct FromGoogle {
    /// The users' login names.
    #[arg(value_name = "USER", required_unless_present_any = ["all", "group"], conflicts_with_all = ["all", "group"])]
    pub(crate) users: Vec<String>,
    /// Everyone in /etc/passwd who has such a file. Users of a directory (LDAP) have to be named, or be a group.
    #[arg(long, conflicts_with = "group")]
    pub(crate) all: bool,
    /// The members of this group who have such a file, also those whose primary group it is.
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
    /// Where the file is, as `secret=` says it in the stack: ~, ${HOME} and ${USER} stand for the user's.
    #[arg(long, value_name = "PATH", default_value = "~/.google_authenticator")]
    pub(crate) file: String,
    /// Open the files as root, as with `user=root` in the stack. Not in homes: no ~ or ${HOME} in --file.
    #[arg(long)]
    pub(crate) as_root: bool,
    /// Take also keys that were imported before and are gone here since, as after `reset`: the phone was found.
    #[arg(long, conflicts_with_all = ["all", "group"])]
    pub(crate) again: bool,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `import oath`
#[derive(Debug, Args)]
pub(crate) struct FromOath {
    /// The users file.
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// Only these users; without any, everyone in the file.
    #[arg(value_name = "USER")]
    pub(crate) users: Vec<String>,
    /// Take also keys that were imported before and are gone here since, as after `reset`: the phone was found.
    #[arg(long, requires = "users")]
    pub(crate) again: bool,
    #[command(flatten)]
    pub(crate) how: How,
}

/// What both have.
#[derive(Debug, Args)]
pub(crate) struct How {
    /// Do it. Without this, nothing is written: each line says what would be.
    #[arg(long)]
    pub(crate) write: bool,
    /// Put the tokens in place of those that a user has already.
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) setting: Setting,
    /// Print an array of JSON objects, one for each user.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What becomes of the setting.
#[derive(Debug, Args)]
pub(crate) struct Setting {
    /// Turn 2FA on for everyone who has a token then, whatever was set before, also if it was imported earlier.
    #[arg(long, conflicts_with = "no_enable")]
    pub(crate) enable: bool,
    /// Do not turn 2FA on for users of whom nothing was known yet.
    #[arg(long)]
    pub(crate) no_enable: bool,
}
