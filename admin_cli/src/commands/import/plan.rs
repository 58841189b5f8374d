//! What taking a user over would make of the record. Pure.

use countersign_common::counters::{Counters, TokenCounters};
use countersign_common::decision::Change;
use countersign_common::record::{MAX_TOKENS, Record, Token};
use countersign_common::token::{Step, TokenId};

use super::Arriving;
use crate::arguments::How;
use crate::sentences::command;

/// What becomes of what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mode {
    /// Whether tokens that are there go.
    pub(super) replacing: Replacing,
    /// Whether 2FA is turned on for whoever had no record.
    pub(super) enabling: Enabling,
}

/// Whether tokens that are there go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replacing {
    Yes,
    No,
}

/// Whether 2FA is turned on for whoever had no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Enabling {
    Yes,
    No,
}

impl Mode {
    pub(super) const fn of(how: &How) -> Self {
        Self {
            replacing: if how.replace { Replacing::Yes } else { Replacing::No },
            enabling: if how.no_enable { Enabling::No } else { Enabling::Yes },
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// Tokens that are new here, with their labels.
    pub(super) add: Vec<Token>,
    /// Tokens that have to go.
    pub(super) remove: Vec<TokenId>,
    /// The steps that count as accepted, of new tokens and of those that are here already.
    pub(super) steps: Vec<(TokenId, Step)>,
    /// Whether 2FA is turned on.
    pub(super) enable: bool,
}

/// Why a user is not taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There are tokens, and nobody said that they may go.
    Enrolled,
    /// More tokens than there may be, those that would go included.
    TooMany,
    /// One secret with different parameters.
    SameSecret,
    /// A code is marked as used that lies too far ahead.
    UsedAhead,
}

/// What taking these tokens makes of a record.
///
/// A token that is here already, by its secret, is kept: what was used there meanwhile becomes used here.
pub(super) fn plan(record: Option<&Record>, arriving: &[Arriving], mode: Mode) -> Result<Plan, Refused> {
    let present = record.map(|record| record.tokens.as_slice()).unwrap_or_default();
    let mut plan = Plan { add: Vec::new(), remove: Vec::new(), steps: Vec::new(), enable: false };
    let mut kept = Vec::new();
    for Arriving { token, last_step } in arriving {
        let same = present.iter().chain(&plan.add).find(|other| other.secret == token.secret);
        let id = match same {
            Some(other) if other.parameters != token.parameters => return Err(Refused::SameSecret),
            Some(other) => {
                kept.push(other.id);
                other.id
            }
            None => {
                let label = free_label(&[present, &plan.add].concat());
                plan.add.push(Token { label, ..token.clone() });
                token.id
            }
        };
        plan.steps.extend(last_step.map(|step| (id, step)));
    }
    let others = present.iter().map(|token| token.id).filter(|id| !kept.contains(id));
    match mode.replacing {
        Replacing::Yes => plan.remove.extend(others),
        Replacing::No if !plan.add.is_empty() && !present.is_empty() => return Err(Refused::Enrolled),
        Replacing::No => {}
    }
    // The counters have room for so many, and none of what was accepted may be lost while the old ones stand.
    if present.len().saturating_add(plan.add.len()) > MAX_TOKENS {
        return Err(Refused::TooMany);
    }
    plan.enable = record.is_none_or(|record| record.revision.0 == 0) && mode.enabling == Enabling::Yes;
    Ok(plan)
}

/// `imported`, `imported 2`, …: the first that no other token has.
fn free_label(others: &[Token]) -> String {
    let label = |number: usize| if number == 1 { "imported".to_owned() } else { format!("imported {number}") };
    let taken = |label: &String| others.iter().any(|token| token.label == *label);
    (1..=MAX_TOKENS).map(label).find(|label| !taken(label)).unwrap_or_else(|| label(MAX_TOKENS.saturating_add(1)))
}

impl Plan {
    /// Whether there is nothing to do but to remember what was used.
    pub(super) fn is_there_already(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }

    /// All that changes in the record, as one revision.
    pub(super) fn changes(&self) -> Vec<Change> {
        let add = self.add.iter().cloned().map(Change::Enroll);
        let remove = self.remove.iter().copied().map(Change::RemoveToken);
        let enable = self.enable.then_some(Change::Enable);
        enable.into_iter().filter(|_| !self.add.is_empty()).chain(add).chain(remove).collect()
    }

    /// The counters with all that was used.
    pub(super) fn used(&self, record: &Record, counters: &Counters) -> Counters {
        let known: Vec<TokenId> = record.tokens.iter().chain(&self.add).map(|token| token.id).collect();
        let mut next = counters.clone();
        for (id, last_step) in &self.steps {
            next.accept(TokenCounters { id: *id, last_step: *last_step, offset: 0 }, &known);
        }
        next
    }
}

impl Refused {
    /// Why, and what to type.
    pub(super) fn in_words(self, user: &str) -> String {
        match self {
            Self::Enrolled => "has a token here already; to put these in its place, add --replace".to_owned(),
            Self::TooMany => format!(
                "with those that are here these are more than {MAX_TOKENS} tokens; to begin anew: {}",
                command("reset", user)
            ),
            Self::SameSecret => "one secret stands there or here with different parameters".to_owned(),
            Self::UsedAhead => format!(
                "a code is marked as used whose time has not come: that host's clock was wrong, or this one's is; \
                 to show a new QR code: {}",
                command("enable", user)
            ),
        }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
