//! The canonical name of a login account.
//!
//! Invariant: 1 to 255 bytes, no NUL, no character a lossy conversion may have put there.

use std::fmt;

/// A user's canonical name: `pw_name` as `getpwnam_r(3)` gave it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(String);

/// The text cannot be an account's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserNameError;

impl UserName {
    /// # Errors
    /// [`UserNameError`] if the text is empty, over 255 bytes, or holds NUL or U+FFFD (two different names that
    /// are not UTF-8 would become one).
    pub fn new(name: &str) -> Result<Self, UserNameError> {
        let length_fits = (1..=255).contains(&name.len());
        if length_fits && !name.contains(['\0', '\u{fffd}']) { Ok(Self(name.to_owned())) } else { Err(UserNameError) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for UserNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a user name")
    }
}
impl std::error::Error for UserNameError {}
