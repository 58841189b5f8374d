//! Which of a user's tokens a person means.

use super::Token;

/// The tokens a text may mean: a label before an id, a whole id before its beginning.
#[must_use]
pub fn meant<'a>(tokens: &'a [Token], wanted: &str) -> Vec<&'a Token> {
    let labelled: Vec<&Token> = tokens.iter().filter(|token| token.label == wanted).collect();
    if !labelled.is_empty() || wanted.is_empty() {
        return labelled;
    }
    tokens.iter().filter(|token| token.id.to_string().starts_with(&wanted.to_ascii_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Parameters, Secret, TokenId, UnixTime};
    use zeroize::Zeroizing;

    fn token(id: u8, label: &str) -> Token {
        Token {
            id: TokenId::from_random([id, 0xcd, 0, 0, 0, 0, 0, id]),
            label: label.to_owned(),
            secret: Secret::from_bytes(Zeroizing::new(vec![id; 20])).unwrap(),
            parameters: Parameters::default(),
            enrolled_at: UnixTime::default(),
        }
    }

    #[test]
    fn a_token_is_meant_by_label_or_by_how_its_id_begins() {
        let tokens = [token(0xab, ""), token(0xac, "tablet"), token(0xbb, "ab")];
        let labels = |wanted| meant(&tokens, wanted).iter().map(|token| token.label.as_str()).collect::<Vec<_>>();
        assert_eq!(labels("tablet"), ["tablet"]);
        assert_eq!(labels("ac"), ["tablet"]);
        assert_eq!(labels("ACCD0000000000AC"), ["tablet"]);
        assert_eq!(labels("a"), ["", "tablet"]);
        assert_eq!(labels("ab"), ["ab"], "a label comes first");
        assert_eq!(labels("abc"), [""]);
        assert_eq!(labels(""), [""]);
        assert_eq!(labels("phone"), [""; 0]);
    }
}
