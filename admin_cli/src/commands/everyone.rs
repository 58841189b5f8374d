//! Reading every user that has state, on as many processors as there are.

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

/// What `make` makes of each user, in order of names.
pub(super) fn each<T: Send>(desk: &Desk, make: impl Fn(&Report) -> T + Sync) -> Result<Vec<T>, Failure> {
    let parts = gather(desk, |made: &mut Vec<T>, report| made.push(make(report)))?;
    Ok(parts.into_iter().flatten().collect())
}

/// What `add` gathers of all users, in parts, in order of names: a part for each processor, none of them over and over
/// again for each user.
pub(super) fn gather<T: Default + Send>(desk: &Desk, add: impl Fn(&mut T, &Report) + Sync) -> Result<Vec<T>, Failure> {
    let users = desk.store.users().map_err(|error| Failure::of_store(&error))?;
    let (now, catalog) = (desk.now()?, Catalog::of(&groups(&desk.config).cloned().collect::<Vec<_>>()));
    let useful = users.len().checked_div(WORTH_A_THREAD).unwrap_or(0);
    let threads = thread::available_parallelism().map_or(1, usize::from).min(useful).max(1);
    let chunk = users.len().div_ceil(threads).max(1);
    let read = |users: &[UserName]| -> T {
        let mut gathered = T::default();
        for user in users {
            add(&mut gathered, &report(desk, &catalog, user, now));
        }
        gathered
    };
    let read = &read;
    Ok(thread::scope(|scope| {
        let parts: Vec<_> = users
            .chunks(chunk)
            .map(|users| (users, thread::Builder::new().spawn_scoped(scope, move || read(users))))
            .collect();
        // Where no thread is to be had, the work is done here.
        let finished = parts.into_iter().map(|(users, part)| match part {
            Ok(part) => part.join().unwrap_or_else(|_| read(users)),
            Err(_) => read(users),
        });
        finished.collect()
    }))
}

fn report(desk: &Desk, catalog: &Catalog, user: &UserName, now: UnixTime) -> Report {
    let state = desk.store.view(user);
    let recorded = state.as_ref().ok().and_then(|state| state.record.as_ref()).map(|record| record.uid);
    let (person, administrator) = person(desk, catalog, user, recorded.filter(|uid| *uid != NO_ID));
    let ruling = Ruling::of(&desk.config.rules, catalog, &person);
    Report::of(&desk.config, &person, administrator, ruling, &state, now)
}

/// The groups whose members matter.
fn groups(config: &Config) -> impl Iterator<Item = &String> {
    let of_rules = config.rules.iter().filter_map(|rule| rule.groups.as_ref()).flatten();
    config.administrators.groups.iter().chain(of_rules)
}

/// The person of a user that has state. NSS is asked only where its answer matters: a list must not cost as much as
/// all look-ups together.
fn person(desk: &Desk, catalog: &Catalog, user: &UserName, recorded: Option<u32>) -> (Person, Administrator) {
    let with = |account: Option<Account>| Person { name: user.clone(), account };
    let recorded = recorded.map(|uid| Account { name: user.clone(), uid, gid: NO_ID });
    let suffices = recorded.is_some() && groups(&desk.config).next().is_none();
    let found = match catalog.local(user) {
        Some(account) => Ok(Some(account.clone())),
        None if suffices => Ok(None),
        None => catalog.by_name(user.as_str()),
    };
    let person = match found {
        Ok(Some(account)) => with(Some(account)),
        Ok(None) => with(recorded),
        Err(_) => return (with(recorded), Administrator::Unknown),
    };
    let administrator = administrator(&desk.config, catalog, &person.account_or_stranger());
    (person, administrator)
}
