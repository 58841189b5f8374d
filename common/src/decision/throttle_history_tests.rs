//! What wrong codes cost, against an oracle that remembers the whole history and knows only the specification's
//! numbers: threshold, delays, hard limit, clocks that go back, success, unblock, the slow total.
#![allow(clippy::arithmetic_side_effects, reason = "an overflow in a test fails the test")]

use super::fixture_tests::{Codebook, Dice, LOGIN, SECRET_A, code, config, record, time, token};
use super::judge::{Verdict, judge};
use super::plan::{Plan, Refusal, plan};
use super::throttle::{BlockEnd, block, is_slow_guessing, rebased, unblocked};
use crate::config::Config;
use crate::counters::{Counters, Grace, SlowTotal, Throttle, Uncommitted};
use crate::record::Record;
use crate::token::{Parameters, Seconds};

const START: u64 = 1_800_000_000;
const DAY: u64 = 86_400;
const YEAR: u64 = 365 * DAY;
const UNBLOCK: Option<BlockEnd> = Some(BlockEnd::Unblock);

/// What happened since the last success or unblock.
#[derive(Debug, Clone, Copy)]
enum Past {
    Wrong(u64),
    Refused(u64),
}

/// The numbers of a configuration, as an administrator reads them.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    free: usize,
    first: u64,
    max: u64,
    hard: usize,
}

#[derive(Debug)]
struct Oracle {
    numbers: Numbers,
    past: Vec<Past>,
    /// Every wrong code ever.
    wrong: Vec<u64>,
    last_step: Option<u64>,
}

impl Oracle {
    fn failures(&self) -> usize {
        self.past.iter().filter(|past| matches!(past, Past::Wrong(_))).count()
    }

    /// Doubles as often as there were failures beyond the first that was not free.
    fn delay(&self) -> u64 {
        if self.failures() <= self.numbers.free {
            return 0;
        }
        let doubled =
            (self.numbers.free + 1..self.failures()).fold(self.numbers.first, |delay, _| (delay * 2).min(DAY));
        doubled.min(self.numbers.max)
    }

    fn block_at(&self, now: u64) -> Option<BlockEnd> {
        if self.failures() >= self.numbers.hard {
            return UNBLOCK;
        }
        let last = self.past.iter().rposition(|past| matches!(past, Past::Wrong(_)))?;
        // The delay runs from the last failure, or from the earliest time that was seen since.
        let seen = self.past[last..].iter().map(|(Past::Wrong(at) | Past::Refused(at))| *at);
        let end = seen.fold(now, u64::min) + self.delay();
        (now < end).then(|| BlockEnd::At(time(end)))
    }

    /// Failures in the month that began with the first failure outside the month before.
    fn slow(&self) -> (u32, u64) {
        self.wrong.iter().fold((0, 0), |(count, since), at| {
            let is_within = count > 0 && (since..=since + 30 * DAY).contains(at);
            if is_within { (count + 1, since) } else { (1, *at) }
        })
    }
}

/// A user whom the code and the oracle watch.
struct Watched {
    config: Config,
    record: Record,
    codes: Codebook,
    counters: Counters,
    oracle: Oracle,
}

impl Watched {
    fn new(numbers: Numbers) -> Self {
        let text = format!(
            "[throttle]\nfree = {}\nfirst_delay = '{}s'\nmax_delay = '{}s'\nhard_limit = {}",
            numbers.free, numbers.first, numbers.max, numbers.hard
        );
        Self {
            config: config(&text),
            record: record(vec![token(1, SECRET_A, Parameters::default())]),
            codes: Codebook::default(),
            counters: Counters::default(),
            oracle: Oracle { numbers, past: Vec::new(), wrong: Vec::new(), last_step: None },
        }
    }

    fn plain() -> Self {
        let mut plain = Self::new(Numbers { free: 4, first: 30, max: 3_600, hard: 100 });
        plain.config = Config::default();
        plain
    }

    /// The code of the latest step that counts now.
    fn right(&mut self, now: u64) -> Verdict {
        let step = now / 30 + 1;
        let text = self.codes.code(&self.record.tokens[0], step);
        let blocked = self.oracle.block_at(now);
        let is_new = self.oracle.last_step.is_none_or(|last| last < step);
        let failures = self.counters.throttle.failures;
        let verdict = self.judge(now, &text);
        match blocked {
            Some(end) => assert_eq!(verdict, Verdict::Blocked(end)),
            None if is_new => {
                assert!(matches!(verdict, Verdict::Accepted { failures: told, .. } if told == failures), "{verdict:?}");
                self.oracle.last_step = Some(step);
                self.oracle.past.clear();
            }
            None => assert!(matches!(verdict, Verdict::Used | Verdict::ClockWentBack), "{verdict:?}"),
        }
        self.compare(now);
        verdict
    }

    fn wrong(&mut self, now: u64) -> Verdict {
        let blocked = self.oracle.block_at(now);
        let verdict = self.judge(now, "000000");
        if let Some(end) = blocked {
            assert_eq!(verdict, Verdict::Blocked(end));
        } else {
            self.oracle.past.push(Past::Wrong(now));
            self.oracle.wrong.push(now);
            let failures = u16::try_from(self.oracle.failures()).unwrap();
            let expected = Verdict::Wrong { failures, blocked: self.oracle.block_at(now) };
            let is_ahead = self.oracle.last_step.is_some_and(|last| last > now / 30 + 1);
            assert_eq!(verdict, if is_ahead { Verdict::ClockWentBack } else { expected });
        }
        self.compare(now);
        verdict
    }

    fn judge(&mut self, now: u64, text: &str) -> Verdict {
        let blocked = self.oracle.block_at(now);
        let planned = plan(&self.config, &LOGIN, Some(&self.record), &self.counters, time(now));
        assert_eq!(planned, blocked.map_or(Plan::Ask, |end| Plan::Refuse(Refusal::Blocked(end))));
        let judgement = judge(&self.config, &LOGIN, &self.record, &self.counters, time(now), &code(text));
        if blocked.is_some() {
            self.refused(now, judgement.next.as_ref());
        }
        self.counters = judgement.next.unwrap_or(self.counters.clone());
        judgement.verdict
    }

    /// A refused answer leaves everything as it was, but for a last failure that lies ahead of the clock.
    fn refused(&mut self, now: u64, next: Option<&Counters>) {
        self.oracle.past.push(Past::Refused(now));
        let throttle = self.counters.throttle;
        if time(now) >= throttle.last_failure {
            assert_eq!(next, None, "refused at {now}");
        } else {
            let rebased = Throttle { last_failure: time(now), ..throttle };
            assert_eq!(next, Some(&Counters { throttle: rebased, ..self.counters.clone() }), "refused at {now}");
        }
    }

    fn unblock(&mut self, now: u64) {
        self.counters = unblocked(&self.counters);
        self.oracle.past.clear();
        self.compare(now);
    }

    fn compare(&self, now: u64) {
        let throttle = self.counters.throttle;
        assert_eq!(usize::from(throttle.failures), self.oracle.failures());
        for at in [now, now + 1, now + self.oracle.delay(), (now + self.oracle.delay()).saturating_sub(1), now - 100] {
            assert_eq!(block(&self.config, throttle, time(at)), self.oracle.block_at(at), "{throttle:?} at {at}");
        }
    }
}

#[test]
fn long_histories_cost_what_the_specification_says() {
    let plain = Numbers { free: 4, first: 30, max: 3_600, hard: 100 };
    let all = [
        plain,
        Numbers { free: 0, first: 1, max: 1, hard: 1 },
        Numbers { free: 0, first: 1, max: 86_400, hard: 100 },
        Numbers { free: 0, first: 3_600, max: 3_600, hard: 2 },
        Numbers { free: 10, first: 3_600, max: 86_400, hard: 100 },
        Numbers { free: 10, first: 1, max: 1, hard: 11 },
        Numbers { free: 3, first: 7, max: 1_000, hard: 20 },
    ];
    for (seed, numbers) in (0..).zip(all) {
        let mut dice = Dice(seed);
        let mut watched = Watched::new(numbers);
        let mut now = START + 50 * YEAR;
        for event in 0..3_000 {
            now = moved(&mut dice, now, watched.oracle.delay());
            match dice.below(200) {
                0..=1 => watched.unblock(now),
                2..=9 => _ = watched.right(now),
                _ => _ = watched.wrong(now),
            }
            if event % 100 == 0 {
                let SlowTotal { failures, since } = watched.counters.slow;
                assert_eq!((failures, since.as_seconds()), watched.oracle.slow());
            }
        }
    }
}

/// The clock some time later: often just before, at, or after the end of a delay; sometimes back; seldom far off.
fn moved(dice: &mut Dice, now: u64, delay: u64) -> u64 {
    match dice.below(100) {
        0 => START + 50 * YEAR + dice.below(YEAR),
        1 => now + dice.below(3 * YEAR),
        2 => now - dice.below(YEAR),
        3..=8 => now - dice.below(100),
        9..=20 => now + (delay + dice.below(3)).saturating_sub(1),
        21..=60 => now + delay,
        _ => now + dice.below(40),
    }
    .clamp(START, START + 100 * YEAR)
}

#[test]
fn the_fifth_wrong_code_blocks_for_half_a_minute_and_each_further_one_twice_as_long() {
    let mut watched = Watched::plain();
    let mut now = START;
    for failures in 1..=100 {
        let delay = match failures {
            1..=4 => 0,
            5 => 30,
            6 => 60,
            7 => 120,
            8 => 240,
            9 => 480,
            10 => 960,
            11 => 1_920,
            _ => 3_600,
        };
        let blocked = match (failures, delay) {
            (100, _) => UNBLOCK,
            (_, 0) => None,
            _ => Some(BlockEnd::At(time(now + delay))),
        };
        assert_eq!(watched.wrong(now), Verdict::Wrong { failures, blocked });
        if delay > 0 && failures < 100 {
            assert_eq!(watched.wrong(now + delay - 1), Verdict::Blocked(BlockEnd::At(time(now + delay))));
        }
        now += delay;
    }
}

#[test]
fn at_the_hard_limit_only_an_administrator_helps() {
    let mut watched = Watched::plain();
    watched.right(START - 60);
    let steps = watched.counters.tokens.clone();
    for failures in 0..100 {
        watched.wrong(START + failures * 3_600);
    }
    for later in [START + 100 * 3_600, START + 100 * YEAR, START, START - YEAR] {
        assert_eq!(watched.right(later), Verdict::Blocked(BlockEnd::Unblock));
    }
    watched.unblock(START + 400_000);
    assert_eq!(watched.counters.tokens, steps, "unblock never lowers a step");
    assert!(matches!(watched.right(START + 400_000), Verdict::Accepted { failures: 0, .. }));
}

#[test]
fn a_success_clears_failures_and_delay() {
    let mut watched = Watched::plain();
    for round in 0..20 {
        let now = START + round * 60;
        for failures in 1..=4 {
            assert_eq!(watched.wrong(now), Verdict::Wrong { failures, blocked: None });
        }
        assert!(matches!(watched.right(now), Verdict::Accepted { failures: 4, .. }));
        assert_eq!(watched.counters.throttle, Throttle::default());
    }
    // Also after a block: the next first failure is free again.
    let now = START + 10_000;
    (0..5).for_each(|_| _ = watched.wrong(now));
    assert!(matches!(watched.right(now + 30), Verdict::Accepted { failures: 5, .. }));
    assert_eq!(watched.wrong(now + 31), Verdict::Wrong { failures: 1, blocked: None });
}

#[test]
fn a_clock_that_was_years_ahead_blocks_no_longer_than_the_delay() {
    let mut watched = Watched::plain();
    (0..6).for_each(|_| _ = watched.wrong(START + 20 * YEAR));
    (0..6).for_each(|_| _ = watched.wrong(START + 20 * YEAR + 30));
    assert_eq!(watched.counters.throttle.failures, 6);
    let end = BlockEnd::At(time(START + 60));
    assert_eq!(watched.wrong(START), Verdict::Blocked(end), "rebased to now");
    for later in [1, 30, 59] {
        assert_eq!(watched.right(START + later), Verdict::Blocked(end), "rebased once, and never again");
    }
    assert!(matches!(watched.right(START + 60), Verdict::Accepted { failures: 6, .. }));
}

#[test]
fn a_clock_that_goes_back_again_and_again_only_moves_the_end_back() {
    let mut watched = Watched::plain();
    (0..5).for_each(|_| _ = watched.wrong(START));
    for back in [10, 20, 1_000, YEAR] {
        let end = BlockEnd::At(time(START - back + 30));
        assert_eq!(watched.wrong(START - back), Verdict::Blocked(end));
    }
    assert!(matches!(watched.wrong(START - YEAR + 30), Verdict::Wrong { failures: 6, .. }));
}

#[test]
fn only_a_last_failure_ahead_of_the_clock_is_rebased() {
    let throttle = Throttle { failures: 7, last_failure: time(START), delay: Seconds(120) };
    assert_eq!(rebased(throttle, time(START)), None);
    assert_eq!(rebased(throttle, time(START + 1)), None);
    let earlier = time(START - 1);
    assert_eq!(rebased(throttle, earlier), Some(Throttle { last_failure: earlier, ..throttle }));
    assert_eq!(rebased(Throttle::default(), time(0)), None);
}

#[test]
fn a_thousand_refused_answers_change_nothing() {
    let mut watched = Watched::plain();
    (0..5).for_each(|_| _ = watched.wrong(START));
    let before = watched.counters.clone();
    for attempt in 0..1_000 {
        assert_eq!(watched.wrong(START + attempt % 30), Verdict::Blocked(BlockEnd::At(time(START + 30))));
    }
    assert_eq!(watched.counters, before);
    assert!(matches!(watched.right(START + 30), Verdict::Accepted { .. }));
}

#[test]
fn a_changed_configuration_counts_for_the_next_failure() {
    let throttle = Throttle { failures: 5, last_failure: time(START), delay: Seconds(30) };
    let free = config("[throttle]\nfree = 10");
    assert_eq!(block(&free, throttle, time(START + 29)), Some(BlockEnd::At(time(START + 30))), "the delay stands");
    for (hard_limit, expected) in [(5, UNBLOCK), (6, None)] {
        let limited = config(&format!("[throttle]\nfree = 0\nhard_limit = {hard_limit}"));
        assert_eq!(block(&limited, throttle, time(START + 30)), expected, "hard_limit = {hard_limit}");
    }
    let most = Throttle { failures: 9_999, ..throttle };
    assert_eq!(block(&Config::default(), most, time(START + YEAR)), UNBLOCK);
}

#[test]
fn three_hundred_wrong_codes_in_thirty_days_are_suspicious_whatever_succeeds_in_between() {
    let mut watched = Watched::plain();
    let mut now = START;
    for failures in 1..=300 {
        assert!(!is_slow_guessing(watched.counters.slow, time(now)), "after {}", failures - 1);
        watched.wrong(now);
        now += 120;
        watched.right(now);
        now += 120;
    }
    let slow = watched.counters.slow;
    assert_eq!(slow, SlowTotal { failures: 300, since: time(START) });
    assert!(is_slow_guessing(slow, time(now)));
    assert!(is_slow_guessing(slow, time(START - YEAR)), "a clock that went back hides nothing");
    assert!(is_slow_guessing(slow, time(START + 30 * DAY)));
    assert!(!is_slow_guessing(slow, time(START + 30 * DAY + 1)));
    assert_eq!(unblocked(&watched.counters).slow, slow, "unblock hides nothing");
    watched.wrong(START + 30 * DAY);
    assert_eq!(watched.counters.slow, SlowTotal { failures: 301, since: time(START) });
    watched.wrong(START + 30 * DAY + 1);
    assert_eq!(watched.counters.slow, SlowTotal { failures: 1, since: time(START + 30 * DAY + 1) });
}

#[test]
fn unblock_clears_what_holds_a_user_off_and_nothing_else() {
    let throttle = Throttle { failures: 100, last_failure: time(START), delay: Seconds(3_600) };
    let mut watched = Watched::plain();
    watched.right(START);
    let before = Counters {
        sequence: 7,
        throttle,
        helper_throttle: throttle,
        slow: SlowTotal { failures: 9, since: time(START) },
        grace: Grace::Started(time(START)),
        uncommitted: Uncommitted { count: 3, last: time(START) },
        ..watched.counters.clone()
    };
    assert_eq!(before.tokens.len(), 1, "a step that must stay");
    let cleared = Counters {
        throttle: Throttle::default(),
        helper_throttle: Throttle::default(),
        uncommitted: Uncommitted::default(),
        ..before.clone()
    };
    assert_eq!(unblocked(&before), cleared);
}
