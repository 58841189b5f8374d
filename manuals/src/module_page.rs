//! `pam_countersign(8)`: arguments, return codes, stacks, notices and the log, from the tables of the module.

use countersign_common::{audit, notice};

use crate::module_manual::{ARGUMENTS, RETURNS};
use crate::page::filled;
use crate::roff::{bold, example, prose, tagged};

pub(crate) fn text() -> String {
    filled(
        include_str!("../pages/pam_countersign.8"),
        &[
            ("arguments", ARGUMENTS.iter().map(|row| tagged(&bold(row.form), &prose(row.meaning))).collect()),
            ("return codes", returns()),
            ("stack of sshd", example(include_str!("../../tests/stacks/sshd"))),
            ("notices", notices()),
            ("events", events()),
        ],
    )
}

fn returns() -> String {
    let row = |row: &crate::module_manual::Return| {
        let tag = format!("{} ({})", bold(row.code.name()), row.phases.join(", "));
        tagged(&tag, &prose(row.when))
    };
    RETURNS.iter().map(row).collect()
}

fn notices() -> String {
    let rows = notice::table::rows();
    rows.iter()
        .map(|(notice, when)| tagged(&prose(&notice.worded(None).to_string()), &prose(&sentence(when))))
        .collect()
}

fn events() -> String {
    let row = |row: &&audit::Row| {
        let fields = if row.fields.is_empty() { String::new() } else { format!(" Fields: {}.", row.fields) };
        tagged(&format!("{} ({})", bold(row.name), row.severity), &prose(&format!("{}{fields}", row.meaning)))
    };
    audit::ROWS.iter().map(row).collect()
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
