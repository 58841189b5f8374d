//! Recovery codes at a login: shown once, after the commit; each used once; the way in while blocked.
use countersign_tests::code::Parameters;
use countersign_tests::factor::{IN_USE, MODULE, PROMPT, recovery_codes_in};
use countersign_tests::pam_driver::{Barrier, Reply, Style, pam};
use countersign_tests::{Answer, Driver, Factor, Phase, Transcript};

const SHEET_PROMPT: &str = "Press Enter when you have written them down: ";
const FOR_GOOD: &str = "Too many wrong codes. Contact your administrator, or enter a recovery code: ";

fn blocked_for(time: &str) -> String {
    format!("Too many wrong codes. Try again in {time}, or enter a recovery code: ")
}

fn enrolled(config: &str) -> (Factor, Parameters, Vec<String>) {
    let factor = Factor::new(config, &["alice"]);
    let (token, codes) = factor.enroll_with_recovery_codes("alice");
    (factor, token, codes)
}

fn left(factor: &Factor) -> u64 {
    factor.status("alice")["recovery_codes_left"].as_u64().expect("a number")
}

fn accepted(transcript: &Transcript) -> &Transcript {
    assert!(transcript.ended() && transcript.errors.is_empty(), "{transcript:#?}");
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]).assert_codes(Phase::Account, &[pam::IGNORE])
}

fn refused(transcript: &Transcript) -> &Transcript {
    transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR])
}

#[test]
fn they_are_shown_once_in_the_account_phase_and_after_the_commit() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let committed = "grep -q '^secret' /var/lib/countersign/users/alice.toml";
    let answers = [Answer::from("{code}"), Answer::from("").after(committed)];
    let transcript = factor.driver("alice").answers(answers).run();
    transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
    let shown: Vec<_> = transcript.messages().into_iter().filter(|message| message.phase == Phase::Account).collect();
    let [sheet] = shown.as_slice() else { panic!("one prompt: {transcript:#?}") };
    assert!(sheet.text.ends_with(SHEET_PROMPT) && sheet.style == Style::PromptEchoOn, "{sheet:?}");
    let codes = recovery_codes_in(&sheet.text);
    assert_eq!((codes.len(), left(&factor)), (8, 8));
    assert!(sheet.text.lines().count() <= 13 && sheet.text.lines().all(|line| line.len() <= 80), "{}", sheet.text);
    factor.next_step();
    let again = factor.login("alice", &[&factor.code(&countersign_tests::factor::key_shown(&transcript))]);
    assert!(recovery_codes_in(&accepted(&again).text()).is_empty());
    let kept = factor.record("alice").expect("a record");
    for code in &codes {
        let letters = code.replace('-', "");
        assert!(!kept.contains(code) && !kept.contains(&letters), "only hashes are kept");
        assert!(!factor.world.log().contains(code) && !factor.world.log().contains(&letters));
    }
}

#[test]
fn a_person_who_cannot_answer_or_is_gone_has_them_all_the_same() {
    let replies =
        [Reply::GONE, Reply::NullText, Reply::NullArray, Reply::Fail(pam::CONV_AGAIN), Reply::Repeat(b'x', 70_000)];
    for reply in replies {
        let factor = Factor::new(IN_USE, &["alice"]);
        let answers = [Answer::from("{code}"), Answer::from(reply.clone())];
        let transcript = factor.driver("alice").answers(answers).run();
        transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
        let codes = recovery_codes_in(&transcript.text());
        accepted(&factor.login("alice", &[&codes[0]]));
    }
    let factor = Factor::new(IN_USE, &["alice"]);
    let killed = factor.driver("alice").answers([Answer::from("{code}"), Answer::from(Reply::Die)]).run();
    assert!(!killed.ended());
    assert_eq!(factor.status("alice")["enrolled"], true);
    assert_eq!(left(&factor), 8);
    factor.next_step();
    accepted(&factor.login("alice", &[&factor.code(&countersign_tests::factor::key_shown(&killed))]));
}

#[test]
fn each_works_once_however_it_is_typed_and_the_number_left_is_told() {
    let (factor, _, codes) = enrolled("[defaults]\nuse_2fa = true\n[recovery]\ncodes = 5\n");
    let typed = [
        codes[0].clone(),
        codes[1].to_lowercase(),
        codes[2].replace('-', ""),
        format!("  {}  ", codes[3].replace('-', " ").replace('0', "o").replace('1', "l")),
        codes[4].replace('1', "I").replace('0', "O"),
    ];
    let notices = [
        "4 recovery codes left.",
        "3 recovery codes left.",
        "2 recovery codes left. Make new ones: countersign new-recovery-codes",
        "1 recovery code left. Make new ones: countersign new-recovery-codes",
        "0 recovery codes left. Make new ones: countersign new-recovery-codes",
    ];
    for (typed, notice) in typed.iter().zip(notices) {
        let transcript = factor.login("alice", &[typed]);
        assert_eq!(accepted(&transcript).notices(), [notice]);
        assert_eq!(transcript.questions(), [PROMPT]);
    }
    factor.world.wait_for_log(&["event=recovery_used", "user=alice", "service=sshd", "left=0"]);
    assert_eq!((left(&factor), factor.failures("alice")), (0, 0));
    for code in &codes {
        refused(&factor.login("alice", &[code.as_str(); 3]));
    }
    assert!(factor.failures("alice") > 0, "a used recovery code is a wrong one");
}

#[test]
fn sixteen_sessions_with_one_code_let_exactly_one_in() {
    let (factor, _, codes) = enrolled(IN_USE);
    let mut barrier = Barrier::new();
    let session = |_| factor.driver("alice").answers([Answer::from(codes[0].as_str()).at_barrier()]).start(&barrier);
    let mut sessions: Vec<_> = (0..16).map(session).collect();
    barrier.release(&mut sessions);
    let let_in = sessions.into_iter().map(countersign_tests::pam_driver::Running::finish);
    assert_eq!(let_in.filter(Transcript::let_in).count(), 1);
    assert_eq!(left(&factor), 7);
}

#[test]
fn while_blocked_a_recovery_code_is_asked_for_and_clears_the_block() {
    let (factor, token, codes) = enrolled(IN_USE);
    factor.fail("alice", &token, 5);
    let until = factor.status("alice")["blocked"]["until"].clone();
    let right = factor.code(&token);
    let by_code = factor.login("alice", &[&right]);
    assert_eq!(refused(&by_code).questions(), [blocked_for("30 seconds")], "a code is not evaluated");
    let nobodys = "0000-0000-0000-0000";
    let by_wrong = factor.login("alice", &[nobodys, nobodys]);
    assert_eq!(refused(&by_wrong).prompts().len(), 1, "a blocked user has one try");
    let now = factor.status("alice");
    assert_eq!((&now["failures"], &now["blocked"]["until"]), (&5.into(), &until), "nothing counted, nothing extended");
    let malformed = factor.login("alice", &["what?", &codes[3]]);
    let expected = ["7 recovery codes left.".to_owned(), "5 wrong codes since your last login on".to_owned()];
    let notices = accepted(&malformed).notices();
    assert!(notices.iter().zip(&expected).all(|(notice, start)| notice.starts_with(start)), "{notices:?}");
    assert_eq!(factor.failures("alice"), 0);
    assert!(factor.status("alice")["blocked"].is_null());
    accepted(&factor.login("alice", &[&right]));
}

#[test]
fn a_block_that_began_under_a_wrong_clock_ends_though_nobody_answers() {
    let (factor, token, _) = enrolled(IN_USE);
    factor.world.move_clock(400 * 86_400);
    factor.fail("alice", &token, 5);
    factor.world.move_clock(-400 * 86_400);
    for seconds in [0, 29] {
        factor.world.move_clock(seconds);
        let given_up = factor.driver("alice").answers([Reply::GONE]).run();
        assert!(given_up.questions()[0].starts_with("Too many wrong codes. Try again in"), "{given_up:#?}");
    }
    factor.world.move_clock(1);
    assert_eq!(factor.driver("alice").answers([Reply::GONE]).run().questions(), [PROMPT]);
}

#[test]
fn at_a_hundred_wrong_codes_a_recovery_code_still_gets_in() {
    let (factor, token, codes) = enrolled(IN_USE);
    factor.fail("alice", &token, 100);
    let now = factor.status("alice");
    assert_eq!((&now["failures"], now["blocked"]["until"].is_null()), (&100.into(), true), "{now}");
    factor.world.move_clock(400 * 86_400);
    let by_code = factor.login("alice", &[&factor.code(&token)]);
    assert_eq!(refused(&by_code).questions(), [FOR_GOOD]);
    accepted(&factor.login("alice", &[&codes[0]]));
    assert_eq!(factor.failures("alice"), 0);
    accepted(&factor.login("alice", &[&factor.code(&token)]));
}

#[test]
fn a_wrong_one_counts_outside_a_block_alone() {
    let (factor, _, codes) = enrolled(IN_USE);
    let wrong = "ZZZZ-ZZZZ-ZZZZ-ZZZZ";
    let transcript = factor.login("alice", &[wrong; 3]);
    refused(&transcript);
    assert_eq!(factor.failures("alice"), 3);
    let transcript = factor.login("alice", &[wrong, wrong, wrong]);
    assert_eq!(
        refused(&transcript).questions().last(),
        Some(
            &format!(
                "Otp invalid! If you typed it correctly, set your phone's clock to automatic.\n{}",
                blocked_for("30 seconds")
            )
            .as_str()
        )
    );
    assert_eq!(factor.failures("alice"), 5, "the fifth blocks, the sixth is not looked at");
    accepted(&factor.login("alice", &[&codes[0]]));
}

#[test]
fn blocked_by_another_session_at_the_prompt_there_is_still_the_way_in() {
    let (factor, token, codes) = enrolled(IN_USE);
    let mut barrier = Barrier::new();
    let right = factor.code(&token);
    let answers = [Answer::from(right.as_str()).at_barrier(), Answer::from(codes[0].as_str())];
    let mut slow = [factor.driver("alice").answers(answers).start(&barrier)];
    slow[0].wait_at_barrier();
    factor.fail("alice", &token, 5);
    barrier.release(&mut slow);
    let [slow] = slow;
    let transcript = slow.finish();
    assert_eq!(accepted(&transcript).questions(), [PROMPT, &blocked_for("30 seconds")]);
}

#[test]
fn without_any_left_a_blocked_user_is_not_asked() {
    for config in
        ["[defaults]\nuse_2fa = true\n[recovery]\ncodes = 0\n", "[defaults]\nuse_2fa = true\n[recovery]\ncodes = 1\n"]
    {
        let (factor, token, codes) = enrolled(config);
        for code in &codes {
            accepted(&factor.login("alice", &[code]));
        }
        factor.fail("alice", &token, 5);
        let transcript = factor.login("alice", &["0000-0000-0000-0000"]);
        assert_eq!(refused(&transcript).questions(), [""; 0]);
        assert_eq!(transcript.notices(), ["Too many wrong codes. Try again in 30 seconds."]);
    }
}

#[test]
fn a_failed_write_gives_nobody_in_and_spends_nothing() {
    let (factor, _, codes) = enrolled(IN_USE);
    let strace = ["strace", "-f", "-o", "/tmp/trace", "-e", "inject=pwrite64:error=ENOSPC", "--"];
    let transcript = factor.driver("alice").answers([codes[0].as_str()]).through(&strace).run();
    refused(&transcript);
    assert_eq!(left(&factor), 8);
    accepted(&factor.login("alice", &[&codes[0]]));
}

#[test]
fn a_reset_forgets_them_and_a_new_set_comes_with_the_new_token() {
    let (factor, _, old) = enrolled(IN_USE);
    factor.world.countersign(&["reset", "alice"]).ok();
    let (_, new) = factor.enroll_with_recovery_codes("alice");
    assert!(old.iter().all(|code| !new.contains(code)));
    refused(&factor.login("alice", &[old[0].as_str(); 3]));
    accepted(&factor.login("alice", &[&new[0]]));
}

#[test]
fn a_stack_whose_account_line_comes_in_another_process_shows_none() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let driver = Driver::new(&factor.world).bare_module(MODULE).phases([Phase::Authenticate]);
    let transcript = driver.answers(["{code}"]).run();
    assert!(recovery_codes_in(&transcript.text()).is_empty(), "nothing is committed, so nothing is shown");
    assert_eq!(left(&factor), 0);
}
