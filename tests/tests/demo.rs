//! `make demo` itself: played by its script, and by a person at a plain terminal of this machine.
use countersign_tests::qr::{self, Otpauth, Theme};
use countersign_tests::wait;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

const DEMO: &str = env!("CARGO_BIN_EXE_demo");
const OFFER: &str = "q: end the demo. ";

/// A demo on a terminal, in a network namespace of its own, so that only this test's `demo admin` finds it.
struct Person {
    demo: Child,
    terminal: File,
    emulator: vt100::Parser,
    unread: String,
}

impl Person {
    fn sit_down() -> Self {
        // Inherited by nobody: the terminal closes when this test closes it.
        let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).expect("open a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("unlock a terminal");
        let name = ptsname_r(&master).expect("name a terminal");
        let flags = OFlag::O_NOCTTY.bits();
        let end = || File::options().read(true).write(true).custom_flags(flags).open(&name).expect("open a terminal");
        // Neither of the two forks here: the child is the demo.
        let demo = Command::new("unshare")
            .args(["--net", "--", "setsid", "--ctty", "--", DEMO])
            .env("TERM", "xterm-256color")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("run unshare (util-linux)");
        let emulator = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
        Self { demo, terminal: File::from(OwnedFd::from(master)), emulator, unread: String::new() }
    }

    /// Waits for a text and returns what came before it.
    fn expect(&mut self, text: &str) -> String {
        let end = Instant::now() + wait::PATIENCE;
        loop {
            if let Some((before, after)) = self.unread.split_once(text) {
                let (before, after) = (before.to_owned(), after.to_owned());
                self.unread = after;
                return before;
            }
            assert!(Instant::now() < end, "no {text:?} in:\n{}", self.unread);
            self.listen();
        }
    }

    fn listen(&mut self) {
        let mut sources = [PollFd::new(self.terminal.as_fd(), PollFlags::POLLIN)];
        if nix::poll::poll(&mut sources, PollTimeout::from(100_u8)).expect("poll a terminal") == 0 {
            return;
        }
        let mut bytes = [0; 8192];
        let length = self.terminal.read(&mut bytes).unwrap_or(0);
        self.emulator.process(&bytes[..length]);
        self.unread.push_str(&String::from_utf8_lossy(&bytes[..length]));
    }

    fn type_text(&mut self, text: &str) {
        self.terminal.write_all(text.as_bytes()).expect("type on a terminal");
    }

    fn answer(&mut self, prompt: &str, line: &str) {
        self.expect(prompt);
        self.type_text(&format!("{line}\r"));
    }

    /// Process 1 of the demo's world, as the demo announces it.
    fn world(&self) -> u32 {
        let sockets = std::fs::read_to_string(format!("/proc/{}/net/unix", self.demo.id())).unwrap();
        let (_, name) = sockets.split_once("@countersign-demo.").expect("a running demo announces itself");
        name.lines().next().unwrap().parse().unwrap()
    }

    /// `make demo-admin < script`
    fn administer(&self, script: &str) -> Output {
        let target = self.demo.id().to_string();
        run(Command::new("nsenter").args(["--net", "--target", &target, "--", DEMO, "admin"]), script)
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = self.demo.kill();
        let _ = self.demo.wait();
    }
}

fn run(command: &mut Command, stdin: &str) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("run a command");
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap_or_default();
    child.wait_with_output().expect("wait for a command")
}

/// Waits until a world's process 1 is gone: it goes last of all in it.
fn until_gone(world: u32) {
    let process = format!("/proc/{world}");
    wait::until("the end of the demo's world", || (!std::path::Path::new(&process).exists()).then_some(()));
}

#[test]
fn the_scripted_demo_plays_every_step() {
    let mounts = || std::fs::read_to_string("/proc/self/mounts").unwrap();
    let before = mounts();
    let output = run(&mut Command::new(DEMO), "");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for heading in [
        "== 1. First login",
        "== 2. Second login",
        "== 3. The same code again",
        "== 4. Wrong codes",
        "== 5. Without the phone",
        "7 recovery codes left.",
        "event=recovery_used user=alice service=sshd rhost=127.0.0.1 left=7",
        "== 6. A new phone",
        "== 7. Alice helps herself",
        "alice@host1:~$ countersign reset\n  Verification code: ",
        "event=changed user=alice service=countersign what=reset by=alice",
        "== 8. Locked",
        "error: you may not turn two-factor authentication on or off\n  hint: your administrator can give you that right",
        "== 9. The help desk",
        "event=changed user=alice service=countersign what=reset by=hana",
        "error: olga: is an administrator\n  hint: another administrator can help",
        "== 10. Time to enroll",
        "Verification code: later",
        "== 11. Unlocked",
        "== 12. A stack without our account line",
        "All 12 steps went as they should.",
    ] {
        assert!(text.contains(heading), "no {heading:?} in:\n{text}");
    }
    assert!(text.contains("██ ▄▄▄▄▄ █"), "no QR code in:\n{text}");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(before, mounts());
}

#[test]
fn a_person_enrolls_and_an_administrator_looks_on() {
    let mut person = Person::sit_down();
    let introduction = person.expect("Password: ");
    assert!(introduction.contains("The password of alice is: demo"), "{introduction}");
    person.type_text("demo\r");
    person.expect("Verification code: ");
    let uri = qr::read(person.emulator.screen(), Theme::Dark).expect("a QR code on the screen");
    let key = Otpauth::parse(&uri).parameters;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    person.type_text(&format!("{}\r", key.at(i64::try_from(now).unwrap())));
    person.answer("Press Enter when you have written them down: ", "");
    person.expect("alice@host1:~$ ");

    let output = person.administer("countersign status alice; log; exit 3");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(text.contains("Enrolled: yes") && text.contains("event=enrolled user=alice"), "{text}");
    let letters: Vec<_> = key.secret.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    let output = person.administer(&format!("code {} && code", groups.join(" ")));
    let codes = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(codes.lines().count() == 2 && codes.lines().all(|code| code.len() == 6), "{output:?}");

    // Looking takes no code.
    person.type_text("countersign status\r");
    person.expect("Recovery codes left: 8");
    person.expect("alice@host1:~$ ");
    let output = person.administer("su - alice -c 'countersign explain'");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("members of helpdesk may, to alice: reset, unblock"), "{output:?}");

    person.type_text("exit\r");
    person.answer(OFFER, "nobody");
    person.expect("There are: alice, hana, olga.");
    person.answer(OFFER, "hana");
    person.answer("(hana@host1) Password: ", "demo");
    person.expect("hana on host1");
    person.type_text("\x03");
    // ^C ends a login, not the demo.
    person.answer(OFFER, "");
    person.expect("Password: ");
    person.type_text("\x03");
    let world = person.world();
    person.answer(OFFER, "q");
    let mut ended = || person.demo.try_wait().unwrap();
    let status = wait::until("the end of the demo", &mut ended);
    assert!(status.success(), "{status}");
    until_gone(world);
}

#[test]
fn a_closed_terminal_ends_the_world() {
    let mut person = Person::sit_down();
    person.answer("Password: ", "demo");
    person.expect("Verification code: ");
    let world = person.world();
    person.terminal = File::open("/dev/null").unwrap();
    wait::until("the end of the demo", || person.demo.try_wait().unwrap());
    until_gone(world);
}

#[test]
fn without_a_demo_there_is_nothing_to_administer() {
    let output = run(Command::new("unshare").args(["--net", "--", DEMO, "admin"]), "echo reached");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: no demo is running\nhint: in another terminal: make demo\n"
    );
    assert!(output.stdout.is_empty());
}
