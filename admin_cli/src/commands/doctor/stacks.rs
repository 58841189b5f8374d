//! The doctor's look at the PAM stacks: a verdict for every service and kind of login.

use std::rc::Rc;

use countersign_common::config::{Config, Outcome};

use super::configs::configs;
use super::finding::{Finding, Severity};
use super::meant::meant;
use super::notes::Findings;
use super::services::{self, Nature};
use super::stack_findings::findings_of;
use super::verdict::{Line, Word};
use crate::pam::account::{AccountFacts, account_facts};
use crate::pam::auth::{AuthFacts, Kind, Unproven, auth_facts, kinds, our_auth_lines, unproven};
use crate::pam::dispatch::TooMany;
use crate::pam::files::Files;
use crate::pam::modules::{Person, Role};
use crate::pam::placing::after_what;
use crate::pam::refusal::Refusal;
use crate::pam::service::{Handler, Module, Phase, Place, Service};
use crate::pam::walk::Decisive;

/// Why nobody is asked on a service that is none of ours.
pub(super) const NO_LINE: &str = "no line of pam_countersign.so";

/// A service, and all that is so about it.
pub(super) struct Examined {
    pub(super) service: Service,
    pub(super) nature: Nature,
    pub(super) unproven: Unproven,
    /// After which line ours belongs, should it stand before the password.
    pub(super) belongs_after: Option<Rc<Place>>,
    /// Lines whose module is not installed, and that do not begin with `-`.
    pub(super) missing: Vec<Rc<Place>>,
    /// Why our module cannot be loaded.
    pub(super) module_fault: Option<String>,
    pub(super) logins: Vec<Login>,
}

/// A kind of login, and all that is so about it.
pub(super) struct Login {
    pub(super) kind: Kind,
    pub(super) auth: AuthFacts,
    pub(super) account: AccountFacts,
    pub(super) verdict: Word,
    pub(super) why: String,
}

/// All services: a verdict for each kind of login, and what is to be mended.
pub(super) fn stacks(
    files: &dyn Files,
    config_path: &str,
    config: Option<&Config>,
    findings: &mut Vec<Finding>,
) -> Vec<Line> {
    let mut verdicts = Vec::new();
    let mut found = Findings::default();
    let mut is_anywhere = false;
    for service in services::all(files) {
        is_anywhere |= is_ours_in(&service);
        let name = service.name.clone();
        match examine(files, service, config) {
            Ok(examined) => {
                verdicts.extend(examined.logins.iter().map(|login| told(&name, login)));
                findings_of(&examined, config, &mut found);
                if is_ours_in(&examined.service) {
                    configs(files, &examined, config_path, &mut found);
                } else {
                    meant(files, &examined.service, &mut found);
                }
            }
            Err(TooMany) => findings.push(too_many(&name)),
        }
    }
    if !is_anywhere {
        let none = "no service has a line with pam_countersign.so, so nobody is asked for a code";
        findings.push(Finding::new(Severity::Info, none, "to put them into one: countersign pam add sshd"));
    }
    findings.extend(found.into_findings());
    verdicts
}

/// One service: a verdict for each kind of login, and what is to be mended.
pub(super) fn one(files: &dyn Files, name: &str, config: Option<&Config>) -> (Vec<Line>, Vec<Finding>) {
    let service = Service::read(files, name);
    let name = service.name.clone();
    match examine(files, service, config) {
        Ok(examined) => {
            let mut found = Findings::default();
            findings_of(&examined, config, &mut found);
            (examined.logins.iter().map(|login| told(&name, login)).collect(), found.into_findings().collect())
        }
        Err(TooMany) => (Vec::new(), vec![too_many(&name)]),
    }
}

fn too_many(name: &str) -> Finding {
    let problem = format!("{name}: there are too many ways through its stack to say what it does");
    let finding = Finding::new(Severity::Warning, problem, "make it simpler");
    Finding { services: vec![name.to_owned()], ..finding }
}

/// Whether a service has a line of ours.
pub(super) fn is_ours_in(service: &Service) -> bool {
    !our_auth_lines(service).is_empty()
}

fn told(service: &str, login: &Login) -> Line {
    Line {
        service: service.to_owned(),
        login: login.kind.to_string(),
        module: Some(login.kind.module.clone()),
        verdict: login.verdict,
        why: login.why.clone(),
    }
}

fn examine(files: &dyn Files, service: Service, config: Option<&Config>) -> Result<Examined, TooMany> {
    let nature = Nature::of(&service.name);
    let mut logins: Vec<Login> = Vec::new();
    // Where no password is looked at and nothing is ours, there is nothing to say.
    let has_logins = is_ours_in(&service) || service.broken.is_some() || service.stack(Phase::Auth).iter().any(lets_in);
    for kind in kinds(&service) {
        if !has_logins || !is_meant(files, &service, &kind) {
            continue;
        }
        let auth = auth_facts(files, &service, &kind)?;
        let account = account_facts(files, &service, kind.person)?;
        let (verdict, why) = verdict(&service, nature, &auth, &account, config);
        // What no password is needed for is worth a line only where it lets in.
        let is_password = matches!(kind.role, Role::LocalPassword | Role::OtherPassword);
        let as_before =
            |login: &Login| login.kind.module == kind.module && login.verdict == verdict && login.why == why;
        let is_news = (is_password || auth.enters) && !logins.iter().any(as_before);
        if nature != Nature::Nobody && is_news {
            logins.push(Login { kind, auth, account, verdict, why });
        }
    }
    let unproven = if is_ours_in(&service) { unproven(files, &service)? } else { Unproven::default() };
    let missing = missing(files, &service);
    let is_first = unproven.reaches_us && unproven.let_by.is_none();
    let belongs_after = if is_first { after_what(files, &service) } else { None };
    let ours = service.stack(Phase::Auth).iter().filter_map(Handler::module).find(|module| module.role() == Role::Ours);
    let module_fault = ours.and_then(|module| files.module_fault(&module.path));
    Ok(Examined { service, nature, unproven, belongs_after, missing, module_fault, logins })
}

fn is_missing(files: &dyn Files, handler: &Handler) -> bool {
    handler.module().is_some_and(|module| files.has_module(&module.path) == Some(false))
}

fn is_silent(handler: &Handler) -> bool {
    handler.place.text.trim_start().starts_with('-')
}

fn missing(files: &dyn Files, service: &Service) -> Vec<Rc<Place>> {
    let handlers = [Phase::Auth, Phase::Account].into_iter().flat_map(|phase| service.stack(phase));
    // Ours has a finding of its own.
    let is_other = |handler: &&Handler| handler.module().is_some_and(|module| module.role() != Role::Ours);
    let missing = handlers.filter(is_other).filter(|handler| is_missing(files, handler) && !is_silent(handler));
    missing.map(|handler| Rc::clone(&handler.place)).collect()
}

/// Whether a kind of login is by a module that is meant to be there: one that is not yet may come.
fn is_meant(files: &dyn Files, service: &Service, kind: &Kind) -> bool {
    let mut lines = service
        .stack(Phase::Auth)
        .iter()
        .filter(|handler| handler.module().is_some_and(|module| module.name() == kind.module));
    kind.role == Role::LocalPassword || lines.any(|handler| !is_missing(files, handler) || !is_silent(handler))
}

fn lets_in(handler: &Handler) -> bool {
    handler.module().is_some_and(Module::may_let_in)
}

/// The verdict on a kind of login, and why.
fn verdict(
    service: &Service,
    nature: Nature,
    auth: &AuthFacts,
    account: &AccountFacts,
    config: Option<&Config>,
) -> (Word, String) {
    if let Some(why) = &service.broken {
        return (Word::Refused, why.clone());
    }
    if !auth.enters {
        return (Word::Refused, because(auth.refused_by.as_ref()));
    }
    if !account.idle_enters {
        return (Word::Refused, because(account.refused_by.as_ref()));
    }
    if !is_ours_in(service) {
        return (Word::NotAsked, NO_LINE.to_owned());
    }
    if !auth.asked {
        return (Word::NotAsked, by(auth.skipped_by.first(), "lets in before our line"));
    }
    if !auth.abstaining_enters {
        let refuses = "refuses whom our line does not ask";
        return (Word::LockedOut, by(auth.abstaining_refused_by.as_ref(), refuses));
    }
    if let Some(rule) = config.and_then(|config| skipped(config, &service.name)) {
        return (Word::NotAsked, format!("rule {rule} skips the service"));
    }
    match nature {
        Nature::Locker => return (Word::LockedOut, "it runs as the user, who cannot read the state".to_owned()),
        Nature::Machine => return (Word::Refused, "nobody can be asked a second question here".to_owned()),
        Nature::Person | Nature::Nobody => {}
    }
    if auth.wrong_code_enters {
        return (Word::NotAsked, "a wrong code lets in as well".to_owned());
    }
    let (word, why) = enrolling(service, account, config);
    let without_line = account.skipped_by.iter().filter(|_| word == Word::Asked);
    let lines = auth.skipped_by.iter().chain(without_line);
    let exceptions = lines.map(|line| format!("not where {} says so, {}", line.module, line.place));
    let why: Vec<String> = [why].into_iter().filter(|why| !why.is_empty()).chain(exceptions).collect();
    (word, why.join("; "))
}

/// Whether who is asked can also enroll.
fn enrolling(service: &Service, account: &AccountFacts, config: Option<&Config>) -> (Word, String) {
    if account.lines.is_empty() {
        return (Word::CannotEnroll, "no account line of ours".to_owned());
    }
    if !account.reached {
        return (Word::CannotEnroll, by(account.skipped_by.first(), "skips our account line"));
    }
    let listed = |config: &Config| config.enrollment.services.contains(&service.name);
    if config.is_some_and(|config| !listed(config)) {
        return (Word::CannotEnroll, "not listed under [enrollment] services".to_owned());
    }
    (Word::Asked, String::new())
}

/// Why everyone is refused.
fn because(refusal: Option<&Refusal>) -> String {
    match refusal {
        Some(Refusal::Starved(place)) => format!("nobody asked for the password that `use_first_pass` takes, {place}"),
        Some(Refusal::OurControl(line)) => format!("our control refuses the right code, {}", line.place),
        Some(Refusal::Jump { line, .. }) => format!("{} jumps past the last line, {}", line.module, line.place),
        Some(Refusal::Line(line)) if line.is_fault => format!("libpam cannot use {}: {}", line.place, line.module),
        Some(Refusal::Denied { line, .. } | Refusal::Line(line)) => format!("{} refuses, {}", line.module, line.place),
        Some(Refusal::Undecided(_)) | None => "no line says yes".to_owned(),
    }
}

/// A line and what it does.
fn by(line: Option<&Decisive>, does: &str) -> String {
    line.map_or_else(
        || "nothing decides but our line, which abstains".to_owned(),
        |line| format!("{} {does}, {}", line.module, line.place),
    )
}

/// The number of the rule that skips a service for everyone, wherever from.
pub(super) fn skipped(config: &Config, service: &str) -> Option<usize> {
    let numbered = (1..).zip(&config.rules);
    for (number, rule) in numbered {
        let named = rule.services.as_ref().is_none_or(|services| services.iter().any(|name| name == service));
        let for_all = rule.users.is_none() && rule.groups.is_none() && rule.networks.is_none();
        match (named, for_all, rule.then) {
            (true, true, Outcome::Skip) => return Some(number),
            (true, _, Outcome::Required | Outcome::User) => return None,
            _ => {}
        }
    }
    None
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.role, self.person) {
            (Role::LocalPassword, Person::Root) => f.write_str("password of root"),
            (Role::LocalPassword, _) => f.write_str("password"),
            (Role::OtherPassword, _) => write!(f, "password by {}", self.module),
            (Role::Root, _) => f.write_str("root without a password"),
            (Role::Condition, _) => write!(f, "where {} says so", self.module),
            _ => write!(f, "by {}", self.module),
        }
    }
}
