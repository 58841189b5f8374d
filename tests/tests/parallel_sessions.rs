//! Many sessions at one instant: a code lets one in, every wrong code is counted, nobody waits for another user.
use countersign_tests::code::Parameters;
use countersign_tests::factor::{IN_USE, PROMPT, SETTINGS_CHANGED};
use countersign_tests::pam_driver::{Barrier, Running, Step, pam};
use countersign_tests::{Answer, Driver, Factor, Phase, Transcript, wait};

/// Starts these drivers, lets all answer at one instant, and waits for their ends.
fn at_once<'a>(drivers: impl IntoIterator<Item = Driver<'a>>) -> Vec<Transcript> {
    let mut barrier = Barrier::new();
    let mut running: Vec<Running> = drivers.into_iter().map(|driver| driver.start(&barrier)).collect();
    barrier.release(&mut running);
    let transcripts: Vec<Transcript> = running.into_iter().map(Running::finish).collect();
    for transcript in &transcripts {
        assert!(transcript.ended() && transcript.errors.is_empty(), "{transcript:#?}");
    }
    transcripts
}

fn answering<'a>(factor: &'a Factor, user: &str, code: &str) -> Driver<'a> {
    factor.driver(user).answers([Answer::from(code).at_barrier()])
}

fn granted(transcripts: &[Transcript]) -> usize {
    transcripts.iter().filter(|transcript| transcript.let_in()).count()
}

/// Asserts that so many lines of the log hold a text, once all have arrived.
fn assert_logged(factor: &Factor, text: &str, count: usize) {
    let lines = || factor.world.log().lines().filter(|line| line.contains(text)).count();
    wait::until(text, || (lines() >= count).then_some(()));
    assert_eq!(lines(), count, "{text}");
}

fn enrolled() -> (Factor, Parameters) {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    (factor, token)
}

#[test]
fn of_sixty_four_sessions_with_one_code_exactly_one_is_let_in_every_round() {
    let (factor, token) = enrolled();
    for round in 0..5 {
        factor.next_step();
        let code = factor.code(&token);
        let transcripts = at_once((0..64).map(|_| answering(&factor, "alice", &code)));
        assert_eq!(granted(&transcripts), 1, "round {round}");
        let told_used = transcripts.iter().filter(|transcript| transcript.shows("already used")).count();
        assert_eq!(told_used, 63, "round {round}");
    }
    assert_logged(&factor, "event=replay", 5 * 63);
    assert_logged(&factor, "event=accepted", 5);
}

/// On a disk this slow, sessions that did not wait for each other would all find the old state.
const SLOW_WRITES: [&str; 6] = ["strace", "-o", "/dev/null", "-e", "inject=pwrite64:delay_enter=40000", "--"];

#[test]
fn on_a_slow_disk_too_one_session_is_let_in_and_every_wrong_code_is_counted() {
    let (factor, token) = enrolled();
    let slow = |code: &str| at_once((0..12).map(|_| answering(&factor, "alice", code).through(&SLOW_WRITES)));
    let code = factor.code(&token);
    assert_eq!(granted(&slow(&code)), 1);
    let wrong = factor.wrong_code(&token);
    let transcripts = slow(&wrong);
    let wrong_told = transcripts.iter().filter(|transcript| transcript.shows("Otp invalid!")).count();
    assert_eq!((wrong_told, factor.failures("alice")), (5, 5));
}

#[test]
fn on_a_slow_disk_too_one_enrollment_is_committed() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let transcripts = at_once((0..8).map(|_| answering(&factor, "alice", "{code}").through(&SLOW_WRITES)));
    let committed = transcripts.iter().filter(|transcript| transcript.codes(Phase::Account) == [pam::SUCCESS]);
    assert_eq!(committed.count(), 1);
    assert_eq!(factor.record("alice").expect("a record").matches("[[token]]").count(), 1);
}

#[test]
fn codes_of_neighbouring_steps_at_once_are_each_accepted_at_most_once() {
    let (factor, token) = enrolled();
    for _ in 0..3 {
        factor.world.move_clock(90);
        let codes: Vec<String> = [-1, 0, 1].iter().map(|step| factor.code_of_step(&token, *step)).collect();
        let transcripts = at_once((0..30).map(|index| answering(&factor, "alice", &codes[index % 3])));
        let granted: Vec<&str> = transcripts
            .iter()
            .filter(|transcript| transcript.let_in())
            .map(|transcript| transcript.prompts()[0].answer.as_str())
            .collect();
        assert!((1..=3).contains(&granted.len()), "{granted:?}");
        for code in &codes {
            assert!(granted.iter().filter(|answer| *answer == code).count() <= 1, "{granted:?}");
            assert!(!factor.login("alice", &[code]).let_in(), "no step up to the latest accepted one is left");
        }
    }
}

#[test]
fn eight_different_users_at_once_are_all_let_in() {
    let users = ["u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8"];
    let factor = Factor::new(IN_USE, &users);
    let tokens: Vec<Parameters> = users.iter().map(|user| factor.enroll(user)).collect();
    for _ in 0..5 {
        factor.next_step();
        let codes: Vec<String> = tokens.iter().map(|token| factor.code(token)).collect();
        let transcripts = at_once(users.iter().zip(&codes).map(|(user, code)| answering(&factor, user, code)));
        assert_eq!(granted(&transcripts), users.len());
    }
}

#[test]
fn of_sixty_four_wrong_codes_at_once_all_are_counted_until_the_block_and_no_more() {
    let (factor, token) = enrolled();
    let wrong = factor.wrong_code(&token);
    let transcripts = at_once((0..64).map(|_| answering(&factor, "alice", &wrong)));
    assert_eq!(granted(&transcripts), 0);
    assert_eq!(factor.failures("alice"), 5, "counted until the block");
    let wrong_told = |transcript: &&Transcript| transcript.shows("Otp invalid!");
    assert_eq!(transcripts.iter().filter(wrong_told).count(), 5);
    let blocked: Vec<_> = transcripts.iter().filter(|transcript| transcript.shows("Too many wrong codes.")).collect();
    assert_eq!(blocked.len(), 60, "the fifth, and all that were not looked at");
    assert_logged(&factor, "event=blocked", 60);
    assert_logged(&factor, "reason=wrong_code", 5);
    factor.world.move_clock(31);
    let transcript = factor.login("alice", &[&factor.code(&token)]);
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    assert!(transcript.shows("5 wrong codes since your last login"), "{transcript:#?}");
}

#[test]
fn a_right_code_among_many_wrong_ones_is_either_accepted_or_not_looked_at() {
    let (factor, token) = enrolled();
    for _ in 0..3 {
        let (code, wrong) = (factor.code(&token), factor.wrong_code(&token));
        let codes = (0..24).map(|index| if index == 12 { &code } else { &wrong });
        let transcripts = at_once(codes.map(|code| answering(&factor, "alice", code)));
        let right = &transcripts[12];
        assert!(right.let_in() || right.shows("Too many wrong codes."), "{right:#?}");
        assert_eq!(granted(&transcripts), usize::from(right.let_in()));
        let wrong_told = transcripts.iter().filter(|transcript| transcript.shows("Otp invalid!")).count();
        let before_the_block = if right.let_in() { 5..=9 } else { 5..=5 };
        assert!(before_the_block.contains(&wrong_told), "{wrong_told} wrong codes were looked at");
        assert_eq!(factor.failures("alice"), 5);
        // The block ends, and success clears it all.
        factor.world.move_clock(60);
        factor.login("alice", &[&factor.code(&token)]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
        factor.next_step();
    }
}

#[test]
fn of_sixteen_enrollments_of_one_user_at_once_exactly_one_is_committed() {
    for _ in 0..3 {
        let factor = Factor::new(IN_USE, &["alice"]);
        let transcripts = at_once((0..16).map(|_| answering(&factor, "alice", "{code}")));
        let committed: Vec<&Transcript> =
            transcripts.iter().filter(|transcript| transcript.codes(Phase::Account) == [pam::SUCCESS]).collect();
        assert_eq!(committed.len(), 1);
        for transcript in &transcripts {
            assert_eq!(transcript.notices().len(), usize::from(!std::ptr::eq(transcript, committed[0])));
        }
        let record = factor.record("alice").expect("a record");
        assert_eq!(record.matches("[[token]]").count(), 1);
        assert!(record.contains("revision = 1\n"), "{record}");
        let token = countersign_tests::factor::key_shown(committed[0]);
        let next = factor.assert_next_code_accepted("alice", &token);
        assert_eq!(next.questions(), [PROMPT]);
    }
}

#[test]
fn of_two_people_who_enroll_one_user_at_once_one_wins_and_the_other_is_told() {
    let factor = Factor::new(IN_USE, &["alice"]);
    // Both have proven their token before either comes to the account phase.
    let meet = "touch /tmp/here.$$; while [ $(ls /tmp/here.* | wc -l) -lt 2 ]; do :; done";
    let steps = [Step::call(Phase::Authenticate), Step::Shell(meet.to_owned()), Step::call(Phase::Account)];
    let transcripts = at_once((0..2).map(|_| answering(&factor, "alice", "{code}").steps(steps.clone())));
    assert_eq!(granted(&transcripts), 2, "both proved their tokens");
    let mut accounts: Vec<i32> = transcripts.iter().flat_map(|transcript| transcript.codes(Phase::Account)).collect();
    accounts.sort_unstable();
    assert_eq!(accounts, [pam::SUCCESS, pam::PERM_DENIED]);
    let notices: Vec<&str> = transcripts.iter().flat_map(Transcript::notices).collect();
    assert_eq!(notices, [SETTINGS_CHANGED]);
}
