//! What a change makes of a record.
//!
//! Invariant: a change that alters nothing leaves the revision alone; any other raises it by one.

use crate::config::Config;
use crate::record::{CanToggle, MAX_TOKENS, Record, RecoverySet, Revision, Token, Use2fa, UserName};
use crate::token::{RecordId, TokenId, UnixTime};

/// A change of one user's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Ask this user for a code.
    Enable,
    /// Do not; tokens are kept.
    Disable,
    /// Take the right to toggle.
    Lock,
    /// Give it.
    Unlock,
    /// Forget tokens and recovery codes.
    Reset,
    /// Add a proven token.
    Enroll(Token),
    /// Put this set of recovery codes in place of any before.
    RenewRecovery(RecoverySet),
    /// Take this token away; the last one goes only by [`Change::Reset`].
    RemoveToken(TokenId),
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Applied {
    /// The record to store.
    Changed(Record),
    /// It was so already.
    Unchanged,
}

/// Why a token is not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeRefused {
    /// The user has the most tokens a user may have.
    TooManyTokens,
    /// The user has no such token.
    NoSuchToken,
    /// It is the user's last token.
    LastToken,
    /// The user has a token with this secret: a code could be accepted twice.
    SameSecret,
}

/// The record of a user that has none yet: the defaults, at revision 0, to apply a first change to.
#[must_use]
pub fn blank(config: &Config, id: RecordId, user: UserName, uid: u32, now: UnixTime) -> Record {
    Record {
        id,
        revision: Revision(0),
        user,
        uid,
        use_2fa: Use2fa::from_bool(config.defaults.use_2fa),
        can_toggle: CanToggle::from_bool(config.defaults.can_toggle),
        changed_at: now,
        changed_by: String::new(),
        tokens: Vec::new(),
        recovery: None,
    }
}

/// Applies a change made by `changed_by` at `now`. A blank record (revision 0) counts as changed by any setting,
/// so that what an administrator said outlives a change of the defaults.
///
/// # Errors
/// [`ChangeRefused`] if a token cannot be added.
pub fn apply(change: &Change, record: &Record, changed_by: &str, now: UnixTime) -> Result<Applied, ChangeRefused> {
    let mut next = record.clone();
    match change {
        Change::Enable => next.use_2fa = Use2fa::Enabled,
        Change::Disable => next.use_2fa = Use2fa::Disabled,
        Change::Lock => next.can_toggle = CanToggle::Locked,
        Change::Unlock => next.can_toggle = CanToggle::Unlocked,
        Change::Reset => {
            next.tokens.clear();
            next.recovery = None;
        }
        Change::Enroll(token) => {
            if next.tokens.len() >= MAX_TOKENS {
                return Err(ChangeRefused::TooManyTokens);
            }
            if next.tokens.iter().any(|other| other.secret == token.secret) {
                return Err(ChangeRefused::SameSecret);
            }
            next.tokens.push(token.clone());
        }
        Change::RenewRecovery(set) => next.recovery = Some(set.clone()),
        Change::RemoveToken(id) => {
            if !next.tokens.iter().any(|token| token.id == *id) {
                return Err(ChangeRefused::NoSuchToken);
            }
            if next.tokens.len() == 1 {
                return Err(ChangeRefused::LastToken);
            }
            next.tokens.retain(|token| token.id != *id);
        }
    }
    let states_a_setting = record.revision == Revision(0) && *change != Change::Reset;
    if next == *record && !states_a_setting {
        return Ok(Applied::Unchanged);
    }
    next.revision = Revision(record.revision.0.saturating_add(1));
    next.changed_at = now;
    changed_by.clone_into(&mut next.changed_by);
    Ok(Applied::Changed(next))
}

/// Applies several changes as one: one revision later, or [`Applied::Unchanged`] if none changes anything.
///
/// # Errors
/// [`ChangeRefused`] of the first change that is refused.
pub fn apply_all(changes: &[Change], record: &Record, by: &str, now: UnixTime) -> Result<Applied, ChangeRefused> {
    let revision = Revision(record.revision.0.saturating_add(1));
    let mut next = None;
    for change in changes {
        if let Applied::Changed(changed) = apply(change, next.as_ref().unwrap_or(record), by, now)? {
            next = Some(Record { revision, ..changed });
        }
    }
    Ok(next.map_or(Applied::Unchanged, Applied::Changed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Parameters, Secret, TokenId};
    use zeroize::Zeroizing;

    const NOW: UnixTime = UnixTime::MAX;

    fn blank_alice() -> Record {
        let id = RecordId::from_random([1; 8]);
        blank(&Config::default(), id, UserName::new("alice").unwrap(), 1000, UnixTime::default())
    }

    fn token(byte: u8) -> Token {
        let secret = Secret::from_bytes(Zeroizing::new(vec![byte; 20])).unwrap();
        Token {
            id: TokenId::from_random([byte; 8]),
            label: String::new(),
            secret,
            parameters: Parameters::default(),
            enrolled_at: NOW,
        }
    }

    fn changed(change: &Change, record: &Record) -> Record {
        match apply(change, record, "root", NOW) {
            Ok(Applied::Changed(next)) => next,
            other => panic!("{change:?}: {other:?}"),
        }
    }

    #[test]
    fn each_change_does_its_one_thing_once() {
        let enabled = changed(&Change::Enable, &blank_alice());
        assert_eq!(
            (enabled.use_2fa, enabled.can_toggle, enabled.revision),
            (Use2fa::Enabled, CanToggle::Unlocked, Revision(1))
        );
        assert_eq!((enabled.changed_at, enabled.changed_by.as_str()), (NOW, "root"));
        assert_eq!(apply(&Change::Enable, &enabled, "root", NOW), Ok(Applied::Unchanged));
        let locked = changed(&Change::Lock, &enabled);
        assert_eq!((locked.can_toggle, locked.revision), (CanToggle::Locked, Revision(2)));
        let enrolled = changed(&Change::Enroll(token(1)), &locked);
        let disabled = changed(&Change::Disable, &enrolled);
        assert_eq!((disabled.use_2fa, disabled.tokens.len()), (Use2fa::Disabled, 1), "tokens are kept");
        let reset = changed(&Change::Reset, &disabled);
        assert_eq!((reset.tokens.len(), reset.use_2fa, reset.can_toggle), (0, Use2fa::Disabled, CanToggle::Locked));
        assert_eq!(apply(&Change::Reset, &reset, "root", NOW), Ok(Applied::Unchanged));
    }

    #[test]
    fn a_setting_that_equals_the_default_is_still_recorded() {
        let disabled = changed(&Change::Disable, &blank_alice());
        assert_eq!(disabled.revision, Revision(1));
        assert_eq!(apply(&Change::Reset, &blank_alice(), "root", NOW), Ok(Applied::Unchanged));
    }

    #[test]
    fn several_changes_are_one_revision() {
        let all = |changes: &[Change], record: &Record| apply_all(changes, record, "root", NOW).unwrap();
        let Applied::Changed(next) = all(&[Change::Enable, Change::Lock], &blank_alice()) else { panic!() };
        assert_eq!((next.use_2fa, next.can_toggle), (Use2fa::Enabled, CanToggle::Locked));
        assert_eq!(next.revision, Revision(1));
        assert_eq!(all(&[Change::Enable, Change::Lock], &next), Applied::Unchanged);
        let Applied::Changed(half) = all(&[Change::Enable, Change::Unlock], &next) else { panic!() };
        assert_eq!(half.revision, Revision(2));
    }

    #[test]
    fn a_token_is_removed_but_not_the_last_one() {
        let mut record = blank_alice();
        for byte in 1..=2 {
            record = changed(&Change::Enroll(token(byte)), &record);
        }
        let remove = |byte, record: &Record| apply(&Change::RemoveToken(token(byte).id), record, "root", NOW);
        assert_eq!(remove(3, &record), Err(ChangeRefused::NoSuchToken));
        let one = changed(&Change::RemoveToken(token(1).id), &record);
        assert_eq!(one.tokens, vec![token(2)]);
        assert_eq!(remove(2, &one), Err(ChangeRefused::LastToken));
    }

    #[test]
    fn the_same_secret_twice_and_a_sixth_token_are_refused() {
        let mut record = blank_alice();
        for byte in 1..=5 {
            record = changed(&Change::Enroll(token(byte)), &record);
        }
        assert_eq!(apply(&Change::Enroll(token(6)), &record, "root", NOW), Err(ChangeRefused::TooManyTokens));
        record.tokens.truncate(2);
        let twin = Token { id: TokenId::from_random([9; 8]), ..token(1) };
        assert_eq!(apply(&Change::Enroll(twin), &record, "root", NOW), Err(ChangeRefused::SameSecret));
    }
}
