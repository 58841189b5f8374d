//! Reading many users, on as many processors as there are.
//!
//! Invariant: nobody is left out; what is made of them comes in the order of their names.

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
use crate::turns::in_turns;

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
            for user in users {
                add(&mut gathered, self.report(user));
            }
            gathered
        };
        let useful = self.users.len().checked_div(WORTH_A_THREAD).unwrap_or(0);
        let threads = thread::available_parallelism().map_or(1, usize::from).min(useful);
        in_turns(threads, &turns, &|users| read(users), &mut take);
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

/// The groups whose members matter.
fn groups(config: &Config) -> impl Iterator<Item = &String> {
    let of_rules = config.rules.iter().filter_map(|rule| rule.groups.as_ref()).flatten();
    config.administrators.groups.iter().chain(of_rules)
}
