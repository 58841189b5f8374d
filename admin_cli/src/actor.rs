//! Who runs the command: what the kernel says, never what the environment does.

use countersign_common::system::{Accounts, NssAccounts};
use nix::unistd::getuid;

/// Who runs the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Actor {
    /// The name of the real uid, or the number if it has none.
    pub(crate) name: String,
    /// Who logged in to begin with, by the audit system's login uid; `None` if that is the same or not known.
    login: Option<String>,
}

impl Actor {
    pub(crate) fn of_this_process() -> Self {
        let uid = getuid().as_raw();
        let login = login_uid().filter(|login| *login != uid);
        Self { name: name_of(uid), login: login.map(name_of) }
    }

    /// For the log: `root`, or `root (login alice)`.
    pub(crate) fn for_log(&self) -> String {
        match &self.login {
            Some(login) => format!("{} (login {login})", self.name),
            None => self.name.clone(),
        }
    }
}

fn name_of(uid: u32) -> String {
    match NssAccounts.by_uid(uid) {
        Ok(Some(account)) => account.name.as_str().to_owned(),
        Ok(None) | Err(_) => uid.to_string(),
    }
}

/// The login uid; the kernel lets only a login set it. `None` if it was never set.
fn login_uid() -> Option<u32> {
    let text = std::fs::read_to_string("/proc/self/loginuid").ok()?;
    text.trim().parse().ok().filter(|uid| *uid != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_names_who_logged_in_beside_who_acts() {
        let root = Actor { name: "root".to_owned(), login: None };
        assert_eq!(root.for_log(), "root");
        assert_eq!(Actor { login: Some("alice".to_owned()), ..root }.for_log(), "root (login alice)");
    }
}
