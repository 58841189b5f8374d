//! ^C in the middle of long work: what has begun is ended, the rest is left, and it is told how far it got.
//!
//! Invariant: a second signal ends the program at once, as a first one would have without this.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::sys::signal::{SigSet, Signal};

/// What asks a program to end, and the bit of each in a mask (`signal(7)`).
const SIGNALS: [(Signal, u64); 3] = [(Signal::SIGHUP, 1), (Signal::SIGINT, 1 << 1), (Signal::SIGTERM, 1 << 14)];

/// Whether somebody asked.
#[derive(Debug, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Watches from now on, in this thread and those it starts from now on.
    pub(crate) fn watch() -> Self {
        let stop = Self::default();
        let signals = not_ignored();
        let asked = Arc::clone(&stop.0);
        if signals.iter().next().is_none() || signals.thread_block().is_err() {
            return stop;
        }
        let wait = move || {
            let _ = signals.wait();
            asked.store(true, Ordering::Relaxed);
            let _ = signals.thread_unblock();
            // Only a thread that lives can get the second one.
            loop {
                thread::park();
            }
        };
        if thread::Builder::new().spawn(wait).is_err() {
            let _ = signals.thread_unblock();
        }
        stop
    }

    /// Whether nothing new should be begun.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The signals that whoever started us did not have ignored (`nohup`).
fn not_ignored() -> SigSet {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = ignored(&status);
    SIGNALS.into_iter().filter(|(_, bit)| ignored & bit == 0).map(|(signal, _)| signal).collect()
}

/// The mask of ignored signals (`proc_pid_status(5)`).
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_read_from_the_mask() {
        let mask = ignored("Name:\tx\nSigBlk:\t00000000ffffffff\nSigIgn:\t0000000000001001\n");
        assert_eq!(
            SIGNALS.map(|(signal, bit)| (signal, mask & bit != 0)),
            [(Signal::SIGHUP, true), (Signal::SIGINT, false), (Signal::SIGTERM, false)]
        );
        assert_eq!(ignored(""), 0);
    }
}
