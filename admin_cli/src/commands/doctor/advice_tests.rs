//! What is said to be written in place of a line keeps what else that did.

use countersign_common::config::{Config, DEFAULT_PATH};

use super::finding::Finding;
use super::stack_findings_tests::{ACCOUNT, AUTH, says};
use super::stacks::stacks;
use crate::pam::service_tests::Shelf;

const REST: &str = "account required pam_countersign.so\naccount required pam_unix.so\n";

fn told(fragment: &str) -> Vec<String> {
    let text = format!("auth substack fragment\n{AUTH}auth required pam_permit.so\n{REST}");
    let mut findings = Vec::new();
    let shelf = Shelf::of(&[("sshd", &text), ("fragment", fragment)]);
    stacks(&shelf, DEFAULT_PATH, Some(&Config::default()), &mut findings);
    findings.iter().map(Finding::to_string).collect()
}

#[test]
fn failures_go_on_being_counted_and_arguments_stay() {
    let fragment = "auth required pam_env.so # the environment\nauth required pam_faillock.so preauth silent deny=4\n\
                    auth [default=1 ignore=ignore success=ok] pam_localuser.so\nauth sufficient pam_unix.so nullok\n\
                    auth sufficient pam_sss.so forward_pass\nauth required pam_faillock.so authfail deny=4\n\
                    auth optional pam_gnome_keyring.so\nauth required pam_deny.so\n";
    let expected = "; put instead of /etc/pam.d/sshd:1 (`auth substack fragment`): `auth required pam_env.so`, \
                    `auth required pam_faillock.so preauth silent deny=4`, \
                    `auth [success=3 default=ignore] pam_unix.so nullok`, \
                    `auth [success=2 default=ignore] pam_sss.so forward_pass`, \
                    `auth [default=die] pam_faillock.so authfail deny=4`, `auth requisite pam_deny.so`, \
                    `auth optional pam_gnome_keyring.so`";
    let lines = told(fragment);
    assert!(lines.iter().any(|line| line.ends_with(expected)), "{lines:#?}");
}

#[test]
fn the_first_to_look_at_a_password_asks_for_it_and_a_minus_stays() {
    let fragment = "-auth [success=done default=ignore] pam_systemd_home.so\nauth sufficient pam_unix.so use_first_pass\n\
                    auth sufficient pam_ldap.so [a b]\nauth required pam_deny.so\n";
    let lines = told(fragment);
    let expected = "`-auth [success=3 default=ignore] pam_systemd_home.so`, `auth [success=2 default=ignore] pam_unix.so`, \
                    `auth [success=1 default=ignore] pam_ldap.so [a b]`, `auth requisite pam_deny.so`";
    assert!(lines.iter().any(|line| line.ends_with(expected)), "{lines:#?}");
    let alone = told("auth sufficient pam_unix.so use_first_pass try_first_pass\nauth required pam_deny.so\n");
    let expected = "`auth [success=1 default=ignore] pam_unix.so try_first_pass`, `auth requisite pam_deny.so`";
    assert!(alone.iter().any(|line| line.ends_with(expected)), "{alone:#?}");
}

#[test]
fn a_line_that_leads_past_ours_is_told_with_the_jump_that_would_lead_to_it() {
    let text =
        format!("auth sufficient pam_fprintd.so\n@include common-auth\n{AUTH}{ACCOUNT}@include common-account\n");
    says(
        "sshd",
        &text,
        "error: /etc/pam.d/sshd:1: pam_fprintd.so leads past our line, so no code is asked for; unless that is meant, remove the \
         line, or make its control `[success=3 default=ignore]`, to come to our line",
    );
    let spared = format!(
        "@include common-auth\nauth [success=ignore default=1] pam_succeed_if.so uid >= 1000 quiet\n{AUTH}auth required \
         pam_permit.so\n{ACCOUNT}@include common-account\n"
    );
    says(
        "sshd",
        &spared,
        "warning: /etc/pam.d/sshd:2: pam_succeed_if.so leads past our line, so no code is asked for; unless that is meant, \
         remove the line",
    );
}

#[test]
fn a_line_of_ours_that_a_right_password_jumps_over_is_told_where_it_belongs() {
    let text = format!(
        "auth required pam_faillock.so preauth\nauth [success=1 default=bad] pam_unix.so\n{AUTH}auth [default=die] \
         pam_faillock.so authfail\nauth optional pam_permit.so\n{ACCOUNT}@include common-account\n"
    );
    says(
        "sshd",
        &text,
        "error: /etc/pam.d/sshd:3: nobody gets in (password): our line is jumped over, and pam_faillock.so refuses \
         (/etc/pam.d/sshd:4); move /etc/pam.d/sshd:3 after /etc/pam.d/sshd:4 (`auth [default=die] pam_faillock.so authfail`)",
    );
}
