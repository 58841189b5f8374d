//! `status`, `list`: what is known, without changing anything.

use countersign_common::record::{CanToggle, Use2fa};
use countersign_common::store::{INSTALLATION_PATH, Installation, Store};
use serde::Serialize;

use super::everyone::{self, Everyone};
use crate::arguments::{List, NoAccount, Only, Status};
use crate::desk::{Desk, log_untrusted};
use crate::failure::Failure;
use crate::json;
use crate::output::{Output, Verdict};
use crate::report::Report;
use crate::sentences::Reader;

/// The name column is at most this wide; a longer name pushes its row.
const NAME_WIDTH: usize = 20;

/// `status`
pub(super) fn status(desk: &Desk, config: &str, arguments: &Status, output: &mut Output) -> Result<Verdict, Failure> {
    match &arguments.user {
        Some(user) => {
            let report = one(desk, user, &arguments.account)?;
            if arguments.json {
                output.bytes(&json::object(&json::User::shown(&report)));
            } else {
                report.block(&Reader::Root).iter().for_each(|line| output.line(line));
            }
            Ok(verdict_on(&report))
        }
        None => summary(desk, config, arguments, output),
    }
}

fn one(desk: &Desk, user: &str, account: &NoAccount) -> Result<Report, Failure> {
    let person = desk.person(user, account.unknown())?;
    let state = desk.store.view(&person.name);
    if let Err(error) = &state {
        log_untrusted(&person.name, error);
    }
    Ok(desk.report(&person, &state, desk.now()?))
}

/// `list`
pub(super) fn list(desk: &Desk, arguments: &List, output: &mut Output) -> Result<Verdict, Failure> {
    let users = Everyone::with_state(desk)?;
    if arguments.json {
        return Ok(list_as_json(&users, arguments.only, output));
    }
    let wanted = |report: Report| is_wanted(arguments.only, &report).then_some(report);
    let reports: Vec<Report> = users.each(wanted).into_iter().flatten().collect();
    let longest = reports.iter().map(|report| report.user.chars().count()).max().unwrap_or(0);
    let width = longest.clamp("USER".len(), NAME_WIDTH);
    let mut row = |name: &str, [used, toggle, tokens, state]: [&str; 4]| {
        output.line(format_args!("{name:width$}  {used:3}  {toggle:6}  {tokens:>6}  {state}"));
    };
    row("USER", ["2FA", "TOGGLE", "TOKENS", "STATE"]);
    for report in &reports {
        row(&report.user, report.cells().each_ref().map(String::as_str));
    }
    for report in &reports {
        if let Err(error) = &report.state {
            output.failure(&Failure::of_user(&report.user, error));
        }
    }
    Ok(worst(reports.iter().map(verdict_on)))
}

/// Each part is printed when its turn has come, while the others are still read.
fn list_as_json(users: &Everyone, only: Only, output: &mut Output) -> Verdict {
    let add = |(items, verdicts): &mut (Vec<u8>, Vec<Verdict>), report: Report| {
        if is_wanted(only, &report) {
            json::append(items, &json::User::shown(&report));
            verdicts.push(verdict_on(&report));
        }
    };
    let (mut array, mut verdict) = (json::Array::default(), Verdict::Done);
    users.gather(add, |(items, verdicts)| {
        if !items.is_empty() {
            output.bytes(array.before());
            output.bytes(&items);
            verdict = worst(verdicts.into_iter().chain([verdict]));
        }
    });
    output.bytes(array.end());
    verdict
}

/// Whether a user is to be listed. Of whom nothing can be known is listed all the same: nobody drops out of sight.
pub(super) fn is_wanted(only: Only, report: &Report) -> bool {
    let Ok(facts) = &report.state else { return true };
    let Only { blocked, locked, few_recovery_codes, never_logged_in } = only;
    (!blocked || facts.blocked.is_some())
        && (!locked || facts.can_toggle == CanToggle::Locked)
        && (!few_recovery_codes || facts.has_few_recovery_codes())
        && (!never_logged_in || facts.last_accepted.is_none())
}

/// What `status` says of the installation.
#[derive(Debug, Serialize)]
struct Summary {
    config: String,
    state_dir: String,
    owner: u32,
    users: usize,
    use_2fa: usize,
    enrolled: usize,
    blocked: Vec<String>,
    untrusted: Vec<String>,
}

fn summary(desk: &Desk, config: &str, arguments: &Status, output: &mut Output) -> Result<Verdict, Failure> {
    let reports = everyone::each(desk, Report::clone)?;
    let installation = Installation::load(INSTALLATION_PATH).map_err(|error| Failure::of_store(&error))?;
    let facts = || reports.iter().filter_map(|report| report.state.as_ref().ok());
    let names = |wanted: &dyn Fn(&&Report) -> bool| {
        reports.iter().filter(wanted).map(|report| report.user.clone()).collect::<Vec<_>>()
    };
    let summary = Summary {
        config: config.to_owned(),
        state_dir: desk.config.state_dir.as_str().to_owned(),
        owner: installation.owner,
        users: reports.len(),
        use_2fa: facts().filter(|facts| facts.asked().0 == Use2fa::Enabled).count(),
        enrolled: facts().filter(|facts| facts.is_enrolled()).count(),
        blocked: names(&|report| report.state.as_ref().is_ok_and(|facts| facts.blocked.is_some())),
        untrusted: names(&|report| report.state.is_err()),
    };
    if arguments.json {
        output.bytes(&json::object(&summary));
    } else {
        summary.print(desk, output);
    }
    Ok(worst(reports.iter().map(verdict_on)))
}

impl Summary {
    fn print(&self, desk: &Desk, output: &mut Output) {
        let defaults = &desk.config.defaults;
        output.line(format_args!("Configuration: {}", self.config));
        output.line(format_args!("State directory: {} (owned by uid {})", self.state_dir, self.owner));
        let used = if defaults.use_2fa { "on" } else { "off" };
        let toggle = if defaults.can_toggle { "can toggle" } else { "cannot toggle" };
        output.line(format_args!("Users without a record: 2FA {used}, {toggle}"));
        output.line(format_args!("Users with state: {}", self.users));
        output.line(format_args!("  2FA on: {}", self.use_2fa));
        output.line(format_args!("  Enrolled: {}", self.enrolled));
        output.line(format_args!("  Blocked: {}", named(&self.blocked)));
        output.line(format_args!("  Untrusted: {}", named(&self.untrusted)));
        if !self.untrusted.is_empty() {
            output.line("What is wrong: countersign list");
        }
    }
}

/// A number, and the first few names.
pub(super) fn named(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let first: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match names.len() {
        0 => "0".to_owned(),
        count if count > SHOWN => format!("{count} ({}, …)", first.join(", ")),
        count => format!("{count} ({})", first.join(", ")),
    }
}

/// Whether this user's state can be trusted.
pub(super) fn verdict_on(report: &Report) -> Verdict {
    if report.state.is_ok() { Verdict::Done } else { Verdict::Failed }
}

/// The verdict on all of them.
pub(super) fn worst(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    if verdicts.into_iter().all(|verdict| verdict == Verdict::Done) { Verdict::Done } else { Verdict::Failed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manual::INSTALLATION;

    #[test]
    fn the_manual_has_the_fields_of_its_json() {
        let shown = Summary {
            config: String::new(),
            state_dir: String::new(),
            owner: 0,
            users: 0,
            use_2fa: 0,
            enrolled: 0,
            blocked: Vec::new(),
            untrusted: Vec::new(),
        };
        let value: serde_json::Value = serde_json::from_slice(&crate::json::object(&shown)).unwrap();
        let fields = value.as_object().unwrap();
        assert_eq!(fields.len(), INSTALLATION.len());
        assert!(INSTALLATION.iter().all(|name| fields.contains_key(*name)), "{fields:?}");
    }
}
