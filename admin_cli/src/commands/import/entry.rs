//! What became of one user: a line for a person, an object for a program. Pure; no secret, no code.

use serde::Serialize;

use crate::failure::Failure;

/// Whether something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tense {
    /// It would be.
    Would,
    /// It is.
    Done,
}

/// What became of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// Tokens were taken.
    Taken,
    /// They would be.
    WouldBeTaken,
    /// All of them are here since an earlier import.
    Already,
    /// Nothing is taken.
    Left,
    /// Something went wrong that has nothing to do with the other program.
    Failed,
}

/// A token that is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Taken {
    pub(super) bits: usize,
    pub(super) digits: u8,
    pub(super) period: u16,
    /// How many used codes are known of it.
    pub(super) used_codes: usize,
}

/// One user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Entry {
    pub(super) user: String,
    pub(super) outcome: Outcome,
    pub(super) changed: bool,
    /// Whether any login of this user asks for a code then.
    pub(super) asked: Option<bool>,
    pub(super) tokens: Vec<Taken>,
    pub(super) changes: Vec<String>,
    pub(super) left: Vec<String>,
    pub(super) notes: Vec<String>,
    pub(super) problem: Option<String>,
    /// How many codes for an emergency were left behind; in sentences that stands in `left`.
    #[serde(skip)]
    pub(super) emergency_codes: usize,
}

impl Entry {
    /// A user of whom nothing is taken.
    pub(super) fn left(user: &str, why: String) -> Self {
        Self::without(user, Outcome::Left, why)
    }

    /// A user with whom something went wrong.
    pub(super) fn failed(user: &str, failure: &Failure) -> Self {
        Self::without(user, Outcome::Failed, failure.message.clone())
    }

    fn without(user: &str, outcome: Outcome, why: String) -> Self {
        Self {
            user: user.to_owned(),
            outcome,
            changed: false,
            asked: None,
            tokens: Vec::new(),
            changes: Vec::new(),
            left: Vec::new(),
            notes: Vec::new(),
            problem: Some(why),
            emergency_codes: 0,
        }
    }

    /// Whether all that was asked is so.
    pub(super) const fn is_done(&self) -> bool {
        matches!(self.outcome, Outcome::Taken | Outcome::WouldBeTaken | Outcome::Already)
    }

    /// The line of text.
    pub(super) fn line(&self) -> String {
        let mut parts = vec![match self.outcome {
            Outcome::Taken => format!("took {}", spelled_tokens(&self.tokens)),
            Outcome::WouldBeTaken => format!("would take {}", spelled_tokens(&self.tokens)),
            Outcome::Already => "already imported".to_owned(),
            Outcome::Left | Outcome::Failed => {
                format!("nothing taken: {}", self.problem.as_deref().unwrap_or_default())
            }
        }];
        for (name, items) in [("changed", &self.changes), ("left", &self.left)] {
            // Who repeats an import was told of what has no place here.
            if !items.is_empty() && (self.outcome != Outcome::Already || name == "changed") {
                parts.push(format!("{name}: {}", items.join(", ")));
            }
        }
        parts.extend(self.notes.iter().map(|note| format!("note: {note}")));
        format!("{}: {}", self.user, parts.join("; "))
    }
}

fn spelled_tokens(tokens: &[Taken]) -> String {
    tokens.iter().map(Taken::spelled).collect::<Vec<_>>().join(" and ")
}

impl Taken {
    fn spelled(&self) -> String {
        let digits = if self.digits == 6 { String::new() } else { format!(", {} digits", self.digits) };
        let period = if self.period == 30 { String::new() } else { format!(", {} seconds", self.period) };
        let used = match self.used_codes {
            0 => String::new(),
            1 => ", one used code".to_owned(),
            count => format!(", {count} used codes"),
        };
        format!("a token of {} bits{digits}{period}{used}", self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manual::{IMPORTED, IMPORTED_TOKEN};

    fn taken() -> Entry {
        Entry {
            outcome: Outcome::Taken,
            changed: true,
            asked: Some(true),
            tokens: vec![Taken { bits: 160, digits: 8, period: 60, used_codes: 2 }],
            changes: vec!["2FA is on".to_owned()],
            left: vec!["RATE_LIMIT".to_owned()],
            notes: vec!["look".to_owned()],
            problem: None,
            ..Entry::left("alice", String::new())
        }
    }

    #[test]
    fn every_field_is_always_there_and_in_the_table() {
        for entry in [taken(), Entry::left("bob", "why".to_owned()), Entry::failed("bob", &Failure::new("why"))] {
            let value = serde_json::to_value(&entry).unwrap();
            let fields = value.as_object().unwrap();
            assert!(IMPORTED.iter().all(|name| fields.contains_key(*name)) && fields.len() == IMPORTED.len());
        }
        let value = serde_json::to_value(taken()).unwrap();
        let token = value["tokens"][0].as_object().unwrap();
        assert!(IMPORTED_TOKEN.iter().all(|name| token.contains_key(*name)) && token.len() == IMPORTED_TOKEN.len());
    }

    #[test]
    fn a_line_says_all_of_the_first_time_and_of_a_repeated_one_what_changed() {
        let line = taken().line();
        assert_eq!(
            line,
            "alice: took a token of 160 bits, 8 digits, 60 seconds, 2 used codes; changed: 2FA is on; left: RATE_LIMIT; \
             note: look"
        );
        let again = Entry { outcome: Outcome::Already, changes: Vec::new(), notes: Vec::new(), ..taken() };
        assert_eq!(again.line(), "alice: already imported");
        assert_eq!(Entry::left("bob", "why".to_owned()).line(), "bob: nothing taken: why");
    }
}
