//! Taking one user over, in one transaction: that it is so first, then what was used, the record, the end of the time to
//! enroll.

use std::cell::{OnceCell, RefCell};

use countersign_common::audit::Event;
use countersign_common::counters::Counters;
use countersign_common::decision::grace_ended;
use countersign_common::store::{Imported, Session, State, StoreError, Written};

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
    // As it was before this import wrote to it, should the transaction be tried again.
    let remembered: OnceCell<Imported> = OnceCell::new();
    let outcome = transact(desk, person, "import", &|session, now| {
        let imported = match remembered.get() {
            Some(imported) => imported.clone(),
            None => imported(desk, person)?,
        };
        let _ = remembered.set(imported.clone());
        let planned = plan(session.state(), &imported, arriving, mode);
        decided.replace(Some(planned.clone()));
        let Ok(planned) = planned else { return Ok(Written::Committed) };
        remember(desk, person, arriving)?;
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

/// What was imported for this person before.
pub(super) fn imported(desk: &Desk, person: &Person) -> Result<Imported, Failure> {
    desk.store.engine().imported(&person.name).map_err(|error| not_remembered(person, &error))
}

/// Remembers the keys before any of them stands: after a crash in between it is refused, not taken twice.
fn remember(desk: &Desk, person: &Person, arriving: &[Arriving]) -> Result<(), Failure> {
    let secrets: Vec<_> = arriving.iter().map(|one| &one.token.secret).collect();
    desk.store.engine().remember_imported(&person.name, &secrets).map_err(|error| not_remembered(person, &error))
}

fn not_remembered(person: &Person, error: &StoreError) -> Failure {
    let failure = Failure::new(format!("{}: {error}", person.as_str()));
    match error {
        StoreError::Untrusted { .. } => failure.hint(
            "it tells which keys were imported before, and logins do without it: restore it from a backup, or move it \
             away and look that no key comes back that was thrown away",
        ),
        StoreError::Busy { .. } | StoreError::WriteFailed { .. } | StoreError::NameTooLong => failure,
    }
}

/// Writes counters that differ from those that stand.
fn write_counters(person: &Person, session: &mut dyn Session, next: &Counters) -> Result<Written, Failure> {
    if *next == session.state().counters {
        return Ok(Written::Committed);
    }
    session.write_counters(next).map_err(|error| Failure::of_user(person.as_str(), &error))
}
