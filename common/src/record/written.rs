//! A record in exactly the text that [`render`](super::render) writes, read line by line: most of what a list of all
//! users would cost is TOML otherwise.
//!
//! Invariant: takes a text only where the reader of TOML would take the same values out of it; anything else, down to a
//! blank, is left to that reader, faults too.

use std::borrow::Cow;

use super::text::{RecordText, RecoveryText, TokenText, VERSION};
use crate::token::{Algorithm, Digits, Period, Secret};

/// What stands in a text of our own; `None` if it is not one, which says nothing about it.
pub(super) fn read(text: &str) -> Option<RecordText<'_>> {
    let mut lines = Lines(text);
    lines.exactly("# State of Countersign; change it with the command countersign.")?;
    let record = RecordText {
        version: lines.number("version = ").filter(|version| *version == VERSION)?,
        id: lines.text("id = ")?.parse().ok()?,
        revision: lines.number("revision = ")?,
        user: Cow::Borrowed(lines.text("user = ")?),
        uid: lines.number("uid = ")?,
        use_2fa: lines.truth("use_2fa = ")?,
        can_toggle: lines.truth("can_toggle = ")?,
        changed_at: Cow::Borrowed(lines.text("changed_at = ")?),
        changed_by: Cow::Borrowed(lines.text("changed_by = ")?),
        tokens: tokens(&mut lines)?,
        recovery: if lines.0.is_empty() { None } else { Some(recovery(&mut lines)?) },
    };
    lines.0.is_empty().then_some(record)
}

fn tokens<'a>(lines: &mut Lines<'a>) -> Option<Vec<TokenText<'a>>> {
    let mut tokens = Vec::new();
    while lines.skip("\n[[token]]\n") {
        tokens.push(TokenText {
            id: lines.text("id = ")?.parse().ok()?,
            label: Cow::Borrowed(lines.text("label = ")?),
            secret: Secret::from_base32(lines.text("secret = ")?).ok()?,
            algorithm: Algorithm::named(lines.text("algorithm = ")?)?,
            digits: Digits::new(lines.number("digits = ")?).ok()?,
            period: Period::new(lines.number("period = ")?).ok()?,
            enrolled_at: Cow::Borrowed(lines.text("enrolled_at = ")?),
        });
    }
    Some(tokens)
}

fn recovery<'a>(lines: &mut Lines<'a>) -> Option<RecoveryText<'a>> {
    lines.exactly("")?;
    lines.exactly("[recovery]")?;
    let id = lines.text("id = ")?.parse().ok()?;
    let salt = Cow::Borrowed(lines.text("salt = ")?);
    lines.exactly("hashes = [")?;
    let mut hashes = Vec::new();
    while !lines.skip("]\n") {
        let line = lines.after("    ")?;
        hashes.push(Cow::Borrowed(plain(line.strip_suffix(',')?)?));
    }
    Some(RecoveryText { id, salt, hashes })
}

/// What is left of the text.
struct Lines<'a>(&'a str);

impl<'a> Lines<'a> {
    /// The rest of a line that begins so.
    fn after(&mut self, beginning: &str) -> Option<&'a str> {
        let (line, rest) = self.0.strip_prefix(beginning)?.split_once('\n')?;
        self.0 = rest;
        Some(line)
    }

    fn exactly(&mut self, line: &str) -> Option<()> {
        self.after(line).filter(|rest| rest.is_empty()).map(|_| ())
    }

    fn skip(&mut self, whole_lines: &str) -> bool {
        let rest = self.0.strip_prefix(whole_lines);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn text(&mut self, key: &str) -> Option<&'a str> {
        plain(self.after(key)?)
    }

    /// A number in digits alone, without zeros before it; TOML knows none beyond 63 bits.
    fn number<N: TryFrom<i64>>(&mut self, key: &str) -> Option<N> {
        let digits = self.after(key)?;
        let is_plain = digits == "0" || (!digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()));
        if is_plain { N::try_from(digits.parse().ok()?).ok() } else { None }
    }

    fn truth(&mut self, key: &str) -> Option<bool> {
        match self.after(key)? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

/// A text in quotes all of whose characters stand for themselves.
fn plain(quoted: &str) -> Option<&str> {
    let text = quoted.strip_prefix('"')?.strip_suffix('"')?;
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\').then_some(text)
}

#[cfg(test)]
#[path = "written_tests.rs"]
mod tests;
