//! The stacks the README shows: who reaches the second factor, and what its verdict does.
use countersign_tests::pam_driver::pam;
use countersign_tests::world::Stack;
use countersign_tests::{Driver, Phase, Transcript, World};

const PASSWORD: &str = "correct horse";
const ABSTAINS: &str = "pam_debug.so auth=ignore acct=ignore";
const ACCEPTS: &str = "pam_debug.so auth=success acct=success";
const REFUSES: &str = "pam_debug.so auth=auth_err acct=perm_denied";
/// What a module played by `pam_debug` shows when it is reached.
const REACHED: &str = "auth=";
const RIGHT: [Stack; 4] = [Stack::Sshd, Stack::Login, Stack::Su, Stack::Sudo];

/// A stack with another module in place of ours, and without root's way past su.
fn run(world: &World, stack: Stack, module: &str, password: &str) -> Transcript {
    let text = stack.text().replace("pam_countersign.so", module);
    let text: Vec<_> = text.lines().filter(|line| !line.contains("pam_rootok")).collect();
    let driver = Driver::new(world).service(stack.services()[0]);
    driver.stack(&(text.join("\n") + "\n")).answers([password]).run()
}

#[test]
fn a_right_password_reaches_the_second_factor_and_its_verdict_decides() {
    let world = World::builder().user("alice", PASSWORD).build();
    for stack in RIGHT {
        for (module, auth, account) in [
            (ABSTAINS, pam::SUCCESS, pam::SUCCESS),
            (ACCEPTS, pam::SUCCESS, pam::SUCCESS),
            (REFUSES, pam::AUTH_ERR, pam::PERM_DENIED),
        ] {
            let transcript = run(&world, stack, module, PASSWORD);
            assert!(transcript.shows(REACHED), "{stack:?}: {transcript:#?}");
            transcript.assert_codes(Phase::Authenticate, &[auth]);
            transcript.assert_codes(Phase::Account, &[account]);
        }
    }
}

#[test]
fn a_wrong_password_never_reaches_the_second_factor() {
    let world = World::builder().user("alice", PASSWORD).build();
    for stack in RIGHT.into_iter().chain([Stack::SshdNoAccount]) {
        let transcript = run(&world, stack, ACCEPTS, "wrong");
        assert!(!transcript.shows(REACHED), "{stack:?}: {transcript:#?}");
        assert_ne!(transcript.code(Phase::Authenticate), pam::SUCCESS, "{stack:?}");
    }
    let transcript = run(&world, Stack::SshdRequiredUnix, ACCEPTS, "wrong");
    assert!(transcript.shows(REACHED), "wrong on purpose: {transcript:#?}");
    transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
}

#[test]
fn an_expired_password_is_found_after_the_second_factor_committed() {
    let world = World::builder().user("alice", PASSWORD).build();
    world.expire_password("alice");
    for stack in RIGHT {
        let transcript = run(&world, stack, ACCEPTS, PASSWORD);
        assert!(transcript.shows("acct="), "{stack:?}: {transcript:#?}");
        transcript.assert_codes(Phase::Account, &[pam::NEW_AUTHTOK_REQD]);
    }
}

#[test]
fn whom_the_machine_refuses_never_reaches_the_commit() {
    let world = World::builder().user("alice", PASSWORD).build();
    let refused = |stack| {
        let transcript = run(&world, stack, ACCEPTS, PASSWORD);
        assert!(!transcript.shows("acct="), "{stack:?}: {transcript:#?}");
        assert_ne!(transcript.code(Phase::Account), pam::SUCCESS, "{stack:?}");
    };
    world.write_file("/etc/security/access.conf", "-:alice:ALL\n", 0o644);
    RIGHT.into_iter().for_each(refused);
    world.write_file("/etc/security/access.conf", "", 0o644);
    world.write_file("/etc/nologin", "maintenance\n", 0o644);
    // su and sudo must go on working then, for the jobs that use them.
    [Stack::Sshd, Stack::Login].into_iter().for_each(refused);
}
