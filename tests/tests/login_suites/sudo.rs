//! sudo: its own prompt replaces those of modules, so the screen goes as text and a short prompt follows.
use crate::stage::*;
use countersign_tests::pam_driver::{Flags, Step, Style, pam};
use countersign_tests::{Driver, Phase, World, code, terminal};

fn world_of_sudo() -> World {
    let world = world();
    world.allow_sudo("alice");
    world
}

#[test]
fn sudo_enrolls_the_caller_and_then_asks_for_a_code() {
    let world = world_of_sudo();
    let mut person = terminal::sudo(&world, "alice", &["id", "-un"]);
    person.answer("password for alice: ", ALICES);
    let phone = Phone::scan(&mut person);
    assert!(person.screen_text().contains("Two-factor authentication for"), "\n{}", person.screen_text());
    person.type_line(&phone.code(&world));
    person.answer(RECOVERY_PROMPT, "");
    person.expect("root\n");
    assert!(person.wait_exit().success());
    assert!(is_enrolled(&world, "alice") && !is_enrolled(&world, "root"));

    world.move_clock(STEP);
    let mut person = terminal::sudo(&world, "alice", &["-k", "id", "-un"]);
    person.answer("password for alice: ", ALICES);
    let before = person.answer(PROMPT, &phone.code(&world));
    assert!(!before.contains('█'), "{before}");
    person.expect("root\n");
    assert!(person.wait_exit().success());
}

#[test]
fn sudo_with_a_prompt_of_its_own_still_shows_the_screen() {
    let world = world_of_sudo();
    let mut person = terminal::sudo(&world, "alice", &["-k", "-p", "secret? ", "id", "-un"]);
    person.answer("secret? ", ALICES);
    person.expect("secret? ");
    let phone = Phone::scan_screen(&mut person, countersign_tests::qr::Theme::Dark);
    person.type_line(&phone.code(&world));
    person.expect("Recovery codes");
    // sudo puts a prompt of its own in the place of ours.
    person.type_line("");
    person.expect("root\n");
    assert!(person.wait_exit().success());
    assert!(is_enrolled(&world, "alice"));
}

#[test]
fn sudo_i_asks_for_a_code_and_runs_roots_shell() {
    let world = world_of_sudo();
    let phone = enrolled(&world);
    let mut person = terminal::sudo(&world, "alice", &["-i"]);
    person.answer("password for alice: ", ALICES);
    person.answer(PROMPT, &phone.code(&world));
    person.answer("# ", "echo I am $(id -un).; exit");
    person.expect("I am root.");
    world.wait_for_log(&["event=accepted", "user=alice", "service=sudo-i"]);
}

#[test]
fn sudo_refuses_a_wrong_code() {
    let world = world_of_sudo();
    let phone = enrolled(&world);
    let mut person = terminal::sudo(&world, "alice", &["id", "-un"]);
    person.answer("password for alice: ", ALICES);
    person.answer(PROMPT, &phone.wrong(&world));
    person.expect(&format!("{WRONG}\n"));
    assert!(!person.press_until_end(b"\x03").success());
    assert!(!person.printed().contains("root\n"));
}

#[test]
fn a_remembered_sudo_asks_nothing_and_prints_nothing() {
    let world = world_of_sudo();
    let phone = enrolled(&world);
    let script = "sudo id -un; echo again; sudo id -un; echo done";
    let invocation = world.command(&["bash", "-c", script]).user("alice");
    let mut person = countersign_tests::Terminal::spawn_with(&world, invocation, terminal::Size::default());
    person.answer("password for alice: ", ALICES);
    person.answer(PROMPT, &phone.code(&world));
    person.expect("again\n");
    assert_eq!(person.expect("done"), "root\n");
}

#[test]
fn under_sudo_the_screen_is_text_and_the_prompt_is_short() {
    let world = world();
    for service in ["sudo", "sudo-i"] {
        let transcript = Driver::new(&world).service(service).answers([ALICES, "ascii", "{code}"]).run();
        assert!(transcript.ended(), "{transcript:#?}");
        let messages = transcript.messages();
        let kinds: Vec<_> = messages.iter().map(|message| message.style).collect();
        let (info, ask) = (Style::Info, Style::PromptEchoOn);
        assert_eq!(kinds, [Style::PromptEchoOff, info, ask, info, ask, info, ask], "{transcript:#?}");
        assert!(messages.iter().all(|message| message.batch == 1), "{transcript:#?}");
        assert!(messages[1].text.contains('█') && code::key_in(&messages[1].text).is_some(), "{transcript:#?}");
        assert!(messages[3].text.is_ascii() && messages[3].text.contains("##"), "{transcript:#?}");
        assert_eq!((messages[2].text.as_str(), messages[4].text.as_str()), (PROMPT, PROMPT));
        assert!(messages[5].text.starts_with("Recovery codes") && messages[6].text == RECOVERY_PROMPT);
        world.countersign(&["reset", "alice"]).ok();
        world.move_clock(STEP);
    }
}

#[test]
fn no_flag_of_an_application_suppresses_the_screen_or_the_prompt() {
    let world = world();
    let flags = Flags::SILENT | Flags::DISALLOW_NULL_AUTHTOK;
    let steps = [Step::Call(Phase::Authenticate, flags), Step::Call(Phase::Account, flags)];
    for (service, messages) in [("sudo", 5), ("sshd", 3)] {
        let driver = Driver::new(&world).service(service).answers([ALICES, "{code}"]);
        let transcript = driver.steps(steps.clone()).run();
        transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
        assert_eq!(transcript.messages().len(), messages, "{transcript:#?}");
        assert!(transcript.messages()[1].text.contains('█'), "{transcript:#?}");
        assert!(is_enrolled(&world, "alice"));
        world.countersign(&["reset", "alice"]).ok();
        world.move_clock(STEP);
    }
}

#[test]
fn elsewhere_the_screen_is_one_prompt_and_nothing_is_text() {
    let world = world();
    for service in ["sshd", "login", "su", "su-l"] {
        // As root, su would not ask at all.
        let text = String::from_utf8(world.read_file(&format!("/etc/pam.d/{service}"))).unwrap();
        let text: String =
            text.lines().filter(|line| !line.contains("pam_rootok")).flat_map(|line| [line, "\n"]).collect();
        let driver = Driver::new(&world).service(service).stack(&text);
        let transcript = driver.answers([ALICES, "{wrong}", "{code}"]).run();
        let messages = transcript.messages();
        assert!(messages.iter().all(|message| message.is_prompt() && message.batch == 1), "{transcript:#?}");
        assert_eq!(messages.len(), 4, "{transcript:#?}");
        assert!(messages[3].text.contains("Recovery codes") && messages[3].text.ends_with(RECOVERY_PROMPT));
        assert!(messages[1].text.starts_with('\n') && messages[1].text.contains('█'), "{transcript:#?}");
        assert!(messages[1].text.ends_with(PROMPT), "{transcript:#?}");
        assert_eq!(messages[2].text, format!("{WRONG} Use the newest entry in your app.\n{PROMPT}"));
        assert!(!transcript.text().replace("Password: ", "").to_lowercase().contains("password"));
        world.countersign(&["reset", "alice"]).ok();
        world.move_clock(STEP);
    }
}
