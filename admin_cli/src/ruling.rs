//! What the rules say about a person: at one login, or wherever that person logs in.

use std::net::IpAddr;

use countersign_common::config::{Outcome, Rule};
use countersign_common::decision::{Membership, RuleFacts, Selected, select_everywhere, select_somewhere};
use countersign_common::system::Accounts;

use crate::desk::Person;

/// A login of a person as rules see it.
pub(crate) struct LoginFacts<'a> {
    pub(crate) accounts: &'a dyn Accounts,
    pub(crate) person: &'a Person,
    pub(crate) service: &'a str,
    pub(crate) address: Option<IpAddr>,
}

/// What the rules decide about a person on every service and from every network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ruling {
    /// The decision, and the number of the rule that names no service and no network, if one decides.
    pub(crate) everywhere: Option<(Outcome, usize)>,
    /// The first rule that may require a code somewhere.
    pub(crate) somewhere: Option<usize>,
}

impl Ruling {
    /// What the rules decide about this person.
    pub(crate) fn of(rules: &[Rule], accounts: &dyn Accounts, person: &Person) -> Self {
        let facts = LoginFacts { accounts, person, service: "", address: None };
        let Selected { outcome, rule } = select_everywhere(rules, &facts);
        Self { everywhere: rule.map(|rule| (outcome, rule)), somewhere: select_somewhere(rules, &facts) }
    }
}

impl RuleFacts for LoginFacts<'_> {
    fn service(&self) -> &str {
        self.service
    }

    fn user(&self) -> &str {
        self.person.as_str()
    }

    fn group(&self, group: &str) -> Membership {
        match &self.person.account {
            Some(account) => self.accounts.membership(account, group).into(),
            None => Membership::Unknown,
        }
    }

    fn address(&self) -> Option<IpAddr> {
        self.address
    }
}
