//! `pam add`: where our two lines go is tried on a model of libpam before it is shown.

use countersign_common::config::Config;
use countersign_common::token::UnixTime;

use super::file::ServiceFile;
use super::pending::{Pending, Waiting};
use super::{Asking, Change, agreed, log_change, once, pending, timer};
use crate::arguments::PamAdd;
use crate::commands::doctor::{Look, look_at};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::output::{Output, Verdict};
use crate::pam::edit::{ACCOUNT_LINE, AUTH_LINE, Overlay, OwnFile, own_file, with_our_lines};
use crate::pam::files::{Files, Host};
use crate::pam::modules::OURS;
use crate::pam::service::{Handler, Module, Phase, Service};

/// What would be written, and what that comes to.
type Proposal = (Change, Look);

/// `pam add`
pub(super) fn add(config_path: &str, arguments: &PamAdd, output: &mut Output) -> Result<Verdict, Failure> {
    // What the next login will need: a stack that asks a module which refuses everyone helps nobody.
    let desk = Desk::open(config_path)?;
    let files = Host::new();
    if files.has_module(OURS) == Some(false) {
        return Err(Failure::new(format!("{OURS} is not installed, and a stack that names it would refuse everyone"))
            .hint("install it first: make install"));
    }
    if arguments.confirm.is_some() {
        timer::possible()?;
        pending::refuse_if_any()?;
    }
    let mut verdict = Verdict::Done;
    let mut changes: Vec<Change> = Vec::new();
    // A service may include the file of another one that was named, too.
    let mut edited = Overlay::new(&files);
    for name in once(&arguments.services)? {
        match proposal(&edited, &desk.config, &name) {
            Ok(None) => output.line(format_args!("{name}: has both lines already")),
            Ok(Some((change, look))) => {
                output.line(format_args!("{name}: with this,"));
                look.logins.iter().for_each(|login| output.line(format_args!("  {login}")));
                look.remarks.iter().for_each(|remark| output.warning(remark));
                for other in others_that_ask(&edited, &name) {
                    output
                        .warning(&format!("{other} asks for a code as well; to have one of them, take that line out"));
                }
                edited = edited.with(change.edited());
                changes.push(change);
            }
            Err(failure) => {
                output.failure(&failure);
                verdict = Verdict::Failed;
            }
        }
    }
    if changes.is_empty() {
        return Ok(verdict);
    }
    agreed(&changes, Asking::unless(arguments.yes), output)?;
    let now = desk.now()?;
    let until = arguments.confirm.map(|patience| now.plus(patience.0));
    let waiting = copied(&changes, now)?;
    if let Some(until) = until {
        let pending = Pending { since: now, until, waiting };
        pending.store()?;
        timer::start(config_path, until).inspect_err(|_| {
            let _ = pending::forget();
        })?;
    }
    for change in &changes {
        change.file.replace(&change.after)?;
        log_change(&change.service, "pam_add");
        output.line(format_args!("{}: written", change.file.path));
    }
    output.remark(&what_next(&changes, until));
    Ok(verdict)
}

/// Lines of other second factors.
fn others_that_ask(files: &dyn Files, name: &str) -> Vec<String> {
    const OTHERS: [&str; 4] = ["pam_google_authenticator.so", "pam_oath.so", "pam_yubico.so", "pam_duo.so"];
    let service = Service::read(files, name);
    let asks = |handler: &&Handler| handler.module().is_some_and(|module| OTHERS.contains(&module.name()));
    let named = |handler: &Handler| {
        let module = handler.module().map(Module::name).unwrap_or_default();
        format!("{}: {module}", handler.place)
    };
    service.stack(Phase::Auth).iter().filter(asks).map(named).collect()
}

/// Copies of what stands and of what will stand.
fn copied(changes: &[Change], now: UnixTime) -> Result<Vec<Waiting>, Failure> {
    let when = now.to_string().replace(':', "-");
    let copy = |change: &Change| {
        let before = change.file.copied(&change.file.text, "before", &when)?;
        let after = change.file.copied(&change.after, "after", &when)?;
        Ok(Waiting { service: change.service.clone(), before, after })
    };
    changes.iter().map(copy).collect()
}

fn what_next(changes: &[Change], until: Option<UnixTime>) -> String {
    let names: Vec<&str> = changes.iter().map(|change| change.service.as_str()).collect();
    let (listed, words) = (names.join(", "), names.join(" "));
    match until {
        Some(until) => format!(
            "log in anew by {listed}, with a code, before {until}; a service by which nobody did is then as it was (to keep \
             it all the same: countersign pam keep)"
        ),
        None => {
            format!(
                "keep this session open, and log in anew by {listed}; to take it back: countersign pam remove {words}"
            )
        }
    }
}

/// Tries the places where our lines could go, and takes the first in which all is well; `None` if they are there.
fn proposal(files: &Overlay, config: &Config, name: &str) -> Result<Option<Proposal>, Failure> {
    let service = Service::read(files, name);
    let unfit = |why: &dyn std::fmt::Display| by_hand(name, &why.to_string());
    let own = own_file(files, &service).map_err(|error| unfit(&error))?;
    let file = ServiceFile::read(name)?;
    let own = OwnFile { text: file.text.clone(), ..own };
    let shut_before = look_at(files, Some(config), name).shut;
    let mut why = None;
    let texts = with_our_lines(&service, &own).map_err(|error| unfit(&error))?;
    if texts.is_empty() {
        return Ok(None);
    }
    for after in texts {
        let edited = OwnFile { text: after, ..own.clone() };
        let look = look_at(&files.with(edited.clone()), Some(config), name);
        let newly_shut = look.shut.iter().find(|login| !shut_before.contains(login));
        // What refuses without our lines is no reason to leave them out.
        let is_old = |problem: &&String| shut_before.iter().any(|login| problem.contains(&format!("({login}")));
        let problem = look.problems.iter().find(|problem| !is_old(problem)).cloned();
        let problem = problem.or_else(|| newly_shut.map(|login| format!("{login} would be refused")));
        match problem {
            None => {
                let change = Change { service: name.to_owned(), file, after: edited.text };
                return Ok(Some((change, look)));
            }
            Some(problem) => why = Some(problem),
        }
    }
    Err(by_hand(name, &why.unwrap_or_default()))
}

/// A refusal, with what to do instead.
fn by_hand(name: &str, why: &str) -> Failure {
    Failure::new(format!("{name}: nothing is written: {why}"))
        .hint(format!("by hand, directly after what checks the password, where a wrong one cannot come: {AUTH_LINE}"))
        .hint(format!("and before the first account line that looks at accounts: {ACCOUNT_LINE}"))
        .hint("whole stacks to go by: README, The PAM stacks; what a stack does: countersign doctor")
}
