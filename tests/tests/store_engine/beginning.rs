//! `init`, and to which installation a state directory belongs.
use crate::ground::{ID, INSTALLATION, OWNER, STATE, fresh, mode_and_owner, names, opened, put, store, untrusted};
use countersign_common::store::{InitError, Initialized, Installation, Renew, StoreError, initialize};
use countersign_common::token::InstallationId;
use std::fs;

fn init(renew: Renew) -> Result<Initialized, InitError> {
    initialize(STATE, INSTALLATION, OWNER, ID, renew)
}

#[test]
fn init_makes_everything_with_its_modes_whatever_the_umask_and_then_nothing_more() {
    drop(store());
    assert_eq!(names("/mnt"), ["etc", "state"]);
    assert_eq!(names("/mnt/etc"), ["installation"]);
    assert_eq!(names(STATE), ["counters", "format", "users"]);
    assert_eq!(mode_and_owner("/mnt/etc"), ("755".to_owned(), 0));
    assert_eq!(mode_and_owner(INSTALLATION), ("644".to_owned(), 0));
    for directory in ["", "/users", "/counters"] {
        assert_eq!(mode_and_owner(format!("{STATE}{directory}")), ("700".to_owned(), OWNER));
    }
    assert_eq!(mode_and_owner(format!("{STATE}/format")), ("600".to_owned(), OWNER));
    assert_eq!(Installation::load(INSTALLATION), Ok(Installation { id: ID, owner: OWNER }));
    let other = InstallationId::from_random([8; 8]);
    assert_eq!(initialize(STATE, INSTALLATION, 5, other, Renew::No), Ok(Initialized::Already));
    assert_eq!(initialize(STATE, INSTALLATION, 5, other, Renew::Yes), Ok(Initialized::Already));
    assert_eq!(Installation::load(INSTALLATION), Ok(Installation { id: ID, owner: OWNER }));
}

#[test]
fn an_installation_whose_state_is_gone_gets_a_new_one_only_on_demand() {
    drop(store());
    fs::remove_dir_all(STATE).expect("remove the state");
    let refused = init(Renew::No);
    assert!(matches!(refused, Err(InitError::HasStateElsewhere(_))), "{refused:?}");
    assert!(refused.expect_err("refused").to_string().starts_with("this installation has state"));
    assert_eq!(names("/mnt"), ["etc"]);
    assert_eq!(init(Renew::Yes), Ok(Initialized::Created));
    opened().expect("a store");
}

#[test]
fn an_init_that_was_cut_short_can_be_run_again() {
    drop(store());
    fs::remove_file(INSTALLATION).expect("remove the installation");
    fs::remove_file(format!("{STATE}/format")).expect("remove the format");
    fs::remove_dir(format!("{STATE}/counters")).expect("remove a room");
    assert_eq!(init(Renew::No), Ok(Initialized::Created));
    opened().expect("a store");
}

#[test]
fn state_of_another_installation_is_not_taken_over() {
    for (room, file) in [("users", "bob.toml"), ("counters", "bob")] {
        drop(store());
        put(&format!("{STATE}/{room}/{file}"), "x");
        fs::remove_file(INSTALLATION).expect("remove the installation");
        let refused = init(Renew::No);
        assert_eq!(refused, Err(InitError::NotEmpty(STATE.to_owned())));
        assert!(refused.expect_err("refused").to_string().starts_with("/mnt/state: holds"));
        assert!(names("/mnt/etc").is_empty());
    }
}

#[test]
fn what_cannot_be_looked_into_or_made_is_told() {
    fresh();
    let one_too_many = initialize(STATE, "/mnt/a/b/installation", OWNER, ID, Renew::No);
    assert!(matches!(one_too_many, Err(InitError::Store(StoreError::Untrusted { .. }))), "{one_too_many:?}");
    assert!(names("/mnt").is_empty());
    fs::create_dir(STATE).expect("make a directory");
    put(&format!("{STATE}/users"), "a file where a directory belongs");
    let not_a_room = init(Renew::No);
    assert!(matches!(not_a_room, Err(InitError::Store(StoreError::Untrusted { .. }))), "{not_a_room:?}");
    assert!(names("/mnt/etc").is_empty(), "no installation beside such a state");
}

#[test]
fn state_and_installation_must_name_the_same_id_and_a_version_that_is_known() {
    drop(store());
    let format = format!("{STATE}/format");
    let (installation_text, format_text) = (fs::read_to_string(INSTALLATION), fs::read_to_string(&format));
    let (installation_text, format_text) = (installation_text.expect("a text"), format_text.expect("a text"));
    put(&format, format_text.replace("0707", "0708"));
    assert_eq!(untrusted(opened()), (format.clone(), "belongs to another installation".to_owned()));
    put(&format, format_text.replace("version = 1", "version = 2"));
    let other_version = "written by another version (format 2, this program: 1)";
    assert_eq!(untrusted(opened()), (format.clone(), other_version.to_owned()));
    fs::remove_file(&format).expect("remove a file");
    assert!(untrusted(opened()).1.ends_with("is the state directory mounted?"));
    put(&format, format_text);
    opened().expect("as it was");
    fs::write(INSTALLATION, installation_text.replace("version = 1", "version = 2")).expect("write");
    assert_eq!(untrusted(opened()), (INSTALLATION.to_owned(), other_version.to_owned()));
}
