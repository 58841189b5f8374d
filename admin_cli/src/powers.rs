//! Who may do what to a user's second factor, by configuration: the user, administrators, delegates. Pure but for groups.
//!
//! Invariant: says what `decision::authorize` says, which the helper asks too; decides nothing.

use countersign_common::config::{Config, Confirm, Outcome};
use countersign_common::decision::{
    Action, Actor, Administrator, Demand, Enrolled, Grant, Groups, Helping, Membership, RootAccount, Target, authorize,
    delegate, grant,
};
use countersign_common::system::{Account, Accounts, GroupsOf, administrator};
use serde::Serialize;

use crate::desk::Person;
use crate::report::{Facts, Report};

/// What root's command alone has, and does to anyone.
const OF_ROOT: [&str; 2] = ["grace", "forget"];

/// What users may do for themselves, besides looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Own {
    /// Without root.
    pub(crate) may: Vec<Action>,
    /// Whether what weakens or changes the factor asks for a code first.
    pub(crate) confirm: Confirm,
}

/// Someone else, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Other {
    /// Whose members, by group; `null` for root.
    pub(crate) group: Option<String>,
    /// Subcommands that change something; `["all"]` for every one.
    pub(crate) may: Vec<&'static str>,
}

/// What this user may do for themselves, as the helper decides it.
pub(crate) fn own(config: &Config, facts: &Facts, administrator: Administrator) -> Own {
    let enrolled = if facts.is_enrolled() { Enrolled::Yes } else { Enrolled::No };
    let target = Target { enrolled, ..Target::unguarded(facts.can_toggle, administrator, demand(facts)) };
    let may = Action::ALL.into_iter().filter(|action| authorize(Actor::Oneself, *action, target).is_ok());
    Own { may: may.collect(), confirm: config.self_service.confirm }
}

/// Who else may do what to this user.
pub(crate) fn others(config: &Config, accounts: &dyn Accounts, person: &Person, report: &Report) -> Vec<Other> {
    let unknown = Facts::unknown();
    let target = target(config, accounts, person, report.state.as_ref().unwrap_or(&unknown), report.administrator);
    let mut by_root = named(&changes(Actor::Root, target));
    if by_root != ["all"] {
        by_root.extend(OF_ROOT);
    }
    let mut others = vec![Other { group: None, may: by_root }];
    let mut groups: Vec<&String> = Vec::new();
    for group in config.administrators.groups.iter().chain(config.delegates.iter().map(|delegate| &delegate.group)) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    others.extend(groups.into_iter().filter_map(|group| {
        let is_administrator = config.administrators.groups.contains(group);
        let is = if is_administrator { Administrator::Yes } else { Administrator::No };
        let may = named(&over(config, is, &MemberOf(group), accounts, person, report));
        (!may.is_empty()).then(|| Other { group: Some(group.clone()), may })
    }));
    others
}

/// What a caller may change of this user, who is someone else.
pub(crate) fn helping(
    config: &Config,
    accounts: &dyn Accounts,
    caller: &Account,
    person: &Person,
    report: &Report,
) -> Vec<Action> {
    let is = administrator(config, accounts, caller);
    over(config, is, &GroupsOf { accounts, account: caller }, accounts, person, report)
}

/// What someone who has a token, and these groups, may change of this user.
fn over(
    config: &Config,
    is: Administrator,
    groups: &dyn Groups,
    accounts: &dyn Accounts,
    person: &Person,
    report: &Report,
) -> Vec<Action> {
    // The helper knows nobody without an account.
    let Some(account) = &person.account else { return Vec::new() };
    let unknown = Facts::unknown();
    let target = target(config, accounts, person, report.state.as_ref().unwrap_or(&unknown), report.administrator);
    let grant: Grant = grant(config, groups, &GroupsOf { accounts, account });
    changes(Actor::Other(Helping { administrator: is, grant: &grant, enrolled: Enrolled::Yes }), target)
}

/// All that someone may change of a target.
fn changes(actor: Actor, target: Target) -> Vec<Action> {
    let may = |action: &Action| !action.is_looking() && authorize(actor, *action, target).is_ok();
    Action::ALL.into_iter().filter(may).collect()
}

/// The names of these changes, or `all` if none is missing.
fn named(actions: &[Action]) -> Vec<&'static str> {
    let all = Action::ALL.iter().filter(|action| !action.is_looking()).count();
    if actions.len() == all { vec!["all"] } else { actions.iter().copied().map(Action::as_str).collect() }
}

/// A person as the target of what others do.
fn target(config: &Config, accounts: &dyn Accounts, person: &Person, facts: &Facts, is: Administrator) -> Target {
    let delegate = match &person.account {
        Some(account) => delegate(config, &GroupsOf { accounts, account }),
        None => Membership::Unknown,
    };
    let root = if person.uid() == 0 { RootAccount::Yes } else { RootAccount::No };
    Target { root, delegate, ..Target::unguarded(facts.can_toggle, is, demand(facts)) }
}

fn demand(facts: &Facts) -> Demand {
    match facts.ruling.everywhere {
        Some((Outcome::Required, _)) => Demand::Required,
        Some(_) | None => Demand::User,
    }
}

/// A member of one group.
struct MemberOf<'a>(&'a str);

impl Groups for MemberOf<'_> {
    fn membership(&self, group: &str) -> Membership {
        if group == self.0 { Membership::Yes } else { Membership::No }
    }
}
