//! `explain`: which rule decides about a login, what happens there, and who may do what to the user.

use std::net::IpAddr;

use countersign_common::config::{Config, Confirm, Outcome};
use countersign_common::decision::{Action, Demand, Login, Plan, Refusal, Selected, plan, select};
use countersign_common::store::{State, Store, StoreError};
use countersign_common::system::{Accounts, GroupLookup};
use countersign_common::token::UnixTime;
use serde::Serialize;

use crate::arguments::Explain;
use crate::desk::{Desk, Person, log_untrusted};
use crate::failure::Failure;
use crate::json;
use crate::output::{Output, Verdict};
use crate::powers::{self, Other, Own};
use crate::report::{Facts, Report};
use crate::ruling::LoginFacts;
use crate::sentences::explained::{self, Explained};

/// What `explain --json` says.
#[derive(Debug, Serialize)]
struct Explanation {
    user: String,
    #[serde(skip)]
    uid: Option<u32>,
    service: String,
    from: Option<String>,
    rule: Option<usize>,
    outcome: &'static str,
    then: &'static str,
    until: Option<String>,
    sentence: String,
    notes: Vec<String>,
    may: Vec<&'static str>,
    confirm: &'static str,
    others: Vec<Other>,
    problem: Option<String>,
}

/// `explain`
pub(super) fn explain(desk: &Desk, arguments: &Explain, output: &mut Output) -> Result<Verdict, Failure> {
    let person = desk.person(&arguments.user, arguments.account.unknown())?;
    let now = desk.now()?;
    let state = desk.store.view(&person.name);
    if let Err(error) = &state {
        log_untrusted(&person.name, error);
    }
    let report = desk.report(&person, &state, now);
    let about = About { config: &desk.config, accounts: &desk.accounts, person: &person, report: &report, now };
    Ok(about.explain(arguments, &state, output))
}

/// Whom it is about, and what is known.
pub(crate) struct About<'a> {
    pub(crate) config: &'a Config,
    pub(crate) accounts: &'a dyn Accounts,
    pub(crate) person: &'a Person,
    pub(crate) report: &'a Report,
    pub(crate) now: UnixTime,
}

impl About<'_> {
    /// Says what there is to say.
    pub(crate) fn explain(
        &self,
        arguments: &Explain,
        state: &Result<State, StoreError>,
        output: &mut Output,
    ) -> Verdict {
        let About { config, accounts, person, report, .. } = *self;
        let address: Option<IpAddr> = arguments.from.as_ref().and_then(|from| from.parse().ok());
        let facts = LoginFacts { accounts, person, service: &arguments.service, address };
        let selected = select(&config.rules, &facts);
        let plan = self.planned(arguments, selected, state);
        let unknown = Facts::unknown();
        let known = report.state.as_ref().unwrap_or(&unknown);
        let explained = Explained {
            user: person.as_str(),
            service: &arguments.service,
            from: arguments.from.as_deref(),
            selected,
            plan: plan.as_ref().ok().copied(),
            problem: plan.as_ref().err().map(ToString::to_string),
            facts: known,
        };
        let own = match report.state {
            Ok(_) => powers::own(config, known, report.administrator),
            Err(_) => Own { may: vec![Action::Status, Action::Explain], confirm: config.self_service.confirm },
        };
        let others = powers::others(config, accounts, person, report);
        let explanation = Explanation {
            user: person.as_str().to_owned(),
            uid: report.uid,
            service: arguments.service.clone(),
            from: arguments.from.clone(),
            rule: selected.rule,
            outcome: outcome_word(selected.outcome),
            then: then_word(explained.plan),
            until: explained.plan.and_then(until).map(|time| time.to_string()),
            sentence: explained::sentence(&explained),
            notes: self.notes(arguments, address),
            may: own.may.into_iter().map(Action::as_str).collect(),
            confirm: if own.confirm == Confirm::Code { "code" } else { "none" },
            others,
            problem: explained.problem.clone(),
        };
        if arguments.json {
            output.bytes(&json::object(&explanation));
        } else {
            explanation.print(output);
        }
        if explained.problem.is_none() { Verdict::Done } else { Verdict::Failed }
    }

    /// What the login comes to: decided as the module does it.
    fn planned(
        &self,
        arguments: &Explain,
        selected: Selected,
        state: &Result<State, StoreError>,
    ) -> Result<Plan, StoreError> {
        let demand = match selected.outcome {
            // Decided from the configuration alone, before any state is looked at.
            Outcome::Skip | Outcome::Rehearse => return Ok(Plan::Ignore),
            Outcome::User => Demand::User,
            Outcome::Required => Demand::Required,
        };
        let state = state.as_ref().map_err(Clone::clone)?;
        let rhost = arguments.from.as_deref().unwrap_or_default();
        let login = Login { service: &arguments.service, rhost, administrator: self.report.administrator, demand };
        Ok(plan(self.config, &login, state.record.as_ref(), &state.counters, self.now))
    }

    /// What the rules could not know.
    fn notes(&self, arguments: &Explain, address: Option<IpAddr>) -> Vec<String> {
        let mut notes = Vec::new();
        let About { config: Config { rules, .. }, accounts, person, .. } = *self;
        if rules.iter().any(|rule| rule.networks.is_some()) && address.is_none() {
            let from = arguments
                .from
                .as_ref()
                .map_or("no address is given".to_owned(), |from| format!("{from} is no address"));
            notes.push(format!("{from}, so a rule by network is taken if it requires a code, else passed over"));
        }
        let groups = rules
            .iter()
            .enumerate()
            .flat_map(|(index, rule)| rule.groups.iter().flatten().map(move |group| (index.saturating_add(1), group)));
        for (number, group) in groups {
            let problem = match person.account.as_ref().map(|account| accounts.membership(account, group)) {
                Some(GroupLookup::Member | GroupLookup::NotMember) => continue,
                Some(GroupLookup::NoSuchGroup) => format!("group {group} does not exist"),
                Some(GroupLookup::Failed) => format!("group {group} cannot be looked up"),
                None => format!("{} has no account, so no group is known", person.as_str()),
            };
            notes.push(format!("rule {number}: {problem}; the rule is taken if it requires a code, else passed over"));
        }
        notes
    }
}

impl Explanation {
    fn print(&self, output: &mut Output) {
        output.line(&self.sentence);
        self.notes.iter().for_each(|note| output.line(format_args!("Note: {note}")));
        let confirm = if self.confirm == "code" && self.may.contains(&"reset") {
            " (what weakens or changes the factor asks for a code first)"
        } else {
            ""
        };
        if self.uid != Some(0) {
            output.line(format_args!("{} may, without root: {}{confirm}", self.user, self.may.join(", ")));
        }
        for Other { group, may } in &self.others {
            let who = group.as_ref().map_or("root".to_owned(), |group| format!("members of {group}"));
            let what = if *may == ["all"] { "everything".to_owned() } else { may.join(", ") };
            output.line(format_args!("{who} may, to {}: {what}", self.user));
        }
    }
}

const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Skip => "skip",
        Outcome::User => "user",
        Outcome::Required => "required",
        Outcome::Rehearse => "rehearse",
    }
}

const fn then_word(plan: Option<Plan>) -> &'static str {
    match plan {
        Some(Plan::Ignore) => "pass",
        Some(Plan::Ask) => "ask",
        Some(Plan::AskRecovery(_)) => "ask_recovery_code",
        Some(Plan::Enroll(_)) => "enroll",
        Some(Plan::Grace(_)) => "grace",
        Some(Plan::Refuse(_)) | None => "refuse",
    }
}

/// When what happens now ends.
const fn until(plan: Plan) -> Option<UnixTime> {
    use countersign_common::decision::BlockEnd;
    match plan {
        Plan::AskRecovery(BlockEnd::At(end)) | Plan::Refuse(Refusal::Blocked(BlockEnd::At(end))) | Plan::Grace(end) => {
            Some(end)
        }
        Plan::Enroll(offer) => offer.later_until,
        Plan::Ignore | Plan::Ask | Plan::AskRecovery(BlockEnd::Unblock) | Plan::Refuse(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manual::EXPLAIN;

    #[test]
    fn the_manual_has_the_fields_of_its_json() {
        let shown = Explanation {
            user: String::new(),
            uid: None,
            service: String::new(),
            from: None,
            rule: None,
            outcome: "",
            then: "",
            until: None,
            sentence: String::new(),
            notes: Vec::new(),
            may: Vec::new(),
            confirm: "",
            others: Vec::new(),
            problem: None,
        };
        let value: serde_json::Value = serde_json::from_slice(&crate::json::object(&shown)).unwrap();
        let fields = value.as_object().unwrap();
        assert_eq!(fields.len(), EXPLAIN.len());
        assert!(EXPLAIN.iter().all(|name| fields.contains_key(*name)), "{fields:?}");
    }
}
