//! Several tokens: the phone and the tablet at logins, and the commands that add, show, replace and remove them.
use countersign_tests::code::Parameters;
use countersign_tests::factor::{IN_USE, PROMPT, recovery_codes_in};
use countersign_tests::pam_driver::pam;
use countersign_tests::qr::Otpauth;
use countersign_tests::world::{COMMAND, Outcome};
use countersign_tests::{Factor, Phase, Terminal, Transcript};
use serde_json::Value;

/// Adds a token by the command, without a proof.
fn add(factor: &Factor, more: &[&str]) -> Parameters {
    let outcome = factor.world.countersign(&[&["enroll", "alice", "--uri", "--no-confirm"], more].concat());
    Otpauth::parse(outcome.ok().trim()).parameters
}

fn phone_and_tablet(config: &str) -> (Factor, Parameters, Parameters) {
    let factor = Factor::new(config, &["alice"]);
    let phone = factor.enroll("alice");
    let tablet = add(&factor, &["--label", "tablet"]);
    (factor, phone, tablet)
}

fn accepted(transcript: &Transcript) -> &Transcript {
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS])
}

fn refused(transcript: &Transcript) -> &Transcript {
    assert!(!transcript.let_in(), "{transcript:#?}");
    transcript
}

fn tokens(factor: &Factor) -> Vec<Value> {
    let text = factor.world.countersign(&["tokens", "alice", "--json"]).ok();
    serde_json::from_str(&text).expect("an array")
}

fn fails(outcome: &Outcome, error: &str) {
    outcome.expect_code(1);
    assert!(outcome.errors().contains(error), "{}", outcome.errors());
}

#[test]
fn phone_and_tablet_both_work_each_code_once() {
    let (factor, phone, tablet) = phone_and_tablet(IN_USE);
    for token in [&phone, &tablet] {
        let code = factor.code(token);
        accepted(&factor.login("alice", &[&code]));
        let again = factor.login("alice", &[&code]);
        assert!(refused(&again).shows("This code was already used."), "{again:#?}");
    }
    factor.next_step();
    for token in [&tablet, &phone] {
        accepted(&factor.login("alice", &[&factor.code(token)]));
    }
}

#[test]
fn the_clock_gone_back_behind_one_token_does_not_stop_the_other() {
    let (factor, phone, tablet) = phone_and_tablet(IN_USE);
    factor.world.move_clock(600);
    accepted(&factor.login("alice", &[&factor.code(&phone)]));
    factor.world.move_clock(-570);
    let by_phone = factor.login("alice", &[&factor.code(&phone)]);
    assert!(refused(&by_phone).shows("The clock of this host has gone back."), "{by_phone:#?}");
    let wrong = factor.login("alice", &[&factor.wrong_code(&tablet)]);
    assert!(!refused(&wrong).shows("has gone back"), "the tablet could still be right: {wrong:#?}");
    accepted(&factor.login("alice", &[&factor.code(&tablet)]));
}

#[test]
fn tokens_of_different_lengths_are_told_apart() {
    let (factor, phone, _) = phone_and_tablet(IN_USE);
    factor.world.configure(&format!("{IN_USE}[totp]\ndigits = 8\nperiod = 60\nalgorithm = \"SHA256\"\n"));
    let old = add(&factor, &["--label", "watch"]);
    let watch = Parameters { digits: 8, period: 60, algorithm: "SHA256".to_owned(), ..old };
    let transcript = factor.login("alice", &["1234567", &watch.at(factor.world.clock().now())]);
    assert_eq!(accepted(&transcript).questions()[1], format!("Otp invalid! A code has 6 or 8 digits.\n{PROMPT}"));
    accepted(&factor.login("alice", &[&factor.code(&phone)]));
}

#[test]
fn a_removed_token_is_worth_nothing_and_the_other_goes_on() {
    let (factor, phone, tablet) = phone_and_tablet(IN_USE);
    let text = factor.world.countersign(&["remove-token", "alice", "tablet"]).ok();
    assert_eq!(text, "alice: the token \"tablet\" is removed; its codes are refused from now on; 1 token is left\n");
    refused(&factor.login("alice", &[&factor.code(&tablet)]));
    assert_eq!(factor.failures("alice"), 1, "its code is a wrong one");
    accepted(&factor.login("alice", &[&factor.code(&phone)]));
    factor.world.wait_for_log(&["event=changed", "what=remove_token", "user=alice"]);
}

#[test]
fn a_token_is_named_by_label_or_by_how_its_id_begins_and_the_last_one_stays() {
    let (factor, ..) = phone_and_tablet(IN_USE);
    let before = factor.state();
    let id = tokens(&factor)[0]["id"].as_str().expect("an id").to_owned();
    fails(&factor.world.countersign(&["remove-token", "alice", "watch"]), "has no token called or numbered so: watch");
    fails(&factor.world.countersign(&["remove-token", "bob", "x"]), "the system knows no such user");
    assert_eq!(factor.state(), before, "a refusal leaves no trace");
    let text = factor.world.countersign(&["remove-token", "alice", &id[..6], "--json"]).ok();
    let user: Value = serde_json::from_str(&text).expect("an object");
    assert_eq!((&user["changed"], user["tokens"].as_array().map(Vec::len)), (&true.into(), Some(1)));
    let last = factor.world.countersign(&["remove-token", "alice", "tablet"]);
    fails(&last, "has only this token");
    assert!(last.errors().contains("countersign reset alice"));
}

#[test]
fn a_new_phone_takes_the_place_of_all_tokens_in_one_step() {
    let (factor, phone, tablet) = phone_and_tablet(IN_USE);
    let codes_left = factor.status("alice")["recovery_codes_left"].clone();
    let mut person = Terminal::spawn(&factor.world, &[COMMAND, "enroll", "alice", "--replace"]);
    person.expect(PROMPT);
    let new = Parameters::new(&countersign_tests::code::key_in(&person.printed()).expect("a key"));
    accepted(&factor.login("alice", &[&factor.code(&phone)]));
    person.type_line(&factor.code(&new));
    person.expect("alice: the token is in place; the old ones are forgotten");
    assert!(recovery_codes_in(&person.printed()).is_empty(), "the old ones are still good");
    assert_eq!(factor.status("alice")["recovery_codes_left"], codes_left);
    assert!(factor.record("alice").expect("a record").contains("revision = 3\n"), "one change");
    factor.next_step();
    for old in [&phone, &tablet] {
        refused(&factor.login("alice", &[&factor.code(old)]));
    }
    accepted(&factor.login("alice", &[&factor.code(&new)]));
}

#[test]
fn one_more_token_wants_a_name_of_its_own_and_room() {
    let (factor, ..) = phone_and_tablet(IN_USE);
    let enroll = |more: &[&str]| factor.world.countersign(&[&["enroll", "alice", "--no-confirm"], more].concat());
    fails(&enroll(&[]), "already enrolled");
    fails(&enroll(&["--label", "tablet"]), "has a token called \"tablet\" already");
    for label in ["", &"x".repeat(33), "a\nb", "a\u{1b}[2Jb"] {
        enroll(&["--label", label]).expect_code(2);
    }
    let added = enroll(&["--label", &"ö".repeat(32)]);
    assert!(added.ok().ends_with("alice: one more token; codes of any of the 3 are accepted\n"));
    for label in ["4", "5"] {
        enroll(&["--label", label]).ok();
    }
    fails(&enroll(&["--label", "6"]), "has 5 tokens, the most there may be");
    fails(&enroll(&["--replace"]), "has 5 tokens, the most there may be");
    assert_eq!(tokens(&factor).len(), 5);
}

#[test]
fn one_more_token_lifts_no_block_and_is_no_login() {
    let (factor, phone, _) = phone_and_tablet(IN_USE);
    accepted(&factor.login("alice", &[&factor.code(&phone)]));
    let last = factor.status("alice")["last_accepted"].clone();
    factor.fail("alice", &phone, 5);
    let mut person = Terminal::spawn(&factor.world, &[COMMAND, "enroll", "alice", "--label", "watch"]);
    person.expect(PROMPT);
    let watch = Parameters::new(&countersign_tests::code::key_in(&person.printed()).expect("a key"));
    person.type_line(&factor.code(&watch));
    person.expect("alice is blocked until");
    let now = factor.status("alice");
    assert_eq!((&now["failures"], &now["last_accepted"]), (&5.into(), &last));
    factor.world.countersign(&["unblock", "alice"]).ok();
    let again = factor.login("alice", &[&factor.code(&watch)]);
    assert!(refused(&again).shows("already used"), "the proving code is used up: {again:#?}");
}

#[test]
fn a_first_token_by_the_command_brings_recovery_codes_and_no_other_does() {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    let outcome = factor.world.countersign(&["enroll", "alice", "--no-confirm"]);
    let codes = recovery_codes_in(&outcome.ok());
    assert_eq!(codes.len(), 8);
    accepted(&factor.login("alice", &[&codes[0]]));
    let second = factor.world.countersign(&["enroll", "alice", "--no-confirm", "--label", "tablet"]);
    assert!(recovery_codes_in(&second.ok()).is_empty());
    let outcome = factor.world.countersign(&["enroll", "bob", "--no-confirm", "--json"]);
    let value: Value = serde_json::from_str(&outcome.ok()).expect("JSON alone");
    assert_eq!(value["recovery_codes_left"], 8);
    assert_eq!(recovery_codes_in(&outcome.errors()).len(), 8, "on standard error");
    assert!(codes.iter().all(|code| !factor.world.log().contains(code)));
}

#[test]
fn tokens_are_shown_in_words_and_json_without_secrets() {
    let (factor, phone, tablet) = phone_and_tablet(IN_USE);
    let text = factor.world.countersign(&["tokens", "alice"]).ok();
    assert_eq!(text.lines().count(), 2);
    assert!(text.lines().nth(1).unwrap().contains(" \"tablet\": SHA1, 6 digits, 30 seconds, enrolled "), "{text}");
    let json = factor.world.countersign(&["tokens", "alice", "--json"]).ok();
    for secret in [&phone.secret, &tablet.secret] {
        assert!(!text.contains(secret.as_str()) && !json.contains(secret.as_str()));
    }
    assert_eq!(tokens(&factor)[1]["label"], "tablet");
    let fresh = Factor::new(IN_USE, &["alice"]);
    assert_eq!(fresh.world.countersign(&["tokens", "alice"]).ok(), "alice: no token\n");
    assert_eq!(fresh.world.countersign(&["tokens", "alice", "--json"]).ok(), "[]\n");
}
