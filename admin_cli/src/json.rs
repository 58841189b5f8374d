//! The JSON of one user, field by field, and how it is written: nothing in it can steer a terminal.

use std::io::{self, Write};

use countersign_common::counters::LastAccepted;
use countersign_common::decision::{Administrator, BlockEnd};
use countersign_common::token::UnixTime;
use serde::Serialize;

use crate::output::steers;
use crate::report::{Facts, Report, Source, TokenFacts};

/// One user. Every field is always there; `null` where there is nothing to say, or it cannot be known.
#[derive(Debug, Serialize)]
pub(crate) struct User {
    #[serde(rename = "user")]
    name: String,
    uid: Option<u32>,
    use_2fa: Option<bool>,
    use_2fa_source: Option<&'static str>,
    can_toggle: Option<bool>,
    administrator: Option<bool>,
    enrolled: Option<bool>,
    tokens: Vec<Token>,
    recovery_codes_left: Option<usize>,
    failures: Option<u16>,
    blocked: Option<Blocked>,
    grace_until: Option<String>,
    last_accepted: Option<Accepted>,
    changed_at: Option<String>,
    changed_by: Option<String>,
    state: &'static str,
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
}

#[derive(Debug, Serialize)]
struct Token {
    id: String,
    label: String,
    algorithm: &'static str,
    digits: u8,
    period: u16,
    enrolled_at: String,
}

#[derive(Debug, Serialize)]
struct Blocked {
    until: Option<String>,
}

#[derive(Debug, Serialize)]
struct Accepted {
    at: String,
    service: String,
    rhost: Option<String>,
    offset_steps: i8,
}

impl User {
    /// A user as `status` and `list` show it.
    pub(crate) fn shown(report: &Report) -> Self {
        let facts = report.state.as_ref().ok();
        Self {
            name: report.user.clone(),
            uid: report.uid,
            use_2fa: facts.map(|facts| facts.use_2fa.as_bool()),
            use_2fa_source: facts.map(|facts| match facts.source {
                Source::Record => "record",
                Source::Default => "default",
            }),
            can_toggle: facts.map(|facts| facts.can_toggle.as_bool()),
            administrator: match report.administrator {
                Administrator::Yes => Some(true),
                Administrator::No => Some(false),
                Administrator::Unknown => None,
            },
            enrolled: facts.map(Facts::is_enrolled),
            tokens: facts.map(|facts| facts.tokens.iter().map(Token::of).collect()).unwrap_or_default(),
            recovery_codes_left: facts.map(|facts| facts.recovery_codes_left),
            failures: facts.map(|facts| facts.failures),
            blocked: facts.and_then(|facts| facts.blocked).map(Blocked::of),
            grace_until: None,
            last_accepted: facts.and_then(|facts| facts.last_accepted.as_ref()).map(Accepted::of),
            changed_at: facts.and_then(|facts| facts.changed.as_ref()).map(|(at, _)| at.to_string()),
            changed_by: facts.and_then(|facts| facts.changed.as_ref()).map(|(_, by)| by.clone()),
            state: if facts.is_some() { "ok" } else { "untrusted" },
            problem: report.state.as_ref().err().map(ToString::to_string),
            changed: None,
        }
    }

    /// A user after a command that changes.
    pub(crate) fn changed(report: &Report, changed: bool) -> Self {
        Self { changed: Some(changed), ..Self::shown(report) }
    }
}

impl Token {
    fn of(token: &TokenFacts) -> Self {
        Self {
            id: token.id.clone(),
            label: token.label.clone(),
            algorithm: token.parameters.algorithm.as_str(),
            digits: token.parameters.digits.as_u8(),
            period: token.parameters.period.as_seconds(),
            enrolled_at: token.enrolled_at.to_string(),
        }
    }
}

impl Blocked {
    fn of(end: BlockEnd) -> Self {
        Self {
            until: match end {
                BlockEnd::At(time) => Some(UnixTime::to_string(&time)),
                BlockEnd::Unblock => None,
            },
        }
    }
}

impl Accepted {
    fn of(last: &LastAccepted) -> Self {
        Self {
            at: last.at.to_string(),
            service: last.service.clone(),
            rhost: Some(last.rhost.clone()).filter(|rhost| !rhost.is_empty()),
            offset_steps: last.offset,
        }
    }
}

/// One object on one line.
pub(crate) fn object(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = item(value);
    bytes.push(b'\n');
    bytes
}

/// An object as an item of an array: without the end of its line.
/// Writing to a `Vec` cannot fail, and the types hold no map with odd keys.
pub(crate) fn item(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Compact));
    bytes
}

/// An array, an item per line.
pub(crate) fn array<T: Serialize>(values: &[T]) -> Vec<u8> {
    let mut bytes = b"[".to_vec();
    for (index, value) in values.iter().enumerate() {
        bytes.extend_from_slice(if index == 0 { b"\n" } else { b",\n" });
        bytes.extend(item(value));
    }
    bytes.extend_from_slice(b"\n]\n");
    bytes
}

/// Escapes everything that could steer a terminal.
struct Compact;

impl serde_json::ser::Formatter for Compact {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if !fragment.contains(steers) {
            return writer.write_all(fragment.as_bytes());
        }
        for c in fragment.chars() {
            if steers(c) {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                write!(writer, "{c}")?;
            }
        }
        Ok(())
    }
}
