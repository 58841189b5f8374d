//! Who may do what to a user's second factor: the user, administrators, delegates, whoever reads an answer. Decides
//! nothing: each line is what `decision::authorize` says of one command.

use countersign_common::config::{Config, Confirm, Outcome};
use countersign_common::decision::{
    Action, Actor, Administrator, Demand, Enrolled, Grant, Groups, Helping, Membership, RootAccount, Target, authorize,
    delegate, grant,
};
use countersign_common::system::{Account, Accounts, GroupsOf, administrator};
use serde::Serialize;

use crate::desk::Person;
use crate::report::Facts;

/// What only root's command has, and does to anyone.
const OF_ROOT: [&str; 2] = ["grace", "forget"];

/// What users may do for themselves, without root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Own {
    /// Subcommands; none for root, who has no use for the helper.
    pub(crate) may: Vec<&'static str>,
    /// Whether what weakens or changes the factor asks for a code first.
    pub(crate) confirm: Confirm,
}

/// Someone else, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Other {
    /// Whose members, by group; `null` for root.
    pub(crate) group: Option<String>,
    /// Subcommands; `["all"]` for every one.
    pub(crate) may: Vec<&'static str>,
}

/// Whoever reads an answer about a user: they are told of nothing that they may not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Root, by root's command.
    Root,
    /// Someone who may do this to the user, through the helper.
    Who(Vec<Action>),
}

impl Reader {
    /// Whoever has this account, about that person.
    pub(crate) fn who(
        config: &Config,
        accounts: &dyn Accounts,
        account: &Account,
        person: &Person,
        to: Target,
    ) -> Self {
        if person.account.as_ref() == Some(account) {
            return Self::Who(allowed(Actor::Oneself, to));
        }
        let grant = match &person.account {
            Some(other) => grant(config, &GroupsOf { accounts, account }, &GroupsOf { accounts, account: other }),
            None => Grant::Unknown,
        };
        let administrator = administrator(config, accounts, account);
        Self::Who(allowed(helping(administrator, &grant), to))
    }

    /// Whether they may do this.
    pub(crate) fn may(&self, action: Action) -> bool {
        match self {
            Self::Root => true,
            Self::Who(actions) => actions.contains(&action),
        }
    }
}

/// A person as the target of what is done through the helper.
pub(crate) fn target(
    config: &Config,
    accounts: &dyn Accounts,
    person: &Person,
    facts: &Facts,
    administrator: Administrator,
) -> Target {
    let required = matches!(facts.ruling.everywhere, Some((Outcome::Required, _)));
    let delegate = match &person.account {
        Some(account) => delegate(config, &GroupsOf { accounts, account }),
        None => Membership::Unknown,
    };
    Target {
        can_toggle: facts.can_toggle,
        administrator,
        demand: if required { Demand::Required } else { Demand::User },
        enrolled: if facts.is_enrolled() { Enrolled::Yes } else { Enrolled::No },
        root: if person.uid() == 0 { RootAccount::Yes } else { RootAccount::No },
        delegate,
    }
}

/// What this user may do for themselves.
pub(crate) fn own(config: &Config, target: Target) -> Own {
    let may = match target.root {
        RootAccount::Yes => Vec::new(),
        RootAccount::No => allowed(Actor::Oneself, target).into_iter().map(Action::as_str).collect(),
    };
    Own { may, confirm: config.self_service.confirm }
}

/// Who else may do what to this user: root, and members of groups that may do anything at all.
pub(crate) fn others(config: &Config, accounts: &dyn Accounts, person: &Person, target: Target) -> Vec<Other> {
    let mut by_root = named(&allowed(Actor::Root, target));
    if by_root != ["all"] {
        by_root.extend(OF_ROOT);
    }
    let administrators = &config.administrators.groups;
    let by_administrators = named(&allowed(helping(Administrator::Yes, &Grant::Nothing), target));
    let of_administrators = administrators.iter().map(|group| (group, by_administrators.clone()));
    let mut delegates: Vec<&String> = config.delegates.iter().map(|delegate| &delegate.group).collect();
    delegates.sort_unstable();
    delegates.dedup();
    delegates.retain(|group| !administrators.contains(group));
    let of_delegates = delegates.into_iter().map(|group| {
        let grant = match &person.account {
            Some(account) => grant(config, &MemberOf(group), &GroupsOf { accounts, account }),
            None => Grant::Unknown,
        };
        (group, named(&allowed(helping(Administrator::No, &grant), target)))
    });
    let groups = of_administrators.chain(of_delegates).filter(|(_, may)| !may.is_empty());
    let root = Other { group: None, may: by_root };
    [root].into_iter().chain(groups.map(|(group, may)| Other { group: Some(group.clone()), may })).collect()
}

/// Someone who acts on someone else, and can confirm it.
const fn helping(administrator: Administrator, grant: &Grant) -> Actor<'_> {
    Actor::Other(Helping { administrator, grant, enrolled: Enrolled::Yes })
}

/// Someone of whom only this is known: they are a member of this group.
struct MemberOf<'a>(&'a str);

impl Groups for MemberOf<'_> {
    fn membership(&self, group: &str) -> Membership {
        if group == self.0 { Membership::Yes } else { Membership::No }
    }
}

fn allowed(actor: Actor, target: Target) -> Vec<Action> {
    Action::ALL.into_iter().filter(|action| authorize(actor, *action, target).is_ok()).collect()
}

/// The names of these commands, or `all` if none is missing.
fn named(actions: &[Action]) -> Vec<&'static str> {
    if actions.len() == Action::ALL.len() {
        return vec!["all"];
    }
    actions.iter().copied().map(Action::as_str).collect()
}
