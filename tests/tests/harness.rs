//! The harness tried on what any machine has: no part of the product is used here.
use countersign_tests::qr::{self, Otpauth, Theme};
use countersign_tests::terminal::{self, Size};
use countersign_tests::world::{HOST_NAME, Stack};
use countersign_tests::{Terminal, World, code};
use qrcode::{Color, EcLevel, QrCode};
use std::time::Instant;

const PASSWORD: &str = "correct horse";
const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn world_of_alice() -> World {
    let world = World::builder().user("alice", PASSWORD).user("bob", "battery staple").build();
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
    world.sh("exec >/dev/null 2>&1; setsid sleep 1000 & nohup sleep 1000 &").ok();
    let processes = world.processes();
    assert!(processes.len() >= 3, "process 1 and two orphans: {processes:?}");
    let first = world.first_process();
    drop(world);
    for pid in processes {
        assert!(!std::path::Path::new(&format!("/proc/{pid}/ns/pid")).exists(), "{pid} lives");
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
    assert!(line.starts_with("<38>"), "facility auth, level info: {line}");
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
    world.wait_for_log(&["Partial publickey for alice"]);
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
    world.allow_sudo("alice");
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
    assert!(person.screen_text().ends_with("(alice@127.0.0.1) Password:"));
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
    assert_eq!(date(&["python3", "-c", "import time; print(int(time.time()))"]), now);

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
    assert_eq!(code::code_at("gezd gnbv gy3t qojq-gezdgnbvgy3tqojq", 59, 6, 30, "SHA1"), "287082");
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
    let beside = "█▀▀█  Key:\n█  █  GEZD GNBV GY3T QOJQ\n▀▀▀▀  GEZD GNBV GY3T QOJQ\nScan THIS with your app";
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
        let dark = inside && code[(usize::try_from(x).unwrap(), usize::try_from(y).unwrap())] == Color::Dark;
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
            let (own, other) = if light_is_ink { (Theme::Dark, Theme::Light) } else { (Theme::Light, Theme::Dark) };
            assert_eq!(qr::read(person.screen(), own).as_deref(), Some(uri.as_str()));
            assert_eq!(qr::read(person.screen(), other), None);
        }
    }
}

#[test]
fn an_uri_is_read_as_a_phone_reads_it() {
    let otpauth = Otpauth::parse("otpauth://totp/a%20host:al%23ice?secret=GEZDGNBVGY3TQOJQ&issuer=a%20host&digits=8");
    assert_eq!(otpauth.account, "al#ice");
    assert_eq!(otpauth.issuer.as_deref(), Some("a host"));
    assert_eq!(otpauth.issuer, otpauth.label_issuer);
    assert_eq!(otpauth.parameters.secret, "GEZDGNBVGY3TQOJQ");
    assert_eq!((otpauth.parameters.digits, otpauth.parameters.period), (8, 30));
    assert_eq!(otpauth.parameters.algorithm, "SHA1");
}
