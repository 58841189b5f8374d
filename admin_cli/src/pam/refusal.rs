//! Why everyone is refused who has everything right: the line that causes it, which often is another than the one at
//! which libpam says no.
//!
//! Invariant: a cause is only named for a way on which libpam refused.

use std::rc::Rc;

use super::code::Code;
use super::control::Action;
use super::dispatch::{Impression, Step, Trace};
use super::modules::Role;
use super::service::{Handler, Place};
use super::walk::{Decisive, Trial, is_ours};

/// Why everyone is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A module that takes only a password that was asked for before, and none was.
    Starved(Rc<Place>),
    /// The control of our line does not take a right code for a yes.
    OurControl(Decisive),
    /// A jump that ends behind the last line; `to_us` is how far it would have to go to end at our line.
    Jump { line: Decisive, lines: u32, to_us: Option<u32> },
    /// No line says yes; the last one that had a turn.
    Undecided(Option<Decisive>),
    /// A line that denies everyone, and the one from which the right answer comes to it; `past` is how far that would
    /// have to jump, and `over_us` is our line if it was jumped over.
    Denied { line: Decisive, from: Option<Decisive>, past: Option<u32>, over_us: Option<Rc<Place>> },
    /// A line that says no, or cannot be used.
    Line(Decisive),
}

impl Trial<'_> {
    /// Why no way leads through, best told by one on which a module of this name said yes.
    pub(super) fn why_refused(&self, ways: &[Trace], module: Option<&str>) -> Option<Refusal> {
        // The usual way is the last.
        let satisfied = |way: &&Trace| module.is_none_or(|module| self.satisfied(way, module));
        let way = ways.iter().rev().find(satisfied).or_else(|| ways.last())?;
        Some(self.cause(way, module))
    }

    fn cause(&self, way: &Trace, module: Option<&str>) -> Refusal {
        if let Some(place) = self.starved(way) {
            return Refusal::Starved(place);
        }
        let turns_away = |step: &&Step| {
            let action = self.handler(step).map(|handler| handler.control.action(step.code));
            let is_no = matches!(action, Some(Action::Bad | Action::Die | Action::Reset | Action::Jump(_)));
            // A jump is only at fault where it ends all.
            let ends = !matches!(action, Some(Action::Jump(_))) || self.is_past_the_end(step);
            self.is_ours(step) && step.code == Code::SUCCESS && is_no && ends
        };
        if let Some(ours) = way.steps.iter().find(turns_away).and_then(|step| self.decisive(step)) {
            return Refusal::OurControl(ours);
        }
        match way.first_failure() {
            Some(step) => self.failed(way, step, module),
            None => self.undecided(way),
        }
    }

    /// Nothing failed, and nothing was found: the last line jumps to the end, or nobody was asked.
    fn undecided(&self, way: &Trace) -> Refusal {
        let Some(last) = way.steps.last() else { return Refusal::Undecided(None) };
        self.jump(last).unwrap_or_else(|| Refusal::Undecided(self.decisive(last)))
    }

    fn failed(&self, way: &Trace, step: &Step, module: Option<&str>) -> Refusal {
        let Some((handler, line)) = self.handler(step).zip(self.decisive(step)) else {
            return Refusal::Undecided(None);
        };
        if let Some(jump) = self.jump(step) {
            return jump;
        }
        let answers = |other: &&Step| {
            let its = self.handler(other).and_then(Handler::module);
            let is_it = its.is_some_and(|its| its.role() == Role::Ours || Some(its.name()) == module);
            other.at < step.at && is_it && other.code == Code::SUCCESS
        };
        let from = way.steps.iter().rev().find(answers);
        if !denies(handler) || (from.is_none() && !is_pam_deny(handler)) || line.code == Code::MODULE_UNKNOWN {
            return Refusal::Line(line);
        }
        // Where several lines deny, the way goes past all of them.
        let after = self.stack.get(step.at..).unwrap_or_default().iter().take_while(|other| denies(other)).count();
        let past = from.and_then(|from| self.distance(from.at, step.at.saturating_add(after)));
        let between = from.and_then(|from| self.stack.get(from.at.saturating_add(1)..step.at)).unwrap_or_default();
        let over_us = between.iter().find(|handler| is_ours(handler) && self.ours(way).is_none());
        let over_us = over_us.map(|handler| Rc::clone(&handler.place));
        Refusal::Denied { line, from: from.and_then(|from| self.decisive(from)), past, over_us }
    }

    /// A jump that ends behind the last line.
    fn jump(&self, step: &Step) -> Option<Refusal> {
        let handler = self.handler(step)?;
        let Action::Jump(lines) = handler.control.action(step.code) else { return None };
        if step.after != Impression::Negative && !self.is_past_the_end(step) {
            return None;
        }
        let ours = self.stack.iter().enumerate().skip(step.at.saturating_add(1)).find(|(_, other)| is_ours(other));
        let to_us = ours.and_then(|(at, _)| self.distance(step.at, at)).filter(|count| (1..lines).contains(count));
        self.decisive(step).map(|line| Refusal::Jump { line, lines, to_us })
    }

    /// Whether a step jumps to the end or farther: nothing after it has a turn.
    fn is_past_the_end(&self, step: &Step) -> bool {
        let Some(handler) = self.handler(step) else { return false };
        let Action::Jump(lines) = handler.control.action(step.code) else { return false };
        let after = self.stack.get(step.at.saturating_add(1)..).unwrap_or_default();
        let level = after.iter().take_while(|other| other.level >= handler.level);
        let beside = level.filter(|other| other.level == handler.level).count();
        usize::try_from(lines).is_ok_and(|lines| lines >= beside)
    }

    /// How many lines a jump from one place skips to come to another one; a substack is one line.
    pub(super) fn distance(&self, from: usize, to: usize) -> Option<u32> {
        let level = self.stack.get(from)?.level;
        let between = self.stack.get(from.saturating_add(1)..to)?;
        let is_reachable = self.stack.get(to).is_none_or(|target| target.level <= level)
            && between.iter().all(|handler| handler.level >= level);
        let count = between.iter().filter(|handler| handler.level == level).count();
        if is_reachable { u32::try_from(count).ok() } else { None }
    }
}

fn is_pam_deny(handler: &Handler) -> bool {
    handler.module().is_some_and(|module| module.role() == Role::Fixed(Code::AUTH_ERR))
}

/// Whether a line refuses whoever comes to it, whatever its module says: as `[default=die] pam_faillock.so authfail`.
fn denies(handler: &Handler) -> bool {
    let refuses = |code| matches!(handler.control.action(code), Action::Bad | Action::Die);
    handler.module().is_some() && handler.control.is_sound() && (is_pam_deny(handler) || refuses(Code::SUCCESS))
}
