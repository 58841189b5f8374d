//! Becoming the system user `countersign`, for good.
//!
//! Which user that is must be known without reading anything: every file, name service and variable is something
//! that someone may have touched, and whoever reads them here is still root. The kernel knows one number for certain:
//! the effective group, which it took from the file's own group when it started this program (mode 6755,
//! root:countersign). The account `countersign` has the same number as user and as group; `make install` sees to it.
//! Should they ever differ, this program becomes a user who does not own the state, finds that out
//! ([`crate::desk`]), and ends.

use nix::unistd::{Gid, Uid, getegid, geteuid, getgid, getgroups, getresgid, getresuid, getuid, setgid, setgroups};
use nix::unistd::{setresgid, setresuid, setuid};

use crate::Exit;

/// The real user id of whoever started this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallerUid(pub(crate) u32);

/// Remembers who called, and becomes the owner of the state: groups, then real, effective and saved ids.
pub(crate) fn become_owner() -> Result<CallerUid, Exit> {
    let real = getuid();
    if real.is_root() {
        return Err(Exit::RunByRoot);
    }
    let group = getegid();
    let owner = Uid::from_raw(group.as_raw());
    // Without the set-group-ID bit the effective group would be the caller's own.
    if !geteuid().is_root() || group.as_raw() == 0 || group == getgid() || owner == real {
        return Err(Exit::NotInstalled);
    }
    setgroups(&[]).and_then(|()| setresgid(group, group, group)).map_err(|_| Exit::NotInstalled)?;
    setresuid(owner, owner, owner).map_err(|_| Exit::NotInstalled)?;
    if is_for_good(owner, group) { Ok(CallerUid(real.as_raw())) } else { Err(Exit::NotInstalled) }
}

/// Whether all ids are the owner's, no group is left, and there is no way back.
fn is_for_good(owner: Uid, group: Gid) -> bool {
    let uids = getresuid().is_ok_and(|ids| [ids.real, ids.effective, ids.saved] == [owner; 3]);
    let gids = getresgid().is_ok_and(|ids| [ids.real, ids.effective, ids.saved] == [group; 3]);
    let groups = getgroups().is_ok_and(|groups| groups.iter().all(|other| *other == group));
    let way_back = setuid(Uid::from_raw(0)).is_ok() || setgid(Gid::from_raw(0)).is_ok();
    uids && gids && groups && !way_back
}
