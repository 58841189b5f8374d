//! What turns the right password and code away, and what looks as if it did.
use super::{Stack, all_are_as_expected};

const OURS: [Stack; 15] = [
    Stack {
        name: "our control dies of a right code",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth [success=1 default=ignore] pam_unix.so
auth requisite pam_deny.so
auth [success=die default=ignore] pam_countersign.so
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "our control takes a right code for a failure",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth [success=1 default=ignore] pam_unix.so
auth requisite pam_deny.so
auth [success=bad ignore=ignore default=die] pam_countersign.so
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "our control jumps past the end",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth [success=1 default=ignore] pam_unix.so
auth requisite pam_deny.so
auth [success=5 ignore=ignore default=die] pam_countersign.so
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "our control forgets everything",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth [success=1 default=ignore] pam_unix.so
auth requisite pam_deny.so
auth [success=reset ignore=ignore default=die] pam_countersign.so
{C}
{U}
",
    },
    Stack {
        name: "the right code comes to pam_deny",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth [success=1 default=ignore] pam_unix.so
auth requisite pam_deny.so
auth [success=ok ignore=1 default=die] pam_countersign.so
auth requisite pam_deny.so
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "use_first_pass and nothing before",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth [success=1 default=ignore] pam_unix.so use_first_pass
auth requisite pam_deny.so
{A}
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "use_first_pass after our line alone",
        local: "refused",
        directory: None,
        text: r"
== sshd
{A}
auth [success=1 default=ignore] pam_unix.so use_first_pass
auth requisite pam_deny.so
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "use_first_pass after a module that asks",
        local: "asked",
        directory: Some("refused"),
        text: r"
== sshd
auth optional pam_ldap.so
auth [success=1 default=ignore] pam_unix.so use_first_pass
auth requisite pam_deny.so
{A}
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "the file of the account phase is gone",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth [success=1 default=ignore] pam_unix.so
auth requisite pam_deny.so
{A}
auth required pam_permit.so
{C}
account include gone
",
    },
    Stack {
        name: "an @include of a file that is gone in a file that is included",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth include base
{A}
{C}
{U}
== base
auth [success=1 default=ignore] pam_unix.so
auth requisite pam_deny.so
@include gone
auth required pam_permit.so
",
    },
    Stack {
        name: "done inside a substack in a substack",
        local: "asked",
        directory: None,
        text: r"
== sshd
auth substack outer
{A}
auth required pam_permit.so
{C}
{U}
== outer
auth substack inner
auth required pam_env.so
== inner
auth [success=done default=die] pam_unix.so
",
    },
    Stack {
        name: "a line in two pieces, the control too",
        local: "asked",
        directory: None,
        text: r"
== sshd
auth [success=1 \
   default=ignore] \
 pam_unix.so
auth requisite pam_deny.so
{A}
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "a missing module behind a minus that would be required",
        local: "refused",
        directory: None,
        text: r"
== sshd
-auth required pam_gone.so
auth [success=1 default=ignore] pam_unix.so
auth requisite pam_deny.so
{A}
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "only those of a group, which is everybody",
        local: "asked",
        directory: None,
        text: r"
== sshd
auth [success=1 default=ignore] pam_unix.so
auth requisite pam_deny.so
auth [success=ignore default=1] pam_succeed_if.so uid >= 1000 quiet
{A}
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "pam_google_authenticator for who has it, and ours",
        local: "asked",
        directory: None,
        text: r"
== sshd
auth [success=1 default=ignore] pam_unix.so
auth requisite pam_deny.so
auth required pam_google_authenticator.so nullok
{A}
auth required pam_permit.so
{C}
{U}
",
    },
];

#[test]
fn what_turns_the_right_code_away_is_judged_as_libpam_does() {
    all_are_as_expected(&OURS);
}
