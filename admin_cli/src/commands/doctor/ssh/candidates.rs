//! For whom, and from where, sshd may be set up otherwise: whom its `Match` blocks, our rules and our records name.
//!
//! Invariant: what is not asked about is told, by name.

use countersign_common::config::Config;
use countersign_common::store::Store;

use super::connection::{ANYWHERE, Candidate, Connection, Groups, is_plain, strange};
use super::directives::{Block, Directives};
use crate::desk::Desk;

/// So many users and addresses are tried, and no more: sshd is started for each pair.
const MOST_USERS: usize = 40;
const MOST_ADDRESSES: usize = 4;
const ROOT: &str = "root";
/// A routing domain of nobody.
pub(super) const NO_DOMAIN: &str = "none";

/// The connections worth trying, and what is left out.
pub(super) struct Candidates {
    pub(super) connections: Vec<(Connection, Candidate)>,
    /// Users who are too many.
    pub(super) users_left: Vec<String>,
    /// Addresses that are too many.
    pub(super) addresses_left: Vec<String>,
    /// Blocks, by their index, that no connection was found for, and why.
    pub(super) blocks_left: Vec<(usize, String)>,
}

impl Candidates {
    /// The port is the one sshd listens on.
    pub(super) fn of(directives: &Directives, config: Option<&Config>, desk: Option<&Desk>, port: &str) -> Self {
        let groups = Groups::of_this_host();
        let (users, users_left) = few(users(&directives.blocks, config, desk, &groups), MOST_USERS);
        let (addresses, addresses_left) = few(addresses(&directives.blocks, config), MOST_ADDRESSES);
        let candidates: Vec<Candidate> = users.iter().map(|user| Candidate::of(user, &groups)).collect();
        let pairs = candidates.iter().flat_map(|person| {
            addresses.iter().map(|address| {
                let connection = Connection::from_anywhere(&person.name, port);
                (Connection { address: address.clone(), ..connection }, person.clone())
            })
        });
        let mut connections: Vec<(Connection, Candidate)> = pairs.collect();
        // For a block any account will do, but nobody is as special as root.
        let everyone = groups.people().into_iter().map(|name| Candidate::of(&name, &groups));
        let (roots, mut people): (Vec<Candidate>, Vec<Candidate>) =
            candidates.into_iter().chain(everyone).partition(|person| person.name == ROOT);
        people.extend(roots.into_iter().take(1));
        let mut blocks_left = Vec::new();
        for (index, block) in directives.blocks.iter().enumerate() {
            if connections.iter().any(|(connection, person)| connection.is_in(block, person)) {
                continue;
            }
            match Connection::within(block, &people, port) {
                Some(connection) => {
                    let person = Candidate::of(&connection.user, &groups);
                    connections.push((connection, person));
                }
                None => blocks_left.push((index, why_not(block))),
            }
        }
        // sshd wants to be told of it wherever a block asks, and older ones know no such word.
        if named(&directives.blocks, "rdomain").next().is_some() {
            for (connection, _) in &mut connections {
                connection.routing_domain.get_or_insert_with(|| NO_DOMAIN.to_owned());
            }
        }
        Self { connections, users_left, addresses_left, blocks_left }
    }
}

fn why_not(block: &Block) -> String {
    strange(block).map_or_else(
        || "no account of this host was found that it is about".to_owned(),
        |criterion| format!("sshd cannot be asked beforehand about {criterion}"),
    )
}

/// Without `Match` blocks everyone is alike to sshd, but root.
fn users(blocks: &[Block], config: Option<&Config>, desk: Option<&Desk>, groups: &Groups) -> Vec<String> {
    let mut users = vec![ROOT.to_owned()];
    if blocks.is_empty() {
        return users;
    }
    users.extend(named(blocks, "user"));
    // One of a group stands for all.
    users.extend(named(blocks, "group").filter_map(|group| groups.members(&group).into_iter().next()));
    if let Some(config) = config {
        users.extend(config.administrators.groups.iter().flat_map(|group| groups.members(group)));
        users.extend(config.rules.iter().filter_map(|rule| rule.users.as_ref()).flatten().cloned());
    }
    let recorded = desk.and_then(|desk| desk.store.users().ok()).unwrap_or_default();
    users.extend(recorded.iter().map(|user| user.as_str().to_owned()));
    users
}

/// Without blocks about addresses every address is alike to sshd.
fn addresses(blocks: &[Block], config: Option<&Config>) -> Vec<String> {
    let mut addresses = vec![ANYWHERE.to_owned()];
    let is_about = |block: &Block| block.criteria.iter().any(|(criterion, _)| criterion == "address");
    if !blocks.iter().any(is_about) {
        return addresses;
    }
    addresses.extend(named(blocks, "address").filter_map(|value| value.split('/').next().map(str::to_owned)));
    let rules = config.into_iter().flat_map(|config| &config.rules);
    let networks = rules.filter_map(|rule| rule.networks.as_ref()).flatten();
    addresses.extend(networks.map(|network| network.address().to_string()));
    addresses
}

/// What blocks name under a criterion.
fn named<'a>(blocks: &'a [Block], name: &'a str) -> impl Iterator<Item = String> + 'a {
    let criteria = blocks.iter().flat_map(|block| &block.criteria).filter(move |(criterion, _)| criterion == name);
    criteria.flat_map(|(_, list)| list.split(',')).map(str::to_owned)
}

/// The first of them, each once, and those that are too many.
fn few(all: Vec<String>, most: usize) -> (Vec<String>, Vec<String>) {
    let (mut few, mut left): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for one in all.into_iter().filter(|word| is_plain(word)) {
        if few.contains(&one) || left.contains(&one) {
            continue;
        }
        let list = if few.len() < most { &mut few } else { &mut left };
        list.push(one);
    }
    (few, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_too_many_is_left_over_and_nobody_is_lost() {
        let all: Vec<String> = ["a", "b", "a", "c*", "c", "d", "d"].map(str::to_owned).to_vec();
        let (asked, left) = few(all, 2);
        assert_eq!((asked, left), (vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned(), "d".to_owned()]));
    }
}
