//! The time a user may log in without being enrolled, counted from the first login that asks.
//!
//! Invariants: it survives a reset and ends for ever at the first enrollment; only an administrator gives more; a clock
//! that was wrong when it began cannot make it longer than configured from now (I7).

use crate::config::Config;
use crate::counters::{Counters, Grace};
use crate::token::UnixTime;

/// When the grace time ends that is open now; `None` if there is none, or it is over.
#[must_use]
pub fn grace_until(config: &Config, grace: Grace, now: UnixTime) -> Option<UnixTime> {
    let span = config.enrollment.grace.as_seconds();
    let end = match grace {
        Grace::NotStarted => now.plus(span),
        Grace::Started(at) => at.min(now).plus(span),
        Grace::Until(end) => end,
        Grace::Ended => return None,
    };
    (now < end).then_some(end)
}

/// The counters to write before a user in grace is asked or let through: the start, or the start counted anew because
/// it lies in the future. `None` if nothing is to be written.
#[must_use]
pub fn grace_begun(config: &Config, counters: &Counters, now: UnixTime) -> Option<Counters> {
    let starts = match counters.grace {
        Grace::NotStarted => config.enrollment.grace.as_seconds().0 > 0,
        Grace::Started(at) => now < at,
        Grace::Until(_) | Grace::Ended => false,
    };
    starts.then(|| Counters { grace: Grace::Started(now), ..counters.clone() })
}

/// The counters once an administrator gives a user time until then, whatever ended before.
#[must_use]
pub fn grace_given(counters: &Counters, until: UnixTime) -> Counters {
    Counters { grace: Grace::Until(until), ..counters.clone() }
}

/// The counters once an administrator ends a user's time.
#[must_use]
pub fn grace_ended(counters: &Counters) -> Counters {
    Counters { grace: Grace::Ended, ..counters.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn time(seconds: u64) -> UnixTime {
        UnixTime::new(seconds).unwrap()
    }

    const NOW: u64 = 1_000_000;
    const DAY: u64 = 86_400;

    #[test]
    fn grace_is_counted_from_the_first_login_that_asks() {
        let config = parse(b"[enrollment]\ngrace = '3d'").unwrap();
        let until = |grace, now| grace_until(&config, grace, time(now)).map(UnixTime::as_seconds);
        assert_eq!(until(Grace::NotStarted, NOW), Some(NOW + 3 * DAY));
        assert_eq!(until(Grace::Started(time(NOW)), NOW + DAY), Some(NOW + 3 * DAY));
        assert_eq!(until(Grace::Started(time(NOW)), NOW + 3 * DAY), None);
        assert_eq!(until(Grace::Started(time(NOW + 9 * DAY)), NOW), Some(NOW + 3 * DAY), "a clock that was wrong");
        assert_eq!(until(Grace::Ended, NOW), None);
        assert_eq!(until(Grace::Until(time(NOW + 1)), NOW), Some(NOW + 1));
        assert_eq!(until(Grace::Until(time(NOW)), NOW), None);
    }

    #[test]
    fn without_grace_only_an_administrator_gives_some() {
        let config = Config::default();
        for grace in [Grace::NotStarted, Grace::Started(time(NOW)), Grace::Ended] {
            assert_eq!(grace_until(&config, grace, time(NOW)), None, "{grace:?}");
        }
        assert_eq!(grace_until(&config, Grace::Until(time(NOW + 5)), time(NOW)), Some(time(NOW + 5)));
    }

    #[test]
    fn an_administrator_gives_and_ends_time_and_touches_nothing_else() {
        let counters = Counters { sequence: 7, grace: Grace::Started(time(NOW)), ..Counters::default() };
        let expected = |grace| Counters { grace, ..counters.clone() };
        assert_eq!(grace_given(&counters, time(NOW + 9)), expected(Grace::Until(time(NOW + 9))));
        assert_eq!(grace_ended(&counters), expected(Grace::Ended));
    }

    #[test]
    fn the_start_is_written_once_and_again_only_if_it_lies_in_the_future() {
        let config = parse(b"[enrollment]\ngrace = '3d'").unwrap();
        let begun = |grace| {
            let counters = Counters { grace, ..Counters::default() };
            grace_begun(&config, &counters, time(NOW)).map(|next| next.grace)
        };
        assert_eq!(begun(Grace::NotStarted), Some(Grace::Started(time(NOW))));
        assert_eq!(begun(Grace::Started(time(NOW + 1))), Some(Grace::Started(time(NOW))));
        for grace in [Grace::Started(time(NOW)), Grace::Until(time(NOW + 1)), Grace::Ended] {
            assert_eq!(begun(grace), None, "{grace:?}");
        }
        assert_eq!(grace_begun(&Config::default(), &Counters::default(), time(NOW)), None);
    }
}
