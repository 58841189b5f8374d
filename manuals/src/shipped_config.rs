//! The commented configuration that is shipped: every key with what it means, its values and its default.

use countersign_common::config::keys::{Absent, Key, PREAMBLE, SECTIONS, Section, Values};

const WIDTH: usize = 118;

pub(crate) fn text() -> String {
    SECTIONS.iter().fold(PREAMBLE.to_owned(), |text, section| text + "\n" + &self::section(section))
}

fn section(section: &Section) -> String {
    let mut text = comment(section.about);
    if section.repeats() {
        // What may be given several times has no place of its own: its keys are told, and shown in the sample.
        text += &section.keys.iter().map(repeated).collect::<String>();
        text.push('\n');
    } else {
        if !section.header.is_empty() {
            text = format!("{text}{}\n", section.header);
        }
        text += &section.keys.iter().map(key).collect::<String>();
    }
    text + section.sample
}

fn key(key: &Key) -> String {
    let (value, absent) = match &key.absent {
        Absent::Default(value) => (*value, String::new()),
        Absent::Means(what, example) => (*example, format!(" Without it: {what}.")),
        Absent::Refused => unreachable!("a table that need not be given has no key that must be"),
    };
    comment(&format!("{}{}{absent}", key.meaning, range(&key.values))) + &format!("#{} = {value}\n", key.name)
}

/// As in `  may: with what.`.
fn repeated(key: &Key) -> String {
    let must = if key.absent == Absent::Refused { " Must be given." } else { "" };
    let default = match &key.absent {
        Absent::Default(value) => format!(" Without it: {value}."),
        Absent::Means(..) | Absent::Refused => String::new(),
    };
    wrapped(&format!("{}: {}{}{must}{default}", key.name, key.meaning, range(&key.values)), "#   ", "#       ")
}

fn range(values: &Values) -> String {
    match values {
        Values::Truth | Values::Text(_) => String::new(),
        Values::Texts(what) if !what.contains(" as in ") => String::new(),
        values => format!(" {}{}.", capital(&values.to_string()[..1]), &values.to_string()[1..]),
    }
}

fn capital(text: &str) -> String {
    text.to_uppercase()
}

fn comment(text: &str) -> String {
    if text.is_empty() { String::new() } else { wrapped(text, "# ", "# ") }
}

fn wrapped(text: &str, first: &str, later: &str) -> String {
    let mut lines = String::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.replace('`', "").split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines += &line;
            lines.push('\n');
            later.clone_into(&mut line);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line += word;
        empty = false;
    }
    lines + &line + "\n"
}
