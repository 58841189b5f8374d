//! What the login suites share: a world with the product in place, a phone, and what a person does at a login.
use countersign_tests::code::{self, Parameters};
use countersign_tests::qr::{self, Otpauth, Theme};
use countersign_tests::terminal::{self, Size};
use countersign_tests::world::{STATE_DIR, Stack};
use countersign_tests::{Terminal, World};

pub const ALICES: &str = "correct horse";
pub const BOBS: &str = "battery staple";
pub const PROMPT: &str = "Verification code: ";
/// The last prompt of a login that enrolled.
pub const RECOVERY_PROMPT: &str = "Press Enter when you have written them down: ";
pub const CHANGED: &str = "Your two-factor settings changed meanwhile. Log in again.";
pub const NOT_AVAILABLE: &str = "Two-factor authentication is not available. Contact your administrator.";
pub const NOT_A_CODE: &str = "Otp invalid! A code has 6 digits.";
pub const WRONG: &str = "Otp invalid!";
pub const WRONG_AGAIN: &str = "Otp invalid! If you typed it correctly, set your phone's clock to automatic.";

/// A configuration: everyone is asked for a code.
pub const ON: &str = "[defaults]\nuse_2fa = true\n";
/// Nobody is given recovery codes: a block leaves no way in.
pub const NO_RECOVERY: &str = "[recovery]\ncodes = 0\n";
/// Seconds of a step.
pub const STEP: i64 = 30;

/// Alice and bob, the stacks of the README, and the product under this configuration. The clock stands in the middle
/// of a step, so that codes change only when a test moves it.
pub fn world_with(config: &str) -> World {
    let mut builder = World::builder().user("alice", ALICES).user("bob", BOBS).product(config);
    for stack in [Stack::Sshd, Stack::Login, Stack::Su, Stack::Sudo] {
        builder = builder.stack(stack);
    }
    let world = builder.build();
    world.clock().freeze_mid_step(STEP);
    world
}

/// A world in which everyone is asked for a code.
pub fn world() -> World {
    world_with(ON)
}

/// What an authenticator app holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone(pub Otpauth);

impl Phone {
    /// Waits for the prompt and scans the QR code above it, on a dark terminal.
    pub fn scan(person: &mut Terminal) -> Self {
        person.expect(PROMPT);
        Self::scan_screen(person, Theme::Dark)
    }

    /// Scans the QR code on the screen as it stands. The key in text must say the same.
    pub fn scan_screen(person: &mut Terminal, theme: Theme) -> Self {
        let uri = qr::read(person.screen(), theme);
        let screen = person.screen_text();
        let otpauth = Otpauth::parse(&uri.unwrap_or_else(|| panic!("no QR code under {theme:?}:\n{screen}")));
        // What is left of an earlier drawing may stand above.
        let key = code::key_in(&screen).expect("a key in groups of four");
        assert!(key.ends_with(&otpauth.parameters.secret), "\n{screen}");
        Self(otpauth)
    }

    pub fn parameters(&self) -> &Parameters {
        &self.0.parameters
    }

    /// The code it shows at the world's present time.
    pub fn code(&self, world: &World) -> String {
        self.code_in(world, 0)
    }

    /// The code it shows so many steps later, or earlier.
    pub fn code_in(&self, world: &World, steps: i64) -> String {
        self.parameters().steps_from(world.clock().now(), steps)
    }

    /// A code that is wrong for long.
    pub fn wrong(&self, world: &World) -> String {
        code::wrong_code(self.parameters(), world.clock().now(), 50)
    }
}

/// Someone logs in over ssh and types the password once.
pub fn ssh(world: &World, user: &str, password: &str) -> Terminal {
    ssh_with(world, user, password, &[])
}

/// As [`ssh`], with options of the client.
pub fn ssh_with(world: &World, user: &str, password: &str, options: &[&str]) -> Terminal {
    let options = [&["-o", "NumberOfPasswordPrompts=1"], options].concat();
    let command = terminal::ssh_command(world, user, &options, &[]);
    let mut person = Terminal::spawn_with(world, command, Size::default());
    person.answer("Password: ", password);
    person
}

/// Bob becomes alice, whose password he knows.
pub fn su(world: &World) -> Terminal {
    su_to(world, "alice", ALICES)
}

/// Bob becomes someone whose password he knows.
pub fn su_to(world: &World, user: &str, password: &str) -> Terminal {
    let mut person = terminal::su(world, "bob", user);
    person.answer("Password: ", password);
    person
}

/// Alice's phone after a first login, the step of which has passed.
pub fn enrolled(world: &World) -> Phone {
    let phone = enroll(world, su(world));
    world.move_clock(STEP);
    phone
}

/// Goes on to the end of a first login of alice.
pub fn enroll(world: &World, mut person: Terminal) -> Phone {
    let phone = Phone::scan(&mut person);
    person.type_line(&phone.code(world));
    expect_shell(&mut person, "alice");
    phone
}

/// A shell opens; returns what was said before it, after the recovery codes if some were shown. Leaves the shell.
pub fn expect_shell(person: &mut Terminal, user: &str) -> Vec<String> {
    let (which, mut before) = person.expect_any(&["$ ", RECOVERY_PROMPT]);
    if which == 1 {
        person.type_line("");
        before = person.expect("$ ");
    }
    person.type_line("echo I am $(id -un).; exit");
    person.expect(&format!("I am {user}."));
    person.wait_exit();
    // The last line is the beginning of the shell's own prompt.
    before.rsplit_once('\n').map(|(before, _)| said(before)).unwrap_or_default()
}

/// Types an answer and waits for the next prompt; returns what was said in between.
pub fn answer(person: &mut Terminal, line: &str) -> Vec<String> {
    person.type_line(line);
    said(&person.expect(PROMPT))
}

/// Types an answer and is refused; returns what was said last.
pub fn answer_refused(person: &mut Terminal, line: &str) -> Vec<String> {
    person.type_line(line);
    expect_refused(person)
}

/// The program refuses and ends; returns what was said last.
pub fn expect_refused(person: &mut Terminal) -> Vec<String> {
    let ends = ["su: ", "Permission denied (", "Login incorrect"];
    let (_, before) = person.expect_any(&ends);
    assert!(!person.printed().contains("$ "), "a shell:\n{}", person.screen_text());
    said(&before)
}

/// The lines after the one in which an answer was typed, without what the ssh client puts before them.
fn said(printed: &str) -> Vec<String> {
    let bare = |line: &str| match line.split_once("@127.0.0.1) ") {
        Some((user, rest)) if user.starts_with('(') => rest.trim().to_owned(),
        _ => line.trim().to_owned(),
    };
    printed.lines().skip(1).map(bare).filter(|line| !line.is_empty()).collect()
}

/// What `countersign status USER --json` says.
pub fn status(world: &World, user: &str) -> serde_json::Value {
    let text = world.countersign(&["status", user, "--json"]).ok();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Whether the user has a token, as the command says and as the record says.
pub fn is_enrolled(world: &World, user: &str) -> bool {
    let enrolled = status(world, user)["enrolled"].as_bool().expect("a truth value");
    let record = world.sh(&format!("cat {STATE_DIR}/users/{user}.toml 2>/dev/null || true")).ok();
    assert_eq!(enrolled, record.contains("secret"), "{record}");
    enrolled
}

/// Wrong codes since the last accepted one.
pub fn failures(world: &World, user: &str) -> u64 {
    status(world, user)["failures"].as_u64().expect("a number")
}
