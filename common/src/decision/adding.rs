//! Whether one more token may stand with those a user has.
//!
//! Invariant: with it there are never more than [`MAX_TOKENS`], not even for the moment in which a new phone takes the
//! place of all others: the counters have room for so many last accepted steps, and none of them may be lost (I1).

use crate::record::{MAX_TOKENS, Token, is_new_label};

/// Where a new token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adding {
    /// Beside those that are there.
    Beside,
    /// Instead of all of them: a new phone.
    Instead,
}

/// Why a new token is not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdded {
    /// The user has as many as there may be.
    Full,
    /// It needs a label, since it is not the only one.
    Unnamed,
    /// Another token has this label.
    SameLabel,
    /// The label is not 1 to 32 printable characters.
    NoLabel,
}

/// Whether a token with this label may be added to these.
///
/// # Errors
/// [`NotAdded`] says why not.
pub fn admit(tokens: &[Token], label: Option<&str>, adding: Adding) -> Result<(), NotAdded> {
    if label.is_some_and(|label| !is_new_label(label)) {
        return Err(NotAdded::NoLabel);
    }
    if tokens.len() >= MAX_TOKENS {
        return Err(NotAdded::Full);
    }
    if adding == Adding::Instead || tokens.is_empty() {
        return Ok(());
    }
    let label = label.ok_or(NotAdded::Unnamed)?;
    if tokens.iter().any(|token| token.label == label) { Err(NotAdded::SameLabel) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::fixture_tests::{SECRET_A, token};
    use super::*;
    use crate::token::Parameters;

    fn labelled(label: &str) -> Token {
        Token { label: label.to_owned(), ..token(1, SECRET_A, Parameters::default()) }
    }

    #[test]
    fn a_first_token_needs_no_label_and_a_further_one_its_own() {
        let tokens = [labelled(""), labelled("phone")];
        assert_eq!(admit(&[], None, Adding::Beside), Ok(()));
        assert_eq!(admit(&tokens, None, Adding::Beside), Err(NotAdded::Unnamed));
        assert_eq!(admit(&tokens, Some("phone"), Adding::Beside), Err(NotAdded::SameLabel));
        assert_eq!(admit(&tokens, Some("tablet"), Adding::Beside), Ok(()));
        assert_eq!(admit(&tokens, None, Adding::Instead), Ok(()));
        assert_eq!(admit(&tokens, Some("phone"), Adding::Instead), Ok(()));
    }

    #[test]
    fn a_label_that_others_could_not_read_is_refused() {
        for label in ["", "a\nb", "\u{202e}evil", &"x".repeat(33)] {
            for adding in [Adding::Beside, Adding::Instead] {
                assert_eq!(admit(&[], Some(label), adding), Err(NotAdded::NoLabel), "{label:?}");
            }
        }
    }

    #[test]
    fn there_are_never_more_than_the_counters_have_room_for() {
        let full: Vec<Token> = (0..MAX_TOKENS).map(|n| labelled(&n.to_string())).collect();
        for adding in [Adding::Beside, Adding::Instead] {
            assert_eq!(admit(&full, Some("x"), adding), Err(NotAdded::Full));
            assert_eq!(admit(&full[1..], Some("x"), adding), Ok(()));
        }
    }
}
