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

/// What holds alice's lock, stopped right after it has taken it: a login, root's command, the helper she called.
const HOLDERS: [(&str, &str); 3] = [
    ("/run/world/login.sh", "(pam_driver)"),
    ("exec countersign lock alice", "(countersign)"),
    (
        "echo $CODE | setpriv --reuid alice --regid alice --init-groups countersign new-recovery-codes",
        "(countersign-hel)",
    ),
];

/// A holder under strace, and the shell that started it.
fn stopped_holder(factor: &Factor, code: &str, script: &str) -> std::process::Child {
    let login = factor.driver("alice").answers([code]).invocation();
    let words = login.words().into_iter().map(|word| format!("'{}' ", word.replace('\'', "'\\''")));
    factor.world.write_file("/run/world/login.sh", format!("#!/bin/sh\nexec {}\n", words.collect::<String>()), 0o700);
    let _ = std::fs::remove_file(factor.world.path("/tmp/trace"));
    let inject = "inject=flock:signal=STOP:when=1";
    let strace = ["strace", "-f", "-o", "/tmp/trace", "-P", COUNTERS, "-e", inject, "sh", "-c", script];
    let holder = factor.world.command(&strace).env("CODE", code).spawn();
    let trace = || std::fs::read_to_string(factor.world.path("/tmp/trace")).unwrap_or_default();
    wait::until("the holder is stopped", || trace().contains("stopped by SIGSTOP").then_some(()));
    assert!(is_locked(factor));
    holder
}

/// Signals the one that holds the lock, not those who wait for it.
fn signal_holder(factor: &Factor, signal: &str) {
    let trace = std::fs::read_to_string(factor.world.path("/tmp/trace")).expect("a trace");
    let stopped = trace.lines().find(|line| line.contains("stopped by SIGSTOP")).expect("a stop");
    let process = stopped.split(' ').next().expect("a process id");
    factor.world.run(&["kill", &format!("-{signal}"), process]).ok();
}

fn assert_stopped_holder_concerns_one_user(script: &str, name: &str) {
    let (factor, token) = enrolled();
    let bob = factor.enroll("bob");
    let (code, next) = (factor.code(&token), factor.code_of_step(&token, 1));
    let holder = stopped_holder(&factor, &code, script);
    let world = &factor.world;
    let started = Instant::now();
    factor.login("bob", &[&factor.code(&bob)]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    world.countersign(&["lock", "bob"]).ok();
    assert!(started.elapsed() < Duration::from_secs(4), "{name}: bob waited for alice's lock");
    let started = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let login = factor.login("alice", &[&next]);
            login.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
            assert_eq!(login.notices(), [NOT_AVAILABLE], "{name}");
        });
        scope.spawn(|| {
            let reset = world.countersign(&["reset", "alice"]);
            assert!(reset.code() == Some(1) && reset.errors().contains(name), "{name}: {}", reset.errors());
        });
        scope.spawn(|| {
            let own = world.command(&["countersign", "disable"]).user("alice").stdin(format!("{next}\n")).run();
            assert!(
                own.code() == Some(1) && own.errors().contains("of the same user is going on"),
                "{name}: {}",
                own.errors()
            );
        });
    });
    let waited = started.elapsed();
    assert!((4..20).contains(&waited.as_secs()), "{name}: the deadline is about 5 s: {waited:?}");
    let lines = world.log();
    let named = lines.lines().filter(|line| line.contains("reason=lock_busy") && line.contains(name)).count();
    assert_eq!(named, 2, "{name}: to the login and to the helper: {lines}");
    signal_holder(&factor, "CONT");
    let ended = holder.wait_with_output().expect("wait for the holder");
    assert!(ended.status.success(), "{name}: it goes on as if nothing had been: {ended:?}");
    factor.login("alice", &[&next]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
}

#[test]
fn whoever_is_stopped_under_the_lock_is_named_to_all_who_wait_and_concerns_one_user() {
    std::thread::scope(|scope| {
        for (script, name) in HOLDERS {
            scope.spawn(move || assert_stopped_holder_concerns_one_user(script, name));
        }
    });
}

#[test]
fn a_lock_whose_holder_is_killed_is_free_at_once_for_those_who_wait() {
    for (script, name) in HOLDERS {
        let (factor, token) = enrolled();
        let (code, next) = (factor.code(&token), factor.code_of_step(&token, 1));
        let holder = stopped_holder(&factor, &code, script);
        let mut barrier = Barrier::new();
        let mut waiting = [factor.driver("alice").answers([Answer::from(next.as_str()).at_barrier()]).start(&barrier)];
        barrier.release(&mut waiting);
        let started = Instant::now();
        signal_holder(&factor, "KILL");
        for login in waiting {
            login.finish().assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
        }
        assert!(started.elapsed() < Duration::from_secs(4), "{name}: {:?}", started.elapsed());
        holder.wait_with_output().expect("wait for the holder");
        factor.world.countersign(&["unlock", "alice"]).ok();
    }
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
