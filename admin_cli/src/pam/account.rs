//! The account phase of a service: whether what was proven takes effect, and for whom.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::code::Code;
use super::dispatch::{TooMany, Trace};
use super::files::Files;
use super::modules::{Case, Gates, Person, Role};
use super::refusal::Refusal;
use super::service::{Handler, Module, Phase, Place, Service};
use super::walk::{Decisive, Trial, add};

/// What is so about the account phase of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub(crate) struct AccountFacts {
    /// Our lines.
    pub(crate) lines: Vec<Rc<Place>>,
    /// Who has nothing pending is let in.
    pub(crate) idle_enters: bool,
    /// Who has something pending is let in.
    pub(crate) commit_enters: bool,
    /// Why not.
    pub(crate) refused_by: Option<Refusal>,
    /// Our module has its turn on a way in.
    pub(crate) reached: bool,
    /// What leads past it.
    pub(crate) skipped_by: Vec<Decisive>,
    /// Our refusal does not count.
    pub(crate) forgiving: bool,
    /// The line that keeps our module from its turn when the password has expired.
    pub(crate) expired_skips: Option<Decisive>,
    /// The first line that looks at passwords or accounts before ours.
    pub(crate) account_before: Option<Rc<Place>>,
    /// The line that is left out when ours says yes.
    pub(crate) left_out: Option<Rc<Place>>,
    /// Lines that may refuse a login in which our module has its turn all the same.
    pub(crate) late_gates: Vec<Decisive>,
    /// Our module has more than one turn.
    pub(crate) twice: bool,
}

/// What is so about the account phase of a person.
pub(crate) fn account_facts(files: &dyn Files, service: &Service, person: Person) -> Result<AccountFacts, TooMany> {
    let trial = Trial::of(files, service, Phase::Account);
    let case = |ours, expired| Case { person, satisfied: None, ours, gates: Gates::Open, expired };
    let idle = trial.ways(&case(Code::IGNORE, false))?;
    let commit = trial.ways(&case(Code::SUCCESS, false))?;
    let has_turn = |way: &Trace| trial.ours(way).is_some();
    let mut facts = AccountFacts { lines: trial.our_lines(), ..AccountFacts::default() };
    facts.idle_enters = idle.iter().any(Trace::passes);
    facts.commit_enters = commit.iter().any(Trace::passes);
    if !facts.idle_enters {
        facts.refused_by = trial.why_refused(&idle, None);
    }
    if facts.lines.is_empty() {
        return Ok(facts);
    }
    let entering: Vec<&Trace> = commit.iter().filter(|way| way.passes()).collect();
    facts.reached = entering.iter().any(|way| has_turn(way));
    for way in entering.iter().filter(|way| !has_turn(way)) {
        add(&mut facts.skipped_by, trial.past_us(way));
    }
    let refused = trial.ways(&case(Code::PERM_DENIED, false))?;
    facts.forgiving = refused.iter().any(|way| way.passes() && has_turn(way));
    let expired = trial.ways(&case(Code::SUCCESS, true))?;
    if facts.reached && !expired.iter().any(has_turn) {
        facts.expired_skips = expired.first().and_then(|way| trial.past_us(way));
    }
    facts.account_before = account_before(&trial, &entering);
    facts.left_out = left_out(&trial, &entering, &idle);
    facts.late_gates = late_gates(&trial, &case(Code::SUCCESS, false))?;
    facts.twice = entering.iter().any(|way| way.steps.iter().filter(|step| trial.is_ours(step)).count() > 1);
    Ok(facts)
}

fn checks_accounts(handler: &Handler) -> bool {
    handler.module().is_some_and(Module::checks_passwords)
}

/// A line that looks at passwords has its turn before ours.
fn account_before(trial: &Trial, entering: &[&Trace]) -> Option<Rc<Place>> {
    entering.iter().find_map(|way| {
        let ours = trial.ours(way)?;
        let before = way.steps.iter().filter(|step| step.at < ours.at).filter_map(|step| trial.handler(step));
        before.into_iter().find(|handler| checks_accounts(handler)).map(|handler| Rc::clone(&handler.place))
    })
}

/// A line that has its turn only when our module abstains.
fn left_out(trial: &Trial, entering: &[&Trace], idle: &[Trace]) -> Option<Rc<Place>> {
    let turns = |way: &Trace| -> BTreeSet<usize> { way.steps.iter().map(|step| step.at).collect() };
    let with: BTreeSet<usize> = entering.iter().flat_map(|way| turns(way)).collect();
    let without: BTreeSet<usize> = idle.iter().filter(|way| way.passes()).flat_map(turns).collect();
    let lost = without.difference(&with).filter_map(|at| trial.stack.get(*at));
    let matters = |handler: &&Handler| {
        handler.module().is_some_and(|module| !matches!(module.role(), Role::Fixed(_) | Role::Ours))
    };
    lost.into_iter().find(matters).map(|handler| Rc::clone(&handler.place))
}

/// Lines that keep people out, and yet our module has its turn: what was proven takes effect for who is refused.
fn late_gates(trial: &Trial, case: &Case) -> Result<Vec<Decisive>, TooMany> {
    let mut found = Vec::new();
    let is_gate = |handler: &&Handler| {
        handler.module().is_some_and(|module| {
            let is_gate = matches!(module.role(), Role::Gate | Role::Condition);
            is_gate && module.outcomes(Phase::Account, &Case { gates: Gates::Any, ..*case }).len() > 1
        })
    };
    for gate in trial.stack.iter().filter(is_gate) {
        let ways = trial.ways_refused_by(gate, case)?;
        let closes = !ways.is_empty() && ways.iter().all(|way| !way.passes());
        if closes && ways.iter().any(|way| trial.ours(way).is_some()) {
            add(&mut found, Some(trial.decisive_line(gate, Code::AUTH_ERR)));
        }
    }
    Ok(found)
}
