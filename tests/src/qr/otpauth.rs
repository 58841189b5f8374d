//! An otpauth URI as a phone reads it.
use crate::code::Parameters;

/// What an authenticator app learns from a QR code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otpauth {
    /// The label after the issuer's prefix: the account's name in the app.
    pub account: String,
    /// The issuer named before the colon of the label.
    pub label_issuer: Option<String>,
    /// The issuer named by the parameter.
    pub issuer: Option<String>,
    /// What codes are computed from; left out parameters have their defaults.
    pub parameters: Parameters,
}

impl Otpauth {
    /// Reads a URI; panics at what an app would refuse or silently misread.
    pub fn parse(uri: &str) -> Self {
        let rest = uri.strip_prefix("otpauth://totp/").unwrap_or_else(|| panic!("not TOTP: {uri}"));
        let (label, query) = rest.split_once('?').unwrap_or_else(|| panic!("no secret: {uri}"));
        assert!(!uri.contains('#'), "a fragment cuts parameters off: {uri}");
        assert!(!label.contains('/'), "a label of several segments: {uri}");
        let label = decoded(label);
        let (label_issuer, account) = match label.split_once(':') {
            Some((issuer, account)) => (Some(issuer.to_owned()), account.trim_start().to_owned()),
            None => (None, label),
        };
        let mut otpauth = Self { account, label_issuer, issuer: None, parameters: Parameters::new("") };
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or_else(|| panic!("{pair:?} in {uri}"));
            otpauth.take(name, decoded(value), uri);
        }
        assert!(!otpauth.parameters.secret.is_empty(), "no secret: {uri}");
        otpauth
    }

    fn take(&mut self, name: &str, value: String, uri: &str) {
        let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("{name}={text} in {uri}"));
        match name {
            "secret" => {
                let base32 = |c: char| c.is_ascii_uppercase() || ('2'..='7').contains(&c);
                assert!(value.chars().all(base32), "the secret is not bare base32: {uri}");
                self.parameters.secret = value;
            }
            "issuer" => self.issuer = Some(value),
            "algorithm" => self.parameters.algorithm = value,
            "digits" => self.parameters.digits = number(&value),
            "period" => self.parameters.period = number(&value),
            other => panic!("an app does not know {other}: {uri}"),
        }
    }
}

/// Percent-decoding; a plus sign stays one, as most apps have it.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex: Vec<u8> = rest.by_ref().take(2).collect();
            let hex = std::str::from_utf8(&hex).expect("hexadecimal after %");
            bytes.push(u8::from_str_radix(hex, 16).expect("hexadecimal after %"));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).expect("UTF-8 in a URI")
}
