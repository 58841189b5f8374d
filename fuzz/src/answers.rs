//! What a person types: a code, a recovery code, a word, or nothing of these.

use countersign_common::screen::Word;
use countersign_common::token::{Code, Digits, RecoveryCode};

pub fn answers(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let lengths: Vec<Digits> = [6, 7, 8].into_iter().filter_map(|digits| Digits::new(digits).ok()).collect();
    for lengths in [&lengths[..1], &lengths[1..], &lengths[..], &[]] {
        if let Ok(code) = Code::parse(text, lengths) {
            let digits = u8::try_from(code.as_str().len()).expect("a short code");
            assert!(code.as_str().bytes().all(|byte| byte.is_ascii_digit()));
            assert!(lengths.iter().any(|length| length.as_u8() == digits));
        }
    }
    if let Ok(code) = RecoveryCode::parse(text) {
        let again = RecoveryCode::parse(&code.in_groups()).expect("what is shown is read");
        assert_eq!(again.hash(&[7; 16]), code.hash(&[7; 16]));
    }
    let _ = Word::parse(text);
}
