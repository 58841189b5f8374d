//! Long walks through a larger world: three tokens, many resets, sessions that answer late, a clock that wanders.
//!
//! Each event is held against the model of the small world; a ledger of everything ever accepted, which knows of no
//! step and no order, says besides that nothing is accepted twice (I1).
#![allow(clippy::arithmetic_side_effects, reason = "an overflow in a test fails the test")]

use std::collections::{BTreeMap, HashSet};

use super::fixture_tests::{Dice, LOGIN, SECRET_A, code, config, parameters, record, time, token};
use super::judge::{Verdict, judge};
use super::small_world_model_tests::{Model, Rules};
use super::small_world_tests::{State, World};
use crate::counters::Counters;
use crate::token::{Algorithm, Parameters, UnixTime};

const START: u64 = 1_800_000_000;
const CONFIG: &str = "[throttle]\nfree = 2\nfirst_delay = '10s'\nmax_delay = '45s'\nhard_limit = 12";
const RULES: Rules = Rules { window: 1, delays: &[0, 0, 10, 20, 40, 45], hard_limit: 12 };

struct Walk<'a> {
    world: &'a World,
    state: State,
    now: u64,
    /// What the clock shows when it is not far off.
    home: u64,
    dice: Dice,
    /// What people have typed, in any session, and not sent yet.
    typed: Vec<String>,
    /// Every code and the token it was accepted for.
    ledger: HashSet<(usize, String)>,
    outcomes: BTreeMap<&'static str, u32>,
}

impl Walk<'_> {
    fn go(&mut self) {
        let before = self.state.clone();
        match self.dice.below(100) {
            0..=1 => self.state = self.world.unblock(&self.state),
            2 => self.state = self.world.reset(&self.state),
            3..=9 => self.enroll(),
            10..=39 => self.move_clock(),
            40..=64 => self.type_something(),
            _ => self.send(),
        }
        self.world.never_goes_back(&before, &self.state);
    }

    /// Mostly forward by some seconds, sometimes back; seldom far away, and then home again with the next move.
    fn move_clock(&mut self) {
        let far = [3_600, 86_400, 10 * 365 * 86_400];
        self.home = match self.dice.below(10) {
            0..=1 => self.home - self.dice.below(75),
            _ => self.home + self.dice.below(75),
        };
        self.now = match self.dice.below(60) {
            0 => self.home + *self.dice.one_of(&far),
            1 => self.home - *self.dice.one_of(&far),
            _ => self.home,
        };
    }

    /// A code of a token of this or the last generation, of a step near now, or digits that are no code.
    fn type_something(&mut self) {
        let generations = &self.world.generations;
        let latest = self.state.model.generation;
        let generation = if self.dice.below(8) == 0 { latest.saturating_sub(1) } else { latest };
        let numbers: Vec<usize> = generations[generation].clone().collect();
        let token = &self.world.tokens[*self.dice.one_of(&numbers)];
        let current = self.now / u64::from(token.parameters.period.as_seconds());
        let step = current + self.dice.below(6) - 3;
        let text = match self.dice.below(12) {
            0 => format!("{:06}", self.dice.below(1_000_000)),
            _ => self.world.codes.code(token, step),
        };
        let sessions = 1 + self.dice.below(2);
        self.typed.extend((0..sessions).map(|_| text.clone()));
        let given_up = self.typed.len().saturating_sub(8);
        self.typed.drain(..given_up);
    }

    fn send(&mut self) {
        if self.typed.is_empty() || self.state.model.tokens.is_empty() {
            return;
        }
        let count = u64::try_from(self.typed.len()).unwrap();
        let index = usize::try_from(self.dice.below(count.min(6))).unwrap();
        let text = self.typed.remove(index);
        let fitting = self.state.model.fitting(&self.world.lookup(), self.now, &text);
        let (next, verdict) = self.world.answer(&self.state, self.now, &text);
        if matches!(verdict, Verdict::Accepted { .. }) {
            for (token, step) in fitting.iter().filter(|(token, step)| *step > token.latest) {
                let is_first = self.ledger.insert((token.number, text.clone()));
                assert!(is_first, "{text} was accepted twice for token {}, now at step {step}", token.number);
            }
        }
        let outcome = match verdict {
            Verdict::Accepted { .. } => "accepted",
            Verdict::Used | Verdict::TooOld => "used or old",
            Verdict::ClockWentBack => "clock went back",
            Verdict::Wrong { .. } => "wrong",
            Verdict::Blocked(_) => "blocked",
            Verdict::RecoveryAccepted { .. } => unreachable!("no recovery code was typed"),
        };
        *self.outcomes.entry(outcome).or_default() += 1;
        self.state = next;
    }

    fn enroll(&mut self) {
        let Some(number) = self.world.next_token(&self.state.model) else { return };
        let window = self.world.lookup().window(number, self.now);
        let step = window.start() + self.dice.below(3);
        let text = self.world.codes.code(&self.world.tokens[number], step);
        let committing = self.now + self.dice.below(120);
        self.state = self.world.enroll(&self.state, self.now, &text, committing);
        assert!(self.ledger.insert((number, text.clone())), "{text} proved token {number} twice");
        self.typed.insert(0, text);
    }
}

/// Two hundred generations of three tokens, with parameters of every kind.
fn large_world(dice: &mut Dice) -> World {
    let kinds = [(Algorithm::Sha1, 6, 30), (Algorithm::Sha256, 8, 60), (Algorithm::Sha512, 7, 45)];
    let secrets: Vec<Vec<u8>> = (0..600).map(|_| format!("secret {:013}", dice.below(1 << 40)).into_bytes()).collect();
    let parameters = kinds.map(|(algorithm, digits, period)| parameters(algorithm, digits, period));
    let specs: Vec<(&[u8], Parameters)> =
        secrets.iter().map(Vec::as_slice).zip(parameters.into_iter().cycle()).collect();
    let generations: Vec<&[(&[u8], Parameters)]> = specs.chunks(3).collect();
    World::new(CONFIG, RULES, &generations, vec![START, START + 1_000, START + 100_000, START * 2])
}

#[test]
fn a_code_is_never_accepted_twice_however_long_one_walks() {
    let mut outcomes: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..4 {
        let mut dice = Dice(seed);
        let world = large_world(&mut dice);
        let state = State { counters: Counters::default(), model: Model::default() };
        let mut walk = Walk {
            world: &world,
            state,
            now: START,
            home: START,
            dice,
            typed: Vec::new(),
            ledger: HashSet::new(),
            outcomes: BTreeMap::new(),
        };
        for _ in 0..8_000 {
            walk.go();
        }
        for (outcome, count) in walk.outcomes {
            *outcomes.entry(outcome).or_default() += count;
        }
    }
    for outcome in ["accepted", "blocked", "wrong", "used or old", "clock went back"] {
        assert!(outcomes.get(outcome).is_some_and(|count| *count > 100), "too few to mean anything: {outcomes:?}");
    }
}

#[test]
fn of_sixty_four_sessions_with_one_code_exactly_one_is_let_in() {
    let record = record(vec![token(1, SECRET_A, Parameters::default())]);
    let text = super::fixture_tests::code_at(&record.tokens[0], START / 30);
    let mut counters = Counters::default();
    let mut verdicts = Vec::new();
    for _ in 0..64 {
        let judgement = judge(&config(""), &LOGIN, &record, &counters, time(START), &code(&text));
        verdicts.push(judgement.verdict);
        counters = judgement.next.unwrap_or(counters);
    }
    assert_eq!(verdicts[0], Verdict::Accepted { failures: 0, last_login: None, offset: 0 });
    assert!(verdicts[1..].iter().all(|verdict| *verdict == Verdict::Used));
}

#[test]
fn a_success_tells_of_the_failures_before_it_and_of_the_last_login() {
    let record = record(vec![token(1, SECRET_A, Parameters::default())]);
    let codes = |step: u64| super::fixture_tests::code_at(&record.tokens[0], START / 30 + step);
    let mut counters = Counters::default();
    let mut answer = |text: &str, now: UnixTime| {
        let judgement = judge(&config(""), &LOGIN, &record, &counters, now, &code(text));
        counters = judgement.next.unwrap_or(counters.clone());
        (judgement.verdict, counters.last_accepted.clone())
    };
    let (verdict, last) = answer(&codes(0), time(START));
    assert_eq!(verdict, Verdict::Accepted { failures: 0, last_login: None, offset: 0 });
    let last = last.unwrap();
    assert_eq!(
        (last.at, last.service.as_str(), last.rhost.as_str(), last.offset),
        (time(START), "sshd", "192.0.2.7", 0)
    );
    for failures in 1..=3 {
        let expected = Verdict::Wrong { failures, blocked: None };
        assert_eq!(answer("000000", time(START + 1)).0, expected);
    }
    let (verdict, last) = answer(&codes(2), time(START + 30));
    assert_eq!(verdict, Verdict::Accepted { failures: 3, last_login: Some(time(START)), offset: 1 });
    assert_eq!(last.map(|last| (last.at, last.offset)), Some((time(START + 30), 1)));
    assert_eq!(answer("000000", time(START + 31)).0, Verdict::Wrong { failures: 1, blocked: None });
}
