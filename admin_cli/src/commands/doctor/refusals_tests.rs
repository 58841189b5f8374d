//! Stacks by which nobody gets in: an error, at the line that causes it, with what to write there.

use super::stack_findings_tests::{ACCOUNT, AUTH, said, says};

const DENY: &str = "auth requisite pam_deny.so\n";
const PERMIT: &str = "auth required pam_permit.so\n";
const UNIX: &str = "auth [success=1 default=ignore] pam_unix.so\n";

fn auth(text: &str) -> String {
    format!("{text}{ACCOUNT}account required pam_unix.so\n")
}

fn with(control: &str) -> String {
    auth(&format!("{UNIX}{DENY}auth {control} pam_countersign.so\n{PERMIT}"))
}

#[test]
fn a_control_of_ours_that_refuses_the_right_code_is_an_error_at_that_line() {
    for control in [
        "[success=die default=ignore]",
        "[success=bad ignore=ignore default=die]",
        "[success=reset ignore=ignore default=die]",
        "[success=7 ignore=ignore default=die]",
        "[default=die]",
    ] {
        let text = if control.contains("reset") { with(control).replace(PERMIT, "") } else { with(control) };
        let expected = "error: /etc/pam.d/sshd:3: nobody who uses 2FA gets in (password): the control refuses a right code; \
                        make the control `required`";
        says("sshd", &text, expected);
    }
}

#[test]
fn a_jump_past_the_last_line_is_an_error_with_the_jump_that_comes_to_ours() {
    for (jump, problem) in [
        (3, "jumps over 3, past the last line; to come to our line: `success=1`"),
        (4, "jumps over 4, past the last line; to come to our line: `success=1`"),
    ] {
        let text = auth(&format!("auth [success={jump} default=ignore] pam_unix.so\n{DENY}{AUTH}{PERMIT}"));
        says("sshd", &text, &format!("error: /etc/pam.d/sshd:1: nobody gets in (password): pam_unix.so {problem}"));
    }
    says(
        "sshd",
        &auth(&format!("auth [success=2 default=die] pam_unix.so\n{AUTH}")),
        "error: /etc/pam.d/sshd:1: nobody gets in (password): pam_unix.so jumps over 2, past the last line; let it jump to a \
         line that is there",
    );
    let substack = auth(&format!("{AUTH}auth [success=1 default=ignore] pam_unix.so\n"));
    says(
        "sshd",
        &substack,
        "error: /etc/pam.d/sshd:2: nobody gets in (password): pam_unix.so jumps over 1, past the last line; let it jump to \
         a line that is there, or let `auth required pam_permit.so` be the last line",
    );
}

#[test]
fn the_right_answer_that_comes_to_pam_deny_is_an_error_where_it_comes_from() {
    let faillock = "auth [default=die] pam_faillock.so authfail\n";
    let text =
        auth(&format!("auth [success=1 default=ignore] pam_unix.so\nauth optional pam_env.so\n{DENY}{PERMIT}{AUTH}"));
    says(
        "sshd",
        &text,
        "error: /etc/pam.d/sshd:1: nobody gets in (password): who has given what is asked for here comes to pam_deny.so all \
         the same (/etc/pam.d/sshd:3); let it jump over that line: `success=2`",
    );
    says(
        "sshd",
        &auth(&format!("auth required pam_unix.so\n{DENY}{AUTH}")),
        "error: /etc/pam.d/sshd:1: nobody gets in (password): who has given what is asked for here comes to pam_deny.so all \
         the same (/etc/pam.d/sshd:2); to come past that line: `[success=1 default=ignore]`",
    );
    says(
        "sshd",
        &with("[success=ok ignore=1 default=die]").replace(PERMIT, &format!("{DENY}{PERMIT}")),
        "error: /etc/pam.d/sshd:3: nobody gets in (password): the right code comes to pam_deny.so all the same \
         (/etc/pam.d/sshd:4); to come past that line: `[success=1 ignore=1 default=die]`",
    );
    let shifted = auth(&format!("{UNIX}auth optional pam_env.so\n{faillock}{DENY}{PERMIT}{AUTH}"));
    says(
        "sshd",
        &shifted,
        "error: /etc/pam.d/sshd:1: nobody gets in (password): who has given what is asked for here comes to pam_faillock.so \
         all the same (/etc/pam.d/sshd:3); let it jump over that line: `success=3`",
    );
}

#[test]
fn a_password_that_nobody_asked_for_is_an_error_at_the_line_that_takes_it() {
    for (text, line) in [
        (format!("auth [success=1 default=ignore] pam_unix.so use_first_pass\n{DENY}{AUTH}{PERMIT}"), 1),
        (format!("{AUTH}auth [success=1 default=ignore] pam_unix.so use_first_pass\n{DENY}{PERMIT}"), 2),
    ] {
        let expected = format!(
            "error: /etc/pam.d/sshd:{line}: nobody gets in (password): `use_first_pass` takes a password that was asked for \
             before, and no line before this asks; write `try_first_pass` in place of `use_first_pass`"
        );
        says("sshd", &auth(&text), &expected);
    }
    let asked = auth(&format!(
        "auth optional pam_ldap.so\nauth [success=1 default=ignore] pam_unix.so use_first_pass\n{DENY}{AUTH}"
    ));
    let lines = said("sshd", &asked);
    assert!(!lines.iter().any(|line| line.contains("(password): `use_first_pass`")), "{lines:#?}");
}

#[test]
fn a_file_that_cannot_be_included_is_an_error_since_libpam_refuses_everyone() {
    let stack = format!("{UNIX}{DENY}{AUTH}{PERMIT}");
    for (text, line) in [
        (format!("{stack}{ACCOUNT}account include gone\n"), 6),
        (format!("auth include gone\n{stack}{ACCOUNT}account required pam_unix.so\n"), 1),
        (format!("auth substack gone\n{stack}{ACCOUNT}account required pam_unix.so\n"), 1),
    ] {
        let expected = format!(
            "error: /etc/pam.d/sshd:{line}: nobody gets in (password): libpam cannot use this line: cannot include gone: there \
             is no such file; mend or remove it"
        );
        says("sshd", &text, &expected);
        assert_eq!(said("sshd", &text).iter().filter(|line| line.contains("gone")).count(), 1, "told once");
    }
    says(
        "sshd",
        &format!("{stack}{ACCOUNT}account required pam_unix.so\nsession include gone\n"),
        "warning: /etc/pam.d/sshd:7: libpam cannot use this line: cannot include gone: there is no such file; no session can \
         be opened, and most programs refuse then; mend or remove it",
    );
    says("sshd", &format!("@include gone\n{stack}{ACCOUNT}"), "error: sshd: libpam refuses every login: ");
}

#[test]
fn a_control_that_libpam_cannot_read_is_told_once() {
    let lines = said("sshd", &auth(&format!("auth [sucess=1 default=ignore] pam_unix.so\n{DENY}{AUTH}{PERMIT}")));
    let told: Vec<&String> = lines.iter().filter(|line| line.starts_with("error: ")).collect();
    assert!(told.len() == 1 && told[0].contains("libpam cannot read the control"), "{lines:#?}");
}

#[test]
fn a_gate_and_a_refusal_of_root_alone_stay_warnings() {
    let lines =
        said("sshd", &auth(&format!("auth required pam_succeed_if.so user != root\n{UNIX}{DENY}{AUTH}{PERMIT}")));
    assert!(lines.iter().all(|line| line.starts_with("warning: ")) && !lines.is_empty(), "{lines:#?}");
    assert!(lines[0].contains("pam_succeed_if.so refuses everyone (password of root: perm_denied)"), "{lines:#?}");
}
