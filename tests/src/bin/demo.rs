//! `make demo`: a real login with a second factor in a private world, by a person at this terminal or a scripted one.
//!
//! `demo admin` opens an administrator's shell in the world of a running demo. Nothing outside the world is changed,
//! and the kernel ends the world with this process, however it ends.
#[path = "../demo/mod.rs"]
mod demo;

use std::io::IsTerminal;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() => demo::interactive(),
        [] => demo::scripted(),
        ["admin"] => demo::admin(),
        _ => {
            eprintln!("usage: demo [admin]");
            ExitCode::from(2)
        }
    }
}
