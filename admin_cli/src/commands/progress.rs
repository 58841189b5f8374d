//! `report`: how far the roll-out is, in a sentence: who is asked, who is enrolled, who has how much time.
//!
//! Looks at the same users as `list --not-enrolled`; those of whom nothing can be known are counted apart, never as done.

use countersign_common::notice::spelled_span;
use countersign_common::token::{Seconds, UnixTime};
use serde::{Serialize, Serializer};

use super::look::named;
use super::not_enrolled;
use crate::arguments;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::json;
use crate::output::{Output, Verdict};
use crate::report::{Facts, GraceTime, Report};

/// What `report --json` says: names, so that whoever reads it can count.
#[derive(Debug, Default, Serialize)]
struct Progress {
    /// Users who are asked for a code at some login.
    asked: usize,
    enrolled: usize,
    /// Not enrolled, and the next login must.
    must_now: Vec<String>,
    /// Not enrolled, with time until then.
    in_grace: Vec<InGrace>,
    /// When the last of them must.
    grace_until: Option<String>,
    /// Not enrolled, with so many seconds from their first login.
    from_first_login: Vec<String>,
    grace_seconds: Option<u64>,
    /// Of all users, asked or not.
    blocked: Vec<String>,
    /// Of those who are asked: nobody else needs any.
    few_recovery_codes: Vec<String>,
    untrusted: Vec<String>,
}

#[derive(Debug, Serialize)]
struct InGrace {
    user: String,
    #[serde(serialize_with = "as_text")]
    until: UnixTime,
}

/// As JSON has times everywhere.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn as_text<S: Serializer>(time: &UnixTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

/// `report`
pub(super) fn report(desk: &Desk, arguments: &arguments::Report, output: &mut Output) -> Result<Verdict, Failure> {
    let users = not_enrolled::everyone(desk, output)?;
    let mut progress = Progress::default();
    users.gather(|part: &mut Progress, report| part.count(&report), |part| progress.add(part));
    progress.grace_until = progress.in_grace.iter().map(|one| one.until).max().map(|end| end.to_string());
    if arguments.json {
        output.bytes(&json::object(&progress));
    } else {
        progress.print(arguments.names, desk.now()?, output);
    }
    Ok(if progress.untrusted.is_empty() { Verdict::Done } else { Verdict::Failed })
}

impl Progress {
    fn count(&mut self, report: &Report) {
        let user = || report.user.clone();
        let Ok(facts) = &report.state else { return self.untrusted.push(user()) };
        if facts.blocked.is_some() {
            self.blocked.push(user());
        }
        if facts.asked_somewhere() {
            self.count_asked(user, facts);
        }
    }

    fn count_asked(&mut self, user: impl Fn() -> String, facts: &Facts) {
        self.asked = self.asked.saturating_add(1);
        if facts.has_few_recovery_codes() {
            self.few_recovery_codes.push(user());
        }
        match facts.grace {
            _ if facts.is_enrolled() => self.enrolled = self.enrolled.saturating_add(1),
            GraceTime::None => self.must_now.push(user()),
            GraceTime::Until(end) => self.in_grace.push(InGrace { user: user(), until: end }),
            GraceTime::FromFirstLogin(span) => {
                self.grace_seconds = Some(span.0);
                self.from_first_login.push(user());
            }
        }
    }

    /// Counts what was counted of others.
    fn add(&mut self, others: Self) {
        self.asked = self.asked.saturating_add(others.asked);
        self.enrolled = self.enrolled.saturating_add(others.enrolled);
        self.must_now.extend(others.must_now);
        self.in_grace.extend(others.in_grace);
        self.from_first_login.extend(others.from_first_login);
        self.grace_seconds = self.grace_seconds.or(others.grace_seconds);
        self.blocked.extend(others.blocked);
        self.few_recovery_codes.extend(others.few_recovery_codes);
        self.untrusted.extend(others.untrusted);
    }

    /// As in `37 of 40 enrolled; 3 must by 1 June`.
    fn sentence(&self, now: UnixTime) -> String {
        let mut parts = vec![format!("{} of {} enrolled", self.enrolled, self.asked)];
        if self.asked == 0 {
            parts.push("nobody is asked for a code yet".to_owned());
        }
        if !self.must_now.is_empty() {
            parts.push(format!("{} must at the next login", self.must_now.len()));
        }
        let ends = || self.in_grace.iter().map(|one| one.until);
        if let (Some(first), Some(last)) = (ends().min(), ends().max()) {
            let count = self.in_grace.len();
            let (first, last) = (spelled_day(first, now), spelled_day(last, now));
            parts.push(if first == last {
                format!("{count} must by {last}")
            } else {
                format!("{count} must, the first by {first}, the last by {last}")
            });
        }
        if let Some(span) = self.grace_seconds {
            let span = spelled_span(Seconds(span));
            parts.push(format!("{} must within {span} of their first login", self.from_first_login.len()));
        }
        parts.join("; ")
    }

    fn print(&self, all_names: bool, now: UnixTime, output: &mut Output) {
        let in_grace: Vec<String> = self.in_grace.iter().map(|one| format!("{} ({})", one.user, one.until)).collect();
        output.line(self.sentence(now));
        let shown = |names: &[String]| match names {
            [] => "0".to_owned(),
            names if all_names => format!("{}: {}", names.len(), names.join(", ")),
            names => named(names),
        };
        if all_names {
            output.line(format_args!("Must at the next login: {}", shown(&self.must_now)));
            output.line(format_args!("Have time until then: {}", shown(&in_grace)));
            output.line(format_args!("Have time from their first login: {}", shown(&self.from_first_login)));
        }
        output.line(format_args!("Blocked: {}", shown(&self.blocked)));
        output.line(format_args!("Few recovery codes: {}", shown(&self.few_recovery_codes)));
        output.line(format_args!("Untrusted: {}", shown(&self.untrusted)));
        if !self.untrusted.is_empty() {
            output.line("What is wrong: countersign list");
        }
    }
}

/// A day as a person writes it, in UTC: its year only where it is not this one.
fn spelled_day(time: UnixTime, now: UnixTime) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (text, today) = (time.to_string(), now.to_string());
    let part = |range| text.get(range).unwrap_or_default();
    let month: usize = part(5..7).parse().unwrap_or(1);
    let month = MONTHS.get(month.saturating_sub(1)).copied().unwrap_or_default();
    let day = part(8..10).trim_start_matches('0');
    let year = part(0..4);
    if today.starts_with(year) { format!("{day} {month}") } else { format!("{day} {month} {year}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> UnixTime {
        UnixTime::parse_rfc3339(text).unwrap()
    }

    fn sentence(progress: &Progress) -> String {
        progress.sentence(time("2027-05-03T12:00:00Z"))
    }

    fn until(ends: &[&str]) -> Vec<InGrace> {
        ends.iter().map(|end| InGrace { user: "alice".to_owned(), until: time(end) }).collect()
    }

    #[test]
    fn the_sentence_says_who_must_and_by_which_day() {
        let ends = ["2027-06-01T09:00:00Z", "2027-06-01T00:00:00Z", "2027-06-01T23:59:59Z"];
        let progress = Progress { asked: 40, enrolled: 37, in_grace: until(&ends), ..Progress::default() };
        assert_eq!(sentence(&progress), "37 of 40 enrolled; 3 must by 1 June");
        let ends = ["2028-01-31T00:00:00Z", "2027-12-01T09:00:00Z"];
        let progress = Progress { asked: 3, enrolled: 1, in_grace: until(&ends), ..Progress::default() };
        assert_eq!(
            sentence(&progress),
            "1 of 3 enrolled; 2 must, the first by 1 December, the last by 31 January 2028"
        );
    }

    #[test]
    fn nobody_one_and_everybody_are_a_sentence_too() {
        assert_eq!(sentence(&Progress::default()), "0 of 0 enrolled; nobody is asked for a code yet");
        assert_eq!(sentence(&Progress { asked: 1, enrolled: 1, ..Progress::default() }), "1 of 1 enrolled");
        assert_eq!(sentence(&Progress { asked: 500, enrolled: 500, ..Progress::default() }), "500 of 500 enrolled");
        let first = Progress {
            asked: 2,
            must_now: vec!["bob".to_owned()],
            from_first_login: vec!["carol".to_owned()],
            grace_seconds: Some(3 * 86_400),
            ..Progress::default()
        };
        assert_eq!(
            sentence(&first),
            "0 of 2 enrolled; 1 must at the next login; 1 must within 3 days of their first login"
        );
    }

    #[test]
    fn what_was_counted_in_parts_is_what_was_counted_at_once() {
        let part = |name: &str| Progress {
            asked: 3,
            enrolled: 1,
            must_now: vec![name.to_owned()],
            in_grace: until(&["2027-06-01T09:00:00Z"]),
            from_first_login: vec![name.to_owned()],
            grace_seconds: Some(5),
            blocked: vec![name.to_owned()],
            few_recovery_codes: vec![name.to_owned()],
            untrusted: vec![name.to_owned()],
            ..Progress::default()
        };
        let mut all = Progress::default();
        for name in ["a", "b"] {
            all.add(part(name));
        }
        let names = ["a", "b"];
        assert_eq!((all.asked, all.enrolled, all.in_grace.len(), all.grace_seconds), (6, 2, 2, Some(5)));
        for list in [&all.must_now, &all.from_first_login, &all.blocked, &all.few_recovery_codes, &all.untrusted] {
            assert_eq!(*list, names);
        }
    }
}
