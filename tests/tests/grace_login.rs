//! The time to enroll at a login: begun by the first login that asks, ended for ever by the first enrollment.
use countersign_tests::factor::{NOT_AVAILABLE, PASSWORD, PROMPT};
use countersign_tests::pam_driver::{Reply, pam};
use countersign_tests::world::Stack;
use countersign_tests::{Answer, Factor, Phase, Terminal, Transcript, terminal};

const WEEK: &str = "[defaults]\nuse_2fa = true\n[enrollment]\ngrace = \"7d\"\n";
const DAY: i64 = 86_400;
const NO_TIME: &str = "There is no time left to set it up later.";
const SET_UP_FIRST: &str = "Set up two-factor authentication first: log in over SSH or on a console.";

fn until(factor: &Factor) -> Option<String> {
    factor.status("alice")["grace_until"].as_str().map(str::to_owned)
}

fn let_in(transcript: &Transcript) -> &Transcript {
    assert!(transcript.ended() && transcript.errors.is_empty(), "{transcript:#?}");
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]).assert_codes(Phase::Account, &[pam::IGNORE])
}

fn later_refused(transcript: &Transcript) {
    transcript.assert_codes(Phase::Authenticate, &[pam::CONV_ERR]);
    assert_eq!(transcript.questions()[1..], [format!("{NO_TIME}\n{PROMPT}")], "{transcript:#?}");
    assert!(!transcript.questions()[0].contains("later"), "a word that is refused is not offered");
}

#[test]
fn the_first_login_that_asks_starts_it_at_once_and_no_later_one_moves_it() {
    let factor = Factor::new(WEEK, &["alice"]);
    assert_eq!(until(&factor), None, "nobody has asked yet");
    let begun = factor.world.clock().now();
    factor.driver("alice").answers([Answer::from(Reply::GONE)]).run();
    let first = until(&factor).expect("a time");
    assert!(factor.counters("alice").is_some());
    for _ in 0..3 {
        factor.world.move_clock(DAY);
        let transcript = factor.login("alice", &["later"]);
        let days = 7 - (factor.world.clock().now() - begun) / DAY;
        assert!(let_in(&transcript).shows(&format!("later   ({days} day")) || days < 2, "{transcript:#?}");
        assert_eq!(until(&factor).as_ref(), Some(&first));
    }
    factor.world.wait_for_log(&["event=grace", "user=alice", &format!("until={first}")]);
}

#[test]
fn later_lets_in_within_it_and_is_refused_after_it() {
    let factor = Factor::new(WEEK, &["alice"]);
    for word in ["later", "LATER", " Later "] {
        let_in(&factor.login("alice", &[word]));
    }
    assert_eq!(factor.record("alice"), None, "nothing is decided");
    factor.world.move_clock(7 * DAY - 30);
    assert!(let_in(&factor.login("alice", &["later"])).shows("later   (30 seconds left)"));
    factor.world.move_clock(30);
    later_refused(&factor.login("alice", &["later"]));
    factor.world.clear_log();
    let endless = factor.login("alice", &["later"; 20]);
    endless.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    assert_eq!(endless.notices(), [NO_TIME]);
    factor.world.wait_for_log(&["event=refused", "reason=no_time_left"]);
    factor.enroll("alice");
}

#[test]
fn time_that_ends_at_the_prompt_is_over() {
    let factor = Factor::new(WEEK, &["alice"]);
    let_in(&factor.login("alice", &["later"]));
    let end = factor.world.clock().now() + 7 * DAY;
    let answer = Answer::from("later").after(&factor.world.clock().freezing_command(end));
    let transcript = factor.driver("alice").answers([answer]).run();
    transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    assert_eq!(transcript.notices(), [NO_TIME]);
}

#[test]
fn without_it_later_is_no_way_in() {
    let factor = Factor::new("[defaults]\nuse_2fa = true\n", &["alice"]);
    later_refused(&factor.login("alice", &["later"]));
    assert_eq!(until(&factor), None);
    // To an enrolled user it is no word at all.
    factor.enroll("alice");
    let transcript = factor.login("alice", &["later"]);
    assert!(!transcript.let_in() && transcript.shows("Otp invalid! A code has 6 digits."), "{transcript:#?}");
}

#[test]
fn a_service_that_cannot_enroll_lets_in_with_a_notice_within_it_and_refuses_after_it() {
    let factor = Factor::new(WEEK, &["alice"]);
    let login = || factor.driver("alice").service("cron").run();
    let first = login();
    assert_eq!(let_in(&first).notices(), [SET_UP_FIRST]);
    assert_eq!(first.questions(), [""; 0]);
    assert!(until(&factor).is_some(), "it counts as the first login");
    factor.world.move_clock(7 * DAY);
    let transcript = login();
    transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    assert_eq!(transcript.notices(), [SET_UP_FIRST]);
}

#[test]
fn it_survives_a_reset_and_ends_for_ever_at_the_first_enrollment() {
    let factor = Factor::new(WEEK, &["alice"]);
    let_in(&factor.login("alice", &["later"]));
    let first = until(&factor);
    factor.world.move_clock(DAY);
    factor.world.countersign(&["reset", "alice"]).ok();
    let_in(&factor.login("alice", &["later"]));
    assert_eq!(until(&factor), first);
    factor.enroll("alice");
    assert_eq!(until(&factor), None);
    factor.world.countersign(&["reset", "alice"]).ok();
    later_refused(&factor.login("alice", &["later"]));
}

#[test]
fn an_enrollment_by_the_command_ends_it_too() {
    for arguments in [&["enroll", "alice", "--no-confirm"][..], &["enroll", "alice", "--uri", "--no-confirm"]] {
        let factor = Factor::new(WEEK, &["alice"]);
        let_in(&factor.login("alice", &["later"]));
        factor.world.countersign(arguments).ok();
        factor.world.countersign(&["reset", "alice"]).ok();
        later_refused(&factor.login("alice", &["later"]));
    }
}

#[test]
fn a_disable_neither_ends_nor_moves_it() {
    let factor = Factor::new(WEEK, &["alice"]);
    let_in(&factor.login("alice", &["later"]));
    let first = until(&factor);
    factor.login("alice", &["disable"]).assert_codes(Phase::Account, &[pam::SUCCESS]);
    factor.world.countersign(&["enable", "alice"]).ok();
    factor.world.move_clock(DAY);
    let_in(&factor.login("alice", &["later"]));
    assert_eq!(until(&factor), first);
}

#[test]
fn a_start_that_cannot_be_written_lets_nobody_in() {
    for (service, calls) in [("sshd", "fsync"), ("sshd", "write"), ("cron", "fsync"), ("cron", "write")] {
        let factor = Factor::new(WEEK, &["alice"]);
        let counters = "/var/lib/countersign/counters";
        // The first start makes the file; a second one, counted anew, overwrites it.
        let inject = match calls {
            "fsync" => vec!["-e", "inject=fsync,fdatasync:error=EIO"],
            _ => vec!["-P", counters, "-e", "inject=renameat2,linkat:error=EROFS"],
        };
        let strace = [&["strace", "-f", "-o", "/tmp/trace"][..], &inject, &["--"]].concat();
        let transcript = factor.driver("alice").service(service).answers(["later"]).through(&strace).run();
        assert!(!transcript.let_in(), "{transcript:#?}");
        assert_eq!(transcript.notices().last(), Some(&NOT_AVAILABLE));
        assert_eq!(transcript.questions(), [""; 0], "before anything is shown");
        assert!(factor.world.sh("cat /tmp/trace").text().contains("INJECTED"), "{service} {calls}");
        let_in(&factor.driver("alice").service(service).answers(["later"]).run());
    }
}

#[test]
fn a_clock_that_was_wrong_makes_it_no_longer() {
    let factor = Factor::new(WEEK, &["alice"]);
    factor.world.move_clock(3_650 * DAY);
    let_in(&factor.login("alice", &["later"]));
    factor.world.move_clock(-3_650 * DAY);
    assert!(let_in(&factor.login("alice", &["later"])).shows("later   (7 days left)"), "counted anew from now");
    factor.world.move_clock(6 * DAY);
    let_in(&factor.login("alice", &["later"]));
    factor.world.move_clock(DAY);
    later_refused(&factor.login("alice", &["later"]));
}

#[test]
fn required_with_time_to_enroll_is_how_a_site_rolls_out() {
    let config = "[enrollment]\ngrace = \"7d\"\n[[rule]]\ngroups = [\"staff2\"]\nthen = \"required\"\n";
    let factor = Factor::new(config, &["alice", "bob"]);
    factor.world.add_to_group("staff2", &["alice"]);
    let transcript = factor.login("alice", &["disable", "later"]);
    assert!(let_in(&transcript).shows("You may not disable two-factor authentication."));
    assert!(transcript.shows("later   (7 days left)") && !transcript.questions()[0].contains("disable"));
    factor.login("bob", &[]).assert_codes(Phase::Authenticate, &[pam::IGNORE]);
    factor.world.move_clock(7 * DAY);
    later_refused(&factor.login("alice", &["later"]));
    let token = factor.enroll("alice");
    factor.assert_next_code_accepted("alice", &token);
}

#[test]
fn over_ssh_and_by_su_the_screen_says_how_long_and_later_opens_a_shell() {
    let factor = Factor::new(WEEK, &["alice", "bob"]);
    for stack in [Stack::Sshd, Stack::Su] {
        factor.world.use_stack(stack);
    }
    let _sshd = factor.world.start_sshd("");
    let later = |mut person: Terminal| {
        person.answer("Password: ", PASSWORD);
        person.expect(PROMPT);
        let screen = person.screen_text();
        assert!(screen.contains("later   (7 days left)") && screen.contains("alice on host1"), "{screen}");
        person.type_line("later");
        person.answer("$ ", "id -un; exit");
        person.expect("alice");
        person.wait_exit();
    };
    later(terminal::ssh(&factor.world, "alice"));
    later(terminal::su(&factor.world, "bob", "alice"));
    assert_eq!(factor.status("alice")["enrolled"], false);
}
