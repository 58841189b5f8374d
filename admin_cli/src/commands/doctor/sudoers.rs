//! The doctor's look at sudoers: under which service sudo asks PAM, and where it does not ask at all.
//!
//! Invariant: reads what is plainly said, and says nothing about what it does not understand.

use std::fs;

use super::finding::{Finding, Severity};
use super::stacks::NO_LINE;
use super::verdict::Line;
use crate::pam::line::{Lines, logical_lines};

const FILE: &str = "/etc/sudoers";
const DIRECTORY: &str = "/etc/sudoers.d";

/// What a line of sudoers says about PAM.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Saying {
    /// sudo, or sudo -i, is another service.
    Service { option: String, service: String },
    /// No account phase.
    NoAccount,
    /// Somebody is not asked for anything.
    NotAsked(String),
}

/// Looks at sudoers if a service of sudo has a line of ours.
pub(super) fn sudoers(lines: &[Line], findings: &mut Vec<Finding>) {
    let has_line = |service: &str| lines.iter().any(|line| line.service == service && line.why != NO_LINE);
    for (file, text) in files() {
        for (number, saying) in sayings(&text) {
            let (severity, problem, remedy) = match saying {
                Saying::Service { service, option } if has_line("sudo") && !has_line(&service) => (
                    Severity::Error,
                    format!("{option} has sudo ask the service {service}, which has no line of ours"),
                    format!("put the lines into /etc/pam.d/{service}"),
                ),
                Saying::Service { .. } => continue,
                _ if !has_line("sudo") => continue,
                Saying::NoAccount => (
                    Severity::Warning,
                    "sudo does not ask for the account phase, so nobody can enroll there".to_owned(),
                    "take it out".to_owned(),
                ),
                Saying::NotAsked(word) => (
                    Severity::Info,
                    format!("{word}: whom this is about is asked for neither password nor code by sudo"),
                    String::new(),
                ),
            };
            let finding = Finding::new(severity, format!("{file}:{number}: {problem}"), remedy);
            let services = vec!["sudo".to_owned()];
            findings.push(Finding { services, file: Some(file.clone()), line: Some(number), ..finding });
        }
    }
}

/// The files of sudoers; what cannot be read is left out.
fn files() -> Vec<(String, String)> {
    let entries = fs::read_dir(DIRECTORY).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    // As sudo does.
    names.retain(|name| !name.contains('.') && !name.ends_with('~'));
    names.sort();
    let paths = [FILE.to_owned()].into_iter().chain(names.into_iter().map(|name| format!("{DIRECTORY}/{name}")));
    paths.filter_map(|path| fs::read_to_string(&path).ok().map(|text| (path, text))).collect()
}

/// What the lines of a file say, by number.
fn sayings(text: &str) -> Vec<(usize, Saying)> {
    let Lines { lines, .. } = logical_lines(text);
    let mut found = Vec::new();
    for line in lines {
        let words = line.words();
        let said = match words.split_first() {
            Some((first, options)) if first.starts_with("Defaults") => defaults(&options.join(" ")),
            Some((_, rest)) => rest.iter().filter_map(|word| tag(word)).take(1).collect(),
            None => Vec::new(),
        };
        found.extend(said.into_iter().map(|saying| (line.first, saying)));
    }
    found
}

fn tag(word: &str) -> Option<Saying> {
    let tags = word.split(':').find(|tag| tag.trim_start_matches(')') == "NOPASSWD")?;
    Some(Saying::NotAsked(tags.trim_start_matches(')').to_owned()))
}

fn defaults(options: &str) -> Vec<Saying> {
    let option = |option: &str| {
        let option = option.trim();
        match option.split_once('=') {
            Some((name, value)) if ["pam_service", "pam_login_service"].contains(&name.trim()) => {
                let service = value.trim().trim_matches('"').to_owned();
                Some(Saying::Service { option: name.trim().to_owned(), service })
            }
            Some(_) => None,
            None => match option {
                "!pam_acct_mgmt" => Some(Saying::NoAccount),
                "!authenticate" => Some(Saying::NotAsked(option.to_owned())),
                _ => None,
            },
        }
    };
    options.split(',').filter_map(option).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plainly_said_is_read() {
        let text = "# Defaults pam_service=commented\nDefaults env_reset, pam_service = \"other_sudo\",\\\n  !pam_acct_mgmt\n\
                    Defaults:alice !authenticate\n%wheel ALL=(ALL) NOPASSWD: ALL\nbob ALL=(ALL:ALL) ALL\n";
        let service = Saying::Service { option: "pam_service".to_owned(), service: "other_sudo".to_owned() };
        let expected = [
            (2, service),
            (2, Saying::NoAccount),
            (4, Saying::NotAsked("!authenticate".to_owned())),
            (5, Saying::NotAsked("NOPASSWD".to_owned())),
        ];
        assert_eq!(sayings(text), expected);
    }
}
