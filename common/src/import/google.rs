//! The file of `pam_google_authenticator`: a secret in base32, lines of options, codes for an emergency.
//!
//! Read as that module reads it: the first line that sets an option counts, `\r` ends a line as `\n` does, blanks and
//! dashes in the secret are nothing, and 0, 1 and 8 stand for O, L and B there.

use std::fmt;

use zeroize::Zeroizing;

use super::{ForeignToken, MOST_STEPS, Notes, Used, secret, why_not};
use crate::token::{Digits, Parameters, Period, Step};

/// What the file holds.
#[derive(Debug, Clone)]
pub struct GoogleFile {
    /// The token.
    pub token: ForeignToken,
    /// How many codes for an emergency are left in it.
    pub scratch_codes: usize,
}

/// Why nothing is taken from a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoogleProblem {
    /// There is nothing in it.
    Empty,
    /// There are NUL bytes in it, as after a crash: what was used may be lost.
    Damaged,
    /// The first line is no base32.
    NoSecret,
    /// The secret is too short or too long, and has so many bits.
    SecretLength(usize),
    /// It counts logins instead of time.
    Counts,
    /// It does not say that codes depend on the time, and `pam_google_authenticator` would accept none.
    NoTotp,
    /// The step is none that is supported.
    StepSize,
}

/// The numbers of seconds a step may have here.
const PERIODS: std::ops::RangeInclusive<u16> = 10..=60;

/// Reads a file of `pam_google_authenticator`.
///
/// # Errors
/// [`GoogleProblem`].
pub fn read_google(bytes: &[u8]) -> Result<GoogleFile, GoogleProblem> {
    if bytes.contains(&0) {
        return Err(GoogleProblem::Damaged);
    }
    let mut lines =
        bytes.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty());
    let first = lines.next().ok_or(GoogleProblem::Empty)?;
    let mut options = Options::default();
    let mut notes = Notes::default();
    let found = secret(decoded(first).ok_or(GoogleProblem::NoSecret)?, &mut notes);
    for line in lines {
        options.read(line);
    }
    if options.counter.unwrap_or(0) > 0 {
        return Err(GoogleProblem::Counts);
    }
    if !options.totp {
        return Err(GoogleProblem::NoTotp);
    }
    let secret = found.map_err(GoogleProblem::SecretLength)?;
    let period = options.period()?;
    options.describe(&mut notes);
    let parameters = Parameters { digits: Digits::SIX, period, ..Parameters::default() };
    let token = ForeignToken { secret, parameters, used: options.used(), notes };
    Ok(GoogleFile { token, scratch_codes: options.scratch_codes })
}

/// The bytes of a base32 text, as forgiving as the program it was written for; bits that fill no byte are dropped.
fn decoded(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let (mut buffer, mut bits, mut ended) = (0_u32, 0_u32, false);
    for byte in text {
        let value = match byte.to_ascii_uppercase() {
            b' ' | b'\t' | b'-' => continue,
            b'=' => {
                ended = true;
                continue;
            }
            _ if ended => return None,
            b'0' => 14,
            b'1' => 11,
            b'8' => 1,
            letter @ b'A'..=b'Z' => letter.saturating_sub(b'A'),
            digit @ b'2'..=b'7' => digit.saturating_sub(b'2').saturating_add(26),
            _ => return None,
        };
        buffer = (buffer << 5 | u32::from(value)) & 0xfff;
        bits = bits.saturating_add(5);
        if bits >= 8 {
            bits = bits.saturating_sub(8);
            bytes.push(u8::try_from((buffer >> bits) & 0xff).unwrap_or(0));
        }
    }
    if bytes.is_empty() { None } else { Some(bytes) }
}

/// What the lines after the first say.
#[derive(Debug, Default)]
struct Options {
    totp: bool,
    counter: Option<u64>,
    step_size: Option<Result<u16, NoNumber>>,
    window: Option<Result<u16, NoNumber>>,
    skew: Option<i32>,
    rate_limit: bool,
    /// The steps marked as used; `None` where the option is not there.
    used: Option<Steps>,
    unknown: usize,
    scratch_codes: usize,
    odd: usize,
}

/// An option that stands where a number belongs has none.
#[derive(Debug, Clone, Copy)]
struct NoNumber;

/// Steps marked as used.
#[derive(Debug, Default)]
struct Steps {
    count: usize,
    last: Option<Step>,
    /// Whether something there is no step.
    odd: bool,
}

impl Options {
    fn read(&mut self, line: &[u8]) {
        let Some(option) = line.strip_prefix(b"\" ") else {
            let is_scratch = line.len() == 8 && line.iter().all(u8::is_ascii_digit) && line.first() != Some(&b'0');
            let counted = if is_scratch { &mut self.scratch_codes } else { &mut self.odd };
            *counted = counted.saturating_add(1);
            return;
        };
        let mut words = option.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
        let name = words.next().unwrap_or_default();
        let first = words.clone().next();
        match name {
            // Nothing but how this begins counts for the program that wrote it.
            name if name.starts_with(b"TOTP_AUTH") => self.totp = true,
            b"HOTP_COUNTER" => self.counter = self.counter.or_else(|| Some(first.and_then(number).unwrap_or(0))),
            b"STEP_SIZE" => self.step_size = self.step_size.or(Some(first.and_then(number).ok_or(NoNumber))),
            b"WINDOW_SIZE" => self.window = self.window.or(Some(first.and_then(number).ok_or(NoNumber))),
            b"TIME_SKEW" => self.skew = self.skew.or_else(|| first.and_then(number).filter(|steps| is_a_skew(*steps))),
            b"RATE_LIMIT" => self.rate_limit = true,
            b"DISALLOW_REUSE" => words.for_each({
                let steps = self.used.get_or_insert_default();
                |word| steps.add(word)
            }),
            // Attempts to learn the phone's clock, and who logged in from where: of no use to anyone else.
            name if name == b"RESETTING_TIME_SKEW" || name.starts_with(b"LAST") => {}
            _ => self.unknown = self.unknown.saturating_add(1),
        }
    }

    fn period(&self) -> Result<Period, GoogleProblem> {
        match self.step_size {
            None => Ok(Period::THIRTY),
            Some(Ok(seconds)) if PERIODS.contains(&seconds) => {
                Period::new(seconds).map_err(|_| GoogleProblem::StepSize)
            }
            Some(_) => Err(GoogleProblem::StepSize),
        }
    }

    /// Which codes were used. Where the program accepted codes again, or what it noted is not understood, nobody knows.
    fn used(&self) -> Used {
        match &self.used {
            Some(Steps { odd: false, last: Some(last), count }) => Used::Steps(*count, *last),
            Some(Steps { odd: false, last: None, .. }) => Used::Nothing,
            _ => Used::Untold,
        }
    }

    fn describe(&self, notes: &mut Notes) {
        match self.window {
            None | Some(Ok(3)) => {}
            Some(Ok(size)) => notes.left.push(format!("WINDOW_SIZE {size} (here [totp] window, for everyone)")),
            Some(Err(NoNumber)) => notes.left.push("WINDOW_SIZE, which is no number".to_owned()),
        }
        if let Some(skew) = self.skew.filter(|skew| *skew != 0) {
            notes.left.push(format!("TIME_SKEW {skew}"));
            notes.warnings.push(format!(
                "the phone's clock was {skew:+} steps off: it must be set to automatic, or its codes are refused"
            ));
        }
        if self.rate_limit {
            notes.left.push("RATE_LIMIT (here [throttle], for everyone)".to_owned());
        }
        let odd = [
            (self.unknown, "one unknown option", "unknown options"),
            (self.odd, "one line that is not understood", "lines that are not understood"),
        ];
        for (count, one, more) in odd {
            match count {
                0 => {}
                1 => notes.left.push(one.to_owned()),
                count => notes.left.push(format!("{count} {more}")),
            }
        }
        if self.used.is_none() {
            notes.changed.push("a code is accepted once only, which it was not before".to_owned());
        }
    }
}

impl Steps {
    fn add(&mut self, word: &[u8]) {
        match number(word).and_then(|number| Step::new(number).ok()) {
            Some(step) => {
                self.count = self.count.saturating_add(1);
                self.last = self.last.max(Some(step));
            }
            None => self.odd = true,
        }
    }
}

/// No clock differs by more: what stands there otherwise is something else, and is not repeated.
fn is_a_skew(steps: i32) -> bool {
    steps.unsigned_abs() < MOST_STEPS
}

fn number<T: std::str::FromStr>(word: &[u8]) -> Option<T> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

impl fmt::Display for GoogleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the file is empty",
            Self::Damaged => "there are NUL bytes in it: it is damaged, and its own program accepts no code of it",
            Self::NoSecret => "its first line is no secret in base32",
            Self::SecretLength(bits) => why_not(*bits),
            Self::Counts => "it counts logins (HOTP_COUNTER); Countersign's codes depend on the time",
            Self::NoTotp => "it says neither TOTP_AUTH nor HOTP_COUNTER, so that no code was ever accepted",
            Self::StepSize => "its STEP_SIZE is not 10 to 60 seconds",
        })
    }
}
impl std::error::Error for GoogleProblem {}
