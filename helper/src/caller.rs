//! Who calls: the account of the real user id, and of no other.
//!
//! A user id with two names is refused, since one of them would act in the other's name. What can be checked: that the
//! name the system gives for the id leads back to that id, and that `/etc/passwd` has no second name for it. Two names
//! in a directory that cannot be listed are not seen; then the one the system gives counts, always the same.

use std::fs::File;
use std::io::{BufRead, BufReader};

use countersign_common::system::{Account, Accounts};

use crate::first_act::CallerUid;
use crate::refusal::Refusal;

/// The caller's account.
pub(crate) fn account(accounts: &dyn Accounts, CallerUid(uid): CallerUid) -> Result<Account, Refusal> {
    let found = accounts.by_uid(uid);
    let found = found.map_err(|error| Refusal::new(format!("your account cannot be looked up: {error}")))?;
    let account = found.ok_or_else(|| Refusal::new(format!("user id {uid} has no account")))?;
    if is_sole(accounts, &account) {
        Ok(account)
    } else {
        Err(Refusal::new(format!("user id {uid} has more than one name, or cannot be looked up"))
            .hint("root can help: no one else"))
    }
}

/// Whether this is known to be the one account of its user id.
pub(crate) fn is_sole(accounts: &dyn Accounts, account: &Account) -> bool {
    let is_same = |found| matches!(found, Ok(Some(found)) if found == *account);
    let names = local_names(account.uid);
    is_same(accounts.by_uid(account.uid))
        && is_same(accounts.by_name(account.name.as_str()))
        && names.is_ok_and(|names| names.iter().all(|name| name == account.name.as_str().as_bytes()))
}

/// Every name that `/etc/passwd` has for a user id.
fn local_names(uid: u32) -> std::io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for line in BufReader::new(File::open("/etc/passwd")?).split(b'\n') {
        let line = line?;
        let mut fields = line.split(|byte| *byte == b':');
        let (name, id) = (fields.next(), fields.nth(1));
        let id = id.and_then(|id| std::str::from_utf8(id).ok()).and_then(|id| id.parse::<u32>().ok());
        if let (Some(name), true) = (name, id == Some(uid)) {
            names.push(name.to_vec());
        }
    }
    Ok(names)
}
