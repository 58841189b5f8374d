//! What the command changes, as the person at the login meets it (I12).
use crate::stage::*;
use countersign_tests::terminal;
use countersign_tests::{Terminal, World};

const MAY_NOT: &str = "You may not disable two-factor authentication.";

/// A login of alice that asks for nothing but the password.
fn plain_login(world: &World) {
    let mut person = su(world);
    let before = person.answer("$ ", "exit");
    assert!(!before.contains(PROMPT), "{before}");
    person.wait_exit();
}

/// A login of alice, at the prompt for a code, without a QR code.
fn at_code_prompt(world: &World) -> Terminal {
    let mut person = su(world);
    let before = person.expect(PROMPT);
    assert!(!before.contains('█'), "{before}");
    person
}

#[test]
fn disable_at_enrollment_lets_in_and_the_next_login_asks_nothing() {
    let world = world();
    let _sshd = world.start_sshd("");
    let mut person = ssh(&world, "alice", ALICES);
    person.answer(PROMPT, "disable");
    expect_shell(&mut person, "alice");
    let status = status(&world, "alice");
    assert_eq!((&status["use_2fa"], &status["enrolled"]), (&false.into(), &false.into()), "{status}");
    assert_eq!(status["use_2fa_source"], "record");
    plain_login(&world);
    expect_shell(&mut ssh(&world, "alice", ALICES), "alice");
    // An administrator turns it on again: the next login enrolls.
    world.countersign(&["enable", "alice"]).ok();
    enroll(&world, ssh(&world, "alice", ALICES));
}

#[test]
fn one_who_is_locked_may_not_disable_and_is_told() {
    let world = world();
    let _sshd = world.start_sshd("");
    world.countersign(&["lock", "alice"]).ok();
    let mut person = ssh(&world, "alice", ALICES);
    let phone = Phone::scan(&mut person);
    assert!(!person.screen_text().contains("disable"), "the word is not offered:\n{}", person.screen_text());
    assert_eq!(answer(&mut person, "disable"), [MAY_NOT]);
    assert_eq!(answer(&mut person, "Disable"), [MAY_NOT]);
    person.type_line(&phone.code(&world));
    expect_shell(&mut person, "alice");
    assert!(is_enrolled(&world, "alice"));
    world.wait_for_log(&["event=enrolled", "user=alice"]);
    assert_eq!(world.log_line(&["event=disabled"]), None);
    // The right given back is offered again.
    world.countersign(&["reset", "alice"]).ok();
    world.countersign(&["unlock", "alice"]).ok();
    let mut person = ssh(&world, "alice", ALICES);
    person.answer(PROMPT, "disable");
    expect_shell(&mut person, "alice");
}

#[test]
fn one_who_only_says_disable_is_sent_away_in_the_end() {
    let world = world();
    world.countersign(&["lock", "alice"]).ok();
    let mut person = su(&world);
    person.expect(PROMPT);
    for _ in 0..9 {
        assert_eq!(answer(&mut person, "disable"), [MAY_NOT]);
    }
    assert_eq!(answer_refused(&mut person, "disable"), [MAY_NOT]);
    world.wait_for_log(&["event=refused", "user=alice", "reason=may_not_disable"]);
    assert_eq!(status(&world, "alice")["use_2fa"], true);
}

#[test]
fn the_default_may_forbid_to_disable() {
    let world = world_with("[defaults]\nuse_2fa = true\ncan_toggle = false\n");
    let mut person = su(&world);
    person.expect(PROMPT);
    assert_eq!(answer(&mut person, "disable"), [MAY_NOT]);
}

#[test]
fn an_administrator_may_always_disable() {
    let world = world_with("[defaults]\nuse_2fa = true\ncan_toggle = false\n[administrators]\ngroups = [\"wheel\"]\n");
    world.add_to_group("wheel", &["alice"]);
    let mut person = su(&world);
    person.answer(PROMPT, "disable");
    expect_shell(&mut person, "alice");
    plain_login(&world);
    let mut person = su_to(&world, "bob", BOBS);
    person.expect(PROMPT);
    assert_eq!(answer(&mut person, "disable"), [MAY_NOT]);
}

#[test]
fn disabled_by_the_command_a_user_keeps_the_token() {
    let world = world();
    let phone = enrolled(&world);
    world.countersign(&["disable", "alice"]).ok();
    assert!(is_enrolled(&world, "alice"));
    plain_login(&world);
    world.countersign(&["enable", "alice"]).ok();
    let mut person = at_code_prompt(&world);
    person.type_line(&phone.code(&world));
    expect_shell(&mut person, "alice");
}

#[test]
fn enabled_by_the_command_a_user_enrolls_and_others_are_not_asked() {
    let world = world_with("");
    plain_login(&world);
    world.countersign(&["enable", "alice"]).ok();
    enroll(&world, su(&world));
    let mut person = su_to(&world, "bob", BOBS);
    expect_shell(&mut person, "bob");
}

#[test]
fn after_a_reset_the_next_login_shows_another_key() {
    let world = world();
    let _sshd = world.start_sshd("");
    let old = enrolled(&world);
    world.countersign(&["reset", "alice"]).ok();
    assert!(!is_enrolled(&world, "alice"));
    let mut person = ssh(&world, "alice", ALICES);
    let new = Phone::scan(&mut person);
    assert_ne!(new, old);
    let newest = ["Otp invalid! Use the newest entry in your app."];
    assert_eq!(answer(&mut person, &old.code(&world)), newest);
    person.type_line(&new.code(&world));
    expect_shell(&mut person, "alice");
    world.move_clock(STEP);
    let mut person = at_code_prompt(&world);
    assert_eq!(answer(&mut person, &old.code(&world)), [WRONG]);
    person.type_line(&new.code(&world));
    expect_shell(&mut person, "alice");
}

#[test]
fn enrolled_beforehand_by_the_command_a_user_is_asked_for_a_code_at_the_first_login() {
    let world = world();
    let text = world.countersign(&["enroll", "alice", "--no-confirm", "--uri"]).ok();
    let uri = text.lines().find(|line| line.starts_with("otpauth://")).expect("a URI");
    let phone = Phone(countersign_tests::qr::Otpauth::parse(uri));
    let mut person = at_code_prompt(&world);
    person.type_line(&phone.code(&world));
    expect_shell(&mut person, "alice");
}

#[test]
fn settings_changed_while_the_user_sits_at_enrollment_are_told_and_nothing_is_half_written() {
    for (command, answer) in [("lock", "code"), ("lock", "disable"), ("disable", "code"), ("enroll", "code")] {
        let world = world();
        let mut person = su(&world);
        let phone = Phone::scan(&mut person);
        let more: &[&str] = if command == "enroll" { &["--no-confirm", "--uri"] } else { &[] };
        world.countersign(&[&[command, "alice"], more].concat()).ok();
        let before = world.sh("cat /var/lib/countersign/users/alice.toml").ok();
        let line = if answer == "code" { phone.code(&world) } else { answer.to_owned() };
        let told = answer_refused(&mut person, &line);
        assert_eq!(told, [CHANGED], "{command}, {answer}");
        assert_eq!(world.sh("cat /var/lib/countersign/users/alice.toml").ok(), before, "{command}, {answer}");
        assert!(!before.contains(&phone.parameters().secret));
        assert_eq!(status(&world, "alice")["state"], "ok");
    }
}

#[test]
fn turned_off_while_at_the_code_prompt_the_user_is_told_to_log_in_again() {
    let world = world();
    let phone = enrolled(&world);
    let mut person = at_code_prompt(&world);
    world.countersign(&["disable", "alice"]).ok();
    assert_eq!(answer_refused(&mut person, &phone.code(&world)), [CHANGED]);
    plain_login(&world);
}

#[test]
fn reset_while_at_the_code_prompt_the_old_token_lets_nobody_in() {
    let world = world();
    let phone = enrolled(&world);
    let mut person = at_code_prompt(&world);
    world.countersign(&["reset", "alice"]).ok();
    assert_eq!(answer_refused(&mut person, &phone.code(&world)), [CHANGED]);
    assert_ne!(enroll(&world, su(&world)), phone);
}

#[test]
fn locked_while_at_the_code_prompt_the_code_still_lets_in() {
    let world = world();
    let phone = enrolled(&world);
    let mut person = at_code_prompt(&world);
    world.countersign(&["lock", "alice"]).ok();
    person.type_line(&phone.code(&world));
    expect_shell(&mut person, "alice");
}

#[test]
fn forget_makes_a_user_new() {
    let world = world();
    let phone = enrolled(&world);
    world.countersign(&["forget", "alice"]).ok();
    assert_eq!(world.sh("find /var/lib/countersign -name 'alice*'").ok(), "");
    let mut person = terminal::login(&world, "alice");
    person.answer("Password: ", ALICES);
    assert_ne!(enroll(&world, person), phone);
}
