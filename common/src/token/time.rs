//! Unix time and spans of it, in whole seconds, from 1970 to the end of the year 9999.
//!
//! Invariant: arithmetic saturates at the ends of the range; nothing wraps.

use std::fmt;
use std::time::{Duration, SystemTime};

/// A span of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seconds(pub u64);

/// Seconds since 1970-01-01T00:00:00Z, at most 9999-12-31T23:59:59Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(u64);

/// The text or number is no time this program can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeError;

impl UnixTime {
    /// 9999-12-31T23:59:59Z, the last second RFC 3339 can write with a four-digit year.
    pub const MAX: Self = Self(253_402_300_799);

    /// A time from seconds since the epoch.
    ///
    /// # Errors
    /// [`TimeError`] beyond [`UnixTime::MAX`].
    pub const fn new(seconds: u64) -> Result<Self, TimeError> {
        if seconds > Self::MAX.0 { Err(TimeError) } else { Ok(Self(seconds)) }
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn as_seconds(self) -> u64 {
        self.0
    }

    /// This time plus a span, at most [`UnixTime::MAX`].
    #[must_use]
    pub fn plus(self, span: Seconds) -> Self {
        Self(self.0.saturating_add(span.0).min(Self::MAX.0))
    }

    /// The span since an earlier time; `None` if `earlier` lies in the future of this time.
    #[must_use]
    pub fn since(self, earlier: Self) -> Option<Seconds> {
        self.0.checked_sub(earlier.0).map(Seconds)
    }

    /// The span until a later time; zero if it has passed.
    #[must_use]
    pub fn until(self, later: Self) -> Seconds {
        Seconds(later.0.saturating_sub(self.0))
    }

    /// Reads RFC 3339 UTC text such as `2026-11-24T09:00:00Z`; fractions of a second are dropped.
    ///
    /// # Errors
    /// [`TimeError`] if the text is no such time or lies outside the range.
    pub fn parse_rfc3339(text: &str) -> Result<Self, TimeError> {
        let time = humantime::parse_rfc3339(text).map_err(|_| TimeError)?;
        let span = time.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| TimeError)?;
        Self::new(span.as_secs())
    }

    /// Day and month in UTC, as in `24 Nov`.
    #[must_use]
    pub fn day_and_month(self) -> String {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let text = self.to_string();
        let number = |range| text.get(range).and_then(|part: &str| part.parse::<usize>().ok()).unwrap_or(1);
        let month = MONTHS.get(number(5..7).saturating_sub(1)).copied().unwrap_or("Jan");
        format!("{} {month}", number(8..10))
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.0)).unwrap_or(SystemTime::UNIX_EPOCH);
        write!(f, "{}", humantime::format_rfc3339_seconds(time))
    }
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time between 1970 and 9999")
    }
}

impl std::error::Error for TimeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_and_read_back() {
        for seconds in [0, 1, 951_782_400, 1_795_507_200, UnixTime::MAX.0] {
            let time = UnixTime::new(seconds).unwrap();
            assert_eq!(UnixTime::parse_rfc3339(&time.to_string()), Ok(time));
        }
        assert_eq!(UnixTime::new(1_795_507_200).unwrap().to_string(), "2026-11-24T08:00:00Z");
    }

    #[test]
    fn day_and_month_are_those_of_the_date() {
        assert_eq!(UnixTime::new(1_795_507_200).unwrap().day_and_month(), "24 Nov");
        assert_eq!(UnixTime::new(0).unwrap().day_and_month(), "1 Jan");
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(UnixTime::MAX.plus(Seconds(u64::MAX)), UnixTime::MAX);
        assert_eq!(UnixTime::new(5).unwrap().since(UnixTime::new(6).unwrap()), None);
        assert!(UnixTime::new(UnixTime::MAX.0 + 1).is_err());
    }
}
