//! Many users at once: the members of a group, or all login accounts.
//!
//! Invariants: what cannot be looked up refuses, and nobody is changed (I4); all are changed only by someone who was
//! asked, or said so beforehand.

use std::collections::HashMap;
use std::fs;
use std::io::{IsTerminal, stdin};
use std::process::{Command, Stdio};

use countersign_common::dialogue::Echo;
use countersign_common::store::Store;
use countersign_common::system::{Account, Accounts};
use nix::unistd::Group;

use crate::answer;
use crate::arguments::{Crowd, Users};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::output::Output;
use crate::passwd::entries;

/// Lists accounts by all sources of the system that can be listed (`nsswitch.conf(5)`).
const GETENT: &str = "/usr/bin/getent";
const LOGIN_DEFS: &str = "/etc/login.defs";
/// The first uid of people, where `/etc/login.defs` does not say.
const UID_MIN: u32 = 1_000;
/// The account of nobody.
const NOBODY: u32 = 65_534;

/// An account, and whether someone can log in to it.
struct Listed {
    account: Account,
    has_shell: bool,
}

/// Whom the command is about. `what` says what will be done to all of them.
pub(super) fn users(desk: &Desk, crowd: &Crowd, what: &str, output: &mut Output) -> Result<Users, Failure> {
    let known = match (crowd.groups.as_slice(), crowd.all) {
        ([], false) => return Ok(crowd.named()),
        ([], true) => everyone(desk)?,
        (groups, _) => members_of_all(desk, groups, output)?,
    };
    if crowd.all && !crowd.yes {
        agreed(known.len(), what, output)?;
    }
    let mut names: Vec<String> = known.keys().cloned().collect();
    names.sort();
    Ok(Users { names, known: Some(known), ..crowd.named() })
}

/// Asks at a terminal; anywhere else nothing is done that was not meant.
fn agreed(count: usize, what: &str, output: &mut Output) -> Result<(), Failure> {
    if !stdin().is_terminal() {
        return Err(Failure::new(format!("this would {what} {count} users")).hint("if that is meant, add --yes"));
    }
    let answer = answer::ask(output, &format!("This will {what} {count} users. Go on? [y/N] "), Echo::On);
    match answer.map(|text| text.trim().to_ascii_lowercase()) {
        Some(text) if ["y", "yes"].contains(&text.as_str()) => Ok(()),
        _ => Err(Failure::new("nothing was changed")),
    }
}

/// The members of a group, by its name.
pub(super) fn members_of(desk: &Desk, name: &str) -> Result<HashMap<String, Account>, Failure> {
    members(desk, &listed()?, &group(name)?)
}

/// The members of these groups. All of them are looked up before anybody is changed.
fn members_of_all(desk: &Desk, names: &[String], output: &mut Output) -> Result<HashMap<String, Account>, Failure> {
    let groups: Vec<Group> = names.iter().map(|name| group(name)).collect::<Result<_, _>>()?;
    let listed = listed()?;
    let mut known = HashMap::new();
    for group in groups {
        let members = members(desk, &listed, &group)?;
        if members.is_empty() {
            output.warning(&format!(
                "group {}: no members are known here; a directory may not list those whose primary group it is",
                group.name
            ));
        }
        known.extend(members);
    }
    Ok(known)
}

fn group(name: &str) -> Result<Group, Failure> {
    Group::from_name(name)
        .map_err(|error| Failure::new(format!("group {name}: cannot be looked up: {}", error.desc())))?
        .ok_or_else(|| Failure::new(format!("group {name}: the system knows no such group")))
}

/// The members of a group: listed in it, or by their primary group.
fn members(desk: &Desk, listed: &HashMap<String, Listed>, group: &Group) -> Result<HashMap<String, Account>, Failure> {
    let mut known: HashMap<String, Account> = HashMap::new();
    let primary = listed.values().filter(|entry| entry.account.gid == group.gid.as_raw());
    known.extend(primary.map(|entry| (entry.account.name.as_str().to_owned(), entry.account.clone())));
    for member in &group.mem {
        match listed.get(member).map(|entry| Some(entry.account.clone())).map_or_else(|| look_up(desk, member), Ok)? {
            Some(account) => known.insert(account.name.as_str().to_owned(), account),
            // A name in the group that is no account: nobody who can log in.
            None => None,
        };
    }
    // Whoever has state may come from a directory that lists nobody.
    for account in with_state(desk, listed)? {
        if account.gid == group.gid.as_raw() {
            known.insert(account.name.as_str().to_owned(), account);
        }
    }
    Ok(known)
}

/// All login accounts that can be listed, and whoever has state and an account.
fn everyone(desk: &Desk) -> Result<HashMap<String, Account>, Failure> {
    let first = uid_min(&fs::read_to_string(LOGIN_DEFS).unwrap_or_default());
    let listed = listed()?;
    let people = |entry: &&Listed| entry.has_shell && entry.account.uid >= first && entry.account.uid != NOBODY;
    let mut known: HashMap<String, Account> = listed
        .values()
        .filter(people)
        .map(|entry| (entry.account.name.as_str().to_owned(), entry.account.clone()))
        .collect();
    known.extend(with_state(desk, &listed)?.into_iter().map(|account| (account.name.as_str().to_owned(), account)));
    Ok(known)
}

/// The accounts of those who have state.
fn with_state(desk: &Desk, listed: &HashMap<String, Listed>) -> Result<Vec<Account>, Failure> {
    let users = desk.store.users().map_err(|error| Failure::of_store(&error))?;
    let mut accounts = Vec::new();
    for user in users {
        match listed.get(user.as_str()) {
            Some(entry) => accounts.push(entry.account.clone()),
            None => accounts.extend(look_up(desk, user.as_str())?),
        }
    }
    Ok(accounts)
}

fn look_up(desk: &Desk, name: &str) -> Result<Option<Account>, Failure> {
    desk.accounts.by_name(name).map_err(|error| Failure::new(format!("{name}: {error}")))
}

/// The accounts that the system lists.
fn listed() -> Result<HashMap<String, Listed>, Failure> {
    let failed = |why: &str| Failure::new(format!("the accounts of this host cannot be listed: {why}"));
    let getent = Command::new(GETENT).arg("passwd").env_clear().stdin(Stdio::null()).output();
    let output = getent.map_err(|error| failed(&format!("{GETENT}: {}", crate::output::without_number(&error))))?;
    if output.status.success() { Ok(read_listed(&output.stdout)) } else { Err(failed("getent passwd failed")) }
}

/// Lines of `passwd(5)`; of two with one name the first counts, as for the system.
fn read_listed(text: &[u8]) -> HashMap<String, Listed> {
    let mut listed = HashMap::new();
    for entry in entries(text) {
        if let Some(account) = entry.account() {
            listed.entry(entry.name.to_owned()).or_insert(Listed { account, has_shell: entry.has_shell() });
        }
    }
    listed
}

/// `UID_MIN` of `login.defs(5)`.
fn uid_min(text: &str) -> u32 {
    let value = text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("UID_MIN")).then(|| words.next()?.parse().ok()).flatten()
    });
    value.unwrap_or(UID_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_as_they_are_listed() {
        let text = b"root:x:0:0::/:/bin/sh\nalice:x:1000:7::/:\nalice:x:1:1::/:/bin/sh\nftp:x:1001:1::/:/usr/sbin/nologin\nodd:x\n";
        let listed = read_listed(text);
        let alice = listed.get("alice").unwrap();
        assert_eq!((alice.account.uid, alice.account.gid, alice.has_shell), (1000, 7, true));
        assert_eq!((listed.len(), listed.get("ftp").unwrap().has_shell), (3, false));
    }

    #[test]
    fn where_people_begin_is_what_the_system_says() {
        assert_eq!(uid_min("# UID_MIN 5\nUID_MIN\t\t  500\nUID_MAX 60000\n"), 500);
        assert_eq!(uid_min(""), UID_MIN);
    }
}
