//! What the manual says of the helper: its exit statuses and its limits, a table each. countersign-helper(8) is written
//! from them; the code takes its numbers from here.
//!
//! Imports nothing: the writer of the manuals reads this file without the helper.

/// An exit status.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// The number.
    pub(crate) number: i32,
    /// When.
    pub(crate) meaning: &'static str,
}

const fn status(number: i32, meaning: &'static str) -> Status {
    Status { number, meaning }
}

pub(crate) const SAID: Status = status(0, "the last line that was written says how it ended, refusals included");
pub(crate) const BUG: Status = status(70, "a defect in the helper ended it");
pub(crate) const RUN_BY_ROOT: Status = status(71, "root started it, who has the command itself");
pub(crate) const NOT_INSTALLED: Status = status(
    72,
    "it could not become the user `countersign`: it is not owned by root:countersign with mode 6755, user and group have \
     different numbers, or the process may gain no privileges (no_new_privs, a tracer, a file system mounted nosuid)",
);
pub(crate) const SURROUNDINGS: Status =
    status(73, "its surroundings cannot be put in order: a limit of the process is too low, or something is missing");

/// Every exit status.
pub(crate) const STATUSES: [&Status; 5] = [&SAID, &BUG, &RUN_BY_ROOT, &NOT_INSTALLED, &SURROUNDINGS];

/// A bound, in numbers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// The number.
    pub(crate) number: u32,
    /// What it bounds.
    pub(crate) meaning: &'static str,
}

const fn limit(number: u32, meaning: &'static str) -> Limit {
    Limit { number, meaning }
}

pub(crate) const PATIENCE: Limit = limit(120, "seconds a dialogue may last");
pub(crate) const LAST_WORD: Limit = limit(5, "seconds more, to say that they are over");
/// The dialogue's own deadline is shorter.
pub(crate) const LIFETIME: Limit = limit(150, "seconds after which the kernel ends the process, whatever it waits for");
/// The largest file that is written fits into this, with room to spare.
pub(crate) const NEEDED_FILE_SIZE: Limit =
    limit(256 * 1024, "bytes a file may have at least (`ulimit -H -f`), or the helper does not begin");
/// Those that are open at once, with room for a name service.
pub(crate) const NEEDED_FILES: Limit =
    limit(24, "descriptors it may open at least (`ulimit -H -n`), or the helper does not begin");

/// Every limit.
pub(crate) const LIMITS: [&Limit; 5] = [&PATIENCE, &LAST_WORD, &LIFETIME, &NEEDED_FILE_SIZE, &NEEDED_FILES];
