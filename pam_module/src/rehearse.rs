//! A rehearsal: what a rule would come to if it required a code, for the log.
//!
//! Invariants: decides nothing, asks nothing, writes nothing; whatever goes wrong in it is logged and refuses nobody. That
//! the login passes is the rule's decision, made from the configuration alone before any state is opened (I5).

use std::panic::{AssertUnwindSafe, catch_unwind};

use countersign_common::audit::{Event, Rehearsal};
use countersign_common::config::Config;
use countersign_common::decision::{Demand, Plan, Refusal, plan};
use countersign_common::store::Store;
use countersign_common::system::Account;

use crate::log;
use crate::login::{Machine, Person, open_store};

/// Logs what would have happened. Someone without an account here is refused by others, and not logged: the name may be
/// a password typed at the wrong prompt.
pub(crate) fn rehearse(machine: &Machine, config: &Config, person: &Person, rule: usize) {
    let Person::Known(account) = person else { return };
    let rehearsed = catch_unwind(AssertUnwindSafe(|| {
        let (then, detail) = match planned(machine, config, account) {
            Ok(plan) => outcome(plan),
            Err(problem) => (Rehearsal::Refuse, Some(problem)),
        };
        machine.log(&Event::Rehearsed { rule, then, detail });
    }));
    if rehearsed.is_err() {
        log::write_bug(machine.handle);
    }
}

/// What would be planned, on state that is read and left as it is.
fn planned(machine: &Machine, config: &Config, account: &Account) -> Result<Plan, String> {
    let store = open_store(machine, config).map_err(|_| "the state directory cannot be trusted".to_owned())?;
    let state = store.view(&account.name).map_err(|error| error.to_string())?;
    let login = machine.login(config, account, Demand::Required);
    let now = machine.now().map_err(|error| error.to_string())?;
    Ok(plan(config, &login, state.record.as_ref(), &state.counters, now))
}

fn outcome(plan: Plan) -> (Rehearsal, Option<String>) {
    let because = |why: &str| Some(why.to_owned());
    match plan {
        // With a code required it is never ignored.
        Plan::Ask | Plan::Ignore => (Rehearsal::Ask, None),
        Plan::AskRecovery(_) | Plan::Refuse(Refusal::Blocked(_)) => (Rehearsal::Refuse, because("blocked")),
        Plan::Enroll(_) => (Rehearsal::Enroll, None),
        Plan::Grace(_) => (Rehearsal::Grace, None),
        Plan::Refuse(Refusal::CannotEnrollHere) => (Rehearsal::Refuse, because("cannot enroll here")),
        Plan::Refuse(Refusal::Uncommitted) => (Rehearsal::Refuse, because("no account line")),
    }
}
