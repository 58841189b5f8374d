//! The JSON of one user, field by field, and how it is written: nothing in it can steer a terminal.

use std::borrow::Cow;
use std::io::{self, Write};

use countersign_common::counters::LastAccepted;
use countersign_common::decision::{Administrator, BlockEnd};
use countersign_common::token::UnixTime;
use serde::Serialize;

use crate::report::{Facts, MISCONFIGURED, Report, Source, TokenFacts};
use crate::sentences::Change;
use countersign_common::record::steers;

/// One user. Every field is always there; `null` where there is nothing to say, or it cannot be known.
#[derive(Debug, Serialize)]
pub(crate) struct User {
    #[serde(rename = "user")]
    name: String,
    uid: Option<u32>,
    use_2fa: Option<bool>,
    use_2fa_source: Option<Cow<'static, str>>,
    can_toggle: Option<bool>,
    administrator: Option<bool>,
    enrolled: Option<bool>,
    tokens: Vec<Token>,
    recovery_codes_left: Option<u8>,
    failures: Option<u16>,
    blocked: Option<Blocked>,
    command_blocked: Option<Blocked>,
    enrollment_refused: Option<Refused>,
    no_code_before: Option<String>,
    grace_until: Option<String>,
    last_accepted: Option<Accepted>,
    changed_at: Option<String>,
    changed_by: Option<String>,
    state: &'static str,
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
}

/// A token, without its secret.
#[derive(Debug, Serialize)]
pub(crate) struct Token {
    id: String,
    label: String,
    algorithm: &'static str,
    digits: u8,
    period: u16,
    enrolled_at: String,
}

#[derive(Debug, Serialize)]
struct Blocked {
    until: Option<String>,
}

#[derive(Debug, Serialize)]
struct Refused {
    until: String,
    why: &'static str,
}

#[derive(Debug, Serialize)]
struct Accepted {
    at: String,
    service: String,
    rhost: Option<String>,
    offset_steps: i8,
}

impl User {
    /// A user as `status` and `list` show it.
    pub(crate) fn shown(report: &Report) -> Self {
        let facts = report.state.as_ref().ok();
        Self {
            name: report.user.clone(),
            uid: report.uid,
            use_2fa: facts.map(|facts| facts.asked().0.as_bool()),
            use_2fa_source: facts.map(|facts| match facts.asked().1 {
                Source::Record => Cow::Borrowed("record"),
                Source::Default => Cow::Borrowed("default"),
                Source::Rule(number) => Cow::Owned(format!("rule {number}")),
            }),
            can_toggle: facts.map(|facts| facts.can_toggle.as_bool()),
            administrator: match report.administrator {
                Administrator::Yes => Some(true),
                Administrator::No => Some(false),
                Administrator::Unknown => None,
            },
            enrolled: facts.map(Facts::is_enrolled),
            tokens: facts.map(|facts| facts.tokens.iter().map(Token::of).collect()).unwrap_or_default(),
            recovery_codes_left: facts.map(|facts| facts.recovery_codes_left),
            failures: facts.map(|facts| facts.failures),
            blocked: facts.and_then(|facts| facts.blocked).map(Blocked::of),
            command_blocked: facts.and_then(|facts| facts.command_blocked).map(Blocked::of),
            enrollment_refused: facts.and_then(|facts| facts.enrollment_refused).map(Refused::of),
            no_code_before: facts.and_then(|facts| facts.no_code_before).map(|start| start.to_string()),
            grace_until: facts.and_then(|facts| facts.grace.end()).map(|end| end.to_string()),
            last_accepted: facts.and_then(|facts| facts.last_accepted.as_ref()).map(Accepted::of),
            changed_at: facts.and_then(|facts| facts.changed.as_ref()).map(|(at, _)| at.to_string()),
            changed_by: facts.and_then(|facts| facts.changed.as_ref()).map(|(_, by)| by.clone()),
            state: if facts.is_some() { "ok" } else { "untrusted" },
            problem: report.state.as_ref().err().map(ToString::to_string),
            changed: None,
        }
    }

    /// A user after a command that changes.
    pub(crate) fn changed(report: &Report, change: Change) -> Self {
        Self { changed: Some(change == Change::Made), ..Self::shown(report) }
    }
}

impl Token {
    /// A token as `status` and `tokens` show it.
    pub(crate) fn of(token: &TokenFacts) -> Self {
        Self {
            id: token.id.clone(),
            label: token.label.clone(),
            algorithm: token.parameters.algorithm.as_str(),
            digits: token.parameters.digits.as_u8(),
            period: token.parameters.period.as_seconds(),
            enrolled_at: token.enrolled_at.to_string(),
        }
    }
}

impl Blocked {
    fn of(end: BlockEnd) -> Self {
        Self {
            until: match end {
                BlockEnd::At(time) => Some(UnixTime::to_string(&time)),
                BlockEnd::Unblock => None,
            },
        }
    }
}

impl Refused {
    fn of(until: UnixTime) -> Self {
        Self { until: until.to_string(), why: MISCONFIGURED }
    }
}

impl Accepted {
    fn of(last: &LastAccepted) -> Self {
        Self {
            at: last.at.to_string(),
            service: last.service.clone(),
            rhost: Some(last.rhost.clone()).filter(|rhost| !rhost.is_empty()),
            offset_steps: last.offset,
        }
    }
}

/// One object on one line.
pub(crate) fn object(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = item(value);
    bytes.push(b'\n');
    bytes
}

/// An object as an item of an array: without the end of its line.
/// Writing to a `Vec` cannot fail, and the types hold no map with odd keys.
pub(crate) fn item(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    append(&mut bytes, value);
    bytes
}

/// Puts an object after others of the same part of an array.
pub(crate) fn append(part: &mut Vec<u8>, value: &impl Serialize) {
    if !part.is_empty() {
        part.extend_from_slice(b",\n");
    }
    let _ = value.serialize(&mut serde_json::Serializer::with_formatter(part, Compact));
}

/// An array of items, or of parts that each hold some, an item per line.
pub(crate) fn array(items: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> {
    let mut array = Array::default();
    let end = Array { begun: !items.is_empty() }.end();
    items.iter().flat_map(move |item| [array.before(), item.as_slice()]).chain([end])
}

/// An array that is written while its items are still made: what stands around them.
#[derive(Debug, Default)]
pub(crate) struct Array {
    begun: bool,
}

impl Array {
    /// What stands before the next item or part.
    pub(crate) fn before(&mut self) -> &'static [u8] {
        if std::mem::replace(&mut self.begun, true) { b",\n" } else { b"[\n" }
    }

    /// What stands after the last.
    pub(crate) fn end(&self) -> &'static [u8] {
        if self.begun { b"\n]\n" } else { b"[]\n" }
    }
}

/// Escapes everything that could steer a terminal.
struct Compact;

impl serde_json::ser::Formatter for Compact {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let plain = fragment.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if plain || !fragment.contains(steers) {
            return writer.write_all(fragment.as_bytes());
        }
        for c in fragment.chars() {
            if steers(c) {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                write!(writer, "{c}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_common::config::Config;
    use countersign_common::counters::{Counters, Throttle};
    use countersign_common::record::{Record, Revision, Use2fa, UserName};
    use countersign_common::store::{State, StoreError};
    use countersign_common::system::{Account, new_id, new_token};
    use countersign_common::token::{Parameters, Seconds};

    use crate::desk::Person;
    use crate::manual::{CHANGED, TOKEN, USER};
    use crate::ruling::Ruling;

    /// The names of an object's fields, in the order of the table.
    fn names(value: &serde_json::Value) -> Vec<&'static str> {
        let object = value.as_object().unwrap();
        assert_eq!(object.len(), TOKEN.len());
        TOKEN.into_iter().filter(|name| object.contains_key(*name)).collect()
    }

    fn time(seconds: u64) -> UnixTime {
        UnixTime::new(seconds).unwrap()
    }

    fn report(state: &Result<State, StoreError>) -> Report {
        let name = UserName::new("alice").unwrap();
        let account = Account { name: name.clone(), uid: 1000, gid: 1000 };
        let person = Person { name, account: Some(account) };
        let ruling = Ruling::default();
        Report::of(&Config::default(), &person, Administrator::No, ruling, state, time(1_795_507_210))
    }

    fn full_state() -> State {
        let config = Config::default();
        let name = UserName::new("alice").unwrap();
        let blank = countersign_common::decision::blank(&config, new_id().unwrap(), name, 1000, time(5));
        let token = new_token(Parameters::default(), time(1_795_507_200)).unwrap();
        let record = Record {
            revision: Revision(1),
            use_2fa: Use2fa::Enabled,
            changed_by: "root".to_owned(),
            tokens: vec![token],
            ..blank
        };
        let throttle = Throttle { failures: 5, last_failure: time(1_795_507_200), delay: Seconds(30) };
        let last =
            LastAccepted { at: time(1_795_507_100), service: "sshd".to_owned(), rhost: String::new(), offset: -1 };
        let helper_throttle = Throttle { failures: 100, ..throttle };
        let counters = Counters { throttle, helper_throttle, last_accepted: Some(last), ..Counters::default() };
        State { record: Some(record), counters }
    }

    fn written(report: &Report) -> serde_json::Value {
        serde_json::from_slice(&object(&User::shown(report))).unwrap()
    }

    #[test]
    fn every_field_is_always_there_and_no_other() {
        let untrusted = StoreError::Untrusted { path: "/x".to_owned(), reason: "has mode 0644".to_owned() };
        for state in [Ok(State::default()), Ok(full_state()), Err(untrusted)] {
            let text = String::from_utf8(object(&User::shown(&report(&state)))).unwrap();
            let places: Vec<_> = USER.iter().map(|field| text.find(&format!("\"{}\":", field.name))).collect();
            assert!(places.iter().all(Option::is_some), "{text}");
            assert_eq!(written(&report(&state)).as_object().unwrap().len(), USER.len());
            let changed = object(&User::changed(&report(&state), Change::Made));
            let changed: serde_json::Value = serde_json::from_slice(&changed).unwrap();
            assert!(changed.as_object().unwrap().len() == USER.len() + 1 && changed[CHANGED.name] == true);
        }
    }

    #[test]
    fn a_full_state_is_told_without_its_secret() {
        let state = full_state();
        let secret = state.record.as_ref().unwrap().tokens[0].secret.to_base32();
        let text = String::from_utf8(object(&User::changed(&report(&Ok(state)), Change::Made))).unwrap();
        assert!(!text.contains(secret.as_str()));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["blocked"]["until"], "2026-11-24T08:00:30Z");
        assert_eq!(value["command_blocked"], serde_json::json!({ "until": null }));
        assert_eq!(value["last_accepted"]["rhost"], serde_json::Value::Null);
        assert_eq!(value["last_accepted"]["offset_steps"], -1);
        assert_eq!(value["tokens"][0]["period"], 30);
        assert_eq!(names(&value["tokens"][0]), TOKEN);
        assert_eq!(
            (&value["changed"], &value["enrolled"], &value["failures"]),
            (&true.into(), &true.into(), &5.into())
        );
        assert!(value["tokens"][0].get("secret").is_none());
    }

    #[test]
    fn an_untrusted_state_is_known_to_nobody() {
        let error = StoreError::Untrusted { path: "/x".to_owned(), reason: "has mode 0644".to_owned() };
        let value = written(&report(&Err(error)));
        assert_eq!((&value["state"], &value["problem"]), (&"untrusted".into(), &"/x: has mode 0644".into()));
        assert!(value["use_2fa"].is_null() && value["enrolled"].is_null() && value["failures"].is_null());
    }

    #[test]
    fn an_array_in_parts_is_the_array_of_its_items() {
        let mut part = Vec::new();
        (0..2).for_each(|number| append(&mut part, &number));
        let parts: Vec<u8> = array(&[part, item(&2)]).flatten().copied().collect();
        assert_eq!(parts, b"[\n0,\n1,\n2\n]\n");
        assert_eq!(array(&[]).flatten().copied().collect::<Vec<u8>>(), b"[]\n");
    }

    #[test]
    fn nothing_in_json_can_steer_a_terminal() {
        let text = "a\u{1b}[2J\u{9b}1m\u{7f}\u{202e}\u{e0001}\"\\é";
        let bytes = object(&text);
        let shown = std::str::from_utf8(&bytes).unwrap();
        assert!(shown.trim_end().chars().all(|c| !steers(c)), "{shown:?}");
        assert_eq!(serde_json::from_slice::<String>(&bytes).unwrap(), text);
    }
}
