//! Runs a stack as libpam's dispatcher does, without a module: over every code that each module may return.
//!
//! Invariants: what is not tried is not judged: where there are too many ways through a stack, there is no answer.

use super::code::Code;
use super::control::Action;
use super::service::{Handler, Job};

/// What a stack has found so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Impression {
    /// Nothing.
    Undecided,
    /// Success, or a code that was taken for it.
    Positive,
    /// A failure.
    Negative,
}

/// One handler's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// Its place in the stack.
    pub(crate) at: usize,
    /// What it returned.
    pub(crate) code: Code,
    /// What was found after it.
    pub(crate) after: Impression,
}

/// One way through a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) steps: Vec<Step>,
    /// What the stack returns.
    pub(crate) result: Code,
}

/// There are more ways through the stack than anyone will follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany;

/// Ways through one stack that are followed. One who answers for more modules than this has lost the overview, too.
const MOST: usize = 20_000;

/// What a handler's module may return after these turns of others; the first is what it returns as a rule.
pub(crate) type Outcomes<'a> = &'a dyn Fn(&Handler, &[Step]) -> Vec<Code>;

/// All ways through a stack.
pub(crate) fn traces(stack: &[Handler], outcomes: Outcomes) -> Result<Vec<Trace>, TooMany> {
    let can_recover = stack.iter().any(|handler| {
        let resets = |code| handler.control.action(code) == Action::Reset;
        Code::all().any(resets)
    });
    let mut walker = Walker { stack, outcomes, can_recover, done: Vec::new() };
    walker.walk(Position::start())?;
    Ok(walker.done)
}

struct Walker<'a> {
    stack: &'a [Handler],
    outcomes: Outcomes<'a>,
    can_recover: bool,
    done: Vec<Trace>,
}

/// Where a walk through a stack is.
#[derive(Clone)]
struct Position {
    at: usize,
    level: usize,
    found: Found,
    /// What had been found when each substack was entered, by level.
    entered: Vec<Found>,
    steps: Vec<Step>,
}

#[derive(Clone, Copy)]
struct Found {
    impression: Impression,
    status: Code,
}

impl Found {
    /// What libpam returns when nothing was decided.
    const NOTHING: Self = Self { impression: Impression::Undecided, status: Code::PERM_DENIED };

    fn good(&mut self, code: Code) {
        let open = self.impression == Impression::Undecided
            || (self.impression == Impression::Positive && self.status == Code::SUCCESS);
        if open {
            *self = Self { impression: Impression::Positive, status: code };
        }
    }

    fn bad(&mut self, code: Code) {
        if self.impression != Impression::Negative {
            let status = if code == Code::IGNORE { Code::PERM_DENIED } else { code };
            *self = Self { impression: Impression::Negative, status };
        }
    }

    fn result(self) -> Code {
        let unfounded = self.status == Code::SUCCESS && self.impression != Impression::Positive;
        if unfounded { Code::PERM_DENIED } else { self.status }
    }
}

impl Position {
    fn start() -> Self {
        Self { at: 0, level: 0, found: Found::NOTHING, entered: vec![Found::NOTHING], steps: Vec::new() }
    }

    /// Remembers what was found before a substack.
    fn enter(&mut self, level: usize) {
        if self.level < level {
            self.entered.resize(level, self.found);
            self.entered.push(self.found);
        }
        self.level = level;
    }

    fn advance(&mut self) {
        self.at = self.at.saturating_add(1);
    }
}

impl Walker<'_> {
    fn walk(&mut self, mut position: Position) -> Result<(), TooMany> {
        while let Some(handler) = self.stack.get(position.at) {
            position.enter(handler.level);
            let codes = match &handler.job {
                Job::Substack => {
                    position.advance();
                    continue;
                }
                Job::Fails(_) => vec![Code::PERM_DENIED],
                Job::Module(_) => self.codes(handler, &position),
            };
            let Some((first, others)) = codes.split_first() else { return Ok(()) };
            for code in others {
                let mut branch = position.clone();
                self.step(&mut branch, handler, *code);
                self.walk(branch)?;
            }
            self.step(&mut position, handler, *first);
        }
        if self.done.len() >= MOST {
            return Err(TooMany);
        }
        self.done.push(Trace { result: position.found.result(), steps: position.steps });
        Ok(())
    }

    /// The codes worth trying: one for each thing the control does about them, and one only when all is lost.
    fn codes(&self, handler: &Handler, position: &Position) -> Vec<Code> {
        let mut codes: Vec<Code> = Vec::new();
        for code in (self.outcomes)(handler, &position.steps) {
            let effect = |code: Code| (handler.control.action(code), code == Code::SUCCESS);
            if !codes.iter().any(|other| effect(*other) == effect(code)) {
                codes.push(code);
            }
        }
        if position.found.impression == Impression::Negative && !self.can_recover {
            codes.truncate(1);
        }
        codes
    }

    /// One handler's turn.
    fn step(&self, position: &mut Position, handler: &Handler, code: Code) {
        let at = position.at;
        match handler.control.action(code) {
            Action::Ignore => {}
            Action::Reset => {
                let entered = position.entered.get(handler.level);
                position.found = entered.copied().unwrap_or(Found::NOTHING);
            }
            Action::Ok => position.found.good(code),
            Action::Done => {
                position.found.good(code);
                if position.found.impression == Impression::Positive {
                    self.end(position, handler.level);
                }
            }
            Action::Bad => position.found.bad(code),
            Action::Die => {
                position.found.bad(code);
                self.end(position, handler.level);
            }
            Action::Jump(count) => self.jump(position, handler.level, count),
        }
        position.steps.push(Step { at, code, after: position.found.impression });
        position.advance();
    }

    /// The stack, or the substack, is decided: what is left of it is not run.
    fn end(&self, position: &mut Position, level: usize) {
        while self.next_level(position).is_some_and(|next| next >= level) {
            position.advance();
        }
    }

    /// A substack counts as one. A jump too far is an error that nothing can make good.
    fn jump(&self, position: &mut Position, level: usize, count: u32) {
        for _ in 0..count {
            if self.next_level(position).is_none_or(|next| next < level) {
                position.found = Found { impression: Impression::Negative, status: Code::PERM_DENIED };
                return;
            }
            position.advance();
            while self.next_level(position).is_some_and(|next| next > level) {
                position.advance();
            }
        }
    }

    fn next_level(&self, position: &Position) -> Option<usize> {
        self.stack.get(position.at.saturating_add(1)).map(|handler| handler.level)
    }
}

impl Trace {
    /// Whether the stack says yes.
    pub(crate) fn passes(&self) -> bool {
        self.result == Code::SUCCESS
    }

    /// The last turn before a place in the stack: what led past it, if the place had no turn.
    pub(crate) fn last_before(&self, at: usize) -> Option<&Step> {
        self.steps.iter().rev().find(|step| step.at < at)
    }

    /// The turn that turned what was found into a failure.
    pub(crate) fn first_failure(&self) -> Option<&Step> {
        let index = self.steps.iter().rposition(|step| step.after != Impression::Negative);
        let index = index.map_or(0, |index| index.saturating_add(1));
        self.steps.get(index)
    }
}
