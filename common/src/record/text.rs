//! The record as text (TOML, `version = 1`): read strictly, written in one form.
//!
//! Invariants: `parse(render(r)) == r`; an error names a line but quotes nothing of the file, since a secret may
//! stand there; the text is wiped when dropped.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::label::is_label;
use super::written;
use super::{CanToggle, MAX_RECOVERY_CODES, MAX_TOKENS, Record, RecoverySet, Revision, Token, Use2fa, UserName};
use crate::document::{self, Fault};
use crate::token::{Algorithm, Digits, Parameters, Period, RecordId, RecoverySetId, Secret, TokenId, UnixTime};

/// The version of the record format this program reads and writes.
pub const VERSION: u32 = 1;

/// Why a text is not a record. Quotes nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordError {
    /// Not UTF-8.
    NotText,
    /// Written by another version.
    Version(u32),
    /// Not understood at this line (1 is the first; 0 if no line can be named).
    Line(usize),
    /// A value that each line allows but the whole does not.
    Inconsistent(&'static str),
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

/// What stands in a record, before it is looked at as a whole. Two readers make it: of TOML, and of our own text alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordText<'a> {
    pub(super) version: u32,
    pub(super) id: RecordId,
    pub(super) revision: u64,
    pub(super) user: Cow<'a, str>,
    pub(super) uid: u32,
    pub(super) use_2fa: bool,
    pub(super) can_toggle: bool,
    pub(super) changed_at: Cow<'a, str>,
    pub(super) changed_by: Cow<'a, str>,
    #[serde(default, rename = "token")]
    pub(super) tokens: Vec<TokenText<'a>>,
    pub(super) recovery: Option<RecoveryText<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenText<'a> {
    pub(super) id: TokenId,
    pub(super) label: Cow<'a, str>,
    pub(super) secret: Secret,
    pub(super) algorithm: Algorithm,
    pub(super) digits: Digits,
    pub(super) period: Period,
    pub(super) enrolled_at: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecoveryText<'a> {
    pub(super) id: RecoverySetId,
    pub(super) salt: Cow<'a, str>,
    pub(super) hashes: Vec<Cow<'a, str>>,
}

/// Reads a record.
///
/// # Errors
/// [`RecordError`]; the caller treats the record as not to be trusted.
pub fn parse(bytes: &[u8]) -> Result<Record, RecordError> {
    let text = std::str::from_utf8(bytes).map_err(|_| RecordError::NotText)?;
    if let Some(record) = written::read(text) {
        return record.try_into();
    }
    parse_toml(text)
}

/// Reads any text that is a record.
pub(super) fn parse_toml(text: &str) -> Result<Record, RecordError> {
    let record: RecordText = document::read(text).map_err(|fault| explain(text, &fault))?;
    if record.version != VERSION {
        return Err(RecordError::Version(record.version));
    }
    record.try_into()
}

/// What to say of a text that does not parse: its version if that is the reason, else the line.
fn explain(text: &str, fault: &Fault) -> RecordError {
    match document::read::<VersionOnly>(text) {
        Ok(VersionOnly { version }) if version != VERSION => RecordError::Version(version),
        _ => RecordError::Line(fault.line(text).unwrap_or(0)),
    }
}

impl TryFrom<RecordText<'_>> for Record {
    type Error = RecordError;

    fn try_from(text: RecordText<'_>) -> Result<Self, RecordError> {
        let tokens = text.tokens.into_iter().map(Token::try_from).collect::<Result<Vec<_>, _>>()?;
        check_tokens(&tokens)?;
        Ok(Self {
            id: text.id,
            revision: match text.revision {
                0 => return Err(RecordError::Inconsistent("revision must be at least 1")),
                revision => Revision(revision),
            },
            user: UserName::new(&text.user).map_err(|_| RecordError::Inconsistent("user is not a user name"))?,
            uid: text.uid,
            use_2fa: Use2fa::from_bool(text.use_2fa),
            can_toggle: CanToggle::from_bool(text.can_toggle),
            changed_at: time(&text.changed_at)?,
            changed_by: text.changed_by.into_owned(),
            tokens,
            recovery: text.recovery.map(RecoverySet::try_from).transpose()?,
        })
    }
}

fn check_tokens(tokens: &[Token]) -> Result<(), RecordError> {
    if tokens.len() > MAX_TOKENS {
        return Err(RecordError::Inconsistent("more than 5 tokens"));
    }
    for (index, token) in tokens.iter().enumerate() {
        for other in tokens.iter().skip(index.saturating_add(1)) {
            if token.id == other.id {
                return Err(RecordError::Inconsistent("two tokens have one id"));
            }
            if token.secret == other.secret {
                return Err(RecordError::Inconsistent("two tokens have one secret"));
            }
        }
    }
    Ok(())
}

impl TryFrom<TokenText<'_>> for Token {
    type Error = RecordError;

    fn try_from(text: TokenText<'_>) -> Result<Self, RecordError> {
        if !is_label(&text.label) {
            return Err(RecordError::Inconsistent("label is not up to 32 printable characters"));
        }
        Ok(Self {
            id: text.id,
            label: text.label.into_owned(),
            secret: text.secret,
            parameters: Parameters { algorithm: text.algorithm, digits: text.digits, period: text.period },
            enrolled_at: time(&text.enrolled_at)?,
        })
    }
}

impl TryFrom<RecoveryText<'_>> for RecoverySet {
    type Error = RecordError;

    fn try_from(text: RecoveryText<'_>) -> Result<Self, RecordError> {
        if text.hashes.len() > MAX_RECOVERY_CODES {
            return Err(RecordError::Inconsistent("more than 16 recovery codes"));
        }
        let bad = RecordError::Inconsistent("a recovery salt or hash is not hex of its length");
        Ok(Self {
            id: text.id,
            salt: from_hex(&text.salt).ok_or_else(|| bad.clone())?,
            hashes: text
                .hashes
                .iter()
                .map(|hash| from_hex(hash).ok_or_else(|| bad.clone()))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn time(text: &str) -> Result<UnixTime, RecordError> {
    UnixTime::parse_rfc3339(text).map_err(|_| RecordError::Inconsistent("a time is not RFC 3339 in UTC"))
}

/// Bytes of just this number, from hex.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N.checked_mul(2)? {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = *digits else { return None };
        *byte = from_digit(high)? << 4 | from_digit(low)?;
    }
    Some(bytes)
}

/// In lower case alone: one value has one text.
const fn from_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => digit.checked_sub(b'0'),
        b'a'..=b'f' => digit.checked_sub(b'a' - 10),
        _ => None,
    }
}

/// Bytes in hex.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Writes a record as text, wiped when dropped. Allocated once: growing would leave secrets behind.
#[must_use]
pub fn render(record: &Record) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(64 * 1024));
    let out: &mut String = &mut text;
    // Writing to a String cannot fail.
    let _ = render_into(out, record);
    text
}

fn render_into(out: &mut String, record: &Record) -> fmt::Result {
    writeln!(out, "# State of Countersign; change it with the command countersign.")?;
    writeln!(out, "version = {VERSION}")?;
    writeln!(out, "id = \"{}\"", record.id)?;
    writeln!(out, "revision = {}", record.revision.0)?;
    writeln!(out, "user = {}", quoted(record.user.as_str()))?;
    writeln!(out, "uid = {}", record.uid)?;
    writeln!(out, "use_2fa = {}", record.use_2fa.as_bool())?;
    writeln!(out, "can_toggle = {}", record.can_toggle.as_bool())?;
    writeln!(out, "changed_at = \"{}\"", record.changed_at)?;
    writeln!(out, "changed_by = {}", quoted(&record.changed_by))?;
    for token in &record.tokens {
        writeln!(out, "\n[[token]]\nid = \"{}\"\nlabel = {}", token.id, quoted(&token.label))?;
        writeln!(out, "secret = \"{}\"", token.secret.to_base32().as_str())?;
        writeln!(out, "algorithm = \"{}\"", token.parameters.algorithm)?;
        writeln!(out, "digits = {}", token.parameters.digits.as_u8())?;
        writeln!(out, "period = {}", token.parameters.period.as_seconds())?;
        writeln!(out, "enrolled_at = \"{}\"", token.enrolled_at)?;
    }
    if let Some(recovery) = &record.recovery {
        writeln!(out, "\n[recovery]\nid = \"{}\"\nsalt = \"{}\"\nhashes = [", recovery.id, to_hex(&recovery.salt))?;
        for hash in &recovery.hashes {
            writeln!(out, "    \"{}\",", to_hex(hash))?;
        }
        writeln!(out, "]")?;
    }
    Ok(())
}

/// A TOML basic string (TOML 1.0, "String"): quotes, backslashes and control characters escaped.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            _ if character.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText => f.write_str("not UTF-8 text"),
            Self::Version(version) => {
                write!(f, "written by another version (format {version}, this program: {VERSION})")
            }
            Self::Line(0) => f.write_str("not understood"),
            Self::Line(line) => write!(f, "line {line} is not understood"),
            Self::Inconsistent(reason) => f.write_str(reason),
        }
    }
}
impl std::error::Error for RecordError {}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
