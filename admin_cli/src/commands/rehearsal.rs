//! `report --rehearsal`: whom rules with `rehearse` would have asked or stopped, by the lines they left in the log.
//!
//! The log is no proof: whoever may write to it can add lines. Nothing is decided by what is read here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;

use countersign_common::audit::Rehearsal;
use nix::fcntl::OFlag;
use serde::Serialize;

use crate::arguments::Report;
use crate::failure::Failure;
use crate::journal::{JOURNALCTL, messages};
use crate::json;
use crate::output::{Output, Verdict, without_number};

/// Where lines of the module begin, and how one of a rehearsal does.
const MARK: &str = "event=rehearsed ";

/// What the last rehearsed login of a user on a service would have come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Login {
    user: String,
    service: String,
    rule: Option<u32>,
    then: &'static str,
    detail: Option<String>,
    #[serde(skip)]
    outcome: Rehearsal,
}

/// `report --rehearsal`
pub(super) fn report(arguments: &Report, output: &mut Output) -> Result<Verdict, Failure> {
    let logins = match &arguments.log {
        Some(path) => read_log(path).map_err(|why| Failure::new(format!("{path}: {why}")))?,
        None => logins(&journal()?[..]).map_err(|error| Failure::new(without_number(&error)))?,
    };
    if arguments.json {
        let objects: Vec<Vec<u8>> = logins.iter().map(json::item).collect();
        json::array(&objects).for_each(|part| output.bytes(part));
        return Ok(Verdict::Done);
    }
    print(&logins, arguments.names, output);
    Ok(Verdict::Done)
}

/// A file that somebody names may be anything: a FIFO is not waited for, a terminal does not become ours.
fn read_log(path: &str) -> Result<Vec<Login>, String> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let opened = File::options().read(true).custom_flags(flags.bits()).open(path);
    let file = opened.map_err(|error| without_number(&error))?;
    let is_regular = file.metadata().map_err(|error| without_number(&error))?.is_file();
    if !is_regular {
        return Err("is not a regular file".to_owned());
    }
    logins(BufReader::new(file)).map_err(|error| without_number(&error))
}

/// What the journal keeps of the facilities auth and authpriv.
fn journal() -> Result<Vec<u8>, Failure> {
    let hint = "name the log: --log /var/log/auth.log";
    match messages(&["SYSLOG_FACILITY=10", "SYSLOG_FACILITY=4"]) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(Failure::new("the journal cannot be read").hint(hint)),
        Err(error) => Err(Failure::new(format!("{JOURNALCTL}: {}", without_number(&error))).hint(hint)),
    }
}

/// The last login of each user on each service.
fn logins(mut log: impl BufRead) -> io::Result<Vec<Login>> {
    let (mut last, mut line) = (BTreeMap::new(), Vec::new());
    while log.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        if let Some(login) = text.split_once(MARK).and_then(|(_, fields)| login(fields)) {
            last.insert((login.user.clone(), login.service.clone()), login);
        }
        line.clear();
    }
    Ok(last.into_values().collect())
}

fn login(text: &str) -> Option<Login> {
    let fields: BTreeMap<String, String> = fields(text)?.into_iter().collect();
    let outcome =
        Rehearsal::ALL.into_iter().find(|outcome| fields.get("then").is_some_and(|then| then == outcome.as_str()))?;
    Some(Login {
        user: fields.get("user")?.clone(),
        service: fields.get("service").cloned().unwrap_or_default(),
        rule: fields.get("rule").and_then(|rule| rule.parse().ok()),
        then: outcome.as_str(),
        detail: fields.get("detail").cloned(),
        outcome,
    })
}

/// `key=value` pairs, values with blanks in quotation marks, as `audit` writes them; `None` for anything else.
fn fields(text: &str) -> Option<Vec<(String, String)>> {
    let mut fields = Vec::new();
    let mut rest = text.trim();
    while let Some((key, value)) = rest.split_once('=') {
        let (value, after) = if let Some(quoted) = value.strip_prefix('"') {
            quoted_value(quoted)?
        } else {
            let (value, after) = value.split_once(' ').unwrap_or((value, ""));
            (value.to_owned(), after)
        };
        fields.push((key.to_owned(), value));
        rest = after.trim_start();
    }
    rest.is_empty().then_some(fields)
}

/// A value up to its closing quotation mark, and what follows it.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at.saturating_add(1)..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

fn print(logins: &[Login], all_names: bool, output: &mut Output) {
    let with = |wanted: Rehearsal| -> Vec<String> {
        let these = logins.iter().filter(|login| login.outcome == wanted);
        these
            .map(|Login { user, service, detail, .. }| match detail {
                Some(detail) => format!("{user} on {service} ({detail})"),
                None => format!("{user} on {service}"),
            })
            .collect()
    };
    let users: std::collections::BTreeSet<&str> = logins.iter().map(|login| login.user.as_str()).collect();
    output.line(format_args!("Rehearsed: {} users; the last login of each on each service would have", users.len()));
    let lines = [
        (Rehearsal::Ask, "asked for a code"),
        (Rehearsal::Enroll, "shown the QR code"),
        (Rehearsal::Grace, "let through, with time left to enroll"),
        (Rehearsal::Refuse, "refused"),
    ];
    for (outcome, words) in lines {
        let logins = with(outcome);
        output.line(format_args!("  {words}: {}", logins.len()));
        // Whoever would have been stopped is why it is rehearsed.
        if all_names || outcome == Rehearsal::Refuse {
            for login in logins {
                output.line(format_args!("    {login}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_common::audit::{Context, Event};

    fn line(user: &str, service: &str, then: Rehearsal, detail: Option<&str>) -> String {
        let event = Event::Rehearsed { rule: 2, then, detail: detail.map(ToOwned::to_owned) };
        let context = Context { user: Some(user), service: Some(service), rhost: Some("192.0.2.7") };
        format!("Nov 24 12:00:00 host sshd[1]: pam_countersign(sshd:auth): {}\n", event.line(context).text)
    }

    #[test]
    fn the_last_login_of_each_user_on_each_service_is_read_from_the_lines_of_the_log() {
        let log = [
            line("alice", "sshd", Rehearsal::Enroll, None),
            line("bob", "su", Rehearsal::Refuse, Some("users/bob.toml: line 3: \"x\" = 7")),
            line("alice", "sshd", Rehearsal::Ask, None),
            line("alice", "su", Rehearsal::Grace, None),
            "event=accepted user=carol service=sshd\n".to_owned(),
        ];
        let read = logins(log.concat().as_bytes()).unwrap();
        let told: Vec<_> = read.iter().map(|login| (login.user.as_str(), login.service.as_str(), login.then)).collect();
        assert_eq!(told, [("alice", "sshd", "ask"), ("alice", "su", "grace"), ("bob", "su", "refuse")]);
        assert_eq!(read[2].detail.as_deref(), Some("users/bob.toml: line 3: \"x\" = 7"));
        assert_eq!(read[2].rule, Some(2));
    }

    #[test]
    fn what_is_no_such_line_is_passed_over() {
        for text in ["event=rehearsed ", "event=rehearsed user=alice then=fly", "event=rehearsed user=\"alice then=ask"]
        {
            assert_eq!(logins(text.as_bytes()).unwrap(), []);
        }
    }
}
