//! What is known about services by their names: who is at the other end, and which files are no services.

use std::collections::BTreeSet;

use crate::pam::files::{DIRECTORIES, Files};
use crate::pam::service::{Handler, OTHER, Phase, Service};

/// Who answers a service's questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// A person at a terminal, or an application nobody knows.
    Person,
    /// A locker, which runs as the user: the module cannot read the state there.
    Locker,
    /// A program that answers with the password whatever it is asked, or cannot be asked twice.
    Machine,
    /// Nobody: it authenticates no one.
    Nobody,
}

const LOCKERS: [&str; 20] = [
    "i3lock",
    "swaylock",
    "hyprlock",
    "waylock",
    "gtklock",
    "vlock",
    "xlock",
    "slock",
    "xscreensaver",
    "xsecurelock",
    "kde",
    "kde-fingerprint",
    "kde-smartcard",
    "kscreensaver",
    "cinnamon-screensaver",
    "mate-screensaver",
    "gnome-screensaver",
    "xfce4-screensaver",
    "physlock",
    "cosmic-comp",
];
const MACHINES: [&str; 19] = [
    "sddm",
    "dovecot",
    "imap",
    "imaps",
    "pop",
    "pop3",
    "smtp",
    "smtpd",
    "vsftpd",
    "proftpd",
    "pure-ftpd",
    "ftp",
    "samba",
    "cups",
    "ppp",
    "xrdp-sesman",
    "openvpn",
    "squid",
    "radiusd",
];
const NOBODY: [&str; 12] = [
    "cron",
    "crond",
    "atd",
    "systemd-user",
    "systemd-run0-none",
    "chpasswd",
    "newusers",
    "passwd",
    "sddm-autologin",
    "gdm-autologin",
    "lightdm-autologin",
    "gdm-launch-environment",
];
/// Files that others include, and that are services nevertheless.
const INCLUDED_SERVICES: [&str; 12] = [
    "sshd",
    "login",
    "remote",
    "su",
    "sudo",
    "su-l",
    "sudo-i",
    "runuser",
    OTHER,
    "gdm-password",
    "lightdm",
    "polkit-1",
];
/// Endings of copies that editors and package managers leave behind.
const COPIES: [&str; 11] =
    ["~", ".bak", ".orig", ".old", ".rpmnew", ".rpmsave", ".pacnew", ".pacsave", ".apk-new", ".swp", ".save"];

impl Nature {
    pub(super) fn of(service: &str) -> Self {
        match service {
            _ if LOCKERS.contains(&service) => Self::Locker,
            _ if MACHINES.contains(&service) => Self::Machine,
            _ if NOBODY.contains(&service) => Self::Nobody,
            _ => Self::Person,
        }
    }
}

/// All services of this host, in order of names: every file that is no copy, and none that only others include.
pub(super) fn all(files: &dyn Files) -> Vec<Service> {
    let names: BTreeSet<String> = DIRECTORIES.iter().flat_map(|directory| files.names(directory)).collect();
    let is_copy = |name: &String| {
        name.starts_with('.') || name.contains(".dpkg-") || COPIES.iter().any(|ending| name.ends_with(ending))
    };
    let services: Vec<Service> =
        names.iter().filter(|name| !is_copy(name)).map(|name| Service::read(files, name)).collect();
    let included: BTreeSet<String> = services.iter().flat_map(files_included).collect();
    let is_fragment = |service: &Service| {
        let own = service.file.as_ref();
        own.is_some_and(|file| included.contains(file)) && !INCLUDED_SERVICES.contains(&service.name.as_str())
    };
    // What cannot be read as a file, such as a directory, is no service.
    services.into_iter().filter(|service| service.file.is_some() && !is_fragment(service)).collect()
}

/// The files a service includes.
fn files_included(service: &Service) -> BTreeSet<String> {
    let phases = [Phase::Auth, Phase::Account, Phase::Password, Phase::Session];
    let handlers = phases.into_iter().flat_map(|phase| service.stack(phase));
    let is_other = |handler: &&Handler| !handler.through.is_empty();
    handlers.filter(is_other).map(|handler| handler.place.file.to_string()).collect()
}
