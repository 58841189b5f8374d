//! Why something is not done, in words for the one who asked, and who can help.

use countersign_common::audit::{Event, RefusedReason};
use countersign_common::decision::{Action, Actor, Administrator, ChangeRefused, Denied, authorize, is_in_use};
use countersign_common::dialogue::Reply;
use countersign_common::notice::Notice;
use countersign_common::record::Use2fa;
use countersign_common::store::StoreError;

use crate::desk::{Desk, Person};

/// Why something is not done.
#[derive(Debug)]
pub(crate) struct Refusal {
    message: Option<String>,
    hint: Option<String>,
    /// What the log should say.
    pub(crate) event: Option<Event>,
    /// About whom, if not about the target.
    pub(crate) about: Option<Box<Person>>,
}

impl Refusal {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), hint: None, event: None, about: None }
    }

    /// Nobody is there to be told.
    pub(crate) const fn unheard() -> Self {
        Self { message: None, hint: None, event: None, about: None }
    }

    #[must_use]
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    #[must_use]
    pub(crate) fn logged(self, event: Event) -> Self {
        Self { event: Some(event), ..self }
    }

    /// What the log says is about this person, whoever the target is.
    #[must_use]
    pub(crate) fn about(self, person: &Person) -> Self {
        Self { about: Some(Box::new(person.clone())), ..self }
    }

    /// A notice, as at a login.
    pub(crate) fn notice(desk: &Desk, notice: &Notice) -> Self {
        Self::new(notice.worded(desk.support()).to_string())
    }

    /// What cannot be trusted, locked or written. Paths are for the log.
    pub(crate) fn store(desk: &Desk, error: StoreError) -> Self {
        let event = match error {
            StoreError::Untrusted { path, reason } => Event::Untrusted { path, reason },
            StoreError::Busy { .. } => {
                let busy = Event::Refused { reason: RefusedReason::LockBusy, detail: Some(error.to_string()) };
                return Self::new("another change or login of the same user is going on")
                    .hint("try again in a moment")
                    .logged(busy);
            }
            StoreError::WriteFailed { .. } => {
                Event::Refused { reason: RefusedReason::WriteFailed, detail: Some(error.to_string()) }
            }
            StoreError::NameTooLong => return Self::new("the user name is too long"),
        };
        Self::notice(desk, &Notice::NotAvailable).logged(event)
    }

    /// What `decision::authorize` denied.
    pub(crate) fn denied(desk: &Desk, action: Action, target: &Person, denied: Denied) -> Self {
        let helper = desk.support().unwrap_or("your administrator");
        let user = target.as_str();
        let oneself = desk.is_caller(target);
        let verb = action.as_str();
        let refusal = match denied {
            Denied::Locked => Self::new("you may not turn two-factor authentication on or off")
                .hint(format!("{helper} can give you that right, by: countersign unlock {user}")),
            Denied::Required => Self::new(format!("a rule requires two-factor authentication of {user}"))
                .hint(format!("only a change of the rules in /etc/countersign/config.toml can help: ask {helper}")),
            _ if action == Action::Lock && oneself && target.administrator == Administrator::Yes => {
                Self::new("you are an administrator, who may always turn 2FA on and off")
            }
            Denied::AdministratorCannotBeLocked => {
                Self::new(format!("{user}: is an administrator, who may always turn 2FA on and off"))
            }
            Denied::LookupFailed => Self::new(format!("{user}: a group that decides this could not be looked up"))
                .hint(format!("try again; if it stays so, {helper} can help")),
            Denied::NotEnrolled => {
                let what = if oneself {
                    "you have no token yet: log in with 2FA on, and the login shows a QR code"
                } else {
                    "to help others you confirm with a code, and you have no token yet"
                };
                Self::new(what).hint(way_to_a_token(desk))
            }
            Denied::TargetIsRoot => Self::new(format!("{user}: is root, whom no one else can help")),
            Denied::TargetIsAdministrator => {
                Self::new(format!("{user}: is an administrator")).hint("another administrator can help")
            }
            Denied::TargetIsDelegate => {
                Self::new(format!("{user}: helps others too")).hint("an administrator can help")
            }
            Denied::TargetIsExcepted => {
                Self::new(format!("{user}: is in a group that you may not help")).hint("an administrator can help")
            }
            Denied::NotGranted => {
                Self::new(format!("{user}: you may help, but not by {verb}")).hint("an administrator can help")
            }
            Denied::NotYours if oneself => Self::new(format!("you may not {verb} yourself"))
                .hint(format!("{helper} can, by: countersign {verb} {user}")),
            Denied::NotYours if matches!(action, Action::Lock | Action::Unlock | Action::Unblock) => {
                Self::new(format!("{user}: is no one you may {verb}")).hint(format!("{helper} can help"))
            }
            Denied::NotYours => {
                Self::new(format!("{user}: you may do this for yourself alone")).hint(format!("{helper} can help"))
            }
        };
        let detail = Some(format!("{verb} by {}", desk.caller_name()));
        refusal.logged(Event::Refused { reason: RefusedReason::NotAllowed, detail })
    }

    /// What `decision::apply` refused; `command` gives what to type about the target.
    pub(crate) fn change(refused: ChangeRefused, command: impl Fn(Action) -> String) -> Self {
        match refused {
            ChangeRefused::TooManyTokens => {
                let remove = command(Action::RemoveToken);
                Self::new("there are as many tokens as a user may have").hint(format!("take one away: {remove} TOKEN"))
            }
            ChangeRefused::NoSuchToken => {
                Self::new("there is no such token").hint(format!("to see them: {}", command(Action::Tokens)))
            }
            ChangeRefused::LastToken => {
                Self::new("this is the last token").hint(format!("to begin anew: {}", command(Action::Reset)))
            }
            ChangeRefused::SameSecret => Self::new("there is a token with this secret already"),
        }
    }

    /// The line that says so; `None` if nobody is there.
    pub(crate) fn reply(self) -> Option<Reply> {
        Some(Reply::Refused { message: self.message?, hint: self.hint })
    }
}

/// How a caller without a token comes by one: by what they may do themselves, or by whom.
fn way_to_a_token(desk: &Desk) -> String {
    let state = desk.view(&desk.caller).unwrap_or_default();
    let target = desk.target(&desk.caller, &state);
    if is_in_use(&desk.config, target.demand, state.record.as_ref()) == Use2fa::Enabled {
        return "your 2FA is on: log in anew, over SSH or on a console".to_owned();
    }
    if authorize(Actor::Oneself, Action::Enable, target).is_ok() {
        return "to turn it on: countersign enable".to_owned();
    }
    let helper = desk.support().unwrap_or("your administrator");
    format!("{helper} can turn it on, by: countersign enable {}", desk.caller_name())
}
