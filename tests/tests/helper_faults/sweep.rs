//! Each deed with each fault at each call that touches state.
use crate::aftermath::Case;
use crate::deed::{DEEDS, Deed};
use crate::dialogue::Program;
use crate::people::People;
use std::collections::HashMap;
use std::fs;

const TRACE: &str = "/tmp/trace";
const USERS: &str = "/var/lib/countersign/users";
const COUNTERS: &str = "/var/lib/countersign/counters";
const BOBS_RECORD: &str = "/var/lib/countersign/users/bob.toml";
const BOBS_NEXT: &str = "/var/lib/countersign/users/.bob.toml";
const BOBS_COUNTERS: &str = "/var/lib/countersign/counters/bob";
/// A system call that touches state, and which of its name it is in the run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Call {
    name: String,
    number: usize,
    creates: bool,
}

/// Every call of a run that touches state, in order.
fn calls(trace: &str) -> Vec<Call> {
    let mut seen = HashMap::<&str, usize>::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        // With -f, a process id stands first.
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        let Some((name, arguments)) = line.split_once('(') else { continue };
        let number = seen.entry(name).or_default();
        *number += 1;
        if arguments.contains("/var/lib/countersign") && !["execve", "close", "sendto"].contains(&name) {
            calls.push(Call { name: name.to_owned(), number: *number, creates: arguments.contains("O_CREAT") });
        }
    }
    calls
}

impl Call {
    /// Whether it changes something: what is on the disk, or who holds a lock.
    fn changes(&self) -> bool {
        !["openat", "pread64", "newfstatat", "fstat"].contains(&self.name.as_str()) || self.creates
    }

    /// Whether nothing may be said to be done if this fails.
    fn makes_durable(&self) -> bool {
        self.changes() && !["flock", "unlinkat"].contains(&self.name.as_str())
    }

    /// The errors that this call may meet on a real machine, and a kill where it can make a difference.
    fn likely_faults(&self) -> Vec<String> {
        let errors: &[&str] = match self.name.as_str() {
            "pwrite64" | "write" => &["ENOSPC", "EIO", "EROFS", "EDQUOT", "EFBIG", "EINTR"],
            "fdatasync" | "fsync" => &["ENOSPC", "EIO", "EDQUOT"],
            "renameat" | "renameat2" | "linkat" => &["ENOSPC", "EIO", "EROFS", "EDQUOT", "EACCES"],
            "unlinkat" | "fchmod" | "fchown" => &["EIO", "EROFS"],
            "openat" if self.creates => &["ENOSPC", "EIO", "EROFS", "EDQUOT", "EACCES", "EMFILE"],
            "openat" => &["EIO", "EACCES", "EMFILE"],
            "flock" | "pread64" => &["EIO", "EINTR"],
            _ => &["EIO"],
        };
        let kill = (self.changes() || self.name == "openat").then_some("signal=KILL".to_owned());
        errors.iter().map(|error| format!("error={error}")).chain(kill).collect()
    }

    /// The same, but nothing where nothing is changed.
    fn likely_faults_of_a_change(&self) -> Vec<String> {
        if self.changes() { self.likely_faults() } else { Vec::new() }
    }

    /// Everything, everywhere.
    fn all_faults(_: &Self) -> Vec<String> {
        let errors = ["ENOSPC", "EIO", "EROFS", "EDQUOT", "EFBIG", "EINTR", "EACCES", "EMFILE"];
        errors.iter().map(|error| format!("error={error}")).chain(["signal=KILL".to_owned()]).collect()
    }
}

/// Lets each deed meet each fault, each time from the same state.
fn sweep(program: Program, deeds: &[Deed], faults: fn(&Call) -> Vec<String>) {
    let mut people = People::new();
    let mut met = 0;
    for deed in deeds {
        people.prepare(deed);
        let run = Run { people: &people, program, deed };
        let (case, calls) = run.undisturbed();
        for (call, what) in calls.iter().flat_map(|call| faults(call).into_iter().map(move |what| (call, what))) {
            people.put_back();
            run.meet(&case, call, &what);
            met += 1;
        }
    }
    // Shown by `--nocapture`, and beside a failure.
    println!("{met} faults");
}

/// Asserts that everything is made durable before the next thing: a call that is left out can meet no fault.
fn assert_durable(calls: &[Call]) {
    let changes: Vec<&str> = calls.iter().filter(|call| call.changes()).map(|call| call.name.as_str()).collect();
    let syncs: Vec<_> = changes.windows(2).filter_map(|two| is_written(two[0]).then_some((two[0], two[1]))).collect();
    assert!(!syncs.is_empty(), "{changes:?}");
    for (change, next) in syncs {
        // The name that was given up is taken away first.
        let sync = if change == "pwrite64" { "fdatasync" } else { "fsync" };
        assert!(next == sync || (change == "renameat2" && next == "unlinkat"), "{change}, then {next}: {changes:?}");
    }
}

fn is_written(name: &str) -> bool {
    ["pwrite64", "write", "renameat", "renameat2"].contains(&name)
}

/// A deed that is done under strace.
struct Run<'a> {
    people: &'a People,
    program: Program,
    deed: &'a Deed,
}

impl<'a> Run<'a> {
    /// What looks at the calls of the helper alone: the command makes calls of the same names, but none on state.
    fn strace<'words>(&self, words: &[&'words str]) -> Vec<&'words str> {
        let below: &[&str] = match self.program {
            Program::Helper => &[],
            Program::Command => {
                &["-f", "-P", USERS, "-P", COUNTERS, "-P", BOBS_RECORD, "-P", BOBS_NEXT, "-P", BOBS_COUNTERS]
            }
        };
        [&["strace", "-o", TRACE], below, words].concat()
    }

    /// The deed without a fault: what stands then, and the calls it takes.
    fn undisturbed(&self) -> (Case<'a>, Vec<Call>) {
        let Self { people, deed, .. } = self;
        let old = people.everyone().of(deed.target);
        let told = people.ask(self.program, &self.strace(&["-y"]), deed, &people.code(deed.caller, -1));
        assert!(told.done, "{deed:?}: {told:?}");
        let new = people.everyone().of(deed.target);
        assert_ne!(new, old, "{deed:?}");
        let calls = calls(&self.trace());
        assert!(calls.iter().any(|call| call.name == "pread64") && calls.iter().any(|call| call.name == "flock"));
        assert_durable(&calls);
        (Case { people, deed, old, new }, calls)
    }

    /// One fault, and what comes after it.
    fn meet(&self, case: &Case, call: &Call, what: &str) {
        let Self { people, deed, .. } = self;
        let at = format!("{} of {} by {}: {call:?} {what}", deed.request, deed.target, deed.caller);
        people.factor.world.clear_log();
        let inject = format!("inject={}:{what}:when={}", call.name, call.number);
        let trace = format!("trace={}", call.name);
        let code = people.code(deed.caller, -1);
        let told = people.ask(self.program, &self.strace(&["-e", &trace, "-e", &inject]), deed, &code);
        let happened = self.trace();
        assert!(happened.contains("INJECTED") || happened.contains("killed by SIGKILL"), "{at}: it did not come");
        assert!(told.done || told.refused || what == "signal=KILL", "{at}: silent: {told:?}");
        let failed = what.starts_with("error=") && what != "error=EINTR" && call.makes_durable();
        assert!(!(failed && told.done), "{at}: said to be done, and may be gone after a power cut");
        let is_asked_again = what == "error=EINTR" && ["flock", "pread64", "write", "pwrite64"].contains(&&*call.name);
        assert!(!is_asked_again || told.done, "{at}: an interruption is no failure: {told:?}");
        let left = case.assert_old_or_new(&at, &told);
        case.settle(&at, &left, told, &code);
    }

    fn trace(&self) -> String {
        fs::read_to_string(self.people.factor.world.path(TRACE)).expect("a trace")
    }
}

/// Shares the deeds out, so that several worlds are at work at a time.
fn every_third(first: usize) -> Vec<Deed> {
    DEEDS.into_iter().skip(first).step_by(3).collect()
}

#[test]
fn a_fault_at_any_call_of_a_change_of_ones_own_leaves_the_old_or_the_new_state() {
    let disable = DEEDS.into_iter().filter(|deed| deed.request == "request action=disable");
    sweep(Program::Helper, &disable.collect::<Vec<_>>(), Call::likely_faults);
}

#[test]
fn a_fault_at_any_call_of_a_delegates_change_leaves_the_old_or_the_new_state() {
    let reset = DEEDS.into_iter().filter(|deed| deed.request == "request action=reset user=bob");
    sweep(Program::Helper, &reset.collect::<Vec<_>>(), Call::likely_faults);
}

#[test]
fn a_fault_at_any_write_or_lock_of_any_change_leaves_the_old_or_the_new_state_the_first_third() {
    sweep(Program::Helper, &every_third(0), Call::likely_faults_of_a_change);
}

#[test]
fn a_fault_at_any_write_or_lock_of_any_change_leaves_the_old_or_the_new_state_the_second_third() {
    sweep(Program::Helper, &every_third(1), Call::likely_faults_of_a_change);
}

#[test]
fn a_fault_at_any_write_or_lock_of_any_change_leaves_the_old_or_the_new_state_the_last_third() {
    sweep(Program::Helper, &every_third(2), Call::likely_faults_of_a_change);
}

/// By the command, whose exit status must say the same.
#[test]
fn the_exit_status_tells_the_truth_whatever_fails() {
    let deeds = DEEDS.into_iter().filter(|deed| ["reset", "enroll"].contains(&deed.command_line()[1]));
    let bobs = deeds.filter(|deed| deed.target == "bob").collect::<Vec<_>>();
    assert_eq!(bobs.len(), 2);
    sweep(Program::Command, &bobs, |call| {
        let telling = ["error=EIO", "signal=KILL"].map(str::to_owned).to_vec();
        if call.changes() { telling } else { Vec::new() }
    });
}

/// The same without any omission. The other tests here leave out what no disk answers and what was read alike before.
#[test]
#[ignore = "takes ten minutes, by make stress: every error and a kill at every call of every change"]
fn every_fault_at_every_call_of_every_change_leaves_the_old_or_the_new_state() {
    std::thread::scope(|scope| {
        for third in 0..3 {
            scope.spawn(move || sweep(Program::Helper, &every_third(third), Call::all_faults));
        }
    });
}
