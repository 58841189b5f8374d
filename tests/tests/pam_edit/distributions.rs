//! Stacks as six distributions lay them out: the lines go in and do what they should, or nothing is written.
use crate::layouts::{LAYOUTS, Spots};
use crate::stage::{PASSWORD, gets_in, has, login, pam_command, stack, stage};

/// Whether our lines can stand in this distribution's `sshd` as it is, and why not.
const FIT: [(&str, Option<&str>); 7] = [
    ("debian", None),
    ("ubuntu", None),
    ("fedora", Some("password-auth:4: a wrong password goes on from pam_unix.so to our line")),
    ("fedora_faillock", Some("a wrong password goes on from pam_")),
    ("arch", None),
    ("alpine", Some("base-auth:4: a wrong password goes on from pam_unix.so to our line")),
    ("opensuse", Some("common-auth:7: a wrong password goes on from pam_unix.so to our line")),
];

#[test]
fn lines_go_in_where_they_do_what_they_should_and_nowhere_else() {
    for ((name, layout), (same, unfit)) in LAYOUTS.iter().zip(FIT) {
        assert_eq!(*name, same);
        let (factor, phone) = stage();
        for (service, text) in layout(&Spots::default()) {
            factor.world.write_file(&format!("/etc/pam.d/{service}"), text, 0o644);
        }
        let before = stack(&factor, "sshd");
        let outcome = pam_command(&factor, &["add", "sshd", "--yes"]);
        if let Some(why) = unfit {
            outcome.expect_code(1);
            has(&outcome.errors(), &[why]);
            assert_eq!(stack(&factor, "sshd"), before, "{name}");
            continue;
        }
        outcome.ok();
        gets_in(&factor, "sshd", &[PASSWORD, &factor.code(&phone)]);
        let wrong = login(&factor, "sshd", &["wrong", &factor.code(&phone)]);
        assert!(!wrong.let_in() && wrong.prompts().len() == 1, "{name}: {wrong:#?}");
        factor.next_step();
        let guessed = login(&factor, "sshd", &[PASSWORD, &factor.wrong_code(&phone)]);
        assert!(!guessed.let_in(), "{name}: {guessed:#?}");
        factor.world.countersign(&["unblock", "alice"]).ok();
        factor.world.countersign(&["disable", "alice"]).ok();
        gets_in(&factor, "sshd", &[PASSWORD]);
        pam_command(&factor, &["remove", "sshd", "--yes"]).ok();
        assert_eq!(stack(&factor, "sshd"), before, "{name}");
    }
}
