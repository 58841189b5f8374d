//! `countersign-helper`: what an ordinary user may do to their own second factor, and to that of those they may help.
//!
//! Installed set-user-ID root and set-group-ID `countersign`; started by `countersign`, or by anyone in any way: nothing
//! its caller controls is trusted. In order:
//!
//! 1. [`first_act`]: become the system user `countersign` for good, before anything is read, this program's own
//!    arguments included. No line after it runs with any power of root's.
//! 2. [`surroundings`]: signals, environment, descriptors, limits, umask, directory.
//! 3. [`service`]: one request, decided by `countersign_common::decision` as for root's command.
//!
//! Invariants: the caller is known by the real user id alone; arguments and environment are never looked at; no lock
//! is held while the caller is waited for; nothing is told before what it tells of is durable.
#![no_main]
#![deny(unsafe_code)]

mod caller;
mod case;
mod changing;
mod confirming;
mod desk;
mod enrolling;
#[allow(unsafe_code, reason = "the one room that needs it; a line each, with its reason")]
mod ffi;
mod first_act;
#[allow(dead_code, reason = "the writer of the manuals reads all of it")]
mod manual;
mod refusal;
mod service;
mod surroundings;
mod talk;

use std::panic;

/// How the program ends where no line could say so; the command has words for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// All that was to be said was said.
    Said,
    /// A defect in this program.
    Bug,
    /// Run by root, who has the command itself.
    RunByRoot,
    /// Not set-user-ID root and set-group-ID `countersign`, or on a file system that ignores that.
    NotInstalled,
    /// The surroundings cannot be put in order.
    Surroundings,
}

/// All of it, from `main` on.
fn begin() -> Exit {
    let caller = match first_act::become_owner() {
        Ok(caller) => caller,
        Err(exit) => return exit,
    };
    // A panic's message would go to the caller, and a core file besides.
    panic::set_hook(Box::new(|_| {}));
    panic::catch_unwind(|| match surroundings::put_in_order() {
        Ok(()) => service::serve(caller),
        Err(exit) => exit,
    })
    .unwrap_or(Exit::Bug)
}

impl Exit {
    /// The exit status.
    const fn status(self) -> i32 {
        match self {
            Self::Said => manual::SAID.number,
            Self::Bug => manual::BUG.number,
            Self::RunByRoot => manual::RUN_BY_ROOT.number,
            Self::NotInstalled => manual::NOT_INSTALLED.number,
            Self::Surroundings => manual::SURROUNDINGS.number,
        }
    }
}
