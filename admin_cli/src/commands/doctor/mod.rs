//! `doctor`: what is wrong on this host, a line each, with what to do about it.
//!
//! Invariants: changes nothing; goes on as far as it can, whatever is broken; names nothing secret.

mod finding;
mod host;
mod users;

use finding::{Finding, Severity};

use crate::arguments::Doctor;
use crate::desk::Desk;
use crate::json;
use crate::output::{Output, Verdict};

/// `doctor`
pub(super) fn doctor(config_path: &str, arguments: &Doctor, output: &mut Output) -> Verdict {
    let mut findings = examined(config_path);
    // The order of finding is kept within a severity.
    findings.sort_by_key(|finding| finding.severity);
    if arguments.json {
        let items: Vec<Vec<u8>> = findings.iter().map(json::item).collect();
        json::array(&items).for_each(|part| output.bytes(part));
    } else {
        for finding in &findings {
            output.line(finding);
        }
        output.line(summary(&findings));
    }
    verdict(&findings, arguments)
}

fn examined(config_path: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    host::configuration(config_path, &mut findings);
    host::helper(&mut findings);
    match Desk::open(config_path) {
        Ok(desk) => {
            host::strays(&desk, &mut findings);
            users::users(&desk, &mut findings);
        }
        Err(failure) if findings.iter().any(|finding| finding.problem == failure.message) => {}
        Err(failure) => findings.push(Finding::of_failure(Severity::Error, &failure)),
    }
    findings
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
