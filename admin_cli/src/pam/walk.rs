//! A phase of a service under trial: the ways through it, and the lines that matter on them.

use std::rc::Rc;

use countersign_common::config::DEFAULT_PATH;

use super::code::Code;
use super::control::Action;
use super::dispatch::{Step, TooMany, Trace, traces};
use super::files::Files;
use super::modules::{Case, Role};
use super::service::{Fault, Handler, Job, Module, Phase, Place, Service};

/// A phase of a service under trial.
#[derive(Clone, Copy)]
pub(super) struct Trial<'a> {
    files: &'a dyn Files,
    pub(super) phase: Phase,
    pub(super) stack: &'a [Handler],
}

/// A line that decides something, and what its module returned there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decisive {
    pub(crate) place: Rc<Place>,
    /// The line through which it came, in the file in which our line stands.
    pub(crate) beside_us: Rc<Place>,
    /// The module's name, or what is wrong with the line.
    pub(crate) module: String,
    pub(crate) code: Code,
    /// What its control does about that.
    pub(crate) action: Action,
    /// libpam cannot use the line.
    pub(crate) is_fault: bool,
    /// libpam cannot read its control.
    pub(crate) is_unreadable: bool,
    /// The part its module plays.
    pub(crate) role: Option<Role>,
    /// How far a jump from there to our line would go.
    pub(crate) to_us: Option<u32>,
}

impl<'a> Trial<'a> {
    pub(super) fn of(files: &'a dyn Files, service: &'a Service, phase: Phase) -> Self {
        Self { files, phase, stack: service.stack(phase) }
    }

    /// All ways.
    pub(super) fn ways(&self, case: &Case) -> Result<Vec<Trace>, TooMany> {
        traces(self.stack, &|handler, before| self.outcomes(handler, before, case))
    }

    /// All ways on which one line refuses.
    pub(super) fn ways_refused_by(&self, gate: &Handler, case: &Case) -> Result<Vec<Trace>, TooMany> {
        let outcomes = |handler: &Handler, before: &[Step]| {
            if std::ptr::eq(handler, gate) { vec![Code::AUTH_ERR] } else { self.outcomes(handler, before, case) }
        };
        traces(self.stack, &outcomes)
    }

    fn outcomes(&self, handler: &Handler, before: &[Step], case: &Case) -> Vec<Code> {
        let Some(module) = handler.module() else { return vec![Code::PERM_DENIED] };
        // What a module would do that is named and not installed: it may be, one day.
        let is_tried = case.satisfied == Some(module.name()) && module.role() != Role::LocalPassword;
        if !is_tried && self.files.has_module(&module.path) == Some(false) {
            return vec![Code::MODULE_UNKNOWN];
        }
        if module.role() == Role::Ours && module.unknown_argument().is_some() {
            return vec![Code::SERVICE_ERR];
        }
        let config = module.value("config").unwrap_or(DEFAULT_PATH);
        if module.role() == Role::Ours && self.files.config_fault(config).is_some() {
            return vec![Code::SERVICE_ERR];
        }
        if self.is_starved(module, before) {
            return vec![Code::AUTH_ERR];
        }
        module.outcomes(self.phase, case)
    }

    /// Whether a module only takes a password that was asked for before, and none was.
    fn is_starved(&self, module: &Module, before: &[Step]) -> bool {
        let asks = |step: &Step| self.handler(step).and_then(Handler::module).is_some_and(Module::leaves_a_password);
        self.phase == Phase::Auth && module.takes_a_password_only() && !before.iter().any(asks)
    }

    /// The line on a way that waited for a password nobody had asked for.
    pub(super) fn starved(&self, trace: &Trace) -> Option<Rc<Place>> {
        let mut turns = (0..).zip(&trace.steps);
        let is_starved = |(number, step): &(usize, &Step)| {
            let before = trace.steps.get(..*number).unwrap_or_default();
            self.handler(step).and_then(Handler::module).is_some_and(|module| self.is_starved(module, before))
        };
        let (_, step) = turns.find(is_starved)?;
        self.handler(step).map(|handler| Rc::clone(&handler.place))
    }

    /// Whether a step is our module's.
    pub(super) fn is_ours(&self, step: &Step) -> bool {
        self.handler(step).is_some_and(is_ours)
    }

    /// Our module's turn on a way.
    pub(super) fn ours<'t>(&self, trace: &'t Trace) -> Option<&'t Step> {
        trace.steps.iter().find(|step| self.is_ours(step))
    }

    /// Whether on this way a module of this name said yes.
    pub(super) fn satisfied(&self, trace: &Trace, module: &str) -> bool {
        let said = |step: &Step| self.handler(step).and_then(Handler::module).is_some_and(|its| its.name() == module);
        trace.steps.iter().any(|step| step.code == Code::SUCCESS && said(step))
    }

    pub(super) fn handler(&self, step: &Step) -> Option<&'a Handler> {
        self.stack.get(step.at)
    }

    /// A step, by its line.
    pub(super) fn decisive(&self, step: &Step) -> Option<Decisive> {
        self.handler(step).map(|handler| self.decisive_line(handler, step.code))
    }

    /// A line, by what its module returned.
    pub(super) fn decisive_line(&self, handler: &Handler, code: Code) -> Decisive {
        let module = match &handler.job {
            Job::Module(module) => module.name().to_owned(),
            Job::Substack => "substack".to_owned(),
            Job::Fails(fault) => Fault::to_string(fault),
        };
        let ours = self.stack.iter().find(|handler| is_ours(handler));
        let beside_us = ours.map_or(handler.entry(), |ours| handler.entry_in(&ours.place.file));
        let action = handler.control.action(code);
        let is_fault = matches!(handler.job, Job::Fails(_));
        let is_unreadable = !is_fault && !handler.control.is_sound();
        let role = handler.module().map(Module::role);
        let at = self.stack.iter().position(|other| std::ptr::eq(other, handler));
        let us = self.stack.iter().position(is_ours);
        let to_us = at.zip(us).filter(|(at, us)| at < us).and_then(|(at, us)| self.distance(at, us));
        Decisive {
            place: Rc::clone(&handler.place),
            beside_us: Rc::clone(beside_us),
            module,
            code,
            action,
            is_fault,
            is_unreadable,
            role,
            to_us,
        }
    }

    /// What led past our module on a way where it had no turn.
    pub(super) fn past_us(&self, trace: &Trace) -> Option<Decisive> {
        let ours = self.stack.iter().position(is_ours)?;
        self.decisive(trace.last_before(ours)?)
    }

    /// Why no way leads through: the line that refuses on the first.
    pub(super) fn refusal(&self, ways: &[Trace]) -> Option<Decisive> {
        let failure = ways.iter().find_map(Trace::first_failure);
        failure.and_then(|step| self.decisive(step))
    }

    /// Our lines.
    pub(super) fn our_lines(&self) -> Vec<Rc<Place>> {
        self.stack.iter().filter(|handler| is_ours(handler)).map(|handler| Rc::clone(&handler.place)).collect()
    }
}

pub(crate) fn is_ours(handler: &Handler) -> bool {
    handler.module().is_some_and(|module| module.role() == Role::Ours)
}

/// Puts one more into a list unless its line is there.
pub(super) fn add(list: &mut Vec<Decisive>, found: Option<Decisive>) {
    let Some(found) = found else { return };
    if !list.iter().any(|other| other.place == found.place) {
        list.push(found);
    }
}
