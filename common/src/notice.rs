//! Every sentence a person sees at a login. Pure; the one place where these words stand.
//!
//! Invariant: no notice tells an intruder more than the table in docs/notices.md says.

use std::fmt;

use crate::token::{Digits, Seconds, UnixTime};

pub mod table;

/// The prompt for a code. Must not contain the word "password": sshpass, sddm and sudo look for it.
pub const PROMPT: &str = "Verification code: ";

/// From how few recovery codes on a person is told to make new ones.
pub const FEW_RECOVERY_CODES: u8 = 2;

/// The last prompt after enrollment, below the recovery codes.
pub const RECOVERY_PROMPT: &str = "Press Enter when you have written them down: ";

/// Which wrong answer of this login it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The first.
    First,
    /// A later one: time to speak of clocks.
    Later,
}

/// Where a wrong code was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// By an enrolled user.
    Login,
    /// At enrollment.
    Enrollment,
}

/// A sentence a person sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A wrong code.
    WrongCode(Attempt, Stage),
    /// A right code whose step was already accepted.
    CodeUsed,
    /// A right code of a step before the last accepted one.
    CodeTooOld,
    /// The last accepted step lies after the whole window.
    ClockWentBack,
    /// Not a code; these are the lengths a code may have.
    NotACode(Vec<Digits>),
    /// Blocked, for this long.
    BlockedFor(Seconds),
    /// Blocked until an administrator unblocks.
    BlockedForGood,
    /// Wrong codes since the last login.
    FailuresSince(u16, Option<UnixTime>),
    /// Not enrolled, and this service cannot enroll.
    CannotEnrollHere,
    /// State or config not to be trusted, or a write failed.
    NotAvailable,
    /// The settings changed before the commit.
    SettingsChanged,
    /// The word `disable` is refused.
    MayNotDisable,
    /// The word `later` is refused.
    NoTimeLeft,
    /// A recovery code was accepted; so many are left.
    RecoveryCodesLeft(u8),
}

/// The prompt of a user who is blocked but has recovery codes left: for this long, or until an administrator
/// unblocks.
#[must_use]
pub fn blocked_prompt(left: Option<Seconds>, support: Option<&str>) -> String {
    if let Some(span) = left {
        format!("Too many wrong codes. Try again in {}, or enter a recovery code: ", spelled_span(span))
    } else {
        let support = support.unwrap_or("your administrator");
        format!("Too many wrong codes. Contact {support}, or enter a recovery code: ")
    }
}

/// A notice in words, with whom to turn to.
#[derive(Debug)]
pub struct Worded<'a> {
    notice: &'a Notice,
    support: &'a str,
}

impl Notice {
    /// The sentence; `support` is the configured contact, if any.
    #[must_use]
    pub fn worded<'a>(&'a self, support: Option<&'a str>) -> Worded<'a> {
        Worded { notice: self, support: support.unwrap_or("your administrator") }
    }
}

impl fmt::Display for Worded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let support = self.support;
        match self.notice {
            Notice::WrongCode(attempt, stage) => {
                f.write_str("Otp invalid!")?;
                if *attempt == Attempt::Later {
                    f.write_str(" If you typed it correctly, set your phone's clock to automatic.")?;
                }
                if *stage == Stage::Enrollment {
                    f.write_str(" Use the newest entry in your app.")?;
                }
                Ok(())
            }
            Notice::CodeUsed => f.write_str("Otp invalid! This code was already used. Wait for the next one."),
            Notice::CodeTooOld => f.write_str("Otp invalid! This code is too old."),
            Notice::ClockWentBack => write!(f, "The clock of this host has gone back. Contact {support}."),
            Notice::NotACode(lengths) => write!(f, "Otp invalid! A code has {} digits.", spelled_lengths(lengths)),
            Notice::BlockedFor(span) => write!(f, "Too many wrong codes. Try again in {}.", spelled_span(*span)),
            Notice::BlockedForGood => write!(f, "Too many wrong codes. Contact {support}."),
            Notice::FailuresSince(failures, last_login) => {
                let codes = if *failures == 1 { "code" } else { "codes" };
                write!(f, "{failures} wrong {codes} since your last login")?;
                match last_login {
                    Some(time) => write!(f, " on {}.", time.day_and_month()),
                    None => f.write_str("."),
                }
            }
            Notice::CannotEnrollHere => {
                f.write_str("Set up two-factor authentication first: log in over SSH or on a console.")
            }
            Notice::NotAvailable => write!(f, "Two-factor authentication is not available. Contact {support}."),
            Notice::SettingsChanged => f.write_str("Your two-factor settings changed meanwhile. Log in again."),
            Notice::MayNotDisable => f.write_str("You may not disable two-factor authentication."),
            Notice::NoTimeLeft => f.write_str("There is no time left to set it up later."),
            Notice::RecoveryCodesLeft(left) => {
                let codes = if *left == 1 { "code" } else { "codes" };
                write!(f, "{left} recovery {codes} left.")?;
                if *left <= FEW_RECOVERY_CODES {
                    f.write_str(" Make new ones: countersign new-recovery-codes")?;
                }
                Ok(())
            }
        }
    }
}

/// As in `6`, `6 or 8`.
fn spelled_lengths(lengths: &[Digits]) -> String {
    let mut numbers: Vec<u8> = lengths.iter().map(|digits| digits.as_u8()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

/// Rounded up, in the largest unit of which there is more than one: `30 seconds`, `4 minutes`, `2 hours`, `3 days`.
#[must_use]
pub fn spelled_span(span: Seconds) -> String {
    let (count, unit) = match span.0 {
        0..=90 => (span.0.max(1), "second"),
        91..=5_400 => (span.0.div_ceil(60), "minute"),
        5_401..=172_800 => (span.0.div_ceil(3_600), "hour"),
        _ => (span.0.div_ceil(86_400), "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(notice: &Notice) -> String {
        notice.worded(None).to_string()
    }

    #[test]
    fn notices_are_worded_as_specified() {
        let later = Notice::WrongCode(Attempt::Later, Stage::Enrollment);
        assert_eq!(
            words(&later),
            "Otp invalid! If you typed it correctly, set your phone's clock to automatic. Use the newest entry in your app."
        );
        assert_eq!(words(&Notice::WrongCode(Attempt::First, Stage::Login)), "Otp invalid!");
        assert_eq!(words(&Notice::NotACode(vec![Digits::SIX])), "Otp invalid! A code has 6 digits.");
        let on = UnixTime::parse_rfc3339("2026-11-24T23:59:59Z").unwrap();
        assert_eq!(words(&Notice::FailuresSince(5, Some(on))), "5 wrong codes since your last login on 24 Nov.");
        assert_eq!(words(&Notice::FailuresSince(1, None)), "1 wrong code since your last login.");
    }

    #[test]
    fn the_time_left_is_rounded_up() {
        let cases = [
            (1, "1 second"),
            (30, "30 seconds"),
            (90, "90 seconds"),
            (91, "2 minutes"),
            (240, "4 minutes"),
            (241, "5 minutes"),
            (3_600, "60 minutes"),
            (7_200, "2 hours"),
            (172_801, "3 days"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(
                words(&Notice::BlockedFor(Seconds(seconds))),
                format!("Too many wrong codes. Try again in {expected}.")
            );
        }
    }

    #[test]
    fn the_configured_support_is_named_instead_of_the_administrator() {
        for notice in [Notice::ClockWentBack, Notice::BlockedForGood, Notice::NotAvailable] {
            assert!(words(&notice).ends_with("Contact your administrator."));
            assert!(notice.worded(Some("helpdesk, ext. 42")).to_string().ends_with("Contact helpdesk, ext. 42."));
        }
    }

    #[test]
    fn no_notice_or_prompt_speaks_of_a_password() {
        assert!(!PROMPT.to_lowercase().contains("password"));
    }
}
