//! The doctor's look at administrators: who may change everyone's second factor and has none.

use countersign_common::store::Store;
use nix::unistd::Group;

use super::finding::{Finding, Severity};
use crate::commands::crowd;
use crate::commands::look::named;
use crate::desk::{Desk, Unknown};

/// Members of `[administrators] groups` without a token; how root logs in is root's own affair.
pub(super) fn administrators(desk: &Desk, findings: &mut Vec<Finding>) {
    let Ok(now) = desk.now() else { return };
    let mut names: Vec<String> =
        desk.config.administrators.groups.iter().flat_map(|group| members(desk, group)).collect();
    names.sort();
    names.dedup();
    let without_token = |name: &String| {
        let Ok(person) = desk.person(name, Unknown::Refused) else { return false };
        let report = desk.report(&person, &desk.store.view(&person.name), now);
        report.state.is_ok_and(|facts| !facts.is_enrolled())
    };
    names.retain(without_token);
    let problem = match names.as_slice() {
        [] => return,
        [name] => format!("{name} is an administrator without a token"),
        names => format!("administrators without a token: {}", named(names)),
    };
    findings.push(Finding::new(Severity::Warning, problem, "countersign enroll USER").about(names));
}

/// Listed in the group, or by their primary group; only those who are listed, if not all can be looked up.
fn members(desk: &Desk, group: &str) -> Vec<String> {
    // A group that cannot be looked up has a finding of its own.
    let listed = || Group::from_name(group).ok().flatten().map(|group| group.mem).unwrap_or_default();
    crowd::members_of(desk, group).map_or_else(|_| listed(), |members| members.into_keys().collect())
}
