//! What the enrollment screen shows, in each form and under each theme, and where it must not go.
use crate::stage::*;
use countersign_tests::qr::{self, Theme};
use countersign_tests::terminal::{self, Size};
use countersign_tests::{Terminal, World, code};

/// Alice's first login by su on a terminal large enough for a QR code of `##`.
fn su_on_large_terminal(world: &World) -> Terminal {
    let invocation = world.command(&["su", "-", "alice"]).user("bob");
    let mut person = Terminal::spawn_with(world, invocation, Size::new(80, 70));
    person.answer("Password: ", ALICES);
    person
}

/// The whole of the screen: heading, key, words, QR code, and the prompt in the last row but for blank ones.
fn assert_whole(person: &mut Terminal, heading: &str) -> Phone {
    let phone = Phone::scan(person);
    let screen = person.screen_text();
    let words = ["  ascii ", "  invert ", "  disable "];
    for text in ["Two-factor authentication for", heading, "authenticator app", "digits it shows."].iter().chain(&words)
    {
        assert!(screen.contains(text), "{text:?} is missing:\n{screen}");
    }
    assert!(screen.ends_with(PROMPT.trim_end()), "\n{screen}");
    phone
}

#[test]
fn a_terminal_of_80_by_24_shows_the_whole_screen_on_every_service() {
    let world = world();
    let _sshd = world.start_sshd("");
    assert_whole(&mut ssh(&world, "alice", ALICES), "alice on host1");
    assert_whole(&mut su(&world), "alice on host1");
    let mut on_console = terminal::login(&world, "alice");
    on_console.answer("Password: ", ALICES);
    assert_whole(&mut on_console, "alice on host1");
}

/// A URI of 132 bytes, which is version 6 whatever the key.
#[test]
fn a_qr_code_of_version_6_still_fits_80_by_24() {
    let config = format!("issuer = \"longer-host\"\n{ON}[totp]\nalgorithm = \"SHA256\"\ndigits = 8\nperiod = 60\n");
    let world = world_with(&config);
    world.add_user("first.last", ALICES);
    let _sshd = world.start_sshd("");
    let mut person = ssh(&world, "first.last", ALICES);
    let phone = assert_whole(&mut person, "first.last on longer-host");
    let rows = person.screen_text().lines().filter(|line| line.contains(['█', '▀', '▄'])).count();
    assert_eq!(rows, 23, "version 6 in half blocks:\n{}", person.screen_text());
    let parameters = phone.parameters();
    assert_eq!((parameters.algorithm.as_str(), parameters.digits, parameters.period), ("SHA256", 8, 60));
    person.type_line(&phone.code(&world));
    expect_shell(&mut person, "first.last");
}

#[test]
fn a_dark_terminal_needs_no_word_and_a_light_one_the_word_invert() {
    let world = world();
    let _sshd = world.start_sshd("");
    let mut person = ssh(&world, "alice", ALICES);
    let dark = Phone::scan(&mut person);
    assert_eq!(qr::read(person.screen(), Theme::Light), None);
    answer(&mut person, "invert");
    let light = Phone::scan_screen(&mut person, Theme::Light);
    assert_eq!(qr::read(person.screen(), Theme::Dark), None);
    assert_eq!(light, dark, "one secret for the whole login");
    // Once more, and it is as it was.
    answer(&mut person, "invert");
    assert_eq!(Phone::scan_screen(&mut person, Theme::Dark), dark);
    person.type_line(&light.code(&world));
    expect_shell(&mut person, "alice");
}

#[test]
fn the_word_ascii_draws_without_block_characters_for_either_theme() {
    let world = world();
    let mut person = su_on_large_terminal(&world);
    let dark = Phone::scan(&mut person);
    person.type_line("ascii");
    let drawn = person.expect(PROMPT);
    assert!(drawn.is_ascii() && drawn.contains("##"), "{drawn}");
    assert_eq!(Phone::scan_screen(&mut person, Theme::Dark), dark);
    person.type_line("invert");
    assert!(person.expect(PROMPT).is_ascii());
    assert_eq!(Phone::scan_screen(&mut person, Theme::Light), dark);
    person.type_line(&dark.code(&world));
    expect_shell(&mut person, "alice");
}

#[test]
fn words_are_understood_in_any_letter_case() {
    let world = world();
    let mut person = su_on_large_terminal(&world);
    let phone = Phone::scan(&mut person);
    for (word, theme) in
        [("INVERT", Theme::Light), ("Invert", Theme::Dark), ("ASCII", Theme::Dark), ("inVERT", Theme::Light)]
    {
        person.type_line(word);
        person.expect(PROMPT);
        assert_eq!(Phone::scan_screen(&mut person, theme), phone, "{word}");
    }
    person.type_line("DisABLE");
    expect_shell(&mut person, "alice");
    assert_eq!(status(&world, "alice")["use_2fa"], false);
}

#[test]
fn the_configuration_may_ask_for_ascii() {
    let world = world_with(&format!("{ON}[prompt]\nqr = \"ascii\"\n"));
    let mut person = su_on_large_terminal(&world);
    let drawn = person.expect(PROMPT);
    assert!(drawn.is_ascii() && drawn.contains("##"), "{drawn}");
    let phone = Phone::scan_screen(&mut person, Theme::Dark);
    person.type_line(&phone.code(&world));
    expect_shell(&mut person, "alice");
}

#[test]
fn the_configuration_may_ask_for_no_qr_code_and_the_key_is_typed_by_hand() {
    let world = world_with(&format!("{ON}[prompt]\nqr = \"off\"\n"));
    let _sshd = world.start_sshd("");
    let mut person = ssh(&world, "alice", ALICES);
    let drawn = person.expect(PROMPT);
    assert!(drawn.is_ascii() && !drawn.contains("##"), "{drawn}");
    let key = code::key_in(&drawn).expect("a key in groups of four");
    assert_eq!(key.len(), 32);
    person.type_line(&code::code_now(&world, &key));
    expect_shell(&mut person, "alice");
    assert!(is_enrolled(&world, "alice"));
}

#[test]
fn the_qr_code_is_not_repeated_after_a_wrong_code() {
    let world = world();
    let mut person = su(&world);
    let phone = Phone::scan(&mut person);
    for line in [phone.wrong(&world).as_str(), "not a code"] {
        person.type_line(line);
        let before = person.expect(PROMPT);
        assert!(!before.contains('█') && code::key_in(&before).is_none(), "{before}");
    }
}

#[test]
fn the_output_of_su_holds_no_secret() {
    let world = world();
    let invocation = world.command(&["sh", "-c", "su alice -c 'echo out' > /tmp/out"]).user("bob");
    let mut person = Terminal::spawn_with(&world, invocation, Size::default());
    person.answer("Password: ", ALICES);
    let phone = Phone::scan(&mut person);
    answer(&mut person, &phone.wrong(&world));
    person.type_line(&phone.code(&world));
    person.answer(RECOVERY_PROMPT, "");
    assert!(person.wait_exit().success());
    assert_eq!(world.read_file("/tmp/out"), b"out\n");
    assert!(is_enrolled(&world, "alice"));
}
