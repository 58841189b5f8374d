//! State for any number of enrolled users, written straight in each module's own format.
//!
//! `bench generate` runs inside the world and reads what to make from standard input, as JSON.
use crate::module::Module;
use crate::people::{SECRET, SECRET_HEX, enrolled};
use countersign_common::counters::{Counters, TokenCounters, new_file};
use countersign_common::record::{CanToggle, Record, RecoverySet, Revision, Token, Use2fa, UserName, render};
use countersign_common::token::{Parameters, RecordId, RecoverySetId, Secret, Step, TokenId, UnixTime};
use nix::unistd::{Uid, setfsuid};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, chown};
use std::thread;

/// A name and a number no user has, in the text all records are made from.
const SOMEONE: &str = "SOMEONE";
const SOME_UID: u32 = 4_294_000_000;

/// What to make.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// The numbers of enrolled users.
    pub(crate) sizes: Vec<u64>,
    /// The uids of those with accounts.
    pub(crate) accounts: BTreeMap<String, u32>,
    /// The content of `format` in the state directory of this installation.
    pub(crate) format: String,
    /// Who owns our state.
    pub(crate) owner: u32,
    /// The state is as of this unix time.
    pub(crate) now: u64,
}

/// What is the same for everyone, but for the name and the uid.
struct Templates {
    record: String,
    counters: Vec<u8>,
    google: String,
}

/// The part inside the world.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn generate_inside() -> io::Result<()> {
    let wanted: Wanted = serde_json::from_reader(io::stdin())?;
    let templates = templates(wanted.now);
    for &size in &wanted.sizes {
        folders(&wanted, size)?;
        thread::scope(|threads| {
            let halves = [0, 1].map(|half| {
                let (wanted, templates) = (&wanted, &templates);
                threads.spawn(move || people(wanted, templates, size, half))
            });
            halves.into_iter().try_for_each(|half| half.join().expect("a generator does not panic"))
        })?;
        if Module::Oath.is_measured_at(size) {
            oath(size)?;
        }
    }
    Ok(())
}

/// The empty directories of a size.
fn folders(wanted: &Wanted, size: u64) -> io::Result<()> {
    let state = Module::Countersign.state(size);
    for folder in ["", "/users", "/counters"] {
        private_folder(&format!("{state}{folder}"), wanted.owner)?;
    }
    let format = format!("{state}/format");
    private_file(&format, wanted.format.as_bytes())?;
    chown(&format, Some(wanted.owner), None)?;
    for peer in [Module::Google, Module::Floor] {
        if peer.is_measured_at(size) {
            private_folder(&peer.state(size), 0)?;
        }
    }
    Ok(())
}

/// The files of every second user.
fn people(wanted: &Wanted, templates: &Templates, size: u64, half: usize) -> io::Result<()> {
    let mine = || enrolled(size).skip(half).step_by(2);
    let ours = Module::Countersign.state(size);
    // Of this thread alone: our state belongs to its owner.
    setfsuid(Uid::from_raw(wanted.owner));
    for name in mine() {
        // Nobody has the uid of another: an account that is not there has the next free one.
        let uid = wanted.accounts.get(&name).copied().unwrap_or(u32::MAX);
        let record = templates.record.replace(SOMEONE, &name).replace(&SOME_UID.to_string(), &uid.to_string());
        private_file(&format!("{ours}/users/{name}.toml"), record.as_bytes())?;
        private_file(&format!("{ours}/counters/{name}"), &templates.counters)?;
    }
    setfsuid(Uid::from_raw(0));
    for (peer, content) in [(Module::Google, templates.google.as_bytes()), (Module::Floor, &[b' '; 512])] {
        if peer.is_measured_at(size) {
            let state = peer.state(size);
            mine().try_for_each(|name| private_file(&format!("{state}/{name}"), content))?;
        }
    }
    Ok(())
}

fn templates(now: u64) -> Templates {
    let time = UnixTime::new(now).expect("a time of this century");
    let token = TokenId::from_random([1; 8]);
    let record = Record {
        id: RecordId::from_random([2; 8]),
        revision: Revision(2),
        user: UserName::new(SOMEONE).expect("a user name"),
        uid: SOME_UID,
        use_2fa: Use2fa::Enabled,
        can_toggle: CanToggle::Unlocked,
        changed_at: time,
        changed_by: "login".to_owned(),
        tokens: vec![Token {
            id: token,
            label: String::new(),
            secret: Secret::from_base32(SECRET).expect("a secret"),
            parameters: Parameters::default(),
            enrolled_at: time,
        }],
        recovery: Some(RecoverySet {
            id: RecoverySetId::from_random([3; 8]),
            salt: [4; 16],
            hashes: (0..8).map(|number| [number; 32]).collect(),
        }),
    };
    let counters = Counters {
        sequence: 2,
        record: Some(record.id),
        tokens: vec![TokenCounters { id: token, last_step: Step::new(1).expect("a step"), offset: 0 }],
        ..Counters::default()
    };
    Templates { record: render(&record).to_string(), counters: new_file(&counters), google: google() }
}

/// As `google-authenticator` writes it with its recommended answers.
fn google() -> String {
    let mut text = format!("{SECRET}\n\" RATE_LIMIT 3 30\n\" WINDOW_SIZE 3\n\" DISALLOW_REUSE\n\" TOTP_AUTH\n");
    for code in 10_000_001..=10_000_005 {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{code}");
    }
    text
}

/// One file for all.
fn oath(size: u64) -> io::Result<()> {
    let mut text = String::new();
    for name in enrolled(size) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "HOTP/T30\t{name}\t-\t{SECRET_HEX}");
    }
    private_file(&Module::Oath.state(size), text.as_bytes())
}

fn private_folder(path: &str, owner: u32) -> io::Result<()> {
    fs::create_dir(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    chown(path, Some(owner), None)
}

fn private_file(path: &str, content: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(content)
}
