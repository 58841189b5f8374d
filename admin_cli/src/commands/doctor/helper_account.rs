//! The doctor's look at the account that the helper becomes: nobody logs in to it, and it reaches the state.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use countersign_common::config::Config;
use countersign_common::store::{INSTALLATION_PATH, Installation};
use countersign_common::system::{Account, Accounts, NssAccounts};

use super::finding::{Finding, Severity};
use super::host::{HELPER, HELPER_ACCOUNT};
use crate::passwd;

const PASSWD: &str = "/etc/passwd";
const SHADOW: &str = "/etc/shadow";
const KEYS: [&str; 2] = [".ssh/authorized_keys", ".ssh/authorized_keys2"];

/// Every way in to that account: who is in it can read all secrets.
pub(super) fn open_to_logins() -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |what: String, remedy: String| {
        let problem = format!("{HELPER_ACCOUNT}: {what}, and who logs in to this account reads every secret");
        findings.push(Finding::new(Severity::Error, problem, remedy).about(vec![HELPER_ACCOUNT.to_owned()]));
    };
    let accounts = fs::read(PASSWD).unwrap_or_default();
    if let Some(entry) = passwd::entries(&accounts).find(|entry| entry.name == HELPER_ACCOUNT) {
        if entry.has_shell() {
            let shell = if entry.shell.is_empty() { "/bin/sh" } else { entry.shell };
            add(format!("has the login shell {shell}"), format!("usermod -s /usr/sbin/nologin {HELPER_ACCOUNT}"));
        }
        for path in KEYS.map(|keys| Path::new(entry.home).join(keys)) {
            if path.metadata().is_ok_and(|found| found.len() > 0) {
                add(format!("has keys in {}", path.display()), format!("rm {}", path.display()));
            }
        }
    }
    let shadow = fs::read(SHADOW).unwrap_or_default();
    let password = passwd::lines(&shadow).find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(HELPER_ACCOUNT)).then(|| fields.next().unwrap_or_default().to_owned())
    });
    match password {
        Some(password) if password.is_empty() => {
            add("has an empty password".to_owned(), format!("usermod -p '!' {HELPER_ACCOUNT}"));
        }
        Some(password) if !password.starts_with(['!', '*']) => {
            add("has a password".to_owned(), format!("usermod -p '!' {HELPER_ACCOUNT}"));
        }
        _ => {}
    }
    findings
}

/// Directories above the state that the helper cannot pass, where the state is the helper's.
pub(super) fn closed_paths(config: &Config) -> Vec<Finding> {
    let Ok(Some(account)) = NssAccounts.by_name(HELPER_ACCOUNT) else { return Vec::new() };
    let is_owner = Installation::load(INSTALLATION_PATH).is_ok_and(|found| found.owner == account.uid);
    if !is_owner || !Path::new(HELPER).exists() {
        return Vec::new();
    }
    let above = Path::new(config.state_dir.as_str()).ancestors().skip(1);
    let closed = above.filter(|path| fs::metadata(path).is_ok_and(|found| !may_pass(&account, &found)));
    let finding = |path: &Path| {
        let path = path.display();
        let problem = format!("{path}: is closed to {HELPER_ACCOUNT}, so nobody can help themselves without root");
        Finding::new(Severity::Error, problem, format!("chmod o+x {path}"))
    };
    closed.map(finding).collect()
}

fn may_pass(account: &Account, found: &fs::Metadata) -> bool {
    let bit = match (found.uid() == account.uid, found.gid() == account.gid) {
        (true, _) => 0o100,
        (false, true) => 0o010,
        (false, false) => 0o001,
    };
    found.mode() & bit != 0
}
