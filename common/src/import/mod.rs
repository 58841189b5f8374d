//! What other programs' files of secrets say: which token, which of its codes were used, what has no place here. Pure.
//!
//! Invariants: no bytes panic; a sentence quotes nothing of a file, since a secret may stand there; what a file does not
//! say of used codes counts as used (I1).

mod google;
mod oath;

pub use google::{GoogleFile, GoogleProblem, read_google};
pub use oath::{OathLine, OathProblem, read_oath};

use crate::token::{Code, Parameters, Secret, SecretError, Step, UnixTime};
use zeroize::Zeroizing;

/// Fewer bits than these are told: RFC 4226 §4 (R6) demands 128.
const ENOUGH_BITS: usize = 128;
/// A clock that differs by so many steps is none.
const MOST_STEPS: u32 = 1_000_000;
/// How far a step that was used may lie ahead, in seconds: a phone's clock, not a broken one.
const AHEAD: u64 = 3600;
/// Seconds that a local time may lie before or after the same text read as UTC, and a search window besides.
const ZONES: u64 = 15 * 3600;

/// A token as another program keeps it.
#[derive(Debug, Clone)]
pub struct ForeignToken {
    /// The shared secret.
    pub secret: Secret,
    /// Hash, digits, period.
    pub parameters: Parameters,
    /// Which of its codes were used.
    pub used: Used,
    /// What else to say of it.
    pub notes: Notes,
}

/// Which codes of a token were used where it comes from.
#[derive(Debug, Clone)]
pub enum Used {
    /// None that the file tells of, and it would.
    Nothing,
    /// The codes of so many steps, the latest of them this one.
    Steps(usize, Step),
    /// This code, at about this local time.
    Code(Code, UnixTime),
    /// The file does not say.
    Untold,
}

/// What is said of a token besides itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// What is otherwise from now on.
    pub changed: Vec<String>,
    /// What has no place here.
    pub left: Vec<String>,
    /// What an administrator should know.
    pub warnings: Vec<String>,
}

/// The last used step lies so far ahead that no code would be accepted for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedAhead;

impl ForeignToken {
    /// The step that counts as the last accepted one, given the steps that are accepted before and after the present
    /// one. What is not known to be unused counts as used.
    ///
    /// # Errors
    /// [`UsedAhead`] if it lies more than an hour ahead: some clock was wrong.
    pub fn last_step(&self, window: u32, now: UnixTime) -> Result<Option<Step>, UsedAhead> {
        let period = self.parameters.period;
        let whole_window = period.step_at(now).offset_by(i64::from(window));
        let last = match &self.used {
            Used::Nothing => None,
            Used::Steps(_, last) => Some(*last),
            Used::Code(code, at) => Some(self.step_of(code, *at, now).unwrap_or(whole_window)),
            Used::Untold => Some(whole_window),
        };
        let bound = period.step_at(now.plus(crate::token::Seconds(AHEAD)));
        if last.is_some_and(|last| last > bound) { Err(UsedAhead) } else { Ok(last) }
    }

    /// The latest step near a local time whose code this is, in whatever zone that was written.
    fn step_of(&self, code: &Code, at: UnixTime, now: UnixTime) -> Option<Step> {
        let step_at = |seconds: u64| UnixTime::new(seconds).map(|time| self.parameters.period.step_at(time)).ok();
        let first = step_at(at.as_seconds().saturating_sub(ZONES))?;
        let last = step_at(at.as_seconds().saturating_add(ZONES))?;
        let last = last.min(self.parameters.period.step_at(now.plus(crate::token::Seconds(AHEAD))));
        let totp = crate::token::Totp::new(&self.secret, self.parameters);
        (0..=last.minus(first)).rev().map(|distance| first.offset_by(distance)).find(|step| totp.fits(code, *step))
    }

    /// How many bits the secret has.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.secret.as_bytes().len().saturating_mul(8)
    }
}

/// A secret from its bytes, or how many bits it would have had.
fn secret(bytes: Zeroizing<Vec<u8>>, notes: &mut Notes) -> Result<Secret, usize> {
    let bits = bytes.len().saturating_mul(8);
    let secret = Secret::from_bytes(bytes).map_err(|_: SecretError| bits)?;
    if bits < ENOUGH_BITS {
        notes.warnings.push(format!("the secret has only {bits} bits; a new token would have 160"));
    }
    Ok(secret)
}

/// What is wrong with a secret of so many bits.
const fn why_not(bits: usize) -> &'static str {
    if bits < 80 { "its secret is shorter than 80 bits" } else { "its secret is longer than 512 bits" }
}

#[cfg(test)]
mod import_tests;
