//! What a person typed, read as a one-time code: six to eight digits, blanks and dashes allowed between them.
//!
//! Invariant: holds digits only; wiped when dropped, never printed.

use std::fmt;

use zeroize::Zeroizing;

use super::Digits;

/// A well-formed one-time code.
#[derive(Clone)]
pub struct Code(Zeroizing<String>);

/// The answer is not a code of the expected number of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeError;

impl Code {
    /// Reads an answer as a code of one of the given lengths; blanks and dashes inside it are accepted.
    ///
    /// # Errors
    /// [`CodeError`] for anything else: letters, signs, digits of other scripts, another length.
    pub fn parse(answer: &str, lengths: &[Digits]) -> Result<Self, CodeError> {
        let mut digits = Zeroizing::new(String::with_capacity(8));
        for character in answer.chars() {
            match character {
                '0'..='9' if digits.len() < 8 => digits.push(character),
                ' ' | '\t' | '-' => {}
                _ => return Err(CodeError),
            }
        }
        let expected = lengths.iter().any(|length| usize::from(length.as_u8()) == digits.len());
        if expected { Ok(Self(digits)) } else { Err(CodeError) }
    }

    /// The digits, for the comparison.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a code")
    }
}
impl std::error::Error for CodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_dashes_are_forgiven() {
        for answer in ["123456", " 123 456 ", "123-456", "1 2-3\t456"] {
            assert_eq!(Code::parse(answer, &[Digits::SIX]).unwrap().as_str(), "123456", "{answer:?}");
        }
    }

    #[test]
    fn anything_else_is_not_a_code() {
        for answer in
            ["", "12345", "1234567", "+123456", "12345a", "１２３４５６", "123456\n", "123456\0", "1234 5678 9"]
        {
            assert_eq!(Code::parse(answer, &[Digits::SIX]).err(), Some(CodeError), "{answer:?}");
        }
    }

    #[test]
    fn every_length_among_the_tokens_is_a_code() {
        let lengths = [Digits::SIX, Digits::new(8).unwrap()];
        assert!(Code::parse("12345678", &lengths).is_ok());
        assert!(Code::parse("123456", &lengths).is_ok());
        assert!(Code::parse("1234567", &lengths).is_err());
    }
}
