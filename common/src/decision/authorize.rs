//! Who may change what (I12).
//!
//! Invariant: whatever is not allowed by a line here is denied.

use super::change::Change;
use super::plan::{Administrator, Demand};
use crate::record::CanToggle;

/// Who asks for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The command, run by root.
    Root,
    /// The user, inside their own login, not yet enrolled.
    SelfAtLogin,
}

/// Whom a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Whether that user may toggle.
    pub can_toggle: CanToggle,
    /// Whether that user is an administrator.
    pub administrator: Administrator,
    /// What the rules demand of that user at this login; `User` where no login is going on.
    pub demand: Demand,
}

/// Why a change is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// The user may not toggle.
    Locked,
    /// A rule requires a code.
    Required,
    /// An administrator may always toggle, so a lock would be a lie.
    AdministratorCannotBeLocked,
    /// Whether the user is an administrator could not be looked up.
    LookupFailed,
    /// Only an administrator may do this.
    NotYours,
}

/// Whether the actor may make this change to the target.
///
/// # Errors
/// [`Denied`] says why not.
pub fn authorize(actor: Actor, change: &Change, target: Target) -> Result<(), Denied> {
    match (actor, change) {
        (Actor::Root, Change::Lock) => match target.administrator {
            Administrator::No => Ok(()),
            Administrator::Yes => Err(Denied::AdministratorCannotBeLocked),
            Administrator::Unknown => Err(Denied::LookupFailed),
        },
        (Actor::Root, _) | (Actor::SelfAtLogin, Change::Enroll(_)) => Ok(()),
        (Actor::SelfAtLogin, Change::Disable) => match target {
            Target { demand: Demand::Required, .. } => Err(Denied::Required),
            Target { administrator: Administrator::Yes, .. } | Target { can_toggle: CanToggle::Unlocked, .. } => Ok(()),
            Target { can_toggle: CanToggle::Locked, .. } => Err(Denied::Locked),
        },
        (Actor::SelfAtLogin, _) => Err(Denied::NotYours),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Target =
        Target { can_toggle: CanToggle::Unlocked, administrator: Administrator::No, demand: Demand::User };

    #[test]
    fn root_may_do_everything_but_lock_an_administrator() {
        for change in [Change::Enable, Change::Disable, Change::Lock, Change::Unlock, Change::Reset] {
            assert_eq!(authorize(Actor::Root, &change, TARGET), Ok(()));
        }
        let with = |administrator| Target { administrator, ..TARGET };
        let lock = |administrator| authorize(Actor::Root, &Change::Lock, with(administrator));
        assert_eq!(lock(Administrator::Yes), Err(Denied::AdministratorCannotBeLocked));
        assert_eq!(lock(Administrator::Unknown), Err(Denied::LookupFailed));
    }

    #[test]
    fn a_user_at_a_login_may_disable_only_where_allowed() {
        let disable = |target| authorize(Actor::SelfAtLogin, &Change::Disable, target);
        let locked = Target { can_toggle: CanToggle::Locked, ..TARGET };
        assert_eq!(disable(TARGET), Ok(()));
        assert_eq!(disable(locked), Err(Denied::Locked));
        assert_eq!(disable(Target { administrator: Administrator::Unknown, ..locked }), Err(Denied::Locked));
        assert_eq!(disable(Target { administrator: Administrator::Yes, ..locked }), Ok(()));
        let required = Target { demand: Demand::Required, administrator: Administrator::Yes, ..TARGET };
        assert_eq!(disable(required), Err(Denied::Required));
        for change in [Change::Enable, Change::Lock, Change::Unlock, Change::Reset] {
            assert_eq!(authorize(Actor::SelfAtLogin, &change, TARGET), Err(Denied::NotYours));
        }
    }
}
