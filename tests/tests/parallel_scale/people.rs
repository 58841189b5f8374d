//! What is done to one user from all sides, and what those who do it see of it.
use crate::history::{History, Recorded};
use crate::model::{Answer, Event, Seen, State};
use countersign_tests::code::{Parameters, key_in};
use countersign_tests::factor::{IN_USE, NOT_AVAILABLE, SETTINGS_CHANGED, key_shown, recovery_codes_in};
use countersign_tests::pam_driver::pam;
use countersign_tests::world::Outcome;
use countersign_tests::{Factor, Phase, Transcript};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const CONFIG: &str = "[throttle]\nmax_delay = '1m'\n";
/// Sessions whose writes take their time: those that did not wait for each other would all find the old state.
const SLOW: [&str; 6] =
    ["strace", "-o", "/dev/null", "-e", "inject=pwrite64,renameat,unlinkat:delay_enter=15000", "--"];

/// How fast a program runs.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    Usual,
    Slow,
}

/// alice, her tokens and recovery codes, and all that was done to her.
pub struct People {
    pub factor: Factor,
    pub history: History,
    /// Refusals for a lock that was not to be had in time.
    pub busy: AtomicUsize,
    tokens: Mutex<Vec<Parameters>>,
    sets: Mutex<Vec<Vec<String>>>,
    codes: Mutex<HashMap<(usize, i64), String>>,
}

impl People {
    pub fn new() -> Self {
        let factor = Factor::new(&format!("{IN_USE}{CONFIG}"), &["alice"]);
        Self {
            factor,
            history: History::default(),
            busy: AtomicUsize::new(0),
            tokens: Mutex::default(),
            sets: Mutex::default(),
            codes: Mutex::default(),
        }
    }

    /// What stood at first.
    pub fn start_of(&self, history: &[Recorded]) -> State {
        let ticks = history.iter().filter(|recorded| recorded.event == Event::Tick).count();
        let ticks = i64::try_from(ticks).expect("a number of steps");
        State { now: self.step() - ticks, ..State::default() }
    }

    /// The present step.
    pub fn step(&self) -> i64 {
        self.factor.world.clock().now().div_euclid(30)
    }

    /// How many tokens there have been.
    pub fn tokens(&self) -> usize {
        self.tokens.lock().expect("the tokens").len()
    }

    /// How many sets of recovery codes there have been, and how many codes are in the last one.
    pub fn sets(&self) -> (usize, usize) {
        let sets = self.sets.lock().expect("the sets");
        (sets.len(), sets.last().map_or(0, Vec::len))
    }

    pub fn tick(&self) {
        let began = Instant::now();
        self.factor.next_step();
        self.history.record(began, [Event::Tick]);
    }

    /// Someone logs in and answers so.
    pub fn log_in(&self, answer: Answer, pace: Pace) {
        let typed = match answer {
            Answer::Code { token, step } => self.code(token, step),
            // Not the code of any step for an hour around, whatever the token.
            Answer::Wrong => "000000".to_owned(),
            Answer::Recovery { set, place } => self.sets.lock().expect("the sets")[set][place as usize].clone(),
            Answer::Nothing => unreachable!("who enrolls"),
        };
        let began = Instant::now();
        let login = self.login(&[&typed], pace);
        if let Some(seen) = self.seen(&login) {
            let seen = if login.prompts().is_empty() && seen == Seen::Wrong { Seen::Blocked } else { seen };
            self.history.record(began, [Event::Login(answer, seen)]);
        }
    }

    /// Someone logs in and enrolls, if asked to.
    pub fn enroll(&self, pace: Pace) {
        let began = Instant::now();
        let login = self.login(&["{code}", ""], pace);
        if login.codes(Phase::Account) == [pam::SUCCESS] && login.codes(Phase::Authenticate) == [pam::SUCCESS] {
            let proof = &login.prompts()[0].answer;
            let token = self.add_token(key_shown(&login));
            let now = self.step();
            let step = (now - 20..=now).rev().find(|step| self.code(token, *step) == *proof);
            let set = self.add_set(&login.text());
            let step = step.expect("the step of the proving code");
            self.history.record(began, [Event::Enrolled { token, step, set }]);
        } else if let Some(seen) = self.seen(&login) {
            // Whether a proof is refused, and why, is left open: what counts is what is committed.
            let seen = if login.prompts().iter().any(|prompt| key_in(&prompt.text).is_some()) {
                Seen::AskedToEnroll
            } else {
                seen
            };
            self.history.record(began, [Event::Login(Answer::Nothing, seen)]);
        }
    }

    /// Root's command.
    pub fn root(&self, command: &str, pace: Pace) {
        let began = Instant::now();
        let wrapper: &[&str] = if let Pace::Slow = pace { &SLOW } else { &[] };
        let outcome = self.factor.world.run(&[wrapper, &["countersign", command, "alice"]].concat());
        let errors = outcome.errors();
        match (command, outcome.code()) {
            (_, Some(1)) if errors.contains("locked by ") => drop(self.busy.fetch_add(1, Ordering::Relaxed)),
            ("new-recovery-codes", Some(1)) if errors.contains("is not enrolled") => {
                self.history.record(began, [Event::NoToken]);
            }
            (_, code) => {
                assert_eq!(code, Some(0), "{command}: {}{errors}", outcome.text());
                let event = self.done(command, &outcome);
                self.history.record(began, event);
            }
        }
    }

    /// alice's own command, confirmed with a code.
    pub fn own(&self, command: &str, token: usize, step: i64) {
        let code = self.code(token, step);
        let began = Instant::now();
        let world = &self.factor.world;
        let outcome = world.command(&["countersign", command]).user("alice").stdin(format!("{code}\n")).run();
        if outcome.code() == Some(0) {
            let event = self.done(command, &outcome);
            self.history.record(began, [Event::Confirmed { token, step }].into_iter().chain(event));
        } else {
            assert_eq!(outcome.code(), Some(1), "{command}: {}{}", outcome.text(), outcome.errors());
            self.history.record(began, [Event::NotConfirmed { token, step }]);
        }
    }

    /// What `status` says.
    pub fn look(&self) {
        let began = Instant::now();
        let status = self.factor.status("alice");
        assert_eq!(status["state"], "ok", "{status:#}");
        let record = Event::ToldRecord { is_off: status["use_2fa"] == false, is_enrolled: status["enrolled"] == true };
        let failures = status["failures"].as_u64().and_then(|failures| u32::try_from(failures).ok());
        // Two files are read, one after the other, in either order.
        self.history.record(began, [record]);
        self.history.record(began, [Event::ToldFailures(failures.expect("a number"))]);
    }

    /// What a command that said it was done has done.
    fn done(&self, command: &str, outcome: &Outcome) -> Option<Event> {
        match command {
            "enable" => Some(Event::Enabled),
            "disable" => Some(Event::Disabled),
            "reset" => Some(Event::Reset),
            "forget" => Some(Event::Forgotten),
            "unblock" => Some(Event::Unblocked),
            "new-recovery-codes" => Some(Event::NewRecoveryCodes { set: self.add_set(&outcome.text()) }),
            _ => None,
        }
    }

    fn login(&self, answers: &[&str], pace: Pace) -> Transcript {
        let wrapper: &[&str] = if let Pace::Slow = pace { &SLOW } else { &[] };
        let login = self.factor.driver("alice").through(wrapper).answers(answers.iter().copied()).run();
        assert!(login.ended() && login.errors.is_empty(), "{login:#?}");
        login
    }

    /// What a login tells of the state; `None` if nothing.
    fn seen(&self, login: &Transcript) -> Option<Seen> {
        let verdict = login.code(Phase::Authenticate);
        let first = login.prompts().first().map(|prompt| prompt.text.as_str());
        let told = login.messages().iter().skip(1).map(|message| message.text.as_str()).collect::<String>();
        let told = if first.is_some() { told } else { login.text() };
        if told.contains(NOT_AVAILABLE) {
            self.busy.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let seen = match (verdict, first) {
            (pam::IGNORE, None) => Seen::NotAsked,
            (_, Some(prompt)) if key_in(prompt).is_some() => Seen::AskedToEnroll,
            (pam::SUCCESS, Some(_)) => Seen::Accepted,
            _ if told.contains(SETTINGS_CHANGED) => Seen::SettingsChanged,
            _ if told.contains("already used") => Seen::Used,
            _ if told.contains("too old") => Seen::TooOld,
            _ if told.contains("A code has 6 digits") => Seen::AskedForCode,
            _ if told.contains("Otp invalid!") => Seen::Wrong,
            _ if told.contains("Too many wrong codes.") => Seen::Blocked,
            _ => panic!("what is this? {login:#?}"),
        };
        Some(seen)
    }

    fn code(&self, token: usize, step: i64) -> String {
        let parameters = self.tokens.lock().expect("the tokens")[token].clone();
        let mut codes = self.codes.lock().expect("the codes");
        codes.entry((token, step)).or_insert_with(|| parameters.at(step * 30)).clone()
    }

    fn add_token(&self, token: Parameters) -> usize {
        let mut tokens = self.tokens.lock().expect("the tokens");
        tokens.push(token);
        tokens.len() - 1
    }

    fn add_set(&self, text: &str) -> usize {
        let mut sets = self.sets.lock().expect("the sets");
        sets.push(recovery_codes_in(text));
        sets.len() - 1
    }
}
