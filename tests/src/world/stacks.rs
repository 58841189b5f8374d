//! The PAM stacks of `tests/stacks`, the very files the README shows, and those the attack tests need.
use super::World;

/// A stack in `tests/stacks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stack {
    /// For sshd.
    Sshd,
    /// For login on a console.
    Login,
    /// For su and su -l.
    Su,
    /// For sudo and sudo -i.
    Sudo,
    /// For sshd, wrong on purpose: a wrong password does reach the second factor.
    SshdRequiredUnix,
    /// For sshd, wrong on purpose: no account line of ours.
    SshdNoAccount,
}

impl Stack {
    /// The text of the file.
    pub fn text(self) -> &'static str {
        match self {
            Self::Sshd => include_str!("../../stacks/sshd"),
            Self::Login => include_str!("../../stacks/login"),
            Self::Su => include_str!("../../stacks/su"),
            Self::Sudo => include_str!("../../stacks/sudo"),
            Self::SshdRequiredUnix => include_str!("../../stacks/sshd_required_unix"),
            Self::SshdNoAccount => include_str!("../../stacks/sshd_no_account"),
        }
    }

    /// The services it is for.
    pub fn services(self) -> &'static [&'static str] {
        match self {
            Self::Sshd | Self::SshdRequiredUnix | Self::SshdNoAccount => &["sshd"],
            Self::Login => &["login"],
            Self::Su => &["su", "su-l"],
            Self::Sudo => &["sudo", "sudo-i"],
        }
    }

    /// The text without the lines of our module: what a machine had before.
    pub fn plain_text(self) -> String {
        let kept = self.text().lines().filter(|line| !line.contains("pam_countersign.so"));
        kept.flat_map(|line| [line, "\n"]).collect()
    }
}

impl World {
    /// Writes a service's stack to `/etc/pam.d`.
    pub fn pam_stack(&self, service: &str, text: &str) {
        self.write_file(&format!("/etc/pam.d/{service}"), text, 0o644);
    }

    /// Puts one of the stacks of `tests/stacks` in place for all its services.
    pub fn use_stack(&self, stack: Stack) {
        for service in stack.services() {
            self.pam_stack(service, stack.text());
        }
    }

    /// As [`use_stack`](Self::use_stack), without the lines of our module.
    pub fn use_plain_stack(&self, stack: Stack) {
        for service in stack.services() {
            self.pam_stack(service, &stack.plain_text());
        }
    }
}
