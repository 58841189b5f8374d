//! The arguments of what may change many users at once: by name, by group, or all.

use clap::Args;

use super::{NoAccount, Users};

/// Whom to change.
#[derive(Debug, Args)]
pub(crate) struct Crowd {
    /// The users' login names.
    #[arg(value_name = "USER", required_unless_present_any = ["groups", "all"])]
    names: Vec<String>,
    /// The members of this group, also those whose primary group it is, whether or not they have a record; again for
    /// more groups.
    ///
    /// Members by their primary group are known only where the system lists its accounts (`getent passwd`), which a
    /// directory may refuse to.
    #[arg(long = "group", value_name = "NAME", conflicts_with_all = ["names", "all"])]
    pub(crate) groups: Vec<String>,
    /// Every login account: a shell to log in with and a uid of people (`UID_MIN` of /etc/login.defs); and all with state.
    ///
    /// Not root, nor any other system account, unless it has state already: name those yourself.
    #[arg(long, conflicts_with = "names")]
    pub(crate) all: bool,
    /// Do not ask before changing all.
    #[arg(long, requires = "all", conflicts_with_all = ["names", "groups"])]
    pub(crate) yes: bool,
    /// Print the resulting state as JSON: one object for one user, an array for several.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    account: NoAccount,
}

impl Crowd {
    /// The users who were named.
    pub(crate) fn named(&self) -> Users {
        let account = NoAccount { no_account: self.account.no_account };
        Users { names: self.names.clone(), json: self.json, account, ..Users::default() }
    }
}
