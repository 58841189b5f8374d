//! The account phase: commits what this very handle proved, and is silent otherwise (I6).

use countersign_common::audit::{Event, RefusedReason};
use countersign_common::config::Config;
use countersign_common::counters::{Counters, Uncommitted};
use countersign_common::decision::{
    Applied, Change, Login, Plan, apply_all, blank, committed, disable_committed, plan,
};
use countersign_common::notice::{Notice, RECOVERY_PROMPT};
use countersign_common::record::Record;
use countersign_common::screen::{Columns, recovery_sheet};
use countersign_common::store::{Session, Store};
use countersign_common::system::{Account, new_id, new_recovery_codes};
use countersign_common::token::{RecoveryCode, UnixTime};

use crate::authenticate::written;
use crate::conversation::Echo;
use crate::enroll::{ask_below, may_disable, settings_changed};
use crate::login::{Machine, Person, Ruled, open_store};
use crate::outcome::{Granted, Refused, Verdict};
use crate::pending::{LIFETIME, Pending, Proven, take};

/// Who changed a record during a login.
const CHANGED_BY: &str = "login";

/// Commits pending data if there is any.
pub(crate) fn account(machine: &mut Machine) -> Verdict {
    let Some(pending) = take(machine.handle) else { return Ok(Granted::NotInUse) };
    let config = machine.config()?;
    let Person::Known(account) = machine.person()? else { return Err(stale("the account is gone")) };
    check_origin(machine, &pending, &account)?;
    // The policy is decided again: what was allowed then may not be now.
    let Ruled::Demand(demand) = machine.ruled(&config, &Person::Known(account.clone())) else {
        return Err(settings_changed());
    };
    let store = open_store(machine, &config)?;
    let login = machine.login(&config, &account, demand);
    let mut session = store.begin(&account.name)?;
    let now = machine.now()?;
    check_time(&pending, now)?;
    let codes = commit(&mut session, &config, &login, &account, &pending, now)?;
    drop(session);
    machine.log(&match &pending.what {
        Proven::Token(token, _) => Event::Enrolled { token: token.id.to_string() },
        Proven::Disable => Event::Disabled,
    });
    show_recovery_codes(machine, &codes);
    Ok(Granted::Proven)
}

/// Same process, same service, same user.
fn check_origin(machine: &Machine, pending: &Pending, account: &Account) -> Result<(), Refused> {
    if pending.process != std::process::id() {
        return Err(stale("proven in another process"));
    }
    if pending.service != machine.service() {
        return Err(stale("proven on another service"));
    }
    if pending.user != account.name {
        return Err(stale("proven for another user"));
    }
    Ok(())
}

/// Not expired; a clock that has gone back since counts as expired.
fn check_time(pending: &Pending, now: UnixTime) -> Result<(), Refused> {
    match now.since(pending.proven_at) {
        Some(age) if age <= LIFETIME => Ok(()),
        _ => Err(stale("proven too long ago")),
    }
}

fn commit(
    session: &mut impl Session,
    config: &Config,
    login: &Login,
    account: &Account,
    pending: &Pending,
    now: UnixTime,
) -> Result<Vec<RecoveryCode>, Refused> {
    let state = session.state().clone();
    if state.edition() != pending.edition {
        return Err(settings_changed());
    }
    // This very proof is counted as uncommitted; it must not count against itself.
    let counters = Counters { uncommitted: Uncommitted::default(), ..state.counters.clone() };
    let Plan::Enroll(_) = plan(config, login, state.record.as_ref(), &counters, now) else {
        return Err(settings_changed());
    };
    let base = match &state.record {
        Some(record) => Record { uid: account.uid, ..record.clone() },
        None => blank(config, new_id()?, account.name.clone(), account.uid, now),
    };
    let mut codes = Vec::new();
    let (changes, next) = match &pending.what {
        Proven::Token(token, step) => {
            let next = committed(&counters, login, &base, token, *step, pending.proven_at);
            let mut changes = vec![Change::Enroll(token.clone())];
            let count = usize::try_from(u32::from(config.recovery.codes)).unwrap_or(0);
            if count > 0 {
                let (new, set) = new_recovery_codes(count)?;
                codes = new;
                changes.push(Change::RenewRecovery(set));
            }
            (changes, next)
        }
        Proven::Disable => {
            may_disable(config, login, &state)?;
            (vec![Change::Disable], disable_committed(&counters))
        }
    };
    let applied = apply_all(&changes, &base, CHANGED_BY, now).map_err(|_| settings_changed())?;
    // The proving step first: a token must never stand in the record without it.
    written(session.write_counters(&next)?)?;
    if let Applied::Changed(record) = applied {
        written(session.replace_record(&record)?)?;
    }
    Ok(codes)
}

/// Shows new recovery codes, once. They are committed: whether the person sees them or answers undoes nothing.
fn show_recovery_codes(machine: &Machine, codes: &[RecoveryCode]) {
    if codes.is_empty() {
        return;
    }
    let sheet = recovery_sheet(codes, Columns::Unknown);
    // The reply is wiped and of no interest.
    let _ = ask_below(machine, Some(&sheet), RECOVERY_PROMPT, Echo::On);
}

fn stale(why: &str) -> Refused {
    let event = Event::Refused { reason: RefusedReason::StalePending, detail: Some(why.to_owned()) };
    Refused::person(Notice::SettingsChanged, event)
}
