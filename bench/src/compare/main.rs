//! `make compare`: the same cases against this module and two others, and docs/comparison.md about what happened.
//!
//! Every case of every module runs in a private world of its own, by real libpam.
mod cases;
mod crowds;
mod damage;
#[path = "../disk.rs"]
mod disk;
mod page;
mod place;
mod sessions;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path] = &arguments[..] else {
        eprintln!("usage: scripts/compare");
        return ExitCode::from(2);
    };
    let rows: Vec<page::Row> = cases::all().into_iter().map(page::Row::run).collect();
    let page = page::write(&rows);
    println!("{page}");
    match std::fs::write(path, page) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {path}: {error}");
            ExitCode::FAILURE
        }
    }
}
