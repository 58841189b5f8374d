//! `new-recovery-codes`: a new set in place of the old one, shown once.
//!
//! Invariant: codes go to a terminal or a pipe past every buffer, never into JSON, a log or a file of ours (I9).

use countersign_common::decision::{Action, Change};
use countersign_common::record::{Record, RecoverySet};
use countersign_common::screen::recovery_sheet;
use countersign_common::store::{State, Store};
use countersign_common::system::new_recovery_codes;
use countersign_common::token::RecoveryCode;

use super::told;
use crate::arguments::NewRecoveryCodes;
use crate::desk::{Desk, Person, log_untrusted};
use crate::failure::Failure;
use crate::output::{Output, Stream, Verdict};
use crate::sentences::{self, Reader, command};
use crate::transaction::{change_record, transact};

/// `new-recovery-codes`
pub(super) fn renew(desk: &Desk, arguments: &NewRecoveryCodes, output: &mut Output) -> Result<Verdict, Failure> {
    let person = desk.person(&arguments.user, arguments.account.unknown())?;
    let state = desk.store.view(&person.name).map_err(|error| {
        log_untrusted(&person.name, &error);
        Failure::of_user(person.as_str(), &error)
    })?;
    refuse_unless_enrolled(&person, &state)?;
    let Some((codes, set)) = generated(desk)? else {
        return Err(
            Failure::new("this host hands out no recovery codes").hint("in the configuration, [recovery] codes is 0")
        );
    };
    let outcome = transact(desk, &person, Action::NewRecoveryCodes.logged(), &|session, now| {
        refuse_unless_enrolled(&person, session.state())?;
        change_record(desk, &person, &[Change::RenewRecovery(set.clone())], session, now)
    })?;
    show(output, Stream::Out, person.as_str(), &codes, &Reader::Root)?;
    output.line(told(desk, &person, &outcome, &sentences::recovery_renewed).sentence);
    Ok(Verdict::Done)
}

/// New codes, as many as the configuration says; `None` if it says none.
pub(super) fn generated(desk: &Desk) -> Result<Option<(Vec<RecoveryCode>, RecoverySet)>, Failure> {
    match usize::try_from(u32::from(desk.config.recovery.codes)) {
        Ok(0) | Err(_) => Ok(None),
        Ok(count) => Ok(Some(new_recovery_codes(count)?)),
    }
}

/// Shows codes that are already in force.
pub(crate) fn show(
    output: &mut Output,
    to: Stream,
    user: &str,
    codes: &[RecoveryCode],
    reader: &Reader,
) -> Result<(), Failure> {
    output.secret(to, &recovery_sheet(codes, Output::columns(to))).map_err(|_| {
        let others = match reader.command(Action::NewRecoveryCodes, user) {
            Some(command) => format!("make others: {command}"),
            None => {
                format!("an administrator can make others: {}", command(Action::NewRecoveryCodes.as_str(), user))
            }
        };
        Failure::new(format!("{user}: has new recovery codes, and any old ones are void, but they could not be shown"))
            .hint(others)
    })
}

fn refuse_unless_enrolled(person: &Person, state: &State) -> Result<(), Failure> {
    if state.record.as_ref().is_some_and(Record::is_enrolled) {
        return Ok(());
    }
    let user = person.as_str();
    Err(Failure::new(format!("{user}: is not enrolled; recovery codes come with the first token"))
        .hint(format!("set one up: {}", command("enroll", user))))
}
