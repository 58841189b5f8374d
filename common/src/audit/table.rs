//! The table of events: name, severity, fields, meaning. docs/log.md is checked against it.

use std::fmt;

use super::Severity;

/// One kind of event.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The value of `event=`.
    pub name: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// Its fields after `user`, `service` and `rhost`.
    pub fields: &'static str,
    /// What it means and what to do.
    pub meaning: &'static str,
}

const fn row(name: &'static str, severity: Severity, fields: &'static str, meaning: &'static str) -> Row {
    Row { name, severity, fields, meaning }
}

pub(super) static ACCEPTED: Row = row("accepted", Severity::Info, "offset_steps failures", "A code let the user in.");
pub(super) static REFUSED: Row = row(
    "refused",
    Severity::Notice,
    "reason detail",
    "The user was refused; `detail` names the file and the error where there is one.",
);
pub(super) static REPLAY: Row = row(
    "replay",
    Severity::Warning,
    "",
    "A code that was already accepted came again: two logins within one step, or an eavesdropper.",
);
pub(super) static BLOCKED: Row = row(
    "blocked",
    Severity::Warning,
    "until failures",
    "Refused unseen after too many wrong codes; lift it with `countersign unblock USER`.",
);
pub(super) static RECOVERY_USED: Row = row(
    "recovery_used",
    Severity::Notice,
    "left failures",
    "A recovery code let the user in; `left` is how many remain.",
);
pub(super) static GRACE: Row = row(
    "grace",
    Severity::Info,
    "until",
    "The user is not enrolled and was let in without a code, which is possible until then.",
);
pub(super) static ENROLLED: Row =
    row("enrolled", Severity::Notice, "token", "A token was committed; from now on the user is asked for its codes.");
pub(super) static DISABLED: Row =
    row("disabled", Severity::Notice, "", "The user turned 2FA off during a login, and was allowed to.");
pub(super) static CHANGED: Row = row(
    "changed",
    Severity::Notice,
    "what by",
    "The command changed the user's setting, right or access; or, with `service` and no user, a PAM stack.",
);
pub(super) static UNTRUSTED: Row = row(
    "untrusted",
    Severity::Error,
    "path reason",
    "A file or directory cannot be trusted, so the login was refused; mend it, or restore it from a backup.",
);
pub(super) static DAMAGED: Row = row(
    "damaged",
    Severity::Warning,
    "path slot",
    "One of the two slots of a user's counters was damaged, and the other one counted: nobody was refused, and the next write mends it. After a power cut nothing is lost; without one the disk may be failing, and what the last login left behind may be forgotten.",
);
pub(super) static MISCONFIGURED: Row = row(
    "misconfigured",
    Severity::Error,
    "problem",
    "The configuration, a module argument or the PAM stack is wrong; try `countersign check-config`.",
);
pub(super) static DRIFT: Row = row(
    "drift",
    Severity::Notice,
    "steps",
    "A wrong code was the right one of another time: the phone's clock, or this host's, is off by so many steps.",
);
pub(super) static SLOW_GUESSING: Row = row(
    "slow_guessing",
    Severity::Warning,
    "failures",
    "300 or more wrong codes within 30 days: someone who knows the password may be guessing slowly.",
);

pub(super) static REHEARSED: Row = row(
    "rehearsed",
    Severity::Info,
    "rule then detail",
    "A rule with `rehearse` let the user pass unasked; with `required`, `then` would have come; `countersign report --rehearsal` counts them.",
);

/// Every kind of event.
pub static ROWS: &[&Row] = &[
    &ACCEPTED,
    &REFUSED,
    &REPLAY,
    &BLOCKED,
    &RECOVERY_USED,
    &GRACE,
    &ENROLLED,
    &DISABLED,
    &CHANGED,
    &UNTRUSTED,
    &DAMAGED,
    &MISCONFIGURED,
    &DRIFT,
    &SLOW_GUESSING,
    &REHEARSED,
];

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
            Self::Info => "info",
            Self::Debug => "debug",
        })
    }
}
