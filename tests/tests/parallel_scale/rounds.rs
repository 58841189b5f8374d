//! Sixty-four processes that stay at their prompts, and answer with the same code at one instant, round after round.
use countersign_tests::factor::{IN_USE, recovery_codes_in};
use countersign_tests::pam_driver::{Barrier, Running, Step, pam};
use countersign_tests::{Answer, Factor, Phase};
use std::time::{Duration, Instant};

const PROCESSES: usize = 64;
/// A command line has a limit.
const ROUNDS_OF_A_PROCESS: usize = 250;
/// As many recovery codes as there can be.
const RECOVERY_CODES: usize = 16;
/// Every so many processes' writes take their time: whoever did not wait for them would find the old state.
const SLOW_ONE_IN: usize = 4;
const SLOW: [&str; 8] = [
    "strace",
    "-f",
    "--seccomp-bpf",
    "-o",
    "/dev/null",
    "--trace=pwrite64",
    "--inject=pwrite64:delay_enter=4000",
    "--",
];
/// One answer in each round.
const CONFIG: &str = "[prompt]\ntries = 1\n[recovery]\ncodes = 16\n";

/// Rounds that were held, and what came of them.
#[derive(Debug, Default)]
struct Tally {
    rounds: usize,
    /// Rounds in which not exactly one was let in, and how many were.
    wrong: Vec<(usize, usize)>,
    told_used: usize,
    slowest: Duration,
}

impl Tally {
    /// Holds a round for each code. The clock moves `between` two of them.
    fn hold(&mut self, factor: &Factor, codes: &[String], between: impl Fn()) {
        let process = |number: usize| {
            // A barrier for each, so that none takes the release of another.
            let barrier = Barrier::new();
            let answers = codes.iter().map(|code| Answer::from(code.as_str()).at_barrier());
            let steps = codes.iter().map(|_| Step::call(Phase::Authenticate));
            let wrapper: &[&str] = if number.is_multiple_of(SLOW_ONE_IN) { &SLOW } else { &[] };
            let running = factor.driver("alice").through(wrapper).answers(answers).steps(steps).start(&barrier);
            (barrier, running)
        };
        let (mut barriers, mut running): (Vec<_>, Vec<_>) = (0..PROCESSES).map(process).unzip();
        running.iter_mut().for_each(Running::wait_at_barrier);
        for round in 0..codes.len() {
            if round > 0 {
                between();
            }
            let began = Instant::now();
            for (barrier, process) in barriers.iter_mut().zip(&mut running) {
                barrier.release(std::slice::from_mut(process));
            }
            if round + 1 < codes.len() {
                running.iter_mut().for_each(Running::wait_at_barrier);
                self.slowest = self.slowest.max(began.elapsed());
            }
        }
        let transcripts: Vec<_> = running.into_iter().map(Running::finish).collect();
        let mut granted = vec![0; codes.len()];
        for transcript in &transcripts {
            assert!(transcript.ended() && transcript.errors.is_empty(), "{transcript:#?}");
            let verdicts = transcript.codes(Phase::Authenticate);
            assert_eq!(verdicts.len(), codes.len(), "a verdict in each round: {transcript:#?}");
            for (round, verdict) in verdicts.iter().enumerate() {
                assert!([pam::SUCCESS, pam::AUTH_ERR].contains(verdict), "{transcript:#?}");
                granted[round] += usize::from(*verdict == pam::SUCCESS);
            }
            self.told_used += transcript.notices().iter().filter(|notice| notice.contains("already used")).count();
        }
        let wrong = granted.iter().enumerate().filter(|(_, granted)| **granted != 1);
        self.wrong.extend(wrong.map(|(round, granted)| (self.rounds + round, *granted)));
        self.rounds += codes.len();
    }
}

fn factor() -> Factor {
    Factor::new(&format!("{IN_USE}{CONFIG}"), &["alice"])
}

/// Rounds with the code of one step after the other.
fn codes_of_the_phone(rounds: usize) {
    let factor = factor();
    let token = factor.enroll("alice");
    let mut tally = Tally::default();
    let began = Instant::now();
    while tally.rounds < rounds {
        factor.next_step();
        let count = (rounds - tally.rounds).min(ROUNDS_OF_A_PROCESS);
        let codes: Vec<String> = (0..).take(count).map(|step| factor.code_of_step(&token, step)).collect();
        tally.hold(&factor, &codes, || factor.next_step());
    }
    println!("{PROCESSES} processes, one code: {tally:?} in {:?}", began.elapsed());
    assert_eq!((tally.rounds, &tally.wrong[..]), (rounds, &[][..]), "rounds that did not let exactly one in");
    assert_eq!(tally.told_used, rounds * (PROCESSES - 1), "everyone else is told why");
    assert_eq!((factor.failures("alice"), accepted(&factor)), (0, rounds));
    factor.assert_next_code_accepted("alice", &token);
}

fn accepted(factor: &Factor) -> usize {
    factor.world.log().matches("event=accepted").count()
}

/// Rounds with one recovery code after the other, of one set after the other.
fn recovery_codes(rounds: usize) {
    let factor = factor();
    let token = factor.enroll("alice");
    let mut tally = Tally::default();
    let began = Instant::now();
    while tally.rounds < rounds {
        let codes = recovery_codes_in(&factor.world.countersign(&["new-recovery-codes", "alice"]).ok());
        assert_eq!(codes.len(), RECOVERY_CODES);
        tally.hold(&factor, &codes, || {});
        assert_eq!(factor.status("alice")["recovery_codes_left"], 0);
    }
    println!("{PROCESSES} processes, one recovery code: {tally:?} in {:?}", began.elapsed());
    assert_eq!(&tally.wrong[..], &[], "rounds that did not let exactly one in");
    assert_eq!(factor.world.log().matches("event=recovery_used").count(), tally.rounds);
    factor.world.countersign(&["unblock", "alice"]).ok();
    factor.assert_next_code_accepted("alice", &token);
}

#[test]
fn of_sixty_four_processes_with_one_code_exactly_one_is_let_in_in_each_of_fifty_rounds() {
    codes_of_the_phone(50);
}

#[test]
fn of_sixty_four_processes_with_one_recovery_code_exactly_one_is_let_in_in_each_of_sixteen_rounds() {
    recovery_codes(16);
}

#[test]
#[ignore = "takes minutes: make stress"]
fn of_sixty_four_processes_with_one_code_exactly_one_is_let_in_in_each_of_a_thousand_rounds() {
    codes_of_the_phone(1_000);
}

#[test]
#[ignore = "takes minutes: make stress"]
fn of_sixty_four_processes_with_one_recovery_code_exactly_one_is_let_in_in_each_of_a_thousand_rounds() {
    recovery_codes(1_000);
}
