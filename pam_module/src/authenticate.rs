//! The auth phase, step by step as the design numbers them.

use countersign_common::audit::{Event, RefusedReason};
use countersign_common::config::Config;
use countersign_common::counters::{Counters, Throttle};
use countersign_common::decision::{BlockEnd, Login, Plan, Refusal, grace_begun, plan, rebased};
use countersign_common::notice::Notice;
use countersign_common::record::{NO_UID, Record, UserName};
use countersign_common::store::{Session, Store, Written};
use countersign_common::token::{Seconds, UnixTime};

use crate::enroll::settings_changed;
use crate::login::{Machine, Person, Ruled, open_store};
use crate::outcome::{Granted, Refused, Verdict};
use crate::rehearse::rehearse;
use crate::{ask, enroll};

/// Decides about one login, asking whatever has to be asked.
pub(crate) fn authenticate(machine: &mut Machine) -> Verdict {
    let config = machine.config()?;
    let person = machine.person()?;
    let demand = match machine.ruled(&config, &person) {
        Ruled::Skip => return Ok(Granted::NotInUse),
        Ruled::Rehearse(rule) => {
            rehearse(machine, &config, &person, rule);
            return Ok(Granted::NotInUse);
        }
        Ruled::Demand(demand) => demand,
    };
    let Person::Known(account) = person else { return ask::stranger(machine, &config) };
    let store = open_store(machine, &config)?;
    let state = store.view(&account.name)?;
    let login = machine.login(&config, &account, demand);
    let now = machine.now()?;
    if let Some(record) = state.record.as_ref().filter(|record| ![account.uid, NO_UID].contains(&record.uid)) {
        machine.log_other_uid(record.uid, account.uid);
    }
    let lengths = state.record.as_ref().map(Record::code_lengths).unwrap_or_default();
    match plan(&config, &login, state.record.as_ref(), &state.counters, now) {
        Plan::Ignore => Ok(Granted::NotInUse),
        Plan::Ask => ask::enrolled(machine, &config, &login, &store, &account.name, &lengths, None),
        Plan::AskRecovery(end) => {
            // Whether or not anything is answered, the block must end.
            if rebased(state.counters.throttle, now).is_some() {
                rebase_block(&mut store.begin(&account.name)?, now)?;
            }
            ask::enrolled(machine, &config, &login, &store, &account.name, &lengths, Some(end))
        }
        Plan::Enroll(offer) => {
            begin_grace(&config, &store, &account.name, machine)?;
            enroll::enroll(machine, &config, &login, &store, &account.name, state.edition(), offer)
        }
        Plan::Grace(_) => grace(&config, &login, &store, &account.name, machine),
        Plan::Refuse(Refusal::Blocked(_)) => blocked(&config, &login, &store, &account.name, machine),
        Plan::Refuse(refusal) => Err(refuse(refusal, &login, state.counters.throttle, now)),
    }
}

/// The first login that asks starts the grace time: written before anything is shown.
fn begin_grace(config: &Config, store: &impl Store, user: &UserName, machine: &Machine) -> Result<(), Refused> {
    if config.enrollment.grace.as_seconds() == Seconds(0) {
        return Ok(());
    }
    let mut session = store.begin(user)?;
    match grace_begun(config, &session.state().counters, machine.now()?) {
        Some(next) => written(session.write_counters(&next)?),
        None => Ok(()),
    }
}

/// Not enrolled, but there is time left: let through, told to set it up, and counted from the first such login.
fn grace(config: &Config, login: &Login, store: &impl Store, user: &UserName, machine: &Machine) -> Verdict {
    let mut session = store.begin(user)?;
    let now = machine.now()?;
    let state = session.state();
    let Plan::Grace(until) = plan(config, login, state.record.as_ref(), &state.counters, now) else {
        return Err(settings_changed());
    };
    if let Some(next) = grace_begun(config, &state.counters, now) {
        written(session.write_counters(&next)?)?;
    }
    drop(session);
    machine.log(&Event::Grace { until });
    if !config.enrolls_on(login.service) {
        machine.tell(&Notice::CannotEnrollHere);
    }
    Ok(Granted::Proven)
}

/// Nothing written, because someone else changed the state: nobody is let in on it.
pub(crate) fn written(written: Written) -> Result<(), Refused> {
    match written {
        Written::Committed => Ok(()),
        Written::Conflict => Err(settings_changed()),
    }
}

/// A blocked user: nothing is asked. If the clock has gone back since the block began, the block is counted from now
/// once, so that it ends.
fn blocked(config: &Config, login: &Login, store: &impl Store, user: &UserName, machine: &Machine) -> Verdict {
    let mut session = store.begin(user)?;
    let now = machine.now()?;
    let state = session.state();
    let throttle = state.counters.throttle;
    let Plan::Refuse(refusal) = plan(config, login, state.record.as_ref(), &state.counters, now) else {
        // Unblocked in this very moment.
        return Err(settings_changed());
    };
    rebase_block(&mut session, now)?;
    Err(refuse(refusal, login, throttle, now))
}

/// If the clock has gone back since the block began, counts the block from now.
fn rebase_block(session: &mut impl Session, now: UnixTime) -> Result<(), Refused> {
    let counters = &session.state().counters;
    if let Some(throttle) = rebased(counters.throttle, now) {
        let next = Counters { throttle, ..counters.clone() };
        // A conflict means someone else is changing the state; the block stands all the same.
        let _ = session.write_counters(&next)?;
    }
    Ok(())
}

/// A refusal in words, for the person and for the log.
pub(crate) fn refuse(refusal: Refusal, login: &Login, throttle: Throttle, now: UnixTime) -> Refused {
    let failures = throttle.failures;
    match refusal {
        Refusal::Blocked(BlockEnd::At(end)) => {
            Refused::person(Notice::BlockedFor(now.until(end)), Event::Blocked { until: Some(end), failures })
        }
        Refusal::Blocked(BlockEnd::Unblock) => {
            Refused::person(Notice::BlockedForGood, Event::Blocked { until: None, failures })
        }
        Refusal::CannotEnrollHere => Refused::because(RefusedReason::CannotEnrollHere, Notice::CannotEnrollHere),
        Refusal::Uncommitted => {
            let problem = format!("misconfigured: no account line for {}", login.service);
            Refused::person(Notice::NotAvailable, Event::Misconfigured { problem })
        }
    }
}
