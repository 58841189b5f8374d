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
    /// Subcommands; `["all"]` for every one.
    pub(crate) may: Vec<String>,
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
    let all = |group: Option<&String>| Other { group: group.cloned(), may: vec!["all".to_owned()] };
    let mut others = vec![all(None)];
    if person.account.as_ref().is_some_and(|account| account.uid == 0) {
        return others;
    }
    others.extend(config.administrators.groups.iter().map(|group| all(Some(group))));
    let mut groups: Vec<&String> = Vec::new();
    for delegate in &config.delegates {
        if !groups.contains(&&delegate.group) {
            groups.push(&delegate.group);
        }
    }
    others.extend(groups.into_iter().filter_map(|group| {
        let may = over(config, Administrator::No, &MemberOf(group), accounts, person, report);
        let may: Vec<_> = may.into_iter().map(|action| action.as_str().to_owned()).collect();
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
    let Some(account) = &person.account else { return Vec::new() };
    let unknown = Facts::unknown();
    let facts = report.state.as_ref().unwrap_or(&unknown);
    let theirs = GroupsOf { accounts, account };
    let target = Target {
        root: if account.uid == 0 { RootAccount::Yes } else { RootAccount::No },
        delegate: delegate(config, &theirs),
        ..Target::unguarded(facts.can_toggle, report.administrator, demand(facts))
    };
    let grant: Grant = grant(config, groups, &theirs);
    let actor = Actor::Other(Helping { administrator: is, grant: &grant, enrolled: Enrolled::Yes });
    let may = |action: &Action| !action.is_looking() && authorize(actor, *action, target).is_ok();
    Action::ALL.into_iter().filter(may).collect()
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
