//! Numbers and durations of the configuration that carry their range in their type.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};

use crate::token::Seconds;

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounded<const MIN: u32, const MAX: u32>(u32);

/// A span of `MIN` to `MAX` seconds, written as in `30s`, `15m`, `12h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duration<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u32, const MAX: u32> Bounded<MIN, MAX> {
    /// A default; held within the range.
    #[must_use]
    pub const fn of(number: u32) -> Self {
        if number < MIN {
            Self(MIN)
        } else if number > MAX {
            Self(MAX)
        } else {
            Self(number)
        }
    }
}

impl<const MIN: u32, const MAX: u32> From<Bounded<MIN, MAX>> for u32 {
    fn from(bounded: Bounded<MIN, MAX>) -> Self {
        bounded.0
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Bounded<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        match u32::try_from(number) {
            Ok(number) if (MIN..=MAX).contains(&number) => Ok(Self(number)),
            _ => Err(D::Error::custom(format!("must be {MIN} to {MAX}"))),
        }
    }
}

impl<const MIN: u64, const MAX: u64> Duration<MIN, MAX> {
    /// A default; held within the range.
    #[must_use]
    pub const fn of(seconds: u64) -> Self {
        if seconds < MIN {
            Self(MIN)
        } else if seconds > MAX {
            Self(MAX)
        } else {
            Self(seconds)
        }
    }

    /// The span.
    #[must_use]
    pub const fn as_seconds(self) -> Seconds {
        Seconds(self.0)
    }
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Duration<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl<const MIN: u64, const MAX: u64> FromStr for Duration<MIN, MAX> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds =
            parse_duration(text).ok_or("must be a whole number and a unit, as in \"30s\", \"15m\", \"12h\", \"7d\"")?;
        if (MIN..=MAX).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(format!("must be {} to {}", Spelled(MIN), Spelled(MAX)))
        }
    }
}

/// Seconds of a text such as `15m`.
fn parse_duration(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Seconds in the largest unit that holds them whole.
struct Spelled(u64);

impl fmt::Display for Spelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
        let whole = units.into_iter().find(|(factor, _)| self.0 > 0 && self.0.is_multiple_of(*factor));
        let (factor, unit) = whole.unwrap_or((1, 's'));
        write!(f, "{}{unit}", self.0.checked_div(factor).unwrap_or(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, seconds) in [("0s", 0), ("30s", 30), ("15m", 900), ("12h", 43_200), ("7d", 604_800)] {
            assert_eq!(parse_duration(text), Some(seconds), "{text}");
        }
        for text in ["", "s", "30", "-1s", "+1s", "1.5h", "1 h", "1w", "30S", "１s", "99999999999999999999d", "1é"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn ranges_are_spelled_in_their_largest_unit() {
        assert_eq!(Spelled(86_400).to_string(), "1d");
        assert_eq!(Spelled(3_600).to_string(), "1h");
        assert_eq!(Spelled(90).to_string(), "90s");
        assert_eq!(Spelled(0).to_string(), "0s");
    }
}
