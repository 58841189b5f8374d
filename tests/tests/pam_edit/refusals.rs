//! Stacks in which our lines would not do what they should, and files that are not ours to replace.
use crate::stage::{has, pam_command, stack, stage};
use countersign_tests::Factor;

fn refused(factor: &Factor, service: &str, why: &str) {
    let before = factor.world.sh("cat /etc/pam.d/* | sha256sum; ls -lA /etc/pam.d").ok();
    let outcome = pam_command(factor, &["add", service, "--yes"]);
    outcome.expect_code(1);
    has(&outcome.errors(), &[why]);
    assert_eq!(factor.world.sh("cat /etc/pam.d/* | sha256sum; ls -lA /etc/pam.d").ok(), before);
}

#[test]
fn a_stack_in_which_no_place_is_right_is_refused_with_the_lines_to_put_in_by_hand() {
    let (factor, _) = stage();
    let cases = [
        (
            "required",
            "auth required pam_unix.so\naccount required pam_unix.so\n",
            "a wrong password goes on from pam_unix.so to our line",
        ),
        ("fedora", "auth substack password-auth\naccount include password-auth\n", "a wrong password goes on"),
        (
            "fingerprint",
            "auth sufficient pam_rhosts.so\n@include common-auth\n@include common-account\n",
            "pam_rhosts.so",
        ),
        (
            "sufficient",
            "auth sufficient pam_unix.so\nauth required pam_deny.so\naccount required pam_unix.so\n",
            "our line",
        ),
        ("swaylock", "@include common-auth\n@include common-account\n", "it will not unlock"),
        ("accountless", "@include common-auth\n", "nothing is written"),
    ];
    factor.world.write_file(
        "/etc/pam.d/password-auth",
        "auth required pam_env.so\nauth sufficient pam_unix.so\nauth required pam_deny.so\naccount required pam_unix.so\n",
        0o644,
    );
    for (service, text, why) in cases {
        factor.world.write_file(&format!("/etc/pam.d/{service}"), text, 0o644);
        refused(&factor, service, why);
        let outcome = pam_command(&factor, &["add", service, "--yes"]);
        has(&outcome.errors(), &["hint: by hand, ", "auth     required                    pam_countersign.so"]);
    }
}

#[test]
fn what_services_include_is_refused_with_who_would_be_caught() {
    let (factor, _) = stage();
    refused(&factor, "common-auth", "common-auth: nothing is written: this is no service, but what services include (");
    refused(&factor, "common-account", "screen lockers and cron too");
    factor.world.write_file(
        "/etc/pam.d/system-auth",
        "auth required pam_unix.so\naccount required pam_unix.so\n",
        0o644,
    );
    refused(&factor, "system-auth", "this is no service");
    factor.world.write_file(
        "/etc/pam.d/house",
        "auth required pam_env.so\n@include common-auth\n@include common-account\n",
        0o644,
    );
    factor.world.write_file("/etc/pam.d/door", "@include house\n", 0o644);
    refused(&factor, "house", "what services include (door)");
    let outcome = pam_command(&factor, &["add", "common-auth", "--yes"]);
    has(&outcome.errors(), &["hint: name the services that shall ask, as in: countersign pam add sshd sudo"]);
}

#[test]
fn a_service_that_a_rule_skips_is_refused_with_the_rule() {
    let (factor, _) = stage();
    factor.world.write_file("/etc/pam.d/swaylock", "@include common-auth\n@include common-account\n", 0o644);
    let rules =
        "[[rule]]\nservices = [\"cups\"]\nthen = \"skip\"\n[[rule]]\nservices = [\"swaylock\"]\nthen = \"skip\"\n";
    factor.world.configure(rules);
    refused(&factor, "swaylock", "swaylock: nothing is written: rule 2 of the configuration skips this service");
}

#[test]
fn what_an_include_does_besides_is_named_where_it_has_to_be_replaced() {
    let (factor, _) = stage();
    let shared = "auth required pam_env.so\nauth required pam_faillock.so preauth\nauth sufficient pam_unix.so\n\
                  auth [default=die] pam_faillock.so authfail\nauth required pam_deny.so\naccount required pam_unix.so\n";
    factor.world.write_file("/etc/pam.d/password-auth", shared, 0o644);
    let own = "auth substack password-auth\naccount include password-auth\n";
    factor.world.write_file("/etc/pam.d/house", own, 0o644);
    refused(
        &factor,
        "house",
        "keep what that does besides, in its order: `auth required pam_env.so`, `auth required pam_faillock.so preauth`, \
         `auth [default=die] pam_faillock.so authfail`",
    );
}

#[test]
fn a_file_that_is_not_as_it_must_be_is_not_replaced() {
    let (factor, _) = stage();
    refused(&factor, "nothing", "there is no such service in /etc/pam.d");
    pam_command(&factor, &["add", "../shadow", "--yes"]).expect_code(1);
    let spoilt = [
        ("mv /etc/pam.d/sshd /etc/pam.d/real; ln -s real /etc/pam.d/sshd", "is a symbolic link"),
        (
            "rm /etc/pam.d/sshd; cp /etc/pam.d/real /etc/pam.d/sshd; chmod 666 /etc/pam.d/sshd",
            "others than root can write it",
        ),
        ("chmod 644 /etc/pam.d/sshd; chown alice /etc/pam.d/sshd", "others than root can write it"),
        ("chown root /etc/pam.d/sshd; ln /etc/pam.d/sshd /etc/pam.d/twin", "has more than one name"),
        ("rm /etc/pam.d/twin; sed -i 's/$/\\r/' /etc/pam.d/sshd", "nothing is written"),
        ("cp /etc/pam.d/real /etc/pam.d/sshd; printf '# \\377\\n' >> /etc/pam.d/sshd", "is not text in UTF-8"),
        ("cp /etc/pam.d/real /etc/pam.d/sshd; printf 'auth required \\\\' >> /etc/pam.d/sshd", "libpam refuses it"),
    ];
    for (script, why) in spoilt {
        factor.world.sh(script).ok();
        refused(&factor, "sshd", why);
    }
}

#[test]
fn a_stack_is_not_pointed_at_what_would_refuse_everyone() {
    let (factor, _) = stage();
    factor.world.sh("rm $(find /usr/lib /lib -name pam_countersign.so)").ok();
    refused(&factor, "sshd", "pam_countersign.so is not installed");
    let (factor, _) = stage();
    factor.world.configure("[prompt]\nechoes = true\n");
    refused(&factor, "sshd", "echoes");
    factor.world.configure("");
    factor.world.sh("mv /var/lib/countersign /var/lib/away").ok();
    refused(&factor, "sshd", "is the state directory mounted?");
}

#[test]
fn what_is_removed_are_our_lines_in_this_file_and_only_if_others_do_not_count_them() {
    let (factor, _) = stage();
    factor.world.sh("echo 'auth required pam_countersign.so' >> /etc/pam.d/common-auth").ok();
    let included = pam_command(&factor, &["remove", "sshd", "--yes"]);
    included.expect_code(1);
    has(
        &included.errors(),
        &["the line of pam_countersign.so is /etc/pam.d/common-auth:", "which other services include"],
    );
    let (plain, own) = (stack(&factor, "sshd"), "account required pam_countersign.so\n");
    factor.world.write_file("/etc/pam.d/sshd", format!("auth required pam_countersign.so\n{own}{plain}"), 0o644);
    let both = pam_command(&factor, &["remove", "sshd", "--yes"]);
    both.ok();
    has(&both.errors(), &["sshd: a code is asked for all the same, by /etc/pam.d/common-auth:"]);
    assert_eq!(stack(&factor, "sshd"), plain);
    let counted = "auth [success=2 default=ignore] pam_unix.so\nauth requisite pam_countersign.so\nauth requisite pam_deny.so\n\
                   auth required pam_permit.so\naccount required pam_unix.so\n";
    factor.world.write_file("/etc/pam.d/counted", counted, 0o644);
    let outcome = pam_command(&factor, &["remove", "counted", "--yes"]);
    outcome.expect_code(1);
    has(
        &outcome.errors(),
        &["counted: nothing is written: /etc/pam.d/counted:1: jumps over the line of pam_countersign.so"],
    );
    assert_eq!(stack(&factor, "counted"), counted);
}
