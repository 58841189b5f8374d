//! A world of people who help themselves and each other, and its state: kept, put back, looked at.
use crate::deed::Deed;
use countersign_tests::Factor;
use countersign_tests::code::Parameters;
use countersign_tests::factor::IN_USE;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;

const RIGHTS: &str = "
[recovery]
codes = 2
[administrators]
groups = ['ops']
[[delegate]]
group = 'desk'
over = ['students']
may = ['reset', 'unblock', 'lock', 'unlock', 'enable', 'disable', 'enroll', 'new-recovery-codes']
";
/// The number of the account that owns the state.
const OWNER: u32 = 990;

/// alice has a phone and a tablet, carol is the help desk, olga an administrator, bob and dave are students; dave is
/// not enrolled.
pub struct People {
    pub factor: Factor,
    tokens: Vec<(&'static str, Parameters)>,
    codes: RefCell<HashMap<(String, i64), String>>,
    first: Files,
    kept: Files,
}

/// Every file below the state's two rooms.
type Files = Vec<(PathBuf, Vec<u8>)>;

/// What stands of everyone, as root's `list` tells it.
#[derive(Debug)]
pub struct Everyone(Vec<(Value, Standing)>);

/// What stands of a user, and the number of changes of the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    told: Value,
    revision: Option<String>,
}

impl Everyone {
    /// What stands of someone; the defaults if nobody ever touched it.
    pub fn of(&self, user: &str) -> Standing {
        let untouched = || Standing { told: json!([[], [true, true, 0], 0, true]), revision: None };
        self.0.iter().find(|(told, _)| told["user"] == user).map_or_else(untouched, |(_, standing)| standing.clone())
    }

    /// Whether a code is asked of someone at a login, and whether there is a token.
    pub fn asked_and_enrolled(&self, user: &str) -> (bool, bool) {
        let told = self.0.iter().find(|(told, _)| told["user"] == user).map(|(told, _)| told);
        told.map_or((true, false), |told| (told["use_2fa"] == true, told["enrolled"] == true))
    }
}

impl People {
    pub fn new() -> Self {
        let factor = Factor::new(&format!("{IN_USE}{RIGHTS}"), &["alice", "bob", "carol", "dave", "olga"]);
        let world = &factor.world;
        world.add_to_group("desk", &["carol"]);
        world.add_to_group("students", &["bob", "dave"]);
        world.add_to_group("ops", &["olga"]);
        let tokens = ["alice", "bob", "carol", "olga"].map(|user| (user, factor.enroll(user))).to_vec();
        world.countersign(&["enroll", "alice", "--label", "tablet", "--no-confirm"]).ok();
        factor.next_step();
        let mut people = Self { factor, tokens, codes: RefCell::default(), first: Vec::new(), kept: Vec::new() };
        people.first = people.content();
        people
    }

    /// Types wrong codes at logins until there is a block.
    pub fn block(&self, user: &str) {
        self.factor.fail(user, self.token(user).expect("someone who is enrolled"), 5);
    }

    /// Runs root's command.
    pub fn root(&self, arguments: &[&str]) {
        self.factor.world.countersign(arguments).ok();
    }

    /// The first token of someone who is enrolled.
    pub fn token(&self, user: &str) -> Option<&Parameters> {
        self.tokens.iter().find(|(name, _)| *name == user).map(|(_, token)| token)
    }

    /// A code of someone's first token, of the step before this one, of this one, or of the next.
    pub fn code(&self, user: &str, steps: i64) -> String {
        self.code_of(self.token(user).expect("someone who is enrolled"), steps)
    }

    /// As [`code`](Self::code), of any token. The clock stands still, so it is computed once.
    pub fn code_of(&self, token: &Parameters, steps: i64) -> String {
        let key = (token.secret.clone(), steps);
        let compute = || self.factor.code_of_step(token, steps);
        self.codes.borrow_mut().entry(key).or_insert_with(compute).clone()
    }

    fn files(&self) -> Vec<PathBuf> {
        let rooms = ["users", "counters"].map(|room| self.factor.state_path(room));
        let entries = rooms.iter().flat_map(|room| fs::read_dir(room).expect("list the state"));
        entries.map(|entry| entry.expect("list the state").path()).collect()
    }

    fn content(&self) -> Files {
        self.files().into_iter().map(|path| (path.clone(), fs::read(path).expect("read the state"))).collect()
    }

    /// The state that a deed finds.
    pub fn prepare(&mut self, deed: &Deed) {
        self.kept = std::mem::take(&mut self.first);
        self.put_back();
        self.first = std::mem::take(&mut self.kept);
        (deed.before)(self);
        self.kept = self.content();
    }

    /// Puts back what the present deed found.
    pub fn put_back(&self) {
        for path in self.files() {
            fs::remove_file(path).expect("empty the state");
        }
        for (path, content) in &self.kept {
            fs::write(path, content).expect("put the state back");
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("put the state back");
            chown(path, Some(OWNER), Some(OWNER)).expect("put the state back");
        }
    }

    /// What stands of everyone, all of which must be trusted.
    pub fn everyone(&self) -> Everyone {
        let listed = self.factor.world.countersign(&["list", "--json"]);
        let listed: Vec<Value> = serde_json::from_str(&listed.ok()).expect("JSON");
        Everyone(listed.into_iter().map(|told| (told.clone(), self.standing(&told))).collect())
    }

    fn standing(&self, told: &Value) -> Standing {
        assert_eq!(told["state"], "ok", "{told:#}");
        let labels: Vec<_> = told["tokens"].as_array().expect("an array").iter().map(|token| &token["label"]).collect();
        let settings = [&told["use_2fa"], &told["can_toggle"], &told["recovery_codes_left"]];
        let record = self.factor.record(told["user"].as_str().expect("a name")).unwrap_or_default();
        let revision = record.lines().find(|line| line.starts_with("revision = ")).map(str::to_owned);
        let told = json!([labels, settings, told["failures"], told["blocked"].is_null()]);
        Standing { told, revision }
    }

    /// Half-written files that lie about.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let is_hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        self.files().into_iter().filter(is_hidden).collect()
    }
}
