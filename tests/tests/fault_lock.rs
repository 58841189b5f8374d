//! Locks held by others and files replaced under a session: bounded waiting, one grant, nobody else concerned.
use countersign_tests::code::Parameters;
use countersign_tests::factor::{IN_USE, NOT_AVAILABLE, SETTINGS_CHANGED};
use countersign_tests::pam_driver::{Barrier, Running, Step, pam};
use countersign_tests::{Answer, Factor, Phase, wait};
use std::time::{Duration, Instant};

const COUNTERS: &str = "/var/lib/countersign/counters/alice";
/// Takes the lock, then stops itself for good.
const HOLDER: &str = "use Fcntl ':flock'; open F, '+<', $ARGV[0]; flock F, LOCK_EX; kill STOP => $$";
/// A copy put in place as a restore from a backup would.
const REPLACE: &str = "cp -p /var/lib/countersign/counters/alice /var/lib/countersign/restored; \
                       mv /var/lib/countersign/restored /var/lib/countersign/counters/alice";

fn enrolled() -> (Factor, Parameters) {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    let token = factor.enroll("alice");
    (factor, token)
}

/// A shell script that leaves a stopped process behind, and the lock in its hands.
fn hold_the_lock() -> String {
    let holder = HOLDER.replace('$', "\\$");
    format!("perl -e \"{holder}\" {COUNTERS} >/dev/null 2>&1 & while flock --nonblock {COUNTERS} true; do :; done")
}

fn is_locked(factor: &Factor) -> bool {
    factor.world.run(&["flock", "--nonblock", COUNTERS, "true"]).code() == Some(1)
}

#[test]
fn a_lock_held_by_a_stopped_process_refuses_after_the_deadline_and_concerns_nobody_else() {
    let (factor, token) = enrolled();
    let bob = factor.enroll("bob");
    factor.world.sh(&hold_the_lock()).ok();
    let (right, wrong) = (factor.code(&token), factor.wrong_code(&token));
    let mut barrier = Barrier::new();
    let at_once = |code: &str| Answer::from(code).at_barrier();
    let mut waiting = [&right, &wrong].map(|code| factor.driver("alice").answers([at_once(code)]).start(&barrier));
    barrier.release(&mut waiting);
    let started = Instant::now();
    factor.login("bob", &[&factor.code(&bob)]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    assert!(started.elapsed() < Duration::from_secs(4), "bob waited for alice's lock");
    for login in waiting {
        let transcript = login.finish();
        transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
        assert_eq!(transcript.notices(), [NOT_AVAILABLE], "right or wrong, the same");
    }
    let waited = started.elapsed();
    assert!((4..15).contains(&waited.as_secs()), "the deadline is about 5 s: {waited:?}");
    let line = factor.world.wait_for_log(&["event=refused", "user=alice", "reason=lock_busy", COUNTERS]);
    assert!(line.contains("(perl)"), "the log names the holder: {line}");
    factor.world.sh("kill -KILL $(pidof perl)").ok();
    let transcript = factor.login("alice", &[&right]);
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    assert_eq!(transcript.notices(), [""; 0], "neither used up nor counted");
}

#[test]
fn a_commit_that_finds_the_lock_held_is_refused() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let steps = [Step::call(Phase::Authenticate), Step::Shell(hold_the_lock()), Step::call(Phase::Account)];
    let transcript = factor.driver("alice").answers(["{code}"]).steps(steps).run();
    transcript.assert_codes(Phase::Account, &[pam::PERM_DENIED]);
    assert_eq!(transcript.notices(), [NOT_AVAILABLE]);
    assert_eq!(factor.record("alice"), None);
    factor.world.sh("kill -KILL $(pidof perl)").ok();
    factor.enroll("alice");
}

#[test]
fn counters_replaced_while_two_stand_at_the_prompt_let_one_in() {
    let (factor, token) = enrolled();
    for _ in 0..3 {
        factor.next_step();
        let code = factor.code(&token);
        let mut barrier = Barrier::new();
        let at_once = || factor.driver("alice").answers([Answer::from(code.as_str()).at_barrier()]);
        let mut logins = [at_once().start(&barrier), at_once().start(&barrier)];
        logins.iter_mut().for_each(Running::wait_at_barrier);
        factor.world.sh(REPLACE).ok();
        barrier.release(&mut logins);
        let grants = logins.into_iter().map(|login| login.finish().let_in());
        assert_eq!(grants.filter(|granted| *granted).count(), 1);
        let third = factor.login("alice", &[&code]);
        assert!(!third.let_in(), "{third:#?}");
    }
}

/// A session stopped after a system call that it makes under the lock, the file replaced, another session with the
/// same code, then the first one goes on.
fn replaced_under_the_lock(stopped_after: &str, number: u32) -> Vec<String> {
    let (factor, token) = enrolled();
    let code = factor.code(&token);
    let inject = format!("inject={stopped_after}:signal=STOP:when={number}");
    let strace = ["strace", "-o", "/tmp/trace", "-P", COUNTERS, "-e", &inject, "--"];
    let slow = factor.driver("alice").through(&strace).answers([code.as_str()]).start(&Barrier::new());
    let trace = || std::fs::read_to_string(factor.world.path("/tmp/trace")).unwrap_or_default();
    wait::until("the first session is stopped", || trace().contains("stopped by SIGSTOP").then_some(()));
    assert!(is_locked(&factor));
    factor.world.sh(REPLACE).ok();
    let fast = factor.login("alice", &[&code]);
    fast.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    factor.world.sh("kill -CONT $(pidof pam_driver)").ok();
    let slow = slow.finish();
    assert!(!slow.let_in(), "stopped after {stopped_after}: {slow:#?}");
    factor.assert_next_code_accepted("alice", &token);
    slow.text().lines().map(str::to_owned).collect()
}

#[test]
fn counters_replaced_between_lock_and_look_are_looked_at_anew() {
    let told = replaced_under_the_lock("flock", 1);
    assert!(told.iter().any(|line| line.contains("already used")), "{told:#?}");
}

#[test]
fn counters_replaced_between_look_and_write_are_a_conflict() {
    // The first look, before the prompt, is without the lock.
    let told = replaced_under_the_lock("pread64", 2);
    assert!(told.iter().any(|line| line == SETTINGS_CHANGED), "{told:#?}");
}
