//! `report`: how far the roll-out is, in a sentence: who is asked, who is enrolled, who has how much time.
//!
//! Looks at the same users as `list --not-enrolled`; those of whom nothing can be known are counted apart, never as done.

use countersign_common::notice::spelled_span;
use countersign_common::token::{Seconds, UnixTime};
use serde::Serialize;

use super::look::{named, verdict_on, worst};
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
    /// The last day of all of them.
    grace_until: Option<String>,
    /// Not enrolled, with so many seconds from their first login.
    from_first_login: Vec<String>,
    grace_seconds: Option<u64>,
    /// Of all users, asked or not.
    blocked: Vec<String>,
    few_recovery_codes: Vec<String>,
    untrusted: Vec<String>,
    #[serde(skip)]
    last: Option<UnixTime>,
}

#[derive(Debug, Serialize)]
struct InGrace {
    user: String,
    until: String,
}

/// `report`
pub(super) fn report(desk: &Desk, arguments: &arguments::Report, output: &mut Output) -> Result<Verdict, Failure> {
    let reports = not_enrolled::all(desk, output)?;
    let mut progress = Progress::default();
    for report in &reports {
        progress.count(report);
    }
    progress.grace_until = progress.last.map(|end| end.to_string());
    if arguments.json {
        output.bytes(&json::object(&progress));
    } else {
        progress.print(arguments.names, output);
    }
    Ok(worst(reports.iter().map(verdict_on)))
}

impl Progress {
    fn count(&mut self, report: &Report) {
        let user = report.user.clone();
        let Ok(facts) = &report.state else { return self.untrusted.push(user) };
        if facts.blocked.is_some() {
            self.blocked.push(user.clone());
        }
        if facts.has_few_recovery_codes() {
            self.few_recovery_codes.push(user.clone());
        }
        if facts.asked_somewhere() {
            self.count_asked(user, facts);
        }
    }

    fn count_asked(&mut self, user: String, facts: &Facts) {
        self.asked = self.asked.saturating_add(1);
        match facts.grace {
            _ if facts.is_enrolled() => self.enrolled = self.enrolled.saturating_add(1),
            GraceTime::None => self.must_now.push(user),
            GraceTime::Until(end) => {
                self.last = self.last.max(Some(end));
                self.in_grace.push(InGrace { user, until: end.to_string() });
            }
            GraceTime::FromFirstLogin(span) => {
                self.grace_seconds = Some(span.0);
                self.from_first_login.push(user);
            }
        }
    }

    /// As in `37 of 40 enrolled; 3 must by 2027-06-01T00:00:00Z`.
    fn sentence(&self) -> String {
        let mut parts = vec![format!("{} of {} enrolled", self.enrolled, self.asked)];
        if !self.must_now.is_empty() {
            parts.push(format!("{} must at the next login", self.must_now.len()));
        }
        if let Some(end) = &self.grace_until {
            parts.push(format!("{} must by {end}", self.in_grace.len()));
        }
        if let Some(span) = self.grace_seconds {
            let span = spelled_span(Seconds(span));
            parts.push(format!("{} must within {span} of their first login", self.from_first_login.len()));
        }
        parts.join("; ")
    }

    fn print(&self, all_names: bool, output: &mut Output) {
        let in_grace: Vec<String> = self.in_grace.iter().map(|one| format!("{} ({})", one.user, one.until)).collect();
        output.line(self.sentence());
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
