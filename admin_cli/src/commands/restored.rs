//! `restored`: this state came out of a backup, so what may have been used since then counts as used.

use countersign_common::decision::{self, RecoveryCodes, recovery_codes_left};
use countersign_common::record::UserName;
use countersign_common::store::{State, Store, Written};

use crate::answer::agrees;
use crate::arguments::Restored;
use crate::desk::{Desk, Person};
use crate::failure::Failure;
use crate::output::{Output, Verdict};
use crate::transaction::{Outcome, transact};

/// What became of all users.
#[derive(Debug, Default)]
struct Sum {
    tokens: usize,
    voided: usize,
    failed: usize,
}

/// `restored`
pub(super) fn restored(desk: &Desk, arguments: &Restored, output: &mut Output) -> Result<Verdict, Failure> {
    let users = desk.store.users().map_err(|error| Failure::of_store(&error))?;
    let recovery = if arguments.keep_recovery_codes { RecoveryCodes::Kept } else { RecoveryCodes::Voided };
    if !arguments.yes {
        confirmed(users.len(), recovery, output)?;
    }
    let mut sum = Sum::default();
    for user in users {
        match one(desk, user, recovery) {
            Ok(outcome) => {
                sum.tokens = sum.tokens.saturating_add(usize::from(has_tokens(&outcome.after)));
                sum.voided = sum.voided.saturating_add(usize::from(left(&outcome.before) > left(&outcome.after)));
            }
            Err(failure) => {
                sum.failed = sum.failed.saturating_add(1);
                output.failure(&failure);
            }
        }
    }
    output.line(format_args!(
        "users with a token: {}; codes shown by now are not accepted any more, the one after the next is",
        sum.tokens
    ));
    if sum.voided > 0 {
        output.line(format_args!(
            "users whose recovery codes are void: {}; new ones: countersign new-recovery-codes USER",
            sum.voided
        ));
    }
    Ok(if sum.failed == 0 { Verdict::Done } else { Verdict::Failed })
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

fn has_tokens(state: &State) -> bool {
    state.record.as_ref().is_some_and(countersign_common::record::Record::is_enrolled)
}

fn left(state: &State) -> u8 {
    state.record.as_ref().map_or(0, |record| recovery_codes_left(record, &state.counters))
}
