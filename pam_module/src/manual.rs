//! What the manual says of the module: its arguments and its return codes, a table each. `pam_countersign(8)` is written
//! from them; the tests hold the code against them.
//!
//! Imports nothing: the writer of the manuals reads this file without the module.

/// A module argument.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Argument {
    /// How it is written.
    pub(crate) form: &'static str,
    /// What it does.
    pub(crate) meaning: &'static str,
}

/// Every module argument.
pub(crate) const ARGUMENTS: [Argument; 2] = [
    Argument {
        form: "config=PATH",
        meaning: "Read this configuration instead of `/etc/countersign/config.toml`; an absolute path.",
    },
    Argument { form: "debug", meaning: "Log also which rule decides about a login, with severity debug." },
];

/// What PAM is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Success,
    Ignore,
    AuthErr,
    AuthinfoUnavail,
    ConvErr,
    PermDenied,
    ServiceErr,
    Abort,
}

/// When the module returns a code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Return {
    /// Under which heads of a stack; `setcred` is called by those of auth.
    pub(crate) phases: &'static [&'static str],
    /// The code.
    pub(crate) code: Code,
    /// When.
    pub(crate) when: &'static str,
}

pub(crate) const AUTH: &str = "auth";
pub(crate) const ACCOUNT: &str = "account";
const SETCRED: &str = "setcred";
const REST: [&str; 2] = ["session", "password"];

/// Every return code of every function.
pub(crate) const RETURNS: [Return; 12] = [
    Return {
        phases: &[AUTH],
        code: Code::Success,
        when: "A code was accepted; or, pending the account phase, a token was proven or 2FA turned off; or the user \
               has time left to enroll.",
    },
    Return {
        phases: &[AUTH],
        code: Code::Ignore,
        when: "2FA is not in use for this user on this service: by trusted configuration or trusted state, nothing else.",
    },
    Return {
        phases: &[AUTH],
        code: Code::AuthErr,
        when: "Wrong or used codes, blocked, aborted, cannot enroll here; a lock was not to be had, or a write failed.",
    },
    Return {
        phases: &[AUTH],
        code: Code::AuthinfoUnavail,
        when: "Configuration or state cannot be read or trusted, or an account could not be looked up.",
    },
    Return { phases: &[AUTH], code: Code::ConvErr, when: "The conversation with the person failed." },
    Return { phases: &[ACCOUNT], code: Code::Success, when: "What was proven in this login now has effect." },
    Return { phases: &[ACCOUNT], code: Code::Ignore, when: "There was nothing to put into effect." },
    Return {
        phases: &[ACCOUNT],
        code: Code::PermDenied,
        when: "What was proven could not be put into effect, and was not, in any part.",
    },
    Return { phases: &[AUTH, ACCOUNT], code: Code::ServiceErr, when: "A module argument is not understood." },
    Return { phases: &[AUTH, ACCOUNT], code: Code::Abort, when: "A defect of the module; the login is refused." },
    Return { phases: &[SETCRED], code: Code::Success, when: "Always." },
    Return { phases: &REST, code: Code::Ignore, when: "Always." },
];

impl Code {
    /// The name in `pam(3)`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Success => "PAM_SUCCESS",
            Self::Ignore => "PAM_IGNORE",
            Self::AuthErr => "PAM_AUTH_ERR",
            Self::AuthinfoUnavail => "PAM_AUTHINFO_UNAVAIL",
            Self::ConvErr => "PAM_CONV_ERR",
            Self::PermDenied => "PAM_PERM_DENIED",
            Self::ServiceErr => "PAM_SERVICE_ERR",
            Self::Abort => "PAM_ABORT",
        }
    }
}
