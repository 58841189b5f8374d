//! What is said of a user who is taken over: what was taken, what is otherwise from now on, what was left. Pure.

use countersign_common::import::{ForeignToken, Used};
use countersign_common::record::Token;
use countersign_common::store::State;
use countersign_common::token::UnixTime;

use super::entry::{Entry, Outcome, Taken, Tense};
use super::plan::Plan;
use super::{Arriving, Found};

/// A user who is taken over, or is here already. `before` is the state that the plan was made on.
pub(super) fn entry(
    found: &Found,
    arriving: &[Arriving],
    plan: &Plan,
    before: &State,
    tense: Tense,
    now: UnixTime,
) -> Entry {
    let taken = || {
        let pairs = found.tokens.iter().zip(arriving);
        pairs.filter(|(_, one)| plan.add.iter().any(|token| token.id == one.token.id)).map(|(foreign, _)| foreign)
    };
    let mut left: Vec<String> = Vec::new();
    let mut notes: Vec<String> = Vec::new();
    for foreign in &found.tokens {
        extend_new(&mut left, &foreign.notes.left);
        extend_new(&mut notes, &foreign.notes.warnings);
    }
    extend_new(&mut left, &found.left);
    if plan.thrown_away > 0 {
        notes.push(
            "a key that was imported before and is not here any more stays away (to take it: --again)".to_owned(),
        );
    }
    extend_new(&mut notes, &found.warnings);
    let nothing_new = plan.add.is_empty() && plan.remove.is_empty();
    Entry {
        user: found.person.as_str().to_owned(),
        outcome: match (nothing_new, tense) {
            (true, _) => Outcome::Already,
            (false, Tense::Would) => Outcome::WouldBeTaken,
            (false, Tense::Done) => Outcome::Taken,
        },
        changed: tense == Tense::Done && !plan.is_nothing(),
        asked: None,
        tokens: taken().map(Taken::of).collect(),
        changes: changes(taken(), found, plan, before, now),
        left,
        notes,
        problem: None,
        emergency_codes: found.emergency_codes,
    }
}

fn extend_new(all: &mut Vec<String>, more: &[String]) {
    for one in more {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
}

fn changes<'a>(
    taken: impl Iterator<Item = &'a ForeignToken>,
    found: &Found,
    plan: &Plan,
    before: &State,
    now: UnixTime,
) -> Vec<String> {
    let is_on = before.record.as_ref().is_some_and(|record| record.use_2fa.as_bool());
    let mut changes = Vec::new();
    match (plan.enable, is_on) {
        (true, _) => changes.push("2FA is on".to_owned()),
        (false, false) if !plan.add.is_empty() => changes.push("2FA stays off".to_owned()),
        (false, _) => {}
    }
    for foreign in taken {
        extend_new(&mut changes, &foreign.notes.changed);
    }
    match plan.remove.len() {
        0 => {}
        1 => changes.push("the old token goes".to_owned()),
        count => changes.push(format!("the {count} old tokens go")),
    }
    if plan.add.is_empty() && !plan.steps.is_empty() {
        changes.push("codes that were used there are used here".to_owned());
    }
    changes.extend(first_code(found, plan, before, now));
    changes
}

/// From when on codes are accepted, if not from now on.
fn first_code(found: &Found, plan: &Plan, before: &State, now: UnixTime) -> Option<String> {
    let tokens = || before.record.iter().flat_map(|record| &record.tokens).chain(&plan.add);
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

impl Taken {
    fn of(token: &ForeignToken) -> Self {
        Self {
            bits: token.bits(),
            digits: token.parameters.digits.as_u8(),
            period: token.parameters.period.as_seconds(),
            used_codes: match &token.used {
                Used::Steps(count, _) => *count,
                Used::Code(..) => 1,
                Used::Nothing | Used::Untold => 0,
            },
        }
    }
}
