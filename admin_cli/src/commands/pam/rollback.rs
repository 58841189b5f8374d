//! `pam keep`, `pam rollback`: what becomes of a change that waits to be confirmed.
//!
//! Invariant: a change is taken back unless it is known that someone got in by it; what cannot be looked up is no login.

use countersign_common::store::Store;
use countersign_common::system::{Clock, SystemClock};

use super::Change;
use super::copies::{Side, copied};
use super::file::ServiceFile;
use super::lock::Lock;
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

/// How a change is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// All of it, now.
    AtOnce,
    /// As the timer does: when its time is over, and what nobody logged in by.
    UnlessConfirmed,
}

/// `pam keep`
pub(super) fn keep(output: &mut Output) -> Result<Verdict, Failure> {
    let _lock = Lock::take()?;
    let waited = Pending::load()?;
    finish(output)?;
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
pub(super) fn rollback(config: &str, how: How, output: &mut Output) -> Result<Verdict, Failure> {
    let _lock = Lock::take()?;
    let Some(pending) = Pending::load()? else {
        finish(output)?;
        output.line("nothing waits to be confirmed");
        return Ok(Verdict::Done);
    };
    if how == How::UnlessConfirmed && SystemClock.now()? < pending.until {
        output.line(format_args!("there is time until {}", pending.until));
        return Ok(Verdict::Done);
    }
    end(config, &pending, how, output)
}

/// Takes back what nobody confirmed in time and no timer took back, before anything else is done; the lock is held.
pub(super) fn overdue(config: &str, output: &mut Output) -> Result<(), Failure> {
    let Some(pending) = Pending::load()? else { return Ok(()) };
    if SystemClock.now()? < pending.until {
        return Ok(());
    }
    output.line(format_args!("a change was to be confirmed by {}, which is over:", pending.until));
    match end(config, &pending, How::UnlessConfirmed, output)? {
        Verdict::Done => Ok(()),
        Verdict::Failed => {
            Err(Failure::new("it could not be taken back").hint("mend that first; or: countersign pam keep"))
        }
    }
}

/// The end of a change that waited.
fn end(config: &str, pending: &Pending, how: How, output: &mut Output) -> Result<Verdict, Failure> {
    let confirmed = if how == How::UnlessConfirmed { confirmed(config, pending) } else { Vec::new() };
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
        finish(output)?;
    }
    Ok(verdict)
}

/// In this order: a timer for nothing does nothing, a change without a timer would stay.
fn finish(output: &mut Output) -> Result<(), Failure> {
    pending::forget()?;
    if let Err(failure) = timer::stop() {
        output.warning(&format!("{}; the timer may be left, and would find nothing to do", failure.message));
    }
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
    // Without the copies, our lines go.
    let copy = |path: &str| std::fs::read_to_string(path).ok();
    let (before, after) = (copy(&waiting.before), copy(&waiting.after));
    if before.as_ref() == Some(&file.text) {
        return Ok("is as it was");
    }
    if let (Some(before), true) = (before, after.as_ref() == Some(&file.text)) {
        replace(&Change { service: waiting.service.clone(), file, after: before, still: Vec::new() })?;
        return Ok("is as it was before");
    }
    let Some(change) = stripped(&Overlay::new(&Host::new()), &waiting.service)? else {
        return Ok("was changed meanwhile, and has no line of ours");
    };
    replace(&change)?;
    Ok("was changed meanwhile; only our lines are taken out")
}

/// The copy tells the doctor that our lines are gone because they were meant to go; without one it is taken back all the same.
fn replace(change: &Change) -> Result<(), Failure> {
    let _ = SystemClock.now().map(|now| copied(change, Side::Before, now));
    change.file.replace(&change.after)?;
    log_change(&change.service, "pam_rollback");
    Ok(())
}
