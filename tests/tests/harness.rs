//! The harness tried on what any machine has: no part of the product is used here.
use countersign_tests::pam_driver::{Barrier, Flags, Item, Reply, Step, pam};
use countersign_tests::qr::{self, Otpauth, Theme};
use countersign_tests::terminal::{self, Size};
use countersign_tests::world::{HOST_NAME, Stack};
use countersign_tests::{Answer, Driver, Phase, Terminal, World, code};
use qrcode::{Color, EcLevel, QrCode};
use std::time::Instant;

const PASSWORD: &str = "correct horse";
const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn world_of_alice() -> World {
    let world = World::builder()
        .user("alice", PASSWORD)
        .user("bob", "battery staple")
        .build();
    for stack in [Stack::Sshd, Stack::Login, Stack::Su, Stack::Sudo] {
        world.use_plain_stack(stack);
    }
    world
}

#[test]
fn a_world_is_private_and_leaves_nothing_behind() {
    let mark = format!("/etc/mark-{}", std::process::id());
    let mounts = || std::fs::read_to_string("/proc/self/mounts").unwrap();
    let before = mounts();
    let world = World::new();
    world.write_file(&mark, "x", 0o600);
    world.sh("touch /var/mark /home/mark /root/mark /tmp/mark /usr/mark /opt/mark /run/mark");
    assert_eq!(world.run(&["hostname"]).ok().trim(), HOST_NAME);
    assert_eq!(world.read_file(&mark), b"x");
    world
        .sh("setsid sleep 1000 & disown; nohup sleep 1000 >/dev/null 2>&1 &")
        .ok();
    let processes = world.processes();
    assert!(
        processes.len() >= 3,
        "process 1 and two orphans: {processes:?}"
    );
    let first = world.first_process();
    drop(world);
    for pid in processes {
        assert!(
            !std::path::Path::new(&format!("/proc/{pid}/ns/pid")).exists(),
            "{pid} lives"
        );
    }
    assert!(!std::path::Path::new(&format!("/proc/{first}")).exists());
    assert!(!std::path::Path::new(&mark).exists());
    assert!(!std::path::Path::new("/usr/mark").exists());
    assert_eq!(before, mounts());
}

#[test]
fn worlds_live_side_by_side_on_one_port() {
    std::thread::scope(|scope| {
        for name in ["one", "two", "three"] {
            scope.spawn(move || {
                let world = World::new();
                world.write_file("/etc/name", name, 0o644);
                let _sshd = world.start_sshd("");
                assert_eq!(world.read_file("/etc/name"), name.as_bytes());
            });
        }
    });
}

#[test]
fn ssh_login_by_keyboard_interactive() {
    let world = world_of_alice();
    let _sshd = world.start_sshd("");
    let started = Instant::now();
    let mut person = terminal::ssh(&world, "alice");
    person.answer("Password: ", PASSWORD);
    person.answer("$ ", "echo I am $(id -un) on $(hostname)");
    person.expect("I am alice on host1");
    println!("one ssh login: {:?}", started.elapsed());
    person.type_line("exit 3");
    assert_eq!(person.wait_exit().code(), Some(3));
    let line = world.wait_for_log(&["sshd", "Accepted keyboard-interactive/pam for alice"]);
    assert!(
        line.starts_with("<38>"),
        "facility auth, level info: {line}"
    );
}

#[test]
fn ssh_refuses_a_wrong_password_and_a_public_key_goes_through() {
    let world = world_of_alice();
    let _sshd = world.start_sshd("AuthenticationMethods publickey,keyboard-interactive\n");
    world.sh("ssh-keygen -q -t ed25519 -N '' -f /root/key; install -D -m 600 -o alice /root/key.pub /home/alice/.ssh/authorized_keys; chown alice /home/alice/.ssh").ok();
    let command = terminal::ssh_command(&world, "alice", &["-i", "/root/key", "-tt"], &["echo in"]);
    let mut person = Terminal::spawn_with(&world, command, Size::default());
    person.answer("Password: ", "wrong");
    person.answer("Password: ", PASSWORD);
    person.expect("in\n");
    assert_eq!(person.wait_exit().code(), Some(0));
    world.wait_for_log(&["Accepted publickey for alice"]);
}

#[test]
fn su_from_a_user() {
    let world = world_of_alice();
    let mut person = terminal::su(&world, "bob", "alice");
    person.expect("Password: ");
    assert!(!person.echoes());
    person.type_line(PASSWORD);
    person.answer("$ ", "id -un; tty; exit 5");
    person.expect("alice\n/dev/pts/");
    assert_eq!(person.wait_exit().code(), Some(5));
    let mut person = terminal::su(&world, "bob", "alice");
    person.answer("Password: ", "wrong");
    person.expect("Authentication failure");
    assert_eq!(person.wait_exit().code(), Some(1));
}

#[test]
fn sudo_with_and_without_a_prompt_of_its_own() {
    let world = world_of_alice();
    world.write_file("/etc/sudoers.d/alice", "alice ALL=(ALL) ALL\n", 0o440);
    let mut person = terminal::sudo(&world, "alice", &["id", "-un"]);
    person.answer("password for alice: ", PASSWORD);
    person.expect("root\n");
    assert!(person.wait_exit().success());
    let mut person = terminal::sudo(&world, "alice", &["-k", "-p", "secret? ", "id", "-un"]);
    person.answer("secret? ", PASSWORD);
    person.expect("root\n");
    assert!(person.wait_exit().success());
}

#[test]
fn login_on_a_console() {
    let world = world_of_alice();
    let mut person = terminal::login(&world, "alice");
    person.answer("Password: ", PASSWORD);
    person.answer("$ ", "echo $TERM in $(tty); exit");
    person.expect("in /dev/pts/0");
    person.wait_exit();
    let mut person = terminal::login(&world, "alice");
    person.answer("Password: ", "wrong");
    person.expect("Login incorrect");
}

#[test]
fn a_killed_client_is_gone_and_the_screen_shows_what_was_printed() {
    let world = world_of_alice();
    let _sshd = world.start_sshd("");
    let mut person = terminal::ssh(&world, "alice");
    person.expect("Password: ");
    assert!(
        person
            .screen_text()
            .ends_with("(alice@127.0.0.1) Password:")
    );
    person.kill();
    world.wait_for_log(&["sshd", "Connection closed by"]);
}

#[test]
fn the_clock_moves_for_every_process() {
    let world = world_of_alice();
    let _sshd = world.start_sshd("");
    let date = |argv: &[&str]| -> i64 { world.run(argv).ok().trim().parse().unwrap() };
    assert!((date(&["date", "+%s"]) - world.clock().now()).abs() <= 1);
    world.move_clock(31 + 365 * 86400);
    assert!((date(&["date", "+%s"]) - world.clock().now()).abs() <= 1);

    world.clock().freeze_mid_step(30);
    let now = world.clock().now();
    assert_eq!(now % 30, 15);
    assert_eq!(date(&["date", "+%s"]), now);
    assert_eq!(
        date(&["python3", "-c", "import time; print(int(time.time()))"]),
        now
    );

    // Through a set-id program, to another user.
    let mut person = terminal::su(&world, "bob", "alice");
    person.answer("Password: ", PASSWORD);
    person.answer("$ ", "echo time $(date +%s) $EPOCHSECONDS.");
    person.expect(&format!("time {now} {now}."));
    // A running process sees the next move.
    world.move_clock(-3600);
    let earlier = now - 3600;
    person.type_line("echo time $EPOCHSECONDS.");
    person.expect(&format!("time {earlier}."));

    // Through sshd, which started long before.
    let mut person = terminal::ssh(&world, "alice");
    person.answer("Password: ", PASSWORD);
    person.answer("$ ", "echo time $(date +%s).");
    person.expect(&format!("time {earlier}."));

    world.clock().run_on();
    assert!((world.clock().now() - earlier).abs() < 20);
    let text = world.run(&["date", "-u", "+%F"]).ok();
    assert!(text.starts_with("202"), "{text}");
}

#[test]
fn codes_come_from_oathtool() {
    // RFC 6238, appendix B.
    let sha1 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    assert_eq!(code::code_at(sha1, 59, 8, 30, "SHA1"), "94287082");
    assert_eq!(
        code::code_at("gezd gnbv gy3t qojq-gezdgnbvgy3tqojq", 59, 6, 30, "SHA1"),
        "287082"
    );
    let parameters = code::Parameters::new(KEY);
    let wrong = code::wrong_code(&parameters, 59, 20);
    assert_eq!(wrong.len(), 6);
    assert_ne!(wrong, parameters.at(59));
    let world = World::new();
    world.clock().freeze_at(59);
    assert_eq!(code::code_now(&world, KEY), "287082");
}

#[test]
fn a_key_is_found_in_a_prompt() {
    let beside =
        "█▀▀█  Key:\n█  █  GEZD GNBV GY3T QOJQ\n▀▀▀▀  GEZD GNBV GY3T QOJQ\nScan THIS with your app";
    assert_eq!(code::key_in(beside).as_deref(), Some(KEY));
    assert_eq!(code::key_in("Verification code: "), None);
}

/// A QR as text: light modules are ink (for a dark terminal), or dark ones are.
fn drawn(text: &str, half_blocks: bool, light_is_ink: bool) -> String {
    const QUIET: i32 = 2;
    let code = QrCode::with_error_correction_level(text, EcLevel::L).unwrap();
    let width = i32::try_from(code.width()).unwrap();
    let inked = |x: i32, y: i32| {
        let inside = (0..width).contains(&x) && (0..width).contains(&y);
        let dark = inside
            && code[(usize::try_from(x).unwrap(), usize::try_from(y).unwrap())] == Color::Dark;
        y < width + QUIET && dark != light_is_ink
    };
    let mut lines = String::new();
    for y in (-QUIET..width + QUIET).step_by(if half_blocks { 2 } else { 1 }) {
        for x in -QUIET..width + QUIET {
            lines.push_str(match (half_blocks, inked(x, y), inked(x, y + 1)) {
                (true, true, true) => "█",
                (true, true, false) => "▀",
                (true, false, true) => "▄",
                (false, true, _) => "##",
                (false, false, _) => "  ",
                (true, false, false) => " ",
            });
        }
        lines.push('\n');
    }
    lines
}

#[test]
fn a_qr_is_read_from_the_screen_in_its_own_theme_only() {
    let uri = format!("otpauth://totp/host1:alice?secret={KEY}&issuer=host1");
    let world = World::new();
    for (half_blocks, size) in [(true, Size::new(80, 24)), (false, Size::new(80, 50))] {
        for light_is_ink in [true, false] {
            world.write_file("/tmp/qr", drawn(&uri, half_blocks, light_is_ink), 0o644);
            let cat = world.command(&["cat", "/tmp/qr"]);
            let mut person = Terminal::spawn_with(&world, cat, size);
            person.wait_exit();
            let (own, other) = match light_is_ink {
                true => (Theme::Dark, Theme::Light),
                false => (Theme::Light, Theme::Dark),
            };
            assert_eq!(
                qr::read(person.screen(), own).as_deref(),
                Some(uri.as_str())
            );
            assert_eq!(qr::read(person.screen(), other), None);
        }
    }
}

#[test]
fn an_uri_is_read_as_a_phone_reads_it() {
    let otpauth = Otpauth::parse(
        "otpauth://totp/a%20host:al%23ice?secret=GEZDGNBVGY3TQOJQ&issuer=a%20host&digits=8",
    );
    assert_eq!(otpauth.account, "al#ice");
    assert_eq!(otpauth.issuer.as_deref(), Some("a host"));
    assert_eq!(otpauth.issuer, otpauth.label_issuer);
    assert_eq!(otpauth.parameters.secret, "GEZDGNBVGY3TQOJQ");
    assert_eq!(
        (otpauth.parameters.digits, otpauth.parameters.period),
        (8, 30)
    );
    assert_eq!(otpauth.parameters.algorithm, "SHA1");
}

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
    assert_eq!(
        transcript.fail_delay().map(|delay| delay > 500_000),
        Some(true)
    );
    driver()
        .run()
        .assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
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
        assert_ne!(
            transcript.code(Phase::Authenticate),
            pam::SUCCESS,
            "{reply:?}"
        );
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
    assert!(
        transcript.shows("user=alice rhost=203.0.113.9 tty=ssh"),
        "{transcript:#?}"
    );
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
    println!(
        "64 drivers stood at the barrier after {:?}",
        started.elapsed()
    );
    for driver in drivers {
        assert_eq!(driver.finish().code(Phase::Authenticate), pam::SUCCESS);
    }
}
