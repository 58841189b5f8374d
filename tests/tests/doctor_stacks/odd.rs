//! Stacks that follow no layout: what people write, and what slips in.
use crate::trial::{Files, Trial, agree};
use countersign_tests::world::security_directory;

const OTHER: &str = "auth required pam_deny.so\naccount required pam_deny.so\n";
const COMMON_AUTH: &str = "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\n\
                           auth required pam_permit.so\n";
const ACCOUNT: &str = "account required pam_countersign.so\naccount required pam_unix.so\n";
const OURS: &str = "auth required pam_countersign.so\n";

/// Asserts that both agree, and on what: so that neither is wrong in the other's way.
fn is(trial: &Trial, expected: &str, name: &str, files: &[(&str, &str)]) {
    let usual = [("other", OTHER), ("common-auth", COMMON_AUTH)];
    let missing = usual.iter().filter(|(name, _)| !files.iter().any(|(given, _)| given == name));
    let files: Files =
        files.iter().chain(missing).map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    assert_eq!(agree(trial, name, "sshd", &files), expected, "{name}");
}

fn sshd(trial: &Trial, expected: &str, auth: &str) {
    is(trial, expected, auth, &[("sshd", &format!("{auth}{ACCOUNT}"))]);
}

#[test]
fn ways_past_our_line_are_seen() {
    let trial = Trial::new();
    let rest = format!("@include common-auth\n{OURS}");
    sshd(&trial, "asked", &rest);
    sshd(&trial, "not asked", &format!("auth sufficient pam_unix.so\n{OURS}"));
    sshd(&trial, "not asked", &format!("auth sufficient pam_permit.so\n{rest}"));
    sshd(&trial, "not asked", &format!("auth sufficient pam_usertype.so isregular\n{rest}"));
    sshd(
        &trial,
        "not asked",
        &format!("auth [success=done default=ignore] pam_unix.so\n{OURS}auth required pam_permit.so\n"),
    );
    let jump = "auth [success=2 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n";
    sshd(&trial, "not asked", &format!("{jump}{OURS}auth required pam_permit.so\n"));
    let spared = "auth [success=1 default=ignore] pam_succeed_if.so uid >= 1000 quiet\n";
    sshd(&trial, "not asked", &format!("@include common-auth\n{spared}{OURS}"));
    let root = "auth [success=1 default=ignore] pam_succeed_if.so uid = 0 quiet\n";
    sshd(&trial, "asked", &format!("@include common-auth\n{root}{OURS}"));
    sshd(&trial, "not asked", "@include common-auth\n");
}

#[test]
fn what_libpam_cannot_use_refuses_or_is_passed_over_as_in_libpam() {
    let trial = Trial::new();
    let rest = format!("@include common-auth\n{OURS}");
    sshd(&trial, "refused", &format!("auht required pam_env.so\n{rest}"));
    sshd(&trial, "asked", &format!("auht optional pam_env.so\n{rest}"));
    sshd(&trial, "refused", &format!("auth [success=ok defualt=ignore] pam_permit.so\n{rest}"));
    sshd(&trial, "refused", &format!("auth required\n{rest}"));
    sshd(&trial, "refused", &format!("auth include nowhere\n{rest}"));
    sshd(&trial, "refused", &format!("auth required pam_not_there.so\n{rest}"));
    sshd(&trial, "asked", &format!("-auth optional pam_not_there.so\n{rest}"));
    sshd(&trial, "asked", &format!("-auth [success=3 default=ignore] pam_systemd_home.so\n{rest}"));
    sshd(&trial, "refused", &format!("@include nowhere\n{rest}"));
    sshd(&trial, "refused", &format!("{rest}auth required pam_unix.so\r\n"));
    is(
        &trial,
        "refused",
        "other is unfinished",
        &[("sshd", &format!("{rest}{ACCOUNT}")), ("other", "auth required \\\n")],
    );
    is(
        &trial,
        "refused",
        "a circle",
        &[
            ("sshd", &format!("auth substack loop\n{rest}{ACCOUNT}")),
            ("loop", "auth substack loop\nauth required pam_permit.so\n"),
        ],
    );
}

#[test]
fn the_ways_of_writing_a_line_make_no_difference() {
    let trial = Trial::new();
    let directory = security_directory();
    let path = directory.join("pam_countersign.so");
    sshd(&trial, "asked", &format!("@INCLUDE common-auth\nAUTH Required {}\n", path.display()));
    sshd(
        &trial,
        "asked",
        "@include common-auth # the password\n  auth\\\n\trequired   \\\n  pam_countersign.so # the code\n",
    );
    sshd(&trial, "asked", "@include common-auth\nauth required \\\n# the code\npam_countersign.so\n");
    sshd(&trial, "asked", "@include /etc/pam.d/common-auth\n[auth] [required] [pam_countersign.so] [debug]\n");
    sshd(
        &trial,
        "refused",
        "@include common-auth\nauth [success=okdefault=bad] pam_countersign.so\nauth x pam_permit.so\n",
    );
    sshd(&trial, "asked", &format!("#%PAM-1.0\n@include common-auth\n#{OURS}{OURS}# end \\\n"));
    sshd(&trial, "not asked", &format!("@include common-auth\n#{OURS}"));
}

#[test]
fn abstaining_and_refusing_count_as_in_libpam() {
    let trial = Trial::new();
    let unix = "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n";
    sshd(&trial, "locked out", &format!("{unix}{OURS}"));
    sshd(&trial, "asked", &format!("{unix}{OURS}auth required pam_permit.so\n"));
    let jump = "auth [success=1 ignore=1 default=die] pam_countersign.so\nauth requisite pam_deny.so\n";
    sshd(&trial, "asked", &format!("{unix}{jump}auth required pam_permit.so\n"));
    let strict = "auth [success=1 default=die] pam_countersign.so\nauth requisite pam_deny.so\n";
    sshd(&trial, "locked out", &format!("{unix}{strict}auth required pam_permit.so\n"));
    sshd(
        &trial,
        "not asked",
        &format!("{unix}auth [default=ignore] pam_countersign.so\nauth required pam_permit.so\n"),
    );
    sshd(
        &trial,
        "not asked",
        &format!("{unix}{OURS}auth [success=reset] pam_permit.so\nauth required pam_permit.so\n"),
    );
    sshd(&trial, "refused", &format!("{unix}{OURS}auth required pam_deny.so\n"));
    sshd(&trial, "asked", &format!("{unix}{OURS}{OURS}auth required pam_permit.so\n"));
}

#[test]
fn accounts_are_looked_at_as_in_libpam() {
    let trial = Trial::new();
    let auth = format!("@include common-auth\n{OURS}");
    for (expected, account) in [
        ("cannot enroll here", "account required pam_unix.so\n"),
        ("cannot enroll here", "account sufficient pam_unix.so\naccount required pam_countersign.so\n"),
        ("asked", "account sufficient pam_countersign.so\naccount required pam_unix.so\n"),
        ("refused", "account required pam_countersign.so\n"),
        ("asked", "account required pam_countersign.so\naccount required pam_permit.so\n"),
        (
            "cannot enroll here",
            "account [success=1 default=ignore] pam_unix.so\naccount required pam_countersign.so\naccount required pam_permit.so\n",
        ),
        ("refused", "account required pam_countersign.so\naccount required pam_deny.so\n"),
        ("refused", ""),
    ] {
        is(&trial, expected, account, &[("sshd", &format!("{auth}{account}"))]);
    }
    is(
        &trial,
        "asked",
        "the account phase of other",
        &[("sshd", &auth), ("other", &format!("auth required pam_deny.so\n{ACCOUNT}"))],
    );
    is(
        &trial,
        "asked",
        "substacks in substacks",
        &[
            ("sshd", &format!("auth substack one\n{OURS}account substack one\n")),
            ("one", "auth substack two\naccount substack two\n"),
            ("two", &format!("{COMMON_AUTH}{ACCOUNT}")),
        ],
    );
}
