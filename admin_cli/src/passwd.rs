//! The text of `passwd(5)`: of the file, or as `getent` lists accounts.

use countersign_common::record::UserName;
use countersign_common::system::Account;

/// Shells of accounts nobody logs in to.
const NO_SHELL: [&str; 5] = ["nologin", "false", "sync", "halt", "shutdown"];

/// A whole line of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    uid: &'a str,
    gid: &'a str,
    pub(crate) home: &'a str,
    pub(crate) shell: &'a str,
}

/// The lines that are text.
pub(crate) fn lines(passwd: &[u8]) -> impl Iterator<Item = &str> {
    passwd.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok())
}

/// The lines that are whole.
pub(crate) fn entries(passwd: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    lines(passwd).filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, shell] = fields.as_slice() else { return None };
        Some(Entry { name, uid, gid, home, shell })
    })
}

/// Whether a line that begins so is about an account, not a comment or a mark of the old NIS.
pub(crate) fn is_account(name: &str) -> bool {
    !(name.is_empty() || name.starts_with(['+', '-', '#']))
}

impl Entry<'_> {
    /// The account, if its name and numbers are such.
    pub(crate) fn account(&self) -> Option<Account> {
        let name = UserName::new(self.name).ok()?;
        Some(Account { name, uid: self.uid.parse().ok()?, gid: self.gid.parse().ok()? })
    }

    /// Whether someone can log in to it.
    pub(crate) fn has_shell(&self) -> bool {
        has_login_shell(self.shell)
    }
}

/// Whether someone who has this shell can log in.
pub(crate) fn has_login_shell(shell: &str) -> bool {
    !NO_SHELL.contains(&shell.rsplit('/').next().unwrap_or_default())
}
