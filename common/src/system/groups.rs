//! One account's groups and rules, as decisions ask for them.

use std::net::IpAddr;

use super::accounts::{Account, Accounts, GroupLookup};
use crate::config::DEFAULT_EXCEPT;
use crate::decision::{Groups, Membership, RuleFacts};

/// One account, asked about through these accounts.
#[derive(Clone, Copy)]
pub struct GroupsOf<'a> {
    /// Where groups are looked up.
    pub accounts: &'a dyn Accounts,
    /// Whose.
    pub account: &'a Account,
}

impl Groups for GroupsOf<'_> {
    /// A group that does not exist may be one whose server is away: unknown. But of the three groups that `except`
    /// names by default no host has all, and they are the host's own: there, one that does not exist has no members.
    fn membership(&self, group: &str) -> Membership {
        match self.accounts.membership(self.account, group) {
            GroupLookup::NoSuchGroup if DEFAULT_EXCEPT.contains(&group) => Membership::No,
            other => other.into(),
        }
    }
}

/// For rules that name neither services nor networks (`select_everywhere`).
impl RuleFacts for GroupsOf<'_> {
    fn service(&self) -> &'static str {
        ""
    }

    fn user(&self) -> &str {
        self.account.name.as_str()
    }

    fn group(&self, group: &str) -> Membership {
        self.accounts.membership(self.account, group).into()
    }

    fn address(&self) -> Option<IpAddr> {
        None
    }
}
