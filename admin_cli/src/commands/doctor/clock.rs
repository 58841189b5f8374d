//! The doctor's look at the clock: who keeps it, and what the users' phones say of it.

use std::fs;
use std::path::Path;

use countersign_common::counters::LastAccepted;
use countersign_common::token::UnixTime;

use super::finding::{Finding, Severity};

/// Programs that keep the clock, as the kernel shortens their names.
const KEEPERS: [&str; 6] = ["chronyd", "ntpd", "systemd-timesyn", "ntpd-rs", "ptp4l", "phc2sys"];
const TIMESYNCD: &str = "systemd-timesyn";
/// Made by systemd-timesyncd once it has set the clock.
const SYNCHRONIZED: &str = "/run/systemd/timesync/synchronized";
/// In a container the clock is kept outside.
const CONTAINERS: [&str; 3] = ["/run/systemd/container", "/.dockerenv", "/run/.containerenv"];
/// What was accepted longer ago says nothing about the clock of today.
const RECENT_SECONDS: u64 = 30 * 86_400;
/// One phone may be wrong, or two.
const FEWEST_PHONES: usize = 3;
const STEP_SECONDS: u64 = 30;

/// Who keeps the clock. In a container nobody there does.
pub(super) fn keeper(findings: &mut Vec<Finding>) {
    if !CONTAINERS.into_iter().any(|path| Path::new(path).exists()) {
        findings.extend(kept(&running(), Path::new(SYNCHRONIZED).exists()));
    }
}

fn kept(running: &[String], timesyncd_is_done: bool) -> Option<Finding> {
    let keeper = KEEPERS.into_iter().find(|keeper| running.iter().any(|name| name == keeper));
    let (severity, problem) = match keeper {
        None => (Severity::Info, "nothing seems to keep this host's clock, by which codes are judged"),
        Some(TIMESYNCD) if !timesyncd_is_done => {
            (Severity::Warning, "systemd-timesyncd runs, but has not yet set the clock, by which codes are judged")
        }
        Some(_) => return None,
    };
    let remedy = "see that chronyd, ntpd or systemd-timesyncd runs and reaches a server";
    Some(Finding::new(severity, problem, remedy))
}

/// The names of all processes that can be seen.
fn running() -> Vec<String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| fs::read_to_string(entry.path().join("comm")).ok());
    names.map(|name| name.trim_end().to_owned()).collect()
}

/// What the phones agree on, in one line.
pub(super) fn drift<'a>(accepted: impl Iterator<Item = &'a LastAccepted>, now: UnixTime) -> Option<Finding> {
    let oldest = now.as_seconds().saturating_sub(RECENT_SECONDS);
    let recent = accepted.filter(|accepted| accepted.at.as_seconds() >= oldest);
    let mut offsets: Vec<i8> = recent.map(|accepted| accepted.offset).collect();
    offsets.sort_unstable();
    let median = *offsets.get(offsets.len().checked_div(2)?)?;
    let agreeing = offsets.iter().filter(|offset| offset.signum() == median.signum()).count();
    let agree = agreeing.saturating_mul(3) > offsets.len().saturating_mul(2);
    if median == 0 || offsets.len() < FEWEST_PHONES || !agree {
        return None;
    }
    let seconds = u64::from(median.unsigned_abs()).saturating_mul(STEP_SECONDS);
    let direction = if median > 0 { "behind" } else { "ahead" };
    let all = offsets.len();
    let problem = format!(
        "this host's clock is about {seconds} seconds {direction}, by the phones of {agreeing} of the {all} users who \
         logged in within 30 days"
    );
    Some(Finding::new(Severity::Warning, problem, "set the clock, before their codes are refused"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drifted(offsets: &[i8], age: u64) -> Option<String> {
        let now = UnixTime::new(2_000_000_000).expect("a time");
        let accepted: Vec<LastAccepted> = offsets
            .iter()
            .map(|offset| LastAccepted {
                at: UnixTime::new(now.as_seconds().saturating_sub(age)).expect("a time"),
                service: "sshd".to_owned(),
                rhost: String::new(),
                offset: *offset,
            })
            .collect();
        drift(accepted.iter(), now).map(|finding| finding.problem)
    }

    #[test]
    fn somebody_keeps_the_clock() {
        let found = |names: &[&str], done| {
            let running: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            kept(&running, done).map(|finding| finding.severity)
        };
        assert_eq!(found(&["systemd", "sshd"], true), Some(Severity::Info));
        assert_eq!(found(&["systemd", "chronyd"], false), None);
        assert_eq!(found(&["systemd-timesyn"], false), Some(Severity::Warning));
        assert_eq!(found(&["systemd-timesyn"], true), None);
    }

    #[test]
    fn phones_that_agree_tell_of_the_hosts_clock() {
        assert!(drifted(&[1, 1, 1], 60).is_some_and(|text| text.contains("about 30 seconds behind")));
        assert!(
            drifted(&[-1, -1, 0, -1], 60).is_some_and(|text| text.contains("ahead") && text.contains("3 of the 4"))
        );
    }

    #[test]
    fn one_phone_an_even_split_and_old_logins_tell_nothing() {
        assert_eq!(drifted(&[], 0), None);
        assert_eq!(drifted(&[1, 1], 60), None);
        assert_eq!(drifted(&[0, 0, 0, 1], 60), None);
        assert_eq!(drifted(&[1, 1, -1, -1], 60), None);
        assert_eq!(drifted(&[1, 1, 1], RECENT_SECONDS + 1), None);
    }
}
