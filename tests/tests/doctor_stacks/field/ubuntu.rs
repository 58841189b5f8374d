//! Ubuntu's files with fingerprints, keys and a greeter.
use super::{Stack, all_are_as_expected};

const UBUNTU: [Stack; 5] = [
    Stack {
        name: "a fingerprint instead of the password",
        local: "asked",
        directory: None,
        text: r"
== sshd
@include common-auth
{A}
account required pam_nologin.so
{C}
@include common-account
== common-auth
auth [success=2 default=ignore] pam_fprintd.so max-tries=1 timeout=10
auth [success=1 default=ignore] pam_unix.so nullok try_first_pass
auth requisite pam_deny.so
auth required pam_permit.so
auth optional pam_cap.so
== common-account
account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
account requisite pam_deny.so
account required pam_permit.so
",
    },
    Stack {
        name: "a fingerprint that is enough",
        local: "asked",
        directory: None,
        text: r"
== login
auth sufficient pam_fprintd.so
@include common-auth
{A}
{C}
@include common-account
== common-auth
auth [success=1 default=ignore] pam_unix.so nullok
auth requisite pam_deny.so
auth required pam_permit.so
== common-account
account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
account requisite pam_deny.so
account required pam_permit.so
",
    },
    Stack {
        name: "a key of pam_u2f that is enough",
        local: "asked",
        directory: None,
        text: r"
== sshd
auth sufficient pam_u2f.so cue
@include common-auth
{A}
{C}
@include common-account
== common-auth
auth [success=1 default=ignore] pam_unix.so nullok
auth requisite pam_deny.so
auth required pam_permit.so
== common-account
account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
account requisite pam_deny.so
account required pam_permit.so
",
    },
    Stack {
        name: "gdm",
        local: "cannot enroll here",
        directory: None,
        text: r"
== gdm-password
auth requisite pam_nologin.so
auth required pam_succeed_if.so user != root quiet_success
@include common-auth
auth optional pam_gnome_keyring.so
{A}
{C}
@include common-account
== common-auth
auth [success=1 default=ignore] pam_unix.so nullok
auth requisite pam_deny.so
auth required pam_permit.so
== common-account
account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
account requisite pam_deny.so
account required pam_permit.so
",
    },
    Stack {
        name: "login with pam_group, and pam_securetty gone for good: a minus silences, it does not excuse",
        local: "refused",
        directory: None,
        text: r"
== login
auth requisite pam_nologin.so
-auth [success=ok new_authtok_reqd=ok ignore=ignore user_unknown=bad default=die] pam_securetty_is_gone.so
@include common-auth
auth optional pam_group.so
{A}
account requisite pam_access.so
{C}
@include common-account
== common-auth
auth [success=1 default=ignore] pam_unix.so nullok
auth requisite pam_deny.so
auth required pam_permit.so
== common-account
account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
account requisite pam_deny.so
account required pam_permit.so
",
    },
];

#[test]
fn stacks_of_ubuntu_with_fingerprints_keys_and_a_greeter_are_judged_as_libpam_does() {
    all_are_as_expected(&UBUNTU);
}
