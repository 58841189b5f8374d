//! What may be made of Alice's files, and of the configuration.

use countersign_common::counters::{Grace, Throttle, new_file};
use countersign_common::record::{self, CanToggle, Use2fa};
use countersign_common::token::Seconds;

use super::model::time;
use super::place::{self, CONFIG, DIRECTORIES, FORMAT, INSTALLATION};
use super::scene::now;
use super::{counters, record};

/// What a configuration may say besides where the state lies.
pub const LINES: [&str; 21] = [
    "[defaults]\nuse_2fa = false\n",
    "[defaults]\nuse_2fa = true\n",
    "[defaults]\nuse_2fa = true\ncan_toggle = false\n",
    "[enrollment]\ngrace = '3d'\n",
    "[enrollment]\nservices = []\n",
    "[enrollment]\nservices = ['sshd', 'cron']\ngrace = '1h'\n",
    "[totp]\nwindow = 2\n",
    "[totp]\nwindow = 0\ndigits = 8\n",
    "[throttle]\nfree = 1\n",
    "[recovery]\ncodes = 0\n",
    "[prompt]\nqr = 'off'\ntries = 1\necho = false\n",
    "[administrators]\ngroups = ['staff']\n",
    "[[rule]]\nservices = ['cron']\nthen = 'skip'\n",
    "[[rule]]\ngroups = ['staff']\nthen = 'required'\n",
    "[[rule]]\ngroups = ['staff']\nthen = 'user'\n",
    "[[rule]]\ngroups = ['staff']\nthen = 'skip'\n",
    "[[rule]]\nnetworks = ['10.0.0.0/8']\nthen = 'skip'\n",
    "[[rule]]\nthen = 'required'\n",
    "[[rule]]\nthen = 'skip'\n",
    "[[rule]]\nusers = ['bob']\nthen = 'user'\n",
    "[[rule]]\ngroups = ['staff']\nthen = 'rehearse'\n",
];

/// The file of a number.
pub fn file(number: u8) -> String {
    let (record, counters) = place::paths_of("alice");
    match number % 8 {
        0..=1 => CONFIG.to_owned(),
        2 => INSTALLATION.to_owned(),
        3 => FORMAT.to_owned(),
        4 | 5 => record,
        6 => counters,
        _ => DIRECTORIES[usize::from(number / 8) % 3].to_owned(),
    }
}

/// Puts another record in the place of Alice's.
pub fn change_record(how: u8) {
    let (path, counters_path) = place::paths_of("alice");
    let mut record = record();
    match how % 8 {
        0 => record.use_2fa = Use2fa::Disabled,
        1 => record.can_toggle = CanToggle::Locked,
        2 => record.tokens.clear(),
        3 => {
            record.tokens.clear();
            record.can_toggle = CanToggle::Locked;
        }
        4 => record.recovery = None,
        5 => record.user = countersign_common::record::UserName::new("bob").expect("a name"),
        6 => {
            place::remove(&counters_path);
            return place::remove(&path);
        }
        _ => record.id = countersign_common::token::RecordId::from_random([9; 8]),
    }
    place::write(&path, record::render(&record).as_bytes(), 0o600);
}

/// Puts other counters in the place of Alice's.
pub fn change_counters(how: u8) {
    let (_, path) = place::paths_of("alice");
    let mut counters = counters();
    let blocked = |failures, delay| Throttle { failures, last_failure: time(now()), delay: Seconds(delay) };
    match how % 8 {
        0 => counters.throttle = blocked(4, 0),
        1 => counters.throttle = blocked(5, 30),
        2 => counters.throttle = blocked(100, 3_600),
        3 => counters.uncommitted.count = 3,
        4 => counters.grace = Grace::Until(time(now() + 3_600)),
        5 => counters.grace = Grace::Ended,
        6 => counters.record = None,
        _ => counters.tokens[0].last_step = countersign_common::token::Step::new(now() / 30 + 5).expect("a step"),
    }
    counters.uncommitted.last = time(now());
    place::write(&path, &new_file(&counters), 0o600);
}
