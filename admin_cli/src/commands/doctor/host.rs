//! The doctor's look at the host: configuration, helper, what lies in the state directory and belongs to nobody.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use countersign_common::config::{Config, DEFAULT_PATH, Outcome};
use countersign_common::files::Directory;
use countersign_common::store::{INSTALLATION_PATH, Installation, decode};
use countersign_common::system::{Accounts, NssAccounts, load_config};

use super::finding::{Finding, Severity};
use crate::commands::warnings::warnings;
use crate::desk::Desk;
use crate::failure::Failure;

/// Where self-service's helper is, if it is installed, and whom it becomes.
pub(super) const HELPER: &str = "/usr/libexec/countersign-helper";
const HELPER_DIRECTORY: &str = "/usr/libexec";
pub(super) const HELPER_ACCOUNT: &str = "countersign";
/// Regular, set-user-ID, writable by its owner alone.
const HELPER_MODE: u32 = 0o106_755;
/// A temporary file of this age belongs to no running process: a lock is given up after seconds.
const STALE_SECONDS: u64 = 3_600;

/// All that `check-config` finds.
///
/// The configuration, if there is one to go by.
pub(super) fn configuration(path: &str, findings: &mut Vec<Finding>) -> Option<Config> {
    match load_config(path) {
        Ok(config) => {
            let warnings = warnings(&config, &NssAccounts).into_iter();
            findings.extend(
                warnings.map(|warning| Finding::new(Severity::Warning, format!("{path}: {warning}"), "mend it there")),
            );
            rehearsals(&config, findings);
            Some(config)
        }
        Err(error) => {
            let finding = Finding::of_failure(Severity::Error, &Failure::from(error));
            let refused = "until it is mended every login is refused";
            let remedy = if finding.remedy.is_empty() { refused.to_owned() } else { finding.remedy.clone() };
            findings.push(Finding { remedy, ..finding });
            None
        }
    }
}

/// Rules that ask nobody yet.
fn rehearsals(config: &Config, findings: &mut Vec<Finding>) {
    let numbered = config.rules.iter().enumerate().filter(|(_, rule)| rule.then == Outcome::Rehearse);
    findings.extend(numbered.map(|(index, _)| {
        let problem = format!("rule {} is a rehearsal: nobody it matches is asked", index.saturating_add(1));
        Finding::new(Severity::Info, problem, "what would have come: countersign report --rehearsal")
    }));
}

/// The set-user-ID helper: root's, or nobody's.
pub(super) fn helper(findings: &mut Vec<Finding>) {
    let Ok(found) = fs::symlink_metadata(HELPER) else {
        let missing = format!("{HELPER}: is not there, so users cannot help themselves without root");
        findings.push(Finding::new(Severity::Info, missing, ""));
        return;
    };
    if let Err(error) = Directory::open_public(HELPER_DIRECTORY) {
        findings.push(Finding::new(
            Severity::Error,
            error.to_string(),
            "it must be root's, and not writable by others",
        ));
    }
    let (uid, mode) = (found.uid(), found.mode());
    if uid != 0 {
        let problem = format!("{HELPER}: is owned by uid {uid}, who could rewrite what others run");
        findings.push(Finding::new(
            Severity::Error,
            problem,
            format!("chown root:{HELPER_ACCOUNT} {HELPER}; chmod 6755 {HELPER}"),
        ));
    } else if mode != HELPER_MODE {
        let problem = format!("{HELPER}: is no regular file of mode 6755 ({mode:o})");
        findings.push(Finding::new(Severity::Error, problem, "install it again"));
    }
    helper_account(found.gid(), findings);
    findings.extend(closed_to_users());
}

/// What command and helper read as who they are must be open to all; the helper knows these two paths only.
fn closed_to_users() -> Vec<Finding> {
    let parts = [DEFAULT_PATH, INSTALLATION_PATH].into_iter().flat_map(|file| Path::new(file).ancestors());
    let is_closed = |part: &&Path| {
        let found = fs::metadata(part).map(|found| (found.is_dir(), found.mode()));
        found.is_ok_and(|(is_directory, mode)| mode & if is_directory { 0o001 } else { 0o004 } == 0)
    };
    let closed: BTreeSet<&Path> = parts.filter(is_closed).collect();
    let finding = |part: &Path| {
        let part = part.display();
        let problem = format!("{part}: is closed to users, so nobody can help themselves without root");
        Finding::new(Severity::Warning, problem, format!("it holds no secret: chmod a+rX {part}"))
    };
    closed.into_iter().map(finding).collect()
}

fn helper_account(group: u32, findings: &mut Vec<Finding>) {
    match NssAccounts.by_name(HELPER_ACCOUNT) {
        Ok(Some(account)) if account.uid != account.gid || account.gid != group => {
            let problem = format!(
                "{HELPER}: belongs to group {group}, and {HELPER_ACCOUNT} is uid {} and gid {}: all three must be one",
                account.uid, account.gid
            );
            findings.push(Finding::new(Severity::Error, problem, "see docs/helper.md"));
        }
        Ok(Some(account)) => {
            if let Ok(Installation { owner, .. }) = Installation::load(INSTALLATION_PATH)
                && owner != account.uid
            {
                let problem =
                    format!("the state is owned by uid {owner}, not by {HELPER_ACCOUNT}, whom the helper becomes");
                findings.push(Finding::new(Severity::Warning, problem, "self-service cannot reach it"));
            }
        }
        Ok(None) => {
            let problem = format!("the helper is installed, but there is no account {HELPER_ACCOUNT}");
            findings.push(Finding::new(Severity::Error, problem, "install it again, or remove it"));
        }
        Err(error) => findings.push(Finding::new(Severity::Warning, format!("{HELPER_ACCOUNT}: {error}"), "")),
    }
}

/// What lies among the users' files and is none.
pub(super) fn strays(desk: &Desk, findings: &mut Vec<Finding>) {
    let now = desk.now().map_or(0, countersign_common::token::UnixTime::as_seconds);
    for (room, ending) in [("users", ".toml"), ("counters", "")] {
        let directory = format!("{}/{room}", desk.config.state_dir.as_str());
        // Whether the directory can be trusted was seen when the store was opened.
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{directory}/{name}");
            if !name.starts_with('.') {
                if name.strip_suffix(ending).and_then(decode).is_none() {
                    let problem = format!("{path}: is no user's file");
                    findings.push(Finding::new(
                        Severity::Warning,
                        problem,
                        "find out what put it there, and remove it",
                    ));
                }
                continue;
            }
            let written = entry.metadata().and_then(|found| found.modified()).ok();
            let written = written.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
            if written.is_none_or(|time| time.as_secs().saturating_add(STALE_SECONDS) < now) {
                let problem = format!("{path}: is a temporary file that a crash left behind");
                findings.push(Finding::new(Severity::Info, problem, "it counts for nothing; remove it"));
            }
        }
    }
}
