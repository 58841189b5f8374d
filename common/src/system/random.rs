//! Randomness from the kernel's generator (getrandom(2)).

use std::fmt;

use zeroize::Zeroizing;

use crate::record::{RecoverySet, Token};
use crate::token::{Id, Parameters, RecoveryCode, Secret, UnixTime};

/// The kernel gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomError;

/// A new identifier.
///
/// # Errors
/// [`RandomError`].
pub fn new_id<K>() -> Result<Id<K>, RandomError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(Id::from_random(bytes))
}

/// A token with a new id and a new secret of 160 bits (RFC 4226 §4, R6).
///
/// # Errors
/// [`RandomError`].
pub fn new_token(parameters: Parameters, enrolled_at: UnixTime) -> Result<Token, RandomError> {
    let mut bytes = Zeroizing::new(vec![0; Secret::NEW_LENGTH]);
    getrandom::fill(&mut bytes).map_err(|_| RandomError)?;
    let secret = Secret::from_bytes(bytes).map_err(|_| RandomError)?;
    Ok(Token { id: new_id()?, label: String::new(), secret, parameters, enrolled_at })
}

/// A new set of recovery codes: the codes to show once, and what the record keeps of them.
///
/// # Errors
/// [`RandomError`].
pub fn new_recovery_codes(count: usize) -> Result<(Vec<RecoveryCode>, RecoverySet), RandomError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| RandomError)?;
    let mut codes = Vec::with_capacity(count);
    for _ in 0..count {
        let mut bytes = Zeroizing::new([0; 10]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| RandomError)?;
        codes.push(RecoveryCode::from_random(&bytes));
    }
    let hashes = codes.iter().map(|code| code.hash(&salt)).collect();
    Ok((codes, RecoverySet { id: new_id()?, salt, hashes }))
}

impl fmt::Display for RandomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the kernel gave no random bytes")
    }
}
impl std::error::Error for RandomError {}
