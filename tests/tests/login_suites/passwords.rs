//! Passwords around the second factor: expired ones, the password `disable`, sshd's blind password method.
use crate::stage::*;
use countersign_tests::terminal;
use countersign_tests::world::Stack;
use countersign_tests::{Terminal, World};

const BLIND: &str = "PasswordAuthentication yes\nKbdInteractiveAuthentication no\n";

/// An ssh client that knows only the password method; it is refused.
fn blind(world: &World, user: &str, password: &str) {
    let options = ["-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1"];
    let command = terminal::ssh_command(world, user, &options, &[]);
    let mut person = Terminal::spawn_with(world, command, terminal::Size::default());
    person.answer("password: ", password);
    expect_refused(&mut person);
    assert_eq!(person.wait_exit().code(), Some(255));
}

#[test]
fn sshds_blind_password_method_is_refused_and_counts_nothing() {
    let world = world();
    let phone = enrolled(&world);
    let _sshd = world.start_sshd(BLIND);
    for _ in 0..6 {
        blind(&world, "alice", ALICES);
    }
    assert_eq!(failures(&world, "alice"), 0);
    let mut person = su(&world);
    person.answer(PROMPT, &phone.code(&world));
    assert_eq!(expect_shell(&mut person, "alice"), [""; 0]);
}

#[test]
fn sshds_blind_password_method_neither_enrolls_nor_disables() {
    let world = world();
    world.add_user("dora", "disable");
    let _sshd = world.start_sshd(BLIND);
    for config in [ON.to_owned(), format!("{ON}[prompt]\necho = false\n")] {
        world.configure(&config);
        blind(&world, "dora", "disable");
        let status = status(&world, "dora");
        assert_eq!((&status["use_2fa"], &status["enrolled"]), (&true.into(), &false.into()), "{status}");
    }
    assert_eq!(world.log_line(&["event=disabled"]), None);
}

#[test]
fn without_echo_a_blind_password_of_six_digits_is_a_wrong_code() {
    let world = world_with(&format!("{ON}[prompt]\necho = false\n"));
    let phone = enrolled(&world);
    let _sshd = world.start_sshd(BLIND);
    blind(&world, "alice", ALICES);
    assert_eq!(failures(&world, "alice"), 0, "not a code");
    let digits = phone.wrong(&world);
    world.set_password("alice", &digits);
    blind(&world, "alice", &digits);
    assert_eq!(failures(&world, "alice"), 3, "I2: well-formed, so counted, each of the three tries");
}

#[test]
fn the_password_disable_is_no_word() {
    let world = world();
    world.add_user("dora", "disable");
    let _sshd = world.start_sshd("");
    let mut person = ssh(&world, "dora", "disable");
    let phone = Phone::scan(&mut person);
    assert_eq!(answer(&mut person, "disable"), [NOT_A_CODE]);
    person.type_line(&phone.code(&world));
    expect_shell(&mut person, "dora");
    assert_eq!(status(&world, "dora")["use_2fa"], true);
    assert!(is_enrolled(&world, "dora"));
}

/// Alice changes her expired password and gets her shell.
fn change_password(person: &mut Terminal, new: &str) {
    person.answer("Current password: ", ALICES);
    person.answer("New password: ", new);
    person.answer("Retype new password: ", new);
    expect_shell(person, "alice");
}

#[test]
fn with_an_expired_password_the_token_is_committed_and_the_password_changed() {
    let world = world();
    world.expire_password("alice");
    let _sshd = world.start_sshd("");
    let mut person = ssh(&world, "alice", ALICES);
    let phone = Phone::scan(&mut person);
    person.type_line(&phone.code(&world));
    person.answer(RECOVERY_PROMPT, "");
    change_password(&mut person, "Tr0ub4dor&3-staple");
    world.move_clock(STEP);
    let mut person = ssh(&world, "alice", "Tr0ub4dor&3-staple");
    person.answer(PROMPT, &phone.code(&world));
    expect_shell(&mut person, "alice");
}

#[test]
fn one_who_leaves_at_the_password_change_is_enrolled_all_the_same() {
    let world = world();
    world.expire_password("alice");
    let mut person = su(&world);
    let phone = Phone::scan(&mut person);
    person.type_line(&phone.code(&world));
    person.answer(RECOVERY_PROMPT, "");
    person.expect("Current password: ");
    person.kill();
    assert!(is_enrolled(&world, "alice"));
    world.move_clock(STEP);
    let mut person = su(&world);
    person.answer(PROMPT, &phone.code(&world));
    change_password(&mut person, "Tr0ub4dor&3-staple");
}

#[test]
fn an_expired_account_enrolls_but_is_not_let_in() {
    let world = world();
    world.run(&["chage", "--expiredate", "2001-01-01", "alice"]).ok();
    let mut person = su(&world);
    let phone = Phone::scan(&mut person);
    person.type_line(&phone.code(&world));
    person.answer(RECOVERY_PROMPT, "");
    assert!(!person.wait_exit().success());
    assert!(!person.printed().contains("$ "));
}

#[test]
fn a_wrong_password_is_never_asked_for_a_code() {
    let world = world();
    let _sshd = world.start_sshd("");
    for stack in [Stack::Sshd, Stack::Su] {
        let mut person =
            if stack == Stack::Sshd { ssh(&world, "alice", "wrong") } else { su_to(&world, "alice", "wrong") };
        expect_refused(&mut person);
        assert!(!person.printed().contains(PROMPT), "{}", person.printed());
    }
    assert_eq!(world.log_line(&["pam_countersign"]), None);
}
