//! What is said of stacks: the line, what is wrong there, what to do.

use countersign_common::config::{DEFAULT_PATH, parse};

use super::finding::Finding;
use super::stacks::stacks;
use super::verdict::Word;
use crate::pam::service_tests::Shelf;

const COMMON_AUTH: &str = "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\n\
                           auth required pam_permit.so\n";
const COMMON_ACCOUNT: &str = "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n\
                              account requisite pam_deny.so\naccount required pam_permit.so\n";
pub(super) const AUTH: &str = "auth required pam_countersign.so\n";
pub(super) const ACCOUNT: &str = "account required pam_countersign.so\n";

struct Seen {
    words: Vec<(String, Word)>,
    findings: Vec<Finding>,
}

fn seen(files: &[(&str, &str)]) -> Seen {
    let usual = [("common-auth", COMMON_AUTH), ("common-account", COMMON_ACCOUNT)];
    let missing = usual.iter().filter(|(name, _)| !files.iter().any(|(given, _)| given == name));
    let all: Vec<(&str, &str)> = files.iter().chain(missing).copied().collect();
    let config = parse(countersign_common::config::SHIPPED.as_bytes()).expect("what is shipped");
    let mut findings = Vec::new();
    let lines = stacks(&Shelf::of(&all), DEFAULT_PATH, Some(&config), &mut findings);
    let words = lines.into_iter().map(|line| (format!("{}, {}", line.service, line.login), line.verdict)).collect();
    Seen { words, findings }
}

/// The lines about one service's file.
pub(super) fn said(service: &str, text: &str) -> Vec<String> {
    seen(&[(service, text)]).findings.iter().map(Finding::to_string).collect()
}

pub(super) fn says(service: &str, text: &str, expected: &str) {
    let said = said(service, text);
    assert!(said.iter().any(|line| line.starts_with(expected)), "no {expected:?} in {said:#?}");
}

#[test]
fn a_right_stack_has_no_findings() {
    let text =
        format!("@include common-auth\n{AUTH}account requisite pam_nologin.so\n{ACCOUNT}@include common-account\n");
    assert_eq!(said("sshd", &text), [""; 0]);
    assert_eq!(seen(&[("sshd", &text)]).words, [("sshd, password".to_owned(), Word::Asked)]);
}

#[test]
fn each_line_is_named_with_what_to_do() {
    let include = "@include common-auth\n";
    let account = format!("{ACCOUNT}@include common-account\n");
    let from_here = |auth: &str| format!("{auth}{account}");
    for (text, expected) in [
        (
            from_here(&format!("auth required pam_unix.so\n{AUTH}")),
            "error: /etc/pam.d/sshd:1: a wrong password goes on from pam_unix.so to our line; put instead of /etc/pam.d/sshd:1 (`auth required pam_unix.so`): `auth [success=1 default=ignore] pam_unix.so`, `auth requisite pam_deny.so`",
        ),
        (from_here(&format!("{AUTH}{include}")), "error: /etc/pam.d/sshd:1: our line stands before the password"),
        (from_here(&format!("auth optional pam_unix.so\n{AUTH}")), "error: /etc/pam.d/sshd:2: a code alone lets in"),
        (
            from_here(&format!("auth sufficient pam_sss.so\n{include}{AUTH}")),
            "error: /etc/pam.d/sshd:1: pam_sss.so leads past our line, so no code is asked for; put instead of /etc/pam.d/sshd:1 (`auth sufficient pam_sss.so`): `auth [success=2 default=ignore] pam_sss.so`, `auth [success=1 default=ignore] pam_unix.so nullok`",
        ),
        (
            from_here(&format!("auth sufficient pam_fprintd.so\n{include}{AUTH}")),
            "error: /etc/pam.d/sshd:1: pam_fprintd.so leads past our line, so no code is asked for",
        ),
        (
            from_here(&format!("{include}auth optional pam_countersign.so\nauth required pam_permit.so\n")),
            "error: /etc/pam.d/sshd:2: a wrong code lets in as well; make the control `required`",
        ),
        (
            from_here(&format!("{include}auth [success=ok default=bad] pam_countersign.so\n")),
            "error: /etc/pam.d/sshd:2: who does not use 2FA is refused by pam_countersign.so",
        ),
        (
            from_here(&format!("{include}auth required pam_countersign.so nullok\n")),
            "error: /etc/pam.d/sshd:2: the module knows no argument `nullok`, so everyone is refused; take it out",
        ),
        (
            from_here(&format!("{include}{AUTH}auth required pam_faillock.so authsucc\n")),
            "warning: /etc/pam.d/sshd:3: pam_faillock.so may still refuse after our line",
        ),
        (
            from_here(&format!("{include}{AUTH}{AUTH}")),
            "error: /etc/pam.d/sshd:2: the code is asked for more than once (/etc/pam.d/sshd:2, /etc/pam.d/sshd:3)",
        ),
        (
            from_here(&format!("{include}{AUTH}auht optional pam_env.so\n")),
            "warning: /etc/pam.d/sshd:3: libpam cannot use this line: \"auht\" is no type of a line",
        ),
        (
            from_here(&format!("{include}auth [sucess=ok] pam_countersign.so\n")),
            "error: /etc/pam.d/sshd:2: libpam cannot read the control",
        ),
        (
            from_here(&format!("{include}auth required pam_missing.so\n{AUTH}")),
            "error: /etc/pam.d/sshd:2: nobody gets in (password): pam_missing.so is not installed, and that counts as a refusal; install it",
        ),
    ] {
        says("sshd", &text, expected);
    }
}

#[test]
fn the_account_line_is_placed_to_the_line() {
    let auth = format!("@include common-auth\n{AUTH}");
    for (account, expected) in [
        (
            "account required pam_nologin.so\n@include common-account\n".to_owned(),
            "error: /etc/pam.d/sshd:4: there is no account line of ours, so nobody can enroll or turn 2FA off here; \
             put `account required pam_countersign.so` before /etc/pam.d/sshd:4 (`@include common-account`)",
        ),
        (
            format!("@include common-account\n{ACCOUNT}"),
            "warning: /etc/pam.d/sshd:4: stands after /etc/pam.d/common-account:1, and has no turn when the password has expired",
        ),
        (
            format!("account required pam_unix.so\n{ACCOUNT}"),
            "warning: /etc/pam.d/sshd:4: stands after /etc/pam.d/sshd:3; put it before",
        ),
        (
            format!("account sufficient pam_localuser.so\n{ACCOUNT}account required pam_unix.so\n"),
            "error: /etc/pam.d/sshd:3: pam_localuser.so leads past our account line /etc/pam.d/sshd:4, so nobody can",
        ),
        (
            format!(
                "account sufficient pam_succeed_if.so uid = 0 use_uid quiet\n{ACCOUNT}account required pam_unix.so\n"
            ),
            "warning: /etc/pam.d/sshd:3: pam_succeed_if.so leads past our account line /etc/pam.d/sshd:4, so some cannot",
        ),
        (
            "account sufficient pam_countersign.so\naccount required pam_unix.so\n".to_owned(),
            "error: /etc/pam.d/sshd:3: our refusal does not count",
        ),
        (
            "account sufficient pam_countersign.so\naccount required pam_unix.so\n".to_owned(),
            "error: /etc/pam.d/sshd:3: when something was proven, /etc/pam.d/sshd:4 is not asked any more",
        ),
        (
            format!("account required pam_nologin.so\n{ACCOUNT}@include common-account\n"),
            "warning: /etc/pam.d/sshd:3: whom pam_nologin.so refuses has stored what was proven before; make it `requisite`, \
             before /etc/pam.d/sshd:4",
        ),
        (ACCOUNT.to_owned(), "error: /etc/pam.d/sshd:3: refuses everyone who has nothing to store"),
    ] {
        says("sshd", &format!("{auth}{account}"), expected);
    }
}

#[test]
fn lockers_and_machines_are_found_and_a_skip_rule_settles_it() {
    let all = format!("@include common-auth\n{AUTH}{ACCOUNT}@include common-account\n");
    says("waylock", &all, "error: /etc/pam.d/waylock:2: waylock runs as the user");
    says("sddm", &all, "error: /etc/pam.d/sddm:2: sddm cannot ask for a code");
    assert_eq!(said("swaylock", &all), [""; 0], "the shipped configuration skips it");
    let shared = format!("{COMMON_AUTH}{AUTH}");
    let seen = seen(&[
        ("common-auth", &shared),
        ("sddm", "@include common-auth\n@include common-account\n"),
        ("cron", "@include common-auth\n@include common-account\n"),
        ("gdm-password", &all),
    ]);
    let words: Vec<Word> = seen.words.iter().map(|(_, word)| *word).collect();
    assert_eq!(words, [Word::CannotEnroll, Word::Refused], "cron authenticates nobody: {:?}", seen.words);
}

#[test]
fn a_problem_in_a_shared_file_is_told_once_with_all_its_services() {
    let shared = format!("{COMMON_AUTH}auth optional pam_countersign.so\n");
    let text = format!("@include common-auth\n{ACCOUNT}account required pam_unix.so\n");
    let seen = seen(&[("common-auth", &shared), ("sshd", &text), ("login", &text)]);
    let wrong: Vec<&Finding> = seen.findings.iter().filter(|finding| finding.problem.contains("wrong code")).collect();
    assert_eq!(wrong.len(), 1, "{:?}", seen.findings);
    assert_eq!((wrong[0].services.clone(), wrong[0].line), (vec!["login".to_owned(), "sshd".to_owned()], Some(4)));
    assert!(wrong[0].to_string().contains("as well [login, sshd]; "), "{}", wrong[0]);
    assert_eq!(wrong[0].file.as_deref(), Some("/etc/pam.d/common-auth"));
}

#[test]
fn copies_and_included_files_are_no_services() {
    let text = format!("@include common-auth\n{AUTH}");
    let seen = seen(&[("sshd", &text), ("sshd.dpkg-old", &text), ("sshd~", &text), (".sshd.swp", &text)]);
    assert_eq!(seen.words.len(), 1, "{:?}", seen.words);
}
