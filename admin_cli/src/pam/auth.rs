//! The auth phase of a service: who is let in, who is asked for a code on the way, and what it is worth.

use std::rc::Rc;

use super::code::Code;
use super::dispatch::{Impression, Step, TooMany, Trace};
use super::files::Files;
use super::modules::{Case, Gates, Person, Role};
use super::refusal::Refusal;
use super::service::{Handler, Phase, Place, Service};
use super::walk::{Decisive, Trial, add, is_ours};

/// Who logs in, and which module is given what it asks for before the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) person: Person,
    pub(crate) module: String,
    pub(crate) role: Role,
}

/// What is so about a kind of login.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub(crate) struct AuthFacts {
    /// With what is asked for and the right code the phase says yes.
    pub(crate) enters: bool,
    /// Why it does not.
    pub(crate) refused_by: Option<Refusal>,
    /// Our module has its turn on a way in.
    pub(crate) asked: bool,
    /// What leads in past our module.
    pub(crate) skipped_by: Vec<Decisive>,
    /// A wrong code is let in, too.
    pub(crate) wrong_code_enters: bool,
    /// Who is not asked since 2FA is not in use is let in.
    pub(crate) abstaining_enters: bool,
    /// Why not.
    pub(crate) abstaining_refused_by: Option<Decisive>,
    /// Lines after ours that may refuse.
    pub(crate) may_fail_after: Vec<Decisive>,
    /// Our module has more than one turn.
    pub(crate) twice: bool,
}

/// What is so about someone who has nothing right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Unproven {
    /// Our module has its turn all the same.
    pub(crate) reaches_us: bool,
    /// The line that should have ended it; `None` if none stands before ours.
    pub(crate) let_by: Option<Decisive>,
    /// A code is enough to get in.
    pub(crate) code_enters: bool,
    /// Nothing at all is enough to get in, where 2FA is not in use.
    pub(crate) nothing_enters: bool,
}

/// The kinds of login a service has: one for each module that may let someone in; one in any case.
pub(crate) fn kinds(service: &Service) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for module in service.stack(Phase::Auth).iter().filter_map(Handler::module).filter(|module| module.may_let_in()) {
        let role = module.role();
        let persons: &[Person] = match role {
            Role::LocalPassword => &[Person::Local, Person::Root],
            Role::OtherPassword => &[Person::Remote],
            Role::Root => &[Person::Root],
            _ => &[Person::Local],
        };
        for person in persons {
            let kind = Kind { person: *person, module: module.name().to_owned(), role };
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
    if kinds.is_empty() {
        let module = "pam_unix.so".to_owned();
        kinds.push(Kind { person: Person::Local, module, role: Role::LocalPassword });
    }
    kinds
}

impl Kind {
    fn case(&self, ours: Code, gates: Gates) -> Case<'_> {
        Case { person: self.person, satisfied: Some(&self.module), ours, gates, expired: false }
    }
}

/// Ways of a trial on which the module of a kind said yes.
struct Ways<'a> {
    trial: Trial<'a>,
    kind: &'a Kind,
}

impl Ways<'_> {
    fn with(&self, ours: Code, gates: Gates) -> Result<Vec<Trace>, TooMany> {
        self.trial.ways(&self.kind.case(ours, gates))
    }

    /// The ways in, of which the proof was a part; or, instead of a password, our module; or, where neither matters, any.
    fn entering(&self, ours: Code) -> Result<Vec<Trace>, TooMany> {
        let is_password = matches!(self.kind.role, Role::LocalPassword | Role::OtherPassword);
        let mut ways = self.with(ours, Gates::Open)?;
        ways.retain(Trace::passes);
        let matters = |way: &Trace| {
            let instead = is_password && self.trial.ours(way).is_some();
            instead || self.trial.satisfied(way, &self.kind.module)
        };
        if !is_password || ways.iter().any(matters) {
            ways.retain(matters);
        }
        Ok(ways)
    }
}

/// What is so about a kind of login.
pub(crate) fn auth_facts(files: &dyn Files, service: &Service, kind: &Kind) -> Result<AuthFacts, TooMany> {
    let trial = Trial::of(files, service, Phase::Auth);
    let ways = Ways { trial, kind };
    let entering = ways.entering(Code::SUCCESS)?;
    let has_turn = |way: &&Trace| trial.ours(way).is_some();
    let mut facts = AuthFacts { enters: !entering.is_empty(), ..AuthFacts::default() };
    if entering.is_empty() {
        facts.refused_by = trial.why_refused(&ways.with(Code::SUCCESS, Gates::Open)?, Some(&kind.module));
    }
    facts.asked = entering.iter().any(|way| has_turn(&way));
    for way in entering.iter().filter(|way| !has_turn(way)) {
        add(&mut facts.skipped_by, trial.past_us(way));
    }
    let turns = |way: &Trace| way.steps.iter().filter(|step| trial.is_ours(step)).count();
    facts.twice = entering.iter().any(|way| turns(way) > 1);
    facts.wrong_code_enters = ways.entering(Code::AUTH_ERR)?.iter().any(|way| has_turn(&way));
    facts.abstaining_enters = ways.entering(Code::IGNORE)?.iter().any(|way| has_turn(&way));
    if facts.asked && !facts.abstaining_enters {
        let ignored = ways.with(Code::IGNORE, Gates::Open)?;
        facts.abstaining_refused_by = trial.refusal(&ignored);
    }
    if facts.asked {
        facts.may_fail_after = may_fail_after(&ways)?;
    }
    Ok(facts)
}

/// Lines after ours that turn a login with a right code into a refusal.
fn may_fail_after(ways: &Ways) -> Result<Vec<Decisive>, TooMany> {
    let trial = ways.trial;
    let mut found = Vec::new();
    for way in ways.with(Code::SUCCESS, Gates::Any)?.iter().filter(|way| !way.passes()) {
        let Some(ours) = trial.ours(way).filter(|step| step.after != Impression::Negative) else { continue };
        let failure = way.first_failure().filter(|step| step.at > ours.at && !trial.is_ours(step));
        add(&mut found, failure.and_then(|step| trial.decisive(step)));
    }
    Ok(found)
}

/// What is so about someone who has nothing right.
pub(crate) fn unproven(files: &dyn Files, service: &Service) -> Result<Unproven, TooMany> {
    let trial = Trial::of(files, service, Phase::Auth);
    let mut facts = Unproven::default();
    let has_remote = |handler: &Handler| handler.module().is_some_and(|module| module.role() == Role::OtherPassword);
    let persons: &[Person] =
        if trial.stack.iter().any(has_remote) { &[Person::Local, Person::Remote] } else { &[Person::Local] };
    for person in persons {
        let case = |ours| Case { person: *person, satisfied: None, ours, gates: Gates::Open, expired: false };
        let excused = |way: &Trace| excused(&trial, way, &case(Code::SUCCESS));
        for way in trial.ways(&case(Code::SUCCESS))?.iter().filter(|way| !excused(way)) {
            let Some(ours) = trial.ours(way) else { continue };
            facts.reaches_us = true;
            facts.code_enters |= way.passes();
            if facts.let_by.is_none() {
                facts.let_by = let_by(&trial, way, ours);
            }
        }
        let idle = trial.ways(&case(Code::IGNORE))?;
        facts.nothing_enters |= idle.iter().any(|way| way.passes() && !excused(way));
    }
    Ok(facts)
}

/// Whether a condition that holds for some and not for others led past lines: that is a kind of login of its own.
fn excused(trial: &Trial, way: &Trace, case: &Case) -> bool {
    use super::control::Action;
    way.steps.iter().any(|step| {
        let Some(handler) = trial.handler(step) else { return false };
        let is_condition = handler
            .module()
            .is_some_and(|module| module.role() == Role::Condition && module.outcomes(Phase::Auth, case).len() > 1);
        let leads_past = matches!(handler.control.action(step.code), Action::Done | Action::Jump(_));
        is_condition && step.code == Code::SUCCESS && leads_past
    })
}

/// The last line before ours that was not satisfied and should have ended the stack.
fn let_by(trial: &Trial, way: &Trace, ours: &Step) -> Option<Decisive> {
    let is_culprit = |step: &&Step| {
        let module = trial.handler(step).and_then(Handler::module);
        step.at < ours.at && module.is_some_and(|module| module.checks_passwords() || module.role() == Role::Unknown)
    };
    way.steps.iter().rev().find(is_culprit).and_then(|step| trial.decisive(step))
}

/// Our lines in the auth phase.
pub(crate) fn our_auth_lines(service: &Service) -> Vec<Rc<Place>> {
    let ours = service.stack(Phase::Auth).iter().filter(|handler| is_ours(handler));
    ours.map(|handler| Rc::clone(&handler.place)).collect()
}
