//! Taking one user over, in one transaction: what was used first, then the record, then the end of the time to enroll.

use std::cell::RefCell;

use countersign_common::audit::Event;
use countersign_common::counters::Counters;
use countersign_common::decision::grace_ended;
use countersign_common::store::{Session, State, Written};

use super::Arriving;
use super::plan::{Mode, Plan, Refused, plan};
use crate::desk::{Desk, Person};
use crate::failure::Failure;
use crate::log;
use crate::transaction::{change_record, current_record, transact};

/// What was done, and the state before it.
pub(super) type Done = (Plan, State);

/// Takes these tokens over.
pub(super) fn write(
    desk: &Desk,
    person: &Person,
    arriving: &[Arriving],
    mode: Mode,
) -> Result<Result<Done, Refused>, Failure> {
    let decided: RefCell<Option<Result<Plan, Refused>>> = RefCell::new(None);
    let outcome = transact(desk, person, "import", &|session, now| {
        let planned = plan(session.state(), arriving, mode);
        decided.replace(Some(planned.clone()));
        let Ok(planned) = planned else { return Ok(Written::Committed) };
        let record = current_record(desk, person, session.state(), now)?;
        let used = planned.used(&record, &session.state().counters);
        if write_counters(person, session, &used)? == Written::Conflict {
            return Ok(Written::Conflict);
        }
        if planned.changes().is_empty() {
            return Ok(Written::Committed);
        }
        match change_record(desk, person, &planned.changes(), session, now)? {
            Written::Committed => {
                let next = grace_ended(&session.state().counters);
                write_counters(person, session, &next)
            }
            Written::Conflict => Ok(Written::Conflict),
        }
    })?;
    match decided.into_inner() {
        Some(Ok(planned)) => {
            for token in &planned.add {
                log::write(person.as_str(), &Event::Enrolled { token: token.id.to_string() });
            }
            Ok(Ok((planned, outcome.before)))
        }
        Some(Err(refused)) => Ok(Err(refused)),
        None => Err(Failure::new(format!("{}: nothing was decided", person.as_str()))),
    }
}

/// Writes counters that differ from those that stand.
fn write_counters(person: &Person, session: &mut dyn Session, next: &Counters) -> Result<Written, Failure> {
    if *next == session.state().counters {
        return Ok(Written::Committed);
    }
    session.write_counters(next).map_err(|error| Failure::of_user(person.as_str(), &error))
}
