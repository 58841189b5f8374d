//! A transaction of the file engine: the lock held, both files read under it, writes in the order that survives a
//! crash.
//!
//! Invariant: counters are overwritten in place in the slot that does not count; a record is replaced whole by a
//! rename. At any instant the old or the new of each stands (I7).

use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::fcntl::renameat;
use nix::unistd::{UnlinkatFlags, fsync, unlinkat};

use super::file_engine::{is_linked_as, temporary_record_name, write_new};
use super::lock::LockedFile;
use super::snapshot::{FileNames, Rooms};
use super::{Damage, Session, State, StoreError, Written};
use crate::counters::{self, Beside, Counters, Slot, Slots};
use crate::record::{self, Record, Revision, UserName};
use crate::token::RecordId;

/// One user's files, locked.
#[derive(Debug)]
pub struct FileSession<'store> {
    rooms: &'store Rooms,
    user: UserName,
    names: FileNames,
    file: LockedFile,
    slot: Slot,
    state: State,
    damage: Option<Damage>,
}

impl<'store> FileSession<'store> {
    pub(super) fn new(
        rooms: &'store Rooms,
        user: UserName,
        names: FileNames,
        file: LockedFile,
    ) -> Result<Self, StoreError> {
        let Slots { counters, slot, beside } = rooms.read_counters(file.file(), &names)?;
        // Read under the lock: without it, a slot that is just being written would look the same.
        let damage = match beside {
            Beside::Sound => None,
            Beside::Damaged => Some(Damage { path: rooms.counters.path_of(&names.counters), slot: slot.other() }),
        };
        let record = rooms.read_record(&user, &names)?;
        let state = rooms.fit(record, Some(counters), &names)?;
        Ok(Self { rooms, user, names, file, slot, state, damage })
    }

    /// Makes the counters name no record, so that the record can be removed.
    pub(super) fn disown_record(&mut self) -> Result<(), StoreError> {
        match self.write_slot(&self.state.counters.clone(), None)? {
            Written::Committed => Ok(()),
            Written::Conflict => Err(self.vanished()),
        }
    }

    fn write_slot(&mut self, next: &Counters, record: Option<RecordId>) -> Result<Written, StoreError> {
        // Someone may have put another file in place (a restore over a live store): its readers would not see this.
        if !is_linked_as(&self.rooms.counters, &self.names.counters, self.file.file())? {
            return Ok(Written::Conflict);
        }
        let sequence = self.state.counters.sequence.saturating_add(1);
        let next = Counters { sequence, record, ..next.clone() };
        let slot = self.slot.other();
        let path = || self.rooms.counters.path_of(&self.names.counters);
        let failed = |error: std::io::Error| {
            StoreError::write_failed(&path(), Errno::from_raw(error.raw_os_error().unwrap_or(0)))
        };
        self.file.file().write_all_at(&counters::render(&next), slot.offset()).map_err(failed)?;
        self.file.file().sync_data().map_err(failed)?;
        self.slot = slot;
        self.state.counters = next;
        Ok(Written::Committed)
    }

    fn write_record(&self, next: &Record) -> Result<(), StoreError> {
        let room = &self.rooms.users;
        let fails = |errno| StoreError::write_failed(&room.path_of(&self.names.record), errno);
        // One name per user, for the lock is ours: what a crash left under it is worthless.
        let temporary = temporary_record_name(&self.names);
        match unlinkat(room, temporary.as_str(), UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(errno) => return Err(fails(errno)),
        }
        write_new(room, &temporary, record::render(next).as_bytes(), self.rooms.owners).map_err(fails)?;
        if let Err(errno) = renameat(room, temporary.as_str(), room, self.names.record.as_str()) {
            let _ = unlinkat(room, temporary.as_str(), UnlinkatFlags::NoRemoveDir);
            return Err(fails(errno));
        }
        Ok(())
    }

    /// Makes the rename durable.
    fn settle_record(&self) -> Result<(), StoreError> {
        let room = &self.rooms.users;
        fsync(room).map_err(|errno| StoreError::WriteFailed {
            path: room.path_of(&self.names.record),
            reason: format!("{}, after it was renamed: the new record may stand", errno.desc()),
        })
    }

    fn vanished(&self) -> StoreError {
        StoreError::untrusted(&self.rooms.counters.path_of(&self.names.counters), "was replaced while in use")
    }
}

impl Session for FileSession<'_> {
    fn state(&self) -> &State {
        &self.state
    }

    fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    fn write_counters(&mut self, next: &Counters) -> Result<Written, StoreError> {
        let record = self.state.record.as_ref().map(|record| record.id);
        self.write_slot(next, record)
    }

    fn replace_record(&mut self, next: &Record) -> Result<Written, StoreError> {
        let (revision, id) = match &self.state.record {
            Some(record) => (record.revision, record.id),
            None => (Revision(0), next.id),
        };
        let follows = next.revision.0 == revision.0.saturating_add(1) && next.id == id && next.user == self.user;
        let ours = is_linked_as(&self.rooms.counters, &self.names.counters, self.file.file())?;
        if !follows || !ours {
            return Ok(Written::Conflict);
        }
        self.write_record(next)?;
        // It stands, though perhaps not for good: whoever logs what changed must know.
        self.state.record = Some(next.clone());
        self.settle_record()?;
        if self.state.counters.record == Some(next.id) {
            return Ok(Written::Committed);
        }
        // From now on the counters vouch for the record: should it vanish, nothing is trusted. Only after the
        // record stands, since a crash in between must not lock anyone out.
        self.write_counters(&self.state.counters.clone())
    }
}
