//! Debian's files with `pam_faillock`, LDAP, Kerberos and winbind.
use super::{Stack, all_are_as_expected};

const DEBIAN: [Stack; 10] = [
    Stack {
        name: "pam-auth-update with pam_faillock, as the manual says",
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
auth requisite pam_faillock.so preauth
auth [success=2 default=ignore] pam_unix.so nullok try_first_pass
auth [default=die] pam_faillock.so authfail
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
        name: "hardened by hand: authsucc is sufficient, so an @include ends all",
        local: "not asked",
        directory: None,
        text: r"
== sshd
@include common-auth
{A}
account required pam_nologin.so
{C}
@include common-account
== common-auth
auth required pam_faillock.so preauth audit silent deny=5 unlock_time=900
auth [success=1 default=ignore] pam_unix.so nullok
auth [default=die] pam_faillock.so authfail audit deny=5 unlock_time=900
auth sufficient pam_faillock.so authsucc audit deny=5 unlock_time=900
auth requisite pam_deny.so
auth required pam_permit.so
== common-account
account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
account requisite pam_deny.so
account required pam_permit.so
account required pam_faillock.so
",
    },
    Stack {
        name: "a line put between, and the jump not made longer",
        local: "refused",
        directory: None,
        text: r"
== sshd
@include common-auth
{A}
account required pam_nologin.so
{C}
@include common-account
== common-auth
auth required pam_faillock.so preauth
auth [success=1 default=ignore] pam_unix.so nullok
auth [default=die] pam_faillock.so authfail
auth requisite pam_deny.so
auth required pam_permit.so
== common-account
account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
account requisite pam_deny.so
account required pam_permit.so
",
    },
    Stack {
        name: "pam_faillock and pam_ldap",
        local: "asked",
        directory: Some("asked"),
        text: r"
== sshd
@include common-auth
{A}
account required pam_nologin.so
{C}
@include common-account
== common-auth
auth requisite pam_faillock.so preauth
auth [success=3 default=ignore] pam_unix.so nullok
auth [success=2 default=ignore] pam_ldap.so minimum_uid=1000 use_first_pass
auth [default=die] pam_faillock.so authfail
auth requisite pam_deny.so
auth required pam_permit.so
== common-account
account [success=2 new_authtok_reqd=done default=ignore] pam_unix.so
account [success=1 default=ignore] pam_ldap.so minimum_uid=1000
account requisite pam_deny.so
account required pam_permit.so
account required pam_faillock.so
",
    },
    Stack {
        name: "libnss-ldapd with its account line",
        local: "asked",
        directory: Some("asked"),
        text: r"
== sshd
@include common-auth
{A}
account required pam_nologin.so
{C}
@include common-account
== common-auth
auth [success=2 default=ignore] pam_unix.so nullok
auth [success=1 default=ignore] pam_ldap.so minimum_uid=1000 use_first_pass
auth requisite pam_deny.so
auth required pam_permit.so
== common-account
account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
account requisite pam_deny.so
account required pam_permit.so
account [success=ok new_authtok_reqd=done ignore=ignore user_unknown=ignore authinfo_unavail=ignore default=bad] pam_ldap.so minimum_uid=1000
",
    },
    Stack {
        name: "Kerberos before pam_unix",
        local: "asked",
        directory: Some("asked"),
        text: r"
== sshd
@include common-auth
{A}
account required pam_nologin.so
{C}
@include common-account
== common-auth
auth [success=2 default=ignore] pam_krb5.so minimum_uid=1000
auth [success=1 default=ignore] pam_unix.so nullok try_first_pass
auth requisite pam_deny.so
auth required pam_permit.so
auth optional pam_cap.so
== common-account
account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
account requisite pam_deny.so
account required pam_permit.so
account required pam_krb5.so minimum_uid=1000
",
    },
    Stack {
        name: "winbind",
        local: "asked",
        directory: Some("asked"),
        text: r"
== sshd
@include common-auth
{A}
account required pam_nologin.so
{C}
@include common-account
== common-auth
auth [success=2 default=ignore] pam_unix.so nullok
auth [success=1 default=ignore] pam_winbind.so krb5_auth krb5_ccache_type=FILE cached_login try_first_pass
auth requisite pam_deny.so
auth required pam_permit.so
== common-account
account [success=2 new_authtok_reqd=done default=ignore] pam_unix.so
account [success=1 new_authtok_reqd=done default=ignore] pam_winbind.so
account requisite pam_deny.so
account required pam_permit.so
",
    },
    Stack {
        name: "an old pam_ldap, sufficient before pam_unix",
        local: "asked",
        directory: Some("not asked"),
        text: r"
== sshd
@include common-auth
{A}
{C}
@include common-account
== common-auth
auth sufficient pam_ldap.so
auth required pam_unix.so nullok_secure try_first_pass
== common-account
account sufficient pam_ldap.so
account required pam_unix.so
",
    },
    Stack {
        name: "our lines in common-auth, for all",
        local: "asked",
        directory: None,
        text: r"
== sshd
@include common-auth
@include common-account
== common-auth
auth [success=1 default=ignore] pam_unix.so nullok
auth requisite pam_deny.so
auth required pam_permit.so
{A}
auth optional pam_cap.so
== common-account
{C}
account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
account requisite pam_deny.so
account required pam_permit.so
",
    },
    Stack {
        name: "our line as a primary profile: the jump goes past it",
        local: "not asked",
        directory: None,
        text: r"
== sshd
@include common-auth
@include common-account
== common-auth
auth [success=2 default=ignore] pam_unix.so nullok
auth [success=1 default=ignore] pam_countersign.so
auth requisite pam_deny.so
auth required pam_permit.so
== common-account
{C}
account required pam_unix.so
",
    },
];

#[test]
fn stacks_of_debian_with_faillock_ldap_kerberos_and_winbind_are_judged_as_libpam_does() {
    all_are_as_expected(&DEBIAN);
}
