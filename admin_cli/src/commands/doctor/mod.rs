//! `doctor`: what is wrong on this host, a line each, with what to do about it.
//!
//! Invariants: changes nothing; goes on as far as it can, whatever is broken; names nothing secret.

mod administrators;
mod advice;
#[cfg(test)]
mod advice_tests;
mod clock;
mod configs;
mod console;
mod finding;
mod helper_account;
mod host;
mod log;
mod meant;
#[cfg(test)]
mod meant_tests;
mod notes;
mod refusals;
#[cfg(test)]
mod refusals_tests;
#[cfg(test)]
mod remedies_tests;
mod selinux;
mod services;
mod ssh;
mod stack_findings;
#[cfg(test)]
mod stack_findings_tests;
mod stacks;
mod sudoers;
mod trust;
mod users;
mod verdict;

use countersign_common::config::Config;
use finding::{Finding, Severity};
use serde::Serialize;
use verdict::{Line, Word};

use crate::arguments::Doctor;
use crate::desk::Desk;
use crate::json;
use crate::output::{Output, Verdict};
use crate::pam::files::{Files, Host};

/// All that was seen.
#[derive(Debug, Default, Serialize)]
struct Answer {
    /// What each kind of login on each service comes to.
    logins: Vec<Line>,
    findings: Vec<Finding>,
}

/// `doctor`
pub(super) fn doctor(config_path: &str, arguments: &Doctor, output: &mut Output) -> Verdict {
    let mut answer = examined(config_path);
    // The order of finding is kept within a severity.
    answer.findings.sort_by_key(|finding| finding.severity);
    if arguments.json {
        output.bytes(&json::item(&answer));
        output.bytes(b"\n");
    } else {
        for line in lines(&answer.logins) {
            output.line(line);
        }
        for finding in &answer.findings {
            output.line(finding);
        }
        output.line(summary(&answer.findings));
    }
    verdict(&answer.findings, arguments)
}

/// What the doctor says of one service.
pub(crate) struct Look {
    /// A line for each kind of login.
    pub(crate) logins: Vec<String>,
    /// Logins on which nobody, or nobody who does not use 2FA, gets in.
    pub(crate) shut: Vec<String>,
    /// What is wrong.
    pub(crate) problems: Vec<String>,
    /// What could be better.
    pub(crate) remarks: Vec<String>,
}

/// What the doctor says of one service, as these files are.
pub(crate) fn look_at(files: &dyn Files, config: Option<&Config>, service: &str) -> Look {
    let (logins, findings) = stacks::one(files, service, config);
    let is_shut = |line: &&Line| matches!(line.verdict, Word::Refused | Word::LockedOut);
    // What was so before our lines came. If it keeps someone out, that shows in what logins come to.
    let was_before = [stack_findings::STORED_BEFORE, stack_findings::NOT_INSTALLED];
    let is_remark = |finding: &Finding| was_before.iter().any(|end| finding.problem.ends_with(end));
    let (remarks, problems) = findings.into_iter().partition(is_remark);
    let said = |findings: Vec<Finding>| {
        let spelled = |finding: &Finding| format!("{}; {}", finding.problem, finding.remedy);
        findings.iter().map(spelled).collect()
    };
    Look {
        shut: logins.iter().filter(is_shut).map(|line| line.login.clone()).collect(),
        logins: lines(&logins),
        problems: said(problems),
        remarks: said(remarks),
    }
}

/// The services that have a line of ours in the auth phase.
pub(crate) fn our_services(files: &dyn Files) -> Vec<String> {
    services::all(files).into_iter().filter(stacks::is_ours_in).map(|service| service.name).collect()
}

/// Whether this is a service: no copy, and no file that only others include.
pub(crate) fn is_service(files: &dyn Files, name: &str) -> bool {
    services::all(files).iter().any(|service| service.name == name)
}

/// The number of the rule that skips a service for everyone, wherever from.
pub(crate) fn skipping_rule(config: &Config, service: &str) -> Option<usize> {
    stacks::skipped(config, service)
}

/// What logins by ssh come to where the stack is as these files have it, and what sshd's own configuration spoils.
pub(crate) fn look_at_sshd(files: &dyn Files, desk: &Desk) -> (Vec<String>, Vec<String>) {
    let (stack, _) = stacks::one(files, "sshd", Some(&desk.config));
    let mut findings = Vec::new();
    let by_ssh = ssh::ssh(&stack, Some(&desk.config), Some(desk), &mut findings);
    let grave = findings.iter().filter(|finding| finding.severity != Severity::Info);
    (lines(&by_ssh), grave.map(|finding| format!("{}; {}", finding.problem, finding.remedy)).collect())
}

/// A line for each kind of login; those on services that we have no part in, in one.
fn lines(logins: &[Line]) -> Vec<String> {
    let is_foreign = |login: &&Line| login.verdict == Word::NotAsked && login.why == stacks::NO_LINE;
    let own = logins.iter().filter(|login| !is_foreign(login)).map(Line::to_string);
    let mut services: Vec<&str> = logins.iter().filter(is_foreign).map(|login| login.service.as_str()).collect();
    services.dedup();
    let foreign = (!services.is_empty()).then(|| format!("{}: not asked ({})", services.join(", "), stacks::NO_LINE));
    own.chain(foreign).collect()
}

fn examined(config_path: &str) -> Answer {
    let mut findings = Vec::new();
    let config = host::configuration(config_path, &mut findings);
    host::helper(&mut findings);
    findings.extend(helper_account::open_to_logins());
    findings.extend(config.as_ref().into_iter().flat_map(helper_account::closed_paths));
    let files = Host::new();
    trust::writable_by_others(&files, &services::all(&files), &mut findings);
    let mut logins = stacks::stacks(&files, config_path, config.as_ref(), &mut findings);
    meant::one_file(&files, &mut findings);
    if let Some(config) = &config {
        meant::rules(&files, config, &mut findings);
    }
    let desk = Desk::open(config_path);
    let by_ssh = ssh::ssh(&logins, config.as_ref(), desk.as_ref().ok(), &mut findings);
    logins.extend(by_ssh);
    sudoers::sudoers(&logins, &mut findings);
    findings.extend(console::short_time(&logins));
    clock::keeper(&mut findings);
    log::replays(&mut findings);
    match desk {
        Ok(desk) => {
            host::strays(&desk, &mut findings);
            users::users(&desk, &logins, &mut findings);
            administrators::administrators(&desk, &mut findings);
            selinux::label(&desk, &mut findings);
        }
        Err(failure) if findings.iter().any(|finding| finding.problem == failure.message) => {}
        Err(failure) => findings.push(Finding::of_failure(Severity::Error, &failure)),
    }
    Answer { logins, findings }
}

fn summary(findings: &[Finding]) -> String {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    match (count(Severity::Error), count(Severity::Warning)) {
        (0, 0) if findings.is_empty() => "nothing is wrong".to_owned(),
        (errors, warnings) => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
    }
}

fn verdict(findings: &[Finding], arguments: &Doctor) -> Verdict {
    let fails = |finding: &Finding| match finding.severity {
        Severity::Error => true,
        Severity::Warning => arguments.strict,
        Severity::Info => false,
    };
    if findings.iter().any(fails) { Verdict::Failed } else { Verdict::Done }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manual::{DIAGNOSIS, FINDING, LOGIN};

    #[test]
    fn the_manual_has_the_fields_of_its_json() {
        let login = Line {
            service: "sshd".to_owned(),
            login: "a password".to_owned(),
            module: None,
            verdict: Word::Asked,
            why: String::new(),
        };
        let answer = Answer { logins: vec![login], findings: vec![Finding::new(Severity::Info, "a", "b")] };
        let value: serde_json::Value = serde_json::from_slice(&json::object(&answer)).unwrap();
        let has = |value: &serde_json::Value, names: &[&str]| {
            let fields = value.as_object().unwrap();
            assert_eq!(fields.len(), names.len(), "{fields:?}");
            assert!(names.iter().all(|name| fields.contains_key(*name)), "{fields:?}");
        };
        has(&value, &DIAGNOSIS);
        has(&value["logins"][0], &LOGIN);
        has(&value["findings"][0], &FINDING);
    }
}
