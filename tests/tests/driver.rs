//! The PAM driver tried on modules any machine has: no part of the product is used here.
use countersign_tests::pam_driver::{Barrier, Flags, Item, Reply, Step, pam};
use countersign_tests::{Answer, Driver, Phase, World};
use std::time::Instant;

const PASSWORD: &str = "correct horse";

#[test]
fn the_driver_reports_the_codes_of_a_stack() {
    let world = World::builder().user("alice", PASSWORD).build();
    let permit = "auth required pam_permit.so\naccount required pam_deny.so\n";
    let transcript = Driver::new(&world).stack(permit).run();
    assert!(transcript.ended(), "{transcript:#?}");
    assert_eq!(transcript.code(Phase::Authenticate), pam::SUCCESS);
    transcript.assert_codes(Phase::Account, &[pam::AUTH_ERR]);
    assert!(transcript.messages().is_empty());

    let unix = "auth required pam_unix.so\naccount required pam_unix.so\n";
    let driver = || Driver::new(&world).stack(unix);
    let transcript = driver().answers([PASSWORD]).run();
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
    assert_eq!(transcript.prompts()[0].text, "Password: ");
    let transcript = driver().answers(["wrong"]).run();
    transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    assert_eq!(transcript.fail_delay().map(|delay| delay > 500_000), Some(true));
    driver().run().assert_codes(Phase::Authenticate, &[pam::AUTHTOK_ERR]);
}

#[test]
fn the_driver_shows_the_code_of_the_module_itself() {
    let world = World::new();
    for (name, code) in [
        ("success", pam::SUCCESS),
        ("ignore", pam::IGNORE),
        ("auth_err", pam::AUTH_ERR),
        ("authinfo_unavail", pam::AUTHINFO_UNAVAIL),
        ("conv_err", pam::CONV_ERR),
        ("service_err", pam::SERVICE_ERR),
        ("abort", pam::ABORT),
    ] {
        let module = format!("pam_debug.so auth={name} acct={name} cred={name}");
        let transcript = Driver::new(&world)
            .bare_module(&module)
            .phases([Phase::Authenticate, Phase::Account, Phase::SetCred])
            .run();
        for phase in [Phase::Authenticate, Phase::Account, Phase::SetCred] {
            transcript.assert_codes(phase, &[code]);
        }
    }
}

#[test]
fn the_driver_can_be_hostile() {
    let world = World::builder().user("alice", PASSWORD).build();
    let unix = "auth required pam_unix.so\n";
    for reply in [
        Reply::NullArray,
        Reply::NullText,
        Reply::GONE,
        Reply::Fail(pam::CONV_AGAIN),
        Reply::FailWithText(pam::BUF_ERR, PASSWORD.to_owned()),
        Reply::Bytes(vec![0xff, 0x1b, 0x7f, 0x80]),
        Reply::Repeat(b'a', 64 * 1024),
    ] {
        let driver = Driver::new(&world).stack(unix).answers([reply.clone()]);
        let transcript = driver.phases([Phase::Authenticate]).run();
        assert!(transcript.ended(), "{reply:?}: {transcript:#?}");
        assert_ne!(transcript.code(Phase::Authenticate), pam::SUCCESS, "{reply:?}");
    }
    let transcript = Driver::new(&world).stack(unix).answers([Reply::Die]).run();
    assert!(!transcript.ended() && transcript.codes(Phase::Authenticate).is_empty());
}

#[test]
fn the_driver_plays_the_programs_of_the_field() {
    let world = World::builder().user("alice", PASSWORD).build();
    let stack = "auth optional pam_echo.so user=%u rhost=%H tty=%t\nauth required pam_unix.so\n\
                 account required pam_permit.so\n";
    let transcript = Driver::new(&world)
        .stack(stack)
        .item(Item::Rhost, "203.0.113.9")
        .item(Item::Tty, "ssh")
        .answers([Answer::from(PASSWORD).after("touch /tmp/at-the-prompt")])
        .steps([
            Step::InChild(vec![
                Step::Call(Phase::Authenticate, Flags::DISALLOW_NULL_AUTHTOK),
                Step::call(Phase::Account),
            ]),
            Step::Shell("touch /tmp/between".to_owned()),
            Step::ShowItems,
            Step::call(Phase::SetCred),
        ])
        .run();
    assert!(transcript.ended(), "{transcript:#?}");
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    assert!(transcript.shows("user=alice rhost=203.0.113.9 tty=ssh"), "{transcript:#?}");
    assert!(world.exists("/tmp/at-the-prompt") && world.exists("/tmp/between"));

    let transcript = Driver::new(&world)
        .stack("auth required pam_unix.so\n")
        .as_user("alice")
        .through(&["prlimit", "--core=0", "--"])
        .answers([PASSWORD])
        .phases([Phase::Authenticate])
        .run();
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
}

#[test]
fn the_driver_computes_codes_from_the_key_in_the_prompt() {
    let world = World::builder().user("alice", PASSWORD).build();
    world.clock().freeze_at(59);
    let lines = "Key: GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ\n";
    world.write_file("/tmp/key", lines, 0o644);
    let stack = "auth optional pam_echo.so file=/tmp/key\nauth required pam_unix.so\n";
    for (answer, expected) in [("{code}", "287082"), ("a{code+1}b", "a359152b")] {
        let driver = Driver::new(&world).stack(stack).answers([answer]);
        let transcript = driver.phases([Phase::Authenticate]).run();
        assert_eq!(transcript.prompts()[0].answer, expected);
    }
}

#[test]
fn many_drivers_answer_at_one_instant() {
    let world = World::builder().user("alice", PASSWORD).build();
    let mut barrier = Barrier::new();
    let mut drivers: Vec<_> = (0..64)
        .map(|_| {
            Driver::new(&world)
                .stack("auth required pam_unix.so\naccount required pam_unix.so\n")
                .answers([Answer::from(PASSWORD).at_barrier()])
                .start(&barrier)
        })
        .collect();
    let started = Instant::now();
    barrier.release(&mut drivers);
    println!("64 drivers stood at the barrier after {:?}", started.elapsed());
    for driver in drivers {
        assert_eq!(driver.finish().code(Phase::Authenticate), pam::SUCCESS);
    }
}

#[test]
fn a_password_becomes_the_authtok_of_later_modules() {
    let world = World::builder().user("alice", PASSWORD).build();
    for (password, code) in [(PASSWORD, pam::SUCCESS), ("wrong", pam::AUTH_ERR)] {
        let transcript = Driver::new(&world)
            .bare_module_after_password("pam_unix.so use_first_pass")
            .answers([password])
            .phases([Phase::Authenticate])
            .run();
        transcript.assert_codes(Phase::Authenticate, &[code]);
        assert_eq!(transcript.prompts().len(), 1);
    }
}

#[test]
fn faults_are_injected_into_a_driver() {
    let world = World::builder().user("alice", PASSWORD).build();
    // The shadow file cannot be opened.
    let strace = ["strace", "-f", "-o", "/tmp/trace", "-P", "/etc/shadow", "-e"];
    let transcript = Driver::new(&world)
        .through(&[&strace[..], &["inject=openat:error=EIO", "--"]].concat())
        .stack("auth required pam_unix.so\n")
        .answers([PASSWORD])
        .phases([Phase::Authenticate])
        .run();
    assert!(transcript.ended(), "{transcript:#?}");
    transcript.assert_codes(Phase::Authenticate, &[pam::AUTHINFO_UNAVAIL]);
    assert!(world.sh("cat /tmp/trace").text().contains("INJECTED"));
    // No file may grow.
    let transcript = Driver::new(&world)
        .through(&["sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh"])
        .stack("auth required pam_unix.so\n")
        .answers([Answer::from(PASSWORD).after("! echo x > /tmp/file")])
        .phases([Phase::Authenticate])
        .run();
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
}
