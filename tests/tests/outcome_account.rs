//! The account phase: commits what this very handle proved, once; is silent with nothing pending; else refuses whole.
use countersign_tests::factor::{IN_USE, NOT_AVAILABLE, SETTINGS_CHANGED};
use countersign_tests::pam_driver::{Item, Reply, Step, pam};
use countersign_tests::{Answer, Factor, Phase, Transcript};

const AUTHENTICATE: Step = Step::Call(Phase::Authenticate, countersign_tests::pam_driver::Flags(0));
const ACCOUNT: Step = Step::Call(Phase::Account, countersign_tests::pam_driver::Flags(0));

/// Proves a token or a disable, does something, and calls the account phase.
fn between(factor: &Factor, answer: &str, steps: &[Step]) -> Transcript {
    let steps: Vec<Step> = [AUTHENTICATE].iter().chain(steps).chain([&ACCOUNT]).cloned().collect();
    let transcript = factor.driver("alice").answers([answer]).steps(steps).run();
    assert!(transcript.ended() && transcript.errors.is_empty(), "{transcript:#?}");
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    transcript
}

/// Asserts that the account phase refused, said one thing, and left no record behind.
fn assert_refused(factor: &Factor, transcript: &Transcript, notice: &str) {
    transcript.assert_codes(Phase::Account, &[pam::PERM_DENIED]);
    assert_eq!(transcript.notices(), [notice], "{transcript:#?}");
    assert_eq!(factor.record("alice"), None, "nothing is written");
}

/// Asserts that whatever was refused, alice still stands where she was and can enroll.
fn assert_can_enroll(factor: &Factor) {
    factor.world.configure(IN_USE);
    factor.next_step();
    factor.enroll("alice");
}

#[test]
fn with_nothing_pending_the_account_phase_abstains_in_silence() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let silent = |factor: &Factor| {
        let transcript = factor.driver("alice").phases([Phase::Account, Phase::Account]).run();
        transcript.assert_codes(Phase::Account, &[pam::IGNORE, pam::IGNORE]);
        assert!(transcript.messages().is_empty(), "{transcript:#?}");
    };
    silent(&factor);
    let token = factor.enroll("alice");
    silent(&factor);
    let transcript = factor.login("alice", &[&factor.code(&token)]);
    transcript.assert_codes(Phase::Account, &[pam::IGNORE]);
    // cron and sudo with a time stamp call it without authenticate, whatever the state is like.
    factor.world.sh("rm -r /var/lib/countersign /etc/countersign").ok();
    silent(&factor);
}

#[test]
fn calling_it_twice_commits_once() {
    for (answer, kept) in [("{code}", "[[token]]"), ("disable", "use_2fa = false")] {
        let factor = Factor::new(IN_USE, &["alice"]);
        let transcript = between(&factor, answer, &[ACCOUNT]);
        transcript.assert_codes(Phase::Account, &[pam::SUCCESS, pam::IGNORE]);
        let record = factor.record("alice").expect("a record");
        assert!(record.contains(kept) && record.contains("revision = 1\n"), "{record}");
    }
}

#[test]
fn setcred_never_commits() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let phases = [Phase::Authenticate, Phase::SetCred, Phase::OpenSession, Phase::CloseSession];
    let transcript = factor.driver("alice").answers(["{code}"]).phases(phases).run();
    transcript.assert_codes(Phase::SetCred, &[pam::SUCCESS]);
    assert_eq!(factor.record("alice"), None);
    let transcript = between(&factor, "{code}", &[Step::call(Phase::SetCred)]);
    transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
}

#[test]
fn a_proof_of_another_process_is_refused() {
    let factor = Factor::new(IN_USE, &["alice"]);
    // Proven by the parent, taken to the account phase by a child.
    let steps = [AUTHENTICATE, Step::InChild(vec![ACCOUNT])];
    let transcript = factor.driver("alice").answers(["{code}"]).steps(steps).run();
    assert_refused(&factor, &transcript, SETTINGS_CHANGED);
    factor.world.wait_for_log(&["event=refused", "reason=stale_pending"]);
    // Proven by a child, as sshd does it: the parent has nothing pending.
    let steps = [Step::InChild(vec![AUTHENTICATE]), ACCOUNT];
    let transcript = factor.driver("alice").answers(["{code}"]).steps(steps).run();
    transcript.assert_codes(Phase::Account, &[pam::IGNORE]);
    // Both phases in one child: committed.
    let steps = [Step::InChild(vec![AUTHENTICATE, ACCOUNT]), Step::call(Phase::SetCred)];
    let transcript = factor.driver("alice").answers(["{code}"]).steps(steps).run();
    transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
    assert!(factor.record("alice").is_some());
}

#[test]
fn a_proof_for_another_service_or_user_is_refused() {
    for answer in ["{code}", "disable"] {
        for (item, value) in [(Item::Service, "login"), (Item::User, "bob"), (Item::User, "root")] {
            let factor = Factor::new(IN_USE, &["alice", "bob"]);
            let transcript = between(&factor, answer, &[Step::SetItem(item, Some(value.to_owned()))]);
            assert_refused(&factor, &transcript, SETTINGS_CHANGED);
            assert_eq!((factor.record("bob"), factor.record("root")), (None, None));
            factor.world.wait_for_log(&["event=refused", "reason=stale_pending"]);
            assert_can_enroll(&factor);
        }
    }
}

#[test]
fn a_proof_expires_after_two_minutes_and_when_the_clock_goes_back() {
    for (seconds, code) in [(120, pam::SUCCESS), (121, pam::PERM_DENIED), (-1, pam::PERM_DENIED)] {
        let factor = Factor::new(IN_USE, &["alice"]);
        let clock = factor.world.clock();
        let move_clock = Step::Shell(clock.freezing_command(clock.now() + seconds));
        let transcript = between(&factor, "{code}", &[move_clock]);
        if code == pam::PERM_DENIED {
            assert_refused(&factor, &transcript, SETTINGS_CHANGED);
            assert_can_enroll(&factor);
        }
        transcript.assert_codes(Phase::Account, &[code]);
    }
}

#[test]
fn a_policy_that_changed_meanwhile_is_asked_again() {
    let skip = format!("{IN_USE}[[rule]]\nservices = [\"sshd\"]\nthen = \"skip\"\n");
    let elsewhere = format!("{IN_USE}[enrollment]\nservices = [\"login\"]\n");
    for config in ["", &skip, &elsewhere] {
        let factor = Factor::new(IN_USE, &["alice"]);
        let change = format!("cat > /etc/countersign/config.toml <<'END'\n{config}\nEND\n");
        let transcript = between(&factor, "{code}", &[Step::Shell(change)]);
        assert_refused(&factor, &transcript, SETTINGS_CHANGED);
        assert_can_enroll(&factor);
    }
}

#[test]
fn a_right_to_disable_that_was_taken_meanwhile_is_gone() {
    let locked = format!("{IN_USE}can_toggle = false\n");
    let required = format!("{IN_USE}[[rule]]\nusers = [\"alice\"]\nthen = \"required\"\n");
    for config in [locked, required] {
        let factor = Factor::new(IN_USE, &["alice"]);
        let change = format!("cat > /etc/countersign/config.toml <<'END'\n{config}\nEND\n");
        let transcript = between(&factor, "disable", &[Step::Shell(change)]);
        transcript.assert_codes(Phase::Account, &[pam::PERM_DENIED]);
        assert_eq!(transcript.notices().len(), 1, "{transcript:#?}");
        assert_eq!(factor.record("alice"), None);
        assert_can_enroll(&factor);
    }
}

#[test]
fn a_configuration_or_state_gone_meanwhile_refuses() {
    for gone in [
        "rm /etc/countersign/config.toml",
        "echo 'fail_open = true' > /etc/countersign/config.toml",
        "mv /var/lib/countersign /var/lib/elsewhere",
        "mv /etc/countersign/installation /etc/countersign/elsewhere",
        "chmod 0644 /var/lib/countersign/counters/alice",
    ] {
        for answer in ["{code}", "disable"] {
            let factor = Factor::new(IN_USE, &["alice"]);
            let transcript = between(&factor, answer, &[Step::Shell(gone.to_owned())]);
            assert_refused(&factor, &transcript, NOT_AVAILABLE);
        }
    }
}

#[test]
fn a_user_gone_meanwhile_is_refused() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let transcript = between(&factor, "{code}", &[Step::Shell("sed -i /^alice:/d /etc/passwd".to_owned())]);
    transcript.assert_codes(Phase::Account, &[pam::PERM_DENIED]);
    assert_eq!(transcript.notices().len(), 1);
    assert_eq!(factor.record("alice"), None);
}

#[test]
fn what_an_earlier_authenticate_proved_is_void() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let proofs = [Answer::from("{code}"), Answer::from("disable")];
    let later = [Answer::from(Reply::GONE), Answer::from(Reply::NullText), Answer::from("nonsense")];
    for proof in proofs {
        for answer in later.clone() {
            let answers = [proof.clone(), answer];
            let steps = [AUTHENTICATE, AUTHENTICATE, ACCOUNT];
            let transcript = factor.driver("alice").answers(answers).steps(steps).run();
            transcript.assert_codes(Phase::Account, &[pam::IGNORE]);
            assert_eq!(factor.record("alice"), None);
            // Else the third proof without a commit would end this.
            factor.world.sh("rm -f /var/lib/countersign/counters/alice").ok();
        }
    }
}

#[test]
fn a_second_authenticate_refused_at_once_voids_the_proof_too() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let steps = [AUTHENTICATE, Step::Shell("rm /etc/countersign/config.toml".to_owned()), AUTHENTICATE, ACCOUNT];
    let transcript = factor.driver("alice").answers(["{code}"]).steps(steps).run();
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS, pam::AUTHINFO_UNAVAIL]);
    transcript.assert_codes(Phase::Account, &[pam::IGNORE]);
    assert_eq!(factor.record("alice"), None);
}

#[test]
fn a_refusal_of_the_account_phase_is_final() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let away = Step::SetItem(Item::Service, Some("login".to_owned()));
    let back = Step::SetItem(Item::Service, Some("sshd".to_owned()));
    let steps = [away, ACCOUNT, back];
    let transcript = between(&factor, "{code}", &steps);
    transcript.assert_codes(Phase::Account, &[pam::PERM_DENIED, pam::IGNORE]);
    assert_eq!(factor.record("alice"), None);
}

#[test]
fn a_stack_without_our_account_line_lets_nobody_in_more_than_three_times() {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    let unfinished = |answer: &str| factor.driver("alice").answers([answer]).phases([Phase::Authenticate]).run();
    for answer in ["{code}", "disable", "{code}"] {
        unfinished(answer).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    }
    for _ in 0..2 {
        let transcript = unfinished("{code}");
        transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
        assert_eq!((transcript.prompts().len(), transcript.notices()), (0, vec![NOT_AVAILABLE]));
    }
    factor.world.wait_for_log(&["misconfigured: no account line for sshd"]);
    assert_eq!(factor.record("alice"), None);
    factor.enroll("bob");
    // After an hour one may try again; with the account line in place the proof is committed and the count is gone.
    factor.world.move_clock(3_600);
    unfinished("{code}").assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    unfinished("disable").assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    factor.world.move_clock(3_600);
    factor.enroll("alice");
    factor.world.countersign(&["reset", "alice"]).ok();
    unfinished("{code}").assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    unfinished("{code}").assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
}
