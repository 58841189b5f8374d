//! The two lines put into the files Debian ships, as the README says, in place of whole files of ours.
use countersign_tests::World;
use countersign_tests::terminal;

use crate::stage::{ALICES, ON, PROMPT, Phone, STEP, expect_shell, ssh};

/// Debian's own stacks with our lines where the README wants them.
fn world() -> World {
    let world = World::builder().user("alice", ALICES).user("bob", ALICES).product(ON).build();
    world.clock().freeze_mid_step(STEP);
    for service in ["sshd", "su"] {
        world
            .sh(&format!(
                "sed -i -e '/^@include common-auth/a auth required pam_countersign.so' \
                 -e '/^@include common-account/i account required pam_countersign.so' \
                 -e 's/^account *required *pam_nologin.so/account requisite pam_nologin.so/' /etc/pam.d/{service}; \
                 test $(grep -c pam_countersign /etc/pam.d/{service}) = 2"
            ))
            .ok();
    }
    world
}

#[test]
fn the_two_lines_in_debians_own_files_ask_enroll_and_commit() {
    let world = world();
    let _sshd = world.start_sshd("");
    let mut person = ssh(&world, "alice", ALICES);
    let phone = Phone::scan(&mut person);
    person.type_line(&phone.code(&world));
    expect_shell(&mut person, "alice");
    world.move_clock(STEP);
    let mut person = terminal::su(&world, "bob", "alice");
    person.answer("Password: ", ALICES);
    person.answer(PROMPT, &phone.code(&world));
    person.expect("$ ");
    assert!(!person.printed().contains("Two-factor authentication for"), "{}", person.printed());
}

#[test]
fn a_wrong_password_ends_before_our_line_in_debians_own_files() {
    let world = world();
    let mut person = terminal::su(&world, "bob", "alice");
    person.answer("Password: ", "wrong");
    assert!(!person.wait_exit().success());
    assert!(!person.printed().contains(PROMPT), "{}", person.printed());
}
