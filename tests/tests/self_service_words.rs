//! What a person who helps themselves is told, and what root is told about them: true, complete, and theirs to act on.
use countersign_tests::code::{Parameters, key_in};
use countersign_tests::factor::{IN_USE, PROMPT};
use countersign_tests::terminal::Size;
use countersign_tests::world::Outcome;
use countersign_tests::{Factor, Terminal, wait};

/// Runs a shell command as a user, with these lines typed.
fn shell(factor: &Factor, user: &str, script: &str, lines: &[&str]) -> Outcome {
    let stdin: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
    factor.world.command(&["su", "-", user, "-c", script]).stdin(stdin).run()
}

fn typed(factor: &Factor, command: &str, lines: &[&str]) -> Outcome {
    shell(factor, "alice", &format!("countersign {command}"), lines)
}

/// alice, blocked by wrong codes in the command; her logins are not.
fn blocked_in_the_command() -> Factor {
    let factor = Factor::new(&format!("{IN_USE}[throttle]\nfirst_delay = '10m'\n"), &["alice"]);
    let token = factor.enroll("alice");
    let wrong = factor.wrong_code(&token);
    for _ in 0..2 {
        typed(&factor, "disable", &[&wrong, &wrong, &wrong]).expect_code(1);
    }
    let refused = typed(&factor, "disable", &[&wrong]);
    assert!(refused.errors().contains("Too many wrong codes."), "{}", refused.errors());
    factor
}

#[test]
fn a_block_of_the_command_is_seen_by_the_user_and_by_root() {
    let factor = blocked_in_the_command();
    let own = typed(&factor, "status", &[]).ok();
    let roots = factor.world.countersign(&["status", "alice"]).ok();
    let block = |text: &str| text.lines().any(|line| line.to_lowercase().contains("blocked") && line.contains("until"));
    assert!(block(&own), "{own}");
    assert!(block(&roots), "{roots}");
}

#[test]
fn the_doctor_tells_a_block_of_the_command_and_json_has_a_field_for_it() {
    let factor = blocked_in_the_command();
    let told = factor.world.countersign(&["doctor"]).ok();
    assert!(told.contains("info: alice is blocked in the command (not at logins) for a time"), "{told}");
    assert!(!told.contains("nothing is wrong"), "{told}");
    let status = factor.status("alice");
    assert!(status["blocked"].is_null() && status["command_blocked"]["until"].is_string(), "{status}");
    // Five have been counted.
    factor.world.configure(&format!("{IN_USE}[throttle]\nhard_limit = 5\nfree = 4\n"));
    let told = factor.world.countersign(&["doctor"]).ok();
    assert!(told.contains("warning: alice is blocked in the command (not at logins) until an admin"), "{told}");
    factor.world.countersign(&["unblock", "alice"]).ok();
    assert!(factor.status("alice")["command_blocked"].is_null());
    assert!(!factor.world.countersign(&["doctor"]).ok().contains("blocked"));
}

#[test]
fn unblock_says_that_it_lifted_a_block_of_the_command() {
    let factor = blocked_in_the_command();
    let told = factor.world.countersign(&["unblock", "alice"]).ok();
    assert!(!told.contains("not blocked") && !told.contains("may enroll again"), "{told}");
}

#[test]
fn the_log_says_when_a_block_of_the_command_begins_and_how_many_codes_were_wrong() {
    let factor = blocked_in_the_command();
    factor.world.wait_for_log(&["event=blocked", "user=alice", "service=countersign", "failures=5"]);
}

#[test]
fn the_log_says_so_too_when_that_block_begins_while_the_clock_has_gone_back() {
    let factor = Factor::new(&format!("{IN_USE}[throttle]\nfirst_delay = '10m'\n"), &["alice"]);
    let token = factor.enroll("alice");
    factor.world.move_clock(-3_600);
    let wrong = factor.wrong_code(&token);
    for _ in 0..5 {
        let errors = typed(&factor, "disable", &[&wrong]).expect_code(1).errors();
        assert!(errors.contains("The clock of this host has gone back."), "{errors}");
    }
    assert!(factor.status("alice")["command_blocked"].is_object());
    factor.world.wait_for_log(&["event=blocked", "user=alice", "service=countersign", "failures=5"]);
}

#[test]
fn who_is_refused_for_a_block_of_the_command_without_being_asked_stands_in_the_log() {
    let factor = Factor::new(&format!("{IN_USE}[recovery]\ncodes = 0\n[throttle]\nfirst_delay = '10m'\n"), &["alice"]);
    let token = factor.enroll("alice");
    let wrong = factor.wrong_code(&token);
    for _ in 0..2 {
        typed(&factor, "disable", &[&wrong, &wrong, &wrong]).expect_code(1);
    }
    let blocked = |factor: &Factor| factor.world.log().matches("event=blocked").count();
    let before = blocked(&factor);
    assert!(typed(&factor, "disable", &[]).errors().contains("Too many wrong codes."));
    assert_eq!(blocked(&factor), before + 1);
}

#[test]
fn nobody_but_root_is_said_to_have_a_say_over_root() {
    let config = format!("{IN_USE}[administrators]\ngroups = ['ops']\n");
    let factor = Factor::new(&config, &["olga"]);
    factor.world.add_to_group("ops", &["olga"]);
    let told = factor.world.countersign(&["explain", "root"]).ok();
    assert!(!told.contains("members of ops may"), "{told}");
}

#[test]
fn what_administrators_may_do_to_someone_required_leaves_out_what_is_refused() {
    let config =
        format!("{IN_USE}[administrators]\ngroups = ['ops']\n[[rule]]\nusers = ['alice']\nthen = 'required'\n");
    let factor = Factor::new(&config, &["alice", "olga"]);
    factor.world.add_to_group("ops", &["olga"]);
    let told = factor.world.countersign(&["explain", "alice"]).ok();
    assert!(!told.contains("members of ops may, to alice: everything"), "{told}");
}

#[test]
fn a_label_is_refused_for_the_same_reasons_as_root_is_refused_it() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    let uri = ["enroll", "alice", "--label", "tablet", "--uri", "--no-confirm"];
    factor.world.countersign(&uri).ok();
    for label in ["tablet", "'\u{202e}evil'", "''"] {
        factor.next_step();
        let outcome = typed(&factor, &format!("enroll --label {label}"), &[&factor.code(&token)]);
        assert!(!outcome.text().contains("Scan the QR code"), "{label}: {}", outcome.text());
    }
}

#[test]
fn a_name_or_label_that_is_far_too_long_is_called_so() {
    let factor = Factor::new(IN_USE, &["alice"]);
    factor.enroll("alice");
    let long = "x".repeat(3_000);
    for command in [format!("enroll --label {long}"), format!("status {long}")] {
        let errors = typed(&factor, &command, &[]).errors();
        assert!(!errors.contains("does not understand"), "{errors}");
    }
}

#[test]
fn the_log_names_what_was_done_as_the_documentation_does() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    typed(&factor, "new-recovery-codes", &[&factor.code(&token)]).ok();
    factor.world.wait_for_log(&["event=changed", "by=alice", "what=new_recovery_codes"]);
}

#[test]
fn a_token_that_is_not_there_costs_no_code() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    let code = factor.code(&token);
    typed(&factor, "remove-token nosuch", &[&code]).expect_code(1);
    assert!(factor.login("alice", &[&code]).let_in());
}

#[test]
fn recovery_codes_that_could_not_be_shown_are_said_to_be_in_force() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    let code = factor.code(&token);
    let outcome = shell(&factor, "alice", "countersign new-recovery-codes > /dev/full", &[&code]);
    outcome.expect_code(1);
    let errors = outcome.errors();
    assert!(errors.contains("recovery codes") && errors.contains("countersign new-recovery-codes"), "{errors}");
}

#[test]
fn nobody_is_told_to_use_what_only_others_may() {
    let factor = Factor::new("", &["alice"]);
    let told = typed(&factor, "enable", &[]).ok();
    assert!(!told.contains("--lock"), "alice has no such option: {told}");
    let token = factor.enroll("alice");
    let told = typed(&factor, "reset", &[&factor.code(&token)]).ok();
    assert!(!told.contains("countersign lock"), "alice may not: {told}");
}

#[test]
fn who_may_not_turn_it_on_is_not_told_to_do_so() {
    let factor = Factor::new("", &["alice"]);
    factor.world.countersign(&["lock", "alice"]).ok();
    typed(&factor, "enable", &[]).expect_code(1);
    let errors = typed(&factor, "reset", &[]).errors();
    assert!(!errors.contains("countersign enable\n"), "{errors}");
    factor.world.countersign(&["enable", "alice"]).ok();
    let errors = typed(&factor, "reset", &[]).errors();
    assert!(!errors.contains("to turn it on"), "it is on: {errors}");
}

#[test]
fn a_reset_of_several_tokens_speaks_of_several() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    factor.world.countersign(&["enroll", "alice", "--label", "tablet", "--uri", "--no-confirm"]).ok();
    let told = typed(&factor, "reset", &[&factor.code(&token)]).ok();
    assert!(told.contains("tokens are forgotten"), "{told}");
}

#[test]
fn remove_token_says_by_its_usage_that_the_user_is_the_one_to_leave_out() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let help = typed(&factor, "remove-token --help", &[]).ok();
    assert!(help.contains("[USER] <TOKEN>"), "{help}");
}

#[test]
fn a_process_that_may_gain_no_privileges_is_told_so_and_not_that_the_host_is_at_fault() {
    let factor = Factor::new(IN_USE, &["alice"]);
    for (surroundings, command, why) in [
        ("true", "setpriv --no-new-privs countersign status", "may gain no privileges"),
        ("true", "strace -f -o /dev/null countersign status", "while this process is traced"),
        (
            "mount --bind /usr/libexec /usr/libexec; mount -o remount,bind,nosuid /usr/libexec",
            "countersign status",
            "nosuid",
        ),
    ] {
        factor.world.sh(surroundings).ok();
        let outcome = shell(&factor, "alice", command, &[]);
        outcome.expect_code(1);
        let errors = outcome.errors();
        assert!(errors.contains(why) && errors.contains("hint: "), "{errors}");
        assert!(!errors.contains("is not installed as it must be"), "{errors}");
    }
}

#[test]
fn a_hidden_answer_leaves_the_terminal_as_it_was_however_it_ends() {
    let factor = Factor::new(&format!("{IN_USE}[prompt]\necho = false\n"), &["alice"]);
    let token = factor.enroll("alice");
    // A shell that does not mend the terminal behind a program's back.
    let mut terminal =
        Terminal::spawn_with(&factor.world, factor.world.command(&["dash"]).user("alice"), Size::default());
    terminal.expect("$ ");
    terminal.type_line("countersign reset");
    terminal.expect(PROMPT);
    factor.world.sh("kill -TERM $(pidof countersign)").ok();
    terminal.expect("$ ");
    assert!(terminal.echoes(), "after SIGTERM what is typed is not seen");
    terminal.type_line("");
    for key in [b"\x03", b"\x1c", b"\x1a"] {
        terminal.expect("$ ");
        terminal.type_line("countersign reset");
        terminal.expect(PROMPT);
        assert!(!terminal.echoes(), "a code that is typed is not seen");
        terminal.type_bytes(key);
        terminal.expect("$ ");
        assert!(terminal.echoes(), "after {key:?} what is typed is not seen");
        terminal.type_line("");
    }
    terminal.expect("$ ");
    // What was stopped above goes on where it was: asking, unseen.
    terminal.type_line("fg");
    terminal.expect(PROMPT);
    assert!(!terminal.echoes());
    let code = factor.code(&token);
    terminal.type_line(&code);
    let said = terminal.expect("$ ");
    assert!(said.contains("the token is forgotten") && !said.contains(&code), "{said}");
    assert!(terminal.echoes());
}

#[test]
fn a_hidden_answer_that_is_asked_for_in_the_background_waits_and_is_typed_as_any_line() {
    let factor = Factor::new(&format!("{IN_USE}[prompt]\necho = false\n"), &["alice"]);
    let token = factor.enroll("alice");
    // A shell that has the terminal set for its own editing of lines while it is in front.
    let bash = factor.world.command(&["bash", "--norc", "-i"]).env("PS1", "> ").env("TERM", "xterm").user("alice");
    let mut terminal = Terminal::spawn_with(&factor.world, bash, Size::default());
    terminal.expect("> ");
    terminal.type_line("countersign reset &");
    terminal.expect("> ");
    let stopped = "grep -q '^State:.T' /proc/$(pidof countersign)/status";
    wait::until("the question in the background", || (factor.world.sh(stopped).code() == Some(0)).then_some(()));
    terminal.type_line("fg");
    terminal.expect(PROMPT);
    assert!(!terminal.echoes());
    // Enter, as a keyboard sends it.
    terminal.type_bytes(format!("{}\r", factor.code(&token)).as_bytes());
    terminal.expect("the token is forgotten");
    terminal.expect("> ");
    terminal.type_bytes(b"stty -a\r");
    let settings = terminal.expect("> ");
    for setting in [" icanon ", " echo ", " icrnl "] {
        assert!(settings.contains(setting), "{setting}: {settings}");
    }
}

#[test]
fn a_hidden_answer_is_hidden_still_after_a_stop_that_no_program_can_prepare_for() {
    let factor = Factor::new(&format!("{IN_USE}[prompt]\necho = false\n"), &["alice"]);
    let token = factor.enroll("alice");
    let bash = factor.world.command(&["bash", "--norc", "-i"]).env("PS1", "> ").env("TERM", "xterm").user("alice");
    let mut terminal = Terminal::spawn_with(&factor.world, bash, Size::default());
    terminal.expect("> ");
    terminal.type_bytes(b"countersign reset\r");
    terminal.expect(PROMPT);
    factor.world.sh("kill -STOP $(pidof countersign)").ok();
    terminal.expect("> ");
    // The shell has the terminal show what is typed, for its own line and for what comes next.
    terminal.type_bytes(b"fg\r");
    terminal.expect(PROMPT);
    assert!(!terminal.echoes());
    let code = factor.code(&token);
    terminal.type_bytes(format!("{code}\r").as_bytes());
    let said = terminal.expect("> ");
    assert!(said.contains("the token is forgotten") && !said.contains(&code), "{said}");
}

#[test]
fn what_follows_a_question_begins_on_a_line_of_its_own() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    let wrong = factor.wrong_code(&token);
    for lines in [&[][..], &[wrong.as_str()]] {
        let errors = typed(&factor, "reset", lines).errors();
        assert!(errors.contains("\nerror: no code was given; nothing is changed\n"), "{errors}");
        assert!(errors.lines().all(|line| line.starts_with(PROMPT) == line.contains("Verification")), "{errors}");
        assert_eq!(errors.matches(PROMPT).count(), errors.matches(&format!("{PROMPT}\n")).count(), "{errors}");
    }
    let invocation = factor.world.command(&["su", "-", "alice", "-c", "countersign reset"]);
    let mut terminal = Terminal::spawn_with(&factor.world, invocation, Size::default());
    terminal.expect(PROMPT);
    terminal.type_bytes(b"\x04");
    terminal.wait_exit();
    assert!(terminal.printed().contains(&format!("{PROMPT}\nerror: no code")), "{}", terminal.printed());
}

/// Nothing goes beyond the edge of a terminal of 50 columns, and the key is whole.
fn assert_narrow(screen: &str) {
    let key = Parameters::new(&key_in(screen).expect("a key"));
    assert_eq!(key.secret.split_whitespace().collect::<String>().len(), 32);
    let widest = screen.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(widest <= 50, "{widest} columns on a terminal of 50:\n{screen}");
    assert!(screen.contains('█'), "{screen}");
}

#[test]
fn a_key_on_a_narrow_terminal_is_not_broken_over_its_edge() {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    let token = factor.enroll("alice");
    let size = Size::new(50, 60);
    let invocation = factor.world.command(&["su", "-", "alice", "-c", "countersign enroll --label tablet"]);
    let mut terminal = Terminal::spawn_with(&factor.world, invocation, size);
    terminal.answer(PROMPT, &factor.code(&token));
    assert_narrow(&terminal.expect(PROMPT));
    let by_root = factor.world.command(&["countersign", "enroll", "bob"]);
    assert_narrow(&Terminal::spawn_with(&factor.world, by_root, size).expect(PROMPT));
}

#[test]
fn an_option_of_roots_is_called_so() {
    let factor = Factor::new(IN_USE, &["alice"]);
    for (command, option) in [
        ("--config /etc/other.toml status", "--config"),
        ("status --config=/etc/other.toml", "--config"),
        ("enable --lock", "--lock"),
        ("enroll --no-confirm", "--no-confirm"),
    ] {
        let outcome = typed(&factor, command, &[]);
        outcome.expect_code(1);
        let errors = outcome.errors();
        assert!(errors.starts_with(&format!("error: {option} is for root")) && errors.contains("hint: "), "{errors}");
    }
    // What is no text at all is no reason to fall over.
    let odd = shell(&factor, "alice", "countersign --config \"$(printf '\\377')\" status", &[]).expect_code(1).errors();
    assert!(odd.starts_with("error: --config is for root"), "{odd}");
    for command in ["status --colour", "status --lock", "--lock status"] {
        let errors = typed(&factor, command, &[]).expect_code(2).errors();
        assert!(errors.contains("unexpected argument"), "{errors}");
    }
}
