//! Transactions on one user: born complete, kept apart from what does not fit, never over another's file.
use crate::ground::{
    OWNER, STATE, alice, bare, enrolled, make_read_only, mode_and_owner, names, put, store, untrusted,
};
use countersign_common::counters::{Counters, Throttle, new_file};
use countersign_common::files::{Access, Directory, FileProblem, Owners};
use countersign_common::record::{Record, Revision, UserName, render};
use countersign_common::store::{FileStore, Session, State, Store, StoreError, Written};
use countersign_common::token::RecordId;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::fs;
use std::time::{Duration, Instant};

const COUNTERS: &str = "/mnt/state/counters/alice";
const RECORD: &str = "/mnt/state/users/alice.toml";

/// Counters that tell of a failure.
fn failed() -> Counters {
    Counters { throttle: Throttle { failures: 3, ..Throttle::default() }, ..Counters::default() }
}

fn enroll(store: &FileStore) {
    let mut session = store.begin(&alice()).expect("a session");
    assert_eq!(session.write_counters(&failed()), Ok(Written::Committed));
    assert_eq!(session.replace_record(&enrolled()), Ok(Written::Committed));
}

#[test]
fn counters_are_born_complete_private_and_by_themselves() {
    let store = store();
    assert_eq!(store.view(&alice()), Ok(State::default()));
    assert!(names(&format!("{STATE}/counters")).is_empty(), "a look leaves nothing");
    let session = store.begin(&alice()).expect("a session");
    assert_eq!(session.state(), &State { record: None, counters: Counters { sequence: 1, ..Counters::default() } });
    assert_eq!(session.state().edition(), None);
    assert_eq!(names(&format!("{STATE}/counters")), ["alice"]);
    assert_eq!(mode_and_owner(COUNTERS), ("600".to_owned(), OWNER));
    assert_eq!(fs::read(COUNTERS).expect("counters"), new_file(&session.state().counters));
}

#[test]
fn what_is_written_is_what_is_read_under_the_next_number_and_in_the_other_slot() {
    let store = store();
    enroll(&store);
    let state = store.view(&alice()).expect("a state");
    assert_eq!(state.record, Some(enrolled()));
    assert_eq!(state.edition(), Some((enrolled().id, Revision(1))));
    let expected = Counters { sequence: 3, record: Some(enrolled().id), ..failed() };
    assert_eq!(state.counters, expected, "the counters vouch for the record");
    assert_eq!(fs::read_to_string(RECORD).expect("a record"), render(&enrolled()).as_str());
    assert_eq!(mode_and_owner(RECORD), ("600".to_owned(), OWNER));
    let mut session = store.begin(&alice()).expect("a session");
    let before = fs::read(COUNTERS).expect("counters");
    assert_eq!(session.write_counters(&Counters::default()), Ok(Written::Committed));
    assert_eq!(session.state().counters, Counters { sequence: 4, record: Some(enrolled().id), ..Counters::default() });
    let after = fs::read(COUNTERS).expect("counters");
    let slots = |range: std::ops::Range<usize>| before[range.clone()] == after[range];
    assert_eq!([slots(0..512), slots(512..4096), slots(4096..4608)].iter().filter(|same| **same).count(), 2);
}

#[test]
fn a_record_replaces_only_the_one_it_follows() {
    let store = store();
    enroll(&store);
    let mut session = store.begin(&alice()).expect("a session");
    let next = Record { revision: Revision(2), ..enrolled() };
    let strangers = [
        enrolled(),
        Record { revision: Revision(3), ..enrolled() },
        Record { id: RecordId::from_random([1; 8]), ..next.clone() },
        Record { user: UserName::new("bob").expect("a name"), ..next.clone() },
    ];
    for stranger in strangers {
        assert_eq!(session.replace_record(&stranger), Ok(Written::Conflict), "{stranger:?}");
        assert_eq!(session.state().record, Some(enrolled()));
    }
    // What a crash left half-written under the name for it is no hindrance, and gone.
    put("/mnt/state/users/.alice.toml", "half of a rec");
    assert_eq!(session.replace_record(&next), Ok(Written::Committed));
    assert_eq!(names(&format!("{STATE}/users")), ["alice.toml"]);
    assert_eq!(session.state().record, Some(next.clone()));
    let counters = session.state().counters.clone();
    assert_eq!(counters.sequence, 3, "counters that vouch for it already are left alone");
    drop(session);
    assert_eq!(store.view(&alice()), Ok(State { record: Some(next), counters }));
}

/// A restore over a live store, a second name, the file moved aside: its readers would not see what is written.
#[test]
fn nothing_is_written_to_counters_that_no_longer_stand_under_their_name_alone() {
    let disturbances: [(&str, &dyn Fn()); 4] = [
        ("replaced", &|| put(COUNTERS, new_file(&Counters { sequence: 9, ..Counters::default() }))),
        ("removed", &|| fs::remove_file(COUNTERS).expect("remove")),
        ("linked", &|| fs::hard_link(COUNTERS, "/mnt/second").expect("link")),
        ("moved aside", &|| {
            fs::rename(COUNTERS, "/mnt/aside").expect("rename");
            put(COUNTERS, new_file(&Counters::default()));
        }),
    ];
    for (what, disturb) in disturbances {
        let store = store();
        let mut session = store.begin(&alice()).expect("a session");
        disturb();
        assert_eq!(session.write_counters(&failed()), Ok(Written::Conflict), "{what}");
        assert_eq!(session.replace_record(&enrolled()), Ok(Written::Conflict), "{what}");
        assert!(names(&format!("{STATE}/users")).is_empty(), "{what}");
    }
}

/// A record, counters, and the path and reason of what is wrong with them.
type Case<'a> = (Option<Record>, Option<Counters>, Option<(&'a str, &'a str)>);

#[test]
fn what_does_not_fit_together_is_not_trusted() {
    let with_record = |id: [u8; 8]| Counters { sequence: 1, record: Some(RecordId::from_random(id)), ..failed() };
    let cases: [Case; 7] = [
        (Some(bare()), None, None),
        (Some(bare()), Some(failed()), None),
        (Some(enrolled()), Some(with_record([9; 8])), None),
        (Some(enrolled()), Some(failed()), None),
        (Some(enrolled()), None, Some((COUNTERS, "does not exist, though the user has tokens"))),
        (None, Some(with_record([9; 8])), Some((RECORD, "does not exist, though its counters do"))),
        (Some(enrolled()), Some(with_record([8; 8])), Some((COUNTERS, "belongs to another record"))),
    ];
    for (record, counters, problem) in cases {
        let store = store();
        if let Some(record) = &record {
            put(RECORD, render(record).as_bytes());
        }
        if let Some(counters) = &counters {
            put(COUNTERS, new_file(counters));
        }
        let viewed = store.view(&alice());
        let begun = store.begin(&alice()).map(|session| session.state().clone());
        match problem {
            None => {
                assert_eq!(
                    viewed,
                    Ok(State { record: record.clone(), counters: counters.clone().unwrap_or_default() })
                );
                assert_eq!(begun.expect("a session").record, record);
            }
            Some((path, reason)) => {
                let expected = (path.to_owned(), reason.to_owned());
                assert_eq!((untrusted(viewed), untrusted(begun)), (expected.clone(), expected));
            }
        }
    }
}

#[test]
fn the_record_of_another_user_under_ones_name_is_not_trusted() {
    let store = store();
    put(RECORD, render(&Record { user: UserName::new("bob").expect("a name"), ..bare() }).as_bytes());
    let expected = (RECORD.to_owned(), "is the record of another user".to_owned());
    assert_eq!(untrusted(store.view(&alice())), expected);
    assert_eq!(untrusted(store.begin(&alice())), expected);
}

#[test]
fn a_read_only_file_system_is_a_write_that_failed_and_no_damage() {
    let store = store();
    enroll(&store);
    drop(store);
    make_read_only(STATE);
    let store = crate::ground::opened().expect("readable");
    assert_eq!(store.view(&alice()).expect("a state").record, Some(enrolled()));
    let error = store.begin(&alice()).expect_err("read-only");
    assert!(matches!(&error, StoreError::WriteFailed { path, .. } if path == COUNTERS), "{error:?}");
    assert_eq!(error.to_string(), format!("{COUNTERS}: cannot be written: Read-only file system"));
}

#[test]
fn a_lock_ends_with_its_session_though_the_handle_lives_on_elsewhere() {
    let store = store();
    let session = store.begin(&alice()).expect("a session");
    // As a child of the application has it, forked while the lock was held.
    let is_ours = |path: &std::path::Path| fs::read_link(path).is_ok_and(|target| target.ends_with("counters/alice"));
    let inherited: Vec<fs::File> = fs::read_dir("/proc/thread-self/fd")
        .expect("list descriptors")
        .filter_map(|entry| Some(entry.ok()?.path()).filter(|path| is_ours(path)))
        .map(|path| {
            let number: i32 = path.file_name().and_then(|name| name.to_str()).expect("a number").parse().expect("it");
            // SAFETY: the session above keeps it open.
            let handle = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) };
            fs::File::from(handle.try_clone_to_owned().expect("duplicate"))
        })
        .collect();
    assert!(!inherited.is_empty());
    drop(session);
    let started = Instant::now();
    drop(store.begin(&alice()).expect("free"));
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_held_lock_is_waited_for_until_the_deadline_and_its_holder_named() {
    let store = store();
    let held = store.begin(&alice()).expect("a session");
    let started = Instant::now();
    let error = store.begin(&alice()).expect_err("locked");
    let waited = started.elapsed();
    assert!((Duration::from_secs(5)..Duration::from_secs(30)).contains(&waited), "{waited:?}");
    let name = fs::read_to_string("/proc/self/comm").expect("our name");
    let holder = Some(format!("process {} ({})", std::process::id(), name.trim_end()));
    assert_eq!(error, StoreError::Busy { path: COUNTERS.to_owned(), holder });
    drop(held);
    store.begin(&alice()).expect("free again");
}

#[test]
fn a_private_file_that_is_not_as_it_should_be_is_named_and_not_opened() {
    drop(store());
    let owners = Owners { installed: OWNER };
    let room = Directory::open_private(STATE, owners).expect("the state").private_subdirectory("counters", owners);
    let room = room.expect("counters");
    let problem = || room.open_private_file("alice", owners, Access::Read).map(|_| ()).map_err(|error| error.problem);
    assert!(room.open_private_file("alice", owners, Access::Read).expect("no error").is_none());
    put(COUNTERS, "x");
    assert_eq!(problem(), Ok(()));
    let file = room.open_private_file("alice", owners, Access::ReadWrite).expect("no error").expect("a file");
    let flags = OFlag::from_bits_retain(fcntl(&file, FcntlArg::F_GETFL).expect("flags"));
    assert!(flags.contains(OFlag::O_RDWR | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK), "{flags:?}");
    assert_eq!(fcntl(&file, FcntlArg::F_GETFD), Ok(1), "closed when a program starts");
    fs::hard_link(COUNTERS, "/mnt/second").expect("link");
    assert_eq!(problem(), Err(FileProblem::Links(2)));
    fs::remove_file(COUNTERS).expect("remove");
    std::os::unix::fs::symlink("/mnt/second", COUNTERS).expect("link");
    assert_eq!(problem(), Err(FileProblem::LinkOrWrongKind));
    fs::remove_file(COUNTERS).expect("remove");
    nix::unistd::mkfifo(COUNTERS, nix::sys::stat::Mode::S_IRUSR).expect("make a FIFO");
    assert_eq!(problem(), Err(FileProblem::NotRegular), "and nobody waits for its other end");
}

#[test]
fn a_name_too_long_for_a_file_is_told() {
    let store = store();
    let long = UserName::new(&"x".repeat(241)).expect("a name");
    assert_eq!(store.view(&long), Err(StoreError::NameTooLong));
    assert_eq!(StoreError::NameTooLong.to_string(), "the user name is too long");
}
