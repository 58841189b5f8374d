//! `explain` in one sentence: who decides, and what happens. Pure.

use countersign_common::config::Outcome;
use countersign_common::decision::{Disabling, Offer, Plan, Refusal, Selected};
use countersign_common::record::Use2fa;

use crate::report::{Facts, Source, spelled_block};

/// A login, and what comes of it.
#[derive(Debug)]
pub(crate) struct Explained<'a> {
    pub(crate) user: &'a str,
    pub(crate) service: &'a str,
    pub(crate) from: Option<&'a str>,
    pub(crate) selected: Selected,
    /// What happens; `None` if the state cannot be trusted.
    pub(crate) plan: Option<Plan>,
    /// Why the state cannot be trusted.
    pub(crate) problem: Option<String>,
    pub(crate) facts: &'a Facts,
}

/// The sentence.
pub(crate) fn sentence(explained: &Explained) -> String {
    let Explained { user, service, from, .. } = explained;
    let from = from.map_or(String::new(), |from| format!(" from {from}"));
    format!("{user} on {service}{from}: {}; {}", decides(explained), happens(explained))
}

fn decides(explained: &Explained) -> String {
    let Explained { user, selected, facts, .. } = explained;
    let used = if facts.use_2fa == Use2fa::Enabled { "on" } else { "off" };
    let own = match (explained.problem.is_some(), facts.source) {
        (true, _) => format!("{user}'s own setting, which cannot be read"),
        (false, Source::Record) => format!("{user}'s own setting, which is {used}"),
        (false, _) => format!("the default for users without a record, which is {used}"),
    };
    match (selected.rule, selected.outcome) {
        (Some(rule), Outcome::Skip) => format!("rule {rule} asks for no code"),
        (Some(rule), Outcome::Rehearse) => format!("rule {rule} is a rehearsal, which asks nobody"),
        (Some(rule), Outcome::Required) => format!("rule {rule} requires a code"),
        (Some(rule), Outcome::User) => format!("rule {rule} leaves it to {own}"),
        (None, _) => format!("no rule decides, so it is up to {own}"),
    }
}

fn happens(explained: &Explained) -> String {
    let Explained { user, service, problem, .. } = explained;
    let screenless = format!("{user} is not enrolled, and cannot enroll on {service}");
    match explained.plan {
        None => format!("{user} is refused: {}", problem.as_deref().unwrap_or("the state cannot be trusted")),
        Some(Plan::Ignore) => format!("{user} gets in without a code"),
        Some(Plan::Ask) => format!("{user} is asked for a code"),
        Some(Plan::AskRecovery(end)) => {
            format!("{user} is blocked {} and gets in with a recovery code alone", spelled_block(end))
        }
        Some(Plan::Enroll(offer)) => format!("{user} is shown a QR code{}", choices(offer)),
        Some(Plan::Grace(end)) => format!("{screenless}, but gets in without a code until {end}"),
        Some(Plan::Refuse(Refusal::Blocked(end))) => format!("{user} is refused, blocked {}", spelled_block(end)),
        Some(Plan::Refuse(Refusal::CannotEnrollHere)) => format!("{screenless}, so the login is refused"),
        Some(Plan::Refuse(Refusal::Uncommitted)) => {
            format!("{user} is refused: what was set up was never kept; the stack has no account line of ours")
        }
    }
}

fn choices(offer: Offer) -> String {
    let disable = match offer.disabling {
        Disabling::Allowed => "may turn 2FA off there",
        Disabling::Refused => "may not turn 2FA off there",
    };
    match offer.later_until {
        Some(end) => format!(", {disable}, and may put it off until {end}"),
        None => format!(", and {disable}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_common::decision::BlockEnd;
    use countersign_common::token::UnixTime;

    fn said(rule: Option<usize>, outcome: Outcome, plan: Option<Plan>) -> String {
        let facts = Facts::unknown();
        let problem = plan.is_none().then(|| "/x: has mode 0644".to_owned());
        let selected = Selected { outcome, rule };
        let from = Some("192.0.2.7");
        sentence(&Explained { user: "alice", service: "sshd", from, selected, plan, problem, facts: &facts })
    }

    #[test]
    fn one_sentence_names_who_decides_and_what_happens() {
        let end = UnixTime::parse_rfc3339("2026-11-24T08:00:00Z").unwrap();
        let cases = [
            (Some(2), Outcome::Skip, Some(Plan::Ignore), "rule 2 asks for no code; alice gets in without a code"),
            (Some(1), Outcome::Required, Some(Plan::Ask), "rule 1 requires a code; alice is asked for a code"),
            (
                None,
                Outcome::User,
                Some(Plan::Ignore),
                "no rule decides, so it is up to the default for users without a record, which is off; alice gets in \
                 without a code",
            ),
            (
                Some(1),
                Outcome::Required,
                Some(Plan::Enroll(Offer { disabling: Disabling::Refused, later_until: Some(end) })),
                "rule 1 requires a code; alice is shown a QR code, may not turn 2FA off there, and may put it off until \
                 2026-11-24T08:00:00Z",
            ),
            (
                Some(1),
                Outcome::Required,
                Some(Plan::Refuse(Refusal::Blocked(BlockEnd::Unblock))),
                "rule 1 requires a code; alice is refused, blocked until an administrator unblocks",
            ),
            (
                Some(3),
                Outcome::User,
                None,
                "rule 3 leaves it to alice's own setting, which cannot be read; alice is refused: /x: has mode 0644",
            ),
        ];
        for (rule, outcome, plan, expected) in cases {
            assert_eq!(said(rule, outcome, plan), format!("alice on sshd from 192.0.2.7: {expected}"));
        }
    }
}
