//! Every row of the table of return codes, by the shipped module through real libpam.
use countersign_tests::factor::{IN_USE, NOT_AVAILABLE, PROMPT};
use countersign_tests::pam_driver::{Flags, Reply, Step, pam};
use countersign_tests::{Answer, Driver, Factor, Phase, Transcript};

fn both(transcript: &Transcript, authenticate: i32, account: i32) {
    assert!(transcript.ended() && transcript.errors.is_empty(), "{transcript:#?}");
    transcript.assert_codes(Phase::Authenticate, &[authenticate]);
    transcript.assert_codes(Phase::Account, &[account]);
}

fn silent(transcript: &Transcript) {
    assert!(transcript.messages().is_empty(), "{transcript:#?}");
}

#[test]
fn an_enrollment_succeeds_and_is_committed_and_then_a_code_succeeds() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    let transcript = factor.login("alice", &[&factor.code(&token)]);
    both(&transcript, pam::SUCCESS, pam::IGNORE);
    assert_eq!(transcript.questions(), [PROMPT]);
    assert_eq!(transcript.notices(), [""; 0]);
    factor.world.wait_for_log(&["event=enrolled", "user=alice", "service=sshd"]);
    factor.world.wait_for_log(&["event=accepted", "user=alice", "service=sshd"]);
}

#[test]
fn a_chosen_disable_succeeds_and_is_committed_and_then_nothing_is_asked() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let transcript = factor.login("alice", &["DisAble"]);
    both(&transcript, pam::SUCCESS, pam::SUCCESS);
    factor.world.wait_for_log(&["event=disabled", "user=alice"]);
    let transcript = factor.login("alice", &[]);
    both(&transcript, pam::IGNORE, pam::IGNORE);
    silent(&transcript);
}

#[test]
fn where_2fa_is_not_in_use_the_module_abstains_and_shows_nothing() {
    let factor = Factor::new("", &["alice", "bob"]);
    let transcript = factor.login("alice", &[]);
    both(&transcript, pam::IGNORE, pam::IGNORE);
    silent(&transcript);
    // A rule that skips is decided from the configuration alone: no state is needed.
    let rule = "[defaults]\nuse_2fa = true\n[[rule]]\nservices = [\"sshd\"]\nusers = [\"alice\"]\nthen = \"skip\"\n";
    factor.world.configure(rule);
    factor.world.sh("rm -r /var/lib/countersign /etc/countersign/installation").ok();
    let transcript = factor.login("alice", &[]);
    both(&transcript, pam::IGNORE, pam::IGNORE);
    silent(&transcript);
    factor.assert_not_trusted("bob");
    both(&factor.driver("alice").service("su").run(), pam::AUTHINFO_UNAVAIL, pam::IGNORE);
}

#[test]
fn wrong_used_old_and_blocked_are_authentication_errors() {
    let factor = Factor::new(&format!("{IN_USE}[recovery]\ncodes = 0\n"), &["alice"]);
    let token = factor.enroll("alice");
    let wrong = factor.wrong_code(&token);
    both(&factor.login("alice", &[wrong.as_str(); 3]), pam::AUTH_ERR, pam::IGNORE);
    let next = factor.code_of_step(&token, 1);
    both(&factor.login("alice", &[&next]), pam::SUCCESS, pam::IGNORE);
    both(&factor.login("alice", &[next.as_str(); 3]), pam::AUTH_ERR, pam::IGNORE);
    let old = factor.code(&token);
    both(&factor.login("alice", &[old.as_str(); 3]), pam::AUTH_ERR, pam::IGNORE);
    both(&factor.login("alice", &[wrong.as_str(); 3]), pam::AUTH_ERR, pam::IGNORE);
    both(&factor.login("alice", &[wrong.as_str(); 3]), pam::AUTH_ERR, pam::IGNORE);
    let transcript = factor.login("alice", &[&factor.code_of_step(&token, 1)]);
    both(&transcript, pam::AUTH_ERR, pam::IGNORE);
    assert_eq!(transcript.questions(), [""; 0], "blocked: nothing is asked");
}

#[test]
fn giving_up_and_being_unable_to_enroll_are_authentication_errors() {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    factor.enroll("alice");
    for user in ["alice", "bob"] {
        let gone = factor.driver(user).answers([Reply::NullText]).run();
        both(&gone, pam::AUTH_ERR, pam::IGNORE);
    }
    let transcript = factor.driver("bob").service("cron").run();
    both(&transcript, pam::AUTH_ERR, pam::IGNORE);
    assert_eq!(transcript.questions(), [""; 0]);
}

#[test]
fn a_failed_conversation_is_told_as_such() {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    factor.enroll("alice");
    for user in ["alice", "bob"] {
        for reply in [Reply::GONE, Reply::Fail(pam::CONV_AGAIN), Reply::Fail(pam::BUF_ERR)] {
            let transcript = factor.driver(user).answers([reply]).run();
            both(&transcript, pam::CONV_ERR, pam::IGNORE);
        }
    }
}

#[test]
fn a_configuration_that_cannot_be_trusted_makes_the_module_unavailable() {
    let factor = Factor::new(IN_USE, &["alice"]);
    for (text, line) in [
        ("[prompt]\ntries = 6\n", "line 2: tries"),
        ("\n\nfail_open = true\n", "line 3: fail_open"),
        ("[[rule]]\nservices = [\"sshd\"]\nthen = \"ignore\"\n", "line 3: then"),
        ("use_2fa", "line 1"),
    ] {
        factor.world.clear_log();
        factor.world.configure(text);
        factor.assert_not_trusted("alice");
        factor.world.wait_for_log(&["event=misconfigured", "/etc/countersign/config.toml", line]);
    }
    factor.world.sh("rm /etc/countersign/config.toml").ok();
    factor.world.clear_log();
    factor.assert_not_trusted("alice");
    factor.world.wait_for_log(&["event=misconfigured", "/etc/countersign/config.toml", "does not exist"]);
}

#[test]
fn another_configuration_may_be_named_by_the_argument() {
    let factor = Factor::new(IN_USE, &["alice"]);
    factor.world.write_file("/etc/other.toml", "", 0o644);
    let driver = |arguments: &str| {
        let module = format!("pam_countersign.so {arguments}");
        Driver::new(&factor.world).bare_module(&module)
    };
    both(&driver("config=/etc/other.toml").run(), pam::IGNORE, pam::IGNORE);
    both(&driver("debug config=/etc/other.toml").run(), pam::IGNORE, pam::IGNORE);
    both(&driver("config=/etc/none.toml").run(), pam::AUTHINFO_UNAVAIL, pam::IGNORE);
}

#[test]
fn a_wrong_module_argument_is_a_service_error_and_logged() {
    let factor = Factor::new("", &["alice"]);
    for argument in ["nullok", "debug=1", "config=", "config=etc/x.toml", "Debug", "config"] {
        factor.world.clear_log();
        let module = format!("pam_countersign.so {argument}");
        let transcript = Driver::new(&factor.world).bare_module(&module).run();
        both(&transcript, pam::SERVICE_ERR, pam::SERVICE_ERR);
        assert!(!transcript.shows("Verification"));
        factor.world.wait_for_log(&["event=misconfigured", argument]);
    }
}

#[test]
fn setcred_always_succeeds_and_sessions_and_passwords_are_not_ours() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let rest = || {
        let credentials = [
            Flags::ESTABLISH_CRED,
            Flags::DELETE_CRED,
            Flags::REINITIALIZE_CRED,
            Flags::REFRESH_CRED,
            Flags::ESTABLISH_CRED | Flags::SILENT,
        ];
        let setcred = credentials.map(|flags| Step::Call(Phase::SetCred, flags));
        let others = [Phase::OpenSession, Phase::CloseSession, Phase::ChangeAuthToken].map(Step::call);
        setcred.into_iter().chain(others)
    };
    let check = |transcript: &Transcript| {
        assert!(transcript.ended(), "{transcript:#?}");
        transcript.assert_codes(Phase::SetCred, &[pam::SUCCESS; 5]);
        for phase in [Phase::OpenSession, Phase::CloseSession] {
            transcript.assert_codes(phase, &[pam::IGNORE]);
        }
        transcript.assert_codes(Phase::ChangeAuthToken, &[pam::IGNORE]);
        silent(transcript);
    };
    check(&factor.driver("alice").steps(rest()).run());
    // Not even without configuration and state.
    factor.world.sh("rm -r /etc/countersign /var/lib/countersign").ok();
    check(&factor.driver("alice").steps(rest()).run());
}

#[test]
fn an_unknown_user_is_asked_as_anyone_and_then_refused() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    let wrong = factor.wrong_code(&token);
    let known = factor.login("alice", &["hello", &wrong, &wrong, &wrong]);
    let unknown = factor.login("mallory", &["hello", &wrong, &wrong, &wrong]);
    both(&unknown, pam::AUTH_ERR, pam::IGNORE);
    assert_eq!((unknown.questions(), unknown.notices()), (known.questions(), known.notices()));
    assert_eq!(unknown.fail_delay(), known.fail_delay());
    assert!(!factor.state().contains("mallory"), "nothing is kept of strangers");
}

#[test]
fn a_failed_account_look_up_refuses() {
    let factor = Factor::new("", &["alice"]);
    let strace = ["strace", "-f", "-o", "/tmp/trace", "-P", "/etc/passwd", "-e", "inject=openat:error=EIO", "--"];
    let transcript = factor.driver("alice").through(&strace).run();
    both(&transcript, pam::AUTHINFO_UNAVAIL, pam::IGNORE);
    assert_eq!(transcript.notices(), [NOT_AVAILABLE]);
    assert!(factor.world.sh("cat /tmp/trace").text().contains("INJECTED"));
}

#[test]
fn silence_and_no_empty_passwords_suppress_nothing() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let flags = Flags::SILENT | Flags::DISALLOW_NULL_AUTHTOK;
    let steps = || [Step::Call(Phase::Authenticate, flags), Step::Call(Phase::Account, flags)];
    let plain = factor.driver("alice").answers(["x", "{wrong}", "{code}"]).steps(steps()).run();
    both(&plain, pam::SUCCESS, pam::SUCCESS);
    assert_eq!(plain.prompts().len(), 4, "the last one stands below the recovery codes");
    assert_eq!(plain.questions()[1], format!("Otp invalid! A code has 6 digits.\n{PROMPT}"));
    let nothing: [Answer; 0] = [];
    factor.world.sh("chmod 0644 /var/lib/countersign/users/alice.toml").ok();
    let refused = factor.driver("alice").answers(nothing).steps(steps()).run();
    both(&refused, pam::AUTHINFO_UNAVAIL, pam::IGNORE);
    assert_eq!(refused.notices(), [NOT_AVAILABLE], "the last notice is an error message, silent or not");
}
