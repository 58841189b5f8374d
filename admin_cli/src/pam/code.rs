//! The return codes of Linux-PAM, by number and by the names a control may use.

use std::fmt;

/// What a module, or a whole stack, returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Code(u8);

/// In the order of `_pam_types.h`.
const NAMES: [&str; 32] = [
    "success",
    "open_err",
    "symbol_err",
    "service_err",
    "system_err",
    "buf_err",
    "perm_denied",
    "auth_err",
    "cred_insufficient",
    "authinfo_unavail",
    "user_unknown",
    "maxtries",
    "new_authtok_reqd",
    "acct_expired",
    "session_err",
    "cred_unavail",
    "cred_expired",
    "cred_err",
    "no_module_data",
    "conv_err",
    "authtok_err",
    "authtok_recover",
    "authtok_lock_busy",
    "authtok_disable_aging",
    "try_again",
    "ignore",
    "abort",
    "authtok_expired",
    "module_unknown",
    "bad_item",
    "conv_again",
    "incomplete",
];
/// What may follow `authtok_recover`: libpam has spelled it in two ways.
const RECOVER_ENDINGS: [&str; 2] = ["y_err", "_err"];

impl Code {
    pub(crate) const SUCCESS: Self = Self(0);
    pub(crate) const SERVICE_ERR: Self = Self(3);
    pub(crate) const PERM_DENIED: Self = Self(6);
    pub(crate) const AUTH_ERR: Self = Self(7);
    pub(crate) const AUTHINFO_UNAVAIL: Self = Self(9);
    pub(crate) const USER_UNKNOWN: Self = Self(10);
    pub(crate) const NEW_AUTHTOK_REQD: Self = Self(12);
    pub(crate) const IGNORE: Self = Self(25);
    pub(crate) const MODULE_UNKNOWN: Self = Self(28);

    /// All there are.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0_u8..).zip(NAMES).map(|(number, _)| Self(number))
    }

    /// Its place in a table of all codes.
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The code whose name a text begins with, and the rest: how libpam reads a control.
    pub(super) fn at_start_of(text: &str) -> Option<(Self, &str)> {
        let named = |name: &str| {
            let rest = text.strip_prefix(name)?;
            if name != "authtok_recover" {
                return Some(rest);
            }
            RECOVER_ENDINGS.iter().find_map(|ending| rest.strip_prefix(ending))
        };
        Self::all().zip(NAMES).find_map(|(code, name)| Some((code, named(name)?)))
    }

    /// The code of exactly this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::at_start_of(name).filter(|(_, rest)| rest.is_empty()).map(|(code, _)| code)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.get(self.index()).unwrap_or(&"?"))
    }
}
