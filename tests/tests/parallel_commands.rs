//! The command while logins go on: revisions grow one by one, no change is lost, no code comes twice.
use countersign_tests::factor::{IN_USE, PROMPT, SETTINGS_CHANGED, key_shown};
use countersign_tests::pam_driver::{Step, pam};
use countersign_tests::world::Outcome;
use countersign_tests::{Answer, Factor, Phase};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

fn revision(record: &str) -> u64 {
    let line = record.lines().find_map(|line| line.strip_prefix("revision = "));
    line.and_then(|number| number.parse().ok()).expect("a revision")
}

/// Runs one thread's work again and again until another's is done.
fn meanwhile(work: impl FnOnce(), again: impl Fn() + Sync) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                again();
            }
        });
        work();
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn settings_changed_by_several_administrators_at_once_are_all_made() {
    let factor = Factor::new(IN_USE, &["alice"]);
    factor.enroll("alice");
    let first = revision(&factor.record("alice").expect("a record"));
    let world = &factor.world;
    let changed = |outcome: &Outcome| {
        outcome.expect_code(0);
        let json: serde_json::Value = serde_json::from_slice(&outcome.stdout).expect("JSON");
        let one = if json.is_array() { json[0].clone() } else { json };
        u64::from(one["changed"].as_bool().expect("whether it changed anything"))
    };
    let total: u64 = std::thread::scope(|scope| {
        let rounds = |commands: [&'static str; 2]| {
            scope.spawn(move || {
                let each = (0..12).flat_map(|_| commands);
                each.map(|command| changed(&world.countersign(&[command, "alice", "--json"]))).sum::<u64>()
            })
        };
        let workers =
            [["disable", "enable"], ["lock", "unlock"], ["enable", "disable"], ["unlock", "lock"]].map(rounds);
        workers.into_iter().map(|worker| worker.join().expect("an administrator")).sum()
    });
    let record = factor.record("alice").expect("a record");
    assert_eq!(revision(&record), first + total, "one revision per change, none lost");
    assert_eq!(record.matches("[[token]]").count(), 1, "a login's token outlives it all");
}

#[test]
fn logins_go_on_while_settings_change_and_no_code_is_accepted_twice() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    let toggle = || {
        for command in ["lock", "unlock"] {
            factor.world.countersign(&[command, "alice"]).expect_code(0);
        }
    };
    let log_in = || {
        for _ in 0..15 {
            let transcript = factor.assert_next_code_accepted("alice", &token);
            assert_eq!(transcript.questions(), [PROMPT]);
            assert!(!factor.login("alice", &[&factor.code(&token)]).let_in());
        }
    };
    meanwhile(log_in, toggle);
    assert!(factor.record("alice").expect("a record").contains(&token.secret), "no change of a setting loses a token");
}

#[test]
fn resets_during_enrollments_leave_no_half_of_either() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let mut accepted = HashSet::new();
    let mut committed = 0;
    let enroll = || {
        for _ in 0..20 {
            factor.next_step();
            let transcript = factor.login("alice", &["{code}"]);
            assert!(transcript.ended(), "{transcript:#?}");
            if transcript.codes(Phase::Account) == [pam::SUCCESS] {
                committed += 1;
                let token = key_shown(&transcript);
                assert!(accepted.insert(token.secret.clone()), "a secret is never shown twice");
                assert!(
                    !factor.login("alice", &[&factor.code(&token)]).let_in(),
                    "the proving code opens nothing again"
                );
            }
        }
    };
    meanwhile(enroll, || {
        factor.world.countersign(&["reset", "alice"]).expect_code(0);
    });
    assert!(committed > 0, "some enrollments come through");
    factor.world.countersign(&["reset", "alice"]).expect_code(0);
    factor.next_step();
    factor.enroll("alice");
}

#[test]
fn a_change_between_prompt_and_answer_is_honoured() {
    for command in ["reset", "disable", "forget"] {
        let factor = Factor::new(IN_USE, &["alice"]);
        let token = factor.enroll("alice");
        let code = factor.code(&token);
        let answer = Answer::from(code.as_str()).after(&format!("countersign {command} alice"));
        let transcript = factor.driver("alice").answers([answer]).run();
        transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
        assert_eq!(transcript.notices(), [SETTINGS_CHANGED], "{command}");
    }
}

#[test]
fn a_setting_changed_between_proof_and_commit_refuses_the_commit_and_stands() {
    for (command, changes) in
        [("lock", true), ("disable", true), ("forget", true), ("enable", false), ("unlock", false)]
    {
        let factor = Factor::new(IN_USE, &["alice"]);
        factor.world.countersign(&["unlock", "alice"]).expect_code(0);
        let run = Step::Shell(format!("countersign {command} alice"));
        let kept = Step::Shell("cp /var/lib/countersign/users/alice.toml /root/kept || true".to_owned());
        let steps = [Step::call(Phase::Authenticate), run, kept, Step::call(Phase::Account)];
        let transcript = factor.driver("alice").answers(["{code}"]).steps(steps).run();
        if changes {
            transcript.assert_codes(Phase::Account, &[pam::PERM_DENIED]);
            assert_eq!(transcript.notices(), [SETTINGS_CHANGED], "{command}");
            let kept = std::fs::read_to_string(factor.world.path("/root/kept")).ok();
            assert_eq!(factor.record("alice"), kept, "{command}");
        } else {
            transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
        }
    }
}
