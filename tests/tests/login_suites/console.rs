//! Services that cannot enroll, and the way back for root on the console.
use crate::stage::*;
use countersign_tests::pam_driver::{Style, pam};
use countersign_tests::world::STATE_DIR;
use countersign_tests::{Driver, Phase, World, terminal};

const CANNOT: &str = "Set up two-factor authentication first: log in over SSH or on a console.";
/// The rule the shipped configuration shows.
const WAY_BACK: &str = "[[rule]]\nservices = [\"login\"]\nusers = [\"root\"]\nthen = \"skip\"\n";
const ROOTS: &str = "toor toor";

#[test]
fn a_service_that_cannot_enroll_says_where_to_set_it_up() {
    let world = world();
    world.pam_stack("xyz", &String::from_utf8(world.read_file("/etc/pam.d/sshd")).unwrap());
    let refused = Driver::new(&world).service("xyz").answers([ALICES]).run();
    refused.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    let told: Vec<_> =
        refused.messages().iter().skip(1).map(|message| (message.style, message.text.as_str())).collect();
    assert_eq!(told, [(Style::Error, CANNOT)], "one notice, no prompt");
    world.wait_for_log(&["event=refused", "user=alice", "service=xyz", "reason=cannot_enroll_here"]);
    // One who is enrolled is asked there like everywhere.
    let phone = enrolled(&world);
    let driver = Driver::new(&world).service("xyz").token(phone.parameters());
    let accepted = driver.answers([ALICES, "{code}"]).run();
    accepted.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    assert_eq!(accepted.messages()[1].text, PROMPT);
}

#[test]
fn the_services_that_enroll_are_configured() {
    let world = world_with(&format!("{ON}[enrollment]\nservices = [\"sshd\"]\n"));
    let _sshd = world.start_sshd("");
    assert_eq!(expect_refused(&mut su(&world)), [CANNOT]);
    enroll(&world, ssh(&world, "alice", ALICES));
}

/// Root on the console with nothing but the password.
fn root_gets_in(world: &World) {
    let mut person = terminal::login(world, "root");
    person.answer("Password: ", ROOTS);
    let before = person.answer("# ", "echo I am $(id -un).; exit");
    assert!(!before.contains(PROMPT) && !before.contains("factor"), "{before}");
    person.expect("I am root.");
    person.wait_exit();
}

fn others_are_refused(world: &World) {
    let mut person = terminal::login(world, "alice");
    person.answer("Password: ", ALICES);
    assert_eq!(expect_refused(&mut person), [NOT_AVAILABLE]);
    let invocation = world.command(&["su", "-", "root"]).user("bob");
    let mut person = countersign_tests::Terminal::spawn_with(world, invocation, terminal::Size::default());
    person.answer("Password: ", ROOTS);
    assert_eq!(expect_refused(&mut person), [NOT_AVAILABLE], "the rule is for the console");
    world.wait_for_log(&["event=untrusted", "user=alice", "service=login", &format!("path={STATE_DIR}")]);
}

#[test]
fn root_on_the_console_gets_in_by_the_skip_rule_with_the_state_gone() {
    let world = world_with(&format!("{ON}{WAY_BACK}"));
    world.set_password("root", ROOTS);
    root_gets_in(&world);
    world.run(&["mv", STATE_DIR, "/var/lib/elsewhere"]).ok();
    root_gets_in(&world);
    others_are_refused(&world);
    world.run(&["mv", "/var/lib/elsewhere", STATE_DIR]).ok();
    enrolled(&world);
}

#[test]
fn root_on_the_console_gets_in_by_the_skip_rule_with_the_state_unmounted() {
    let world = world_with(&format!("{ON}{WAY_BACK}"));
    world.set_password("root", ROOTS);
    let script = "cp -a /var/lib/countersign /tmp/state; rm -r /var/lib/countersign/*
        mount -t tmpfs -o mode=700 tmpfs /var/lib/countersign; cp -a /tmp/state/. /var/lib/countersign/";
    world.sh(script).ok();
    let phone = enrolled(&world);
    world.run(&["umount", STATE_DIR]).ok();
    root_gets_in(&world);
    others_are_refused(&world);
    let mut person = su(&world);
    assert_eq!(expect_refused(&mut person), [NOT_AVAILABLE], "enrolled is not the same as not enrolled");
    drop(phone);
}

#[test]
fn the_shipped_configuration_shows_the_way_back() {
    let shipped = include_str!("../../../packaging/config.toml");
    let bare: String = WAY_BACK.lines().flat_map(|line| ["# ", line, "\n"]).collect();
    assert!(shipped.contains(&bare), "{shipped}");
}
