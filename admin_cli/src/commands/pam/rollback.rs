//! `pam keep`, `pam rollback`: what becomes of a change that waits to be confirmed.
//!
//! Invariant: a change is taken back unless it is known that someone got in by it; what cannot be looked up is no login.

use countersign_common::store::Store;
use countersign_common::system::{Clock, SystemClock};

use super::file::ServiceFile;
use super::pending::{self, Pending, Waiting};
use super::remove::stripped;
use super::{log_change, timer};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::output::{Output, Verdict};
use crate::pam::edit::Overlay;
use crate::pam::files::Host;

/// As much of a service's name as the counters keep.
const KEPT_OF_A_NAME: usize = 24;

/// `pam keep`
pub(super) fn keep(output: &mut Output) -> Result<Verdict, Failure> {
    let waited = Pending::load()?;
    finish()?;
    match waited {
        Some(pending) => {
            for Waiting { service, .. } in &pending.waiting {
                output.line(format_args!("{service}: kept"));
            }
        }
        None => output.line("nothing waits to be confirmed"),
    }
    Ok(Verdict::Done)
}

/// `pam rollback`
pub(super) fn rollback(config: &str, unless_confirmed: bool, output: &mut Output) -> Result<Verdict, Failure> {
    let Some(pending) = Pending::load()? else {
        finish()?;
        output.line("nothing waits to be confirmed");
        return Ok(Verdict::Done);
    };
    if unless_confirmed && SystemClock.now()? < pending.until {
        output.line(format_args!("there is time until {}", pending.until));
        return Ok(Verdict::Done);
    }
    let confirmed = if unless_confirmed { confirmed(config, &pending) } else { Vec::new() };
    let mut verdict = Verdict::Done;
    for waiting in &pending.waiting {
        let service = &waiting.service;
        if confirmed.contains(service) {
            output.line(format_args!("{service}: someone logged in with a code; it stays"));
            continue;
        }
        match taken_back(waiting) {
            Ok(sentence) => output.line(format_args!("{service}: {sentence}")),
            Err(failure) => {
                output.failure(&failure);
                verdict = Verdict::Failed;
            }
        }
    }
    // What failed can be tried again.
    if verdict == Verdict::Done {
        finish()?;
    }
    Ok(verdict)
}

fn finish() -> Result<(), Failure> {
    pending::forget()?;
    timer::stop();
    Ok(())
}

/// The services by which someone logged in with a code since.
fn confirmed(config: &str, pending: &Pending) -> Vec<String> {
    let Ok(desk) = Desk::open(config) else { return Vec::new() };
    let last = desk.store.users().unwrap_or_default().into_iter().filter_map(|user| {
        let state = desk.store.view(&user).ok()?;
        state.counters.last_accepted.filter(|last| last.at >= pending.since)
    });
    let used: Vec<String> = last.map(|last| last.service).collect();
    let kept = |service: &String| service.chars().take(KEPT_OF_A_NAME).collect::<String>();
    let services = pending.waiting.iter().map(|waiting| waiting.service.clone());
    services.filter(|service| used.contains(&kept(service))).collect()
}

/// Puts what stood there back; where someone changed the file meanwhile, only our lines go.
fn taken_back(waiting: &Waiting) -> Result<&'static str, Failure> {
    let file = ServiceFile::read(&waiting.service)?;
    let copy = |path: &str| std::fs::read_to_string(path).map_err(|error| Failure::new(format!("{path}: {error}")));
    let (before, after) = (copy(&waiting.before)?, copy(&waiting.after)?);
    if file.text == before {
        return Ok("is as it was");
    }
    if file.text == after {
        file.replace(&before)?;
        log_change(&waiting.service, "pam_rollback");
        return Ok("is as it was before");
    }
    let Some(change) = stripped(&Overlay::new(&Host::new()), &waiting.service)? else {
        return Ok("was changed meanwhile, and has no line of ours");
    };
    change.file.replace(&change.after)?;
    log_change(&waiting.service, "pam_rollback");
    Ok("was changed meanwhile; only our lines are taken out")
}
