//! A connection that sshd is asked about, and whether a `Match` block is about it.
//!
//! Invariant: sshd says what is in force; this here finds a connection to ask about, and names lines.

use std::net::IpAddr;

use countersign_common::config::Network;
use nix::unistd::{Gid, Group};

use super::directives::Block;
use super::pattern::{Pattern, is_listed};
use crate::passwd;

/// Addresses of nobody (RFC 5737, 3849): who comes from anywhere, to a host that listens anywhere.
pub(super) const ANYWHERE: &str = "192.0.2.1";
pub(super) const ANY_LOCAL: &str = "198.51.100.1";
const OTHERS: [&str; 2] = ["203.0.113.1", "2001:db8::1"];
/// Criteria that `sshd -T -C` can be asked about, and that stand here.
const KNOWN: [&str; 8] = ["all", "user", "group", "host", "address", "localaddress", "localport", "rdomain"];

/// Who, from where, to where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) user: String,
    pub(super) address: String,
    pub(super) host: Option<String>,
    pub(super) local_address: String,
    pub(super) local_port: String,
    pub(super) routing_domain: Option<String>,
    /// The port sshd listens on as a rule.
    pub(super) usual_port: String,
}

/// Someone who may log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) name: String,
    groups: Vec<String>,
}

impl Candidate {
    /// With the groups this account is in, the primary one among them.
    pub(super) fn of(name: &str, all: &Groups) -> Self {
        Self { name: name.to_owned(), groups: all.of(name) }
    }
}

/// Accounts and groups of this host's own files; and what a name service says of a group that is asked for by name.
pub(super) struct Groups {
    passwd: Vec<u8>,
    /// Name, gid, members.
    groups: Vec<(String, String, Vec<String>)>,
}

impl Groups {
    pub(super) fn of_this_host() -> Self {
        let read = |path| std::fs::read(path).unwrap_or_default();
        Self::parse(read("/etc/passwd"), &String::from_utf8_lossy(&read("/etc/group")))
    }

    fn parse(passwd: Vec<u8>, groups: &str) -> Self {
        let group = |line: &str| {
            let mut fields = line.split(':');
            let (name, gid) = (fields.next()?, fields.nth(1)?);
            let members = fields.next().unwrap_or_default().split(',').filter(|member| !member.is_empty());
            Some((name.to_owned(), gid.to_owned(), members.map(str::to_owned).collect()))
        };
        Self { passwd, groups: groups.lines().filter_map(group).collect() }
    }

    fn of(&self, user: &str) -> Vec<String> {
        let account = passwd::entries(&self.passwd).find(|entry| entry.name == user).and_then(|entry| entry.account());
        let primary = account.map(|account| account.gid.to_string());
        let is_in = |(_, gid, members): &&(String, String, Vec<String>)| {
            primary.as_ref() == Some(gid) || members.iter().any(|member| member == user)
        };
        self.groups.iter().filter(is_in).map(|(name, _, _)| name.clone()).collect()
    }

    /// Who is in a group of this name: those it lists, and those it is the primary one of.
    pub(super) fn members(&self, group: &str) -> Vec<String> {
        let found = Group::from_name(group).ok().flatten();
        let gid = found.as_ref().map(|group| group.gid);
        let is_primary = |gid: Gid| {
            let accounts = passwd::entries(&self.passwd).filter_map(|entry| entry.account());
            accounts.filter(move |account| account.gid == gid.as_raw()).map(|account| account.name.as_str().to_owned())
        };
        let listed = found.map(|group| group.mem).unwrap_or_default();
        listed.into_iter().chain(gid.into_iter().flat_map(is_primary)).collect()
    }

    /// Accounts somebody logs in to.
    pub(super) fn people(&self) -> Vec<String> {
        passwd::entries(&self.passwd).filter(passwd::Entry::has_shell).map(|entry| entry.name.to_owned()).collect()
    }
}

impl Connection {
    pub(super) fn from_anywhere(user: &str, port: &str) -> Self {
        Self {
            user: user.to_owned(),
            address: ANYWHERE.to_owned(),
            host: None,
            local_address: ANY_LOCAL.to_owned(),
            local_port: port.to_owned(),
            routing_domain: None,
            usual_port: port.to_owned(),
        }
    }

    /// As `sshd -T -C` takes it.
    pub(super) fn argument(&self) -> String {
        let Self { user, address, local_address, local_port, .. } = self;
        let host = self.host.as_ref().unwrap_or(address);
        let domain = self.routing_domain.as_ref().map(|domain| format!(",rdomain={domain}")).unwrap_or_default();
        format!("user={user},host={host},addr={address},laddr={local_address},lport={local_port}{domain}")
    }

    /// Whether all words of it stand for themselves in `-C`.
    pub(super) fn is_plain(&self) -> bool {
        let words = [Some(&self.user), Some(&self.address), self.host.as_ref(), self.routing_domain.as_ref()];
        let words = words.into_iter().flatten().chain([&self.local_address, &self.local_port]);
        words.into_iter().all(|word| is_plain(word))
    }

    /// The first connection that a block is about, of these people; `None` if none was found.
    pub(super) fn within(block: &Block, people: &[Candidate], port: &str) -> Option<Self> {
        let values = |name| lists(block, name);
        let positive = |name| {
            values(name).flat_map(|list| list.split(',')).find(|value| !value.starts_with('!')).map(str::to_owned)
        };
        let addresses = |name, usual: &str| {
            let named = values(name).flat_map(|list| list.split(',')).filter_map(example);
            named.chain([usual.to_owned()]).chain(OTHERS.map(str::to_owned)).collect::<Vec<_>>()
        };
        let mut connection = Self::from_anywhere("", port);
        connection.host = positive("host").map(|host| host.replace(['*', '?'], "x"));
        connection.local_port = positive("localport").unwrap_or_else(|| port.to_owned());
        connection.routing_domain = positive("rdomain").map(|domain| domain.replace(['*', '?'], "x"));
        connection.address = addresses("address", ANYWHERE)
            .into_iter()
            .find(|address| values("address").all(|list| is_address_listed(list, address)))?;
        connection.local_address = addresses("localaddress", ANY_LOCAL)
            .into_iter()
            .find(|address| values("localaddress").all(|list| is_address_listed(list, address)))?;
        people.iter().find_map(|person| {
            let connection = Self { user: person.name.clone(), ..connection.clone() };
            (connection.is_plain() && connection.is_in(block, person)).then_some(connection)
        })
    }

    /// Whether a block is about this connection of this person.
    pub(super) fn is_in(&self, block: &Block, person: &Candidate) -> bool {
        let listed = |list: &str, text: &str| is_listed(list, |one| Pattern::of_match(one).fits(text));
        block.criteria.iter().all(|(criterion, list)| match criterion.as_str() {
            "all" => true,
            "user" => listed(list, &self.user),
            "group" => person.groups.iter().any(|group| listed(list, group)),
            "host" => listed(&list.to_lowercase(), &self.host.as_ref().unwrap_or(&self.address).to_lowercase()),
            "address" => is_address_listed(list, &self.address),
            "localaddress" => is_address_listed(list, &self.local_address),
            "localport" => *list == self.local_port,
            "rdomain" => self.routing_domain.as_ref().is_some_and(|domain| listed(list, domain)),
            _ => false,
        })
    }
}

/// The first criterion of a block that sshd cannot be asked about beforehand.
pub(super) fn strange(block: &Block) -> Option<&str> {
    block.criteria.iter().map(|(criterion, _)| criterion.as_str()).find(|criterion| !KNOWN.contains(criterion))
}

/// The lists of a criterion.
fn lists<'a>(block: &'a Block, name: &'static str) -> impl Iterator<Item = &'a String> {
    block.criteria.iter().filter(move |(criterion, _)| criterion == name).map(|(_, list)| list)
}

/// Whether a word means itself, in a pattern and in `-C`.
pub(super) fn is_plain(word: &str) -> bool {
    !word.is_empty() && !word.contains([',', '=', '*', '?', '!', ' '])
}

fn is_address_listed(list: &str, address: &str) -> bool {
    is_listed(list, |one| {
        let network = Network::try_from(one.to_owned()).ok();
        let parsed: Option<IpAddr> = address.parse().ok();
        let is_within = network.zip(parsed).is_some_and(|(network, address)| network.contains(address));
        is_within || Pattern::of_match(one).fits(address)
    })
}

/// An address that a value of a list is about.
fn example(value: &str) -> Option<String> {
    if value.starts_with('!') || value == "*" {
        return None;
    }
    let text = value.replace(['*', '?'], "1");
    let address = text.split('/').next().unwrap_or_default();
    if address.parse::<IpAddr>().is_ok() {
        return Some(address.to_owned());
    }
    // `10.*` stands for all that begins so.
    let octets = address.split('.').count();
    let filled = format!("{address}{}", ".1".repeat(4_usize.saturating_sub(octets)));
    filled.parse::<IpAddr>().is_ok().then_some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::ssh::directives::Spot;

    fn block(criteria: &[(&str, &str)]) -> Block {
        let criteria = criteria.iter().map(|(name, list)| ((*name).to_owned(), (*list).to_owned())).collect();
        Block { spot: Spot { file: "file".into(), line: 1 }, criteria }
    }

    fn found(criteria: &[(&str, &str)]) -> Option<String> {
        let passwd = "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\nsvc-a:x:1001:2000::/:/bin/sh\n";
        let groups =
            Groups::parse(passwd.as_bytes().to_vec(), "root:x:0:\nalice:x:1000:\nsftp:x:2000:\nadm:x:4:alice\n");
        let people: Vec<Candidate> =
            groups.people().iter().filter(|name| *name != "root").map(|name| Candidate::of(name, &groups)).collect();
        Connection::within(&block(criteria), &people, "22").map(|connection| connection.argument())
    }

    #[test]
    fn a_connection_is_found_for_a_block() {
        let usual = |user: &str| format!("user={user},host=192.0.2.1,addr=192.0.2.1,laddr=198.51.100.1,lport=22");
        assert_eq!(found(&[("user", "svc-*")]), Some(usual("svc-a")));
        assert_eq!(found(&[("user", "*,!alice")]), Some(usual("svc-a")));
        assert_eq!(found(&[("group", "sftp")]), Some(usual("svc-a")), "a primary group is one");
        assert_eq!(found(&[("group", "*,!sftp"), ("user", "a*")]), Some(usual("alice")));
        assert_eq!(found(&[("user", "nobody-of-us")]), None);
        assert_eq!(found(&[("localport", "2222")]), Some(usual("alice").replace("lport=22", "lport=2222")));
        let at = |address: &str| usual("alice").replace("192.0.2.1", address);
        assert_eq!(found(&[("address", "10.0.0.0/8")]), Some(at("10.0.0.0")));
        assert_eq!(found(&[("address", "10.*")]), Some(at("10.1.1.1")));
        assert_eq!(found(&[("address", "*,!192.0.2.0/24")]), Some(at("203.0.113.1")));
        assert_eq!(found(&[("localaddress", "10.9.8.7")]), Some(usual("alice").replace("198.51.100.1", "10.9.8.7")));
        assert_eq!(found(&[("rdomain", "vrf*")]), Some(format!("{},rdomain=vrfx", usual("alice"))));
        assert!(found(&[("host", "*.example.com")]).is_some_and(|text| text.contains("host=x.example.com")));
        assert_eq!(found(&[("version", "2")]), None);
        assert_eq!(strange(&block(&[("user", "a"), ("version", "2")])), Some("version"));
    }
}
