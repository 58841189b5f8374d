//! What wrong codes cost: the block from the 5th on, its end by time, and `unblock` (I2, I3).
use crate::stage::*;
use countersign_tests::{Terminal, World};

/// Types wrong codes, three to a login, until so many are counted; returns what was said to the last one.
fn fail(world: &World, phone: &Phone, times: u64) -> Vec<String> {
    let mut last = Vec::new();
    let mut person: Option<Terminal> = None;
    for time in 1..=times {
        let mut at = person.take().unwrap_or_else(|| {
            let mut fresh = su(world);
            fresh.expect(PROMPT);
            fresh
        });
        at.type_line(&phone.wrong(world));
        let (end, before) = at.expect_any(&[PROMPT, "su: "]);
        last = before.lines().skip(1).map(str::to_owned).collect();
        if end == 0 {
            person = Some(at);
        }
        assert_eq!(failures(world, "alice"), time);
    }
    last
}

/// A login of alice is refused without a question; returns what was said.
fn refused_unasked(world: &World) -> Vec<String> {
    let mut person = su(world);
    let said = expect_refused(&mut person);
    assert!(!person.printed().contains(PROMPT), "a blocked user without recovery codes is not asked");
    said
}

fn log_in(world: &World, phone: &Phone) -> Vec<String> {
    let mut person = su(world);
    person.answer(PROMPT, &phone.code(world));
    expect_shell(&mut person, "alice")
}

#[test]
fn the_fifth_wrong_code_in_a_row_blocks_for_half_a_minute() {
    let world = world_with(&format!("{ON}{NO_RECOVERY}"));
    let phone = enrolled(&world);
    let last = fail(&world, &phone, 5);
    assert_eq!(last, [WRONG_AGAIN, "Too many wrong codes. Try again in 30 seconds."]);
    assert_eq!(refused_unasked(&world), ["Too many wrong codes. Try again in 30 seconds."]);
    world.move_clock(STEP - 1);
    assert_eq!(refused_unasked(&world), ["Too many wrong codes. Try again in 1 second."]);
    assert_eq!(failures(&world, "alice"), 5, "refused attempts are not counted");
    assert!(status(&world, "alice")["blocked"]["until"].is_string());
    world.wait_for_log(&["event=blocked", "user=alice", "failures=5", "until="]);
    world.move_clock(1);
    assert_eq!(status(&world, "alice")["blocked"], serde_json::Value::Null);
    let told = log_in(&world, &phone);
    assert!(told[0].starts_with("5 wrong codes since your last login on "), "{told:?}");
    // A success starts afresh: again four are free.
    world.move_clock(STEP);
    assert_eq!(fail(&world, &phone, 4), [WRONG]);
}

#[test]
fn each_further_failure_doubles_the_block() {
    let world = world_with(&format!("{ON}{NO_RECOVERY}"));
    let phone = enrolled(&world);
    fail(&world, &phone, 5);
    let mut delay = 30;
    for (failed, span) in [(6, "60 seconds"), (7, "2 minutes"), (8, "4 minutes")] {
        world.move_clock(delay);
        delay *= 2;
        let mut person = su(&world);
        person.expect(PROMPT);
        let last = answer_refused(&mut person, &phone.wrong(&world));
        assert_eq!(last, [WRONG.to_owned(), format!("Too many wrong codes. Try again in {span}.")]);
        assert_eq!(failures(&world, "alice"), failed);
    }
}

#[test]
fn the_block_stands_over_ssh_and_for_the_right_code_too() {
    let world = world_with(&format!("{ON}{NO_RECOVERY}"));
    let _sshd = world.start_sshd("");
    let phone = enrolled(&world);
    // One who is at the prompt already when the block begins.
    let mut waiting = ssh(&world, "alice", ALICES);
    waiting.expect(PROMPT);
    fail(&world, &phone, 5);
    answer_refused(&mut waiting, &phone.code(&world));
    let mut person = ssh(&world, "alice", ALICES);
    expect_refused(&mut person);
    assert!(!person.printed().contains(PROMPT));
    world.wait_for_log(&["event=blocked", "user=alice", "service=sshd", "rhost=127.0.0.1"]);
    assert_eq!(failures(&world, "alice"), 5);
    // The right code was not looked at, so it is not used up.
    world.countersign(&["unblock", "alice"]).ok();
    log_in(&world, &phone);
}

#[test]
fn unblock_ends_the_block_at_once_and_clears_the_count() {
    let world = world_with(&format!("{ON}{NO_RECOVERY}"));
    let phone = enrolled(&world);
    let code = phone.code(&world);
    log_in(&world, &phone);
    fail(&world, &phone, 5);
    refused_unasked(&world);
    world.countersign(&["unblock", "alice"]).ok();
    assert_eq!(failures(&world, "alice"), 0);
    let mut person = su(&world);
    person.expect(PROMPT);
    let used = answer(&mut person, &code);
    assert_eq!(used, ["Otp invalid! This code was already used. Wait for the next one."], "I1: no step is lowered");
    world.move_clock(STEP);
    person.type_line(&phone.code(&world));
    assert_eq!(expect_shell(&mut person, "alice"), [""; 0]);
}

#[test]
fn at_the_hard_limit_only_an_administrator_helps() {
    let world = world_with(&format!("support = \"helpdesk, ext. 42\"\n{ON}{NO_RECOVERY}[throttle]\nhard_limit = 5\n"));
    let phone = enrolled(&world);
    let last = fail(&world, &phone, 5);
    assert_eq!(last, [WRONG_AGAIN, "Too many wrong codes. Contact helpdesk, ext. 42."]);
    world.move_clock(400 * 86_400);
    assert_eq!(refused_unasked(&world), ["Too many wrong codes. Contact helpdesk, ext. 42."]);
    world.countersign(&["unblock", "alice"]).ok();
    log_in(&world, &phone);
}

#[test]
fn the_block_of_one_user_is_no_other_users() {
    let world = world_with(&format!("{ON}{NO_RECOVERY}"));
    let phone = enrolled(&world);
    fail(&world, &phone, 5);
    world.add_user("carol", "hunter2hunter2");
    let mut person = su_to(&world, "carol", "hunter2hunter2");
    let other = Phone::scan(&mut person);
    person.type_line(&other.code(&world));
    expect_shell(&mut person, "carol");
}
