//! First logins on every service: password, QR code, code, shell. And the second ones.
use crate::stage::*;
use countersign_tests::{Terminal, World, terminal};

/// The second login of alice: no QR code any more, a code opens the shell.
fn second_login(world: &World, mut person: Terminal, phone: &Phone) {
    world.move_clock(STEP);
    let before = person.expect(PROMPT);
    assert!(!before.contains('█') && !before.contains("authenticator"), "{before}");
    assert!(person.echoes(), "a code is seen while it is typed");
    person.type_line(&phone.code(world));
    assert_eq!(expect_shell(&mut person, "alice"), [""; 0]);
}

#[test]
fn the_first_login_over_ssh_enrolls_and_the_second_asks_for_a_code() {
    let world = world();
    let _sshd = world.start_sshd("");
    let phone = enroll(&world, ssh(&world, "alice", ALICES));
    assert_eq!(phone.0.account, "alice");
    assert_eq!(phone.0.issuer.as_deref(), Some("host1"));
    assert_eq!(phone.0.label_issuer, phone.0.issuer);
    assert_eq!(phone.parameters().secret.len(), 32, "160 bits");
    assert!(is_enrolled(&world, "alice"));
    second_login(&world, ssh(&world, "alice", ALICES), &phone);
}

#[test]
fn the_first_login_by_su_enrolls_the_target_and_the_second_asks_for_a_code() {
    let world = world();
    let phone = enroll(&world, su(&world));
    assert_eq!(phone.0.account, "alice");
    second_login(&world, su(&world), &phone);
    // Without a login shell the service is another one.
    let invocation = world.command(&["su", "alice"]).user("bob");
    let mut person = Terminal::spawn_with(&world, invocation, terminal::Size::default());
    person.answer("Password: ", ALICES);
    second_login(&world, person, &phone);
    world.wait_for_log(&["event=accepted", "service=su-l"]);
    world.wait_for_log(&["event=accepted", "service=su "]);
    assert!(!is_enrolled(&world, "bob"));
}

#[test]
fn the_first_login_on_a_console_enrolls_and_the_second_asks_for_a_code() {
    let world = world();
    let at_prompt = || {
        let mut person = terminal::login(&world, "alice");
        person.answer("Password: ", ALICES);
        person
    };
    let phone = enroll(&world, at_prompt());
    second_login(&world, at_prompt(), &phone);
}

#[test]
fn one_token_serves_all_services() {
    let world = world();
    let _sshd = world.start_sshd("");
    let phone = enroll(&world, ssh(&world, "alice", ALICES));
    let mut on_console = terminal::login(&world, "alice");
    on_console.answer("Password: ", ALICES);
    second_login(&world, on_console, &phone);
    second_login(&world, su(&world), &phone);
    second_login(&world, ssh(&world, "alice", ALICES), &phone);
}

#[test]
fn a_user_without_2fa_sees_nothing_of_it() {
    let world = world_with("");
    let _sshd = world.start_sshd("");
    let plain = |mut person: Terminal| {
        let before = person.answer("$ ", "exit");
        assert!(!before.contains("erification") && !before.contains("Two-factor"), "{before}");
    };
    plain(ssh(&world, "alice", ALICES));
    plain(su(&world));
    let mut person = terminal::login(&world, "alice");
    person.answer("Password: ", ALICES);
    plain(person);
    assert_eq!(world.log_line(&["pam_countersign"]), None);
}

#[test]
fn a_wrong_code_at_the_first_login_can_be_corrected() {
    let world = world();
    let _sshd = world.start_sshd("");
    let mut person = ssh(&world, "alice", ALICES);
    let phone = Phone::scan(&mut person);
    let notice = answer(&mut person, &phone.wrong(&world));
    assert_eq!(notice, ["Otp invalid! Use the newest entry in your app."]);
    let notice = answer(&mut person, &phone.code_in(&world, 3));
    assert_eq!(notice, [format!("{WRONG_AGAIN} Use the newest entry in your app.")]);
    assert_eq!(answer(&mut person, "12345"), [NOT_A_CODE]);
    person.type_line(&phone.code(&world));
    expect_shell(&mut person, "alice");
    assert_eq!(failures(&world, "alice"), 0, "the secret is on the screen: nothing is guessed");
}

#[test]
fn three_wrong_codes_end_a_first_login_and_the_next_shows_another_key() {
    let world = world();
    let mut person = su(&world);
    let phone = Phone::scan(&mut person);
    let wrong = phone.wrong(&world);
    answer(&mut person, &wrong);
    answer(&mut person, &wrong);
    let last = answer_refused(&mut person, &wrong);
    assert_eq!(last, [format!("{WRONG_AGAIN} Use the newest entry in your app.")]);
    assert!(!is_enrolled(&world, "alice"));
    assert_eq!(failures(&world, "alice"), 0);
    let other = enroll(&world, su(&world));
    assert_ne!(other.parameters().secret, phone.parameters().secret);
}

#[test]
fn the_code_that_enrolled_does_not_log_in_again() {
    let world = world();
    let phone = enroll(&world, su(&world));
    let mut person = su(&world);
    person.expect(PROMPT);
    let notice = answer(&mut person, &phone.code(&world));
    assert_eq!(notice, ["Otp invalid! This code was already used. Wait for the next one."]);
}
