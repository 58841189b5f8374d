//! Everyone's state: who has any, and how it is forgotten.
use crate::ground::{STATE, alice, bare, enrolled, make_read_only, names, put, store};
use countersign_common::counters::{Counters, new_file, read_file};
use countersign_common::record::render;
use countersign_common::store::{Forgotten, Session, State, Store, StoreError, Written};

fn listed(store: &impl Store) -> Vec<String> {
    store.users().expect("users").iter().map(ToString::to_string).collect()
}

#[test]
fn everyone_with_a_record_or_counters_is_listed_once_and_nothing_else() {
    let store = store();
    assert!(listed(&store).is_empty());
    for file in ["zoe.toml", "alice.toml", ".bob.toml", "carol", "odd%2Fone.toml", "%2e.toml"] {
        put(&format!("{STATE}/users/{file}"), "damage does not show here");
    }
    for file in ["alice", "dan", ".dan.00000000", "x y"] {
        put(&format!("{STATE}/counters/{file}"), "");
    }
    assert_eq!(listed(&store), ["alice", "dan", "odd/one", "zoe"]);
}

#[test]
fn forgetting_removes_record_counters_and_what_crashes_left_and_nothing_of_others() {
    let store = store();
    assert_eq!(store.forget(&alice()), Ok(Forgotten::Nothing));
    let mut session = store.begin(&alice()).expect("a session");
    assert_eq!(session.replace_record(&enrolled()), Ok(Written::Committed));
    drop(session);
    for leftover in ["users/.alice.toml", "counters/.alice.0a1b2c3d"] {
        put(&format!("{STATE}/{leftover}"), "half");
    }
    for others in ["users/.bob.toml", "counters/.alice.b.0a1b2c3d", "counters/.bob.0a1b2c3d", "counters/alice.b"] {
        put(&format!("{STATE}/{others}"), "others'");
    }
    assert_eq!(store.forget(&alice()), Ok(Forgotten::Removed));
    assert_eq!(names(&format!("{STATE}/users")), [".bob.toml"]);
    assert_eq!(names(&format!("{STATE}/counters")), [".alice.b.0a1b2c3d", ".bob.0a1b2c3d", "alice.b"]);
    assert_eq!(store.view(&alice()), Ok(State::default()));
    for only in ["users/.alice.toml", "counters/.alice.0a1b2c3d", "users/alice.toml", "counters/alice"] {
        put(&format!("{STATE}/{only}"), "not to be trusted, and forgotten all the same");
        assert_eq!(store.forget(&alice()), Ok(Forgotten::Removed), "{only}");
        assert_eq!(store.forget(&alice()), Ok(Forgotten::Nothing), "{only}");
    }
}

#[test]
fn forgetting_that_ends_halfway_leaves_a_whole_state() {
    let store = store();
    let mut session = store.begin(&alice()).expect("a session");
    assert_eq!(session.replace_record(&enrolled()), Ok(Written::Committed));
    drop(session);
    drop(store);
    make_read_only(&format!("{STATE}/users"));
    let store = crate::ground::opened().expect("a store");
    let error = store.forget(&alice()).expect_err("the record cannot be removed");
    assert!(matches!(&error, StoreError::WriteFailed { .. }), "{error:?}");
    let state = store.view(&alice()).expect("whole");
    assert_eq!(state.record, Some(enrolled()));
    assert_eq!(state.counters.record, None, "the counters let go of the record first");
}

#[test]
fn the_size_of_counters_never_changes() {
    let store = store();
    put(&format!("{STATE}/users/alice.toml"), render(&bare()).as_bytes());
    let mut session = store.begin(&alice()).expect("a session");
    for _ in 0..5 {
        assert_eq!(session.write_counters(&Counters::default()), Ok(Written::Committed));
        let path = format!("{STATE}/counters/alice");
        let bytes = std::fs::read(path).expect("counters");
        assert_eq!(bytes.len(), new_file(&Counters::default()).len());
        assert_eq!(read_file(&bytes).expect("valid").counters, session.state().counters);
    }
}
