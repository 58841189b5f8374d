//! What the files say, looked at without the module: whether they can be trusted, and what a login by them is worth.
//!
//! Trust is judged here anew, and never more strictly than the module may; what a trusted text means is read by the
//! product's own readers, which have targets of their own.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;

use countersign_common::config::{self, Config, Outcome};
use countersign_common::counters::{Counters, read_file};
use countersign_common::decision::{Membership, RuleFacts, block, grace_until, select};
use countersign_common::record::{self, Record, Use2fa};
use countersign_common::token::{RecoveryCode, UnixTime};

use super::place::{self, CONFIG, INSTALLATION};
use crate::logins::code_of_secret;

/// A login, as far as the files do not say.
#[derive(Debug, Clone)]
pub struct Login {
    pub service: String,
    pub user: String,
    pub rhost: String,
}

/// What the files say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub config: Option<Config>,
    /// `None` if it cannot be trusted.
    pub state: Option<(Option<Record>, Counters)>,
}

/// What a code is worth before it is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Worth {
    /// Nothing.
    Nothing,
    /// It fits the token of this number, at this step, later than the last one accepted.
    Code(usize, u64),
    /// It is the recovery code of this number, not spent.
    Recovery(usize),
}

impl Look {
    pub fn at(login: &Login) -> Self {
        let config = read(CONFIG, false).ok().flatten().and_then(|bytes| config::parse(&bytes).ok());
        let state = config.as_ref().and_then(|config| state(config.state_dir.as_str(), &login.user).ok());
        Self { config, state }
    }

    /// What the rules say, if every group can be looked up.
    pub fn outcome(&self, login: &Login) -> Outcome {
        self.config.as_ref().map_or(Outcome::Required, |config| select(&config.rules, &Facts(login)).outcome)
    }

    /// Whether trusted files say that no code is asked.
    pub fn is_not_in_use(&self, login: &Login) -> bool {
        let Some(config) = &self.config else { return false };
        match (self.outcome(login), &self.state) {
            (Outcome::Skip | Outcome::Rehearse, _) => true,
            (Outcome::User, Some((Some(record), _))) => is_known(&login.user) && record.use_2fa == Use2fa::Disabled,
            (Outcome::User, Some((None, _))) => is_known(&login.user) && !config.defaults.use_2fa,
            _ => false,
        }
    }

    /// The record of a user with a token.
    pub fn enrolled(&self) -> Option<(&Record, &Counters)> {
        let (record, counters) = self.state.as_ref()?;
        record.as_ref().filter(|record| record.is_enrolled()).map(|record| (record, counters))
    }

    /// Whether a user without a token may come in without one now.
    pub fn has_grace(&self, now: u64) -> bool {
        let (Some(config), Some((_, counters))) = (&self.config, &self.state) else { return false };
        grace_until(config, counters.grace, time(now)).is_some()
    }

    /// Whether three proofs of the last hour went uncommitted.
    pub fn is_exhausted(&self, now: u64) -> bool {
        let Some((_, counters)) = &self.state else { return true };
        let last = counters.uncommitted.last.as_seconds();
        counters.uncommitted.count >= 3 && last <= now && now - last < 3_600
    }

    /// Whether the user may turn 2FA off.
    pub fn may_disable(&self, login: &Login) -> bool {
        let (Some(config), Some((record, _))) = (&self.config, &self.state) else { return false };
        let can_toggle = record.as_ref().map_or(config.defaults.can_toggle, |record| record.can_toggle.as_bool());
        self.outcome(login) != Outcome::Required
            && (can_toggle || login.user == "root" || !config.administrators.groups.is_empty())
    }

    pub fn worth(&self, answer: &str, now: u64) -> Worth {
        let (Some(config), Some((record, counters))) = (&self.config, self.enrolled()) else { return Worth::Nothing };
        let text: String = answer.chars().filter(|c| ![' ', '\t', '-'].contains(c)).collect();
        let window = u64::from(u32::from(config.totp.window));
        if block(config, counters.throttle, time(now)).is_none() {
            for (number, token) in record.tokens.iter().enumerate() {
                let period = u64::from(token.parameters.period.as_seconds());
                let last = counters.last_step(token.id).map(|step| step.as_u64());
                let fits = (now / period).saturating_sub(window)..=now / period + window;
                let is_code = |step: &u64| {
                    let plain = token.parameters
                        == countersign_common::token::Parameters {
                            period: token.parameters.period,
                            ..Default::default()
                        };
                    if plain { text == code_of_secret(token.secret.as_bytes(), *step) } else { true }
                };
                let later = fits.filter(|step| last.is_none_or(|last| *step > last));
                if let Some(step) = later.filter(is_code).max() {
                    return Worth::Code(number, step);
                }
            }
        }
        let (Some(set), Ok(code)) = (&record.recovery, RecoveryCode::parse(answer)) else { return Worth::Nothing };
        let spent = counters.recovery.filter(|recovery| recovery.set == set.id).map_or(0, |recovery| recovery.spent);
        let fits = |index: &usize| code.fits(&set.salt, &set.hashes[*index]) && spent & (1 << index) == 0;
        (0..set.hashes.len()).find(fits).map_or(Worth::Nothing, Worth::Recovery)
    }

    /// Whether these files remember for good that an answer of that worth was accepted.
    pub fn remembers(&self, before: &Self, worth: &Worth) -> bool {
        let (Some((old, _)), Some((_, counters))) = (before.enrolled(), self.enrolled()) else { return false };
        match worth {
            Worth::Nothing => false,
            Worth::Code(number, step) => {
                counters.last_step(old.tokens[*number].id).is_some_and(|last| last.as_u64() >= *step)
            }
            Worth::Recovery(index) => counters.recovery.is_some_and(|recovery| recovery.spent & (1 << index) != 0),
        }
    }
}

pub fn time(seconds: u64) -> UnixTime {
    UnixTime::new(seconds).unwrap_or(UnixTime::MAX)
}

pub fn is_known(user: &str) -> bool {
    ["alice", "bob", "root"].contains(&user)
}

struct Facts<'a>(&'a Login);

impl RuleFacts for Facts<'_> {
    fn service(&self) -> &str {
        &self.0.service
    }
    fn user(&self) -> &str {
        &self.0.user
    }
    fn group(&self, group: &str) -> Membership {
        let user = self.0.user.as_str();
        match group {
            _ if !is_known(user) => Membership::Unknown,
            "staff" if user == "alice" => Membership::Yes,
            "alice" | "bob" | "root" if group == user => Membership::Yes,
            "staff" | "alice" | "bob" | "root" => Membership::No,
            _ => Membership::Unknown,
        }
    }
    fn address(&self) -> Option<IpAddr> {
        self.0.rhost.parse().ok()
    }
}

/// What a file holds that can be trusted; `None` if there is none.
fn read(path: &str, is_private: bool) -> Result<Option<Vec<u8>>, ()> {
    let Ok(status) = fs::symlink_metadata(path) else { return Ok(None) };
    let mode = status.mode() & 0o7777;
    let is_sound = status.is_file() && status.len() <= 65_536 && may_own(status.uid(), is_private);
    let is_closed = if is_private { mode == 0o600 && status.nlink() == 1 } else { mode & 0o022 == 0 };
    if is_sound && is_closed { fs::read(path).map(Some).map_err(|_| ()) } else { Err(()) }
}

fn is_sound_directory(path: &str) -> bool {
    fs::symlink_metadata(path)
        .is_ok_and(|status| status.is_dir() && status.mode() & 0o077 == 0 && may_own(status.uid(), true))
}

/// Root, or whoever the installation may be meant to name.
fn may_own(uid: u32, is_private: bool) -> bool {
    let named = || {
        let text = place::read(INSTALLATION).unwrap_or_default();
        String::from_utf8_lossy(&text).contains(&uid.to_string())
    };
    uid == 0 || is_private && named()
}

fn state(directory: &str, user: &str) -> Result<(Option<Record>, Counters), ()> {
    let (users, counters) = (format!("{directory}/users"), format!("{directory}/counters"));
    let installation = ids(&read(INSTALLATION, false)?.ok_or(())?);
    let format = ids(&read(&format!("{directory}/format"), true)?.ok_or(())?);
    let is_sound = [directory, &users, &counters].into_iter().all(is_sound_directory);
    if installation.is_disjoint(&format) || !is_sound {
        return Err(());
    }
    let record = match read(&format!("{users}/{user}.toml"), true)? {
        Some(bytes) => Some(record::parse(&bytes).map_err(|_| ())?),
        None => None,
    };
    let counters = match read(&format!("{counters}/{user}"), true)? {
        Some(bytes) => Some(read_file(&bytes).map_err(|_| ())?.counters),
        None => None,
    };
    let fits = match (&record, &counters) {
        (Some(record), _) if record.user.as_str() != user => false,
        (Some(record), None) => !record.is_enrolled(),
        (Some(record), Some(counters)) => counters.record.is_none_or(|id| id == record.id),
        (None, Some(counters)) => counters.record.is_none(),
        (None, None) => true,
    };
    if fits { Ok((record, counters.unwrap_or_default())) } else { Err(()) }
}

/// All that may be an installation's id in a text.
fn ids(text: &[u8]) -> BTreeSet<Vec<u8>> {
    let is_id = |part: &&[u8]| part.len() == 16 && part.iter().all(u8::is_ascii_hexdigit);
    text.split(|byte| b"\"'".contains(byte)).filter(is_id).map(<[u8]>::to_vec).collect()
}
