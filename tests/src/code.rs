//! One-time codes from oathtool, an implementation independent of the product's.
use serde::{Deserialize, Serialize};
use std::process::Command;

/// What a code is computed from besides the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// The secret in base32; blanks, dashes and letter case do not matter.
    pub secret: String,
    /// `SHA1`, `SHA256` or `SHA512`.
    pub algorithm: String,
    /// Digits of a code.
    pub digits: u32,
    /// Seconds of a step.
    pub period: u32,
}

impl Parameters {
    /// A secret with the parameters every app supports: SHA1, 6 digits, 30 seconds.
    pub fn new(secret: &str) -> Self {
        Self { secret: secret.to_owned(), algorithm: "SHA1".to_owned(), digits: 6, period: 30 }
    }

    /// The code at a unix time.
    pub fn at(&self, unix_time: i64) -> String {
        code_at(&self.secret, unix_time, self.digits, self.period, &self.algorithm)
    }

    /// The code `steps` away from a unix time.
    pub fn steps_from(&self, unix_time: i64, steps: i64) -> String {
        self.at(unix_time + steps * i64::from(self.period))
    }
}

/// The code of a base32 secret at a unix time, by oathtool.
pub fn code_at(secret: &str, unix_time: i64, digits: u32, period: u32, algorithm: &str) -> String {
    let secret: String = secret.chars().filter(char::is_ascii_alphanumeric).collect();
    let output = Command::new("oathtool")
        .arg(format!("--totp={}", algorithm.to_ascii_lowercase()))
        .args(["--base32", "--digits", &digits.to_string()])
        .args(["--time-step-size", &format!("{period}s"), "--now", &format!("@{unix_time}")])
        .arg(secret.to_ascii_uppercase())
        .output()
        .expect("run oathtool");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "oathtool refused secret {secret:?}: {complaint}");
    String::from_utf8(output.stdout).expect("oathtool prints digits").trim().to_owned()
}

/// The code of a base32 secret with the usual parameters at the world's present time.
pub fn code_now(world: &crate::World, secret: &str) -> String {
    Parameters::new(secret).at(world.clock().now())
}

/// A well-formed code that is none of those from `steps` before to `steps` after a unix time.
pub fn wrong_code(parameters: &Parameters, unix_time: i64, steps: i64) -> String {
    let right: Vec<_> = (-steps..=steps)
        .map(|offset| unix_time + offset * i64::from(parameters.period))
        .filter(|time| *time >= 0)
        .map(|time| parameters.at(time))
        .collect();
    (0..1000)
        .map(|number: u32| format!("{number:0width$}", width = parameters.digits as usize))
        .find(|code| !right.contains(code))
        .expect("fewer right codes than codes")
}

/// The key shown as text in groups of four base32 characters, wherever its groups stand.
///
/// Two or more groups in a row count as a piece of the key; pieces on several lines belong together.
pub fn key_in(text: &str) -> Option<String> {
    let base32 = |c: char| c.is_ascii_uppercase() || ('2'..='7').contains(&c);
    let group = |word: &&str| word.chars().count() == 4 && word.chars().all(base32);
    let mut key = String::new();
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        for row in words.chunk_by(|left, right| group(left) == group(right)) {
            if row.len() >= 2 && group(&row[0]) {
                key.extend(row.iter().copied());
            }
        }
    }
    (key.len() >= 16).then_some(key)
}
