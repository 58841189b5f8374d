//! Random 64-bit identifiers, one type for each thing that has one; never reused, written as 16 hex digits.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

/// A random identifier of a thing of kind `K`.
pub struct Id<K>(u64, PhantomData<K>);

/// The text is not 16 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdError;

/// Marks identifiers of tokens.
#[derive(Debug)]
pub enum TokenKind {}
/// Marks identifiers of records.
#[derive(Debug)]
pub enum RecordKind {}
/// Marks identifiers of sets of recovery codes.
#[derive(Debug)]
pub enum RecoverySetKind {}
/// Marks identifiers of installations.
#[derive(Debug)]
pub enum InstallationKind {}

/// Which token; counters are keyed by it, so a re-enrolled token starts afresh.
pub type TokenId = Id<TokenKind>;
/// Which record; counters name it, so a record that vanished is noticed.
pub type RecordId = Id<RecordKind>;
/// Which set of recovery codes.
pub type RecoverySetId = Id<RecoverySetKind>;
/// Which installation a state directory belongs to.
pub type InstallationId = Id<InstallationKind>;

impl<K> Id<K> {
    /// An identifier from eight random bytes.
    #[must_use]
    pub const fn from_random(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes), PhantomData)
    }

    /// The number that its digits write.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<K> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 16 || !text.bytes().all(hex) {
            return Err(IdError);
        }
        u64::from_str_radix(text, 16).map(|value| Self(value, PhantomData)).map_err(|_| IdError)
    }
}
impl<'de, K> serde::Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an identifier of 16 hex digits")
    }
}
impl std::error::Error for IdError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_written_and_read_back() {
        let id = TokenId::from_random([0, 1, 2, 3, 0xfc, 0xfd, 0xfe, 0xff]);
        assert_eq!(id.to_string(), "00010203fcfdfeff");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn anything_else_is_no_identifier() {
        for text in ["", "00010203fcfdfef", "00010203FCFDFEFF", "+0010203fcfdfeff", "00010203fcfdfeff0"] {
            assert_eq!(text.parse::<TokenId>(), Err(IdError), "{text}");
        }
    }
}
