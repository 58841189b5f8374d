//! Sessions beside a damaged slot: what they find, what they leave, and when it is told.
use crate::ground::{STATE, alice, put, store};
use countersign_common::counters::{Counters, SLOT_SIZE, Slot, new_file, render};
use countersign_common::record::UserName;
use countersign_common::store::{Damage, Forgotten, Session, Store, Telling, Written};
use nix::fcntl::{Flock, FlockArg};
use std::cell::RefCell;
use std::fs;

const COUNTERS: &str = "/mnt/state/counters/alice";

fn numbered(sequence: u64) -> Counters {
    Counters { sequence, ..Counters::default() }
}

/// Puts counters in place: the first slot written the third time, and this in the second.
fn put_beside(second: &[u8; SLOT_SIZE]) {
    let mut file = new_file(&numbered(3));
    file[4096..].copy_from_slice(second);
    put(COUNTERS, file);
}

#[test]
fn a_session_beside_a_damaged_slot_has_the_other_ones_state_names_it_and_mends_it() {
    let store = store();
    put_beside(&[0; SLOT_SIZE]);
    assert_eq!(store.view(&alice()).expect("a state").counters, numbered(3));
    let mut session = store.begin(&alice()).expect("a session");
    assert_eq!(session.damage(), Some(&Damage { path: COUNTERS.to_owned(), slot: Slot::Second }));
    assert_eq!(session.state().counters, numbered(3));
    assert_eq!(session.write_counters(&Counters::default()), Ok(Written::Committed));
    drop(session);
    assert_eq!(fs::read(COUNTERS).expect("counters")[4096..], render(&numbered(4)));
    assert_eq!(store.begin(&alice()).expect("a session").damage(), None);
}

#[test]
fn damage_is_told_once_for_each_session_and_only_when_the_lock_is_free() {
    let (store, told) = (store(), RefCell::new(Vec::new()));
    let store = Telling::new(store, |user: &UserName, damage: &Damage| {
        let file = fs::File::open(COUNTERS).expect("counters");
        Flock::lock(file, FlockArg::LockExclusiveNonblock).expect("nobody holds the lock while a log is waited for");
        told.borrow_mut().push((user.clone(), damage.clone()));
    });
    put_beside(&render(&numbered(2)));
    drop(store.begin(&alice()).expect("a session"));
    assert!(told.borrow().is_empty(), "an older state is no damage");
    put_beside(&[0; SLOT_SIZE]);
    assert_eq!(store.view(&alice()).expect("a state").counters, numbered(3));
    assert!(told.borrow().is_empty(), "without the lock it may be a slot that is just being written");
    let expected = (alice(), Damage { path: COUNTERS.to_owned(), slot: Slot::Second });
    let mut session = store.begin(&alice()).expect("a session");
    assert_eq!((session.damage(), session.state().counters.sequence), (Some(&expected.1), 3));
    assert_eq!(session.write_counters(&Counters::default()), Ok(Written::Committed));
    assert!(told.borrow().is_empty(), "the lock is held");
    drop(session);
    assert_eq!(*told.borrow(), [expected]);
    assert_eq!(store.users(), Ok(vec![alice()]));
    assert_eq!(store.forget(&alice()), Ok(Forgotten::Removed));
    assert!(fs::read_dir(format!("{STATE}/counters")).expect("a directory").next().is_none());
}
