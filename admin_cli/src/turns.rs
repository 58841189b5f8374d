//! Threads that take turns at many things.
//!
//! Invariants: nothing is left out, whatever becomes of a thread; what is made comes in the order of the things.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Hands `take` what `make` makes of each thing, as soon as its turn has come.
pub(crate) fn in_turns<I: Sync, T: Send>(
    threads: usize,
    things: &[I],
    make: &(impl Fn(&I) -> T + Sync),
    take: &mut impl FnMut(T),
) {
    let done = if threads > 1 { side_by_side(threads, things, make, take) } else { 0 };
    // Where no thread was to be had, or one ended before its time, the work is done here.
    things.iter().skip(done).for_each(|thing| take(make(thing)));
}

/// Tells how many turns were taken, from the first on without a gap.
fn side_by_side<I: Sync, T: Send>(
    threads: usize,
    things: &[I],
    make: &(impl Fn(&I) -> T + Sync),
    take: &mut impl FnMut(T),
) -> usize {
    let next = &AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let work = &|sender: mpsc::Sender<(usize, T)>| {
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let Some(thing) = things.get(turn) else { return };
            if sender.send((turn, make(thing))).is_err() {
                return;
            }
        }
    };
    thread::scope(|scope| {
        let start = |sender: mpsc::Sender<_>| thread::Builder::new().spawn_scoped(scope, move || work(sender)).ok();
        let started: Vec<_> = (0..threads).filter_map(|_| start(sender.clone())).collect();
        drop(sender);
        let (mut early, mut due) = (BTreeMap::new(), 0_usize);
        for (turn, made) in receiver {
            early.insert(turn, made);
            while let Some(made) = early.remove(&due) {
                take(made);
                due = due.saturating_add(1);
            }
        }
        for thread in started {
            let _ = thread.join();
        }
        due
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_comes_in_order() {
        for threads in [0, 1, 4] {
            let things: Vec<usize> = (0..5_000).collect();
            let mut all = Vec::new();
            in_turns(threads, &things, &|thing| thing * 2, &mut |made| all.push(made));
            assert_eq!(all, things.iter().map(|thing| thing * 2).collect::<Vec<_>>(), "{threads}");
        }
    }

    #[test]
    fn what_threads_that_died_leave_is_done_all_the_same() {
        let things: Vec<usize> = (0..100).collect();
        let here = thread::current().id();
        let make = |thing: &usize| {
            assert!(*thing != 35 || thread::current().id() == here, "a thread dies");
            *thing
        };
        let mut all = Vec::new();
        in_turns(4, &things, &make, &mut |made| all.push(made));
        assert_eq!(all, things);
    }
}
