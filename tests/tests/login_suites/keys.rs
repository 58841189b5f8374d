//! Public keys and the second factor on one connection.
use crate::stage::*;
use countersign_tests::terminal::{self, Size};
use countersign_tests::world::Stack;
use countersign_tests::{Terminal, World};

const KEY: &str = "/root/key";

/// Gives alice a key, which root of this world holds as well.
fn give_key(world: &World) {
    let script = "ssh-keygen -q -t ed25519 -N '' -f /root/key
        install -d -m 700 -o alice /home/alice/.ssh
        install -m 600 -o alice /root/key.pub /home/alice/.ssh/authorized_keys";
    world.sh(script).ok();
}

fn ssh_by(world: &World, methods: &str) -> Terminal {
    let methods = format!("PreferredAuthentications={methods}");
    let options = ["-i", KEY, "-o", &methods, "-o", "NumberOfPasswordPrompts=1"];
    let command = terminal::ssh_command(world, "alice", &options, &[]);
    Terminal::spawn_with(world, command, Size::default())
}

fn assert_untouched(world: &World) {
    let status = status(world, "alice");
    assert_eq!((&status["use_2fa"], &status["enrolled"]), (&true.into(), &false.into()), "{status}");
    assert_eq!(world.log_line(&["event=disabled"]), None);
    assert_eq!(world.log_line(&["event=enrolled"]), None);
}

#[test]
fn key_password_and_code_may_all_be_demanded() {
    let world = world();
    give_key(&world);
    let _sshd = world.start_sshd("AuthenticationMethods publickey,keyboard-interactive\n");
    let at_prompt = || {
        let mut person = ssh_by(&world, "publickey,keyboard-interactive");
        person.answer("Password: ", ALICES);
        person
    };
    let phone = enroll(&world, at_prompt());
    world.move_clock(STEP);
    let mut person = at_prompt();
    person.expect(PROMPT);
    assert_eq!(answer(&mut person, &phone.wrong(&world)), [WRONG]);
    person.type_line(&phone.code(&world));
    expect_shell(&mut person, "alice");
    world.wait_for_log(&["Partial publickey for alice"]);
    // Without the key nobody gets as far as the password.
    let options = ["-o", "PreferredAuthentications=keyboard-interactive"];
    let command = terminal::ssh_command(&world, "alice", &options, &[]);
    let mut person = Terminal::spawn_with(&world, command, Size::default());
    expect_refused(&mut person);
}

#[test]
fn key_and_code_without_a_password_enroll_and_log_in() {
    let world = world();
    give_key(&world);
    let stack = Stack::Sshd.text().replace("[success=1 default=ignore]  pam_unix.so", "[default=1]  pam_permit.so");
    world.pam_stack("sshd", &stack);
    let _sshd = world.start_sshd("AuthenticationMethods publickey,keyboard-interactive\n");
    let phone = enroll(&world, ssh_by(&world, "publickey,keyboard-interactive"));
    assert!(is_enrolled(&world, "alice"));
    world.move_clock(STEP);
    let mut person = ssh_by(&world, "publickey,keyboard-interactive");
    person.answer(PROMPT, &phone.code(&world));
    expect_shell(&mut person, "alice");
}

#[test]
fn a_plain_key_login_never_meets_the_second_factor() {
    let world = world();
    give_key(&world);
    let _sshd = world.start_sshd("");
    expect_shell(&mut ssh_by(&world, "publickey"), "alice");
    assert_eq!(world.log_line(&["pam_countersign"]), None);
    assert_untouched(&world);
}

#[test]
fn a_key_login_does_not_commit_what_a_failed_attempt_before_it_left() {
    let world = world();
    give_key(&world);
    world.use_stack(Stack::SshdRequiredUnix);
    let _sshd = world.start_sshd("");
    for word in [true, false] {
        let mut person = ssh_by(&world, "keyboard-interactive,publickey");
        person.answer("Password: ", "wrong");
        let phone = Phone::scan(&mut person);
        person.type_line(&if word { "disable".to_owned() } else { phone.code(&world) });
        expect_shell(&mut person, "alice");
        world.wait_for_log(&["Failed keyboard-interactive/pam for alice"]);
        world.wait_for_log(&["Accepted publickey for alice"]);
        assert_untouched(&world);
        world.clear_log();
    }
}

#[test]
fn a_key_login_does_not_commit_what_a_blind_password_left_in_the_same_handle() {
    let world = world();
    give_key(&world);
    world.use_stack(Stack::SshdRequiredUnix);
    let _sshd = world.start_sshd("PasswordAuthentication yes\nKbdInteractiveAuthentication no\n");
    for config in [ON.to_owned(), format!("{ON}[prompt]\necho = false\n")] {
        world.configure(&config);
        for password in ["disable", "Disable"] {
            let mut person = ssh_by(&world, "password,publickey");
            person.answer("password: ", password);
            expect_shell(&mut person, "alice");
            world.wait_for_log(&["Failed password for alice"]);
            world.wait_for_log(&["Accepted publickey for alice"]);
            assert_untouched(&world);
            world.clear_log();
        }
    }
}
