//! `make bench`: what a login costs, measured side by side in one run, and whether the bars of the design are met.
//!
//! Everything that is measured runs in a private world, its state on an ext4 file system of its own. This program
//! runs outside and, as `bench series` and `bench generate`, inside.
mod bars;
mod chart;
mod disk;
mod fixture;
mod machine;
mod measures;
mod module;
mod people;
mod report;
mod series;
mod state;
mod statistics;

use fixture::{Effort, Fixture};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (effort, folder) = match arguments[..] {
        ["series"] => return done(series::run_inside()),
        ["generate"] => return done(state::generate_inside()),
        ["full", folder] => (Effort::full(), folder),
        ["quick", folder] => (Effort::quick(), folder),
        _ => {
            eprintln!("usage: scripts/bench [--quick]");
            return ExitCode::from(2);
        }
    };
    match Fixture::build(effort) {
        Ok(mut fixture) => {
            let measured = measures::measure(&mut fixture);
            drop(fixture);
            done(report::write(&measured, folder))
        }
        Err(reason) => {
            eprintln!("error: {reason}");
            eprintln!("hint: state must lie on a real ext4 file system, or durability costs nothing: run where");
            eprintln!("      losetup and mkfs.ext4 work (root, /dev/loop-control, not in an unprivileged container)");
            ExitCode::FAILURE
        }
    }
}

fn done(result: std::io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
