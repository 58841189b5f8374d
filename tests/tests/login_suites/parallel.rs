//! Many logins at once.
use crate::stage::*;
use countersign_tests::{Terminal, World};
use std::thread;

const NAMES: [&str; 8] = ["u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8"];

/// Each of the eight at a prompt over ssh, all at once.
fn all_at_prompt<T: Send>(world: &World, then: impl Fn(&mut Terminal) -> T + Sync) -> Vec<(Terminal, T)> {
    let one = |name: &'static str| {
        let mut person = ssh(world, name, ALICES);
        let value = then(&mut person);
        (person, value)
    };
    let one = &one;
    thread::scope(|scope| {
        let threads: Vec<_> = NAMES.iter().map(|name| scope.spawn(move || one(name))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a login")).collect()
    })
}

#[test]
fn eight_different_users_at_once_are_all_enrolled_and_all_let_in() {
    let world = world();
    for name in NAMES {
        world.add_user(name, ALICES);
    }
    let _sshd = world.start_sshd("");
    let mut persons = all_at_prompt(&world, Phone::scan);
    let codes: Vec<_> = persons.iter().map(|(_, phone)| phone.code(&world)).collect();
    for ((person, _), code) in persons.iter_mut().zip(&codes) {
        person.type_line(code);
    }
    for ((person, _), name) in persons.iter_mut().zip(NAMES) {
        expect_shell(person, name);
    }
    let phones: Vec<_> = persons.into_iter().map(|(_, phone)| phone).collect();
    world.move_clock(STEP);
    let mut persons = all_at_prompt(&world, |person| person.expect(PROMPT));
    let codes: Vec<_> = phones.iter().map(|phone| phone.code(&world)).collect();
    for ((person, _), code) in persons.iter_mut().zip(&codes) {
        person.type_line(code);
    }
    for ((person, _), name) in persons.iter_mut().zip(NAMES) {
        expect_shell(person, name);
    }
    assert_eq!(world.log().matches("event=accepted").count(), 8);
}

#[test]
fn one_code_in_eight_ssh_sessions_lets_exactly_one_in() {
    let world = world();
    let _sshd = world.start_sshd("");
    let phone = enrolled(&world);
    let mut persons: Vec<_> = (0..8).map(|_| ssh(&world, "alice", ALICES)).collect();
    for person in &mut persons {
        person.expect(PROMPT);
    }
    let code = phone.code(&world);
    for person in &mut persons {
        person.type_line(&code);
    }
    let outcomes: Vec<_> = persons.iter_mut().map(|person| person.expect_any(&["$ ", PROMPT]).0).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == 0).count(), 1, "{outcomes:?}");
    assert_eq!(failures(&world, "alice"), 0);
}
