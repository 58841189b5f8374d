//! The otpauth URI an authenticator app reads from the QR code.
//!
//! Format: `otpauth://totp/ISSUER:USER?secret=…&issuer=…` (Key URI Format of the authenticator apps).
//! Defaults are left out, so that the QR code stays small.

use std::fmt::{self, Write as _};

use zeroize::Zeroizing;

use super::{Algorithm, Digits, Parameters, Period, Secret};

/// A URI that holds a secret: wiped when dropped, never printed by `Debug`.
pub struct OtpauthUri(Zeroizing<String>);

impl OtpauthUri {
    /// The text, for the QR code or the administrator who asked for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OtpauthUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpauthUri(…)")
    }
}

/// Builds the URI of a token; `issuer` and `account` are percent-encoded.
#[must_use]
pub fn otpauth_uri(issuer: &str, account: &str, secret: &Secret, parameters: Parameters) -> OtpauthUri {
    let key = secret.to_base32();
    let (issuer, account) = (percent_encoded(issuer), percent_encoded(account));
    // Room for everything, so that growing leaves no unwiped copy of the secret behind.
    let room = [15, issuer.len(), 1, account.len(), 8, key.len(), 8, issuer.len(), 64];
    let mut uri = Zeroizing::new(String::with_capacity(room.iter().fold(0, |sum, part| sum.saturating_add(*part))));
    uri.push_str("otpauth://totp/");
    uri.push_str(&issuer);
    uri.push(':');
    uri.push_str(&account);
    uri.push_str("?secret=");
    uri.push_str(&key);
    uri.push_str("&issuer=");
    uri.push_str(&issuer);
    if parameters.algorithm != Algorithm::Sha1 {
        uri.push_str("&algorithm=");
        uri.push_str(parameters.algorithm.as_str());
    }
    if parameters.digits != Digits::SIX {
        // Writing to a String cannot fail.
        let _ = write!(uri, "&digits={}", parameters.digits.as_u8());
    }
    if parameters.period != Period::THIRTY {
        let _ = write!(uri, "&period={}", parameters.period.as_seconds());
    }
    OtpauthUri(uri)
}

/// Percent-encodes all but RFC 3986's unreserved characters.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap()
    }

    #[test]
    fn defaults_are_left_out() {
        let uri = otpauth_uri("host1", "alice", &secret(), Parameters::default());
        let expected = "otpauth://totp/host1:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=host1";
        assert_eq!(uri.as_str(), expected);
    }

    #[test]
    fn other_parameters_are_named() {
        let parameters = Parameters {
            algorithm: Algorithm::Sha256,
            digits: Digits::new(8).unwrap(),
            period: Period::new(60).unwrap(),
        };
        let uri = otpauth_uri("h", "a", &secret(), parameters);
        assert!(uri.as_str().ends_with("&issuer=h&algorithm=SHA256&digits=8&period=60"));
    }

    /// An unescaped `#` would turn the secret into a fragment that apps drop.
    #[test]
    fn names_cannot_break_the_uri() {
        let uri = otpauth_uri("my host", "a#b?c&d:é", &secret(), Parameters::default());
        assert!(uri.as_str().starts_with("otpauth://totp/my%20host:a%23b%3Fc%26d%3A%C3%A9?secret="));
    }
}
