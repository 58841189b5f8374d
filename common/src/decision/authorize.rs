//! Who may do what to whom (I12). docs/authorization.md is the table of all cells, held against this by a test.
//!
//! Invariant: whatever is not allowed by a line here is denied; what could not be looked up gives no power.

use super::action::Action;
use super::delegation::Grant;
use super::plan::{Administrator, Demand};
use super::rules::Membership;
use crate::config::{Config, Confirm};
use crate::record::CanToggle;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor<'a> {
    /// The command, run by root.
    Root,
    /// The user, inside their own login, not yet enrolled.
    SelfAtLogin,
    /// The user, about themselves, through the helper.
    Oneself,
    /// A user, about someone else, through the helper.
    Other(Helping<'a>),
}

/// What someone has to act on someone else with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Helping<'a> {
    /// Whether the one who acts is an administrator.
    pub administrator: Administrator,
    /// What `[[delegate]]` grants over this target.
    pub grant: &'a Grant,
    /// Whether the one who acts is enrolled, and so can confirm.
    pub enrolled: Enrolled,
}

/// Whether a user has a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolled {
    /// At least one.
    Yes,
    /// None.
    No,
}

/// Whether an account is root's (uid 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootAccount {
    /// It is.
    Yes,
    /// It is another.
    No,
}

/// Whom it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Whether that user may toggle.
    pub can_toggle: CanToggle,
    /// Whether that user is an administrator.
    pub administrator: Administrator,
    /// What the rules demand of that user: at this login, or else wherever they log in.
    pub demand: Demand,
    /// Whether that user has a token.
    pub enrolled: Enrolled,
    /// Whether it is root.
    pub root: RootAccount,
    /// Whether that user is a delegate, over whomever.
    pub delegate: Membership,
}

/// Why it is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// The user may not toggle.
    Locked,
    /// A rule requires a code.
    Required,
    /// An administrator may always toggle, so a lock would be a lie.
    AdministratorCannotBeLocked,
    /// A group that decides could not be looked up.
    LookupFailed,
    /// Only an administrator may do this.
    NotYours,
    /// The one who acts has no token, and so can neither confirm nor change anything but by `enable`.
    NotEnrolled,
    /// Nobody acts on root through the helper.
    TargetIsRoot,
    /// A delegate does not act on administrators.
    TargetIsAdministrator,
    /// A delegate does not act on delegates.
    TargetIsDelegate,
    /// The target is in an `except` group.
    TargetIsExcepted,
    /// The actor is a delegate over the target, but not for this.
    NotGranted,
}

impl Target {
    /// What matters of a target to root, and to a user in their own login before any token stands: no one guards it.
    #[must_use]
    pub const fn unguarded(can_toggle: CanToggle, administrator: Administrator, demand: Demand) -> Self {
        let (enrolled, root, delegate) = (Enrolled::No, RootAccount::No, Membership::No);
        Self { can_toggle, administrator, demand, enrolled, root, delegate }
    }
}

/// Whether the actor may do this to the target.
///
/// # Errors
/// [`Denied`] says why not.
pub fn authorize(actor: Actor, action: impl Into<Action>, target: Target) -> Result<(), Denied> {
    let action = action.into();
    match actor {
        Actor::Root if action == Action::Lock => lockable(target),
        Actor::Root => Ok(()),
        Actor::SelfAtLogin => match action {
            Action::Enroll => Ok(()),
            Action::Disable => disabling(target),
            _ => Err(Denied::NotYours),
        },
        Actor::Oneself => oneself(action, target),
        Actor::Other(_) if target.root == RootAccount::Yes => Err(Denied::TargetIsRoot),
        Actor::Other(helping) if helping.administrator == Administrator::Yes => {
            changing_others(action, helping.enrolled, target)
        }
        Actor::Other(helping) => {
            granted(action, helping, target)?;
            changing_others(action, helping.enrolled, target)
        }
    }
}

/// Whether what is done must first be confirmed by a code of the one who acts.
#[must_use]
pub fn is_confirmed(config: &Config, actor: Actor, action: Action) -> bool {
    match (actor, action) {
        // Turning one's own 2FA on weakens nothing.
        (Actor::Root | Actor::SelfAtLogin, _) | (Actor::Oneself, Action::Enable) => false,
        (Actor::Oneself, _) => !action.is_looking() && config.self_service.confirm == Confirm::Code,
        // Whoever acts on others proves who they are, whatever is said of oneself.
        (Actor::Other(_), _) => !action.is_looking(),
    }
}

fn oneself(action: Action, target: Target) -> Result<(), Denied> {
    match action {
        Action::Status | Action::Explain | Action::Tokens => Ok(()),
        Action::Enable => toggling(target),
        Action::Lock | Action::Unlock | Action::Unblock => Err(Denied::NotYours),
        // Inside a login the password is checked; here it is not.
        _ if target.enrolled == Enrolled::No => Err(Denied::NotEnrolled),
        Action::Disable => disabling(target),
        Action::Reset | Action::Enroll | Action::RemoveToken | Action::NewRecoveryCodes => Ok(()),
    }
}

/// What any helper of others must observe.
fn changing_others(action: Action, actor: Enrolled, target: Target) -> Result<(), Denied> {
    match (action, actor) {
        _ if action.is_looking() => Ok(()),
        (_, Enrolled::No) => Err(Denied::NotEnrolled),
        (Action::Lock, _) => lockable(target),
        (Action::Disable, _) if target.demand == Demand::Required => Err(Denied::Required),
        _ => Ok(()),
    }
}

/// What a delegate must have been granted, and over whom never.
fn granted(action: Action, helping: Helping, target: Target) -> Result<(), Denied> {
    let verbs = match helping.grant {
        Grant::Verbs(verbs) => verbs,
        Grant::Excepted => return Err(Denied::TargetIsExcepted),
        Grant::Unknown => return Err(Denied::LookupFailed),
        Grant::Nothing if helping.administrator == Administrator::Unknown => return Err(Denied::LookupFailed),
        Grant::Nothing => return Err(Denied::NotYours),
    };
    match (target.administrator, target.delegate) {
        (Administrator::Yes, _) => return Err(Denied::TargetIsAdministrator),
        (_, Membership::Yes) => return Err(Denied::TargetIsDelegate),
        (Administrator::Unknown, _) | (_, Membership::Unknown) => return Err(Denied::LookupFailed),
        (Administrator::No, Membership::No) => {}
    }
    let named = action.verb().is_some_and(|verb| verbs.contains(&verb));
    if named || action.is_looking() { Ok(()) } else { Err(Denied::NotGranted) }
}

fn lockable(target: Target) -> Result<(), Denied> {
    match target.administrator {
        Administrator::No => Ok(()),
        Administrator::Yes => Err(Denied::AdministratorCannotBeLocked),
        Administrator::Unknown => Err(Denied::LookupFailed),
    }
}

fn toggling(target: Target) -> Result<(), Denied> {
    match (target.administrator, target.can_toggle) {
        (Administrator::Yes, _) | (_, CanToggle::Unlocked) => Ok(()),
        (_, CanToggle::Locked) => Err(Denied::Locked),
    }
}

fn disabling(target: Target) -> Result<(), Denied> {
    match target.demand {
        Demand::Required => Err(Denied::Required),
        Demand::User => toggling(target),
    }
}

#[cfg(test)]
#[path = "authorize_tests.rs"]
mod tests;
