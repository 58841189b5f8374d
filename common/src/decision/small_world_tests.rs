//! Every state a small world can reach, and every event in each of them, against I1, I2 and I3 as *if and only if*.
//!
//! A world has a few tokens, a few times its clock may show, and all codes of all steps near those times. The clock
//! may jump from any of its times to any other between two events, and any session may send any code: sessions meet
//! in one transaction each (lock, read, judge, write), so their interleavings are the orders of events. The search
//! goes on until no new state turns up.
#![allow(clippy::arithmetic_side_effects, reason = "an overflow in a test fails the test")]

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::Range;

use super::enrollment::{committed, prove, proven};
use super::fixture_tests::{Codebook, LOGIN, SECRET_A, SECRET_B, SECRET_C, code, config, parameters, time, token};
use super::judge::{Judgement, Verdict, judge};
use super::plan::{Plan, Refusal, plan};
use super::small_world_model_tests::{Lookup, Model, Rules};
use super::throttle::{BlockEnd, block, unblocked};
use crate::config::Config;
use crate::counters::{Counters, SlowTotal, TokenCounters};
use crate::record::{Record, Token};
use crate::token::{Algorithm, Parameters, Step};

/// A user's whole state, twice: as the code keeps it and as the model does.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub counters: Counters,
    pub model: Model,
}

#[derive(Debug, Clone)]
enum Event {
    Answer { now: u64, text: String },
    Enroll { proving: u64, text: String, committing: u64 },
    Reset,
    Unblock,
}

pub(super) struct World {
    pub config: Config,
    pub rules: Rules,
    pub tokens: Vec<Token>,
    /// Which of the tokens may be enrolled one after the other, before the first reset, after it, and so on.
    pub generations: Vec<Range<usize>>,
    pub clock: Vec<u64>,
    pub codes: Codebook,
}

impl World {
    pub(super) fn new(
        config_text: &str,
        rules: Rules,
        generations: &[&[(&[u8], Parameters)]],
        clock: Vec<u64>,
    ) -> Self {
        let mut tokens = Vec::new();
        let mut ranges = Vec::new();
        for generation in generations {
            let first = tokens.len();
            for (secret, parameters) in *generation {
                tokens.push(token(u64::try_from(tokens.len()).unwrap() + 1, secret, *parameters));
            }
            ranges.push(first..tokens.len());
        }
        Self { config: config(config_text), rules, tokens, generations: ranges, clock, codes: Codebook::default() }
    }

    pub(super) fn lookup(&self) -> Lookup<'_> {
        Lookup { rules: &self.rules, tokens: &self.tokens, codes: &self.codes }
    }

    fn record(&self, model: &Model) -> Record {
        super::fixture_tests::record(model.tokens.iter().map(|token| self.tokens[token.number].clone()).collect())
    }

    /// The token that would be enrolled next.
    pub(super) fn next_token(&self, model: &Model) -> Option<usize> {
        self.generations.get(model.generation)?.clone().nth(model.tokens.len())
    }

    /// The codes of every step within the windows and one beyond, of every token ever, and one that fits nowhere.
    fn answers(&self) -> Vec<String> {
        let mut answers = BTreeSet::new();
        for number in 0..self.tokens.len() {
            answers.extend(self.clock.iter().flat_map(|now| self.codes_near(number, *now)));
        }
        let lengths: BTreeSet<u8> = self.tokens.iter().map(|token| token.parameters.digits.as_u8()).collect();
        for digits in lengths {
            let texts = (0_u32..).map(|n| format!("{n:0width$}", width = usize::from(digits)));
            answers.insert(texts.into_iter().find(|text| !answers.contains(text)).unwrap());
        }
        answers.into_iter().collect()
    }

    fn codes_near(&self, number: usize, now: u64) -> Vec<String> {
        let window = self.lookup().window(number, now);
        (window.start().saturating_sub(1)..=window.end() + 1)
            .map(|step| self.codes.code(&self.tokens[number], step))
            .collect()
    }

    /// Everything that can happen in this state.
    fn events(&self, model: &Model, answers: &[String]) -> Vec<Event> {
        let mut events = vec![Event::Unblock];
        if model.generation + 1 < self.generations.len() && !model.tokens.is_empty() {
            events.push(Event::Reset);
        }
        for now in &self.clock {
            if !model.tokens.is_empty() {
                events.extend(answers.iter().map(|text| Event::Answer { now: *now, text: text.clone() }));
            }
            if let Some(number) = self.next_token(model) {
                for (text, committing) in self
                    .codes_near(number, *now)
                    .into_iter()
                    .flat_map(|text| self.clock.iter().map(move |at| (text.clone(), *at)))
                {
                    events.push(Event::Enroll { proving: *now, text, committing });
                }
            }
        }
        events
    }

    fn after(&self, state: &State, event: &Event) -> State {
        let mut next = match event {
            Event::Answer { now, text } => self.answer(state, *now, text).0,
            Event::Enroll { proving, text, committing } => self.enroll(state, *proving, text, *committing),
            Event::Reset => self.reset(state),
            Event::Unblock => self.unblock(state),
        };
        forget_what_decides_nothing(&mut next.counters);
        self.never_goes_back(state, &next);
        next
    }

    /// One transaction: plan again, judge, and what is written.
    pub(super) fn answer(&self, state: &State, now: u64, text: &str) -> (State, Verdict) {
        let record = self.record(&state.model);
        let mut model = state.model.clone();
        let verdict = model.answer(&self.lookup(), now, text);
        let planned = plan(&self.config, &LOGIN, Some(&record), &state.counters, time(now));
        match verdict {
            Verdict::Blocked(end) => assert_eq!(planned, Plan::Refuse(Refusal::Blocked(end)), "{state:?} at {now}"),
            _ => assert_eq!(planned, Plan::Ask, "{state:?} at {now}"),
        }
        // A session that was asked before the block came judges all the same.
        let mut judgement = judge(&self.config, &LOGIN, &record, &state.counters, time(now), &code(text));
        let next = State { counters: judgement.next.clone().unwrap_or(state.counters.clone()), model };
        if let Verdict::Accepted { last_login, .. } = &mut judgement.verdict {
            *last_login = None;
        }
        assert_eq!(judgement.verdict, verdict, "{state:?} at {now} answered {text}");
        self.agree(&next);
        self.hold(state, now, text, &judgement, &next);
        (next, verdict)
    }

    /// I1, I2, I3.
    fn hold(&self, before: &State, now: u64, text: &str, judgement: &Judgement, after: &State) {
        let blocked = before.model.block_at(&self.rules, now).is_some();
        let fitting = before.model.fitting(&self.lookup(), now, text);
        let is_new = fitting.iter().any(|(token, step)| *step > token.latest);
        let accepted = matches!(judgement.verdict, Verdict::Accepted { .. });
        assert_eq!(accepted, !blocked && is_new, "I1: {before:?} at {now} answered {text}");
        let (failures, counted) = (before.counters.throttle.failures, after.counters.throttle.failures);
        assert_eq!(counted == failures + 1, !blocked && fitting.is_empty(), "I2: {before:?} at {now} answered {text}");
        assert_eq!(counted == 0, accepted || (failures == 0 && !fitting.is_empty()), "{before:?} at {now}: {text}");
        if accepted {
            let remaining = after.model.fitting(&self.lookup(), now, text);
            assert!(remaining.iter().all(|(token, step)| *step <= token.latest), "I1: every fit is spent");
        }
        if blocked {
            let throttle = after.counters.throttle;
            assert_eq!(after.counters, Counters { throttle, ..before.counters.clone() }, "I3: nothing else is written");
            assert_eq!(counted, failures, "I3: not counted");
            for later in &self.clock {
                assert!(
                    end_at(self, after, *later) <= end_at(self, before, *later),
                    "I3: {before:?} refused at {now}, block at {later} grew"
                );
            }
        }
    }

    pub(super) fn enroll(&self, state: &State, proving: u64, text: &str, committing: u64) -> State {
        let number = self.next_token(&state.model).unwrap();
        let token = &self.tokens[number];
        let expected = self.lookup().fitting(number, proving, text).into_iter().max();
        let step = prove(&self.config, token, time(proving), &code(text));
        assert_eq!(step.map(Step::as_u64), expected, "{text} proven at {proving}");
        let Some(step) = step else { return state.clone() };
        let counters = proven(&state.counters, time(proving));
        let record = self.record(&state.model);
        let counters = committed(&counters, &LOGIN, &record, token, step, time(committing));
        let mut model = state.model.clone();
        model.enroll(number, step.as_u64());
        let next = State { counters, model };
        self.agree(&next);
        next
    }

    pub(super) fn reset(&self, state: &State) -> State {
        let mut next = self.unblock(state);
        next.model.reset();
        next
    }

    pub(super) fn unblock(&self, state: &State) -> State {
        let mut next = State { counters: unblocked(&state.counters), model: state.model.clone() };
        assert_eq!(next.counters.tokens, state.counters.tokens, "unblock touched a step");
        next.model.unblock();
        self.agree(&next);
        next
    }

    /// The counters say what the model says: accepted steps, failures, and the block at every time.
    fn agree(&self, state: &State) {
        for token in &state.model.tokens {
            let id = self.tokens[token.number].id;
            let step = state.counters.last_step(id).map(Step::as_u64);
            assert_eq!(step, Some(token.latest), "last step of token {}: {state:?}", token.number);
        }
        assert_eq!(state.counters.throttle.failures, state.model.failures, "{state:?}");
        for now in &self.clock {
            let stands = block(&self.config, state.counters.throttle, time(*now));
            assert_eq!(stands, state.model.block_at(&self.rules, *now), "block of {state:?} at {now}");
        }
    }

    /// No last accepted step decreases or is lost while its token is enrolled.
    pub(super) fn never_goes_back(&self, before: &State, after: &State) {
        for entry in &before.counters.tokens {
            let later = after.counters.last_step(entry.id);
            let enrolled = after.model.tokens.iter().any(|token| self.tokens[token.number].id == entry.id);
            assert!(later.is_some() || !enrolled, "{entry:?} was lost: {after:?}");
            assert!(later.is_none_or(|later| later >= entry.last_step), "{entry:?} went back: {after:?}");
        }
    }

    /// Visits every reachable state; returns how many there are.
    fn search(&self) -> usize {
        let answers = self.answers();
        let start = State { counters: Counters::default(), model: Model::default() };
        let mut visited: HashMap<Model, Vec<Counters>> =
            HashMap::from([(start.model.clone(), vec![Counters::default()])]);
        let mut waiting = VecDeque::from([start]);
        while let Some(state) = waiting.pop_front() {
            for event in self.events(&state.model, &answers) {
                let next = self.after(&state, &event);
                let known = visited.entry(next.model.clone()).or_default();
                if !known.contains(&next.counters) {
                    known.push(next.counters.clone());
                    waiting.push_back(next);
                }
            }
        }
        visited.values().map(Vec::len).sum()
    }
}

/// When the block ends that stands at this time, with ends as numbers; 0 for none.
fn end_at(world: &World, state: &State, now: u64) -> u64 {
    match block(&world.config, state.counters.throttle, time(now)) {
        None => 0,
        Some(BlockEnd::At(end)) => end.as_seconds(),
        Some(BlockEnd::Unblock) => u64::MAX,
    }
}

/// Numbers that are shown or logged but decide nothing here would make the world endless.
fn forget_what_decides_nothing(counters: &mut Counters) {
    counters.last_accepted = None;
    counters.slow = SlowTotal::default();
    counters.tokens = counters.tokens.iter().map(|entry| TokenCounters { offset: 0, ..*entry }).collect();
}

const PLAIN: &str = "[throttle]\nfree = 1\nfirst_delay = '30s'\nmax_delay = '1m'\nhard_limit = 4";
const PLAIN_RULES: Rules = Rules { window: 1, delays: &[0, 30, 60], hard_limit: 4 };
const STRICT: &str = "[throttle]\nfree = 0\nfirst_delay = '30s'\nhard_limit = 2";
const STRICT_RULES: Rules = Rules { window: 1, delays: &[30], hard_limit: 2 };
/// A step in the year 2027.
const BASE: u64 = 60_000_000;

/// Times in half steps of 30 s after a step.
fn half_steps(step: u64, halves: &[u64]) -> Vec<u64> {
    halves.iter().map(|half| step * 30 + half * 15).collect()
}

fn sha1() -> Parameters {
    Parameters::default()
}

#[test]
fn one_token_then_a_reset_and_another() {
    let clock = half_steps(BASE, &[0, 1, 2, 4, 7, 2_000]);
    let world = World::new(PLAIN, PLAIN_RULES, &[&[(SECRET_A, sha1())], &[(SECRET_C, sha1())]], clock);
    assert!(world.search() > 300);
}

#[test]
fn two_tokens_of_one_kind() {
    let clock = half_steps(BASE, &[0, 2, 3, 2_000]);
    let tokens: [(&[u8], _); 2] = [(SECRET_A, sha1()), (SECRET_B, sha1())];
    assert!(World::new(STRICT, STRICT_RULES, &[&tokens], clock).search() > 300);
}

#[test]
fn two_tokens_of_different_period_digits_and_hash() {
    let clock = half_steps(BASE, &[0, 2, 4, 7]);
    let tokens: [(&[u8], _); 2] = [(SECRET_A, sha1()), (SECRET_B, parameters(Algorithm::Sha256, 8, 60))];
    let after_reset: [(&[u8], _); 1] = [(SECRET_C, parameters(Algorithm::Sha512, 7, 30))];
    assert!(World::new(STRICT, STRICT_RULES, &[&tokens, &after_reset], clock).search() > 300);
}

#[test]
fn a_window_of_nothing_and_one_of_two_steps() {
    let clock = || half_steps(BASE, &[0, 1, 2, 4, 6, 2_000]);
    for window in [0, 2] {
        let config = format!("{STRICT}\n[totp]\nwindow = {window}");
        let rules = Rules { window, ..STRICT_RULES };
        assert!(World::new(&config, rules, &[&[(SECRET_A, sha1())]], clock()).search() > 50);
    }
}

#[test]
fn no_free_failure_and_a_hard_limit_of_one() {
    let rules = Rules { window: 1, delays: &[30], hard_limit: 1 };
    let clock = half_steps(BASE, &[0, 1, 2, 4, 2_000]);
    let world = World::new("[throttle]\nfree = 0\nhard_limit = 1", rules, &[&[(SECRET_A, sha1())]], clock);
    assert!(world.search() > 10);
}

/// The first steps of 1970, where a window has nothing before it.
#[test]
fn the_clock_stands_at_the_beginning_of_time() {
    let clock = vec![0, 15, 30, 60, 90, BASE * 30];
    assert!(World::new(STRICT, STRICT_RULES, &[&[(SECRET_A, sha1())]], clock).search() > 50);
}

/// A code that is that of two steps within one window: it is spent for both at once.
#[test]
fn one_code_fits_two_steps() {
    for (step, distance) in [(62_075_368, 1), (61_331_809, 2)] {
        let clock = half_steps(step, &[0, 2, 4, 6, 8]);
        let world = World::new(STRICT, STRICT_RULES, &[&[(SECRET_A, sha1())]], clock);
        let code = |step| world.codes.code(&world.tokens[0], step);
        assert_eq!(code(step), code(step + distance), "the collision this test is about");
        assert!(world.search() > 50);
    }
}

/// A code that is that of two tokens within one window: it is spent for both at once.
#[test]
fn one_code_fits_two_tokens() {
    for (step, second, period) in
        [(60_232_510, 60_232_510, 30), (61_191_817, 61_191_818, 30), (63_817_746, 31_908_873, 60)]
    {
        let clock = half_steps(step, &[0, 2, 4, 6]);
        let tokens: [(&[u8], _); 2] = [(SECRET_A, sha1()), (SECRET_B, parameters(Algorithm::Sha1, 6, period))];
        let world = World::new(STRICT, STRICT_RULES, &[&tokens], clock);
        let code = |number: usize, step| world.codes.code(&world.tokens[number], step);
        assert_eq!(code(0, step), code(1, second), "the collision this test is about");
        assert!(world.search() > 100);
    }
}
