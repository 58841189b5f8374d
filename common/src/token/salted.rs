//! What is kept of a secret that must be known again and never shown: HMAC-SHA256 of it, under a salt.
//!
//! Invariant: only for values of 80 random bits or more, which are beyond search.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

pub(super) fn hash(salt: &[u8; 16], value: &[u8]) -> [u8; 32] {
    mac(salt, value).finalize().into_bytes().into()
}

/// Whether this is the value of a hash. Constant-time in the hash.
pub(super) fn fits(salt: &[u8; 16], value: &[u8], hash: &[u8; 32]) -> bool {
    mac(salt, value).verify_slice(hash).is_ok()
}

fn mac(salt: &[u8; 16], value: &[u8]) -> Hmac<Sha256> {
    // HMAC takes a key of any length; a block-sized one cannot be refused.
    let mut key = [0; 64];
    key.iter_mut().zip(salt).for_each(|(byte, salt)| *byte = *salt);
    let mut mac = Hmac::<Sha256>::new(&key.into());
    mac.update(value);
    mac
}
