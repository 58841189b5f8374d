//! The file engine: one record and one counters file per user, no index, no daemon.
//!
//! Invariant: the cost of a login does not depend on how many users there are (I11).

use std::fs::File;
use std::io::Write;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, RenameFlags, openat, renameat2};
use nix::sys::stat::{Mode, fstat, fstatat};
use nix::unistd::{Gid, LinkatFlags, Uid, UnlinkatFlags, fchown, fsync, linkat, unlinkat};

use super::file_session::FileSession;
use super::installation::Installation;
use super::lock::{LockError, LockedFile};
use super::snapshot::{FileNames, Rooms};
use super::{Forgotten, State, Store, StoreError, names};
use crate::counters::{Counters, FIRST_SEQUENCE, new_file};
use crate::files::{Access, Directory, Owners};
use crate::record::UserName;

pub(super) const USERS: &str = "users";
pub(super) const COUNTERS: &str = "counters";

/// How often a file that vanishes between two looks is looked for again.
const ATTEMPTS: usize = 8;

/// State in files below one directory.
#[derive(Debug)]
pub struct FileStore {
    /// Where the rooms are, and what no login opens.
    pub(super) state_dir: String,
    rooms: Rooms,
}

impl FileStore {
    /// Opens the state directory of this installation.
    ///
    /// # Errors
    /// [`StoreError::Untrusted`] if it was never initialised, belongs to another installation, or owner, mode or
    /// kind of anything on the way is wrong.
    pub fn open(state_dir: &str, installation_path: &str) -> Result<Self, StoreError> {
        let installation = Installation::load(installation_path)?;
        let directory = installation.open_state_dir(state_dir)?;
        let owners = Owners { installed: installation.owner };
        let users = directory.private_subdirectory(USERS, owners)?;
        let counters = directory.private_subdirectory(COUNTERS, owners)?;
        Ok(Self { state_dir: directory.path().to_owned(), rooms: Rooms { users, counters, owners } })
    }

    pub(super) const fn owners(&self) -> Owners {
        self.rooms.owners
    }

    fn begin_session(&self, user: &UserName, names: &FileNames) -> Result<FileSession<'_>, StoreError> {
        let path = self.rooms.counters.path_of(&names.counters);
        for _ in 0..ATTEMPTS {
            let Some(file) = self.rooms.open_counters(names, Access::ReadWrite)? else {
                // Born complete, before any token: a record that has tokens must already have them.
                let record = self.rooms.read_record(user, names)?;
                self.rooms.fit(record, None, names)?;
                self.create_counters(names)?;
                continue;
            };
            let locked = LockedFile::lock(file).map_err(|error| match error {
                LockError::Deadline(holder) => StoreError::Busy { path: path.clone(), holder },
                LockError::Failed(error) => StoreError::untrusted(&path, error.kind()),
            })?;
            // Between opening and locking, `forget` may have removed the file, or a restore replaced it.
            if is_linked_as(&self.rooms.counters, &names.counters, locked.file())? {
                return FileSession::new(&self.rooms, user.clone(), names.clone(), locked);
            }
        }
        Err(StoreError::Busy { path, holder: None })
    }

    /// Removes what a crash left of this user's half-written files: a secret may stand in them.
    fn remove_leftovers(&self, names: &FileNames) -> Result<Forgotten, StoreError> {
        let mut removed = remove(&self.rooms.users, &temporary_record_name(names))?;
        let prefix = format!(".{}.", names.counters);
        for name in entries(&self.rooms.counters)? {
            if name.strip_prefix(&prefix).is_some_and(|rest| rest.len() == 8) {
                removed = remove(&self.rooms.counters, &name)?;
            }
        }
        Ok(removed)
    }

    /// Creates a counters file under its name, complete from the first moment; fine if another process was faster.
    fn create_counters(&self, names: &FileNames) -> Result<(), StoreError> {
        let room = &self.rooms.counters;
        let path = room.path_of(&names.counters);
        let temporary = temporary_name(&names.counters);
        let fails = |errno| StoreError::write_failed(&path, errno);
        let bytes = new_file(&Counters { sequence: FIRST_SEQUENCE, ..Counters::default() });
        write_new(room, &temporary, &bytes, self.rooms.owners).map_err(fails)?;
        // A link would be a second name, which a crash could leave behind; so rename, where the file system can.
        let placed =
            match renameat2(room, temporary.as_str(), room, names.counters.as_str(), RenameFlags::RENAME_NOREPLACE) {
                Err(Errno::EINVAL | Errno::ENOSYS) => {
                    linkat(room, temporary.as_str(), room, names.counters.as_str(), LinkatFlags::empty())
                }
                renamed => renamed,
            };
        let _ = unlinkat(room, temporary.as_str(), UnlinkatFlags::NoRemoveDir);
        match placed {
            Ok(()) | Err(Errno::EEXIST) => fsync(room).map_err(fails),
            Err(errno) => Err(fails(errno)),
        }
    }
}

impl Store for FileStore {
    type Session<'store> = FileSession<'store>;

    fn view(&self, user: &UserName) -> Result<State, StoreError> {
        let names = FileNames::of(user)?;
        // The two files are read one after the other: while a commit goes on they may seem not to fit. Only what
        // is still wrong under the lock, or twice where there is nothing to lock, is believed.
        if let Ok(state) = self.rooms.read_unlocked(user, &names) {
            return Ok(state);
        }
        if self.rooms.open_counters(&names, Access::ReadWrite)?.is_none() {
            return self.rooms.read_unlocked(user, &names);
        }
        Ok(super::Session::state(&self.begin_session(user, &names)?).clone())
    }

    fn begin(&self, user: &UserName) -> Result<FileSession<'_>, StoreError> {
        self.begin_session(user, &FileNames::of(user)?)
    }

    fn users(&self) -> Result<Vec<UserName>, StoreError> {
        let mut users: Vec<UserName> = Vec::new();
        let record_names = entries(&self.rooms.users)?;
        users.extend(record_names.iter().filter_map(|name| names::decode(name.strip_suffix(".toml")?)));
        users.extend(entries(&self.rooms.counters)?.iter().filter_map(|name| names::decode(name)));
        users.sort();
        users.dedup();
        Ok(users)
    }

    fn forget(&self, user: &UserName) -> Result<Forgotten, StoreError> {
        let names = FileNames::of(user)?;
        // Under the lock where there is one to take: a login that is being judged ends first.
        let session = self.rooms.open_counters(&names, Access::ReadWrite).ok().flatten().map(|_| self.begin(user));
        let session = match session {
            Some(Err(error @ StoreError::Busy { .. })) => return Err(error),
            Some(Ok(mut session)) => {
                // First the counters stop naming the record: a crash below then leaves a whole state.
                session.disown_record()?;
                Some(session)
            }
            Some(Err(_)) | None => None,
        };
        let record = remove(&self.rooms.users, &names.record)?;
        let counters = remove(&self.rooms.counters, &names.counters)?;
        let leftovers = self.remove_leftovers(&names)?;
        drop(session);
        let removed = [record, counters, leftovers].contains(&Forgotten::Removed);
        Ok(if removed { Forgotten::Removed } else { Forgotten::Nothing })
    }
}

/// Whether a name in a directory still stands for this very file.
pub(super) fn is_linked_as(room: &Directory, name: &str, file: &File) -> Result<bool, StoreError> {
    let fails = |errno: Errno| StoreError::untrusted(&room.path_of(name), errno.desc());
    let ours = fstat(file).map_err(fails)?;
    match fstatat(room, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(named) => Ok(ours.st_nlink == 1 && (ours.st_dev, ours.st_ino) == (named.st_dev, named.st_ino)),
        Err(Errno::ENOENT) => Ok(false),
        Err(errno) => Err(fails(errno)),
    }
}

/// Writes a new private file: created exclusively, owned by the store's owner, synced.
pub(super) fn write_new(room: &Directory, name: &str, bytes: &[u8], owners: Owners) -> Result<(), Errno> {
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let mut file = File::from(openat(room, name, flags, mode)?);
    let written = (|| {
        // The host's umask may have taken bits away; it can never add any.
        nix::sys::stat::fchmod(&file, mode)?;
        if fstat(&file)?.st_uid != owners.installed {
            fchown(&file, Some(Uid::from_raw(owners.installed)), None::<Gid>)?;
        }
        file.write_all(bytes).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))?;
        fsync(&file)
    })();
    if written.is_err() {
        let _ = unlinkat(room, name, UnlinkatFlags::NoRemoveDir);
    }
    written
}

/// The one name for a record that is being written: only the holder of the user's lock writes there.
pub(super) fn temporary_record_name(names: &FileNames) -> String {
    format!(".{}", names.record)
}

/// A name for a file that does not count yet: begins with a dot, as no user's file does.
fn temporary_name(name: &str) -> String {
    let mut bytes = [0; 4];
    // Without randomness two processes may meet on one name; then one of them fails and refuses.
    let _ = getrandom::fill(&mut bytes);
    format!(".{name}.{:08x}", u32::from_be_bytes(bytes))
}

fn remove(room: &Directory, name: &str) -> Result<Forgotten, StoreError> {
    let fails = |errno| StoreError::write_failed(&room.path_of(name), errno);
    match unlinkat(room, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) => fsync(room).map_err(fails).map(|()| Forgotten::Removed),
        Err(Errno::ENOENT) => Ok(Forgotten::Nothing),
        Err(errno) => Err(fails(errno)),
    }
}

fn entries(room: &Directory) -> Result<Vec<String>, StoreError> {
    let fails = |errno: Errno| StoreError::untrusted(room.path(), errno.desc());
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let mut directory = nix::dir::Dir::openat(room, ".", flags, Mode::empty()).map_err(fails)?;
    let mut names = Vec::new();
    for entry in directory.iter() {
        if let Ok(name) = entry.map_err(fails)?.file_name().to_str() {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}
