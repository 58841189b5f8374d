//! `reset`, `unblock`, `forget`: the ways back in, and out.

use countersign_common::decision::{self, Action, Change as Changing};
use countersign_common::store::{Forgotten, Session, State, Store, Written};
use countersign_common::token::UnixTime;

use super::{Done, for_each, tell, told};
use crate::arguments::Users;
use crate::desk::{Desk, Person};
use crate::failure::Failure;
use crate::output::{Output, Verdict};
use crate::sentences::{self, Change};
use crate::transaction::{Outcome, change_record, transact};

/// `reset`
pub(super) fn reset(desk: &Desk, users: &Users, output: &mut Output) -> Verdict {
    for_each(desk, users, output, &|desk, person| {
        let outcome = touch(desk, person, Action::Reset.logged(), &|session, now| {
            // The record first: a crash below leaves a block, never a token with its failures forgotten.
            match change_record(desk, person, &[Changing::Reset], session, now)? {
                Written::Committed => clear_failures(person, session),
                Written::Conflict => Ok(Written::Conflict),
            }
        })?;
        Ok(told(desk, person, &outcome, &sentences::reset))
    })
}

/// `unblock`
pub(super) fn unblock(desk: &Desk, users: &Users, output: &mut Output) -> Verdict {
    for_each(desk, users, output, &|desk, person| {
        let outcome = touch(desk, person, Action::Unblock.logged(), &|session, _| clear_failures(person, session))?;
        Ok(told(desk, person, &outcome, &sentences::unblocked))
    })
}

/// As `transact`, but makes nothing for a user who has no state: there is nothing to take back.
fn touch(
    desk: &Desk,
    person: &Person,
    what: &'static str,
    step: &dyn Fn(&mut dyn Session, UnixTime) -> Result<Written, Failure>,
) -> Result<Outcome, Failure> {
    if matches!(desk.store.view(&person.name), Ok(state) if state == State::default()) {
        return Ok(Outcome { before: State::default(), after: State::default(), now: desk.now()? });
    }
    transact(desk, person, what, step)
}

/// Writes the counters without failures and block, if there are any. Never lowers a step.
fn clear_failures(person: &Person, session: &mut dyn Session) -> Result<Written, Failure> {
    let counters = &session.state().counters;
    let next = decision::unblocked(counters);
    if next == *counters {
        return Ok(Written::Committed);
    }
    session.write_counters(&next).map_err(|error| Failure::of_user(person.as_str(), &error))
}

/// `forget`
pub(super) fn forget(desk: &Desk, users: &Users, output: &mut Output) -> Verdict {
    for_each(desk, users, output, &forget_one)
}

fn forget_one(desk: &Desk, person: &Person) -> Result<Done, Failure> {
    let before = desk.report(person, &desk.store.view(&person.name), desk.now()?);
    let forgotten = desk.store.forget(&person.name).map_err(|error| Failure::of_user(person.as_str(), &error))?;
    let change = match forgotten {
        Forgotten::Removed => {
            desk.log_change(&person.name, "forget");
            Change::Made
        }
        Forgotten::Nothing => Change::Already,
    };
    let after = desk.report(person, &Ok(State::default()), desk.now()?);
    Ok(tell(person, &before, after, change, &sentences::forgotten))
}
