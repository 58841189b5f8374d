//! alice and bob before a deed, and what stands of one of them after it.
use crate::deed::{Deed, IMPORTED};
use countersign_tests::code::{Parameters, key_in};
use countersign_tests::factor::{IN_USE, PROMPT};
use countersign_tests::pam_driver::pam;
use countersign_tests::world::COMMAND;
use countersign_tests::{Factor, Phase};
use serde_json::{Value, json};

const STATE: &str = "/var/lib/countersign";

/// A world, and a copy of its state to come back to.
pub struct People {
    pub factor: Factor,
    alice: Parameters,
    recovery_codes: Vec<String>,
    /// The ids of alice's token and of her set of recovery codes.
    token: Value,
    set: Option<String>,
}

/// What a deed changes, as `status` tells it; ids, which are new each time, are left out.
#[derive(Debug, PartialEq, Eq)]
pub struct Standing {
    decided: Value,
    failures: Value,
}

impl Standing {
    /// Whether it is what the first of two writes leaves: what was decided is new, and the failures still stand.
    fn is_between(&self, old: &Self, new: &Self) -> bool {
        self.decided == new.decided && self.failures == old.failures
    }

    pub fn is_one_of(&self, old: &Self, new: &Self) -> bool {
        self == old || self == new || self.is_between(old, new)
    }
}

impl People {
    pub fn new() -> Self {
        let factor = Factor::new(IN_USE, &["alice", "bob"]);
        let (alice, recovery_codes) = factor.enroll_with_recovery_codes("alice");
        factor.world.countersign(&["enroll", "alice", "--label", "tablet", "--no-confirm"]).ok();
        factor.assert_next_code_accepted("alice", &alice);
        factor.fail("alice", &alice, 2);
        for (path, text) in IMPORTED {
            factor.world.write_file(path, text, 0o600);
        }
        factor.world.sh(&format!("chown bob:bob /home/bob/.google_authenticator; cp -a {STATE} /root/first")).ok();
        let token = factor.status("alice")["tokens"][0]["id"].clone();
        let set = set_of(&factor, "alice");
        Self { factor, alice, recovery_codes, token, set }
    }

    /// Makes a deed possible, and keeps the state to come back to.
    pub fn prepare(&self, deed: &Deed) {
        self.copy("/root/first");
        for words in deed.before {
            self.factor.world.countersign(words).ok();
        }
        self.factor.world.sh(&format!("rm -rf /root/before; cp -a {STATE} /root/before")).ok();
    }

    pub fn put_back(&self) {
        self.copy("/root/before");
    }

    fn copy(&self, from: &str) {
        let script =
            format!("cd {STATE}; rm -rf imported; find users counters -mindepth 1 -delete; cp -a {from}/. {STATE}/");
        self.factor.world.sh(&script).ok();
    }

    pub fn standing(&self, user: &str) -> Standing {
        let status = self.factor.status(user);
        assert_eq!(status["state"], "ok", "{status:#}");
        let labels: Vec<&Value> =
            status["tokens"].as_array().expect("an array").iter().map(|token| &token["label"]).collect();
        let keys = ["use_2fa", "use_2fa_source", "can_toggle", "grace_until"].map(|key| &status[key]);
        let set = set_of(&self.factor, user).map(|id| if Some(&id) == self.set.as_ref() { "first" } else { "new" });
        let left = &status["recovery_codes_left"];
        Standing { decided: json!([labels, keys, set, left]), failures: status["failures"].clone() }
    }

    pub fn do_it(&self, deed: &Deed, wrapper: &[&str]) -> countersign_tests::world::Outcome {
        self.factor.world.run(&[wrapper, &[COMMAND], deed.words].concat())
    }

    /// Does it once more, after it did not end.
    pub fn do_it_again(&self, deed: &Deed) -> countersign_tests::world::Outcome {
        self.factor.world.run(&[&[COMMAND], deed.words, deed.again].concat())
    }

    /// Asserts that alice's next login is as her settings say, and that nothing used or void opens anything.
    pub fn assert_honest_login(&self, at: &str) {
        let status = self.factor.status("alice");
        let (used, next) = (self.factor.code(&self.alice), self.factor.code_of_step(&self.alice, 1));
        let login = self.factor.login("alice", &[&used, &next]);
        let is_asked = login.questions().first() == Some(&PROMPT);
        assert_eq!(is_asked, status["enrolled"] == true && status["use_2fa"] == true, "{at}: {login:#?}");
        if !is_asked {
            let is_to_enroll = login.questions().first().is_some_and(|prompt| key_in(prompt).is_some());
            assert_eq!(is_to_enroll, status["use_2fa"] == true, "{at}: {login:#?}");
            return;
        }
        let has_it = status["tokens"].as_array().expect("tokens").iter().any(|token| token["id"] == self.token);
        assert_eq!(login.let_in(), has_it, "{at}: {login:#?}");
        assert!(login.questions().len() > 1, "{at}: a used code opens nothing: {login:#?}");
    }

    /// Asserts that a recovery code of alice's first set opens something exactly if that set stands.
    pub fn assert_recovery_code(&self, at: &str) {
        let is_first = set_of(&self.factor, "alice") == self.set;
        let login = self.factor.login("alice", &[&self.recovery_codes[0]]);
        assert_eq!(login.codes(Phase::Authenticate) == [pam::SUCCESS], is_first, "{at}: {login:#?}");
    }
}

/// The id of a user's set of recovery codes.
fn set_of(factor: &Factor, user: &str) -> Option<String> {
    let record = factor.record(user)?;
    let (_, set) = record.split_once("[recovery]")?;
    set.lines().find(|line| line.starts_with("id = ")).map(str::to_owned)
}
