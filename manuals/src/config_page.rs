//! countersign.toml(5): every key with its values and its default, from the table of keys.

use countersign_common::config::keys::{Absent, Key, SECTIONS, Section};

use crate::page::filled;
use crate::roff::{bold, example, prose, stopped, tagged};

pub(crate) fn text() -> String {
    filled(
        include_str!("../pages/countersign.toml.5"),
        &[("keys", SECTIONS.iter().map(section).collect()), ("shipped rules", example(&rules()))],
    )
}

fn section(section: &Section) -> String {
    let title = if section.header.is_empty() { "before any table" } else { section.header };
    let about = if section.about.is_empty() { String::new() } else { format!("{}\n", prose(section.about)) };
    let keys: String = section.keys.iter().map(key).collect();
    format!(".SS {title}\n{about}{keys}")
}

fn key(key: &Key) -> String {
    let tag = format!("{} = {}", bold(key.name), prose(&key.values.to_string()));
    let absent = match &key.absent {
        Absent::Default(value) => format!("Default: `{value}`."),
        Absent::Means(what, "") => format!("Absent: {what}."),
        Absent::Means(what, example) => format!("Absent: {what}. Example: `{example}`."),
        Absent::Refused => "Must be given.".to_owned(),
    };
    tagged(&tag, &prose(&format!("{} {absent}", stopped(key.meaning))))
}

fn rules() -> String {
    SECTIONS.iter().find(|section| section.header == "[[rule]]").expect("rules").sample.to_owned()
}
