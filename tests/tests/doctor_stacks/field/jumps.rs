//! Jumps of every length.
use super::{Stack, all_are_as_expected};

const NUMBERS: [Stack; 12] = [
    Stack {
        name: "a jump of nothing",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth [success=0 default=ignore] pam_unix.so
auth requisite pam_deny.so
{A}
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "a jump to the end",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth [success=3 default=ignore] pam_unix.so
auth requisite pam_deny.so
{A}
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "a jump past the end",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth [success=4 default=ignore] pam_unix.so
auth requisite pam_deny.so
{A}
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "a jump far past the end",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth [success=99999 default=ignore] pam_unix.so
auth requisite pam_deny.so
{A}
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "a number larger than any, which runs round",
        local: "asked",
        directory: None,
        text: r"
== sshd
auth [success=4294967297 default=ignore] pam_unix.so
auth requisite pam_deny.so
{A}
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "a number as large as an int",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth [success=2147483648 default=ignore] pam_unix.so
auth requisite pam_deny.so
{A}
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "zeros before the number",
        local: "asked",
        directory: None,
        text: r"
== sshd
auth [success=001 default=ignore] pam_unix.so
auth requisite pam_deny.so
{A}
auth required pam_permit.so
{C}
{U}
",
    },
    Stack {
        name: "a jump to the end after something was decided",
        local: "not asked",
        directory: None,
        text: r"
== sshd
auth required pam_permit.so
auth [success=2 default=die] pam_unix.so
auth requisite pam_deny.so
{A}
{C}
{U}
",
    },
    Stack {
        name: "a jump past the end inside a substack",
        local: "refused",
        directory: None,
        text: r"
== sshd
auth substack base
{A}
auth required pam_permit.so
{C}
{U}
== base
auth [success=2 default=ignore] pam_unix.so
auth requisite pam_deny.so
",
    },
    Stack {
        name: "a jump to the end of a substack",
        local: "asked",
        directory: None,
        text: r"
== sshd
auth substack base
{A}
auth required pam_permit.so
{C}
{U}
== base
auth [success=1 default=ignore] pam_unix.so
auth requisite pam_deny.so
",
    },
    Stack {
        name: "a jump out of an include",
        local: "not asked",
        directory: None,
        text: r"
== sshd
auth include base
{A}
auth required pam_permit.so
{C}
{U}
== base
auth [success=2 default=ignore] pam_unix.so
auth requisite pam_deny.so
",
    },
    Stack {
        name: "a jump over a substack",
        local: "asked",
        directory: None,
        text: r"
== sshd
auth [success=1 default=ignore] pam_succeed_if.so uid >= 1000 quiet
auth substack base
auth [success=1 default=ignore] pam_unix.so
auth requisite pam_deny.so
{A}
auth required pam_permit.so
{C}
{U}
== base
auth requisite pam_deny.so
auth required pam_deny.so
",
    },
];

#[test]
fn jumps_of_every_length_are_judged_as_libpam_does() {
    all_are_as_expected(&NUMBERS);
}
