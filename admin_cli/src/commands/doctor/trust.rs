//! Whether others than root can rewrite what decides about logins: stacks, modules, and the directories on the way.
//!
//! Invariants: each path is told once, however many stacks come by it; what is writable by a group is let be where that
//! group is root's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::finding::{Finding, Severity};
use crate::pam::files::{DIRECTORIES, Files};
use crate::pam::service::{Handler, Module, Phase, Service};

/// Who owns a path, and who may write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owned {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mode: u32,
}

/// What others than root can write of all that these services are made of.
pub(super) fn writable_by_others(files: &dyn Files, services: &[Service], findings: &mut Vec<Finding>) {
    let mut parts: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    for service in services {
        for path in paths(files, service) {
            for part in on_the_way(&path) {
                parts.entry(part).or_default().insert(service.name.clone());
            }
        }
    }
    for directory in DIRECTORIES.map(Path::new).into_iter().filter(|directory| directory.exists()) {
        for part in on_the_way(directory) {
            parts.entry(part).or_default();
        }
    }
    for (part, services) in parts {
        if let Some(finding) = owner(&part).and_then(|owned| told(&part, owned)) {
            findings.push(Finding { services: services.into_iter().collect(), ..finding });
        }
    }
}

/// The files a service is made of: stacks, and modules.
fn paths(files: &dyn Files, service: &Service) -> BTreeSet<PathBuf> {
    let phases = [Phase::Auth, Phase::Account, Phase::Password, Phase::Session];
    let handlers = || phases.into_iter().flat_map(|phase| service.stack(phase));
    let modules = handlers().filter_map(Handler::module).filter_map(|module: &Module| files.module_path(&module.path));
    let places = handlers().flat_map(|handler| handler.through.iter().chain([&handler.place]));
    let stacks = places.map(|place| PathBuf::from(&*place.file)).chain(service.file.as_ref().map(PathBuf::from));
    stacks.chain(modules).collect()
}

/// A path without links, and all directories above it and above the path as it is named.
fn on_the_way(path: &Path) -> Vec<PathBuf> {
    let real = |path: &Path| fs::canonicalize(path).ok();
    let starts = [real(path), path.parent().and_then(real)];
    starts.iter().flatten().flat_map(|start| start.ancestors()).map(Path::to_owned).collect()
}

fn owner(path: &Path) -> Option<Owned> {
    let found = fs::symlink_metadata(path).ok()?;
    Some(Owned { uid: found.uid(), gid: found.gid(), mode: found.mode() })
}

/// What is wrong with a path, if anything is.
pub(super) fn told(path: &Path, owned: Owned) -> Option<Finding> {
    const SO: &str = "so who that is decides who gets in here";
    let path = path.display();
    let writable = owned.mode & 0o002 != 0 || (owned.mode & 0o020 != 0 && owned.gid != 0);
    let (problem, remedy) = match (owned.uid, writable) {
        (0, false) => return None,
        (0, true) => {
            let mode = owned.mode & 0o7777;
            (format!("{path}: others than root can write it (mode {mode:04o}), {SO}"), format!("chmod go-w {path}"))
        }
        (uid, false) => (format!("{path}: belongs to uid {uid}, {SO}"), format!("chown root:root {path}")),
        (uid, true) => (
            format!("{path}: belongs to uid {uid}, and others can write it, too, {SO}"),
            format!("chown root:root {path}; chmod go-w {path}"),
        ),
    };
    Some(Finding { file: Some(path.to_string()), ..Finding::new(Severity::Error, problem, remedy) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(uid: u32, gid: u32, mode: u32) -> Option<String> {
        told(Path::new("/etc/pam.d/x"), Owned { uid, gid, mode }).map(|finding| finding.to_string())
    }

    #[test]
    fn what_others_can_write_is_told_with_what_to_run() {
        assert_eq!(said(0, 0, 0o100_644), None);
        assert_eq!(said(0, 42, 0o100_640), None);
        assert_eq!(said(0, 0, 0o100_664), None, "the group is root's");
        assert_eq!(
            said(0, 42, 0o100_664).as_deref(),
            Some(
                "error: /etc/pam.d/x: others than root can write it (mode 0664), so who that is decides who gets in here; \
                 chmod go-w /etc/pam.d/x"
            )
        );
        assert!(said(0, 0, 0o100_646).is_some_and(|line| line.ends_with("chmod go-w /etc/pam.d/x")));
        assert!(said(7, 0, 0o100_600).is_some_and(|line| line.ends_with("chown root:root /etc/pam.d/x")));
        assert!(
            said(7, 0, 0o100_666).is_some_and(|line| line.ends_with("root:root /etc/pam.d/x; chmod go-w /etc/pam.d/x"))
        );
    }

    #[test]
    fn a_path_is_looked_at_with_all_above_it_where_its_links_lead() {
        let parts = on_the_way(Path::new("/proc/self/exe"));
        let program = std::env::current_exe().expect("a program");
        assert!(parts.contains(&program) && parts.contains(&PathBuf::from("/")), "{parts:?}");
        assert!(parts.contains(&PathBuf::from("/proc")), "{parts:?}");
    }
}
