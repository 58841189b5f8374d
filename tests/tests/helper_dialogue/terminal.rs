//! A person at a real terminal who changes their mind, suspends, hangs up, or must not be read over the shoulder.
use crate::stage::{assert_nothing_left, assert_unlocked, helper_process};
use countersign_tests::code::{Parameters, key_in};
use countersign_tests::factor::{IN_USE, PASSWORD, PROMPT};
use countersign_tests::terminal::{self, Size};
use countersign_tests::world::Stack;
use countersign_tests::{Factor, Terminal, World, wait};

const NO_ECHO: &str = "[prompt]\necho = false\n";

fn enrolled(config: &str) -> (Factor, Parameters) {
    let factor = Factor::new(&format!("{IN_USE}{config}"), &["alice", "bob"]);
    for stack in [Stack::Sshd, Stack::Su] {
        factor.world.use_stack(stack);
    }
    let token = factor.enroll("alice");
    (factor, token)
}

/// alice logs in and is at her shell.
fn log_in(factor: &Factor, start: fn(&World) -> Terminal, token: &Parameters) -> Terminal {
    let mut person = start(&factor.world);
    person.answer("Password: ", PASSWORD);
    person.answer(PROMPT, &factor.code(token));
    person.expect("$ ");
    factor.next_step();
    person
}

fn ssh(world: &World) -> Terminal {
    terminal::ssh(world, "alice")
}

fn su(world: &World) -> Terminal {
    terminal::su(world, "bob", "alice")
}

/// Types a command and waits for the question.
fn ask(person: &mut Terminal, command: &str) {
    person.type_line(command);
    person.expect(PROMPT);
}

/// The exit status of the last command.
fn last_status(person: &mut Terminal) -> String {
    person.type_line("echo it was $?.");
    person.expect("it was ");
    person.expect("it was ");
    person.expect(".").trim().to_owned()
}

#[test]
fn ctrl_c_and_ctrl_d_at_the_question_change_nothing_and_leave_nothing() {
    let (factor, token) = enrolled("");
    let _sshd = factor.world.start_sshd("");
    for start in [su, ssh] {
        let mut person = log_in(&factor, start, &token);
        let before = factor.record("alice");
        for (key, status, said) in [(b"\x03", "130", ""), (b"\x04", "1", "no code was given; nothing is changed")] {
            ask(&mut person, "countersign reset");
            helper_process(&factor.world);
            person.type_bytes(key);
            let printed = person.expect("$ ");
            assert!(printed.contains(said), "{printed}");
            assert_eq!(last_status(&mut person), status);
            assert_nothing_left(&factor, "alice");
        }
        assert_eq!(factor.record("alice"), before);
        ask(&mut person, "countersign new-recovery-codes");
        person.type_line(&factor.code(&token));
        person.expect("$ ");
        assert_eq!(last_status(&mut person), "0");
        factor.next_step();
    }
}

#[test]
fn a_suspended_command_holds_no_lock_and_goes_on_where_it_was() {
    let (factor, mut token) = enrolled("");
    let _sshd = factor.world.start_sshd("");
    for start in [su, ssh] {
        let mut person = log_in(&factor, start, &token);
        ask(&mut person, "countersign reset");
        person.type_bytes(b"\x1a");
        person.expect("Stopped");
        person.expect("$ ");
        helper_process(&factor.world);
        assert_unlocked(&factor, "alice");
        factor.assert_next_code_accepted("alice", &token);
        factor.next_step();
        person.type_line("fg");
        person.expect("countersign reset");
        person.type_line(&factor.code(&token));
        person.expect("the token is forgotten");
        assert_nothing_left(&factor, "alice");
        factor.next_step();
        token = factor.enroll("alice");
    }
}

#[test]
fn a_terminal_that_hangs_up_leaves_neither_a_helper_nor_a_lock() {
    let (factor, token) = enrolled("");
    let _sshd = factor.world.start_sshd("");
    let before = factor.record("alice");
    for start in [su, ssh] {
        for (command, answers) in [("countersign reset", 0), ("countersign enroll --label new", 1)] {
            let mut person = log_in(&factor, start, &token);
            ask(&mut person, command);
            for _ in 0..answers {
                person.type_line(&factor.code(&token));
                person.expect(PROMPT);
                factor.next_step();
            }
            helper_process(&factor.world);
            person.hang_up();
            assert_nothing_left(&factor, "alice");
            let commands = || factor.world.run(&["pgrep", "-x", "countersign"]).text();
            wait::until("the end of the command", || commands().is_empty().then_some(()));
        }
    }
    assert_eq!(factor.record("alice"), before);
    factor.assert_next_code_accepted("alice", &token);
}

#[test]
fn what_is_typed_is_hidden_where_the_configuration_says_so_and_the_terminal_is_put_right() {
    let (factor, token) = enrolled(NO_ECHO);
    for (command, keys) in [
        ("countersign reset", &b"\x03"[..]),
        ("countersign reset", b"\x1c"),
        ("countersign reset", b"\x04"),
        ("countersign new-recovery-codes", b""),
    ] {
        // A shell that leaves the terminal as a program left it.
        let invocation = factor.world.command(&["dash", "-i"]).env("PS1", "> ").user("alice");
        let mut person = Terminal::spawn_with(&factor.world, invocation, Size::default());
        person.expect("> ");
        assert!(person.echoes());
        ask(&mut person, command);
        wait::until("a terminal that hides", || (!person.echoes()).then_some(()));
        let code = factor.code(&token);
        if keys.is_empty() {
            person.type_line(&code);
        } else {
            person.type_bytes(keys);
        }
        person.expect("> ");
        assert!(person.echoes(), "{command} {keys:?}: the terminal hides what is typed from now on");
        assert!(!person.printed().contains(&code), "{}", person.printed());
        assert_nothing_left(&factor, "alice");
        factor.next_step();
    }
}

#[test]
fn a_suspended_question_shows_what_is_typed_elsewhere_and_hides_again() {
    let (factor, token) = enrolled(NO_ECHO);
    let invocation = factor.world.command(&["dash", "-i"]).env("PS1", "> ").user("alice");
    let mut person = Terminal::spawn_with(&factor.world, invocation, Size::default());
    person.expect("> ");
    ask(&mut person, "countersign reset");
    wait::until("a terminal that hides", || (!person.echoes()).then_some(()));
    person.type_bytes(b"\x1a");
    person.expect("> ");
    assert!(person.echoes(), "{}", person.printed());
    person.type_line("fg");
    wait::until("a terminal that hides again", || (!person.echoes()).then_some(()));
    let code = factor.code(&token);
    person.type_line(&code);
    person.expect("the token is forgotten");
    person.expect("> ");
    assert!(person.echoes() && !person.printed().contains(&code), "{}", person.printed());
}

#[test]
fn su_with_a_command_that_is_interrupted_leaves_no_terminal_that_hides() {
    let (factor, token) = enrolled(NO_ECHO);
    let argv = ["su", "-", "alice", "-c", "countersign reset"];
    let mut person = Terminal::spawn_with(&factor.world, factor.world.command(&argv).user("bob"), Size::default());
    person.answer("Password: ", PASSWORD);
    person.answer(PROMPT, &factor.code(&token));
    person.expect(PROMPT);
    helper_process(&factor.world);
    wait::until("a terminal that hides", || (!person.echoes()).then_some(()));
    person.type_bytes(b"\x03");
    person.wait_exit();
    assert!(person.echoes(), "{}", person.printed());
    assert_nothing_left(&factor, "alice");
}

#[test]
fn the_key_of_a_new_token_is_proven_unseen_too() {
    let (factor, token) = enrolled(NO_ECHO);
    let invocation = factor.world.command(&["countersign", "enroll", "--label", "new"]).user("alice");
    let mut person = Terminal::spawn_with(&factor.world, invocation, Size::default());
    person.expect(PROMPT);
    wait::until("a terminal that hides", || (!person.echoes()).then_some(()));
    person.type_line(&factor.code(&token));
    let screen = person.expect(PROMPT);
    let new = Parameters::new(&key_in(&screen).expect("a key on the screen"));
    wait::until("a terminal that hides", || (!person.echoes()).then_some(()));
    let proof = factor.code(&new);
    person.type_line(&proof);
    assert!(person.wait_exit().success());
    assert!(person.echoes() && !person.printed().contains(&proof), "{}", person.printed());
}
