//! What is to be mended in the PAM stacks, to the line.

use std::rc::Rc;

use countersign_common::config::Config;

use super::advice::end_before_us;
use super::finding::Severity;
use super::notes::{Findings, Note, shown};
use super::refusals::refused;
use super::services::Nature;
use super::stacks::{Examined, Login, is_ours_in, skipped};
use super::verdict::Word;
use crate::pam::auth::our_auth_lines;
use crate::pam::modules::{Person, Role};
use crate::pam::service::{Handler, Job, Module, Phase, Place, Service};
use crate::pam::walk::Decisive;

/// What the finding about a line says whose module is not there: libpam goes on, or refuses.
pub(super) const NOT_INSTALLED: &str = "the module is not installed";
/// How the finding about a gate ends that does not end the stack.
pub(super) const STORED_BEFORE: &str = "has stored what was proven before";

/// All that is to be mended in a service that has lines of ours.
pub(super) fn findings_of(examined: &Examined, config: Option<&Config>, found: &mut Findings) {
    let service = &examined.service;
    if examined.nature == Nature::Nobody {
        return;
    }
    if let Some(why) = &service.broken {
        found.add(service, None, Note::error(format!("libpam refuses every login: {why}"), "mend that"));
    }
    if !is_ours_in(service) {
        return;
    }
    arguments(service, found);
    refused(examined, found);
    unusable(service, found);
    missing(&examined.missing, service, found);
    unproven(examined, found);
    let is_skipped = config.is_some_and(|config| skipped(config, &service.name).is_some());
    for login in &examined.logins {
        weak(service, login, found);
        if !is_skipped {
            account(service, login, config, found);
        }
    }
    if !is_skipped {
        unanswered(examined, found);
    }
}

fn is_our_handler(handler: &Handler) -> bool {
    handler.module().is_some_and(|module| module.role() == Role::Ours)
}

/// The service's own line through which our module comes in.
pub(super) fn our_entry(service: &Service) -> Option<Rc<Place>> {
    service.stack(Phase::Auth).iter().find(|handler| is_our_handler(handler)).map(|handler| Rc::clone(&handler.place))
}

/// Lines libpam cannot use, or reads in more than one way.
fn unusable(service: &Service, found: &mut Findings) {
    for handler in [Phase::Auth, Phase::Account].into_iter().flat_map(|phase| service.stack(phase)) {
        match &handler.job {
            Job::Fails(_) if found.has_error_at(&handler.place) => {}
            Job::Fails(fault) => {
                let note = Note::warning(format!("libpam cannot use this line: {fault}"), "mend or remove it");
                found.add(service, Some(&handler.place), note);
            }
            Job::Module(module) if !handler.control.is_sound() => {
                let problem = format!("libpam cannot read the control, so {} always fails", module.name());
                found.add(service, Some(&handler.place), Note::error(problem, "mend the control"));
            }
            Job::Module(_) | Job::Substack => {}
        }
    }
    for handler in service.stack(Phase::Session) {
        if let Job::Fails(fault) = &handler.job {
            let problem = format!(
                "libpam cannot use this line: {fault}; no session can be opened, and most programs refuse then"
            );
            found.add(service, Some(&handler.place), Note::warning(problem, "mend or remove it"));
        }
    }
    for place in &service.ambiguous {
        let note = Note::warning(
            "a comment or an empty line stands inside a line that goes on, which not every libpam reads alike",
            "join the lines",
        );
        found.add(service, Some(place), note);
    }
}

/// Modules that are not there.
fn missing(places: &[Rc<Place>], service: &Service, found: &mut Findings) {
    for place in places {
        if found.has_error_at(place) {
            continue;
        }
        let note = Note::warning(NOT_INSTALLED, "install it, or remove the line");
        found.add(service, Some(place), note);
    }
}

/// What someone with a wrong password comes to.
fn unproven(examined: &Examined, found: &mut Findings) {
    let (service, facts) = (&examined.service, &examined.unproven);
    let place = our_entry(service);
    let after = || after_the_password(examined);
    let looks_at_passwords = |handler: &Handler| handler.module().is_some_and(Module::checks_passwords);
    if facts.code_enters {
        let note = if service.stack(Phase::Auth).iter().any(looks_at_passwords) {
            let remedy = facts.let_by.as_ref().map_or_else(after, |line| end_before_us(service, &line.beside_us));
            Note::error(
                "a code alone lets in: whoever has a wrong password is asked, and a right code is enough",
                remedy,
            )
        } else {
            Note::warning(
                "a code alone lets in: no line looks at a password",
                "right only for sshd, and there with `AuthenticationMethods publickey,keyboard-interactive`",
            )
        };
        found.add(service, place.as_deref(), note);
    } else if facts.reaches_us {
        let (place, note) = if let Some(line) = &facts.let_by {
            let problem = format!("a wrong password goes on from {} to our line", line.module);
            (Some(Rc::clone(&line.place)), Note::error(problem, end_before_us(service, &line.beside_us)))
        } else {
            let problem = "our line stands before the password, so anyone is asked";
            (place.clone(), Note::error(problem, after()))
        };
        found.add(service, place.as_deref(), note);
    }
    if facts.nothing_enters {
        let note = Note::error("lets in without any password whoever does not use 2FA", "mend the stack");
        found.add(service, place.as_deref(), note);
    }
}

/// Where our line belongs that stands before the password; if there is no such place yet, how it is made.
fn after_the_password(examined: &Examined) -> String {
    let service = &examined.service;
    let Some(ours) = our_entry(service) else { return String::new() };
    if let Some(place) = &examined.belongs_after {
        return format!("move {ours} after {}", shown(place));
    }
    let checks = |handler: &&Handler| handler.module().is_some_and(Module::checks_passwords);
    let last = service.stack(Phase::Auth).iter().rev().find(checks);
    last.map_or_else(
        || "let a line check a password before it".to_owned(),
        |handler| end_before_us(service, handler.entry_in(&ours.file)),
    )
}

/// Arguments on our lines that the module does not know.
fn arguments(service: &Service, found: &mut Findings) {
    for handler in [Phase::Auth, Phase::Account].iter().flat_map(|phase| service.stack(*phase)) {
        let module = handler.module().filter(|module| module.role() == Role::Ours);
        if let Some(argument) = module.and_then(Module::unknown_argument) {
            let (problem, remedy) = if argument.starts_with("config=") {
                (
                    format!("`{argument}` names no absolute path, so everyone is refused"),
                    "write the whole path, from `/` on",
                )
            } else {
                let problem = format!("the module knows no argument `{argument}`, so everyone is refused");
                (problem, "take it out; there are `config=PATH` and `debug`")
            };
            found.add(service, Some(&handler.place), Note::error(problem, remedy));
        }
    }
}

/// What takes the worth from a code.
fn weak(service: &Service, login: &Login, found: &mut Findings) {
    let auth = &login.auth;
    let Some(ours) = our_entry(service) else { return };
    if auth.wrong_code_enters {
        let note = Note::error("a wrong code lets in as well", "make the control `required`");
        found.add(service, Some(&ours), note);
    }
    for line in auth.skipped_by.iter().filter(|_| login.kind.role != Role::Root) {
        let problem = if auth.asked {
            format!("{} may lead past our line, and then no code is asked for", line.module)
        } else {
            format!("{} leads past our line, so no code is asked for", line.module)
        };
        // Whom a condition spares is spared on purpose as a rule.
        let is_spared = line.role == Some(Role::Condition) && login.kind.person == Person::Root;
        let remedy = match login.kind.role {
            Role::LocalPassword | Role::OtherPassword if !auth.asked && line.role != Some(Role::Condition) => {
                end_before_us(service, &line.beside_us)
            }
            _ => unless_meant(line),
        };
        let severity = if auth.asked || is_spared { Severity::Warning } else { Severity::Error };
        found.add(service, Some(&line.place), Note { severity, problem, remedy });
    }
    for line in &auth.may_fail_after {
        let problem = format!("{} may still refuse after our line, where a code is already used up", line.module);
        found.add(service, Some(&line.place), Note::warning(problem, format!("move it before {ours}")));
    }
    if auth.twice {
        let places: Vec<String> = our_auth_lines(service).iter().map(ToString::to_string).collect();
        let problem =
            format!("the code is asked for more than once ({}), and no code is accepted twice", places.join(", "));
        found.add(service, Some(&ours), Note::error(problem, "keep one of the lines"));
    }
}

/// What to do about a line that leads past ours and need not lead elsewhere.
fn unless_meant(line: &Decisive) -> String {
    let to_us = line.to_us.filter(|lines| *lines > 0 && line.role != Some(Role::Condition));
    let jump =
        to_us.map(|lines| format!(", or make its control `[success={lines} default=ignore]`, to come to our line"));
    format!("unless that is meant, remove the line{}", jump.unwrap_or_default())
}

/// Whether what was proven takes effect.
fn account(service: &Service, login: &Login, config: Option<&Config>, found: &mut Findings) {
    let facts = &login.account;
    // Where nobody can enroll anyway, there is never anything to store.
    let can_enroll = config.is_none_or(|config| config.enrollment.services.contains(&service.name));
    if login.verdict == Word::Refused || !login.auth.asked || !can_enroll {
        return;
    }
    let Some(line) = facts.lines.first() else {
        let problem = "there is no account line of ours, so nobody can enroll or turn 2FA off here";
        let line = "account required pam_countersign.so";
        match before_what(service) {
            Some(place) => {
                let note = Note::error(problem, format!("put `{line}` before {}", shown(&place)));
                found.add(service, Some(&place), note);
            }
            None => found.add(service, None, Note::error(problem, format!("add `{line}`"))),
        }
        return;
    };
    for past in facts.skipped_by.iter().filter(|_| facts.commit_enters) {
        let (severity, who) =
            if facts.reached { (Severity::Warning, "some cannot") } else { (Severity::Error, "nobody can") };
        let problem = format!("{} leads past our account line {line}, so {who} enroll here", past.module);
        let remedy = format!("move {line} before {}", shown(&past.beside_us));
        found.add(service, Some(&past.place), Note { severity, problem, remedy });
    }
    if facts.forgiving {
        let note =
            Note::error("our refusal does not count: what could not be stored lets in", "make the control `required`");
        found.add(service, Some(line), note);
    }
    if let Some(place) = &facts.left_out {
        let problem = format!("when something was proven, {place} is not asked any more");
        found.add(service, Some(line), Note::error(problem, "make the control `required`"));
    }
    if let Some(before) = facts.account_before.as_ref().filter(|_| facts.reached) {
        let problem = match &facts.expired_skips {
            Some(_) => format!("stands after {before}, and has no turn when the password has expired"),
            None => format!("stands after {before}"),
        };
        found.add(service, Some(line), Note::warning(problem, "put it before that line"));
    }
    for gate in facts.late_gates.iter().filter(|_| facts.reached) {
        let problem = format!("whom {} refuses {STORED_BEFORE}", gate.module);
        let remedy = format!("make it `requisite`, before {line}");
        found.add(service, Some(&gate.place), Note::warning(problem, remedy));
    }
    if facts.twice {
        found.add(service, Some(line), Note::warning("our account line has two turns", "keep one of them"));
    }
}

/// The line before which the account line belongs, beside our auth line: the first that looks at accounts.
fn before_what(service: &Service) -> Option<Rc<Place>> {
    let account = service.stack(Phase::Account);
    let checks = |handler: &&Handler| handler.module().is_some_and(Module::checks_passwords);
    let handler = account.iter().find(checks).or(account.first())?;
    let ours = our_entry(service);
    let place = ours.map_or(handler.entry(), |ours| handler.entry_in(&ours.file));
    Some(Rc::clone(place))
}

/// Services where nobody can answer.
fn unanswered(examined: &Examined, found: &mut Findings) {
    let service = &examined.service;
    let place = our_entry(service);
    if !examined.logins.iter().any(|login| login.auth.asked) {
        return;
    }
    let remedy =
        format!("take our line out of what it includes, or skip it by a rule: services = [\"{}\"]", service.name);
    match examined.nature {
        Nature::Locker => {
            let problem = format!("{} runs as the user, where nobody can be asked: it will not unlock", service.name);
            found.add(service, place.as_deref(), Note::error(problem, remedy));
        }
        Nature::Machine => {
            let problem = format!("{} cannot ask for a code: whoever uses 2FA is refused", service.name);
            found.add(service, place.as_deref(), Note::error(problem, remedy));
        }
        Nature::Person | Nature::Nobody => {}
    }
}
