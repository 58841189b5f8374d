//! The table of keys is what the reader of the configuration takes: all of it, and nothing else.

use super::*;
use crate::config::{Config, ConfigError, SHIPPED, parse};

/// A configuration in which this key has this value, and all that must be given is given.
fn with(section: &Section, name: &str, value: &str) -> String {
    let mut text = format!("{}\n", section.header);
    for key in section.keys.iter().filter(|key| key.absent == Absent::Refused && key.name != name) {
        text = format!("{text}{} = {}\n", key.name, a_value(&key.values));
    }
    text + &format!("{name} = {value}\n")
}

/// A value that a key takes.
fn a_value(values: &Values) -> String {
    match values {
        Values::Truth => "true".to_owned(),
        Values::Number(least, _) => least.to_string(),
        Values::Span(_, most) => format!("{most:?}"),
        Values::OneOf(words) => format!("{:?}", words[0]),
        Values::SomeOf(words) => format!("{words:?}"),
        Values::Text(_) => "\"/x\"".to_owned(),
        Values::Texts(_) => "[]".to_owned(),
    }
}

fn read(section: &Section, name: &str, value: &str) -> Result<Config, ConfigError> {
    parse(with(section, name, value).as_bytes())
}

/// The words the reader names when it is given another.
fn named(error: &ConfigError, before: &str) -> Vec<String> {
    let list = error.reason.strip_prefix(before).unwrap_or_else(|| panic!("{error}"));
    list.replace(" or ", ", ").split(", ").map(|word| word.trim_matches('"').to_owned()).collect()
}

#[test]
fn the_table_has_every_key_the_reader_knows_and_no_other() {
    let mut tables: Vec<String> = Vec::new();
    for section in SECTIONS {
        let error = read(section, "no_such_key", "1").unwrap_err();
        let mut known = named(&error, "there is no such key here, only ");
        if section.header.is_empty() {
            tables = known.split_off(section.keys.len());
        }
        let keys: Vec<&str> = section.keys.iter().map(|key| key.name).collect();
        assert_eq!(keys, known, "{}", section.header);
    }
    let mut sections: Vec<&str> = SECTIONS
        .iter()
        .map(|section| section.header.trim_matches(['[', ']']))
        .filter(|name| !name.is_empty())
        .collect();
    sections.sort_unstable();
    tables.sort_unstable();
    assert_eq!(sections, tables);
}

#[test]
fn a_default_in_the_table_changes_nothing_and_what_must_be_given_is_missed() {
    for section in SECTIONS {
        for key in section.keys {
            let least = |name: &str, value: &str| read(section, name, value);
            match &key.absent {
                Absent::Default(value) if section.repeats() => {
                    let other = section.keys.iter().find(|key| key.absent == Absent::Refused).unwrap();
                    let without = least(other.name, &a_value(&other.values)).unwrap();
                    assert_eq!(least(key.name, value), Ok(without), "{}", key.name);
                }
                Absent::Default(value) => assert_eq!(least(key.name, value), Ok(Config::default()), "{}", key.name),
                Absent::Means(_, "") => assert!(least(key.name, &a_value(&key.values)).is_ok(), "{}", key.name),
                Absent::Means(_, example) => assert_ne!(least(key.name, example), Ok(Config::default())),
                Absent::Refused => {
                    let text = with(section, key.name, "0").replace(&format!("{} = 0\n", key.name), "");
                    assert!(parse(text.as_bytes()).is_err(), "{} may be absent", key.name);
                }
            }
        }
    }
}

#[test]
fn a_range_in_the_table_is_the_readers_own() {
    // Two keys bound each other, and have to move together.
    let accepted = |section: &Section, key: &Key, value: &str| {
        let beside = match key.name {
            "first_delay" => "max_delay = \"1d\"\n",
            "max_delay" => "first_delay = \"1s\"\n",
            "free" => "hard_limit = 11\n",
            "hard_limit" => "free = 0\n",
            _ => "",
        };
        parse((with(section, key.name, value) + beside).as_bytes())
    };
    for (section, key) in SECTIONS.iter().flat_map(|section| section.keys.iter().map(move |key| (section, key))) {
        match &key.values {
            Values::Truth => assert!(accepted(section, key, "true").is_ok() && accepted(section, key, "1").is_err()),
            Values::Number(least, most) => {
                for value in [*least, *most] {
                    assert!(accepted(section, key, &value.to_string()).is_ok(), "{} = {value}", key.name);
                }
                for value in [i64::from(*least) - 1, i64::from(*most) + 1] {
                    assert!(accepted(section, key, &value.to_string()).is_err(), "{} = {value}", key.name);
                }
            }
            Values::Span(least, most) => {
                for value in [least, most] {
                    assert!(accepted(section, key, &format!("{value:?}")).is_ok(), "{} = {value}", key.name);
                }
                let error = accepted(section, key, "\"9999d\"").unwrap_err();
                assert_eq!(error.reason, format!("must be {least} to {most}"), "{}", key.name);
            }
            Values::OneOf(words) => {
                let error = accepted(section, key, "\"no such word\"").unwrap_err();
                assert_eq!(named(&error, "must be "), *words, "{}", key.name);
                for word in *words {
                    assert!(accepted(section, key, &format!("{word:?}")).is_ok(), "{} = {word}", key.name);
                }
            }
            Values::SomeOf(words) => {
                let error = accepted(section, key, "[\"no such word\"]").unwrap_err();
                assert_eq!(named(&error, "must be "), *words, "{}", key.name);
                assert!(accepted(section, key, &format!("{words:?}")).is_ok(), "{}", key.name);
            }
            Values::Text(_) => assert!(accepted(section, key, "1").is_err(), "{}", key.name),
            Values::Texts(_) => assert!(accepted(section, key, "[1]").is_err(), "{}", key.name),
        }
    }
}

#[test]
fn what_the_samples_show_would_be_taken() {
    for section in SECTIONS {
        let uncommented: String = section
            .sample
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(toml) if toml.starts_with("[[") || toml.contains(" = ") => toml,
                Some(_) => "",
                None => line,
            })
            .fold(String::new(), |text, line| text + line + "\n");
        let read = parse(uncommented.as_bytes());
        assert!(read.is_ok(), "{}: {read:?}", section.header);
    }
    assert!(SHIPPED.starts_with(PREAMBLE));
}
