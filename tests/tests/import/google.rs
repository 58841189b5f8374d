//! From `pam_google_authenticator`: by its own program and module first, then by hand.
use crate::stage::{
    GOOGLE_FILE, SECRET, assert_accepted, assert_used, google_file, has, import_google, login_there, stage,
};
use countersign_tests::code::Parameters;
use countersign_tests::pam_driver::pam;
use countersign_tests::{Factor, Phase};

const MODULE: &str = "pam_google_authenticator.so";

/// A file as the program makes it; the token in it.
fn made_by_the_program(factor: &Factor, options: &[&str]) -> Parameters {
    let program = ["google-authenticator", "--force", "--quiet", "--no-confirm", "--minimal-window"];
    let words = [&program[..], options].concat();
    let made = factor.world.command(&words).user("alice").run();
    made.ok();
    let path = format!("/home/alice/{GOOGLE_FILE}");
    let text = String::from_utf8(factor.world.read_file(&path)).expect("text");
    Parameters::new(text.lines().next().expect("a secret"))
}

#[test]
fn a_code_used_there_is_used_here_and_the_next_one_is_accepted() {
    let factor = stage(&["alice"]);
    let token = made_by_the_program(&factor, &["--time-based", "--disallow-reuse", "--rate-limit=3", "--rate-time=30"]);
    assert_eq!(login_there(&factor, MODULE, &factor.code(&token)), pam::SUCCESS);
    let before = factor.state();
    let dry = import_google(&factor, &["alice"]);
    has(&dry.ok(), &["alice: would take a token of 128 bits, one used code; changed: 2FA is on", "5 emergency codes"]);
    has(&dry.errors(), &["nothing was written; to do it, add --write"]);
    assert_eq!(factor.state(), before, "a dry run leaves no trace");
    let done = import_google(&factor, &["alice", "--write"]);
    has(&done.ok(), &["alice: took a token of 128 bits, one used code; changed: 2FA is on", "left: RATE_LIMIT"]);
    assert_eq!(done.errors(), "");
    assert_used(&factor, "alice", &token);
    factor.next_step();
    assert_accepted(&factor, "alice", &token);
    factor.world.wait_for_log(&["event=changed", "what=import", "user=alice"]);
    factor.world.wait_for_log(&["event=enrolled", "user=alice"]);
    let said = [factor.world.log(), done.text(), dry.text()].concat();
    assert!(!said.contains(&token.secret), "{said}");
}

#[test]
fn a_file_that_notes_no_used_codes_spares_none_of_the_present_ones() {
    let factor = stage(&["alice"]);
    let token = made_by_the_program(&factor, &["--time-based", "--allow-reuse", "--no-rate-limit"]);
    assert_eq!(login_there(&factor, MODULE, &factor.code(&token)), pam::SUCCESS);
    let done = import_google(&factor, &["alice", "--write"]).ok();
    has(&done, &["a code is accepted once only, which it was not before", "codes are accepted from"]);
    assert_used(&factor, "alice", &token);
    let early = factor.login("alice", &[&factor.code_of_step(&token, 1)]);
    assert!(!early.let_in(), "a phone ahead may have used it: {early:#?}");
    factor.next_step();
    factor.next_step();
    assert_accepted(&factor, "alice", &token);
}

#[test]
fn a_code_used_there_after_the_import_becomes_used_by_importing_again() {
    let factor = stage(&["alice"]);
    let token = made_by_the_program(&factor, &["--time-based", "--disallow-reuse", "--no-rate-limit"]);
    import_google(&factor, &["alice", "--write"]).ok();
    let record = factor.record("alice");
    assert_eq!(login_there(&factor, MODULE, &factor.code(&token)), pam::SUCCESS);
    let again = import_google(&factor, &["alice", "--write"]).ok();
    has(&again, &["alice: already imported; changed: codes that were used there are used here"]);
    assert_eq!(factor.record("alice"), record, "the record is as it was");
    assert_used(&factor, "alice", &token);
    factor.next_step();
    assert_accepted(&factor, "alice", &token);
}

#[test]
fn a_file_that_counts_logins_is_told_and_left() {
    let factor = stage(&["alice", "bob"]);
    made_by_the_program(&factor, &["--counter-based", "--no-rate-limit"]);
    let outcome = import_google(&factor, &["alice", "bob", "nobody-here", "--write"]);
    outcome.expect_code(1);
    has(
        &outcome.text(),
        &[
            "alice: nothing taken: /home/alice/.google_authenticator: it counts logins (HOTP_COUNTER)",
            "bob: nothing taken: /home/bob/.google_authenticator: does not exist",
        ],
    );
    has(&outcome.errors(), &["error: nobody-here: the system knows no such user"]);
    assert!(!outcome.errors().contains("--no-account"), "an option that import does not have");
    assert!(factor.record("alice").is_none() && factor.counters("alice").is_none());
}

#[test]
fn nothing_that_is_there_goes_unless_that_was_said() {
    let factor = stage(&["alice"]);
    factor.world.countersign(&["enable", "alice"]).ok();
    let phone = factor.enroll("alice");
    google_file(&factor, "alice", &format!("{SECRET}\n\" TOTP_AUTH\n\" DISALLOW_REUSE\n"));
    let before = factor.state();
    let refused = import_google(&factor, &["alice", "--write"]);
    refused.expect_code(1);
    has(&refused.text(), &["alice: nothing taken: has a token here already; to put these in its place, add --replace"]);
    assert_eq!(factor.state(), before, "a refusal leaves no trace");
    let left = factor.status("alice")["recovery_codes_left"].clone();
    let done = import_google(&factor, &["alice", "--write", "--replace"]).ok();
    has(&done, &["alice: took a token of 160 bits; changed: the old token goes"]);
    assert_eq!(factor.status("alice")["recovery_codes_left"], left);
    assert!(!factor.login("alice", &[&factor.code(&phone)]).let_in());
    assert_accepted(&factor, "alice", &Parameters::new(SECRET));
}

#[test]
fn a_setting_that_was_made_stands_and_so_does_the_wish_to_wait() {
    let factor = stage(&["alice", "bob", "carol"]);
    factor.world.countersign(&["disable", "alice"]).ok();
    for user in ["alice", "bob", "carol"] {
        google_file(&factor, user, &format!("{SECRET}\n\" TOTP_AUTH\n\" DISALLOW_REUSE\n"));
    }
    let kept = import_google(&factor, &["alice", "--write"]);
    has(&kept.ok(), &["alice: took a token of 160 bits; changed: 2FA stays off"]);
    has(&kept.errors(), &["no login asks alice for a code, since 2FA is off; to turn it on: countersign enable alice"]);
    import_google(&factor, &["bob", "--write", "--no-enable"]).ok();
    import_google(&factor, &["carol", "--write"]).ok();
    for (user, asked) in [("alice", false), ("bob", false), ("carol", true)] {
        let status = factor.status(user);
        assert_eq!((&status["use_2fa"], &status["enrolled"]), (&asked.into(), &true.into()), "{user}");
    }
    factor.login("bob", &[]).assert_codes(Phase::Authenticate, &[pam::IGNORE]);
    assert_accepted(&factor, "carol", &Parameters::new(SECRET));
}

#[test]
fn everyone_in_passwd_who_has_a_file_is_taken_over_and_nobody_else_is_named() {
    let factor = stage(&["alice", "bob", "carol"]);
    google_file(&factor, "alice", &format!("{SECRET}\n\" TOTP_AUTH\n"));
    let other = "MZXW6YTBOI======";
    google_file(&factor, "carol", &format!("{SECRET}{other}\n\" TOTP_AUTH\n"));
    let outcome = import_google(&factor, &["--all", "--write"]);
    let text = outcome.ok();
    let users: Vec<_> = text.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(users, ["alice", "carol"], "{text}");
    has(&text, &["carol: took a token of"]);
    import_google(&factor, &["--all", "alice"]).expect_code(2);
    import_google(&factor, &[]).expect_code(2);
}

#[test]
fn what_differs_from_how_it_was_is_said() {
    let factor = stage(&["alice"]);
    google_file(
        &factor,
        "alice",
        "gezd gnbv gy3t qojq\r\n\" WINDOW_SIZE 17\r\n\" TIME_SKEW 4\r\n\" STEP_SIZE 60\r\n\" DISALLOW_REUSE\r\n\
         \" NEW_OPTION 1\r\n\r\n\" TOTP_AUTH  \r\n12345678\r\n99999999",
    );
    let text = import_google(&factor, &["alice", "--write"]).ok();
    has(
        &text,
        &[
            "alice: took a token of 80 bits, 60 seconds; changed: 2FA is on; left: WINDOW_SIZE 17 (here [totp] window, for \
             everyone), TIME_SKEW 4, one unknown option, 2 emergency codes of 8 digits (recovery codes: countersign \
             new-recovery-codes alice); note: the secret has only 80 bits",
            "note: the phone's clock was +4 steps off",
        ],
    );
    let token = Parameters { period: 60, ..Parameters::new("GEZDGNBVGY3TQOJQ") };
    assert_accepted(&factor, "alice", &token);
    let scratch = factor.login("alice", &["12345678"]);
    assert!(!scratch.let_in(), "emergency codes are not taken: {scratch:#?}");
}

#[test]
fn a_step_used_far_ahead_of_all_clocks_takes_nobody_over() {
    let factor = stage(&["alice"]);
    let ahead = factor.world.clock().now() / 30 + 200;
    google_file(&factor, "alice", &format!("{SECRET}\n\" TOTP_AUTH\n\" DISALLOW_REUSE {ahead}\n"));
    let outcome = import_google(&factor, &["alice", "--write"]);
    outcome.expect_code(1);
    has(&outcome.text(), &["a code is marked as used whose time has not come"]);
    assert!(factor.record("alice").is_none());
}

/// A sound file of a secret of its own.
fn sound(number: usize) -> String {
    let letters = [b'A' + u8::try_from(number / 26).expect("small"), b'A' + u8::try_from(number % 26).expect("small")];
    format!("{SECRET}{}AAAAAA\n\" TOTP_AUTH\n\" DISALLOW_REUSE\n", String::from_utf8_lossy(&letters))
}

#[test]
fn whom_nothing_asks_afterwards_is_told_with_a_command_that_works() {
    let factor = stage(&["alice", "bob", "carol"]);
    factor.world.countersign(&["disable", "alice", "bob"]).ok();
    for (number, user) in ["alice", "bob", "carol"].into_iter().enumerate() {
        google_file(&factor, user, &sound(number));
    }
    let dry = import_google(&factor, &["--all"]);
    has(&dry.errors(), &["no login would ask these 2 users for a code", ": countersign enable alice bob\n"]);
    let done = import_google(&factor, &["--all", "--write"]);
    has(&done.errors(), &["no login asks these 2 users for a code", ": countersign enable alice bob\n"]);
    let told = done.errors();
    let command = told.lines().find_map(|line| line.split_once("to turn it on: ")).expect("a command").1;
    factor.world.sh(command).ok();
    for user in ["alice", "bob"] {
        assert_eq!(factor.status(user)["use_2fa"], true, "{user}");
    }
    let again = import_google(&factor, &["--all", "--write"]);
    assert_eq!(again.errors(), "", "all are asked");
}

#[test]
fn who_is_asked_by_a_rule_is_not_named_and_who_is_passed_over_by_one_is_told() {
    let rules = "[[rule]]\nusers = [\"alice\"]\nthen = \"required\"\n[[rule]]\nusers = [\"bob\"]\nthen = \"skip\"\n";
    let factor = Factor::new(rules, &["alice", "bob"]);
    factor.world.countersign(&["disable", "alice"]).ok();
    for (number, user) in ["alice", "bob"].into_iter().enumerate() {
        google_file(&factor, user, &sound(number));
    }
    let done = import_google(&factor, &["--all", "--write"]);
    assert_eq!(done.errors(), "", "enable would change nothing for either");
    has(&done.ok(), &["bob: took a token", "note: rule 2 asks for no code, whatever the setting"]);
    assert!(!done.text().lines().any(|line| line.starts_with("alice:") && line.contains("rule")), "{}", done.text());
}

#[test]
fn many_whom_nothing_asks_are_turned_on_by_the_same_import() {
    let factor = stage(&["alice"]);
    let names: Vec<String> = (0..30).map(|number| format!("u{number}")).collect();
    let scripts: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let uid = 2000 + number;
            let file = sound(number).replace('\n', "\\n");
            format!(
                "echo '{name}:x:{uid}:{uid}::/home/{name}:/bin/sh' >> /etc/passwd; mkdir /home/{name}; printf '{file}' > \
                 /home/{name}/{GOOGLE_FILE}; chmod 600 /home/{name}/{GOOGLE_FILE}; chown -R {uid} /home/{name}\n"
            )
        })
        .collect();
    factor.world.sh(&scripts.concat()).ok();
    let done = import_google(&factor, &["--all", "--write", "--no-enable"]);
    let told = done.errors();
    has(&told, &["no login asks these 30 users for a code"]);
    let command = told.lines().find_map(|line| line.split_once("to turn it on: ")).expect("a command").1;
    assert_eq!(command, "countersign import google-authenticator --all --write --enable");
    let enabled = factor.world.sh(command);
    has(&enabled.ok(), &["u7: already imported; changed: 2FA is on\n"]);
    assert_eq!(enabled.errors(), "");
    for name in &names {
        assert_eq!(factor.status(name)["use_2fa"], true, "{name}");
    }
}

#[test]
fn an_import_that_changes_nothing_says_so_in_both_forms() {
    let factor = stage(&["alice", "bob"]);
    google_file(
        &factor,
        "alice",
        &format!("{SECRET}\n\" TOTP_AUTH\n\" DISALLOW_REUSE 5\n\" RATE_LIMIT 3 30\n12345678\n"),
    );
    google_file(&factor, "bob", &format!("{SECRET}\n\" HOTP_COUNTER 3\n"));
    let json = |outcome: &countersign_tests::world::Outcome| -> serde_json::Value {
        serde_json::from_str(&outcome.text()).unwrap_or_else(|error| panic!("{error}: {}", outcome.text()))
    };
    let dry = import_google(&factor, &["alice", "bob", "--json"]);
    dry.expect_code(1);
    let told = json(&dry);
    assert_eq!((&told[0]["outcome"], &told[0]["changed"]), (&"would_be_taken".into(), &false.into()), "{told}");
    assert_eq!((&told[1]["outcome"], &told[1]["asked"]), (&"left".into(), &serde_json::Value::Null), "{told}");
    has(told[1]["problem"].as_str().expect("why"), &["it counts logins"]);
    let done = json(&import_google(&factor, &["alice", "--write", "--json"]));
    assert_eq!(
        (&done[0]["outcome"], &done[0]["changed"], &done[0]["asked"]),
        (&"taken".into(), &true.into(), &true.into())
    );
    let token = serde_json::json!([{ "bits": 160, "digits": 6, "period": 30, "used_codes": 1 }]);
    assert_eq!(done[0]["tokens"], token);
    assert_eq!(done[0]["left"].as_array().map(Vec::len), Some(2), "{done}");
    let before = factor.state();
    let again = import_google(&factor, &["alice", "--write"]);
    assert_eq!((again.ok().as_str(), again.errors().as_str()), ("alice: already imported\n", ""));
    let again = json(&import_google(&factor, &["alice", "--write", "--json"]));
    assert_eq!((&again[0]["outcome"], &again[0]["changed"]), (&"already".into(), &false.into()), "{again}");
    assert_eq!(factor.state(), before);
    assert!(![dry.text(), done.to_string(), again.to_string()].concat().contains(SECRET));
}
