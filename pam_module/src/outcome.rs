//! From a verdict to a PAM return code, a last notice and a line in the log.
//!
//! Invariant: `PAM_IGNORE` comes from [`Granted::NotInUse`] alone (I5); whatever is not granted is refused.

use pamsm::PamError;

use countersign_common::audit::{Event, RefusedReason};
use countersign_common::notice::Notice;
use countersign_common::store::StoreError;
use countersign_common::system::{ClockError, ConfigFileError, RandomError};

use crate::conversation::ConversationError;
use crate::login::Machine;
use crate::manual::Code;

/// How long a refused person is kept waiting, about, in microseconds (`pam_fail_delay(3)`).
const FAIL_DELAY: u32 = 2_000_000;

/// Which phase a verdict ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Authenticate,
    Account,
}

/// How a phase ends.
pub(crate) type Verdict = Result<Granted, Refused>;

/// Why the module does not stand in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Granted {
    /// A code was accepted, a token proven, a disable chosen, or (account phase) committed.
    Proven,
    /// Trusted config or trusted state says that 2FA is not in use here; in the account phase: nothing is pending.
    NotInUse,
}

/// Why it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    kind: Kind,
    notices: Vec<Notice>,
    events: Vec<Event>,
}

/// Which return code a refusal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The person, or a write, failed.
    Person,
    /// Config or state cannot be trusted.
    Untrusted,
    /// The conversation failed.
    Conversation,
    /// A module argument is wrong.
    Argument,
}

impl Refused {
    /// The person is refused.
    pub(crate) fn person(notice: Notice, event: Event) -> Self {
        Self { kind: Kind::Person, notices: vec![notice], events: vec![event] }
    }

    /// The person is refused after their answers were told and logged one by one: what is left to tell.
    pub(crate) fn after_answers(notices: Vec<Notice>) -> Self {
        Self { kind: Kind::Person, notices, events: vec![] }
    }

    /// The person is refused for this reason.
    pub(crate) fn because(reason: RefusedReason, notice: Notice) -> Self {
        Self::person(notice, Event::Refused { reason, detail: None })
    }

    /// The person gave up: nothing is left to tell them.
    pub(crate) fn aborted() -> Self {
        let event = Event::Refused { reason: RefusedReason::Conversation, detail: Some("no answer".to_owned()) };
        Self { kind: Kind::Person, notices: vec![], events: vec![event] }
    }

    /// A module argument is wrong.
    pub(crate) fn bad_argument(problem: &str) -> Self {
        let event = Event::Misconfigured { problem: problem.to_owned() };
        Self { kind: Kind::Argument, notices: vec![Notice::NotAvailable], events: vec![event] }
    }

    /// Nothing can be known, so nobody is let in.
    pub(crate) fn untrusted(event: Event) -> Self {
        Self { kind: Kind::Untrusted, notices: vec![Notice::NotAvailable], events: vec![event] }
    }
}

impl From<ConversationError> for Refused {
    fn from(_: ConversationError) -> Self {
        let event = Event::Refused { reason: RefusedReason::Conversation, detail: None };
        Self { kind: Kind::Conversation, notices: vec![], events: vec![event] }
    }
}

impl From<ConfigFileError> for Refused {
    fn from(error: ConfigFileError) -> Self {
        Self::untrusted(Event::Misconfigured { problem: error.to_string() })
    }
}

impl From<ClockError> for Refused {
    fn from(error: ClockError) -> Self {
        Self::untrusted(Event::Misconfigured { problem: error.to_string() })
    }
}

impl From<RandomError> for Refused {
    fn from(error: RandomError) -> Self {
        Self::untrusted(Event::Misconfigured { problem: error.to_string() })
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        let refused = |reason| {
            let event = Event::Refused { reason, detail: Some(error.to_string()) };
            Self { kind: Kind::Person, notices: vec![Notice::NotAvailable], events: vec![event] }
        };
        match &error {
            StoreError::Untrusted { path, reason } => {
                Self::untrusted(Event::Untrusted { path: path.clone(), reason: reason.clone() })
            }
            StoreError::NameTooLong => Self::untrusted(Event::Misconfigured { problem: error.to_string() }),
            StoreError::Busy { .. } => refused(RefusedReason::LockBusy),
            StoreError::WriteFailed { .. } => refused(RefusedReason::WriteFailed),
        }
    }
}

/// Ends a phase: logs, tells the person, and turns the verdict into PAM's code.
pub(crate) fn finish(machine: &Machine, phase: Phase, verdict: Verdict) -> PamError {
    let refused = match verdict {
        Ok(Granted::Proven) => return pam_error(Code::Success),
        Ok(Granted::NotInUse) => return pam_error(Code::Ignore),
        Err(refused) => refused,
    };
    for event in &refused.events {
        machine.log(event);
    }
    for notice in &refused.notices {
        machine.tell(notice);
    }
    if phase == Phase::Authenticate && refused.kind == Kind::Person {
        machine.handle.fail_delay(FAIL_DELAY);
    }
    pam_error(code_of(phase, refused.kind))
}

const fn code_of(phase: Phase, kind: Kind) -> Code {
    match (phase, kind) {
        (_, Kind::Argument) => Code::ServiceErr,
        (Phase::Account, _) => Code::PermDenied,
        (Phase::Authenticate, Kind::Person) => Code::AuthErr,
        (Phase::Authenticate, Kind::Untrusted) => Code::AuthinfoUnavail,
        (Phase::Authenticate, Kind::Conversation) => Code::ConvErr,
    }
}

const fn pam_error(code: Code) -> PamError {
    match code {
        Code::Success => PamError::SUCCESS,
        Code::Ignore => PamError::IGNORE,
        Code::AuthErr => PamError::AUTH_ERR,
        Code::AuthinfoUnavail => PamError::AUTHINFO_UNAVAIL,
        Code::ConvErr => PamError::CONV_ERR,
        Code::PermDenied => PamError::PERM_DENIED,
        Code::ServiceErr => PamError::SERVICE_ERR,
        Code::Abort => PamError::ABORT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manual::{ACCOUNT, AUTH, RETURNS};

    /// Besides what the outcome of a phase brings, each may find 2FA not in use, succeed, or meet a defect.
    #[test]
    fn the_manual_has_every_return_code_of_a_phase_and_no_other() {
        for (phase, head) in [(Phase::Authenticate, AUTH), (Phase::Account, ACCOUNT)] {
            let kinds = [Kind::Person, Kind::Untrusted, Kind::Conversation, Kind::Argument];
            let mut codes: Vec<&str> = kinds.map(|kind| code_of(phase, kind).name()).to_vec();
            codes.extend([Code::Success, Code::Ignore, Code::Abort].map(Code::name));
            codes.sort_unstable();
            codes.dedup();
            let rows = RETURNS.iter().filter(|row| row.phases.contains(&head));
            let mut listed: Vec<&str> = rows.map(|row| row.code.name()).collect();
            listed.sort_unstable();
            assert_eq!(codes, listed, "{head}");
        }
    }
}
