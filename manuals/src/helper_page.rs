//! countersign-helper(8): what may be asked of it, its limits and its exit statuses, from the tables of helper and command.

use clap::CommandFactory;
use countersign_common::dialogue::{LINE_TO_HELPER, LINES_TO_HELPER};

use crate::command_page::built;
use crate::helper_manual::{LIMITS, STATUSES};
use crate::page::filled;
use crate::roff::{bold, prose, stopped, tagged};
use crate::self_service;

pub(crate) fn text() -> String {
    filled(
        include_str!("../pages/countersign-helper.8"),
        &[("requests", requests()), ("limits", limits()), ("exit statuses", statuses())],
    )
}

/// One for each subcommand of an ordinary user.
fn requests() -> String {
    let own = built(self_service::Arguments::command());
    let names: Vec<String> = own.get_subcommands().map(|command| bold(command.get_name())).collect();
    format!("{}.\nWhat each does stands in\n.BR countersign (8).\n", names.join(", "))
}

fn limits() -> String {
    let of_the_dialogue = [(LINES_TO_HELPER, "lines that it reads"), (LINE_TO_HELPER, "bytes of a line that it reads")];
    let own = LIMITS.iter().map(|limit| (limit.number.to_string(), limit.meaning));
    own.chain(of_the_dialogue.map(|(number, what)| (number.to_string(), what)))
        .map(|(number, what)| tagged(&bold(&number), &prose(&stopped(what))))
        .collect()
}

fn statuses() -> String {
    let row = |status: &&crate::helper_manual::Status| (status.number.to_string(), stopped(status.meaning));
    STATUSES.iter().map(row).map(|(number, meaning)| tagged(&bold(&number), &prose(&meaning))).collect()
}
