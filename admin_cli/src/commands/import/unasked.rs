//! What must not go unseen at the end: whom nothing asks for a code although a token is here, who has lost the codes for an
//! emergency; with what to type for all of them.

use countersign_common::decision::{Applied, apply_all};
use countersign_common::store::State;
use countersign_common::token::UnixTime;

use super::entry::Tense;
use super::plan::Plan;
use crate::desk::{Desk, Person};
use crate::failure::Failure;
use crate::report::{Facts, Source};
use crate::sentences::word;
use crate::transaction::current_record;

/// So many names are for a person to copy; more are a command of their own.
const MOST_NAMES: usize = 20;

/// Whether logins of a user ask for a code.
pub(super) enum Asked {
    /// At least one kind of login does, or it is not known that none does.
    Somewhere,
    /// None does, since 2FA is off for this user.
    Off,
    /// None does: this rule says so, whatever the setting.
    Ruled(usize),
}

/// Whether logins ask for a code once the plan is carried out.
pub(super) fn asked(
    desk: &Desk,
    person: &Person,
    plan: &Plan,
    before: &State,
    now: UnixTime,
) -> Result<Asked, Failure> {
    let record = current_record(desk, person, before, now)?;
    let record = match apply_all(&plan.changes(), &record, "root", now) {
        Ok(Applied::Changed(next)) => next,
        Ok(Applied::Unchanged) | Err(_) => record,
    };
    let state = State { record: Some(record), counters: before.counters.clone() };
    let report = desk.report(person, &Ok(state), now);
    Ok(report.state.as_ref().map_or(Asked::Somewhere, of_facts))
}

fn of_facts(facts: &Facts) -> Asked {
    match facts.asked().1 {
        _ if facts.asked_somewhere() => Asked::Somewhere,
        Source::Rule(rule) => Asked::Ruled(rule),
        Source::Record | Source::Default => Asked::Off,
    }
}

/// The line about all of them, with what to type; `None` if there are none. `again` is the import, to be typed once more.
pub(super) fn line(users: &[String], again: &str, tense: Tense) -> Option<String> {
    let verb = match tense {
        Tense::Would => "would ask",
        Tense::Done => "asks",
    };
    let whom = match users {
        [] => return None,
        [user] => user.clone(),
        users => format!("these {} users", users.len()),
    };
    let how = if users.len() > MOST_NAMES {
        format!("{again} --write --enable")
    } else {
        let dashes = if users.iter().any(|user| user.starts_with('-')) { "-- " } else { "" };
        format!("countersign enable {dashes}{}", users.iter().map(|user| word(user)).collect::<Vec<_>>().join(" "))
    };
    Some(format!("no login {verb} {whom} for a code, since 2FA is off; to turn it on: {how}"))
}

/// How to give recovery codes to all those who left codes for an emergency behind; `None` if there are fewer than two,
/// whose lines say it.
pub(super) fn recovery_line(users: &[String]) -> Option<String> {
    let names = match users {
        [] | [_] => return None,
        users if users.len() > MOST_NAMES => "…".to_owned(),
        users => users.iter().map(|user| word(user)).collect::<Vec<_>>().join(" "),
    };
    Some(format!(
        "the emergency codes of {} users are not accepted here; to write recovery codes to hand out: for user in {names}; \
         do (umask 077; countersign new-recovery-codes -- \"$user\" > /root/recovery-codes.\"$user\"); done",
        users.len()
    ))
}

/// This very import as it was typed, without what it did with the result.
pub(super) fn this_command() -> String {
    const ABOUT_THE_RESULT: [&str; 5] = ["--write", "--json", "--no-enable", "--enable", "--replace"];
    let typed = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let words = typed.filter(|argument| !ABOUT_THE_RESULT.contains(&argument.as_str()));
    ["countersign".to_owned()].into_iter().chain(words.map(|argument| word(&argument))).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_named_and_many_are_turned_on_by_the_import_itself() {
        let users = |count: usize| (0..count).map(|number| format!("u{number}")).collect::<Vec<_>>();
        assert_eq!(line(&[], "x", Tense::Done), None);
        let one = line(&users(1), "x", Tense::Would).unwrap();
        assert_eq!(one, "no login would ask u0 for a code, since 2FA is off; to turn it on: countersign enable u0");
        let few = line(&["-a".to_owned(), "b c".to_owned()], "x", Tense::Done).unwrap();
        assert!(few.contains("asks these 2 users") && few.ends_with("countersign enable -- -a 'b c'"), "{few}");
        let many = line(&users(500), "countersign import oath /f", Tense::Done).unwrap();
        assert!(many.ends_with(": countersign import oath /f --write --enable"), "{many}");
    }
}
