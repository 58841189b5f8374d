//! Files that other services include: a line in one is a line in all of them.

use super::files::{DIRECTORIES, Files};
use super::service::{Handler, Phase, Service};

/// Files of distributions that are no services, even where nothing includes them yet.
const FRAGMENTS: [&str; 22] = [
    "common-auth",
    "common-account",
    "common-password",
    "common-session",
    "common-session-noninteractive",
    "common-session-nonlogin",
    "system-auth",
    "system-login",
    "system-local-login",
    "system-remote-login",
    "system-services",
    "system-account",
    "system-password",
    "system-session",
    "password-auth",
    "fingerprint-auth",
    "smartcard-auth",
    "postlogin",
    "base-auth",
    "base-account",
    "base-password",
    "base-session",
];

/// Whether a file is known by its name to be no service.
pub(crate) fn is_fragment_by_name(name: &str) -> bool {
    FRAGMENTS.contains(&name)
        || FRAGMENTS.iter().any(|known| name == format!("{known}-pc") || name == format!("{known}-ac"))
}

/// The services that include a file, in order of names.
pub(crate) fn includers(files: &dyn Files, name: &str) -> Vec<String> {
    let mut names: Vec<String> = DIRECTORIES.iter().flat_map(|directory| files.names(directory)).collect();
    names.retain(|other| other != name && !other.starts_with('.') && !is_fragment_by_name(other));
    names.sort();
    names.dedup();
    let path = format!("/{name}");
    let comes_from_it = |handler: &Handler| !handler.through.is_empty() && handler.place.file.ends_with(&path);
    names.retain(|other| {
        let service = Service::read(files, other);
        let phases = [Phase::Auth, Phase::Account, Phase::Password, Phase::Session];
        phases.into_iter().any(|phase| service.stack(phase).iter().any(comes_from_it))
    });
    names
}
