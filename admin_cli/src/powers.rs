//! Who may do what to a user's second factor, by configuration: the user, administrators, delegates. Pure but for groups.

use countersign_common::config::{Config, Confirm, Delegate, Outcome};
use countersign_common::decision::{Action, Actor, Administrator, Demand, Enrolled, Target, authorize};
use countersign_common::system::{Accounts, GroupLookup};
use serde::Serialize;

use crate::desk::Person;
use crate::report::Facts;

/// What users may do for themselves, besides looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Own {
    /// Subcommands, without root.
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
    pub(crate) may: Vec<String>,
}

/// What this user may do for themselves, as the helper decides it.
pub(crate) fn own(config: &Config, facts: &Facts, administrator: Administrator) -> Own {
    let required = matches!(facts.ruling.everywhere, Some((Outcome::Required, _)));
    let demand = if required { Demand::Required } else { Demand::User };
    let enrolled = if facts.is_enrolled() { Enrolled::Yes } else { Enrolled::No };
    let target = Target { enrolled, ..Target::unguarded(facts.can_toggle, administrator, demand) };
    let allowed = Action::ALL.into_iter().filter(|action| authorize(Actor::Oneself, *action, target).is_ok());
    Own { may: allowed.map(Action::as_str).collect(), confirm: config.self_service.confirm }
}

/// Who else may do what to this user.
pub(crate) fn others(config: &Config, accounts: &dyn Accounts, person: &Person, is: Administrator) -> Vec<Other> {
    let all = |group: Option<&String>| Other { group: group.cloned(), may: vec!["all".to_owned()] };
    let mut others = vec![all(None)];
    others.extend(config.administrators.groups.iter().map(|group| all(Some(group))));
    let member = |group: &String| match &person.account {
        Some(account) => accounts.membership(account, group),
        None => GroupLookup::Failed,
    };
    // Delegates act on nobody who has power, nor on anyone of whom that is not known.
    let powerless =
        is == Administrator::No && config.delegates.iter().all(|delegate| is_surely_not(member(&delegate.group)));
    let acts = |delegate: &&Delegate| {
        delegate.over.iter().any(|group| member(group) == GroupLookup::Member)
            && delegate.except.iter().all(|group| is_surely_not(member(group)))
    };
    let delegates = config.delegates.iter().filter(|_| powerless).filter(acts);
    others.extend(delegates.map(|delegate| Other {
        group: Some(delegate.group.clone()),
        may: delegate.may.iter().map(|verb| verb.as_str().to_owned()).collect(),
    }));
    others
}

const fn is_surely_not(lookup: GroupLookup) -> bool {
    matches!(lookup, GroupLookup::NotMember | GroupLookup::NoSuchGroup)
}
