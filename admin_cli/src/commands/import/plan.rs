//! What taking a user over would make of the record. Pure.

use countersign_common::counters::{Counters, TokenCounters};
use countersign_common::decision::Change;
use countersign_common::record::{MAX_TOKENS, Record, Token};
use countersign_common::store::{Imported, State};
use countersign_common::token::{Step, TokenId};

use super::Arriving;
use crate::arguments::How;
use crate::sentences::command;

/// What becomes of what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mode {
    /// Whether tokens that are there go.
    pub(super) replacing: Replacing,
    /// For whom 2FA is turned on.
    pub(super) enabling: Enabling,
    /// Whether what was thrown away here comes back.
    pub(super) thrown_away: ThrownAway,
}

/// Whether keys come back that were imported before and are gone here since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ThrownAway {
    ComesBack,
    StaysAway,
}

/// Whether tokens that are there go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replacing {
    Yes,
    No,
}

/// For whom 2FA is turned on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Enabling {
    /// Whoever has a token then.
    All,
    /// Whoever had no record and has a token then.
    Unknown,
    /// Nobody.
    Nobody,
}

impl Mode {
    pub(super) const fn of(how: &How, thrown_away: ThrownAway) -> Self {
        Self {
            thrown_away,
            replacing: if how.replace { Replacing::Yes } else { Replacing::No },
            enabling: match (how.setting.enable, how.setting.no_enable) {
                (true, _) => Enabling::All,
                (false, true) => Enabling::Nobody,
                (false, false) => Enabling::Unknown,
            },
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
    /// The steps that count as accepted from now on, of new tokens and of those that are here already.
    pub(super) steps: Vec<(TokenId, Step)>,
    /// Whether 2FA is turned on.
    pub(super) enable: bool,
    /// How many keys stay away, since they were thrown away here.
    pub(super) thrown_away: usize,
}

/// Why a user is not taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There are tokens, and nobody said that they may go.
    Enrolled,
    /// More tokens than there may be, those that would go included.
    TooMany {
        /// So many are here.
        present: usize,
        /// So many are new.
        coming: usize,
    },
    /// One secret with different parameters.
    SameSecret,
    /// A secret was imported before, and is not here any more.
    ThrownAway,
    /// A code is marked as used that lies too far ahead.
    UsedAhead,
}

/// What taking these tokens makes of a state.
///
/// A token that is here already, by its secret, is kept: what was used there meanwhile becomes used here. One that was
/// imported before and is gone was thrown away here: a lost phone must not come back with an old file.
pub(super) fn plan(state: &State, imported: &Imported, arriving: &[Arriving], mode: Mode) -> Result<Plan, Refused> {
    let record = state.record.as_ref();
    let present = record.map(|record| record.tokens.as_slice()).unwrap_or_default();
    let mut plan = Plan { add: Vec::new(), remove: Vec::new(), steps: Vec::new(), enable: false, thrown_away: 0 };
    let mut kept = Vec::new();
    for Arriving { token, last_step, whole_window } in arriving {
        let mut last_step = *last_step;
        let same = present.iter().chain(&plan.add).find(|other| other.secret == token.secret);
        let id = match same {
            Some(other) if other.parameters != token.parameters => return Err(Refused::SameSecret),
            Some(other) => {
                kept.push(other.id);
                other.id
            }
            None if imported.has(&token.secret) && mode.thrown_away == ThrownAway::StaysAway => {
                plan.thrown_away = plan.thrown_away.saturating_add(1);
                continue;
            }
            None => {
                if imported.has(&token.secret) {
                    // What was used of it here went with it.
                    last_step = last_step.max(Some(*whole_window));
                }
                let label = free_label(&[present, &plan.add].concat());
                plan.add.push(Token { label, ..token.clone() });
                token.id
            }
        };
        let news = last_step.filter(|step| Some(*step) > state.counters.last_step(id));
        plan.steps.extend(news.map(|step| (id, step)));
    }
    if plan.thrown_away > 0 && kept.is_empty() && plan.add.is_empty() {
        return Err(Refused::ThrownAway);
    }
    let others = present.iter().map(|token| token.id).filter(|id| !kept.contains(id));
    match mode.replacing {
        Replacing::Yes => plan.remove.extend(others),
        Replacing::No if !plan.add.is_empty() && !present.is_empty() => return Err(Refused::Enrolled),
        Replacing::No => {}
    }
    // The counters have room for so many, and none of what was accepted may be lost while the old ones stand.
    if present.len().saturating_add(plan.add.len()) > MAX_TOKENS {
        return Err(Refused::TooMany { present: present.len(), coming: plan.add.len() });
    }
    plan.enable = match mode.enabling {
        Enabling::All => record.is_none_or(|record| !record.use_2fa.as_bool()),
        Enabling::Unknown => record.is_none_or(|record| record.revision.0 == 0) && !plan.add.is_empty(),
        Enabling::Nobody => false,
    };
    Ok(plan)
}

/// `imported`, `imported 2`, …: the first that no other token has.
fn free_label(others: &[Token]) -> String {
    let label = |number: usize| if number == 1 { "imported".to_owned() } else { format!("imported {number}") };
    let taken = |label: &String| others.iter().any(|token| token.label == *label);
    (1..=MAX_TOKENS).map(label).find(|label| !taken(label)).unwrap_or_else(|| label(MAX_TOKENS.saturating_add(1)))
}

impl Plan {
    /// Whether all is so already.
    pub(super) fn is_nothing(&self) -> bool {
        self.changes().is_empty() && self.steps.is_empty()
    }

    /// All that changes in the record, as one revision.
    pub(super) fn changes(&self) -> Vec<Change> {
        let add = self.add.iter().cloned().map(Change::Enroll);
        let remove = self.remove.iter().copied().map(Change::RemoveToken);
        let enable = self.enable.then_some(Change::Enable);
        enable.into_iter().chain(add).chain(remove).collect()
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
            Self::TooMany { coming, .. } if coming > MAX_TOKENS => format!(
                "{coming} tokens, of which a user may have {MAX_TOKENS}: take those out of the file that are not used \
                 any more"
            ),
            Self::TooMany { present, coming } if present.min(coming) >= 1 && coming < MAX_TOKENS => format!(
                "{present} tokens are here and {coming} would come, and until the old ones go there is room for \
                 {MAX_TOKENS}: take some of the old ones away first: {} LABEL",
                command("remove-token", user)
            ),
            Self::TooMany { coming, .. } => format!(
                "a token is here and {coming} would come, and until the old one goes there is room for {MAX_TOKENS}: \
                 take it away first: {}",
                command("reset", user)
            ),
            Self::SameSecret => format!(
                "its key is here already with other digits or another number of seconds; to see them: {}",
                command("tokens", user)
            ),
            Self::ThrownAway => {
                "its key was imported before and is not here any more (reset, forget, remove-token, or an \
                                 import that did not end); to take it all the same, name the user and add --again"
                    .to_owned()
            }
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
