//! What happens at a login, as one table: every combination of circumstances has exactly one row (I5, I12, I14).
#![allow(clippy::arithmetic_side_effects, reason = "an overflow in a test fails the test")]

use super::authorize::{Actor, Target, authorize};
use super::change::Change;
use super::enrollment::Disabling;
use super::fixture_tests::{LOGIN, SECRET_A, config, record, time, token};
use super::plan::{Administrator, Demand, Login, Offer, Plan, Refusal, is_in_use, plan};
use super::throttle::BlockEnd;
use crate::config::Config;
use crate::counters::{Counters, Throttle, Uncommitted};
use crate::record::{CanToggle, Record, Use2fa};
use crate::token::{Parameters, Seconds};

const NOW: u64 = 1_800_000_000;

/// `*` is anything, `|` parts alternatives.
///
/// `state`: what is known of the user: no record under a default of off or on, a record that says off or on, the
/// same with a token. `toggle`: the record's `can_toggle`, or the default for a user without a record.
const TABLE: &str = "
    demand   admin      toggle state                   service block   proofs    | plan
    user     *          *      none-off|off|off+token  *       *       *         | ignore
    user     *          *      on+token                *       free    *         | ask
    user     *          *      on+token                *       blocked *         | refuse-blocked
    user     *          *      none-on|on              cron    *       *         | refuse-here
    user     *          *      none-on|on              sshd    *       exhausted | refuse-uncommitted
    user     yes        *      none-on|on              sshd    *       few       | enroll-or-disable
    user     no|unknown may    none-on|on              sshd    *       few       | enroll-or-disable
    user     no|unknown locked none-on|on              sshd    *       few       | enroll
    required *          *      off+token|on+token      *       free    *         | ask
    required *          *      off+token|on+token      *       blocked *         | refuse-blocked
    required *          *      none-off|none-on|off|on cron    *       *         | refuse-here
    required *          *      none-off|none-on|off|on sshd    *       exhausted | refuse-uncommitted
    required *          *      none-off|none-on|off|on sshd    *       few       | enroll
";

const COLUMNS: [&[&str]; 7] = [
    &["user", "required"],
    &["yes", "no", "unknown"],
    &["may", "locked"],
    &["none-off", "none-on", "off", "on", "off+token", "on+token"],
    &["sshd", "cron"],
    &["free", "blocked"],
    &["few", "exhausted"],
];

/// Every combination of the columns' words.
fn combinations() -> Vec<Vec<&'static str>> {
    COLUMNS.iter().fold(vec![Vec::new()], |shorter, column| {
        let longer =
            |words: &Vec<&'static str>| column.iter().map(|word| [words.as_slice(), &[word]].concat()).collect();
        shorter.iter().flat_map(|words| -> Vec<Vec<&str>> { longer(words) }).collect()
    })
}

fn matches(row: &str, words: &[&str]) -> bool {
    let allows = |cell: &str, word: &str| cell == "*" || cell.split('|').any(|allowed| allowed == word);
    row.split_whitespace().zip(words).all(|(cell, word)| allows(cell, word))
}

/// The plan of the only row that matches.
fn expected(words: &[&str]) -> &'static str {
    let rows = TABLE.trim().lines().skip(1).map(|row| row.split_once(" | ").unwrap());
    let plans: Vec<&str> = rows.filter(|(row, _)| matches(row, words)).map(|(_, plan)| plan.trim()).collect();
    assert_eq!(plans.len(), 1, "rows for {words:?}: {plans:?}");
    plans[0]
}

/// A login in the circumstances that these words describe.
struct Scene {
    config: Config,
    login: Login<'static>,
    record: Option<Record>,
    counters: Counters,
    can_toggle: CanToggle,
}

impl Scene {
    fn new(words: &[&'static str]) -> Self {
        let &[demand, admin, toggle, state, service, block, proofs] = words else { panic!("{words:?}") };
        let can_toggle = CanToggle::from_bool(toggle == "may");
        let (use_2fa, tokens) = match state {
            "none-off" | "off" => (false, 0),
            "none-on" | "on" => (true, 0),
            "off+token" => (false, 1),
            _ => (true, 1),
        };
        // What the defaults say must not matter to a user with a record.
        let is_recorded = !state.starts_with("none");
        let defaults = (use_2fa != is_recorded, can_toggle.as_bool() != is_recorded);
        let tokens = (0..tokens).map(|number| token(number, SECRET_A, Parameters::default())).collect();
        let stored = Record { use_2fa: Use2fa::from_bool(use_2fa), can_toggle, ..record(tokens) };
        let delay = Seconds(if block == "blocked" { 30 } else { 29 });
        let uncommitted = Uncommitted { count: if proofs == "few" { 2 } else { 3 }, last: time(NOW) };
        Self {
            config: config(&format!("[defaults]\nuse_2fa = {}\ncan_toggle = {}", defaults.0, defaults.1)),
            login: Login {
                service,
                administrator: match admin {
                    "yes" => Administrator::Yes,
                    "no" => Administrator::No,
                    _ => Administrator::Unknown,
                },
                demand: if demand == "user" { Demand::User } else { Demand::Required },
                ..LOGIN
            },
            record: is_recorded.then_some(stored),
            counters: Counters {
                throttle: Throttle { failures: 5, last_failure: time(NOW - 29), delay },
                uncommitted,
                ..Counters::default()
            },
            can_toggle,
        }
    }

    fn plan(&self) -> Plan {
        plan(&self.config, &self.login, self.record.as_ref(), &self.counters, time(NOW))
    }
}

#[test]
fn every_combination_of_circumstances_has_its_plan() {
    for words in combinations() {
        let plan = match expected(&words) {
            "ignore" => Plan::Ignore,
            "ask" => Plan::Ask,
            "enroll" => Plan::Enroll(Offer { disabling: Disabling::Refused, later_until: None }),
            "enroll-or-disable" => Plan::Enroll(Offer { disabling: Disabling::Allowed, later_until: None }),
            "refuse-blocked" => Plan::Refuse(Refusal::Blocked(BlockEnd::At(time(NOW + 1)))),
            "refuse-here" => Plan::Refuse(Refusal::CannotEnrollHere),
            "refuse-uncommitted" => Plan::Refuse(Refusal::Uncommitted),
            other => panic!("{other}"),
        };
        assert_eq!(Scene::new(&words).plan(), plan, "{words:?}");
    }
    assert_eq!(combinations().len(), 576);
}

#[test]
fn a_login_is_ignored_exactly_where_2fa_is_not_in_use() {
    for words in combinations() {
        let scene = Scene::new(&words);
        let in_use = is_in_use(&scene.config, scene.login.demand, scene.record.as_ref());
        assert_eq!(in_use == Use2fa::Disabled, scene.plan() == Plan::Ignore, "{words:?}");
        assert_eq!(in_use == Use2fa::Disabled, expected(&words) == "ignore", "{words:?}");
    }
}

/// The same right, asked once when the screen is drawn and once when the change is made.
#[test]
fn disabling_is_offered_exactly_where_it_is_authorized() {
    for words in combinations() {
        let scene = Scene::new(&words);
        let Plan::Enroll(Offer { disabling, .. }) = scene.plan() else { continue };
        let (administrator, demand) = (scene.login.administrator, scene.login.demand);
        let target = Target::unguarded(scene.can_toggle, administrator, demand);
        let authorized = authorize(Actor::SelfAtLogin, &Change::Disable, target);
        assert_eq!(disabling == Disabling::Allowed, authorized.is_ok(), "{words:?}");
    }
}

#[test]
fn enrollment_is_offered_on_the_listed_services_and_no_others() {
    let enrolls = |config: &Config, service: &'static str| {
        let login = Login { service, demand: Demand::Required, ..LOGIN };
        match plan(config, &login, None, &Counters::default(), time(NOW)) {
            Plan::Enroll(_) => true,
            Plan::Refuse(Refusal::CannotEnrollHere) => false,
            other => panic!("{other:?}"),
        }
    };
    for service in ["sshd", "login", "remote", "su", "su-l", "sudo", "sudo-i"] {
        assert!(enrolls(&Config::default(), service), "{service}");
        assert!(!enrolls(&config("[enrollment]\nservices = []"), service), "{service}");
        assert_eq!(enrolls(&config("[enrollment]\nservices = ['su']"), service), service == "su");
    }
    for service in ["", "SSHD", "sshd2", "ssh", "other", "gdm-password", "xscreensaver"] {
        assert!(!enrolls(&Config::default(), service), "{service}");
    }
}

#[test]
fn an_enrolled_user_is_asked_from_the_end_of_a_block_on() {
    let record = record(vec![token(1, SECRET_A, Parameters::default())]);
    let planned = |throttle: Throttle, now: u64| {
        plan(&Config::default(), &LOGIN, Some(&record), &Counters { throttle, ..Counters::default() }, time(now))
    };
    let blocked = |end| Plan::Refuse(Refusal::Blocked(end));
    let throttle = Throttle { failures: 5, last_failure: time(NOW), delay: Seconds(30) };
    assert_eq!(planned(throttle, NOW), blocked(BlockEnd::At(time(NOW + 30))));
    assert_eq!(planned(throttle, NOW + 29), blocked(BlockEnd::At(time(NOW + 30))));
    assert_eq!(planned(throttle, NOW + 30), Plan::Ask);
    assert_eq!(planned(throttle, NOW - 1_000_000), blocked(BlockEnd::At(time(NOW - 1_000_000 + 30))));
    assert_eq!(planned(Throttle { failures: 100, ..throttle }, NOW + 1_000_000), blocked(BlockEnd::Unblock));
    assert_eq!(planned(Throttle { failures: 99, ..throttle }, NOW + 1_000_000), Plan::Ask);
}
