//! `countersign`: the administrator's command, and through the helper everyone's own.
//!
//! Invariants: decides nothing itself, it asks `countersign_common::decision`; a change of one user is one
//! transaction; what cannot be looked up, read or written is an error, never an absence (I4).
#![forbid(unsafe_code)]

mod absolute;
mod actor;
mod answer;
mod arguments;
mod catalog;
mod commands;
mod desk;
mod failure;
mod journal;
mod json;
mod log;
#[allow(dead_code, reason = "what the program itself does not read, its manual does")]
mod manual;
mod output;
mod pam;
mod passwd;
mod powers;
mod reader;
mod report;
mod ruling;
mod self_service;
mod sentences;
mod stop;
mod transaction;
mod turns;

use std::process::ExitCode;

use clap::Parser;
use nix::sys::signal::{SigSet, Signal};

use arguments::Arguments;
use output::Output;

fn main() -> ExitCode {
    if let Some(ended) = reader::run().or_else(self_service::run) {
        return ended;
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(answer) => {
            // Help, version or a usage error; a closed pipe is no reason to complain.
            let _ = answer.print();
            return u8::try_from(answer.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    fail_by_error_when_a_file_grows_too_large();
    let mut output = Output::new();
    let verdict = commands::run(&arguments, &mut output);
    output.finish(verdict)
}

/// With a file size limit the kernel would kill us in the middle of a change; blocked, the write fails instead.
fn fail_by_error_when_a_file_grows_too_large() {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGXFSZ);
    let _ = signals.thread_block();
}
