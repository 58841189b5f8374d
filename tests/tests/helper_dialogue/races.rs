//! Two at once: one code does one thing, and no change undoes another's.
use crate::stage::{Dialogue, assert_nothing_left, assert_unlocked};
use countersign_tests::code::Parameters;
use countersign_tests::factor::{IN_USE, SETTINGS_CHANGED};
use countersign_tests::pam_driver::{Barrier, pam};
use countersign_tests::{Answer, Factor, Phase};

const DESK: &str = "
[[delegate]]
group = 'desk'
over = ['students']
may = ['reset', 'enroll', 'disable', 'new-recovery-codes']
";
const CHANGED: &str = "the settings of alice changed meanwhile; nothing is changed";

/// alice is a student, carol the help desk; both are enrolled.
fn people() -> (Factor, Parameters, Parameters) {
    let factor = Factor::new(&format!("{IN_USE}{DESK}"), &["alice", "carol"]);
    factor.world.add_to_group("desk", &["carol"]);
    factor.world.add_to_group("students", &["alice"]);
    let (alice, carol) = (factor.enroll("alice"), factor.enroll("carol"));
    (factor, alice, carol)
}

/// A user at the question for a code.
fn asked(factor: &Factor, user: &str, line: &str) -> Dialogue {
    let mut dialogue = Dialogue::command(&factor.world, user, line);
    dialogue.is_asked();
    dialogue
}

#[test]
fn of_two_changes_with_one_code_at_the_same_time_exactly_one_is_made() {
    let (factor, alice, _) = people();
    for round in 0..6 {
        factor.next_step();
        let mut two = ["new-recovery-codes", "new-recovery-codes"].map(|line| asked(&factor, "alice", line));
        let before = factor.record("alice");
        for dialogue in &mut two {
            dialogue.say(&factor.code(&alice));
        }
        let ended = two.map(Dialogue::end);
        let done = ended.iter().filter(|(status, _)| *status == Some(0)).count();
        assert_eq!(done, 1, "{round}: {ended:?}");
        let lost = ended.iter().find(|(status, _)| *status == Some(1)).expect("one is refused");
        assert!(lost.1.contains("This code was already used"), "{ended:?}");
        assert_ne!(factor.record("alice"), before);
    }
}

#[test]
fn a_code_that_is_typed_at_a_login_and_for_a_reset_at_once_does_one_of_the_two() {
    let (factor, mut alice, _) = people();
    let (mut logins, mut resets) = (0, 0);
    for _ in 0..8 {
        let code = factor.code(&alice);
        let mut barrier = Barrier::new();
        let login = factor.driver("alice").answers([Answer::from(code.as_str()).at_barrier()]).start(&barrier);
        let mut reset = asked(&factor, "alice", "reset");
        let mut logins_in_flight = [login];
        barrier.release(&mut logins_in_flight);
        reset.say(&code);
        let [login] = logins_in_flight.map(countersign_tests::pam_driver::Running::finish);
        let (status, said) = reset.end();
        let let_in = login.codes(Phase::Authenticate) == [pam::SUCCESS];
        assert!(let_in != (status == Some(0)), "{login:#?} {status:?} {said}");
        factor.next_step();
        if let_in {
            logins += 1;
            assert_eq!(factor.status("alice")["enrolled"], true);
        } else {
            resets += 1;
            assert_eq!(factor.status("alice")["enrolled"], false);
            alice = factor.enroll("alice");
        }
    }
    assert_eq!(logins + resets, 8);
    assert_nothing_left(&factor, "alice");
}

#[test]
fn a_reset_while_a_login_waits_for_its_code_refuses_that_login() {
    let (factor, alice, _) = people();
    let (code, next) = (factor.code(&alice), factor.code_of_step(&alice, 1));
    let mut barrier = Barrier::new();
    let mut login = [factor.driver("alice").answers([Answer::from(next.as_str()).at_barrier()]).start(&barrier)];
    login[0].wait_at_barrier();
    let mut reset = asked(&factor, "alice", "reset");
    reset.say(&code);
    assert_eq!(reset.end().0, Some(0));
    barrier.release(&mut login);
    let [login] = login.map(countersign_tests::pam_driver::Running::finish);
    login.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    assert_eq!(login.notices(), [SETTINGS_CHANGED]);
}

#[test]
fn a_token_that_waits_for_its_proof_while_the_help_desk_resets_is_not_stored() {
    let (factor, alice, carol) = people();
    let mut enroll = asked(&factor, "alice", "enroll --label tablet");
    enroll.say(&factor.code(&alice));
    let new = enroll.is_shown();
    assert_unlocked(&factor, "alice");
    let mut reset = asked(&factor, "carol", "reset alice");
    reset.say(&factor.code(&carol));
    assert_eq!(reset.end().0, Some(0));
    enroll.say(&factor.code(&new));
    let (status, said) = enroll.end();
    assert!(status == Some(1) && said.contains(CHANGED), "{status:?} {said}");
    assert_eq!(factor.status("alice")["enrolled"], false);
    factor.next_step();
    factor.enroll("alice");
}

/// Without a confirmation there is no revision to hold it against: it is authorized again on what then stands.
#[test]
fn a_token_that_needs_no_confirmation_is_refused_to_who_was_reset_meanwhile() {
    let (factor, _, _) = people();
    factor.world.configure(&format!("{IN_USE}{DESK}[self_service]\nconfirm = 'none'\n"));
    let mut enroll = Dialogue::command(&factor.world, "alice", "enroll --label new");
    let new = enroll.is_shown();
    assert_unlocked(&factor, "alice");
    factor.world.countersign(&["reset", "alice"]).ok();
    enroll.say(&factor.code(&new));
    let (status, said) = enroll.end();
    assert!(status == Some(1) && said.contains("you have no token yet"), "{status:?} {said}");
    assert_eq!(factor.status("alice")["enrolled"], false);
    factor.world.wait_for_log(&["event=refused", "user=alice", "reason=not_allowed", "enroll by alice"]);
}

#[test]
fn a_self_enrollment_and_a_reset_by_the_help_desk_at_one_instant_leave_no_token() {
    let (factor, mut alice, carol) = people();
    for round in 0..6 {
        let mut enroll = asked(&factor, "alice", "enroll --label new");
        enroll.say(&factor.code(&alice));
        let new = enroll.is_shown();
        let mut reset = asked(&factor, "carol", "reset alice");
        let (proof, code) = (factor.code(&new), factor.code(&carol));
        enroll.say(&proof);
        reset.say(&code);
        let ((enrolled, said), (was_reset, _)) = (enroll.end(), reset.end());
        assert_eq!(was_reset, Some(0), "{round}");
        assert!(enrolled == Some(0) || said.contains(CHANGED), "{round}: {enrolled:?} {said}");
        let status = factor.status("alice");
        assert_eq!((&status["state"], &status["enrolled"]), (&"ok".into(), &false.into()), "{round}: {said}");
        assert!(!factor.login("alice", &[&proof]).let_in());
        factor.next_step();
        alice = factor.enroll("alice");
    }
}

#[test]
fn a_token_from_the_help_desk_and_a_change_of_ones_own_at_once_lose_nothing_and_tell_the_truth() {
    let (factor, alice, carol) = people();
    let mut enroll = asked(&factor, "carol", "enroll alice --label spare");
    enroll.say(&factor.code(&carol));
    let new = enroll.is_shown();
    let mut disable = asked(&factor, "alice", "disable");
    let (proof, code) = (factor.code(&new), factor.code(&alice));
    enroll.say(&proof);
    disable.say(&code);
    let ((enrolled, _), (disabled, said)) = (enroll.end(), disable.end());
    assert_eq!(enrolled, Some(0));
    // The token may have come between her code and her change: then that is not what she confirmed.
    assert!(disabled == Some(0) || said.contains(CHANGED), "{said}");
    let status = factor.status("alice");
    let tokens = status["tokens"].as_array().map(Vec::len);
    assert_eq!((tokens, status["use_2fa"] == false), (Some(2), disabled == Some(0)), "{status}");
}
