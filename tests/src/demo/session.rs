//! What the script's steps are made of: logins on a terminal, the administrator's commands, and checks.
use super::say::say;
use super::setting::{self, PASSWORD, SHELL_PROMPT, USER};
use countersign_tests::code::{self, Parameters};
use countersign_tests::qr::{self, Otpauth, Theme};
use countersign_tests::world::{HOST_NAME, Sshd};
use countersign_tests::{Terminal, World, wait};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// What an enrolled user is asked.
pub const PROMPT: &str = "Verification code: ";
/// What a person who enrolled is asked below the recovery codes.
const RECOVERY_PROMPT: &str = "Press Enter when you have written them down: ";
const PERIOD: i64 = 30;

/// The world and what the script remembers of it, as a person's phone and memory would.
pub struct Scene {
    /// The world.
    pub world: World,
    _sshd: Sshd,
    phone: Option<Parameters>,
    /// What was found good while a login is on its terminal: told below what the terminal showed.
    notes: Option<Vec<String>>,
}

impl Scene {
    /// A world whose clock stands still, so that no code grows old while it is typed.
    pub fn open() -> Self {
        let world = setting::builder().build();
        let sshd = setting::furnish(&world);
        world.clock().freeze_mid_step(PERIOD);
        Self { world, _sshd: sshd, phone: None, notes: None }
    }

    /// Another time, with another code, and an empty log.
    pub fn begin_step(&mut self) {
        self.wait_for_next_code();
        self.world.clear_log();
    }

    /// Moves the world's clock on instead of waiting.
    pub fn wait_for_next_code(&mut self) {
        self.world.move_clock(PERIOD);
    }

    /// An administrator's command that must succeed.
    pub fn administer(&self, arguments: &[&str]) {
        let answer = self.world.countersign(arguments).ok();
        say(&format!("  # countersign {}\n{}", arguments.join(" "), indented(&answer)));
    }

    /// Starts a login and types the password.
    pub fn log_in(&mut self) -> Terminal {
        let ssh = setting::ssh();
        let argv: Vec<_> = ssh.iter().map(String::as_str).collect();
        let mut terminal = Terminal::spawn(&self.world, &argv);
        self.notes = Some(Vec::new());
        terminal.answer("Password: ", PASSWORD);
        terminal
    }

    /// Waits for the enrollment screen and scans it with an empty phone.
    pub fn scan(&mut self, terminal: &mut Terminal) {
        terminal.expect(PROMPT);
        let uri = qr::read(terminal.screen(), Theme::Dark);
        let screen = terminal.screen_text();
        let otpauth = uri.as_deref().map(Otpauth::parse);
        let Some(otpauth) = otpauth else { panic!("no QR code can be read on the screen:\n{screen}") };
        let is = (otpauth.account.as_str(), otpauth.issuer.as_deref());
        self.must("a QR reader reads the code on the screen", is == (USER, Some(HOST_NAME)), || format!("{otpauth:?}"));
        let key = code::key_in(&screen);
        let same = key.as_deref() == Some(otpauth.parameters.secret.as_str());
        self.must("the key beside it is the same", same, || format!("{key:?} and {otpauth:?}\n{screen}"));
        self.phone = Some(otpauth.parameters);
    }

    /// What the phone shows now.
    pub fn code(&self) -> String {
        self.phone().at(self.world.clock().now())
    }

    /// What no phone shows.
    pub fn wrong_code(&self) -> String {
        code::wrong_code(self.phone(), self.world.clock().now(), 25)
    }

    /// What the phone holds.
    pub fn phone(&self) -> &Parameters {
        self.phone.as_ref().expect("an earlier step enrolled")
    }

    /// `countersign status alice --json`.
    pub fn status(&self) -> Value {
        let answer = self.world.countersign(&["status", USER, "--json"]).ok();
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("status printed no JSON: {error}\n{answer}"))
    }

    /// These fields of the status are exactly so.
    pub fn must_be(&mut self, expected: &[(&str, Value)]) {
        let status = self.status();
        for (field, value) in expected {
            self.must(&format!("status: {field} is {value}"), status[field] == *value, || format!("{status:#}"));
        }
    }

    /// The number of the user's tokens.
    pub fn must_have_tokens(&mut self, count: usize) {
        let status = self.status();
        let tokens = status["tokens"].as_array().map(Vec::len);
        let enrolled = status["enrolled"] == Value::Bool(count > 0);
        let what = if count == 0 { "status: not enrolled" } else { "status: enrolled, one token" };
        self.must(what, tokens == Some(count) && enrolled, || format!("{status:#}"));
    }

    /// The module logged this event of the user's in this step, with these fields.
    pub fn must_log(&mut self, event: &str, fields: &[&str]) {
        let event = format!("event={event} user={USER} service=sshd rhost=127.0.0.1");
        let line = self.world.wait_for_log(&[&["pam_countersign", &event], fields].concat());
        let message = line.split_once("event=").map_or(line.as_str(), |(_, rest)| rest);
        self.note(&format!("log: event={message}"));
    }

    /// The shell is there: who is it? Then the end of the session.
    pub fn look_around_and_leave(&mut self, terminal: &mut Terminal) {
        let (which, mut before) = terminal.expect_any(&[SHELL_PROMPT, RECOVERY_PROMPT]);
        if which == 1 {
            terminal.type_line("");
            before = terminal.expect(SHELL_PROMPT);
            self.note("recovery codes are shown, once");
        }
        terminal.type_line("id -un");
        terminal.expect(&format!("{USER}\n"));
        terminal.answer(SHELL_PROMPT, "exit");
        let status = terminal.wait_exit();
        self.show(terminal);
        self.must("a shell of alice's", status.success(), || format!("{status}, after {before:?}"));
    }

    /// ^C at a prompt.
    pub fn give_up(&mut self, terminal: &mut Terminal) {
        let process = format!("/proc/{}", terminal.process());
        let gone = || (!Path::new(&process).exists()).then_some(());
        // ssh misses a ^C that comes in the moment between its prompt and its read; a person would repeat it, too.
        for _ in 0..5 {
            terminal.type_bytes(b"\x03");
            if wait::poll(Duration::from_secs(1), gone).is_some() {
                break;
            }
        }
        let status = terminal.wait_exit();
        self.show(terminal);
        let printed = terminal.printed();
        self.must("no shell", !status.success() && !printed.contains(SHELL_PROMPT), || format!("{status}\n{printed}"));
    }

    /// All that a terminal showed, from the command on.
    fn show(&mut self, terminal: &Terminal) {
        let printed = terminal.printed();
        say(&format!("  $ {}\n{}", setting::ssh().join(" "), indented(printed.trim_end())));
        for note in self.notes.take().unwrap_or_default() {
            self.note(&note);
        }
    }

    /// Says that something is as it should be, or ends the demo with what was seen.
    pub fn must(&mut self, what: &str, holds: bool, seen: impl FnOnce() -> String) {
        assert!(holds, "should be: {what}\nseen: {}", seen());
        self.note(what);
    }

    fn note(&mut self, what: &str) {
        match &mut self.notes {
            Some(notes) => notes.push(what.to_owned()),
            None => say(&format!("  ok  {what}")),
        }
    }
}

fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| format!("  {line}"));
    lines.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
