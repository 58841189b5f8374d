//! The users file of `pam_oath`, and the one of Apache's `mod_authn_otp` that looks like it.
//!
//! `pam_oath`: type, user, PIN, key in hex; then, once a code was used, how far off its step was, the code, and the local
//! time. `mod_authn_otp`: the same four; then an offset and a count of failures; then the code, the time, an address. They
//! are told apart by where the time stands: column 7 or 8.

use std::fmt;

use zeroize::Zeroizing;

use super::{ForeignToken, MOST_STEPS, Notes, Used, secret, why_not};
use crate::token::{Algorithm, Code, Digits, Parameters, Period, UnixTime};

/// A line that is about a token.
#[derive(Debug, Clone)]
pub struct OathLine {
    /// Its number in the file, from 1.
    pub number: usize,
    /// The user, if there is one.
    pub user: Option<String>,
    /// The token, or why it is not taken.
    pub token: Result<ForeignToken, OathProblem>,
}

/// Why nothing is taken from a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OathProblem {
    /// Not UTF-8, or fewer than four columns.
    Columns,
    /// The columns after the key are those of neither layout.
    Layout,
    /// It counts logins instead of time.
    Counts,
    /// A type of token that is not supported.
    Type,
    /// It has a PIN.
    Pin,
    /// The key is not in hex.
    Key,
    /// The key is too short or too long, and has so many bits.
    KeyLength(usize),
}

/// Reads the lines of a users file that are about a token.
#[must_use]
pub fn read_oath(bytes: &[u8]) -> Vec<OathLine> {
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let is_blank = |line: &[u8]| line.iter().find(|byte| !byte.is_ascii_whitespace()).is_none_or(|byte| *byte == b'#');
    lines.filter(|(_, line)| !is_blank(line)).map(|(index, line)| read_line(index.saturating_add(1), line)).collect()
}

fn read_line(number: usize, line: &[u8]) -> OathLine {
    let columns: Vec<&str> =
        std::str::from_utf8(line).map(|line| line.split_ascii_whitespace().collect()).unwrap_or_default();
    let user = columns.get(1).map(|user| (*user).to_owned());
    OathLine { number, user, token: read_columns(&columns) }
}

fn read_columns(columns: &[&str]) -> Result<ForeignToken, OathProblem> {
    let [kind, _, pin, key, rest @ ..] = columns else { return Err(OathProblem::Columns) };
    let parameters = parameters(kind)?;
    let mut notes = Notes::default();
    match *pin {
        // None; or the login's password, which the line before ours in the stack asks for.
        "-" | "+" => {}
        _ => return Err(OathProblem::Pin),
    }
    let secret = secret(from_hex(key).ok_or(OathProblem::Key)?, &mut notes).map_err(OathProblem::KeyLength)?;
    let used = used(rest, parameters, &mut notes)?;
    Ok(ForeignToken { secret, parameters, used, notes })
}

/// `HOTP/T30`, `HOTP/T60/8`: the letter tells time from events, then come seconds and digits.
fn parameters(kind: &str) -> Result<Parameters, OathProblem> {
    let mut parts = kind.split('/');
    if parts.next() != Some("HOTP") {
        return Err(OathProblem::Type);
    }
    let Some(step) = parts.next().filter(|part| *part != "E") else { return Err(OathProblem::Counts) };
    let seconds =
        step.strip_prefix('T').and_then(|seconds| seconds.parse().ok()).filter(|seconds| (10..=60).contains(seconds));
    let digits = parts.next().map_or(Some(Digits::SIX), |digits| Digits::new(digits.parse().ok()?).ok());
    match (seconds.map(Period::new), digits, parts.next()) {
        (Some(Ok(period)), Some(digits), None) => Ok(Parameters { algorithm: Algorithm::Sha1, digits, period }),
        _ => Err(OathProblem::Type),
    }
}

/// What the columns after the key say of used codes.
fn used(rest: &[&str], parameters: Parameters, notes: &mut Notes) -> Result<Used, OathProblem> {
    let is_number = |text: &str| text.parse::<i64>().is_ok();
    let (offset, last) = match rest {
        [] => return Ok(Used::Nothing),
        [offset, code, time] if is_number(offset) => (None, Some((code, time))),
        [offset] => (Some(offset), None),
        [offset, failures] if is_number(failures) => (Some(offset), None),
        [offset, failures, code, time] | [offset, failures, code, time, _] if is_number(failures) => {
            (Some(offset), Some((code, time)))
        }
        _ => return Err(OathProblem::Layout),
    };
    if let Some(offset) = offset {
        match offset.parse::<i32>() {
            Ok(0) => {}
            Ok(offset) if offset.unsigned_abs() < MOST_STEPS => {
                notes.left.push(format!("a clock offset of {offset:+} steps"));
            }
            // No clock differs by so much: it is something else that stands there, and is not repeated.
            Ok(_) | Err(_) => return Err(OathProblem::Layout),
        }
    }
    let Some((code, time)) = last else {
        // Whether a code was used, such a line does not say.
        return Ok(Used::Untold);
    };
    let time = local_time(time).ok_or(OathProblem::Layout)?;
    let code = Code::parse(code, &[parameters.digits]).map_err(|_| OathProblem::Layout)?;
    Ok(Used::Code(code, time))
}

/// `2009-12-07T23:23:49L`, read as if it were UTC.
fn local_time(text: &str) -> Option<UnixTime> {
    UnixTime::parse_rfc3339(&format!("{}Z", text.strip_suffix('L')?)).ok()
}

fn from_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    for [high, low] in pairs {
        bytes.push(digit(*high)? << 4 | digit(*low)?);
    }
    Some(bytes)
}

impl fmt::Display for OathProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Columns => "the line has fewer than four columns, or is not UTF-8",
            Self::Layout => "the columns after the key are neither pam_oath's nor mod_authn_otp's",
            Self::Counts => "it counts logins (HOTP); Countersign's codes depend on the time",
            Self::Type => "the type of token is not HOTP/T10 to HOTP/T60 with 6 to 8 digits",
            Self::Pin => "it has a PIN; Countersign has none beside the password",
            Self::Key => "the key is not in hex",
            Self::KeyLength(bits) => why_not(*bits),
        })
    }
}
impl std::error::Error for OathProblem {}
