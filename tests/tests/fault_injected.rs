//! Errors and kills at every system call that touches state: the old or the new state stands, no grant that is not
//! durable, no lasting lock-out (I1, I2, I4, I7).
use countersign_tests::code::Parameters;
use countersign_tests::factor::{IN_USE, NOT_AVAILABLE, PROMPT, key_shown};
use countersign_tests::pam_driver::pam;
use countersign_tests::{Factor, Phase, Transcript};

const TRACE: &str = "/tmp/trace";

/// A system call on configuration or state, and which of its name it is in the run.
#[derive(Debug, Clone)]
struct Call {
    name: String,
    number: usize,
    /// For `read`, of this file: how often the driver reads from the program it asks for codes varies.
    of: Option<String>,
}

/// What a trace shows of configuration and state.
fn calls(trace: &str) -> Vec<Call> {
    let mut seen = std::collections::HashMap::<(String, Option<String>), usize>::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        let Some((name, arguments)) = line.split_once('(') else { continue };
        let file = |text: &str| Some(text.split_once('<')?.1.split_once('>')?.0.to_owned());
        let of = if name == "read" { file(arguments) } else { None };
        let number = seen.entry((name.to_owned(), of.clone())).or_default();
        *number += 1;
        let ours = line.contains("countersign") && !line.contains("pam_countersign");
        if ours && !["execve", "sendto", "close", "writev"].contains(&name) {
            calls.push(Call { name: name.to_owned(), number: *number, of });
        }
    }
    calls
}

fn changes_state(name: &str) -> bool {
    !["openat", "read", "pread64", "newfstatat"].contains(&name)
}

/// Whether this is a write that failed: then nothing may be granted or said to be done.
fn fails_a_write(call: &Call, what: &str) -> bool {
    let writes = ["pwrite64", "fdatasync", "write", "fsync", "renameat", "renameat2"];
    writes.contains(&call.name.as_str()) && what.starts_with("error=") && what != "error=EINTR"
}

/// Each call with each error it may meet.
fn errors(calls: &[Call]) -> Vec<(Call, String)> {
    let errors = |name: &str| -> &[&str] {
        match name {
            "pwrite64" | "write" => &["ENOSPC", "EIO", "EROFS", "EDQUOT", "EFBIG", "EINTR"],
            "fdatasync" | "fsync" => &["EIO", "ENOSPC", "EDQUOT"],
            "renameat" | "renameat2" | "linkat" | "unlinkat" | "fchmod" | "fchown" => &["EIO", "EROFS"],
            "flock" => &["EINTR", "ENOLCK"],
            "openat" => &["EIO", "EMFILE"],
            "read" | "pread64" => &["EIO", "EINTR"],
            _ => &["EIO"],
        }
    };
    let each = |call: &Call| {
        let call = call.clone();
        errors(&call.name).iter().map(move |error| (call.clone(), format!("error={error}"))).collect::<Vec<_>>()
    };
    calls.iter().flat_map(each).collect()
}

/// A kill at each call from the first lock on, but those that only look.
fn kills(calls: &[Call]) -> Vec<(Call, String)> {
    let from_the_lock = calls.iter().skip_while(|call| call.name != "flock" && call.name != "write");
    let telling = from_the_lock.filter(|call| changes_state(&call.name) || call.name == "openat");
    telling.map(|call| (call.clone(), "signal=KILL".to_owned())).collect()
}

fn injecting(call: &Call, what: &str) -> Vec<String> {
    let Call { name, number, of } = call;
    let (trace, inject) = (format!("trace={name}"), format!("inject={name}:{what}:when={number}"));
    let mut words = vec!["strace", "-o", TRACE, "-e", &trace, "-e", &inject];
    if let Some(path) = of {
        words.extend(["-P", path]);
    }
    words.into_iter().chain(["--"]).map(str::to_owned).collect()
}

fn trace(factor: &Factor) -> String {
    std::fs::read_to_string(factor.world.path(TRACE)).expect("a trace")
}

/// One login under a fault.
fn faulty(factor: &Factor, answers: &[&str], call: &Call, what: &str) -> Transcript {
    let wrapper = injecting(call, what);
    let wrapper: Vec<&str> = wrapper.iter().map(String::as_str).collect();
    let transcript = factor.driver("alice").through(&wrapper).answers(answers.iter().copied()).run();
    let happened = trace(factor);
    assert!(happened.contains("INJECTED") || happened.contains("killed by SIGKILL"), "{call:?} did not come");
    assert!(transcript.ended() || what.contains("KILL"), "{call:?} {what}: {transcript:#?}");
    transcript
}

/// What two people at the same fault learn.
fn told(transcript: &Transcript) -> (Vec<&str>, Vec<&str>, Vec<i32>) {
    (transcript.questions(), transcript.notices(), transcript.codes(Phase::Authenticate))
}

fn accepted(transcript: &Transcript) -> bool {
    assert!(!transcript.codes(Phase::Authenticate).contains(&pam::IGNORE), "{transcript:#?}");
    transcript.codes(Phase::Authenticate) == [pam::SUCCESS]
}

fn enrolled() -> (Factor, Parameters, Vec<Call>) {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    let code = factor.code(&token);
    let strace = ["strace", "-y", "-o", TRACE, "--"];
    let transcript = factor.driver("alice").through(&strace).answers([code.as_str()]).run();
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    let calls = calls(&trace(&factor));
    let has = |name: &str| calls.iter().any(|call| call.name == name);
    assert!(["openat", "pread64", "flock", "pwrite64", "fdatasync"].iter().all(|name| has(name)), "{calls:#?}");
    (factor, token, calls)
}

/// A right code under a fault, then the same code again, then the next.
fn right_code(factor: &Factor, token: &Parameters, call: &Call, what: &str) -> Transcript {
    factor.next_step();
    let code = factor.code(token);
    let transcript = faulty(factor, &[&code], call, what);
    let again = factor.login("alice", &[&code]);
    assert!(!(accepted(&transcript) && accepted(&again)), "{call:?} {what}: accepted twice");
    factor.assert_next_code_accepted("alice", token);
    transcript
}

/// A wrong code under a fault, then the next right one: counted, if its answer was told.
fn wrong_code(factor: &Factor, token: &Parameters, call: &Call, what: &str) -> Transcript {
    let transcript = faulty(factor, &[&factor.wrong_code(token)], call, what);
    assert!(!accepted(&transcript), "{call:?} {what}: {transcript:#?}");
    let next = factor.assert_next_code_accepted("alice", token);
    let counted = next.shows("1 wrong code since your last login");
    assert!(counted || !transcript.shows("Otp invalid!"), "{call:?} {what}: told but not counted");
    transcript
}

#[test]
fn an_error_at_any_call_of_a_login_grants_nothing_that_is_not_durable_and_tells_right_from_wrong_to_nobody() {
    let (factor, token, calls) = enrolled();
    for (call, what) in errors(&calls) {
        let right = right_code(&factor, &token, &call, &what);
        if accepted(&right) {
            assert!(!fails_a_write(&call, &what), "{call:?} {what}: granted");
            continue;
        }
        let is_tried_again = ["pread64", "pwrite64", "flock"].contains(&call.name.as_str());
        assert!(!(is_tried_again && what == "error=EINTR"), "{call:?} {what}: an interrupted call refused a login");
        let code = right.code(Phase::Authenticate);
        assert!([pam::AUTH_ERR, pam::AUTHINFO_UNAVAIL].contains(&code), "{call:?} {what}: {right:#?}");
        assert_eq!(right.notices(), [NOT_AVAILABLE], "{call:?} {what}");
        if right.prompts().is_empty() {
            continue;
        }
        let wrong = wrong_code(&factor, &token, &call, &what);
        assert_eq!(told(&wrong), told(&right), "{call:?} {what}");
        if ["pwrite64", "fdatasync"].contains(&call.name.as_str()) {
            assert_eq!(code, pam::AUTH_ERR, "{call:?} {what}: a failed write");
        }
    }
}

#[test]
fn a_kill_at_any_call_of_a_login_leaves_the_old_or_the_new_state() {
    let (factor, token, calls) = enrolled();
    for (call, what) in kills(&calls) {
        let right = right_code(&factor, &token, &call, &what);
        assert!(right.codes(Phase::Authenticate).is_empty(), "{call:?}: {right:#?}");
        let wrong = wrong_code(&factor, &token, &call, &what);
        assert!(!wrong.shows("Otp invalid!"), "{call:?}: {wrong:#?}");
    }
}

fn not_enrolled() -> (Factor, Vec<Call>) {
    let factor = Factor::new(IN_USE, &["alice"]);
    // The driver asks a program for the code; only the driver itself is traced.
    let strace = ["strace", "-y", "-o", TRACE, "--"];
    let transcript = factor.driver("alice").through(&strace).answers(["{code}"]).run();
    transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
    let calls = calls(&trace(&factor));
    let has = |name: &str| calls.iter().any(|call| call.name == name);
    assert!(["write", "fsync", "renameat", "pwrite64", "fdatasync"].iter().all(|name| has(name)), "{calls:#?}");
    (factor, calls)
}

/// An enrollment under a fault: committed for good or not at all, and afterwards anyone honest gets in.
fn enrollment(factor: &Factor, call: &Call, what: &str) -> Transcript {
    factor.world.sh("rm -f /var/lib/countersign/users/alice.toml /var/lib/countersign/counters/alice").ok();
    factor.next_step();
    let transcript = faulty(factor, &["{code}"], call, what);
    let proving = transcript.prompts().first().map(|_| key_shown(&transcript));
    let committed = accepted(&transcript) && transcript.codes(Phase::Account) == [pam::SUCCESS];
    let Some(token) = proving else {
        assert!(!committed, "{call:?} {what}");
        factor.enroll("alice");
        return transcript;
    };
    let again = factor.login("alice", &[&factor.code(&token)]);
    assert!(!again.let_in(), "{call:?} {what}: the proving code opens nothing again: {again:#?}");
    factor.next_step();
    let next = factor.login("alice", &[&factor.code(&token)]);
    let enrolled = next.questions()[0] == PROMPT;
    assert_eq!(accepted(&next), enrolled, "{call:?} {what}: {next:#?}");
    assert!(enrolled || !committed, "{call:?} {what}: committed, and gone");
    if !enrolled {
        factor.enroll("alice");
    }
    transcript
}

#[test]
fn an_error_at_any_call_of_an_enrollment_commits_it_for_good_or_not_at_all() {
    let (factor, calls) = not_enrolled();
    for (call, what) in errors(&calls) {
        let transcript = enrollment(&factor, &call, &what);
        let codes = (transcript.codes(Phase::Authenticate)[0], transcript.codes(Phase::Account)[0]);
        match codes {
            (pam::SUCCESS, pam::SUCCESS) => {
                assert!(!fails_a_write(&call, &what), "{call:?} {what}: granted");
                assert_eq!(transcript.notices(), [""; 0]);
            }
            (pam::SUCCESS, pam::PERM_DENIED) | (pam::AUTH_ERR | pam::AUTHINFO_UNAVAIL, pam::IGNORE) => {
                assert_eq!(transcript.notices(), [NOT_AVAILABLE], "{call:?} {what}");
            }
            _ => panic!("{call:?} {what}: {transcript:#?}"),
        }
    }
}

#[test]
fn a_kill_at_any_call_of_an_enrollment_commits_it_for_good_or_not_at_all() {
    let (factor, calls) = not_enrolled();
    for (call, what) in kills(&calls) {
        let transcript = enrollment(&factor, &call, &what);
        assert!(!transcript.ended(), "{call:?}: {transcript:#?}");
    }
}

/// A reset under a fault: done for good or not at all.
fn reset(factor: &Factor, token: &mut Parameters, call: &Call, what: &str) {
    let used = factor.code(token);
    let wrapper = injecting(call, what);
    let argv: Vec<&str> = wrapper.iter().map(String::as_str).chain(["countersign", "reset", "alice"]).collect();
    let outcome = factor.world.run(&argv);
    let happened = trace(factor);
    assert!(happened.contains("INJECTED") || happened.contains("killed by SIGKILL"), "{call:?} did not come");
    assert!(!(outcome.code() == Some(0) && fails_a_write(call, what)), "{call:?} {what}: said to be done");
    let again = factor.login("alice", &[&used]);
    assert!(!again.let_in(), "{call:?} {what}: a used code opens nothing: {again:#?}");
    factor.next_step();
    let next = factor.login("alice", &[&factor.code(token)]);
    let enrolled = next.questions()[0] == PROMPT;
    assert_eq!(accepted(&next), enrolled, "{call:?} {what}: {next:#?}");
    if enrolled {
        assert_ne!(outcome.code(), Some(0), "{call:?} {what}: reset said it was done");
    } else {
        *token = factor.enroll("alice");
        factor.login("alice", &[&factor.code(token)]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    }
}

#[test]
fn a_fault_at_any_call_of_a_reset_forgets_the_tokens_for_good_or_not_at_all() {
    let (factor, mut token, _) = enrolled();
    let strace = ["strace", "-y", "-o", TRACE, "--", "countersign", "reset", "alice"];
    factor.world.run(&strace).ok();
    let calls = calls(&trace(&factor));
    assert!(calls.iter().any(|call| call.name == "renameat"), "{calls:#?}");
    factor.next_step();
    token.clone_from(&factor.enroll("alice"));
    factor.login("alice", &[&factor.code(&token)]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    for (call, what) in errors(&calls).into_iter().chain(kills(&calls)) {
        reset(&factor, &mut token, &call, &what);
    }
}
