//! `enable`, `disable`, `lock`, `unlock`: a user's setting, and the right to change it.

use countersign_common::decision::{Action, Change};

use super::{Done, for_each, told};
use crate::arguments::Users;
use crate::desk::{Desk, Person};
use crate::failure::Failure;
use crate::output::{Output, Verdict};
use crate::sentences::{self, Sentence};
use crate::transaction::{authorized, change_record, transact};

/// `enable`
pub(super) fn enable(desk: &Desk, users: &Users, output: &mut Output) -> Verdict {
    set_each(desk, users, output, Action::Enable.logged(), &[Change::Enable], &sentences::enabled)
}

/// `enable --lock`
pub(super) fn enable_and_lock(desk: &Desk, users: &Users, output: &mut Output) -> Verdict {
    set_each(desk, users, output, "enable_lock", &[Change::Enable, Change::Lock], &sentences::enabled_and_locked)
}

/// `disable`
pub(super) fn disable(desk: &Desk, users: &Users, output: &mut Output) -> Verdict {
    set_each(desk, users, output, Action::Disable.logged(), &[Change::Disable], &sentences::disabled)
}

/// `lock`
pub(super) fn lock(desk: &Desk, users: &Users, output: &mut Output) -> Verdict {
    set_each(desk, users, output, Action::Lock.logged(), &[Change::Lock], &sentences::locked)
}

/// `unlock`
pub(super) fn unlock(desk: &Desk, users: &Users, output: &mut Output) -> Verdict {
    set_each(desk, users, output, Action::Unlock.logged(), &[Change::Unlock], &sentences::unlocked)
}

fn set_each(
    desk: &Desk,
    users: &Users,
    output: &mut Output,
    what: &'static str,
    changes: &[Change],
    sentence: Sentence,
) -> Verdict {
    let one = |desk: &Desk, person: &Person| -> Result<Done, Failure> {
        authorized(desk, person, changes)?;
        let outcome = transact(desk, person, what, &|session, now| change_record(desk, person, changes, session, now))?;
        Ok(told(desk, person, &outcome, sentence))
    };
    for_each(desk, users, output, &one)
}
