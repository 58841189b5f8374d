//! Accounts and groups, looked up by NSS with every error kept apart from "no such".
//!
//! Invariant: a failed look-up is never taken for an answer (I4).

use std::fmt;

use nix::errno::Errno;
use nix::unistd::{Group, Uid, User};

use crate::config::Config;
use crate::decision::{Administrator, Membership};
use crate::record::UserName;

/// A login account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// `pw_name`.
    pub name: UserName,
    /// `pw_uid`.
    pub uid: u32,
    /// `pw_gid`.
    pub gid: u32,
}

/// Why nothing is known about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupError {
    /// NSS failed.
    Failed(Errno),
    /// The account's name cannot be told from others (not UTF-8).
    BadName,
}

/// What is known about a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupLookup {
    /// A member.
    Member,
    /// Not a member.
    NotMember,
    /// There is no such group, as far as NSS says.
    NoSuchGroup,
    /// NSS failed.
    Failed,
}

/// Where accounts come from.
pub trait Accounts {
    /// The account of a name, by its canonical name; `None` if there is none.
    ///
    /// # Errors
    /// [`LookupError`] if that cannot be known.
    fn by_name(&self, name: &str) -> Result<Option<Account>, LookupError>;

    /// The account of a uid.
    ///
    /// # Errors
    /// [`LookupError`] if that cannot be known.
    fn by_uid(&self, uid: u32) -> Result<Option<Account>, LookupError>;

    /// Whether an account is a member of a group, by primary group or by the group's list.
    fn membership(&self, account: &Account, group: &str) -> GroupLookup;
}

/// The accounts of this host: `getpwnam_r(3)`, `getgrnam_r(3)`.
#[derive(Debug, Clone, Copy, Default)]
pub struct NssAccounts;

impl NssAccounts {
    fn account(found: Result<Option<User>, Errno>) -> Result<Option<Account>, LookupError> {
        let Some(user) = found.map_err(LookupError::Failed)? else { return Ok(None) };
        let name = UserName::new(&user.name).map_err(|_| LookupError::BadName)?;
        Ok(Some(Account { name, uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
    }
}

impl Accounts for NssAccounts {
    fn by_name(&self, name: &str) -> Result<Option<Account>, LookupError> {
        Self::account(User::from_name(name))
    }

    fn by_uid(&self, uid: u32) -> Result<Option<Account>, LookupError> {
        Self::account(User::from_uid(Uid::from_raw(uid)))
    }

    fn membership(&self, account: &Account, group: &str) -> GroupLookup {
        match Group::from_name(group) {
            Err(_) => GroupLookup::Failed,
            Ok(None) => GroupLookup::NoSuchGroup,
            Ok(Some(group)) => {
                let listed = group.mem.iter().any(|member| member == account.name.as_str());
                if listed || group.gid.as_raw() == account.gid { GroupLookup::Member } else { GroupLookup::NotMember }
            }
        }
    }
}

/// Whether an account is an administrator: root, or a member of a configured group.
#[must_use]
pub fn administrator(config: &Config, accounts: &dyn Accounts, account: &Account) -> Administrator {
    if account.uid == 0 {
        return Administrator::Yes;
    }
    let mut result = Administrator::No;
    for group in &config.administrators.groups {
        match accounts.membership(account, group) {
            GroupLookup::Member => return Administrator::Yes,
            GroupLookup::Failed => result = Administrator::Unknown,
            GroupLookup::NotMember | GroupLookup::NoSuchGroup => {}
        }
    }
    result
}

impl From<GroupLookup> for Membership {
    /// A group that does not exist may be one whose server is away: unknown.
    fn from(lookup: GroupLookup) -> Self {
        match lookup {
            GroupLookup::Member => Self::Yes,
            GroupLookup::NotMember => Self::No,
            GroupLookup::NoSuchGroup | GroupLookup::Failed => Self::Unknown,
        }
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(errno) => write!(f, "the account cannot be looked up: {}", errno.desc()),
            Self::BadName => f.write_str("the account's name is not UTF-8"),
        }
    }
}
impl std::error::Error for LookupError {}
