//! What happens at a login, before anything is asked: ignore, ask, enroll or refuse.
//!
//! Invariants: `Ignore` only where neither the rule nor the record (or the default) asks for a code (I5); a
//! blocked user is never asked (I3).

use super::enrollment::{Disabling, is_exhausted};
use super::grace::grace_until;
use super::recovery::recovery_codes_left;
use super::throttle::{BlockEnd, block};
use crate::config::Config;
use crate::counters::Counters;
use crate::record::{CanToggle, Record, Use2fa};
use crate::token::UnixTime;

/// A login, as far as decisions need it.
#[derive(Debug, Clone, Copy)]
pub struct Login<'a> {
    /// The PAM service.
    pub service: &'a str,
    /// The remote host as PAM names it; empty for a local login.
    pub rhost: &'a str,
    /// Whether the user is an administrator.
    pub administrator: Administrator,
    /// What the rules demand.
    pub demand: Demand,
}

/// Whether a user is an administrator: root, or a member of a configured group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Administrator {
    /// Is one.
    Yes,
    /// Is none.
    No,
    /// A group could not be looked up: gives no power and takes none.
    Unknown,
}

/// What the rules demand of a login that no rule skips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// The user's own setting decides.
    User,
    /// A code is required, whatever the setting.
    Required,
}

/// What happens at a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Plan {
    /// 2FA is not in use here.
    Ignore,
    /// Ask for a code.
    Ask,
    /// Blocked, but a recovery code may still be entered.
    AskRecovery(BlockEnd),
    /// Enroll.
    Enroll(Offer),
    /// Not enrolled, and this service cannot enroll, but there is time until then: let through.
    Grace(UnixTime),
    /// Refuse.
    Refuse(Refusal),
}

/// What a person may do at enrollment instead of enrolling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Whether they may turn 2FA off.
    pub disabling: Disabling,
    /// Until when they may put it off; `None` if not at all.
    pub later_until: Option<UnixTime>,
}

/// Why a login is refused before anything is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Too many wrong codes.
    Blocked(BlockEnd),
    /// Not enrolled, and this service cannot enroll.
    CannotEnrollHere,
    /// Three proofs in a row were never committed: the stack has no account line.
    Uncommitted,
}

/// Whether a code is asked of this user at all.
#[must_use]
pub fn is_in_use(config: &Config, demand: Demand, record: Option<&Record>) -> Use2fa {
    match (demand, record) {
        (Demand::Required, _) => Use2fa::Enabled,
        (Demand::User, Some(record)) => record.use_2fa,
        (Demand::User, None) => Use2fa::from_bool(config.defaults.use_2fa),
    }
}

/// What happens at this login, on this state, at this time.
pub fn plan(config: &Config, login: &Login, record: Option<&Record>, counters: &Counters, now: UnixTime) -> Plan {
    if is_in_use(config, login.demand, record) == Use2fa::Disabled {
        return Plan::Ignore;
    }
    if let Some(record) = record.filter(|record| record.is_enrolled()) {
        return match block(config, counters.throttle, now) {
            Some(end) if recovery_codes_left(record, counters) > 0 => Plan::AskRecovery(end),
            Some(end) => Plan::Refuse(Refusal::Blocked(end)),
            None => Plan::Ask,
        };
    }
    let later_until = grace_until(config, counters.grace, now);
    if let (false, Some(until)) = (config.enrolls_on(login.service), later_until) {
        return Plan::Grace(until);
    }
    if !config.enrolls_on(login.service) {
        return Plan::Refuse(Refusal::CannotEnrollHere);
    }
    if is_exhausted(counters.uncommitted, now) {
        return later_until.map_or(Plan::Refuse(Refusal::Uncommitted), Plan::Grace);
    }
    Plan::Enroll(Offer { disabling: disabling(config, login, record), later_until })
}

/// Whether the user may turn 2FA off instead of enrolling.
fn disabling(config: &Config, login: &Login, record: Option<&Record>) -> Disabling {
    let default = CanToggle::from_bool(config.defaults.can_toggle);
    let can_toggle = record.map_or(default, |record| record.can_toggle);
    match (login.demand, login.administrator, can_toggle) {
        (Demand::User, Administrator::Yes, _) | (Demand::User, _, CanToggle::Unlocked) => Disabling::Allowed,
        (Demand::Required, _, _) | (Demand::User, _, CanToggle::Locked) => Disabling::Refused,
    }
}
