//! One action of the caller on a target, as configuration, groups and state have it at one moment.
//!
//! Invariant: a dialogue lasts as long as the caller likes, so a case is opened at its beginning, and anew for the change
//! itself; what held at the beginning permits nothing at the end (I12).

use countersign_common::decision::{Action, Actor, Enrolled, Helping, authorize, is_confirmed};
use countersign_common::store::{Edition, State};

use crate::desk::{Desk, Person, Relation, enrolled};
use crate::refusal::Refusal;

/// One action on one target.
pub(crate) struct Case<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) action: Action,
    pub(crate) target: Person,
    relation: Relation,
    /// The caller's own state.
    own: State,
}

impl<'a> Case<'a> {
    /// Looks up how the caller stands to the target. No lock is held.
    pub(crate) fn open(desk: &'a Desk, action: Action, target: Person) -> Result<Self, Refusal> {
        let relation = desk.relation(&target);
        let own = desk.view(&desk.caller)?;
        Ok(Self { desk, action, target, relation, own })
    }

    /// Whether the caller acts on themselves.
    pub(crate) fn is_own(&self) -> bool {
        self.relation == Relation::Oneself
    }

    /// The edition of the caller's own record.
    pub(crate) fn own_edition(&self) -> Edition {
        self.own.edition()
    }

    /// The target's state, without a lock, if the action is allowed on it. Whether it may be done at all is decided
    /// before another user's state is so much as opened.
    pub(crate) fn state(&self) -> Result<State, Refusal> {
        let known = if self.is_own() { self.own.clone() } else { State::default() };
        self.check(&known)?;
        if self.is_own() {
            return Ok(known);
        }
        let state = self.desk.view(&self.target)?;
        self.check(&state)?;
        Ok(state)
    }

    /// Whether the action is allowed on this state of the target.
    pub(crate) fn check(&self, state: &State) -> Result<(), Refusal> {
        let enrolled = if self.is_own() { enrolled(state) } else { enrolled(&self.own) };
        authorize(self.actor(enrolled), self.action, self.desk.target(&self.target, state))
            .map_err(|denied| Refusal::denied(self.desk, self.action, &self.target, denied))
    }

    /// What to try where another action on the target is needed first: typed by the caller, if that is allowed.
    pub(crate) fn suggestion(&self, what: &str, action: Action, operand: &str) -> String {
        let target = self.desk.target(&self.target, &State::default());
        let others = || authorize(self.actor(enrolled(&self.own)), action, target).is_ok();
        if self.is_own() || others() {
            format!("{what}: {} {operand}", self.command(action))
        } else {
            format!("an administrator can {what}")
        }
    }

    /// What the caller types about the target.
    pub(crate) fn command(&self, action: Action) -> String {
        if self.is_own() {
            format!("countersign {}", action.as_str())
        } else {
            format!("countersign {} {}", action.as_str(), self.target.as_str())
        }
    }

    /// Whether a code of the caller is asked for.
    pub(crate) fn is_confirmed(&self) -> bool {
        is_confirmed(&self.desk.config, self.actor(enrolled(&self.own)), self.action)
    }

    fn actor(&self, enrolled: Enrolled) -> Actor<'_> {
        match &self.relation {
            Relation::Oneself => Actor::Oneself,
            Relation::Other(grant) => {
                Actor::Other(Helping { administrator: self.desk.caller.administrator, grant, enrolled })
            }
        }
    }
}
