//! The auth phase, step by step as the design numbers them.

use countersign_common::audit::{Event, RefusedReason};
use countersign_common::config::Config;
use countersign_common::counters::{Counters, Throttle};
use countersign_common::decision::{BlockEnd, Login, Plan, Refusal, plan, rebased};
use countersign_common::notice::Notice;
use countersign_common::record::{NO_UID, Record, UserName};
use countersign_common::store::{FileStore, Session, Store};
use countersign_common::token::UnixTime;

use crate::login::{Machine, Person, Ruled, open_store};
use crate::outcome::{Granted, Refused, Verdict};
use crate::pending::edition_of;
use crate::{ask, enroll};

/// Decides about one login, asking whatever has to be asked.
pub(crate) fn authenticate(machine: &mut Machine) -> Verdict {
    let config = machine.config()?;
    let person = machine.person()?;
    let Ruled::Demand(demand) = machine.ruled(&config, &person) else { return Ok(Granted::NotInUse) };
    let Person::Known(account) = person else { return ask::stranger(machine, &config) };
    let store = open_store(&config)?;
    let state = store.view(&account.name)?;
    let login = machine.login(&config, &account, demand);
    let now = machine.now()?;
    if let Some(record) = state.record.as_ref().filter(|record| ![account.uid, NO_UID].contains(&record.uid)) {
        machine.log_other_uid(record.uid, account.uid);
    }
    let lengths = state.record.as_ref().map(Record::code_lengths).unwrap_or_default();
    match plan(&config, &login, state.record.as_ref(), &state.counters, now) {
        Plan::Ignore => Ok(Granted::NotInUse),
        Plan::Ask => ask::enrolled(machine, &config, &login, &store, &account.name, &lengths),
        Plan::Enroll(disabling) => {
            enroll::enroll(machine, &config, &login, &store, &account.name, edition_of(&state), disabling)
        }
        Plan::Refuse(Refusal::Blocked(_)) => blocked(&config, &login, &store, &account.name, machine),
        Plan::Refuse(refusal) => Err(refuse(refusal, &login, state.counters.throttle, now)),
    }
}

/// A blocked user: nothing is asked. If the clock has gone back since the block began, the block is counted from now
/// once, so that it ends.
fn blocked(config: &Config, login: &Login, store: &FileStore, user: &UserName, machine: &Machine) -> Verdict {
    let mut session = store.begin(user)?;
    let now = machine.now()?;
    let state = session.state();
    let throttle = state.counters.throttle;
    let Plan::Refuse(refusal) = plan(config, login, state.record.as_ref(), &state.counters, now) else {
        // Unblocked in this very moment.
        return Err(Refused::because(RefusedReason::SettingsChanged, Notice::SettingsChanged));
    };
    if let Some(throttle) = rebased(throttle, now) {
        let next = Counters { throttle, ..state.counters.clone() };
        // A conflict means someone else is changing the state; the block stands all the same.
        let _ = session.write_counters(&next)?;
    }
    Err(refuse(refusal, login, throttle, now))
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
