//! A user as design.md §3 describes one, and no more: what the small world is held against.
//!
//! Written from the specification with sets and minima instead of walks and flags; shares nothing with `judge` and
//! `throttle` but the types of their answers.
#![allow(clippy::arithmetic_side_effects, reason = "an overflow in a test fails the test")]

use super::fixture_tests::{Codebook, time};
use super::judge::Verdict;
use super::throttle::BlockEnd;
use crate::record::Token;

/// The numbers of the specification, written out.
pub(super) struct Rules {
    /// Steps before and after the current one.
    pub window: u64,
    /// The delay in seconds that each failure in a row brings, from the first; the last one stands for all later ones.
    pub delays: &'static [u64],
    /// Failures in a row from which on only an administrator helps.
    pub hard_limit: u16,
}

/// One enrolled token: which one of the world's, and the latest step it ever accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Enrolled {
    pub number: usize,
    pub latest: u64,
}

/// One user.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Model {
    /// How often this user was reset.
    pub generation: usize,
    /// The enrolled tokens, oldest first.
    pub tokens: Vec<Enrolled>,
    /// Failures in a row.
    pub failures: u16,
    /// From when on the delay runs: the last failure, or an earlier time to which the clock went back.
    pub delayed_from: u64,
}

/// What the model looks codes up in.
pub(super) struct Lookup<'a> {
    pub rules: &'a Rules,
    pub tokens: &'a [Token],
    pub codes: &'a Codebook,
}

impl Lookup<'_> {
    /// The steps of a token that count at this time.
    pub(super) fn window(&self, number: usize, now: u64) -> std::ops::RangeInclusive<u64> {
        let current = now / u64::from(self.tokens[number].parameters.period.as_seconds());
        current.saturating_sub(self.rules.window)..=current + self.rules.window
    }

    /// The steps in a token's window whose code this is.
    pub(super) fn fitting(&self, number: usize, now: u64, text: &str) -> Vec<u64> {
        let is_code = |step: &u64| self.codes.code(&self.tokens[number], *step) == text;
        self.window(number, now).filter(is_code).collect()
    }
}

impl Model {
    /// The block at this time, if one stands.
    pub(super) fn block_at(&self, rules: &Rules, now: u64) -> Option<BlockEnd> {
        if self.failures >= rules.hard_limit {
            return Some(BlockEnd::Unblock);
        }
        let brought_delay = usize::from(self.failures).checked_sub(1)?;
        let delay = rules.delays[brought_delay.min(rules.delays.len() - 1)];
        let end = self.delayed_from.min(now) + delay;
        (now < end).then(|| BlockEnd::At(time(end)))
    }

    /// Every step of an enrolled token that this code fits now, with that token's latest accepted one.
    pub(super) fn fitting(&self, lookup: &Lookup, now: u64, text: &str) -> Vec<(Enrolled, u64)> {
        let steps = |token: &Enrolled| lookup.fitting(token.number, now, text);
        self.tokens.iter().flat_map(|token| steps(token).into_iter().map(|step| (*token, step))).collect()
    }

    /// What an answer is worth, and what it leaves behind. The time of the last login is left out.
    pub(super) fn answer(&mut self, lookup: &Lookup, now: u64, text: &str) -> Verdict {
        if let Some(end) = self.block_at(lookup.rules, now) {
            self.delayed_from = self.delayed_from.min(now);
            return Verdict::Blocked(end);
        }
        let fitting = self.fitting(lookup, now, text);
        let new: Vec<(Enrolled, u64)> = fitting.iter().filter(|(token, step)| *step > token.latest).copied().collect();
        // Of the tokens that the code is of, or of all if it is of none.
        let none_fits = fitting.is_empty();
        let meant = |token: &Enrolled| none_fits || fitting.iter().any(|(other, _)| other.number == token.number);
        let no_code_can_be_new = self
            .tokens
            .iter()
            .filter(|token| meant(token))
            .all(|token| token.latest > *lookup.window(token.number, now).end());
        if !new.is_empty() {
            return self.accept(lookup, now, &new);
        }
        if fitting.is_empty() {
            self.failures += 1;
            self.delayed_from = now;
        }
        if no_code_can_be_new {
            Verdict::ClockWentBack
        } else if fitting.is_empty() {
            Verdict::Wrong { failures: self.failures, blocked: self.block_at(lookup.rules, now) }
        } else if fitting.iter().any(|(token, step)| *step == token.latest) {
            Verdict::Used
        } else {
            Verdict::TooOld
        }
    }

    fn accept(&mut self, lookup: &Lookup, now: u64, new: &[(Enrolled, u64)]) -> Verdict {
        let failures = self.failures;
        (self.failures, self.delayed_from) = (0, 0);
        for token in &mut self.tokens {
            let steps = new.iter().filter(|(other, _)| other.number == token.number).map(|(_, step)| *step);
            token.latest = steps.fold(token.latest, u64::max);
        }
        let first = new[0].0.number;
        let advanced = self.tokens.iter().find(|token| token.number == first).unwrap().latest;
        let current = now / u64::from(lookup.tokens[first].parameters.period.as_seconds());
        let offset = i8::try_from(i64::try_from(advanced).unwrap() - i64::try_from(current).unwrap()).unwrap();
        Verdict::Accepted { failures, last_login: None, offset }
    }

    /// A token proven with this step and committed: failures are forgotten.
    pub(super) fn enroll(&mut self, number: usize, latest: u64) {
        self.tokens.push(Enrolled { number, latest });
        self.unblock();
    }

    /// No token any more, no failures.
    pub(super) fn reset(&mut self) {
        self.tokens.clear();
        self.generation += 1;
        self.unblock();
    }

    /// No failures; every accepted step is remembered.
    pub(super) fn unblock(&mut self) {
        (self.failures, self.delayed_from) = (0, 0);
    }
}
