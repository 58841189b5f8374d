//! What an administrator sees while enrolling someone: the QR code, the key, whose it is.
//!
//! Invariant: what holds the secret is wiped when dropped.

use countersign_common::config::Qr;
use countersign_common::record::Token;
use countersign_common::screen::{Columns, Polarity, Shown, compose, key_in_groups};
use countersign_common::token::{OtpauthUri, Parameters};
use zeroize::Zeroizing;

use crate::output::printable;

/// All that the screen shows.
pub(super) struct Screen<'a> {
    pub(super) user: &'a str,
    pub(super) issuer: &'a str,
    pub(super) token: &'a Token,
    pub(super) uri: &'a OtpauthUri,
    pub(super) qr: Qr,
    pub(super) polarity: Polarity,
    pub(super) columns: Columns,
}

impl Screen<'_> {
    /// The screen: lines that each end with a newline.
    pub(super) fn render(&self) -> Zeroizing<String> {
        compose(self.uri, self.qr, self.polarity, self.columns, &|width, shown| self.text(width, shown))
    }

    fn text(&self, width: usize, shown: Shown) -> Vec<Zeroizing<String>> {
        let mut lines: Vec<Zeroizing<String>> = Vec::new();
        let mut push = |line: String| lines.push(Zeroizing::new(line));
        push("Two-factor authentication for".to_owned());
        push(printable(&format!("{} on {}", self.user, self.issuer)));
        push(String::new());
        if shown == Shown::TooNarrow {
            push("This terminal is too narrow for a QR code.".to_owned());
        }
        push(match shown {
            Shown::Drawn => "Scan it with this user's app, or".to_owned(),
            Shown::Absent | Shown::TooNarrow => "In this user's authenticator app,".to_owned(),
        });
        push("type the key:".to_owned());
        for group in key_in_groups(&self.token.secret, width.saturating_sub(3)) {
            push(format!("   {}", group.as_str()));
        }
        let Parameters { algorithm, digits, period } = self.token.parameters;
        if self.token.parameters != Parameters::default() {
            push(format!("   {algorithm}, {} digits, {} seconds", digits.as_u8(), period.as_seconds()));
        }
        push(String::new());
        push("Whoever has the key has the codes.".to_owned());
        lines
    }
}
