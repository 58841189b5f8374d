//! Who it is that logs in: strangers, root, other spellings, odd characters.
use crate::stage::*;
use countersign_tests::pam_driver::pam;
use countersign_tests::terminal;
use countersign_tests::world::{STATE_DIR, Stack, security_directory};
use countersign_tests::{Driver, Phase, World};

#[test]
fn an_unknown_user_gets_the_ordinary_prompt_and_is_refused() {
    let world = world();
    let transcript = Driver::new(&world)
        .user("mallory")
        .bare_module_after_password("pam_countersign.so")
        .answers(["guess", "000000", "111111", "222222"])
        .phases([Phase::Authenticate])
        .run();
    transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    let texts: Vec<_> = transcript.messages().iter().skip(1).map(|message| message.text.clone()).collect();
    let [wrong, again] = [WRONG, WRONG_AGAIN].map(|notice| format!("{notice}\n{PROMPT}"));
    assert_eq!(texts, [PROMPT, &wrong, &again, WRONG_AGAIN]);
    world.wait_for_log(&["event=refused service=sshd reason=unknown_user"]);
    assert_eq!(world.log_line(&["pam_countersign", "mallory"]), None, "it may be a password typed as a name");
    assert_eq!(world.sh(&format!("find {STATE_DIR} -name 'mallory*'")).ok(), "");
}

#[test]
fn an_unknown_user_over_ssh_leaves_no_state() {
    let world = world();
    world.use_stack(Stack::SshdRequiredUnix);
    let _sshd = world.start_sshd("");
    let mut person = ssh(&world, "mallory", "guess");
    person.expect(PROMPT);
    // sshd passes on junk instead of what is typed.
    for _ in 0..9 {
        assert_eq!(answer(&mut person, "123456"), [NOT_A_CODE]);
    }
    answer_refused(&mut person, "123456");
    assert_eq!(world.sh(&format!("find {STATE_DIR} -name 'mallory*'")).ok(), "");
}

/// Root's phone, after a first login on the console.
fn root_enrolled(world: &World) -> Phone {
    world.set_password("root", "toor toor");
    let mut person = terminal::login(world, "root");
    person.answer("Password: ", "toor toor");
    let phone = Phone::scan(&mut person);
    person.type_line(&phone.code(world));
    person.answer(RECOVERY_PROMPT, "");
    person.answer("# ", "exit");
    person.wait_exit();
    world.move_clock(STEP);
    phone
}

#[test]
fn what_strangers_type_for_root_under_prohibit_password_is_not_counted() {
    let world = world();
    let phone = root_enrolled(&world);
    world.use_stack(Stack::SshdRequiredUnix);
    let _sshd = world.start_sshd("PermitRootLogin prohibit-password\n");
    for _ in 0..3 {
        let mut person = ssh(&world, "root", "toor toor");
        person.expect(PROMPT);
        for code in [phone.wrong(&world), phone.code(&world)] {
            assert_eq!(answer(&mut person, &code), [NOT_A_CODE]);
        }
        person.kill();
    }
    assert_eq!(failures(&world, "root"), 0);
    let mut person = terminal::login(&world, "root");
    person.answer("Password: ", "toor toor");
    person.answer(PROMPT, &phone.code(&world));
    person.answer("# ", "exit");
    person.wait_exit();
}

/// A source of accounts that knows everyone in capitals as well, as directories do.
const FOLD: &str = r#"
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <nss.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <string.h>
#define LOOKUP(function, type, path, next, field) \
enum nss_status function(const char *name, struct type *result, char *buffer, size_t length, int *error) { \
    char lower[64] = ""; \
    for (size_t i = 0; name[i] && i < sizeof lower - 1; i++) lower[i] = tolower((unsigned char) name[i]); \
    if (strcmp(lower, name) == 0) return NSS_STATUS_NOTFOUND; \
    FILE *file = fopen(path, "re"); \
    if (!file) { *error = errno; return NSS_STATUS_UNAVAIL; } \
    struct type *entry = NULL; \
    int code; \
    do code = next(file, result, buffer, length, &entry); while (code == 0 && strcmp(entry->field, lower) != 0); \
    fclose(file); \
    return code == 0 ? NSS_STATUS_SUCCESS : NSS_STATUS_NOTFOUND; \
}
LOOKUP(_nss_fold_getpwnam_r, passwd, "/etc/passwd", fgetpwent_r, pw_name)
LOOKUP(_nss_fold_getspnam_r, spwd, "/etc/shadow", fgetspent_r, sp_namp)
"#;

/// From here on everyone can be looked up in any letter case.
fn fold_names(world: &World) {
    let library = security_directory().with_file_name("libnss_fold.so.2");
    let library = library.to_str().expect("a path in UTF-8");
    let compiler = ["cc", "-shared", "-fPIC", "-x", "c", "-o", library, "-"];
    world.command(&compiler).stdin(FOLD).run().ok();
    world.sh("sed -i 's/^\\(passwd\\|shadow\\): files/& fold/' /etc/nsswitch.conf").ok();
    assert!(world.run(&["getent", "passwd", "ALICE"]).ok().starts_with("alice:"));
}

#[test]
fn another_spelling_of_a_name_finds_the_same_record() {
    let world = world();
    fold_names(&world);
    let _sshd = world.start_sshd("");
    let phone = enroll(&world, ssh(&world, "alice", ALICES));
    // Used by one spelling, used for all.
    let mut person = ssh(&world, "ALICE", ALICES);
    person.expect(PROMPT);
    let used = answer(&mut person, &phone.code(&world));
    assert_eq!(used, ["Otp invalid! This code was already used. Wait for the next one."]);
    assert_eq!(answer(&mut person, &phone.wrong(&world)), [WRONG]);
    assert_eq!(failures(&world, "alice"), 1);
    world.move_clock(STEP);
    person.type_line(&phone.code(&world));
    expect_shell(&mut person, "alice");
    assert_eq!(world.sh(&format!("ls {STATE_DIR}/users")).ok(), "alice.toml\n");
    world.wait_for_log(&["event=accepted", "user=alice", "service=sshd"]);
}

#[test]
fn a_first_login_under_another_spelling_enrolls_the_canonical_name() {
    let world = world();
    fold_names(&world);
    let _sshd = world.start_sshd("");
    let mut person = ssh(&world, "Alice", ALICES);
    let phone = Phone::scan(&mut person);
    assert_eq!(phone.0.account, "alice");
    person.type_line(&phone.code(&world));
    expect_shell(&mut person, "alice");
    assert!(is_enrolled(&world, "alice"));
    assert_eq!(world.sh(&format!("ls {STATE_DIR}/users")).ok(), "alice.toml\n");
}

#[test]
fn names_with_odd_characters_enroll_and_log_in() {
    let world = world();
    let files = [
        ("first.last", "first.last"),
        ("_backup-1", "_backup-1"),
        ("machine$", "machine%24"),
        ("zoë", "zo%C3%AB"),
        ("DOM+eve", "DOM%2Beve"),
        (".dot", "%2Edot"),
    ];
    for (name, file) in files {
        world.add_user(name, ALICES);
        let mut person = su_to(&world, name, ALICES);
        let phone = Phone::scan(&mut person);
        assert_eq!(phone.0.account, name);
        person.type_line(&phone.code(&world));
        expect_shell(&mut person, name);
        assert!(world.exists(&format!("{STATE_DIR}/users/{file}.toml")), "{name}");
        world.move_clock(STEP);
        let mut person = su_to(&world, name, ALICES);
        person.answer(PROMPT, &phone.code(&world));
        expect_shell(&mut person, name);
    }
    let _sshd = world.start_sshd("");
    let mut person = ssh(&world, "zoë", ALICES);
    person.expect(PROMPT);
    assert_eq!(answer(&mut person, "000000"), [WRONG]);
    assert_eq!(failures(&world, "zoë"), 1);
}

#[test]
fn two_names_of_one_uid_are_two_users() {
    let world = world();
    let phone = enrolled(&world);
    let script =
        "sed -n 's/^alice:/twin:/p' /etc/passwd >> /etc/passwd; sed -n 's/^alice:/twin:/p' /etc/shadow >> /etc/shadow";
    world.sh(script).ok();
    let other = Phone::scan(&mut su_to(&world, "twin", ALICES));
    assert_eq!(other.0.account, "twin");
    let mut person = su(&world);
    person.answer(PROMPT, &phone.code(&world));
    person.expect("$ ");
}
