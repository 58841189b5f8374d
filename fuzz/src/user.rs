//! The user of every input that has one.

use countersign_common::record::{CanToggle, Record, RecoverySet, Revision, Token, Use2fa, UserName};
use countersign_common::token::{Parameters, RecordId, Secret, TokenId, UnixTime};
use zeroize::Zeroizing;

/// A token of this secret; its id is made of the number.
pub(crate) fn token(number: u8, secret: &[u8]) -> Token {
    Token {
        id: TokenId::from_random([number; 8]),
        label: String::new(),
        secret: Secret::from_bytes(Zeroizing::new(secret.to_vec())).expect("a secret"),
        parameters: Parameters::default(),
        enrolled_at: UnixTime::default(),
    }
}

/// Alice, who uses 2FA, with these tokens.
pub(crate) fn alice(tokens: Vec<Token>, recovery: Option<RecoverySet>) -> Record {
    Record {
        id: RecordId::from_random([2; 8]),
        revision: Revision(1),
        user: UserName::new("alice").expect("a name"),
        uid: 1000,
        use_2fa: Use2fa::Enabled,
        can_toggle: CanToggle::Unlocked,
        changed_at: UnixTime::default(),
        changed_by: String::new(),
        tokens,
        recovery,
    }
}
