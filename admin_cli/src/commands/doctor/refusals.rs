//! Who is refused with everything right: the line that causes it, and what to write there.
//!
//! Invariant: the kind of login stands in parentheses in every sentence, so that what was so before can be told apart.

use super::finding::Severity;
use super::notes::{Findings, Note, shown};
use super::stack_findings::our_entry;
use super::stacks::{Examined, Login};
use crate::pam::code::Code;
use crate::pam::control::Action;
use crate::pam::modules::{OURS, Person};
use crate::pam::refusal::Refusal;
use crate::pam::service::{Phase, Service};
use crate::pam::walk::Decisive;

/// Nobody, or nobody without 2FA, gets in.
pub(super) fn refused(examined: &Examined, found: &mut Findings) {
    let service = &examined.service;
    let nobody_enters = !examined.logins.iter().any(|login| login.auth.enters && login.account.idle_enters);
    for login in &examined.logins {
        // What keeps root out is often meant.
        let grave = nobody_enters && login.kind.person != Person::Root;
        if !login.auth.enters {
            told(examined, login, Phase::Auth, severity(grave), found);
        } else if !login.account.commit_enters {
            told(examined, login, Phase::Account, severity(grave), found);
        }
        abstaining(service, login, found);
    }
}

fn severity(grave: bool) -> Severity {
    if grave { Severity::Error } else { Severity::Warning }
}

/// Why a kind of login is refused. What cannot be meant is an error in any case.
fn told(examined: &Examined, login: &Login, phase: Phase, severity: Severity, found: &mut Findings) {
    let refusal = if phase == Phase::Auth { &login.auth.refused_by } else { &login.account.refused_by };
    let fault = examined.module_fault.as_deref();
    let kind = &login.kind;
    let last = format!("{} required pam_{}.so", phase.word(), if phase == Phase::Auth { "permit" } else { "unix" });
    let (place, note) = match refusal.as_ref() {
        None | Some(Refusal::Undecided(None)) => {
            let problem = format!("no {} line says yes, so nobody gets in ({kind})", phase.word());
            (None, Note { severity, problem, remedy: format!("let `{last}` be the last line") })
        }
        Some(Refusal::Undecided(Some(line))) => {
            let problem =
                format!("nobody gets in ({kind}): this is the last {} line, and none has said yes", phase.word());
            (Some(&line.place), Note { severity, problem, remedy: format!("put `{last}` after it") })
        }
        Some(Refusal::Starved(place)) => {
            let problem = format!(
                "nobody gets in ({kind}): `use_first_pass` takes a password that was asked for before, and no line before this asks"
            );
            (Some(place), Note::error(problem, "write `try_first_pass` in place of `use_first_pass`"))
        }
        Some(Refusal::OurControl(line)) => {
            let problem = format!("nobody who uses 2FA gets in ({kind}): the control refuses a right code");
            (Some(&line.place), Note::error(problem, "make the control `required`"))
        }
        Some(Refusal::Jump { line, lines, to_us }) => {
            let problem = format!("nobody gets in ({kind}): {} jumps over {lines}, past the last line", line.module);
            let remedy = to_us.map_or_else(
                || format!("let it jump to a line that is there, or let `{last}` be the last line"),
                |to_us| format!("to come to our line: `{}={to_us}`", line.code),
            );
            (Some(&line.place), Note::error(problem, remedy))
        }
        Some(Refusal::Denied { line, over_us: Some(ours), .. }) => {
            let problem = format!(
                "nobody gets in ({kind}): our line is jumped over, and {} refuses ({})",
                line.module, line.place
            );
            (Some(ours), Note::error(problem, format!("move {ours} after {}", shown(&line.place))))
        }
        Some(Refusal::Denied { line, from, past, .. }) => denied(login, line, from.as_ref(), *past, severity),
        Some(Refusal::Line(line)) => match refusing(login, line, fault, severity) {
            Some(note) => (Some(&line.place), note),
            None => return,
        },
    };
    found.add(&examined.service, place.map(|place| &**place), note);
}

/// Someone who has everything right comes to a line that denies everyone.
fn denied<'line>(
    login: &Login,
    line: &'line Decisive,
    from: Option<&'line Decisive>,
    past: Option<u32>,
    severity: Severity,
) -> (Option<&'line std::rc::Rc<crate::pam::service::Place>>, Note) {
    let (kind, denies) = (&login.kind, &line.module);
    let Some(from) = from else {
        let problem = format!("nobody gets in ({kind}): no line says yes before {denies} is reached");
        let remedy = "unless that is meant, let a line before it check the password";
        return (Some(&line.place), Note { severity, problem, remedy: remedy.to_owned() });
    };
    let what = if from.module == OURS { "the right code" } else { "who has given what is asked for here" };
    let problem = format!("nobody gets in ({kind}): {what} comes to {denies} all the same ({})", line.place);
    let remedy = match (past, from.action) {
        (Some(past), Action::Jump(_)) => format!("let it jump over that line: `{}={past}`", from.code),
        (Some(past), _) if from.module != OURS => {
            format!("to come past that line: `[{}={past} default=ignore]`", from.code)
        }
        (Some(past), _) => format!("to come past that line: `[success={past} ignore={past} default=die]`"),
        (None, _) => format!("remove {}", shown(&line.place)),
    };
    (Some(&from.place), Note::error(problem, remedy))
}

/// A line says no, or cannot be used; `None` if that is told elsewhere.
fn refusing(login: &Login, line: &Decisive, fault: Option<&str>, severity: Severity) -> Option<Note> {
    let kind = &login.kind;
    let is_ours = line.module == OURS;
    Some(match line.code {
        Code::SERVICE_ERR if is_ours => return None,
        _ if line.is_unreadable => return None,
        Code::MODULE_UNKNOWN if is_ours => match fault {
            Some(fault) => {
                let problem = format!("the module cannot be loaded, so everyone is refused: {fault}");
                Note::error(problem, "install it again, or remove the line")
            }
            None => {
                Note::error("the module is not installed, so everyone is refused", "install it, or remove the line")
            }
        },
        Code::MODULE_UNKNOWN => {
            let silent = line.place.text.trim_start().starts_with('-');
            let though = if silent { "; the `-` before it only keeps that out of the log" } else { "" };
            let problem = format!(
                "nobody gets in ({kind}): {} is not installed, and that counts as a refusal{though}",
                line.module
            );
            Note { severity, problem, remedy: "install it, or remove the line".to_owned() }
        }
        Code::PERM_DENIED if line.is_fault => {
            let problem = format!("nobody gets in ({kind}): libpam cannot use this line: {}", line.module);
            Note::error(problem, "mend or remove it")
        }
        Code::SUCCESS => {
            let problem =
                format!("nobody gets in ({kind}): the control takes the yes of {} for a refusal", line.module);
            Note { severity, problem, remedy: "make the control `required`".to_owned() }
        }
        code => {
            let problem = format!("{} refuses everyone ({kind}: {code})", line.module);
            let remedy = "unless that is meant, remove the line or make it `optional`".to_owned();
            Note { severity, problem, remedy }
        }
    })
}

/// Who has nothing to prove, or to store.
fn abstaining(service: &Service, login: &Login, found: &mut Findings) {
    if let Some(ours) = our_entry(service).filter(|_| login.auth.asked && !login.auth.abstaining_enters) {
        let note = match &login.auth.abstaining_refused_by {
            Some(line) => Note::error(
                format!("who does not use 2FA is refused by {} ({}): our line abstains there", line.module, line.place),
                "make the control `required`, and let `auth required pam_permit.so` follow",
            ),
            None => Note::error(
                "who does not use 2FA is locked out: our line abstains, and nothing else decides",
                "put `auth required pam_permit.so` after it",
            ),
        };
        found.add(service, Some(&ours), note);
    }
    let account = &login.account;
    if let Some(line) = account.lines.first().filter(|_| account.commit_enters && !account.idle_enters) {
        let note = Note::error(
            "refuses everyone who has nothing to store: our account line abstains, and that is taken for a failure",
            "let `account required pam_unix.so` follow, and make the control `required`",
        );
        found.add(service, Some(line), note);
    }
}
