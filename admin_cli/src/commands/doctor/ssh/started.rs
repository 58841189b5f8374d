//! How sshd is started: the processes that listen, systemd's units, Debian's and Red Hat's files of options.
//!
//! Invariant: tells of another configuration than the one that is looked at; changes nothing.

use std::fs;

use super::directives::MAIN;
use crate::commands::doctor::finding::{Finding, Severity};

/// Files with a variable of options, and its name.
const OPTIONS: [(&str, &str); 2] = [("/etc/default/ssh", "SSHD_OPTS"), ("/etc/sysconfig/sshd", "OPTIONS")];
const UNIT_DIRECTORIES: [&str; 4] =
    ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
const UNITS: [&str; 4] = ["ssh.service", "sshd.service", "ssh@.service", "sshd@.service"];

/// A line that starts sshd, and where it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Start {
    seen: String,
    words: Vec<String>,
}

/// Every sshd that goes by another file, or by options that no file holds.
pub(super) fn elsewhere() -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for start in processes().into_iter().chain(files()) {
        let others = others(&start.words);
        if others.is_empty() {
            continue;
        }
        let problem = format!(
            "{}: sshd is started with `{}`, and {MAIN} alone was looked at: what is said of logins by ssh need not be \
             so there",
            start.seen,
            others.join(" ")
        );
        let remedy = "hold that sshd against README.md by hand: sshd -T with the same options";
        let finding = Finding::new(Severity::Warning, problem, remedy);
        if !found.iter().any(|other| other.problem == finding.problem) {
            found.push(Finding { services: vec![super::SERVICE.to_owned()], ..finding });
        }
    }
    found
}

/// Processes that listen, of which sshd itself says so in their titles, and those that have no title yet.
fn processes() -> Vec<Start> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let start = |entry: fs::DirEntry| {
        let pid = entry.file_name().into_string().ok().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))?;
        let bytes = fs::read(entry.path().join("cmdline")).ok()?;
        let words = listener(&String::from_utf8_lossy(&bytes))?;
        Some(Start { seen: format!("process {pid}"), words })
    };
    entries.filter_map(start).collect()
}

/// The arguments of a process that listens; `None` for every other process.
fn listener(line: &str) -> Option<Vec<String>> {
    let words: Vec<&str> = line.split(['\0', ' ']).filter(|word| !word.is_empty()).collect();
    let is_program = |word: &str| word.rsplit('/').next() == Some("sshd");
    let arguments = match words.as_slice() {
        ["sshd:", program, rest @ ..] if is_program(program) => {
            rest.split(|word| *word == "[listener]").next().filter(|arguments| arguments.len() < rest.len())?
        }
        // A child that tests or prints a configuration, as this command starts, listens to nobody.
        [program, rest @ ..] if is_program(program) && !rest.iter().any(|word| ["-t", "-T"].contains(word)) => rest,
        _ => return None,
    };
    Some(arguments.iter().map(|word| (*word).to_owned()).collect())
}

fn files() -> Vec<Start> {
    let mut starts = Vec::new();
    for (path, variable) in OPTIONS {
        starts.extend(assigned(path, variable));
    }
    for directory in UNIT_DIRECTORIES {
        for unit in UNITS {
            let dropped_in = fs::read_dir(format!("{directory}/{unit}.d")).into_iter().flatten().flatten();
            let mut paths: Vec<String> =
                dropped_in.filter_map(|entry| entry.path().to_str().map(str::to_owned)).collect();
            paths.retain(|path| path.rsplit_once('.').is_some_and(|(_, ending)| ending == "conf"));
            paths.sort();
            paths.push(format!("{directory}/{unit}"));
            starts.extend(paths.iter().flat_map(|path| assigned(path, "ExecStart")));
        }
    }
    starts
}

/// What the lines `NAME=…` of a file say.
fn assigned(path: &str, name: &str) -> Vec<Start> {
    let text = if fs::metadata(path).is_ok_and(|found| found.is_file()) { fs::read(path).ok() } else { None };
    let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
    let lines = (1_usize..).zip(text.lines());
    let start = |(number, line): (usize, &str)| {
        let value = line.trim().strip_prefix(name)?.trim_start().strip_prefix('=')?;
        let words = value.split(|c: char| c.is_whitespace() || c == '"' || c == '\'');
        let words = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Some(Start { seen: format!("{path}:{number}"), words })
    };
    lines.filter_map(start).collect()
}

/// Arguments that put another configuration in force: `-f` of another file, `-o`.
fn others(words: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        for option in ["-f", "-o"] {
            let Some(joined) = word.strip_prefix(option) else { continue };
            let value = if joined.is_empty() { words.next().cloned().unwrap_or_default() } else { joined.to_owned() };
            if option == "-o" || value != MAIN {
                found.push(format!("{option} {value}"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_and_options_are_seen() {
        let of = |line: &str| listener(line).map(|words| others(&words).join(" "));
        assert_eq!(
            of("sshd: /usr/sbin/sshd -D -f /etc/ssh/b [listener] 0 of 10-100 startups"),
            Some("-f /etc/ssh/b".into())
        );
        assert_eq!(of("/usr/sbin/sshd\0-D\0-oUsePAM=no\0"), Some("-o UsePAM=no".into()));
        assert_eq!(of("/usr/sbin/sshd\0-D\0-f\0/etc/ssh/sshd_config\0"), Some(String::new()));
        for other in ["sshd: alice [priv]", "sshd: alice@pts/0", "/usr/sbin/sshd\0-T\0-f\0x", "ssh\0-f\0x", ""] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
