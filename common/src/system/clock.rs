//! The time of day.

use std::fmt;
use std::time::SystemTime;

use crate::token::UnixTime;

/// Where the time comes from.
pub trait Clock {
    /// The time now.
    ///
    /// # Errors
    /// [`ClockError`] before 1970 or after 9999.
    fn now(&self) -> Result<UnixTime, ClockError>;
}

/// The clock shows no time that can be counted in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockError;

/// This host's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Result<UnixTime, ClockError> {
        let span = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|_| ClockError)?;
        UnixTime::new(span.as_secs()).map_err(|_| ClockError)
    }
}

impl fmt::Display for ClockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the clock of this host shows no time between 1970 and 9999")
    }
}
impl std::error::Error for ClockError {}
