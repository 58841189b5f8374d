//! Recovery codes: sixteen characters for the day the phone is gone.
//!
//! Invariants: 80 random bits, so one salted HMAC-SHA256 is beyond search; a code is kept as its hash alone; what a
//! person types is read forgivingly, what is shown is wiped when dropped and never printed by `Debug`.

use std::fmt;

use zeroize::Zeroizing;

use super::salted;

/// Crockford's base32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code.
const LENGTH: usize = 16;

/// A recovery code, as its sixteen canonical characters.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<String>);

/// The text is no recovery code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryCodeError;

impl RecoveryCode {
    /// A code from ten random bytes.
    #[must_use]
    pub fn from_random(bytes: &[u8; 10]) -> Self {
        let number = bytes.iter().fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        for position in (0..LENGTH).rev() {
            let shift = u32::try_from(position).unwrap_or(0).saturating_mul(5);
            let digit = usize::try_from((number >> shift) & 31).unwrap_or(0);
            text.push(ALPHABET.get(digit).copied().map_or('0', char::from));
        }
        Self(text)
    }

    /// Reads what a person typed: any letter case, O for 0, I and L for 1, blanks and dashes anywhere.
    ///
    /// # Errors
    /// [`RecoveryCodeError`] for anything else.
    pub fn parse(answer: &str) -> Result<Self, RecoveryCodeError> {
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        for character in answer.chars() {
            let canonical = match character.to_ascii_uppercase() {
                ' ' | '\t' | '-' => continue,
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let known = u8::try_from(canonical).is_ok_and(|byte| ALPHABET.contains(&byte));
            if !known || text.len() >= LENGTH {
                return Err(RecoveryCodeError);
            }
            text.push(canonical);
        }
        if text.len() == LENGTH { Ok(Self(text)) } else { Err(RecoveryCodeError) }
    }

    /// HMAC-SHA256(salt, code): what a record keeps of it.
    #[must_use]
    pub fn hash(&self, salt: &[u8; 16]) -> [u8; 32] {
        salted::hash(salt, self.0.as_bytes())
    }

    /// Whether this is the code of a hash. Constant-time in the hash.
    #[must_use]
    pub fn fits(&self, salt: &[u8; 16], hash: &[u8; 32]) -> bool {
        salted::fits(salt, self.0.as_bytes(), hash)
    }

    /// The code in four groups of four, for the person to write down.
    #[must_use]
    pub fn in_groups(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(LENGTH.saturating_add(3)));
        for (index, character) in self.0.chars().enumerate() {
            if index > 0 && index.is_multiple_of(4) {
                text.push('-');
            }
            text.push(character);
        }
        text
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

impl fmt::Display for RecoveryCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a recovery code")
    }
}
impl std::error::Error for RecoveryCodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: [u8; 10] = [0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf];

    #[test]
    fn ten_bytes_become_sixteen_characters_in_groups_of_four() {
        assert_eq!(RecoveryCode::from_random(&BYTES).in_groups().as_str(), "0123-4567-89AB-CDEF");
        assert_eq!(RecoveryCode::from_random(&[0xff; 10]).in_groups().as_str(), "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
    }

    #[test]
    fn what_a_person_types_is_read_forgivingly() {
        let code = RecoveryCode::from_random(&BYTES);
        for answer in [
            "0123-4567-89AB-CDEF",
            "0123456789abcdef",
            " o1 23 4567-89ab cd-ef ",
            "Oi23456789ABCDEF",
            "0l23456789ABCDEF",
        ] {
            assert_eq!(RecoveryCode::parse(answer).as_ref(), Ok(&code), "{answer}");
        }
    }

    #[test]
    fn anything_else_is_no_recovery_code() {
        for answer in [
            "",
            "0123-4567-89AB-CDE",
            "0123-4567-89AB-CDEF0",
            "0123-4567-89AB-CDEU",
            "0123_4567_89AB_CDEF",
            "０123456789ABCDEF",
            "123456",
        ] {
            assert!(RecoveryCode::parse(answer).is_err(), "{answer}");
        }
    }

    /// HMAC-SHA256 of "0123456789ABCDEF" under sixteen bytes of 7, computed with another implementation.
    #[test]
    fn the_hash_is_hmac_sha256_of_the_canonical_characters() {
        let code = RecoveryCode::from_random(&BYTES);
        let hash = code.hash(&[7; 16]);
        assert_eq!(
            format!("{:x}", u128::from_be_bytes(hash[..16].try_into().unwrap())),
            "7ec249e2a9cc60198b6700dc9d2d2507"
        );
        assert!(code.fits(&[7; 16], &hash) && !code.fits(&[8; 16], &hash));
        assert!(!RecoveryCode::from_random(&[1; 10]).fits(&[7; 16], &hash));
    }
}
