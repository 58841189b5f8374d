//! For whom, and from where, sshd may be set up otherwise: whom its `Match` blocks, our rules and our records name.

use std::fs;

use countersign_common::config::Config;
use countersign_common::store::Store;
use nix::unistd::Group;

use crate::desk::Desk;

const FILE: &str = "/etc/ssh/sshd_config";
const DIRECTORY: &str = "/etc/ssh/sshd_config.d";
/// So many users and addresses are tried, and no more: sshd is started for each pair.
const MOST_USERS: usize = 10;
const MOST_ADDRESSES: usize = 4;
/// An address of nobody (RFC 5737), for who comes from anywhere.
const ANYWHERE: &str = "192.0.2.1";

/// Who and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) user: String,
    pub(super) address: String,
}

impl Connection {
    /// As `sshd -T -C` takes it.
    pub(super) fn argument(&self) -> String {
        let Self { user, address } = self;
        format!("user={user},host={address},addr={address},laddr=127.0.0.1,lport=22")
    }

    pub(super) fn is_from_anywhere(&self) -> bool {
        self.address == ANYWHERE
    }
}

/// The connections worth trying.
pub(super) fn connections(config: Option<&Config>, desk: Option<&Desk>) -> Vec<Connection> {
    let text = configuration();
    let (mut users, mut addresses) = matched(&text);
    users.push("root".to_owned());
    if let Some(config) = config {
        users.extend(config.administrators.groups.iter().flat_map(|group| members(group)));
        users.extend(config.rules.iter().filter_map(|rule| rule.users.as_ref()).flatten().cloned());
        let networks = config.rules.iter().filter_map(|rule| rule.networks.as_ref()).flatten();
        addresses.extend(networks.map(|network| network.address().to_string()));
    }
    let recorded = desk.and_then(|desk| desk.store.users().ok()).unwrap_or_default();
    users.extend(recorded.iter().map(|user| user.as_str().to_owned()));
    addresses.insert(0, ANYWHERE.to_owned());
    let is_plain = |word: &String| !word.is_empty() && !word.contains([',', '=', '*', '?', '!', ' ']);
    let users = few(users.into_iter().filter(is_plain), MOST_USERS);
    let addresses = few(addresses.into_iter().filter(is_plain), MOST_ADDRESSES);
    let pairs = users
        .iter()
        .flat_map(|user| addresses.iter().map(|address| Connection { user: user.clone(), address: address.clone() }));
    pairs.collect()
}

/// The first of them, each once.
fn few(all: impl Iterator<Item = String>, most: usize) -> Vec<String> {
    let mut few: Vec<String> = Vec::new();
    for one in all {
        if few.len() < most && !few.contains(&one) {
            few.push(one);
        }
    }
    few
}

/// sshd's configuration, as far as it lies where it usually does.
fn configuration() -> String {
    let dropped_in = fs::read_dir(DIRECTORY).into_iter().flatten().flatten().map(|entry| entry.path());
    let paths = dropped_in.chain([FILE.into()]);
    paths.filter_map(|path| fs::read_to_string(path).ok()).collect::<Vec<_>>().join("\n")
}

/// Users and addresses that `Match` lines name.
fn matched(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut users, mut addresses) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let line = line.replace('=', " ");
        let mut words = line.split_whitespace();
        if !words.next().is_some_and(|word| word.eq_ignore_ascii_case("match")) {
            continue;
        }
        let words: Vec<&str> = words.collect();
        for pair in words.chunks(2) {
            let [criterion, values] = pair else { continue };
            let values = values.split(',').map(|value| value.trim_matches('"').to_owned());
            match criterion.to_ascii_lowercase().as_str() {
                "user" => users.extend(values),
                "group" => users.extend(values.filter_map(|group| members(&group).into_iter().next())),
                "address" => addresses.extend(values.filter_map(|value| value.split('/').next().map(str::to_owned))),
                _ => {}
            }
        }
    }
    (users, addresses)
}

/// Members a group lists; a group that cannot be looked up has none to try.
fn members(group: &str) -> Vec<String> {
    Group::from_name(group).ok().flatten().map(|group| group.mem).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn match_lines_name_users_and_addresses() {
        let text = "Match all\nmatch User alice,bob Address 10.0.0.0/8,192.168.1.1\nPasswordAuthentication no\n\
                    Match Address=2001:db8::/32\n# Match User carol\n";
        let (users, addresses) = matched(text);
        assert_eq!(users, ["alice", "bob"]);
        assert_eq!(addresses, ["10.0.0.0", "192.168.1.1", "2001:db8::"]);
    }
}
