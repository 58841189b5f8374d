//! Reading many users, on as many processors as there are.
//!
//! Invariants: nobody is left out, whatever becomes of a thread; what is made of them comes in the order of their names.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use countersign_common::config::Config;
use countersign_common::decision::Administrator;
use countersign_common::record::UserName;
use countersign_common::store::Store;
use countersign_common::system::{Account, Accounts, administrator};
use countersign_common::token::UnixTime;

use crate::catalog::Catalog;
use crate::desk::{Desk, NO_ID, Person};
use crate::failure::Failure;
use crate::report::Report;
use crate::ruling::Ruling;

/// Fewer users than this are not worth a thread.
const WORTH_A_THREAD: usize = 500;
/// So many users are one turn of a thread: few enough that none has to wait long for the last of another.
const TURN: usize = 200;

/// What `make` makes of each user that has state.
pub(super) fn each<T: Send>(desk: &Desk, make: impl Fn(&Report) -> T + Sync) -> Result<Vec<T>, Failure> {
    Ok(Everyone::with_state(desk)?.each(|report| make(&report)))
}

/// The users a command looks at.
pub(super) struct Everyone<'a> {
    desk: &'a Desk,
    /// Accounts and groups, looked up once for all of them.
    pub(super) catalog: Catalog,
    users: Vec<UserName>,
    now: UnixTime,
}

impl<'a> Everyone<'a> {
    /// Every user that has state.
    pub(super) fn with_state(desk: &'a Desk) -> Result<Self, Failure> {
        let users = desk.store.users().map_err(|error| Failure::of_store(&error))?;
        let catalog = Catalog::of(&groups(&desk.config).cloned().collect::<Vec<_>>());
        Ok(Self { desk, catalog, users, now: desk.now()? })
    }

    /// Whether a user is among them.
    pub(super) fn has(&self, user: &str) -> bool {
        self.users.binary_search_by(|known| known.as_str().cmp(user)).is_ok()
    }

    /// These as well.
    pub(super) fn add(&mut self, more: Vec<UserName>) {
        self.users.extend(more);
        self.users.sort();
        self.users.dedup();
    }

    /// What `make` makes of each user.
    pub(super) fn each<T: Send>(&self, make: impl Fn(Report) -> T + Sync) -> Vec<T> {
        let mut all = Vec::with_capacity(self.users.len());
        self.gather(|made: &mut Vec<T>, report| made.push(make(report)), |part| all.extend(part));
        all
    }

    /// Hands what `add` gathers of all users to `take`, in parts, none of them over and over again for each user.
    pub(super) fn gather<T: Default + Send>(&self, add: impl Fn(&mut T, Report) + Sync, mut take: impl FnMut(T)) {
        let turns: Vec<&[UserName]> = self.users.chunks(TURN).collect();
        let read = |users: &[UserName]| -> T {
            let mut gathered = T::default();
            users.iter().for_each(|user| add(&mut gathered, self.report(user)));
            gathered
        };
        let useful = self.users.len().checked_div(WORTH_A_THREAD).unwrap_or(0);
        let threads = thread::available_parallelism().map_or(1, usize::from).min(useful);
        let mut due = 0;
        if threads > 1 {
            due = in_turns(threads, &turns, &read, &mut take);
        }
        // Where no thread was to be had, or one ended before its time, the work is done here.
        turns.iter().skip(due).for_each(|users| take(read(users)));
    }

    fn report(&self, user: &UserName) -> Report {
        let desk = self.desk;
        let state = desk.store.view(user);
        let recorded = state.as_ref().ok().and_then(|state| state.record.as_ref()).map(|record| record.uid);
        let (person, administrator) = self.person(user, recorded.filter(|uid| *uid != NO_ID));
        let ruling = Ruling::of(&desk.config.rules, &self.catalog, &person);
        Report::of(&desk.config, &person, administrator, ruling, &state, self.now)
    }

    /// The person of a user. NSS is asked only where its answer matters: a list must not cost as much as all look-ups
    /// together.
    fn person(&self, user: &UserName, recorded: Option<u32>) -> (Person, Administrator) {
        let with = |account: Option<Account>| Person { name: user.clone(), account };
        let recorded = recorded.map(|uid| Account { name: user.clone(), uid, gid: NO_ID });
        let suffices = recorded.is_some() && groups(&self.desk.config).next().is_none();
        let found = match self.catalog.local(user) {
            Some(account) => Ok(Some(account.clone())),
            None if suffices => Ok(None),
            None => self.catalog.by_name(user.as_str()),
        };
        let person = match found {
            Ok(Some(account)) => with(Some(account)),
            Ok(None) => with(recorded),
            Err(_) => return (with(recorded), Administrator::Unknown),
        };
        let administrator = administrator(&self.desk.config, &self.catalog, &person.account_or_stranger());
        (person, administrator)
    }
}

/// Threads take turns at reading; what they read is taken in order. Tells how many turns were taken, from the first on
/// without a gap.
fn in_turns<T: Send>(
    threads: usize,
    turns: &[&[UserName]],
    read: &(impl Fn(&[UserName]) -> T + Sync),
    take: &mut impl FnMut(T),
) -> usize {
    let next = &AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let work = |sender: mpsc::Sender<(usize, T)>| {
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let Some(users) = turns.get(turn) else { return };
            if sender.send((turn, read(users))).is_err() {
                return;
            }
        }
    };
    let work = &work;
    thread::scope(|scope| {
        let started: Vec<_> = (0..threads)
            .filter_map(|_| {
                let sender = sender.clone();
                thread::Builder::new().spawn_scoped(scope, move || work(sender)).ok()
            })
            .collect();
        drop(sender);
        let (mut early, mut due) = (BTreeMap::new(), 0_usize);
        for (turn, part) in receiver {
            early.insert(turn, part);
            while let Some(part) = early.remove(&due) {
                take(part);
                due = due.saturating_add(1);
            }
        }
        started.into_iter().for_each(|thread| drop(thread.join()));
        due
    })
}

/// The groups whose members matter.
fn groups(config: &Config) -> impl Iterator<Item = &String> {
    let of_rules = config.rules.iter().filter_map(|rule| rule.groups.as_ref()).flatten();
    config.administrators.groups.iter().chain(of_rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<UserName> {
        (0..count).map(|number| UserName::new(&format!("user{number:05}")).unwrap()).collect()
    }

    /// How many turns were taken, and of whom.
    fn taken(users: &[UserName], read: impl Fn(&[UserName]) -> Vec<String> + Sync) -> (usize, Vec<String>) {
        let turns: Vec<&[UserName]> = users.chunks(7).collect();
        let mut all = Vec::new();
        let due = in_turns(4, &turns, &read, &mut |part| all.extend(part));
        (due, all)
    }

    #[test]
    fn what_threads_read_comes_in_the_order_of_names() {
        let users = names(5_000);
        let plain = |users: &[UserName]| users.iter().map(|user| user.as_str().to_owned()).collect::<Vec<_>>();
        let (due, all) = taken(&users, plain);
        assert_eq!((due, all), (users.chunks(7).count(), plain(&users)));
    }

    #[test]
    fn what_comes_after_a_thread_that_died_is_left_to_be_done() {
        let users = names(100);
        let (due, all) = taken(&users, |users| {
            assert!(users.iter().all(|user| user.as_str() != "user00035"));
            users.iter().map(|user| user.as_str().to_owned()).collect()
        });
        assert_eq!((due, all.len()), (5, 35));
    }
}
