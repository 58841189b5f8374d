//! The shared secret of a token: 80 to 512 bits, wiped when dropped, never printed.
//!
//! Invariant: `Debug` shows no byte of it; text leaves only through [`Secret::to_base32`], which wipes itself.

use std::fmt;

use zeroize::Zeroizing;

use super::salted;

/// A shared secret (RFC 4226 §4, R6), 10 to 64 bytes; new ones have 20 (160 bits).
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

/// Why bytes or text are not a secret. Never quotes the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretError {
    /// Not canonical base32 (RFC 4648 §6, upper case, no padding).
    NotBase32,
    /// Shorter than 10 or longer than 64 bytes.
    Length,
}

impl Secret {
    /// Bytes of a new secret: 160 bits, as RFC 4226 §4 recommends.
    pub const NEW_LENGTH: usize = 20;

    /// A secret from its bytes.
    ///
    /// # Errors
    /// [`SecretError::Length`] outside 10 to 64 bytes.
    pub fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Result<Self, SecretError> {
        if (10..=64).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(SecretError::Length) }
    }

    /// A secret from canonical base32 text: upper case, no padding, no blanks, no spare bits.
    ///
    /// # Errors
    /// [`SecretError`]; the text itself is in no error.
    pub fn from_base32(text: &str) -> Result<Self, SecretError> {
        let decoded = totp_rs::Secret::try_from_base32(text).map_err(|_| SecretError::NotBase32)?;
        let secret = Self::from_bytes(Zeroizing::new(decoded.as_ref().to_vec()))?;
        // The decoder forgives impossible lengths and spare bits; one secret must have one text.
        if secret.to_base32().as_str() == text { Ok(secret) } else { Err(SecretError::NotBase32) }
    }

    /// Base32 text (RFC 4648 §6), upper case, without padding.
    #[must_use]
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(totp_rs::Secret::from(self.0.as_slice()).to_base32())
    }

    /// HMAC-SHA256(salt, secret): to know it again without keeping it; 80 random bits are beyond search.
    #[must_use]
    pub fn hash(&self, salt: &[u8; 16]) -> [u8; 32] {
        salted::hash(salt, &self.0)
    }

    /// Whether this is the secret of a hash. Constant-time in the hash.
    #[must_use]
    pub fn fits(&self, salt: &[u8; 16], hash: &[u8; 32]) -> bool {
        salted::fits(salt, &self.0, hash)
    }

    /// The bytes, for the code generator.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Secret {
    /// Compares in constant time for equal lengths.
    fn eq(&self, other: &Self) -> bool {
        totp_rs::Secret::from(self.as_bytes()) == totp_rs::Secret::from(other.as_bytes())
    }
}
impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Base32;
        impl serde::de::Visitor<'_> for Base32 {
            type Value = Secret;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a secret in base32")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Secret, E> {
                Secret::from_base32(text).map_err(E::custom)
            }
            fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Secret, E> {
                self.visit_str(&Zeroizing::new(text))
            }
        }
        deserializer.deserialize_str(Base32)
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotBase32 => "not canonical base32",
            Self::Length => "not 10 to 64 bytes long",
        })
    }
}
impl std::error::Error for SecretError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_read_only_in_its_one_canonical_form() {
        let text = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let secret = Secret::from_base32(text).unwrap();
        assert_eq!(secret.as_bytes(), b"12345678901234567890");
        assert_eq!(secret.to_base32().as_str(), text);
        let spare_bits = "GEZDGNBVGY3TQOJQG7";
        for bad in [
            "",
            "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
            "GEZDGNBVGY3TQOJQG",
            spare_bits,
            "GEZDGNBV GY3TQOJQ",
            "GEZDGNBVGY3TQOJ1",
        ] {
            assert!(Secret::from_base32(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn length_is_bounded() {
        for (length, good) in [(9, false), (10, true), (64, true), (65, false)] {
            assert_eq!(Secret::from_bytes(Zeroizing::new(vec![7; length])).is_ok(), good, "{length}");
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let secret = Secret::from_bytes(Zeroizing::new(vec![65; 20])).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
