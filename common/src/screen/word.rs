//! The words that may be typed instead of a code at enrollment.

/// A word typed instead of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Draw the QR code with `##` and blanks.
    Ascii,
    /// Swap dark and light.
    Invert,
    /// Log in without 2FA and turn it off.
    Disable,
    /// Log in without 2FA, for as long as there is time.
    Later,
}

impl Word {
    /// All of them, in the order they are shown.
    pub const ALL: [Self; 4] = [Self::Ascii, Self::Invert, Self::Disable, Self::Later];

    /// Reads an answer as a word, in any letter case.
    #[must_use]
    pub fn parse(answer: &str) -> Option<Self> {
        let answer = answer.trim();
        Self::ALL.into_iter().find(|word| answer.eq_ignore_ascii_case(word.as_str()))
    }

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ascii => "ascii",
            Self::Invert => "invert",
            Self::Disable => "disable",
            Self::Later => "later",
        }
    }

    /// What it does, in at most 24 columns.
    pub(super) const fn effect(self) -> &'static str {
        match self {
            Self::Ascii => "if the QR looks broken",
            Self::Invert => "if it does not scan",
            Self::Disable => "to turn this off",
            Self::Later => "to set it up later",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_in_any_letter_case() {
        assert_eq!(Word::parse(" Ascii\t"), Some(Word::Ascii));
        assert_eq!(Word::parse("DISABLE"), Some(Word::Disable));
        for other in ["", "ascii!", "in vert", "disabled", "ｄisable"] {
            assert_eq!(Word::parse(other), None, "{other}");
        }
    }
}
