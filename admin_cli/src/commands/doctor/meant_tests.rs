//! Services that were meant to ask, and what their lines go by.

use countersign_common::config::{Config, DEFAULT_PATH, parse};

use super::finding::Finding;
use super::meant::{one_file, rules};
use super::stack_findings_tests::{ACCOUNT, AUTH, said, says};
use super::stacks::stacks;
use crate::pam::service_tests::Shelf;

const UNIX: &str =
    "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n";
const ACCOUNTS: &str = "account required pam_unix.so\n";

fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(Finding::to_string).collect()
}

fn seen(shelf: &Shelf) -> Vec<String> {
    let mut findings = Vec::new();
    stacks(shelf, DEFAULT_PATH, Some(&Config::default()), &mut findings);
    lines(&findings)
}

fn by_rule(text: &str, files: &[(&str, &str)]) -> Vec<String> {
    let config = parse(text.as_bytes()).expect("a configuration");
    let mut findings = Vec::new();
    rules(&Shelf::of(files), &config, &mut findings);
    lines(&findings)
}

#[test]
fn an_account_line_alone_is_an_error_with_the_auth_line_and_its_place() {
    says(
        "sshd",
        &format!("{UNIX}{ACCOUNT}{ACCOUNTS}"),
        "error: /etc/pam.d/sshd:4: our account line stands here without an auth line, so nobody is asked for a code; put \
         `auth required pam_countersign.so` after /etc/pam.d/sshd:2 (`auth requisite pam_deny.so`) (countersign pam add sshd",
    );
    says(
        "sshd",
        &format!("@include common-auth\n{ACCOUNT}@include common-account\n"),
        "error: /etc/pam.d/sshd:2: our account line stands here without an auth line, so nobody is asked for a code; put \
         `auth required pam_countersign.so` after /etc/pam.d/sshd:1 (`@include common-auth`)",
    );
}

#[test]
fn an_auth_line_in_a_file_that_is_included_for_other_lines_only_is_told() {
    let common = format!("{UNIX}{AUTH}{ACCOUNT}{ACCOUNTS}");
    let service = format!("{UNIX}account include ours\n");
    let all = |service: &str| seen(&Shelf::of(&[("ours", &common), ("login", service)]));
    let told = all(&service);
    let expected = "warning: /etc/pam.d/login:4: takes other lines than auth from there, and our auth line \
                    (/etc/pam.d/ours:4) has no turn here; if a code is meant to be asked here, put `auth required";
    assert!(told.iter().any(|line| line.starts_with(expected)), "{told:#?}");
    let whole = all("auth include ours\naccount include ours\n");
    assert!(!whole.iter().any(|line| line.contains("has no turn here")), "{whole:#?}");
}

#[test]
fn lines_that_pam_add_put_in_and_that_are_gone_are_told_unless_pam_remove_took_them() {
    let copies = "/etc/countersign/pam.d.backup/";
    let with = |text: &str, names: &[&str]| {
        let shelf = Shelf::of(&[("sshd", text)]);
        seen(&names.iter().fold(shelf, |shelf, name| shelf.and(&format!("{copies}{name}"), "")))
    };
    let is_told = |told: &[String]| {
        let expected = "warning: sshd: our lines are gone, which `countersign pam add` put in at 2026-01-02T03-04-05Z: nobody \
                        is asked for a code here any more; put them in again: countersign pam add sshd; or, if that is \
                        meant, remove /etc/countersign/pam.d.backup/sshd.after.2026-01-02T03-04-05Z";
        told.iter().any(|line| line == expected)
    };
    let text = format!("{UNIX}{ACCOUNTS}");
    let added = ["sshd.before.2026-01-02T03-04-05Z", "sshd.after.2026-01-02T03-04-05Z"];
    assert!(is_told(&with(&text, &added)), "{:#?}", with(&text, &added));
    let removed = [added.as_slice(), &["sshd.before.2026-01-03T00-00-00Z"]].concat();
    assert!(!is_told(&with(&text, &removed)));
    let earlier = [added.as_slice(), &["sshd.before.2026-01-01T00-00-00Z"]].concat();
    assert!(is_told(&with(&text, &earlier)));
    assert!(!is_told(&with(&format!("{UNIX}{AUTH}{ACCOUNT}{ACCOUNTS}"), &added)), "they are there");
    assert!(!is_told(&with(&text, &["sshd-session.after.2026-01-02T03-04-05Z"])), "another service");
}

#[test]
fn what_our_lines_go_by_is_held_against_what_the_doctor_goes_by() {
    let with = |auth: &str, account: &str| {
        format!(
            "{UNIX}auth required pam_countersign.so {auth}\naccount required pam_countersign.so {account}\n{ACCOUNTS}"
        )
    };
    let (other, broken) = ("config=/etc/other.toml", "config=/etc/broken.toml");
    says(
        "sshd",
        &with(broken, broken),
        "error: /etc/pam.d/sshd:4: everyone is refused: this line goes by /etc/broken.toml, which cannot be used: \
         /etc/broken.toml: there is no such file; mend that file, or name another one by `config=PATH`",
    );
    says(
        "sshd",
        &with(other, other),
        "warning: /etc/pam.d/sshd:5: goes by /etc/other.toml, and this doctor by /etc/countersign/config.toml: what it says \
         of rules and users may not hold here; ask again: countersign --config /etc/other.toml doctor",
    );
    says(
        "sshd",
        &with(other, ""),
        "error: /etc/pam.d/sshd:5: goes by /etc/countersign/config.toml, and our auth line (/etc/pam.d/sshd:4) by \
         /etc/other.toml: what is proven there is not stored where it counts; write `config=/etc/other.toml` on both lines",
    );
    let same = "config=/etc/countersign/config.toml";
    assert_eq!(said("sshd", &with(same, "")), [""; 0]);
    says(
        "sshd",
        &with("config=x", ""),
        "error: /etc/pam.d/sshd:4: `config=x` names no absolute path, so everyone is refused",
    );
}

#[test]
fn rules_about_services_that_do_not_ask_or_are_not_there_are_told() {
    let files = [
        ("login", format!("@include common-auth\n{ACCOUNTS}")),
        ("sshd", format!("@include common-auth\n{AUTH}{ACCOUNT}{ACCOUNTS}")),
        ("common-auth", UNIX.to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    for (services, then, expected) in [
        (
            "login",
            "required",
            Some(
                "error: rule 1 requires a code on login, and its stack has no auth line of ours: nobody is asked; put our lines in: countersign pam add login; or mend the rule",
            ),
        ),
        ("login", "user", Some("warning: rule 1 leaves it to the user on login, and its stack")),
        ("login", "rehearse", Some("warning: rule 1 rehearses login, and its stack")),
        ("login", "skip", None),
        ("sshd", "required", None),
        (
            "shsd",
            "required",
            Some(
                "error: rule 1 names shsd, and there is no such service in /etc/pam.d: it never matches there; mend the name",
            ),
        ),
        ("shsd", "skip", Some("warning: rule 1 names shsd, and there is no such service in /etc/pam.d")),
        (
            "common-auth",
            "user",
            Some("warning: rule 1 names common-auth, which only other services include: it never matches"),
        ),
        ("swaylock", "skip", None),
    ] {
        let told = by_rule(&format!("[[rule]]\nservices = [\"{services}\"]\nthen = \"{then}\"\n"), &files);
        match expected {
            Some(expected) => assert!(told.len() == 1 && told[0].starts_with(expected), "{told:#?}"),
            None => assert_eq!(told, [""; 0], "{services} {then}"),
        }
    }
    let all = "[[rule]]\nthen = \"required\"\n";
    assert_eq!(by_rule(all, &files), [""; 0]);
    let none = by_rule(all, &[("login", UNIX)]);
    assert!(
        none.len() == 1 && none[0].starts_with("warning: rule 1 requires a code, and no service has a line"),
        "{none:#?}"
    );
}

#[test]
fn a_pam_conf_is_told_where_it_decides_or_misleads() {
    let told = |shelf: &Shelf| {
        let mut findings = Vec::new();
        one_file(shelf, &mut findings);
        lines(&findings)
    };
    let conf = "# see pam.d\nsshd auth required pam_countersign.so\n";
    let both = told(&Shelf::of(&[("sshd", UNIX)]).and("/etc/pam.conf", conf));
    assert_eq!(
        both,
        [
            "info: /etc/pam.conf:2: has no effect: libpam does not read this file where there is /etc/pam.d; put the line into \
          /etc/pam.d/sshd, without its first word"
        ]
    );
    assert_eq!(told(&Shelf::of(&[("sshd", UNIX)]).and("/etc/pam.conf", "#none\n")), [""; 0]);
    let alone = told(&Shelf::default().and("/etc/pam.conf", conf));
    assert!(alone.len() == 1 && alone[0].starts_with("error: /etc/pam.conf: decides about all logins"), "{alone:#?}");
    assert_eq!(told(&Shelf::default().and("/etc/pam.conf", "# none\n")), [""; 0]);
}
