//! The table of notices: every sentence, and when a person is told it. docs/notices.md and `pam_countersign(8)` show it.

use super::{Attempt, Notice, Stage};
use crate::token::{Digits, Seconds, UnixTime};

/// Every notice, as an example, and when it is told.
#[must_use]
pub fn rows() -> Vec<(Notice, &'static str)> {
    let wrong = Notice::WrongCode;
    // 24 November 2026.
    let last_login = UnixTime::new(1_795_507_200).ok();
    vec![
        (wrong(Attempt::First, Stage::Login), "a wrong code"),
        (wrong(Attempt::Later, Stage::Login), "a wrong code, from the second of a login on"),
        (
            wrong(Attempt::First, Stage::Enrollment),
            "a wrong code at enrollment (from the second on with the sentence about the clock)",
        ),
        (Notice::CodeUsed, "a right code whose step was already accepted; not counted as wrong"),
        (Notice::CodeTooOld, "a right code of a step before the last accepted one; not counted as wrong"),
        (Notice::ClockWentBack, "the last accepted step lies in the future: no code can be accepted"),
        (Notice::NotACode(vec![Digits::SIX]), "an answer that is not a code; not counted as wrong"),
        (Notice::BlockedFor(Seconds(240)), "blocked for a time; no answer is looked at"),
        (Notice::BlockedForGood, "blocked until `countersign unblock`"),
        (Notice::FailuresSince(5, last_login), "after a success, if there were failures; the day is that of UTC"),
        (Notice::CannotEnrollHere, "not enrolled, on a service that cannot show a QR code"),
        (Notice::NotAvailable, "configuration or state cannot be trusted, or a write failed; the log says which"),
        (Notice::SettingsChanged, "someone changed them between the proof and its commit"),
        (
            Notice::MayNotDisable,
            "the word `disable`, typed by someone who is locked or for whom a rule requires a code",
        ),
        (Notice::NoTimeLeft, "the word `later`, typed when the grace time is over or there is none"),
        (Notice::RecoveryCodesLeft(3), "a recovery code was accepted"),
        (Notice::RecoveryCodesLeft(2), "the same, from two on"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// docs/notices.md holds one row per notice: its words, and when it is told.
    #[test]
    fn the_documentation_shows_every_notice() {
        let documentation = include_str!("../../../docs/notices.md");
        for (notice, when) in rows() {
            let line = format!("| `{}` | {when} |", notice.worded(None));
            assert!(documentation.contains(&line), "docs/notices.md lacks: {line}");
        }
        let listed = documentation.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(listed, rows().len());
    }

    /// Adding a notice without a row does not compile here.
    #[test]
    fn the_table_has_every_kind_of_notice() {
        let known = |notice: &Notice| match notice {
            Notice::WrongCode(..) => 0,
            Notice::CodeUsed => 1,
            Notice::CodeTooOld => 2,
            Notice::ClockWentBack => 3,
            Notice::NotACode(_) => 4,
            Notice::BlockedFor(_) => 5,
            Notice::BlockedForGood => 6,
            Notice::FailuresSince(..) => 7,
            Notice::CannotEnrollHere => 8,
            Notice::NotAvailable => 9,
            Notice::SettingsChanged => 10,
            Notice::MayNotDisable => 11,
            Notice::NoTimeLeft => 12,
            Notice::RecoveryCodesLeft(_) => 13,
        };
        let kinds: BTreeSet<i32> = rows().iter().map(|(notice, _)| known(notice)).collect();
        assert_eq!(kinds, (0..14).collect());
    }
}
