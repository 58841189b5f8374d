//! 120 seconds for a dialogue, 150 for the process: no lock outlives them, nothing is changed, and it is said.
use crate::stage::{Dialogue, assert_nothing_left, helper_process};
use countersign_tests::Factor;
use countersign_tests::factor::IN_USE;
use countersign_tests::world::HELPER;

const TOO_LATE: &str = "error: it took too long; nothing is changed";
const TRACE: &str = "/tmp/trace";

fn enrolled() -> (Factor, countersign_tests::code::Parameters) {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    (factor, token)
}

#[test]
fn a_dialogue_lasts_120_seconds_in_all_and_then_nothing_is_changed() {
    let (factor, token) = enrolled();
    let before = factor.record("alice");
    let mut dialogue = Dialogue::command(&factor.world, "alice", "reset");
    dialogue.is_asked();
    factor.world.clock().pass(118);
    dialogue.say(&factor.wrong_code(&token));
    dialogue.is_asked();
    factor.world.clock().pass(3);
    dialogue.say(&factor.code(&token));
    let (status, said) = dialogue.end();
    assert!(status == Some(1) && said.contains(TOO_LATE), "{status:?} {said}");
    assert_eq!(factor.record("alice"), before);
    assert_nothing_left(&factor, "alice");
    // What came too late was not looked at.
    assert!(factor.login("alice", &[&factor.code(&token)]).let_in());
}

#[test]
fn a_token_that_is_proven_too_late_is_not_stored() {
    let (factor, token) = enrolled();
    let before = factor.record("alice");
    let mut dialogue = Dialogue::command(&factor.world, "alice", "enroll --label new");
    dialogue.is_asked();
    dialogue.say(&factor.code(&token));
    let new = dialogue.is_shown();
    factor.world.clock().pass(121);
    dialogue.say(&factor.code(&new));
    let (status, said) = dialogue.end();
    assert!(status == Some(1) && said.contains(TOO_LATE), "{status:?} {said}");
    assert_eq!(factor.record("alice"), before);
    factor.assert_next_code_accepted("alice", &token);
}

/// The milliseconds that a traced program waited at most, each time.
fn timeouts(trace: &str) -> Vec<u64> {
    let waits = trace.lines().filter(|line| line.starts_with("poll("));
    let timeout = |line: &str| line.split("}], 1, ").nth(1)?.split(')').next()?.parse().ok();
    waits.map(|line| timeout(line).unwrap_or_else(|| panic!("no end to a wait: {line}"))).collect()
}

#[test]
fn each_wait_ends_with_the_dialogue_and_the_process_soon_after() {
    let (factor, token) = enrolled();
    let trace = ["strace", "-o", TRACE, "-e", "trace=poll,alarm", "-u", "alice", "--", HELPER];
    let ask = || {
        let code = factor.code(&token);
        factor.world.command(&trace).stdin(format!("request action=reset\nanswer text={code}\n")).run().text()
    };
    let asked = ask();
    assert!(asked.contains("done user=alice"), "{asked}");
    let trace = String::from_utf8(factor.world.read_file(TRACE)).expect("text");
    let waits = timeouts(&trace);
    // A byte at a time, and before each line that is said.
    assert!(waits.len() > "request action=reset\nanswer text=123456\n".len(), "{trace}");
    assert!(waits.iter().all(|wait| (60_000..=120_000).contains(wait)), "{waits:?}");
    assert!(waits.is_sorted_by(|earlier, later| earlier >= later), "a wait does not begin anew: {waits:?}");
    assert!(trace.starts_with("alarm(150)"), "{trace}");
}

#[test]
fn a_wait_that_ends_in_silence_is_refused() {
    let (factor, _) = enrolled();
    let before = factor.record("alice");
    let request = "request action=reset\n";
    // Each byte is waited for, then the room for the question, then the answer.
    for (waited, what) in [(1, "the request"), (request.len() + 2, "the answer")] {
        let inject = format!("inject=poll:retval=0:when={waited}");
        let argv = ["strace", "-o", TRACE, "-e", "trace=poll", "-e", &inject, "-u", "alice", "--", HELPER];
        let said = factor.world.command(&argv).stdin(format!("{request}answer text=123456\n")).run();
        let last = said.text().lines().last().unwrap_or_default().to_owned();
        assert_eq!(last, "refused message=it%20took%20too%20long%3B%20nothing%20is%20changed", "{what}");
        assert_eq!(said.text().lines().count(), if waited == 1 { 1 } else { 2 }, "{what}");
    }
    assert_eq!((factor.record("alice"), factor.failures("alice")), (before, 0));
}

#[test]
fn the_alarm_ends_a_helper_that_waits_for_anything_else() {
    let (factor, token) = enrolled();
    let before = factor.record("alice");
    let mut dialogue = Dialogue::command(&factor.world, "alice", "reset");
    dialogue.is_asked();
    factor.world.run(&["kill", "-ALRM", &helper_process(&factor.world)]).ok();
    dialogue.say(&factor.code(&token));
    let (status, said) = dialogue.end();
    assert!(status == Some(1) && said.contains("was ended"), "{status:?} {said}");
    assert_eq!(factor.record("alice"), before);
    assert_nothing_left(&factor, "alice");
    factor.assert_next_code_accepted("alice", &token);
}
