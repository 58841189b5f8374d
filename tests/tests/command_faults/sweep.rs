//! Each deed with each fault at each call.
use crate::deed::{DEEDS, Deed};
use crate::standing::{People, Standing};
use std::collections::HashMap;

const TRACE: &str = "/tmp/trace";
const ERRORS: [&str; 8] = ["ENOSPC", "EIO", "EROFS", "EDQUOT", "EFBIG", "EINTR", "EACCES", "EMFILE"];

/// A system call on state or configuration, and which of its name it is in the run.
#[derive(Debug, Clone)]
struct Call {
    name: String,
    number: usize,
    creates: bool,
}

fn calls(trace: &str) -> Vec<Call> {
    let mut seen = HashMap::<&str, usize>::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        let Some((name, arguments)) = line.split_once('(') else { continue };
        let number = seen.entry(name).or_default();
        *number += 1;
        let is_ours = ["/var/lib/countersign", "/etc/countersign"].iter().any(|place| arguments.contains(place));
        if is_ours && !["execve", "close", "sendto"].contains(&name) {
            calls.push(Call { name: name.to_owned(), number: *number, creates: arguments.contains("O_CREAT") });
        }
    }
    calls
}

impl Call {
    fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }

    /// Whether it changes something: what is on the disk, or who holds a lock.
    fn changes(&self) -> bool {
        let changing =
            ["flock", "pwrite64", "write", "fdatasync", "fsync", "renameat", "renameat2", "linkat", "unlinkat"];
        self.is(&changing) || self.is(&["fchmod", "fchown"]) || self.creates
    }

    /// Whether nothing may be said to be done if this fails. What is taken away by `forget` must be gone; a temporary
    /// name need not.
    fn makes_durable(&self, deed: &Deed) -> bool {
        self.changes() && !self.is(&["flock"]) && (!self.is(&["unlinkat"]) || deed.words[0] == "forget")
    }

    /// At each call that changes something a kill and one error, another one at each call.
    fn some_faults(&self) -> Vec<String> {
        if !self.changes() {
            return Vec::new();
        }
        let errors: &[&str] = match self.name.as_str() {
            "pwrite64" | "write" => &["ENOSPC", "EINTR", "EIO", "EDQUOT", "EFBIG", "EROFS"],
            "fdatasync" | "fsync" => &["EIO", "ENOSPC", "EDQUOT"],
            "openat" | "openat2" => &["ENOSPC", "EMFILE", "EACCES", "EROFS"],
            "flock" => &["EINTR", "EIO"],
            _ => &["EIO", "EROFS", "ENOSPC", "EACCES"],
        };
        vec![format!("error={}", errors[self.number % errors.len()]), "signal=KILL".to_owned()]
    }

    /// Everything, everywhere.
    fn all_faults(_: &Self) -> Vec<String> {
        ERRORS.iter().map(|error| format!("error={error}")).chain(["signal=KILL".to_owned()]).collect()
    }
}

/// A deed, and what stands of its target before and after it.
struct Case<'a> {
    people: &'a People,
    deed: &'a Deed,
    old: Standing,
    new: Standing,
}

impl Case<'_> {
    fn meet(&self, call: &Call, what: &str) {
        let Self { people, deed, old, new } = self;
        let at = format!("{:?}: {call:?} {what}", deed.words);
        let (trace, inject) =
            (format!("trace={}", call.name), format!("inject={}:{what}:when={}", call.name, call.number));
        let outcome = people.do_it(deed, &["strace", "-o", TRACE, "-e", &trace, "-e", &inject, "--"]);
        let happened = std::fs::read_to_string(people.factor.world.path(TRACE)).expect("a trace");
        assert!(happened.contains("INJECTED") || happened.contains("killed by SIGKILL"), "{at}: it did not come");
        let is_done = outcome.code() == Some(0);
        assert!(is_done || outcome.code() == Some(1) || what == "signal=KILL", "{at}: {outcome:?}");
        assert!(is_done || what == "signal=KILL" || outcome.errors().contains("error: "), "{at}: silent: {outcome:?}");
        let failed = what.starts_with("error=") && what != "error=EINTR" && call.makes_durable(deed);
        assert!(!(failed && is_done), "{at}: said to be done, and may be gone after a power cut");
        let is_asked_again = what == "error=EINTR" && call.is(&["flock", "pread64", "write", "pwrite64"]);
        assert!(!is_asked_again || is_done, "{at}: an interruption is no failure: {}", outcome.errors());
        let left = people.standing(deed.target);
        assert!(left.is_one_of(old, new), "{at}: {left:#?}\nis neither {old:#?}\nnor {new:#?}");
        assert!(left == *new || !is_done, "{at}: said to be done, and is not: {left:#?}");
        people.assert_honest_login(&at);
        if ["reset", "forget", "new-recovery-codes"].contains(&deed.words[0]) {
            people.assert_recovery_code(&at);
        }
        if left == *old && old != new {
            let again = people.do_it_again(deed);
            assert_eq!(again.code(), Some(0), "{at}: not even the next time: {}", again.errors());
        }
    }
}

/// Lets each deed meet each fault, each time from the same state.
fn sweep<'a>(deeds: impl Iterator<Item = &'a Deed>, faults: fn(&Call) -> Vec<String>) {
    let people = People::new();
    let mut met = 0;
    for deed in deeds {
        people.prepare(deed);
        let old = people.standing(deed.target);
        let done = people.do_it(deed, &["strace", "-y", "-o", TRACE, "--"]);
        assert_eq!(done.code(), Some(0), "{deed:?}: {}", done.errors());
        let trace = std::fs::read_to_string(people.factor.world.path(TRACE)).expect("a trace");
        let new = people.standing(deed.target);
        assert_ne!(old, new, "{deed:?} changes nothing");
        let case = Case { people: &people, deed, old, new };
        let calls = calls(&trace);
        assert!(calls.iter().any(|call| call.is(&["flock"])) && calls.iter().any(Call::changes), "{calls:#?}");
        for (call, what) in calls.iter().flat_map(|call| faults(call).into_iter().map(move |what| (call, what))) {
            people.put_back();
            case.meet(call, &what);
            met += 1;
        }
    }
    // Shown by `--nocapture`, and beside a failure.
    println!("{met} faults");
}

/// Shares the deeds out, so that several worlds are at work at a time.
fn every_third(first: usize) -> impl Iterator<Item = &'static Deed> {
    DEEDS.iter().skip(first).step_by(3)
}

#[test]
fn a_fault_at_any_change_that_root_makes_leaves_the_old_or_the_new_state_the_first_third() {
    sweep(every_third(0), Call::some_faults);
}

#[test]
fn a_fault_at_any_change_that_root_makes_leaves_the_old_or_the_new_state_the_second_third() {
    sweep(every_third(1), Call::some_faults);
}

#[test]
fn a_fault_at_any_change_that_root_makes_leaves_the_old_or_the_new_state_the_last_third() {
    sweep(every_third(2), Call::some_faults);
}

#[test]
#[ignore = "takes minutes: make stress"]
fn every_fault_at_any_call_of_root_leaves_the_old_or_the_new_state() {
    std::thread::scope(|scope| {
        for first in 0..3 {
            scope.spawn(move || sweep(every_third(first), Call::all_faults));
        }
    });
}
