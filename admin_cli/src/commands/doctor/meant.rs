//! Services that were meant to ask for a code, and do not: by what else stands in them, by what `pam add` did, by rules.
//!
//! Invariant: nobody is told to undo what was never there: each finding names what it goes by.

use std::rc::Rc;

use countersign_common::config::{Config, Outcome, Rule};

use super::finding::{Finding, Severity};
use super::notes::{Findings, Note, shown};
use super::services::{self, Nature};
use super::stacks::is_ours_in;
use crate::commands::pam::COPIES;
use crate::pam::absent::auth_line_belongs_after;
use crate::pam::files::Files;
use crate::pam::service::{Handler, Phase, Place, Service, find};
use crate::pam::walk::is_ours;

const AUTH_LINE: &str = "auth required pam_countersign.so";

/// All that shows that a service without an auth line of ours was meant to have one.
pub(super) fn meant(files: &dyn Files, service: &Service, found: &mut Findings) {
    if Nature::of(&service.name) == Nature::Nobody {
        return;
    }
    // In a file that others include it may be there for those.
    let own = |handler: &&Handler| is_ours(handler) && handler.through.is_empty();
    if let Some(line) = service.stack(Phase::Account).iter().find(own) {
        let problem = "our account line stands here without an auth line, so nobody is asked for a code";
        found.add(service, Some(&line.place), Note::error(problem, how_to_add(files, service)));
    } else if let Some((line, ours)) = passed_by(files, service) {
        let problem = format!("takes other lines than auth from there, and our auth line ({ours}) has no turn here");
        let remedy = format!("if a code is meant to be asked here, {}", how_to_add(files, service));
        found.add(service, Some(&line), Note::warning(problem, remedy));
    }
    if let Some((copy, time)) = put_in(files, &service.name) {
        let problem = format!(
            "our lines are gone, which `countersign pam add` put in at {time}: nobody is asked for a code here any more"
        );
        let remedy =
            format!("put them in again: countersign pam add {}; or, if that is meant, remove {copy}", service.name);
        found.add(service, None, Note::warning(problem, remedy));
    }
}

fn how_to_add(files: &dyn Files, service: &Service) -> String {
    let name = &service.name;
    match auth_line_belongs_after(files, service) {
        Some(place) => format!("put `{AUTH_LINE}` after {} (countersign pam add {name} does that)", shown(&place)),
        None => format!("try: countersign pam add {name}"),
    }
}

/// An include for another phase, of a file that has an auth line of ours: the include, and that line.
fn passed_by(files: &dyn Files, service: &Service) -> Option<(Rc<Place>, Rc<Place>)> {
    let included = |phase| service.stack(phase).iter().filter(|handler| !handler.through.is_empty());
    let others = [Phase::Account, Phase::Session, Phase::Password].into_iter().flat_map(included);
    others.into_iter().find_map(|handler| {
        let name = handler.place.file.rsplit('/').next()?;
        let whole = Service::read(files, name);
        let ours = whole.stack(Phase::Auth).iter().find(|other| is_ours(other) && other.through.is_empty())?;
        Some((Rc::clone(handler.entry()), Rc::clone(&ours.place)))
    })
}

/// The copy that shows that `pam add` put our lines in, and when; `None` if `pam remove` came after that.
fn put_in(files: &dyn Files, service: &str) -> Option<(String, String)> {
    let names = files.names(COPIES);
    let of = |what: &str| {
        let begin = format!("{service}.{what}.");
        let times = names.iter().filter_map(|name| name.strip_prefix(&begin));
        times.max().map(str::to_owned)
    };
    let (before, after) = (of("before"), of("after")?);
    let shown = |time: &str| time.split('.').next().unwrap_or(time).to_owned();
    // `pam add` keeps both at once, `pam remove` only what was before; a second copy of one second has a number more.
    let was_removed = before.is_some_and(|before| before > after);
    (!was_removed).then(|| (format!("{COPIES}/{service}.after.{after}"), shown(&after)))
}

/// Rules about services where no stack asks, or that are none.
pub(super) fn rules(files: &dyn Files, config: &Config, findings: &mut Vec<Finding>) {
    let services = services::all(files);
    let is_anywhere = services.iter().any(is_ours_in);
    for (number, rule) in (1_usize..).zip(&config.rules) {
        if rule.services.is_none() && rule.then == Outcome::Required && !is_anywhere {
            let problem = format!("rule {number} requires a code, and no service has a line of pam_countersign.so");
            // A host on which nothing is set up yet.
            findings.push(Finding::new(Severity::Warning, problem, "put our lines in: countersign pam add sshd"));
        }
        for name in rule.services.iter().flatten() {
            let known = services.iter().find(|service| service.name == *name);
            if let Some((severity, problem, remedy)) = named(files, known, rule, name) {
                let finding = Finding::new(severity, format!("rule {number} {problem}"), remedy);
                findings.push(Finding { services: vec![name.clone()], ..finding });
            }
        }
    }
}

/// What is wrong with a rule that names a service.
fn named(files: &dyn Files, known: Option<&Service>, rule: &Rule, name: &str) -> Option<(Severity, String, String)> {
    match (known, rule.then) {
        // What is skipped, or is shipped so, may come later.
        (_, Outcome::Skip) if known.is_some() || matches!(Nature::of(name), Nature::Locker | Nature::Machine) => None,
        (None, then) => {
            let reason = if find(files, name).is_some() {
                "which only other services include"
            } else {
                "and there is no such service in /etc/pam.d"
            };
            // A rule about nothing: nobody is less safe, but someone takes it for more.
            let severity = if then == Outcome::Required { Severity::Error } else { Severity::Warning };
            Some((severity, format!("names {name}, {reason}: it never matches there"), "mend the name".to_owned()))
        }
        (Some(service), Outcome::Required | Outcome::User | Outcome::Rehearse) if !is_ours_in(service) => {
            let (severity, does) = match rule.then {
                Outcome::Required => (Severity::Error, "requires a code on"),
                Outcome::Rehearse => (Severity::Warning, "rehearses"),
                _ => (Severity::Warning, "leaves it to the user on"),
            };
            let problem = format!("{does} {name}, and its stack has no auth line of ours: nobody is asked");
            Some((severity, problem, format!("put our lines in: countersign pam add {name}; or mend the rule")))
        }
        _ => None,
    }
}

/// `/etc/pam.conf`, which libpam reads only where there is no directory of services.
pub(super) fn one_file(files: &dyn Files, findings: &mut Vec<Finding>) {
    use crate::pam::files::DIRECTORIES;
    const PATH: &str = "/etc/pam.conf";
    let Some(text) = files.text(PATH) else { return };
    let is_line = |line: &&str| !line.trim_start().starts_with('#') && !line.trim().is_empty();
    if !DIRECTORIES.iter().any(|directory| files.has_directory(directory)) {
        if text.lines().any(|line| is_line(&line)) {
            let problem = format!(
                "{PATH}: decides about all logins, since there is no /etc/pam.d, and the doctor does not read it"
            );
            let remedy = "make /etc/pam.d, with a file for each service that holds its lines without the first word";
            findings.push(Finding { file: Some(PATH.to_owned()), ..Finding::new(Severity::Error, problem, remedy) });
        }
        return;
    }
    let ours = (1..).zip(text.lines()).find(|(_, line)| is_line(line) && line.contains(crate::pam::modules::OURS));
    if let Some((number, line)) = ours {
        let service = line.split_whitespace().next().unwrap_or_default();
        let problem =
            format!("{PATH}:{number}: has no effect: libpam does not read this file where there is /etc/pam.d");
        let remedy = format!("put the line into /etc/pam.d/{service}, without its first word");
        let finding = Finding::new(Severity::Info, problem, remedy);
        findings.push(Finding { file: Some(PATH.to_owned()), line: Some(number), ..finding });
    }
}
