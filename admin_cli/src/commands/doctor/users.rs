//! The doctor's look at every user that has state.

use countersign_common::decision::BlockEnd;
use countersign_common::notice::FEW_RECOVERY_CODES;
use countersign_common::system::{Account, Accounts, LookupError, NssAccounts};
use countersign_common::token::UnixTime;

use super::clock;
use super::finding::{Finding, Severity};
use super::verdict::{Line, Word};
use crate::commands::everyone;
use crate::commands::look::named;
use crate::desk::Desk;
use crate::failure::way_out;
use crate::report::{Facts, MISCONFIGURED, Recovery, Report, Source};
use crate::sentences::command;

/// A user that has state, and the account of that name.
struct Patient {
    report: Report,
    account: Result<Option<Account>, LookupError>,
}

/// What is asked about each user whose state is sound.
struct Question {
    severity: Severity,
    is_so: fn(&Facts, &Patient) -> bool,
    /// `is` and `are` come before it.
    what: &'static str,
    remedy: &'static str,
}

const QUESTIONS: [Question; 11] = [
    Question {
        severity: Severity::Error,
        is_so: |facts, _| facts.no_code_before.is_some(),
        what: "refused whatever code is typed: the clock of this host has gone back behind the last accepted one",
        remedy: "set the clock right; from when on a code is accepted: countersign status USER",
    },
    Question {
        severity: Severity::Warning,
        is_so: |_, patient| matches!(patient.account, Ok(None)),
        what: "left here with state, but without an account",
        remedy: "countersign forget --no-account USER",
    },
    Question {
        severity: Severity::Warning,
        is_so: |_, patient| patient.account.is_err(),
        what: "not to be looked up just now",
        remedy: "see whether the name service is up",
    },
    Question {
        severity: Severity::Warning,
        is_so: |facts, _| facts.blocked == Some(BlockEnd::Unblock),
        what: "blocked until an administrator unblocks",
        remedy: "countersign unblock USER",
    },
    Question {
        severity: Severity::Info,
        is_so: |facts, _| matches!(facts.blocked, Some(BlockEnd::At(_))),
        what: "blocked for a time after too many wrong codes",
        remedy: "it ends by itself, or: countersign unblock USER",
    },
    Question {
        severity: Severity::Warning,
        is_so: |facts, _| facts.command_blocked == Some(BlockEnd::Unblock),
        what: "blocked in the command (not at logins) until an administrator unblocks",
        remedy: "something may be guessing in the user's name; countersign unblock USER",
    },
    Question {
        severity: Severity::Info,
        is_so: |facts, _| matches!(facts.command_blocked, Some(BlockEnd::At(_))),
        what: "blocked in the command (not at logins) for a time after too many wrong codes",
        remedy: "it ends by itself, or: countersign unblock USER",
    },
    Question {
        severity: Severity::Warning,
        is_so: |facts, _| facts.slow_failures.is_some(),
        what: "perhaps being guessed slowly: 300 or more wrong codes within 30 days",
        remedy: "someone may know the password; change it",
    },
    Question {
        severity: Severity::Warning,
        is_so: |facts, _| facts.is_enrolled() && facts.recovery == Recovery::InUse && facts.recovery_codes_left == 0,
        what: "without recovery codes",
        remedy: "countersign new-recovery-codes USER",
    },
    Question {
        severity: Severity::Info,
        is_so: |facts, _| {
            let few = (1..=FEW_RECOVERY_CODES).contains(&facts.recovery_codes_left);
            facts.is_enrolled() && facts.recovery == Recovery::InUse && few
        },
        what: "short of recovery codes",
        remedy: "countersign new-recovery-codes USER",
    },
    Question {
        severity: Severity::Info,
        is_so: |facts, patient| facts.source == Source::Default && matches!(patient.account, Ok(Some(_))),
        what: "with counters but without a record: asked once, and not enrolled",
        remedy: "nothing to do, or: countersign forget USER",
    },
];

/// All findings about users.
pub(super) fn users(desk: &Desk, logins: &[Line], findings: &mut Vec<Finding>) {
    let look_up = |report: &Report| Patient { report: report.clone(), account: NssAccounts.by_name(&report.user) };
    let patients = match everyone::each(desk, look_up) {
        Ok(patients) => patients,
        Err(failure) => {
            findings.push(Finding::of_failure(Severity::Error, &failure));
            return;
        }
    };
    for patient in &patients {
        let user = &patient.report.user;
        if let Err(error) = &patient.report.state {
            let finding = Finding::new(Severity::Error, format!("{user}: {error}"), way_out(user));
            findings.push(finding.about(vec![user.clone()]));
        }
        findings.extend(other_uid(patient));
    }
    let facts = patients.iter().filter_map(|patient| patient.report.state.as_ref().ok());
    if let Ok(now) = desk.now() {
        findings.extend(clock::drift(facts.filter_map(|facts| facts.last_accepted.as_ref()), now));
    }
    findings.extend(uncommitted(&patients, logins));
    findings.extend(QUESTIONS.iter().filter_map(|question| asked(question, &patients)));
}

/// One finding for all users of whom it is so.
fn asked(question: &Question, patients: &[Patient]) -> Option<Finding> {
    let is_so = |patient: &&Patient| patient.report.state.as_ref().is_ok_and(|facts| (question.is_so)(facts, patient));
    let users: Vec<String> = patients.iter().filter(is_so).map(|patient| patient.report.user.clone()).collect();
    let (subject, are) = match users.as_slice() {
        [] => return None,
        [user] => (user.clone(), "is"),
        users => (format!("{} users", named(users)), "are"),
    };
    let problem = format!("{subject} {are} {}", question.what);
    Some(Finding::new(question.severity, problem, question.remedy).about(users))
}

/// Whom nobody lets enroll any more, since what they proved was never kept, and the services that may be why.
fn uncommitted(patients: &[Patient], logins: &[Line]) -> Option<Finding> {
    let until = |patient: &Patient| patient.report.state.as_ref().ok().and_then(|facts| facts.enrollment_refused);
    let refused = patients.iter().filter_map(|patient| Some((patient.report.user.clone(), until(patient)?)));
    let (users, ends): (Vec<String>, Vec<UnixTime>) = refused.unzip();
    let end = ends.iter().max()?;
    let (are, who) = match users.as_slice() {
        [user] => ("is", user.clone()),
        users => ("are", format!("{} users", named(users))),
    };
    let is_why = |line: &&Line| line.verdict == Word::CannotEnroll && line.why.contains("account line");
    let mut services: Vec<String> = logins.iter().filter(is_why).map(|line| line.service.clone()).collect();
    services.sort();
    services.dedup();
    let (why, remedy) = match services.as_slice() {
        [] => (
            "every stack has one now".to_owned(),
            "or the login ended between the code and its end; the log says event=misconfigured and the service"
                .to_owned(),
        ),
        services => (
            format!("of {}", services.join(", ")),
            format!("put our account line into it: countersign pam show {}", services.join(" ")),
        ),
    };
    let problem = format!(
        "{who} {are} refused until {end}: three enrollments were proven and none was kept ({MISCONFIGURED}: {why})"
    );
    let remedy = format!("{remedy}; then countersign unblock USER");
    Some(Finding { services, ..Finding::new(Severity::Error, problem, remedy).about(users) })
}

/// A name that was given to someone else would hand over the token.
fn other_uid(patient: &Patient) -> Option<Finding> {
    let (Ok(facts), Ok(Some(account))) = (&patient.report.state, &patient.account) else { return None };
    let recorded = facts.recorded_uid.filter(|uid| *uid != account.uid)?;
    let user = &patient.report.user;
    let problem = format!("{user}: the record was made for uid {recorded}, the account has uid {}", account.uid);
    let remedy = format!("if this is another person: {}", command("forget", user));
    Some(Finding::new(Severity::Warning, problem, remedy).about(vec![user.clone()]))
}
