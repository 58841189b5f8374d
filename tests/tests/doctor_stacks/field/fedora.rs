//! What authselect and authconfig write.
use super::{Stack, all_are_as_expected};

const FEDORA: [Stack; 8] = [
    Stack {
        name: "authselect sssd with-fingerprint",
        local: "asked",
        directory: Some("asked"),
        text: r"
== sshd
auth substack password-auth
{A}
auth include postlogin
account required pam_sepermit.so
account required pam_nologin.so
{C}
account include password-auth
== postlogin
session optional pam_umask.so silent
== password-auth
auth required pam_env.so
auth required pam_faildelay.so delay=0
auth sufficient pam_fprintd.so
auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular
auth [default=1 ignore=ignore success=ok] pam_localuser.so
auth sufficient pam_unix.so nullok
auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular
auth sufficient pam_sss.so forward_pass
auth required pam_deny.so
account required pam_unix.so
account sufficient pam_localuser.so
account sufficient pam_usertype.so issystem
account [default=bad success=ok user_unknown=ignore] pam_sss.so
account required pam_permit.so
",
    },
    Stack {
        name: "authselect sssd with-smartcard",
        local: "asked",
        directory: Some("asked"),
        text: r"
== sshd
auth substack password-auth
{A}
auth include postlogin
account required pam_sepermit.so
account required pam_nologin.so
{C}
account include password-auth
== postlogin
session optional pam_umask.so silent
== password-auth
auth required pam_env.so
auth [default=2 ignore=ignore success=ok] pam_usertype.so isregular
auth [default=1 ignore=ignore success=ok] pam_localuser.so
auth sufficient pam_unix.so nullok
auth [success=done authinfo_unavail=ignore user_unknown=ignore ignore=ignore default=die] pam_sss.so try_cert_auth
auth required pam_deny.so
account required pam_unix.so
account sufficient pam_localuser.so
account sufficient pam_usertype.so issystem
account [default=bad success=ok user_unknown=ignore] pam_sss.so
account required pam_permit.so
",
    },
    Stack {
        name: "authselect winbind",
        local: "asked",
        directory: Some("asked"),
        text: r"
== sshd
auth substack password-auth
{A}
auth include postlogin
account required pam_sepermit.so
account required pam_nologin.so
{C}
account include password-auth
== postlogin
session optional pam_umask.so silent
== password-auth
auth required pam_env.so
auth sufficient pam_unix.so nullok
auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular
auth sufficient pam_winbind.so use_first_pass
auth required pam_deny.so
account required pam_unix.so broken_shadow
account sufficient pam_localuser.so
account sufficient pam_usertype.so issystem
account [default=bad success=ok user_unknown=ignore] pam_winbind.so
account required pam_permit.so
",
    },
    Stack {
        name: "use_first_pass where nobody asked for a password",
        local: "asked",
        directory: Some("refused"),
        text: r"
== sshd
auth substack password-auth
{A}
auth include postlogin
account required pam_sepermit.so
account required pam_nologin.so
{C}
account include password-auth
== postlogin
session optional pam_umask.so silent
== password-auth
auth required pam_env.so
auth sufficient pam_sss.so use_first_pass
auth sufficient pam_unix.so nullok
auth required pam_deny.so
account required pam_unix.so
account sufficient pam_localuser.so
account sufficient pam_usertype.so issystem
account [default=bad success=ok user_unknown=ignore] pam_sss.so
account required pam_permit.so
",
    },
    Stack {
        name: "authconfig of RHEL 7 with sssd",
        local: "asked",
        directory: Some("asked"),
        text: r"
== sshd
auth substack password-auth
{A}
auth include postlogin
account required pam_sepermit.so
account required pam_nologin.so
{C}
account include password-auth
== postlogin
session optional pam_umask.so silent
== password-auth
auth required pam_env.so
auth sufficient pam_unix.so nullok try_first_pass
auth requisite pam_succeed_if.so uid >= 1000 quiet_success
auth sufficient pam_sss.so use_first_pass
auth required pam_deny.so
account required pam_unix.so broken_shadow
account sufficient pam_localuser.so
account sufficient pam_succeed_if.so uid < 1000 quiet
account [default=bad success=ok user_unknown=ignore] pam_sss.so
account required pam_permit.so
",
    },
    Stack {
        name: "RHEL 7 hardened, faillock with authsucc",
        local: "asked",
        directory: None,
        text: r"
== sshd
auth substack password-auth
{A}
auth include postlogin
account required pam_sepermit.so
account required pam_nologin.so
{C}
account include password-auth
== postlogin
session optional pam_umask.so silent
== password-auth
auth required pam_env.so
auth required pam_faillock.so preauth silent audit deny=5 unlock_time=900
auth [success=1 default=bad] pam_unix.so
auth [default=die] pam_faillock.so authfail audit deny=5 unlock_time=900
auth sufficient pam_faillock.so authsucc audit deny=5 unlock_time=900
auth required pam_deny.so
account required pam_faillock.so
account required pam_unix.so
account sufficient pam_localuser.so
account sufficient pam_usertype.so issystem
account [default=bad success=ok user_unknown=ignore] pam_sss.so
account required pam_permit.so
",
    },
    Stack {
        name: "the same, included instead of a substack",
        local: "not asked",
        directory: None,
        text: r"
== sshd
auth include password-auth
{A}
auth include postlogin
account required pam_sepermit.so
account required pam_nologin.so
{C}
account include password-auth
== postlogin
session optional pam_umask.so silent
== password-auth
auth required pam_env.so
auth required pam_faillock.so preauth silent audit deny=5 unlock_time=900
auth [success=1 default=bad] pam_unix.so
auth [default=die] pam_faillock.so authfail audit deny=5 unlock_time=900
auth sufficient pam_faillock.so authsucc audit deny=5 unlock_time=900
auth required pam_deny.so
account required pam_faillock.so
account required pam_unix.so
account sufficient pam_localuser.so
account sufficient pam_usertype.so issystem
account [default=bad success=ok user_unknown=ignore] pam_sss.so
account required pam_permit.so
",
    },
    Stack {
        name: "systemd-homed before pam_unix",
        local: "asked",
        directory: Some("asked"),
        text: r"
== sshd
auth substack password-auth
{A}
auth include postlogin
account required pam_sepermit.so
account required pam_nologin.so
{C}
account include password-auth
== postlogin
session optional pam_umask.so silent
== password-auth
auth required pam_env.so
auth required pam_faillock.so preauth silent
-auth [success=done authtok_err=bad perm_denied=bad maxtries=bad default=ignore] pam_systemd_home.so
auth sufficient pam_unix.so nullok
auth sufficient pam_sss.so forward_pass
auth required pam_faillock.so authfail
auth required pam_deny.so
-account [success=done authtok_expired=bad new_authtok_reqd=bad maxtries=bad acct_expired=bad default=ignore] pam_systemd_home.so
account required pam_unix.so
account sufficient pam_localuser.so
account sufficient pam_usertype.so issystem
account [default=bad success=ok user_unknown=ignore] pam_sss.so
account required pam_permit.so
",
    },
];

#[test]
fn stacks_of_authselect_and_authconfig_are_judged_as_libpam_does() {
    all_are_as_expected(&FEDORA);
}
