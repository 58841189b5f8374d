//! `pam add`: where our two lines go is tried on a model of libpam before it is shown.

use countersign_common::config::Config;
use countersign_common::token::UnixTime;

use super::copies::{Side, copied, prune};
use super::file::ServiceFile;
use super::lock::Lock;
use super::pending::{Pending, Waiting};
use super::{Asking, Change, agreed, log_change, once, pending, rollback, timer};
use crate::arguments::PamAdd;
use crate::commands::doctor::{Look, is_service, look_at, look_at_sshd, skipping_rule};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::output::{Output, Verdict};
use crate::pam::edit::{ACCOUNT_LINE, AUTH_LINE, Overlay, OwnFile, own_file, with_our_lines};
use crate::pam::files::{Files, Host};
use crate::pam::fragment::{includers, is_fragment_by_name};
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
    let alone = Lock::take()?;
    rollback::overdue(config_path, output)?;
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
                tell_of_sshd(&edited.with(change.edited()), &desk, &name, output);
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
    let _alone = agreed(&changes, Asking::unless(arguments.yes), alone, output)?;
    let until = written(config_path, &changes, arguments, desk.now()?, output)?;
    output.remark(&what_next(&changes, until));
    Ok(verdict)
}

/// Copies, timer, what waits, files: in this order, so that what waits has a timer whenever all this is cut short.
fn written(
    config_path: &str,
    changes: &[Change],
    arguments: &PamAdd,
    now: UnixTime,
    output: &mut Output,
) -> Result<Option<UnixTime>, Failure> {
    let until = arguments.confirm.map(|patience| now.plus(patience.0));
    let waiting = all_copied(changes, now)?;
    let copies: Vec<String> = waiting.iter().flat_map(|one| [one.before.clone(), one.after.clone()]).collect();
    if let Some(until) = until {
        // While a person was asked, another change may have come.
        pending::refuse_if_any()?;
        timer::start(config_path, until)?;
        let pending = Pending { since: now, until, waiting };
        pending.store().inspect_err(|_| {
            let _ = timer::stop();
        })?;
    }
    for change in changes {
        change.file.replace(&change.after)?;
        log_change(&change.service, "pam_add");
        output.line(format_args!("{}: written", change.file.path));
        prune(&change.service, &copies);
    }
    Ok(until)
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
fn all_copied(changes: &[Change], now: UnixTime) -> Result<Vec<Waiting>, Failure> {
    let copy = |change: &Change| {
        let (before, after) = (copied(change, Side::Before, now)?, copied(change, Side::After, now)?);
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
    refuse_shared(files, &service)?;
    refuse_skipped(config, name)?;
    let unfit = |why: &dyn std::fmt::Display| by_hand(&service, &why.to_string());
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
                let change = Change { service: name.to_owned(), file, after: edited.text, still: Vec::new() };
                return Ok(Some((change, look)));
            }
            Some(problem) => why = Some(problem),
        }
    }
    Err(by_hand(&service, &why.unwrap_or_default()))
}

/// A file that others include: every one of them would ask.
fn refuse_shared(files: &dyn Files, service: &Service) -> Result<(), Failure> {
    let name = &service.name;
    let is_known = is_fragment_by_name(name);
    if service.file.is_none() || (is_service(files, name) && !is_known) {
        return Ok(());
    }
    let others = includers(files, name);
    if others.is_empty() && !is_known {
        return Ok(());
    }
    let first: Vec<&str> = others.iter().take(5).map(String::as_str).collect();
    let more = others.len().saturating_sub(first.len());
    let listed = match (first.as_slice(), more) {
        ([], _) => String::new(),
        (_, 0) => format!(" ({})", first.join(", ")),
        (_, more) => format!(" ({} and {more} more)", first.join(", ")),
    };
    Err(Failure::new(format!(
        "{name}: nothing is written: this is no service, but what services include{listed}: each of them would ask for a \
         code, screen lockers and cron too, which cannot"
    ))
    .hint("name the services that shall ask, as in: countersign pam add sshd sudo"))
}

/// Where a rule skips the service, the lines would do nothing until the rule goes, and then what it was there to prevent.
fn refuse_skipped(config: &Config, name: &str) -> Result<(), Failure> {
    skipping_rule(config, name).map_or(Ok(()), |rule| {
        Err(Failure::new(format!(
            "{name}: nothing is written: rule {rule} of the configuration skips this service, so nobody would be asked; \
             screen lockers run as the user, where nobody can be"
        ))
        .hint("if this service is to ask, take it out of that rule first: man countersign.toml"))
    })
}

/// What sshd itself makes of the stack: it may never ask, or refuse whoever uses 2FA.
fn tell_of_sshd(files: &dyn Files, desk: &Desk, name: &str, output: &mut Output) {
    if name != "sshd" {
        return;
    }
    let (logins, problems) = look_at_sshd(files, desk);
    for login in logins {
        output.line(format_args!("  {login}"));
    }
    for problem in problems {
        output.warning(&problem);
    }
}

/// A refusal, with what to do instead.
fn by_hand(service: &Service, why: &str) -> Failure {
    let name = &service.name;
    let failure = Failure::new(format!("{name}: nothing is written: {why}"))
        .hint(format!("by hand, directly after what checks the password, where a wrong one cannot come: {AUTH_LINE}"))
        .hint(format!("and before the first account line that looks at accounts: {ACCOUNT_LINE}"));
    let besides = besides_the_password(service);
    let failure = if besides.is_empty() {
        failure
    } else {
        failure.hint(format!(
            "where lines of its own take the place of an include, they keep what that does besides, in its order: {}",
            besides.join(", ")
        ))
    };
    failure.hint("whole stacks to go by: README, The PAM stacks; what a stack does: countersign doctor")
}

/// Auth lines of included files that do something else than look at the password: counting failures, an environment.
fn besides_the_password(service: &Service) -> Vec<String> {
    const VERDICTS: [&str; 2] = ["pam_deny.so", "pam_permit.so"];
    let mut lines: Vec<String> = Vec::new();
    for handler in service.stack(Phase::Auth).iter().filter(|handler| !handler.through.is_empty()) {
        let Some(module) = handler.module() else { continue };
        if module.checks_passwords() || module.name() == OURS || VERDICTS.contains(&module.name()) {
            continue;
        }
        let words: Vec<&str> = handler.place.text.split_whitespace().collect();
        let line = format!("`{}`", words.join(" "));
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}
