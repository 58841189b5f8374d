//! Accounts and groups for a list of all users: read once, not once per user.
//!
//! Invariant: tells what NSS would; where it cannot know that, it asks NSS. What cannot be looked up is no answer (I4).

use std::collections::{HashMap, HashSet};

use countersign_common::record::UserName;
use countersign_common::system::{Account, Accounts, GroupLookup, LookupError, NssAccounts};
use nix::unistd::Group;

use crate::passwd::{Entry, entries, is_account};

/// Accounts and groups, as they were when it was made.
#[derive(Debug)]
pub(crate) struct Catalog {
    /// The accounts of `/etc/passwd`, if NSS asks that file first; a name that is not here is asked for.
    local: HashMap<String, Account>,
    groups: HashMap<String, Option<Members>>,
}

/// A group that could be looked up; `None` if there is no such group.
type Members = Option<(u32, HashSet<String>)>;

impl Catalog {
    /// Reads the accounts of this host, and these groups.
    pub(crate) fn of(groups: &[String]) -> Self {
        let order = std::fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
        let passwd =
            if asks_files_first(&order) { std::fs::read("/etc/passwd").unwrap_or_default() } else { Vec::new() };
        let members = |name: &String| {
            let group = Group::from_name(name).ok()?;
            Some(group.map(|group| (group.gid.as_raw(), group.mem.into_iter().collect())))
        };
        Self {
            local: local_accounts(&passwd),
            groups: groups.iter().map(|name| (name.clone(), members(name))).collect(),
        }
    }

    /// The account of a name, if it is known without asking NSS.
    pub(crate) fn local(&self, user: &UserName) -> Option<&Account> {
        self.local.get(user.as_str())
    }
}

impl Accounts for Catalog {
    fn by_name(&self, name: &str) -> Result<Option<Account>, LookupError> {
        match self.local.get(name) {
            Some(account) => Ok(Some(account.clone())),
            None => NssAccounts.by_name(name),
        }
    }

    fn by_uid(&self, uid: u32) -> Result<Option<Account>, LookupError> {
        NssAccounts.by_uid(uid)
    }

    fn membership(&self, account: &Account, group: &str) -> GroupLookup {
        match self.groups.get(group) {
            Some(Some(Some((gid, members)))) => {
                let member = *gid == account.gid || members.contains(account.name.as_str());
                if member { GroupLookup::Member } else { GroupLookup::NotMember }
            }
            Some(Some(None)) => GroupLookup::NoSuchGroup,
            Some(None) => GroupLookup::Failed,
            None => NssAccounts.membership(account, group),
        }
    }
}

/// Whether a look-up of an account begins with `/etc/passwd` (`nsswitch.conf(5)`).
fn asks_files_first(order: &str) -> bool {
    let passwd = order.lines().find_map(|line| line.trim_start().strip_prefix("passwd:"));
    passwd.is_some_and(|sources| sources.split_whitespace().next() == Some("files"))
}

/// The accounts of a `passwd(5)` file: of two lines with one name the first counts, and what is odd is left to NSS.
fn local_accounts(passwd: &[u8]) -> HashMap<String, Account> {
    let mut accounts = HashMap::new();
    let plain = |entry: &Entry| is_account(entry.name) && !entry.name.contains(char::is_whitespace);
    for entry in entries(passwd).filter(plain) {
        if let Some(account) = entry.account() {
            accounts.entry(entry.name.to_owned()).or_insert(account);
        }
    }
    accounts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passwd_file_is_read_as_nss_reads_it() {
        let text = b"root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1001::/home/alice:/bin/sh\nalice:x:7:7:::\n\
                     +nis:x:8:8:::\nshort:x:9\nbad:x:y:1:::\n#c:x:5:5:::\n \xff:x:1:1:::\n";
        let accounts = local_accounts(text);
        let alice = accounts.get("alice").unwrap();
        assert_eq!((alice.uid, alice.gid), (1000, 1001));
        let mut names: Vec<_> = accounts.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["alice", "root"]);
    }

    #[test]
    fn the_file_counts_only_where_nss_asks_it_first() {
        assert!(asks_files_first("# x\npasswd:  files systemd\ngroup: files\n"));
        assert!(!asks_files_first("passwd: sss files\n"));
        assert!(!asks_files_first("passwd: compat\n"));
        assert!(!asks_files_first("group: files\n"));
    }

    #[test]
    fn it_knows_of_this_host_what_nss_knows() {
        let groups = ["root", "daemon", "no-such-group"].map(str::to_owned);
        let catalog = Catalog::of(&groups);
        for name in ["root", "daemon", "bin", "no-such-user"] {
            let account = NssAccounts.by_name(name);
            assert_eq!(catalog.by_name(name), account);
            for group in groups.iter().filter(|_| account.is_ok()) {
                let Ok(Some(account)) = &account else { continue };
                assert_eq!(
                    catalog.membership(account, group),
                    NssAccounts.membership(account, group),
                    "{name} {group}"
                );
            }
        }
    }
}
