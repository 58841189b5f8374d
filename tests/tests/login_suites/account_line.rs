//! A stack without our account line lets nobody in by unfinished enrollment more than three times (I14).
use crate::stage::*;
use countersign_tests::world::Stack;
use countersign_tests::{Terminal, World};

const MISCONFIGURED: &str = "misconfigured: no account line for sshd";

fn world_without_account_line() -> World {
    let world = world();
    world.use_stack(Stack::SshdNoAccount);
    world
}

/// Alice enrolls, or so it seems to her.
fn let_in(world: &World) -> Phone {
    enroll(world, ssh(world, "alice", ALICES))
}

/// Alice is refused without a question.
fn refused_unasked(world: &World) {
    let mut person = ssh(world, "alice", ALICES);
    expect_refused(&mut person);
    assert!(!person.printed().contains(PROMPT), "{}", person.printed());
}

#[test]
fn without_the_account_line_three_logins_are_let_in_and_no_more_until_unblock() {
    let world = world_without_account_line();
    let _sshd = world.start_sshd("");
    let phones = [let_in(&world), let_in(&world), let_in(&world)];
    assert!(phones[0] != phones[1] && phones[1] != phones[2], "nothing was ever committed");
    assert!(!is_enrolled(&world, "alice"));
    assert_eq!(world.log_line(&[MISCONFIGURED]), None);
    refused_unasked(&world);
    refused_unasked(&world);
    let line = world.wait_for_log(&["event=misconfigured", "user=alice", MISCONFIGURED]);
    assert!(line.contains("service=sshd"), "{line}");
    world.countersign(&["unblock", "alice"]).ok();
    let_in(&world);
}

#[test]
fn an_hour_after_the_third_login_one_more_is_let_in() {
    let world = world_without_account_line();
    let _sshd = world.start_sshd("");
    for _ in 0..3 {
        let_in(&world);
    }
    world.move_clock(3_599);
    refused_unasked(&world);
    world.move_clock(1);
    let_in(&world);
    refused_unasked(&world);
}

#[test]
fn the_word_disable_is_counted_like_a_code() {
    let world = world_without_account_line();
    let _sshd = world.start_sshd("");
    for _ in 0..3 {
        let mut person = ssh(&world, "alice", ALICES);
        person.answer(PROMPT, "disable");
        expect_shell(&mut person, "alice");
    }
    refused_unasked(&world);
    assert_eq!(status(&world, "alice")["use_2fa"], true);
}

#[test]
fn one_who_is_at_the_prompt_when_the_third_comes_through_is_refused_too() {
    let world = world_without_account_line();
    let _sshd = world.start_sshd("");
    let mut waiting: Terminal = ssh(&world, "alice", ALICES);
    let phone = Phone::scan(&mut waiting);
    for _ in 0..3 {
        let_in(&world);
    }
    answer_refused(&mut waiting, &phone.code(&world));
    world.wait_for_log(&[MISCONFIGURED]);
}

#[test]
fn a_commit_clears_the_count() {
    let world = world_without_account_line();
    let _sshd = world.start_sshd("");
    let_in(&world);
    let_in(&world);
    world.use_stack(Stack::Sshd);
    let_in(&world);
    assert!(is_enrolled(&world, "alice"));
    world.countersign(&["reset", "alice"]).ok();
    world.use_stack(Stack::SshdNoAccount);
    for _ in 0..3 {
        world.move_clock(STEP);
        let_in(&world);
    }
    refused_unasked(&world);
}

#[test]
fn an_enrolled_user_needs_no_commit() {
    let world = world();
    let phone = enrolled(&world);
    world.use_stack(Stack::SshdNoAccount);
    let _sshd = world.start_sshd("");
    for _ in 0..4 {
        let mut person = ssh(&world, "alice", ALICES);
        person.answer(PROMPT, &phone.code(&world));
        expect_shell(&mut person, "alice");
        world.move_clock(STEP);
    }
    assert_eq!(world.log_line(&["misconfigured"]), None);
}
