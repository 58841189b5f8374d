//! Copies of service files, from before and after our changes: as many of each service as one may want to look at.
//!
//! Invariants: they are root's alone, since a stack may hold a password; what a waiting change needs is never removed, nor
//! what was just made; without knowing what waits, nothing is removed.

use countersign_common::files::Directory;
use countersign_common::token::UnixTime;
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::super::new_file::{self, Made};
use super::Change;
use super::pending::Pending;
use crate::failure::Failure;

/// Where they are kept. The name of no service can lead there.
pub(in crate::commands) const COPIES: &str = "/etc/countersign/pam.d.backup";
/// Copies of one file made in one second.
const A_SECOND: usize = 100;
/// So many of each service are kept.
const KEPT: usize = 20;

/// Which text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

impl Side {
    const fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// Copies a text away, as `SERVICE.before.TIME` or `SERVICE.after.TIME`; the copy's path.
pub(super) fn copied(change: &Change, side: Side, now: UnixTime) -> Result<String, Failure> {
    let text = match side {
        Side::Before => &change.file.text,
        Side::After => &change.after,
    };
    let when = now.to_string().replace(':', "-");
    for number in 0..A_SECOND {
        let more = if number == 0 { String::new() } else { format!(".{number:02}") };
        let path = format!("{COPIES}/{}.{}.{when}{more}", change.service, side.word());
        if new_file::roots(&path, text.as_bytes())? == Made::Now {
            return Ok(path);
        }
    }
    Err(Failure::new(format!("{COPIES}: too many copies of one second")))
}

/// Removes the oldest copies of a service beyond those that are kept. What fails here is no harm but to the disk.
pub(super) fn prune(service: &str, made: &[String]) {
    let Ok(pending) = Pending::load() else { return };
    let waiting = pending.into_iter().flat_map(|pending| pending.waiting);
    let needed: Vec<String> =
        waiting.flat_map(|waiting| [waiting.before, waiting.after]).chain(made.iter().cloned()).collect();
    let Ok(room) = Directory::open_public(COPIES) else { return };
    let Ok(entries) = std::fs::read_dir(COPIES) else { return };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    for name in surplus(service, names.collect()) {
        if !needed.contains(&format!("{COPIES}/{name}")) {
            let _ = unlinkat(&room, name.as_str(), UnlinkatFlags::NoRemoveDir);
        }
    }
}

/// The copies of a service, without the newest.
fn surplus(service: &str, names: Vec<String>) -> Vec<String> {
    let dated = |name: String| Some((made_at(service, &name)?.to_owned(), name));
    let mut copies: Vec<(String, String)> = names.into_iter().filter_map(dated).collect();
    copies.sort_by(|left, right| right.cmp(left));
    copies.into_iter().skip(KEPT).map(|(_, name)| name).collect()
}

/// When a copy of this very service was made, as its name says; `None` for whatever else is there.
fn made_at<'a>(service: &str, name: &'a str) -> Option<&'a str> {
    let rest = name.strip_prefix(service)?;
    let when = [Side::Before, Side::After].iter().find_map(|side| rest.strip_prefix(&format!(".{}.", side.word())))?;
    let is_time = when.starts_with(|c: char| c.is_ascii_digit())
        && when.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | 'T' | 'Z' | '.'));
    is_time.then_some(when)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_this_very_service_are_kept() {
        let name = |service: &str, side: &str, day: usize| format!("{service}.{side}.2026-11-{day:02}T08-00-00Z");
        let mut names: Vec<String> =
            (1..=15).flat_map(|day| ["before", "after"].map(|side| name("su", side, day))).collect();
        names.extend((1..=25).map(|day| name("su-l", "before", day)));
        names.extend([
            "su.before.note".to_owned(),
            "su.before.su.before.2026-11-01T08-00-00Z".to_owned(),
            "su".to_owned(),
        ]);
        let gone = surplus("su", names.clone());
        assert_eq!(gone.len(), 10);
        assert!(
            (1..=5).all(|day| gone.contains(&name("su", "before", day)) && gone.contains(&name("su", "after", day)))
        );
        assert_eq!(surplus("su-l", names).len(), 5);
    }
}
