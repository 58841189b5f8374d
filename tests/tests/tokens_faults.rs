//! The commands about tokens, recovery codes and grace under a full disk and under a kill at every call that writes:
//! the old state stands or the new one, trusted, and what reports success is done (I7).
use countersign_tests::Factor;
use countersign_tests::factor::IN_USE;
use countersign_tests::world::{COMMAND, Outcome};
use serde_json::Value;

const WRITING: [&str; 7] = ["write", "pwrite64", "fsync", "fdatasync", "renameat", "renameat2", "unlinkat"];
const STATE: &str = "/var/lib/countersign";

/// What a command changes, as `status` tells it.
fn told(factor: &Factor, user: &str) -> Value {
    let status = factor.status(user);
    assert_eq!(status["state"], "ok", "{status:#}");
    let ids: Vec<&Value> = status["tokens"].as_array().expect("an array").iter().map(|token| &token["id"]).collect();
    serde_json::json!([ids, status["grace_until"].is_null()])
}

/// Runs the command under strace.
fn traced(factor: &Factor, inject: &[&str], arguments: &[&str]) -> Outcome {
    let strace = ["strace", "-y", "-o", "/tmp/trace"];
    factor.world.run(&[&strace[..], inject, &["--", COMMAND], arguments].concat())
}

/// How often each call that writes comes below the state directory, and its number among all of its name.
fn calls(factor: &Factor) -> Vec<(String, usize)> {
    let trace = factor.world.sh("cat /tmp/trace").ok();
    let mut found = Vec::new();
    for name in WRITING {
        let of_name = trace.lines().filter(|line| line.starts_with(&format!("{name}(")));
        let ours = of_name.enumerate().filter(|(_, line)| line.contains(STATE));
        found.extend(ours.map(|(index, _)| (name.to_owned(), index + 1)));
    }
    assert!(!found.is_empty(), "{trace}");
    found
}

/// Lets the command meet each fault at each such call, each time from the same state.
fn sweep(prepare: &dyn Fn(&Factor), user: &str, arguments: &[&str]) {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    prepare(&factor);
    let restore = format!(
        "rm -rf {STATE}/users/* {STATE}/users/.[a-z]* {STATE}/counters/* {STATE}/counters/.[a-z]*; cp -a /root/before/. {STATE}/"
    );
    factor.world.sh(&format!("cp -a {STATE} /root/before")).ok();
    let old = told(&factor, user);
    traced(&factor, &[], arguments).ok();
    let new = told(&factor, user);
    for (name, number) in calls(&factor) {
        for fault in ["error=ENOSPC", "error=EIO", "signal=KILL"] {
            factor.world.sh(&restore).ok();
            assert_eq!(told(&factor, user), old);
            let inject = format!("inject={name}:{fault}:when={number}");
            let outcome = traced(&factor, &["-e", &format!("trace={name}"), "-e", &inject], arguments);
            let what = format!("{arguments:?} {inject}");
            let left = told(&factor, user);
            let is_new = left != old;
            // New tokens have new ids each time; the number tells.
            let same_shape = left[0].as_array().map(Vec::len) == new[0].as_array().map(Vec::len) && left[1] == new[1];
            assert!(left == old || (is_new && same_shape), "{what}: {left} from {old} to {new}");
            assert!(!outcome.status.success() || is_new || old == new, "{what}: reported done");
            // Again, without a fault, it works.
            if left == old {
                factor.world.countersign(arguments).ok();
            }
        }
    }
}

fn phone_and_tablet(factor: &Factor) {
    factor.enroll("alice");
    factor.world.countersign(&["enroll", "alice", "--label", "tablet", "--no-confirm"]).ok();
}

#[test]
fn removing_a_token_leaves_it_or_not() {
    sweep(&phone_and_tablet, "alice", &["remove-token", "alice", "tablet"]);
}

#[test]
fn adding_a_token_leaves_it_or_not() {
    sweep(&phone_and_tablet, "alice", &["enroll", "alice", "--label", "watch", "--no-confirm", "--uri"]);
}

#[test]
fn replacing_tokens_leaves_the_old_ones_or_the_new_one() {
    sweep(&phone_and_tablet, "alice", &["enroll", "alice", "--replace", "--no-confirm", "--uri"]);
}

#[test]
fn a_first_token_leaves_nothing_or_all() {
    sweep(&|_| {}, "bob", &["enroll", "bob", "--no-confirm", "--uri"]);
}

#[test]
fn giving_time_leaves_none_or_all() {
    sweep(&|_| {}, "bob", &["grace", "bob", "3d"]);
}

#[test]
fn of_the_old_and_the_new_recovery_codes_exactly_one_set_works_after_any_fault() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let (_, old) = factor.enroll_with_recovery_codes("alice");
    for (index, name) in ["write", "fsync", "renameat", "fsync"].into_iter().enumerate() {
        for fault in ["error=ENOSPC", "signal=KILL"] {
            let number = if index == 3 { 2 } else { 1 };
            let inject = format!("inject={name}:{fault}:when={number}");
            traced(
                &factor,
                &["-P", STATE, "-P", &format!("{STATE}/users"), "-e", &inject],
                &["new-recovery-codes", "alice"],
            );
            assert_eq!(factor.status("alice")["state"], "ok");
            assert_eq!(factor.status("alice")["recovery_codes_left"], 8, "{inject}");
        }
    }
    let outcome = factor.world.countersign(&["new-recovery-codes", "alice"]);
    let new = countersign_tests::factor::recovery_codes_in(&outcome.ok());
    assert!(!factor.login("alice", &[old[0].as_str()]).let_in());
    assert!(factor.login("alice", &[new[0].as_str()]).let_in());
}
