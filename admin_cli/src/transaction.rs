//! One change of one user: under the lock, on fresh state, again if someone else was faster.

use countersign_common::decision::{Actor, Applied, Change, ChangeRefused, Denied, apply_all, authorize, blank};
use countersign_common::record::Record;
use countersign_common::store::{Session, State, Store, Written};
use countersign_common::system::new_id;
use countersign_common::token::UnixTime;

use crate::desk::{Desk, Person, log_untrusted};
use crate::failure::Failure;

/// How often a change is tried when others change the same user.
const ATTEMPTS: usize = 5;

/// What a transaction did.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// The state it found.
    pub(crate) before: State,
    /// The state it left.
    pub(crate) after: State,
    /// When.
    pub(crate) now: UnixTime,
}

impl Outcome {
    /// Whether anything is different now.
    pub(crate) fn changed(&self) -> bool {
        self.before != self.after
    }
}

/// Runs `step` in a transaction, again if the store tells of a conflict, and logs what it changed as `what`.
pub(crate) fn transact(
    desk: &Desk,
    person: &Person,
    what: &'static str,
    step: &dyn Fn(&mut dyn Session, UnixTime) -> Result<Written, Failure>,
) -> Result<Outcome, Failure> {
    for _ in 0..ATTEMPTS {
        let mut session = desk.store.begin(&person.name).map_err(|error| {
            log_untrusted(&person.name, &error);
            Failure::of_user(person.as_str(), &error)
        })?;
        let before = session.state().clone();
        let now = desk.now()?;
        let written = step(&mut session, now);
        let after = session.state().clone();
        drop(session);
        let outcome = Outcome { before, after, now };
        // A record that changed is logged even if a later write failed: the log tells what is so.
        let done = matches!(written, Ok(Written::Committed)) && outcome.changed();
        if done || outcome.before.record != outcome.after.record {
            desk.log_change(&person.name, what);
        }
        match written? {
            Written::Committed => return Ok(outcome),
            Written::Conflict => {}
        }
    }
    Err(Failure::new(format!("{}: others are changing the same user", person.as_str())).hint("try again in a moment"))
}

/// Whether these changes of a person may be made at all; asked before anything is opened for writing, so that a
/// refusal leaves no trace.
pub(crate) fn authorized(desk: &Desk, person: &Person, changes: &[Change]) -> Result<(), Failure> {
    let target = desk.target(person);
    changes
        .iter()
        .try_for_each(|change| authorize(Actor::Root, change, target))
        .map_err(|denied| refusal(person, denied))
}

/// Makes these changes of the record in one step; nothing is written if they change nothing.
pub(crate) fn change_record(
    desk: &Desk,
    person: &Person,
    changes: &[Change],
    session: &mut dyn Session,
    now: UnixTime,
) -> Result<Written, Failure> {
    let record = current_record(desk, person, session.state(), now)?;
    let applied = apply_all(changes, &record, &desk.actor().name, now)
        .map_err(|refused| Failure::new(format!("{}: {}", person.as_str(), why_refused(refused))))?;
    match applied {
        Applied::Changed(next) => {
            session.replace_record(&next).map_err(|error| Failure::of_user(person.as_str(), &error))
        }
        Applied::Unchanged => Ok(Written::Committed),
    }
}

/// The record as it stands, or a blank one, with the account's present uid.
pub(crate) fn current_record(desk: &Desk, person: &Person, state: &State, now: UnixTime) -> Result<Record, Failure> {
    match &state.record {
        Some(record) => {
            let uid = person.account.as_ref().map_or(record.uid, |account| account.uid);
            Ok(Record { uid, ..record.clone() })
        }
        None => Ok(blank(&desk.config, new_id()?, person.name.clone(), person.uid(), now)),
    }
}

fn refusal(person: &Person, denied: Denied) -> Failure {
    let user = person.as_str();
    match denied {
        Denied::AdministratorCannotBeLocked => {
            Failure::new(format!("{user}: is an administrator, who may always turn 2FA on and off"))
                .hint("administrators are root and the members of the groups under [administrators]")
        }
        Denied::LookupFailed => {
            Failure::new(format!("{user}: whether this is an administrator could not be looked up"))
                .hint("a group named under [administrators] cannot be read now; try again")
        }
        _ => Failure::new(format!("{user}: not allowed")),
    }
}

const fn why_refused(refused: ChangeRefused) -> &'static str {
    match refused {
        ChangeRefused::TooManyTokens => "has the most tokens a user may have",
        ChangeRefused::NoSuchToken => "has no such token",
        ChangeRefused::LastToken => "has only this token; the last one goes by reset",
        ChangeRefused::SameSecret => "has a token with this secret already",
    }
}
