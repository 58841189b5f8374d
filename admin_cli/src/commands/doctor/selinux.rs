//! The doctor's look at the security label of the state, where the kernel has labels (`SELinux`).

use std::path::Path;
use std::process::Command;

use super::finding::{Finding, Severity};
use crate::desk::Desk;

const ENFORCE: &str = "/sys/fs/selinux/enforce";
/// What programs that let people in may write.
const TYPE: &str = "var_auth_t";

/// The label of the state directory.
pub(super) fn label(desk: &Desk, findings: &mut Vec<Finding>) {
    if !Path::new(ENFORCE).exists() {
        return;
    }
    let directory = desk.config.state_dir.as_str();
    let output = Command::new("/usr/bin/stat").args(["-c", "%C", "--", directory]).env_clear().output();
    let Ok(output) = output else { return };
    let label = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && label.split(':').nth(2) != Some(TYPE) {
        let problem = format!("{directory}: its SELinux label is {label}, so confined programs may not use it");
        let remedy = format!("semanage fcontext -a -t {TYPE} '{directory}(/.*)?' && restorecon -R {directory}");
        findings.push(Finding::new(Severity::Warning, problem, remedy));
    }
}
