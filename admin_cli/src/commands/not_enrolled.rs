//! `list --not-enrolled`: who is asked for a code and has no token yet, and until when they get in without.
//!
//! Nobody can list all accounts of a host (a directory may refuse to). So these are looked at: users that have state,
//! login accounts of `/etc/passwd`, and whom rules that require a code name, by user or by group. Anyone else appears
//! with their first login.

use std::collections::BTreeSet;

use countersign_common::config::Outcome;
use countersign_common::notice::spelled_span;
use countersign_common::system::Accounts;
use nix::unistd::Group;

use super::everyone::Everyone;
use super::look::{is_wanted, verdict_on, worst};
use crate::arguments::List;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::json;
use crate::output::{Output, Verdict};
use crate::passwd::{Entry, entries, is_account};
use crate::report::{Facts, GraceTime, Report};

/// The name column is at most this wide; a longer name pushes its row.
const NAME_WIDTH: usize = 32;

/// `list --not-enrolled`
pub(super) fn list(desk: &Desk, arguments: &List, output: &mut Output) -> Result<Verdict, Failure> {
    let wanted =
        |report: &Report| report.state.as_ref().map_or(true, has_to_enroll) && is_wanted(arguments.only, report);
    let users = everyone(desk, output)?;
    let reports: Vec<Report> = users.each(|report| wanted(&report).then_some(report)).into_iter().flatten().collect();
    if arguments.json {
        let objects: Vec<Vec<u8>> = reports.iter().map(|report| json::item(&json::User::shown(report))).collect();
        json::array(&objects).for_each(|part| output.bytes(part));
        return Ok(worst(reports.iter().map(verdict_on)));
    }
    print(&reports, output);
    Ok(worst(reports.iter().map(verdict_on)))
}

/// Everyone who is looked at.
pub(super) fn everyone<'a>(desk: &'a Desk, output: &mut Output) -> Result<Everyone<'a>, Failure> {
    let mut everyone = Everyone::with_state(desk)?;
    let mut strangers = Vec::new();
    for name in candidates(desk).iter().filter(|name| !everyone.has(name)) {
        // A name that is no account here has nothing to enroll; one that cannot be looked up is told.
        match everyone.catalog.by_name(name) {
            Ok(account) => strangers.extend(account.map(|account| account.name)),
            Err(error) => output.failure(&Failure::new(format!("{name}: {error}"))),
        }
    }
    everyone.add(strangers);
    Ok(everyone)
}

fn has_to_enroll(facts: &Facts) -> bool {
    !facts.is_enrolled() && facts.asked_somewhere()
}

fn print(reports: &[Report], output: &mut Output) {
    let longest = reports.iter().map(|report| report.user.chars().count()).max().unwrap_or(0);
    let width = longest.clamp("USER".len(), NAME_WIDTH);
    output.line(format_args!("{:width$}  TIME TO ENROLL", "USER"));
    for report in reports {
        let time = match &report.state {
            Err(_) => "untrusted: logins are refused".to_owned(),
            Ok(facts) => match facts.grace {
                GraceTime::None => "none: the next login must".to_owned(),
                GraceTime::Until(end) => format!("until {end}"),
                GraceTime::FromFirstLogin(span) => format!("{} from the first login", spelled_span(span)),
            },
        };
        output.line(format_args!("{:width$}  {time}", report.user));
    }
    for report in reports {
        if let Err(error) = &report.state {
            output.failure(&Failure::of_user(&report.user, error));
        }
    }
}

/// Names to look at besides the users that have state.
fn candidates(desk: &Desk) -> BTreeSet<String> {
    let required = || desk.config.rules.iter().filter(|rule| rule.then == Outcome::Required);
    let groups = required().flat_map(|rule| rule.groups.iter().flatten());
    let members = groups.filter_map(|name| Group::from_name(name).ok().flatten()).flat_map(|group| group.mem);
    let passwd = std::fs::read("/etc/passwd").unwrap_or_default();
    let users = required().flat_map(|rule| rule.users.iter().flatten().cloned());
    login_accounts(&passwd).into_iter().chain(members).chain(users).collect()
}

/// The accounts of a `passwd(5)` file that have a shell to log in to.
fn login_accounts(passwd: &[u8]) -> Vec<String> {
    let can_log_in = |entry: &Entry| is_account(entry.name) && entry.has_shell();
    entries(passwd).filter(can_log_in).map(|entry| entry.name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_without_a_shell_are_nobody_to_wait_for() {
        let passwd = b"root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\nsync:x:4:4::/:/bin/sync\n\
                       alice:x:1000:1000::/home/alice:/bin/sh\nbob:x:1001:1001::/home/bob:\n+nis::::::\nx:y\n\xff\n";
        assert_eq!(login_accounts(passwd), ["root", "alice", "bob"]);
    }
}
