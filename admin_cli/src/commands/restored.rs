//! `restored`: this state came out of a backup, so what may have been used since then counts as used.

use countersign_common::decision::{self, RecoveryCodes, recovery_codes_left};
use countersign_common::record::UserName;
use countersign_common::store::{State, Store, Written};
use serde::Serialize;

use crate::answer::agrees;
use crate::arguments::Restored;
use crate::desk::{Desk, Person};
use crate::failure::Failure;
use crate::json;
use crate::output::{Output, Verdict};
use crate::transaction::{Outcome, transact};

/// What became of one user.
#[derive(Debug, Serialize)]
struct Entry {
    user: String,
    tokens: usize,
    recovery_codes_voided: u8,
    changed: bool,
    problem: Option<String>,
}

/// `restored`
pub(super) fn restored(desk: &Desk, arguments: &Restored, output: &mut Output) -> Result<Verdict, Failure> {
    let users = desk.store.users().map_err(|error| Failure::of_store(&error))?;
    let recovery = if arguments.keep_recovery_codes { RecoveryCodes::Kept } else { RecoveryCodes::Voided };
    if !arguments.yes {
        confirmed(users.len(), recovery, output)?;
    }
    let mut entries = Vec::with_capacity(users.len());
    for user in users {
        let entry = one(desk, user.clone(), recovery).map(|outcome| Entry::of(&user, &outcome));
        entries.push(entry.unwrap_or_else(|failure| {
            output.failure(&failure);
            Entry::failed(&user, failure)
        }));
    }
    if arguments.json {
        let items: Vec<_> = entries.iter().map(json::item).collect();
        json::array(&items).for_each(|part| output.bytes(part));
    } else {
        say(&entries, output);
    }
    let failed = entries.iter().any(|entry| entry.problem.is_some());
    Ok(if failed { Verdict::Failed } else { Verdict::Done })
}

fn say(entries: &[Entry], output: &mut Output) {
    let count = |fits: &dyn Fn(&Entry) -> bool| entries.iter().filter(|entry| fits(entry)).count();
    output.line(format_args!(
        "users with a token: {}; codes shown by now are not accepted any more, the one after the next is",
        count(&|entry| entry.tokens > 0)
    ));
    let voided = count(&|entry| entry.recovery_codes_voided > 0);
    if voided > 0 {
        output.line(format_args!(
            "users whose recovery codes are void: {voided}; new ones: countersign new-recovery-codes USER"
        ));
    }
}

fn confirmed(users: usize, recovery: RecoveryCodes, output: &mut Output) -> Result<(), Failure> {
    let codes = match recovery {
        RecoveryCodes::Voided => "; all recovery codes become void",
        RecoveryCodes::Kept => "",
    };
    if agrees(output, &format!("This is about all {users} users that have state{codes}. Go on?")) {
        return Ok(());
    }
    Err(Failure::new("nothing was done").hint("type yes, or add --yes"))
}

fn one(desk: &Desk, name: UserName, recovery: RecoveryCodes) -> Result<Outcome, Failure> {
    let person = Person { name, account: None };
    transact(desk, &person, "restored", &|session, now| {
        let State { record, counters } = session.state();
        let Some(record) = record else { return Ok(Written::Committed) };
        let next = decision::restored(&desk.config, record, counters, now, recovery);
        if next == *counters {
            return Ok(Written::Committed);
        }
        session.write_counters(&next).map_err(|error| Failure::of_user(person.as_str(), &error))
    })
}

impl Entry {
    fn of(user: &UserName, outcome: &Outcome) -> Self {
        let State { record, .. } = &outcome.after;
        Self {
            user: user.as_str().to_owned(),
            tokens: record.as_ref().map_or(0, |record| record.tokens.len()),
            recovery_codes_voided: left(&outcome.before).saturating_sub(left(&outcome.after)),
            changed: outcome.changed(),
            problem: None,
        }
    }

    fn failed(user: &UserName, failure: Failure) -> Self {
        Self {
            user: user.as_str().to_owned(),
            tokens: 0,
            recovery_codes_voided: 0,
            changed: false,
            problem: Some(failure.message),
        }
    }
}

fn left(state: &State) -> u8 {
    state.record.as_ref().map_or(0, |record| recovery_codes_left(record, &state.counters))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manual::RESTORED;

    #[test]
    fn every_field_is_in_the_table() {
        let user = UserName::new("alice").unwrap();
        let value = serde_json::to_value(Entry::failed(&user, Failure::new("why"))).unwrap();
        let fields = value.as_object().unwrap();
        assert!(RESTORED.iter().all(|name| fields.contains_key(*name)) && fields.len() == RESTORED.len());
    }
}
