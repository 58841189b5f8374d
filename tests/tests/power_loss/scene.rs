//! A world of people, their phones, the disk their state lies on, and what is asserted of a disk after a power cut.
use crate::deed::Done;
use countersign_tests::code::Parameters;
use countersign_tests::factor::IN_USE;
use countersign_tests::pam_driver::pam;
use countersign_tests::world::Image;
use countersign_tests::{Factor, Phase};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::sync::Mutex;

const CONFIG: &str = "
[enrollment]
grace = '7d'
[[delegate]]
group = 'desk'
over = ['students']
may = ['reset', 'unblock', 'lock', 'unlock', 'enable', 'disable', 'enroll', 'new-recovery-codes']
";

/// alice has a phone, a tablet and recovery codes; bob is a student, carol the help desk; dave is not enrolled.
pub struct Scene {
    pub factor: Factor,
    /// What every deed finds.
    pub disk: Image,
    /// alice's.
    pub recovery_codes: Vec<String>,
    phones: BTreeMap<&'static str, Parameters>,
    codes: Mutex<HashMap<(String, i64), String>>,
}

/// Every file of the state, by its path below the state directory.
pub type Files = BTreeMap<String, Vec<u8>>;

impl Scene {
    pub fn new() -> Self {
        let factor = Factor::new(&format!("{IN_USE}{CONFIG}"), &["alice", "bob", "carol", "dave"]);
        factor.world.add_to_group("desk", &["carol"]);
        factor.world.add_to_group("students", &["bob"]);
        let (phone, recovery_codes) = factor.enroll_with_recovery_codes("alice");
        factor.world.countersign(&["enroll", "alice", "--label", "tablet", "--no-confirm"]).ok();
        let phones =
            BTreeMap::from([("alice", phone), ("bob", factor.enroll("bob")), ("carol", factor.enroll("carol"))]);
        let disk = factor.world.disk_of_the_state();
        Self { factor, disk, recovery_codes, phones, codes: Mutex::default() }
    }

    /// The first token of someone who is enrolled.
    pub fn phone(&self, user: &str) -> &Parameters {
        &self.phones[user]
    }

    /// The code of a token some steps from now; computed once.
    pub fn code_of(&self, token: &Parameters, steps: i64) -> String {
        let time = self.factor.world.clock().now() + 30 * steps;
        let mut codes = self.codes.lock().expect("the codes");
        codes.entry((token.secret.clone(), time)).or_insert_with(|| token.at(time)).clone()
    }

    /// The code of someone's first token.
    pub fn code(&self, user: &str, steps: i64) -> String {
        self.code_of(self.phone(user), steps)
    }

    /// What stands on the disk that is mounted now.
    pub fn files(&self) -> Files {
        let mut files = Files::new();
        for room in ["users", "counters"] {
            for entry in fs::read_dir(self.factor.state_path(room)).expect("list the state") {
                let path = entry.expect("list the state").path();
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                files.insert(format!("{room}/{name}"), fs::read(&path).expect("read the state"));
            }
        }
        files
    }

    /// What the command tells of everyone; nothing in it may be untrusted.
    pub fn list(&self, at: &str) -> Vec<Value> {
        let outcome = self.factor.world.countersign(&["list", "--json"]);
        assert_eq!(outcome.code(), Some(0), "{at}: something is not trusted: {}{}", outcome.text(), outcome.errors());
        serde_json::from_slice(&outcome.stdout).expect("JSON")
    }

    /// Asserts that no code of these opens anything.
    pub fn assert_used_up(&self, at: &str, used: &[(&'static str, String)]) {
        for (user, code) in used {
            let login = self.factor.login(user, &[code]);
            assert!(!login.codes(Phase::Authenticate).contains(&pam::SUCCESS), "{at}: accepted again: {login:#?}");
        }
    }

    /// Asserts that everybody gets in, two steps later and with a token that stands in the record.
    pub fn assert_all_get_in(&self, at: &str, done: &Done) {
        let list = self.list(at);
        self.factor.world.move_clock(60);
        for user in ["alice", "bob", "carol", "dave"] {
            let status = list.iter().find(|status| status["user"] == user);
            self.assert_gets_in(&format!("{at}: {user} afterwards"), user, status, done);
        }
        self.factor.world.move_clock(-60);
    }

    fn assert_gets_in(&self, at: &str, user: &str, status: Option<&Value>, done: &Done) {
        let record = fs::read_to_string(self.factor.state_path(&format!("users/{user}.toml"))).unwrap_or_default();
        let tokens = self.phones.get(user).into_iter().chain(&done.token);
        let code = tokens.filter(|token| record.contains(&token.secret)).map(|token| self.code_of(token, 0)).next();
        if status.is_some_and(|status| !status["blocked"].is_null()) {
            self.factor.world.countersign(&["unblock", user]).ok();
        }
        let is = |key: &str, otherwise| status.map_or(otherwise, |status| status[key] == true);
        let (answer, codes) = match (is("use_2fa", true), is("enrolled", false)) {
            (false, _) => ("", [pam::IGNORE, pam::IGNORE]),
            (true, true) => (code.as_deref().expect("a known token"), [pam::SUCCESS, pam::IGNORE]),
            (true, false) => ("{code}", [pam::SUCCESS, pam::SUCCESS]),
        };
        let login = self.factor.login(user, &[answer]);
        let ended = [Phase::Authenticate, Phase::Account].map(|phase| login.codes(phase));
        assert_eq!(ended, codes.map(|code| vec![code]), "{at}: {login:#?}");
    }
}
