//! Arch, Gentoo, Alpine, openSUSE and NixOS.
use super::{Stack, all_are_as_expected};

const ARCH: [Stack; 9] = [
    Stack {
        name: "login, by two files",
        local: "asked",
        directory: None,
        text: r"
== login
auth requisite pam_nologin.so
auth include system-local-login
{A}
{C}
account include system-local-login
== system-local-login
auth include system-login
account include system-login
== system-login
auth required pam_shells.so
auth requisite pam_nologin.so
auth include system-auth
account required pam_access.so
account required pam_nologin.so
account include system-auth
== system-auth
auth required pam_faillock.so preauth
-auth [success=2 default=ignore] pam_systemd_home.so
auth [success=1 default=bad] pam_unix.so try_first_pass nullok
auth [default=die] pam_faillock.so authfail
auth optional pam_permit.so
auth required pam_env.so
auth required pam_faillock.so authsucc
-account [success=1 default=ignore] pam_systemd_home.so
account required pam_unix.so
account optional pam_permit.so
account required pam_time.so
",
    },
    Stack {
        name: "our line between pam_unix and authfail",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth include system-auth
{C}
account include system-auth
== system-auth
auth required pam_faillock.so preauth
-auth [success=2 default=ignore] pam_systemd_home.so
auth [success=1 default=bad] pam_unix.so try_first_pass nullok
{A}
auth [default=die] pam_faillock.so authfail
auth optional pam_permit.so
auth required pam_env.so
auth required pam_faillock.so authsucc
-account [success=1 default=ignore] pam_systemd_home.so
account required pam_unix.so
account optional pam_permit.so
account required pam_time.so
",
    },
    Stack {
        name: "our line after authfail, reached by the jump",
        local: "asked",
        directory: None,
        text: r"
== sshd
auth include system-auth
{C}
account include system-auth
== system-auth
auth required pam_faillock.so preauth
-auth [success=2 default=ignore] pam_systemd_home.so
auth [success=1 default=bad] pam_unix.so try_first_pass nullok
auth [default=die] pam_faillock.so authfail
{A}
auth optional pam_permit.so
auth required pam_env.so
auth required pam_faillock.so authsucc
-account [success=1 default=ignore] pam_systemd_home.so
account required pam_unix.so
account optional pam_permit.so
account required pam_time.so
",
    },
    Stack {
        name: "Gentoo: pam_unix is sufficient in an include two files down",
        local: "not asked",
        directory: None,
        text: r"
== sshd
auth include system-remote-login
{A}
{C}
account include system-remote-login
== system-remote-login
auth include system-auth
account include system-auth
== system-auth
auth required pam_env.so
auth requisite pam_faillock.so preauth
auth sufficient pam_unix.so nullok try_first_pass
auth [default=die] pam_faillock.so authfail
account required pam_unix.so
account required pam_faillock.so
",
    },
    Stack {
        name: "Alpine: login",
        local: "asked",
        directory: None,
        text: r"
== login
auth required pam_securetty.so
auth include base-auth
{A}
{C}
account include base-account
== base-auth
auth required pam_env.so
auth requisite pam_unix.so nullok
auth required pam_nologin.so successok
== base-account
account required pam_unix.so
",
    },
    Stack {
        name: "openSUSE with sssd: pam_unix is sufficient",
        local: "not asked",
        directory: Some("asked"),
        text: r"
== sshd
auth requisite pam_nologin.so
auth include common-auth
{A}
{C}
account include common-account
== common-auth
auth required pam_env.so
-auth optional pam_gnome_keyring.so
auth sufficient pam_unix.so try_first_pass
auth required pam_sss.so use_first_pass
== common-account
account requisite pam_unix.so try_first_pass
account sufficient pam_localuser.so
account required pam_sss.so use_first_pass
",
    },
    Stack {
        name: "openSUSE: the same as a substack",
        local: "asked",
        directory: Some("asked"),
        text: r"
== sshd
auth requisite pam_nologin.so
auth substack common-auth
{A}
{C}
account include common-account
== common-auth
auth required pam_env.so
auth sufficient pam_unix.so try_first_pass
auth required pam_sss.so use_first_pass
== common-account
account requisite pam_unix.so try_first_pass
account sufficient pam_localuser.so
account required pam_sss.so use_first_pass
",
    },
    Stack {
        name: "NixOS: the password is taken first and looked at again after the code",
        local: "asked",
        directory: None,
        text: r"
== sshd
auth optional pam_unix.so nullok likeauth
{A}
auth sufficient pam_unix.so nullok likeauth try_first_pass
auth required pam_deny.so
{C}
{U}
",
    },
    Stack {
        name: "a legacy module that is gone",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth required pam_tally2.so deny=5 onerr=fail
auth requisite pam_unix.so
{A}
auth required pam_permit.so
{C}
{U}
",
    },
];

#[test]
fn stacks_of_arch_gentoo_alpine_opensuse_and_nixos_are_judged_as_libpam_does() {
    all_are_as_expected(&ARCH);
}
