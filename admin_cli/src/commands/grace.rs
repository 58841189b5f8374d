//! `grace`: time to enroll, given or ended by an administrator.

use countersign_common::counters::Grace as Stored;
use countersign_common::decision::{grace_ended, grace_given};
use countersign_common::record::Record;
use countersign_common::store::{Session, State, Store, Written};

use super::{Done, for_each, told};
use crate::arguments::{Grace, GraceSpan};
use crate::desk::{Desk, Person};
use crate::failure::Failure;
use crate::output::{Output, Verdict};
use crate::sentences::{self, command};
use crate::transaction::transact;

/// `grace`
pub(super) fn grace(desk: &Desk, arguments: &Grace, output: &mut Output) -> Verdict {
    for_each(desk, &arguments.users, output, &|desk, person| one(desk, person, arguments.time))
}

fn one(desk: &Desk, person: &Person, time: GraceSpan) -> Result<Done, Failure> {
    // A refusal leaves no trace: asked before anything is opened for writing.
    if let Ok(state) = desk.store.view(&person.name) {
        refuse_if_enrolled(person, &state, time)?;
    }
    let outcome = transact(desk, person, "grace", &|session: &mut dyn Session, now| {
        refuse_if_enrolled(person, session.state(), time)?;
        let counters = &session.state().counters;
        let next = match time {
            GraceSpan::For(span) => grace_given(counters, now.plus(span)),
            GraceSpan::Off if counters.grace == Stored::Ended => return Ok(Written::Committed),
            GraceSpan::Off => grace_ended(counters),
        };
        session.write_counters(&next).map_err(|error| Failure::of_user(person.as_str(), &error))
    })?;
    Ok(told(desk, person, &outcome, &sentences::grace))
}

fn refuse_if_enrolled(person: &Person, state: &State, time: GraceSpan) -> Result<(), Failure> {
    let enrolled = state.record.as_ref().is_some_and(Record::is_enrolled);
    if time == GraceSpan::Off || !enrolled {
        return Ok(());
    }
    let user = person.as_str();
    Err(Failure::new(format!("{user}: is enrolled, and needs no time to enroll"))
        .hint(format!("to begin anew: {}, then this again", command("reset", user))))
}
