//! What the script's steps are made of: logins on a terminal, the administrator's commands, and checks.
use super::say::say;
use super::setting::{self, PASSWORD, USER, shell_prompt};
use countersign_tests::code::{self, Parameters};
use countersign_tests::factor::recovery_codes_in;
use countersign_tests::qr::{self, Otpauth, Theme};
use countersign_tests::world::{HOST_NAME, Sshd};
use countersign_tests::{Terminal, World, wait};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What an enrolled user is asked.
pub const PROMPT: &str = "Verification code: ";
/// What a person who enrolled is asked below the recovery codes.
pub const RECOVERY_PROMPT: &str = "Press Enter when you have written them down: ";
/// `[recovery] codes` of the shipped configuration.
pub const RECOVERY_CODES: usize = 8;
const PERIOD: i64 = 30;

/// The world and what the script remembers of it, as people's phones and memories would.
pub struct Scene {
    /// The world.
    pub world: World,
    _sshd: Sshd,
    /// Who sits at the terminal.
    person: &'static str,
    phones: BTreeMap<&'static str, Parameters>,
    /// The sheet with the recovery codes that the person at the terminal saw last.
    sheet: Vec<String>,
    /// What was found good while a login is on its terminal: told below what the terminal showed.
    notes: Option<Vec<String>>,
}

impl Scene {
    /// A world whose clock stands still, so that no code grows old while it is typed.
    pub fn open() -> Self {
        let world = setting::builder().build();
        let sshd = setting::furnish(&world);
        world.clock().freeze_mid_step(PERIOD);
        Self { world, _sshd: sshd, person: USER, phones: BTreeMap::new(), sheet: Vec::new(), notes: None }
    }

    /// Another time, with another code, an empty log, and alice at the terminal.
    pub fn begin_step(&mut self) {
        self.person = USER;
        self.wait_for_next_code();
        self.world.clear_log();
    }

    /// Moves the world's clock on instead of waiting.
    pub fn wait_for_next_code(&mut self) {
        self.world.move_clock(PERIOD);
    }

    /// An administrator's command that must succeed; gives what it said.
    pub fn administer(&self, arguments: &[&str]) -> String {
        let answer = self.world.countersign(arguments).ok();
        say(&format!("  # countersign {}\n{}", arguments.join(" "), indented(&answer)));
        answer
    }

    /// Shows what stands in a file of the world.
    pub fn show_file(&self, path: &str, part: &str) {
        let text = String::from_utf8_lossy(&self.world.read_file(path)).into_owned();
        assert!(text.contains(part), "{path} lacks {part:?}");
        say(&format!("  In {path}:\n\n{}\n", indented(&indented(part))));
    }

    /// Starts a login of alice's and types the password.
    pub fn log_in(&mut self) -> Terminal {
        self.log_in_as(USER)
    }

    /// Starts a login and types the password.
    pub fn log_in_as(&mut self, person: &'static str) -> Terminal {
        self.person = person;
        let ssh = setting::ssh(person);
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
        let is = (otpauth.account.as_str(), otpauth.issuer.as_deref()) == (self.person, Some(HOST_NAME));
        self.must("a QR reader reads the code on the screen", is, || format!("{otpauth:?}"));
        let key = code::key_in(&screen);
        let same = key.as_deref() == Some(otpauth.parameters.secret.as_str());
        self.must("the key beside it is the same", same, || format!("{key:?} and {otpauth:?}\n{screen}"));
        self.phones.insert(self.person, otpauth.parameters);
    }

    /// What the phone of the person at the terminal shows now.
    pub fn code(&self) -> String {
        self.phone().at(self.world.clock().now())
    }

    /// What no phone shows.
    pub fn wrong_code(&self) -> String {
        code::wrong_code(self.phone(), self.world.clock().now(), 25)
    }

    /// What the phone holds.
    pub fn phone(&self) -> &Parameters {
        self.phones.get(self.person).expect("an earlier step enrolled")
    }

    /// The recovery codes that were written down last.
    pub fn sheet(&self) -> &[String] {
        &self.sheet
    }

    /// `countersign status alice --json`.
    pub fn status(&self) -> Value {
        let answer = self.world.countersign(&["status", USER, "--json"]).ok();
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("status printed no JSON: {error}\n{answer}"))
    }

    /// These fields of alice's status are exactly so.
    pub fn must_be(&mut self, expected: &[(&str, Value)]) {
        let status = self.status();
        for (field, value) in expected {
            self.must(&format!("status: {field} is {value}"), status[field] == *value, || format!("{status:#}"));
        }
    }

    /// The number of alice's tokens.
    pub fn must_have_tokens(&mut self, count: usize) {
        let status = self.status();
        let tokens = status["tokens"].as_array().map(Vec::len);
        let enrolled = status["enrolled"] == Value::Bool(count > 0);
        let what = if count == 0 { "status: not enrolled" } else { "status: enrolled, one token" };
        self.must(what, tokens == Some(count) && enrolled, || format!("{status:#}"));
    }

    /// The module logged this event of alice's in this step, with these fields.
    pub fn must_log(&mut self, event: &str, fields: &[&str]) {
        let event = format!("event={event} user={USER} service=sshd rhost=127.0.0.1");
        self.must_have_line(&[&["pam_countersign", &event], fields].concat());
    }

    /// The helper logged this event about alice or someone else in this step, with these fields.
    pub fn helper_must_log(&mut self, event: &str, user: &str, fields: &[&str]) {
        let event = format!("event={event} user={user} service=countersign");
        self.must_have_line(&[&["countersign-helper", &event], fields].concat());
    }

    fn must_have_line(&mut self, needles: &[&str]) {
        let line = self.world.wait_for_log(needles);
        let message = line.split_once("event=").map_or(line.as_str(), |(_, rest)| rest);
        self.note(&format!("log: event={message}"));
    }

    /// The shell is there: who is it? Recovery codes on the way are written down. Gives what came before the shell.
    pub fn arrive(&mut self, terminal: &mut Terminal) -> String {
        let shell = shell_prompt(self.person);
        let (which, mut before) = terminal.expect_any(&[&shell, RECOVERY_PROMPT]);
        if which == 1 {
            self.sheet = recovery_codes_in(&before);
            let count = self.sheet.len();
            self.must("eight recovery codes are shown", count == RECOVERY_CODES, || before.clone());
            terminal.type_line("");
            before = terminal.expect(&shell);
        }
        terminal.type_line("id -un");
        terminal.expect(&format!("{}\n", self.person));
        terminal.expect(&shell);
        self.note(&format!("a shell of {}'s", self.person));
        before
    }

    /// A command in the shell; gives what it printed.
    pub fn run(&mut self, terminal: &mut Terminal, command: &str) -> String {
        terminal.type_line(command);
        terminal.expect(&format!("{command}\n"));
        terminal.expect(&shell_prompt(self.person))
    }

    /// A command in the shell that asks for a code first; gives what it printed after the code.
    pub fn run_with_code(&mut self, terminal: &mut Terminal, command: &str) -> String {
        let code = self.code();
        terminal.type_line(command);
        terminal.expect(&format!("{command}\n"));
        let before = terminal.answer(PROMPT, &code);
        self.must("a current code is asked for, and nothing is done before", before.is_empty(), || before.clone());
        terminal.expect(&format!("{code}\n"));
        terminal.expect(&shell_prompt(self.person))
    }

    /// The end of the session.
    pub fn leave(&mut self, terminal: &mut Terminal) {
        terminal.type_line("exit");
        let status = terminal.wait_exit();
        self.show(terminal);
        // The status is that of the last command; 255 would be ssh's own.
        assert!(status.code().is_some_and(|code| code != 255), "the session ended with {status}");
    }

    /// [`arrive`](Self::arrive) and [`leave`](Self::leave).
    pub fn look_around_and_leave(&mut self, terminal: &mut Terminal) {
        self.arrive(terminal);
        self.leave(terminal);
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
        let shell = printed.contains(&shell_prompt(self.person));
        self.must("no shell", !status.success() && !shell, || format!("{status}\n{printed}"));
    }

    /// All that a terminal showed, from the command on.
    fn show(&mut self, terminal: &Terminal) {
        let printed = terminal.printed();
        let command = setting::ssh(self.person).join(" ");
        say(&format!("  $ {command}\n{}", indented(printed.trim_end())));
        for note in self.notes.take().unwrap_or_default() {
            self.note(&note);
        }
    }

    /// Says that something is as it should be, or ends the demo with what was seen.
    pub fn must(&mut self, what: &str, holds: bool, seen: impl FnOnce() -> String) {
        assert!(holds, "should be: {what}\nseen: {}", seen());
        self.note(what);
    }

    /// Says that a text holds these parts, or ends the demo with the text.
    pub fn must_say(&mut self, text: &str, parts: &[&str]) {
        for part in parts {
            self.must(&format!("it says `{}`", part.trim_end()), text.contains(part), || text.to_owned());
        }
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
