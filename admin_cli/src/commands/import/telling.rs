//! The line about one user: what was taken, what is otherwise from now on, what was left. Pure; no secret, no code.

use countersign_common::import::{ForeignToken, Used};
use countersign_common::record::{Record, Token};
use countersign_common::token::{Digits, Parameters, Period, UnixTime};

use super::Found;
use super::plan::Plan;
use crate::sentences::command;

/// Whether it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tense {
    /// It would.
    Would,
    /// It did.
    Done,
}

/// A user of whom nothing is taken.
pub(super) fn nothing_taken(user: &str, why: &str) -> String {
    format!("{user}: nothing taken: {why}")
}

/// A user who is taken over.
pub(super) fn line(found: &Found, plan: &Plan, before: Option<&Record>, tense: Tense, now: UnixTime) -> String {
    let user = found.person.as_str();
    let mut parts = vec![match (plan.is_there_already(), tense) {
        (true, _) => "is here already".to_owned(),
        (false, Tense::Would) => format!("would take {}", spelled_tokens(&found.tokens)),
        (false, Tense::Done) => format!("took {}", spelled_tokens(&found.tokens)),
    }];
    let changed = changed(found, plan, before, now);
    if !changed.is_empty() {
        parts.push(format!("changed: {}", changed.join(", ")));
    }
    let left: Vec<String> =
        found.tokens.iter().flat_map(|token| token.notes.left.clone()).chain(found.left.clone()).collect();
    if !left.is_empty() {
        parts.push(format!("left: {}", left.join(", ")));
    }
    let warnings = found.tokens.iter().flat_map(|token| &token.notes.warnings).chain(&found.warnings);
    parts.extend(warnings.map(|warning| format!("note: {warning}")));
    format!("{user}: {}", parts.join("; "))
}

fn changed(found: &Found, plan: &Plan, before: Option<&Record>, now: UnixTime) -> Vec<String> {
    let user = found.person.as_str();
    let mut changed = Vec::new();
    if !plan.is_there_already() {
        let is_on = plan.enable || before.is_some_and(|record| record.use_2fa.as_bool());
        match (plan.enable, is_on) {
            (true, _) => changed.push("2FA is on".to_owned()),
            (false, true) => {}
            (false, false) => changed.push(format!("2FA is as it was (to turn it on: {})", command("enable", user))),
        }
        changed.extend(found.tokens.iter().flat_map(|token| token.notes.changed.clone()));
    }
    match plan.remove.len() {
        0 => {}
        1 => changed.push("the old token goes".to_owned()),
        count => changed.push(format!("the {count} old tokens go")),
    }
    changed.extend(first_code(found, plan, before, now));
    changed
}

/// From when on codes are accepted, if not from now on.
fn first_code(found: &Found, plan: &Plan, before: Option<&Record>, now: UnixTime) -> Option<String> {
    let tokens = || before.iter().flat_map(|record| &record.tokens).chain(&plan.add);
    let period = |id| tokens().find(|token: &&Token| token.id == id).map(|token| token.parameters.period);
    let begins = plan.steps.iter().filter_map(|(id, step)| {
        let period = period(*id)?;
        let next = step.offset_by(1);
        let begin = next.as_u64().checked_mul(u64::from(period.as_seconds()))?;
        (next > period.step_at(now)).then(|| UnixTime::new(begin).ok())?
    });
    let latest = begins.max()?;
    let untold = found.tokens.iter().any(|token| matches!(token.used, Used::Untold));
    let why = if untold { " (which codes were used, the file does not say)" } else { "" };
    Some(format!("codes are accepted from {latest} on{why}"))
}

fn spelled_tokens(tokens: &[ForeignToken]) -> String {
    tokens.iter().map(spelled).collect::<Vec<_>>().join(" and ")
}

fn spelled(token: &ForeignToken) -> String {
    let Parameters { digits, period, .. } = token.parameters;
    let digits = if digits == Digits::SIX { String::new() } else { format!(", {} digits", digits.as_u8()) };
    let period = if period == Period::THIRTY { String::new() } else { format!(", {} seconds", period.as_seconds()) };
    let used = match &token.used {
        Used::Steps(1, _) | Used::Code(..) => ", one used code".to_owned(),
        Used::Steps(count, _) => format!(", {count} used codes"),
        Used::Nothing | Used::Untold => String::new(),
    };
    format!("a token of {} bits{digits}{period}{used}", token.bits())
}
