//! The doctor's look at the log, in a file or in the journal: codes that came twice, and from where.
//!
//! Invariant: only the end of the log is read, however long it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::finding::{Finding, Severity};
use crate::journal::messages;

const FILES: [&str; 2] = ["/var/log/auth.log", "/var/log/secure"];
const END_BYTES: u64 = 8 * 1024 * 1024;

/// Where the journal is if there is one.
const JOURNAL: &str = "/run/systemd/journal";
/// The last lines of facility authpriv.
const LAST: [&str; 3] = ["-n", "50000", "SYSLOG_FACILITY=10"];

/// Codes that were already accepted and came again.
pub(super) fn replays(findings: &mut Vec<Finding>) {
    let files = FILES.into_iter().filter_map(|path| Some((path, end_of(path)?)));
    let mut logs: Vec<(&str, String)> = files.collect();
    if logs.is_empty() {
        logs.extend(journal().map(|text| ("the journal", text)));
    }
    for (path, text) in logs {
        let replays = seen(&text);
        let count: usize = replays.values().flat_map(BTreeMap::values).sum();
        if count == 0 {
            continue;
        }
        let users: Vec<String> = replays.keys().cloned().collect();
        let from: BTreeSet<&str> = replays.values().flat_map(BTreeMap::keys).map(String::as_str).collect();
        let from: Vec<&str> = from.into_iter().collect();
        let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
        let problem = format!("{path}: a used code came again {times}: {}, from {}", users.join(", "), from.join(", "));
        let remedy = "two logins within one step, or somebody read a code: see the lines with event=replay";
        findings.push(Finding::new(Severity::Info, problem, remedy).about(users));
    }
}

/// The end of the journal.
fn journal() -> Option<String> {
    if !Path::new(JOURNAL).exists() {
        return None;
    }
    let bytes = messages(&LAST).ok()??;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The last part of a file.
fn end_of(path: &str) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END_BYTES))).ok()?;
    let mut bytes = Vec::new();
    file.take(END_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// How often, by user and by where from.
fn seen(text: &str) -> BTreeMap<String, BTreeMap<String, usize>> {
    let mut replays: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for line in text.lines() {
        let Some((_, event)) = line.split_once("event=replay ") else { continue };
        let field = |name: &str| event.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        let user = field("user").unwrap_or("?").to_owned();
        let from = field("rhost").unwrap_or("this host").to_owned();
        let count = replays.entry(user).or_default().entry(from).or_default();
        *count = count.saturating_add(1);
    }
    replays
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replays_are_counted_by_user_and_address() {
        let text = "Nov 24 12:00:00 h sshd[1]: pam_countersign(sshd:auth): event=replay user=alice service=sshd rhost=192.0.2.7\n\
                    Nov 24 12:00:01 h sshd[1]: pam_countersign(sshd:auth): event=accepted user=alice service=sshd\n\
                    Nov 24 12:00:02 h sshd[1]: pam_countersign(sshd:auth): event=replay user=alice service=sshd rhost=192.0.2.7\n\
                    Nov 24 12:00:03 h sudo: pam_countersign(sudo:auth): event=replay user=bob service=sudo\n";
        let replays = seen(text);
        assert_eq!(replays["alice"]["192.0.2.7"], 2);
        assert_eq!(replays["bob"]["this host"], 1);
        assert_eq!(replays.len(), 2);
    }
}
