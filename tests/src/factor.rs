//! The second factor under test: a world with the built module, fresh state, a stopped clock and people to enroll.
use crate::code::{Parameters, key_in, wrong_code};
use crate::pam_driver::{Style, pam};
use crate::world::STATE_DIR;
use crate::{Driver, Phase, Transcript, World};
use std::fs;
use std::path::PathBuf;

/// The prompt for a code.
pub const PROMPT: &str = "Verification code: ";
/// What a person is told of state or configuration that cannot be trusted, and of a failed write.
pub const NOT_AVAILABLE: &str = "Two-factor authentication is not available. Contact your administrator.";
/// What a person is told whose settings changed between proof and commit.
pub const SETTINGS_CHANGED: &str = "Your two-factor settings changed meanwhile. Log in again.";
/// Everyone is asked for a code.
pub const IN_USE: &str = "[defaults]\nuse_2fa = true\n";
/// The password of everyone in such a world.
pub const PASSWORD: &str = "correct horse";
/// The module's line in a stack, without arguments.
pub const MODULE: &str = "pam_countersign.so";

const STEP: i64 = 30;

/// A world with the second factor in it, its clock stopped in the middle of a step.
#[derive(Debug)]
pub struct Factor {
    /// The world.
    pub world: World,
}

impl Factor {
    /// With this configuration and these login accounts, nobody enrolled.
    pub fn new(config: &str, users: &[&str]) -> Self {
        let builder = users.iter().fold(World::builder(), |builder, user| builder.user(user, PASSWORD));
        let world = builder.product(config).build();
        world.clock().freeze_mid_step(STEP);
        Self { world }
    }

    /// A run of the module alone for a user on sshd: authenticate, then the account phase.
    pub fn driver(&self, user: &str) -> Driver<'_> {
        Driver::new(&self.world).user(user).bare_module(MODULE)
    }

    /// Answers the prompts of one authenticate and account phase.
    pub fn login(&self, user: &str, answers: &[&str]) -> Transcript {
        self.driver(user).answers(answers.iter().copied()).run()
    }

    /// Enrolls a user by the first code, and moves on to the next step.
    pub fn enroll(&self, user: &str) -> Parameters {
        let transcript = self.login(user, &["{code}"]);
        transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
        transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
        let token = key_shown(&transcript);
        self.next_step();
        token
    }

    /// As [`enroll`](Self::enroll), with the recovery codes that were shown.
    pub fn enroll_with_recovery_codes(&self, user: &str) -> (Parameters, Vec<String>) {
        let transcript = self.login(user, &["{code}", ""]);
        transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
        self.next_step();
        (key_shown(&transcript), recovery_codes_in(&transcript.text()))
    }

    /// Types wrong codes, as many in each login as it takes, and waits for the end of every block but the last.
    pub fn fail(&self, user: &str, token: &Parameters, failures: u64) {
        while self.failures(user) < failures {
            let left = usize::try_from(failures - self.failures(user)).expect("a small number");
            let wrong = self.wrong_code(token);
            self.login(user, &vec![wrong.as_str(); left.min(3)]);
            if self.failures(user) < failures && self.status(user)["blocked"]["until"].is_string() {
                self.world.move_clock(3_600);
            }
        }
    }

    /// Stops the clock one step later.
    pub fn next_step(&self) {
        self.world.move_clock(STEP);
    }

    /// The code of the present step.
    pub fn code(&self, token: &Parameters) -> String {
        token.at(self.world.clock().now())
    }

    /// The code some steps away.
    pub fn code_of_step(&self, token: &Parameters, steps: i64) -> String {
        token.steps_from(self.world.clock().now(), steps)
    }

    /// A code of no step around.
    pub fn wrong_code(&self, token: &Parameters) -> String {
        wrong_code(token, self.world.clock().now(), 3)
    }

    /// Asserts that the user logs in with the code of the next step, and moves there.
    pub fn assert_next_code_accepted(&self, user: &str, token: &Parameters) -> Transcript {
        self.next_step();
        let transcript = self.login(user, &[&self.code(token)]);
        transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
        transcript.assert_codes(Phase::Account, &[pam::IGNORE]);
        transcript
    }

    /// Asserts that a user is refused without a prompt because something cannot be trusted.
    pub fn assert_not_trusted(&self, user: &str) {
        let transcript = self.driver(user).run();
        assert!(transcript.ended(), "{transcript:#?}");
        transcript.assert_codes(Phase::Authenticate, &[pam::AUTHINFO_UNAVAIL]);
        transcript.assert_codes(Phase::Account, &[pam::IGNORE]);
        assert_eq!(transcript.prompts().len(), 0, "{transcript:#?}");
        assert_eq!(transcript.notices(), [NOT_AVAILABLE]);
    }

    /// A file or directory below the state directory, as this machine reaches it.
    pub fn state_path(&self, inside: &str) -> PathBuf {
        self.world.path(&format!("{STATE_DIR}/{inside}"))
    }

    /// The text of a user's record; `None` if there is none.
    pub fn record(&self, user: &str) -> Option<String> {
        fs::read_to_string(self.state_path(&format!("users/{user}.toml"))).ok()
    }

    /// The bytes of a user's counters; `None` if there are none.
    pub fn counters(&self, user: &str) -> Option<Vec<u8>> {
        fs::read(self.state_path(&format!("counters/{user}"))).ok()
    }

    /// Kind, mode, owner, links, size, time and content of everything below `/etc/countersign` and the state
    /// directory: equal before and after if nothing was touched.
    pub fn state(&self) -> String {
        let script = format!(
            "find /etc/countersign {STATE_DIR} -printf '%p %y %m %U %n %s %T@ %C@ %l\\n' | sort; \
             find /etc/countersign {STATE_DIR} -type f -size -100k -exec sha256sum {{}} + | sort"
        );
        self.world.run(&["sh", "-c", &script]).text()
    }

    /// Wrong codes in a row, as the command tells them.
    pub fn failures(&self, user: &str) -> u64 {
        self.status(user)["failures"].as_u64().expect("a number of failures")
    }

    /// What the command tells about a user.
    pub fn status(&self, user: &str) -> serde_json::Value {
        let text = self.world.countersign(&["status", user, "--json"]).text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("status of {user}: {error} in {text:?}"))
    }
}

/// The recovery codes in a text, in the order they are shown.
pub fn recovery_codes_in(text: &str) -> Vec<String> {
    let group =
        |group: &str| group.len() == 4 && group.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let code = |word: &&str| word.split('-').count() == 4 && word.split('-').all(group);
    text.split_whitespace().filter(code).map(str::to_owned).collect()
}

/// What the key on the last enrollment screen makes.
pub fn key_shown(transcript: &Transcript) -> Parameters {
    let key = transcript.messages().iter().rev().find_map(|message| key_in(&message.text));
    Parameters::new(&key.unwrap_or_else(|| panic!("no key in {transcript:#?}")))
}

impl Transcript {
    /// The texts of the error messages, in order.
    pub fn notices(&self) -> Vec<&str> {
        let errors = self.messages().into_iter().filter(|message| message.style == Style::Error);
        errors.map(|message| message.text.as_str()).collect()
    }

    /// The texts of the prompts, in order.
    pub fn questions(&self) -> Vec<&str> {
        self.prompts().into_iter().map(|prompt| prompt.text.as_str()).collect()
    }

    /// Whether the phase authenticate let someone in, or abstained.
    pub fn let_in(&self) -> bool {
        self.codes(Phase::Authenticate).iter().any(|code| [pam::SUCCESS, pam::IGNORE].contains(code))
    }
}
