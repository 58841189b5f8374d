//! Reading one user's two files, and whether they fit together.
//!
//! Invariant: a record gone while its counters exist, tokens without counters, or files of two different records
//! are errors, not absences (I4).

use std::fs::File;

use nix::errno::Errno;

use super::{State, StoreError, names};
use crate::counters::{Counters, FILE_SIZE, Slots, read_file};
use crate::files::{Access, Directory, FileError, FileProblem, Owners, read_expecting};
use crate::record::{self, Record, UserName};

/// The two directories that hold all users' files.
#[derive(Debug)]
pub(super) struct Rooms {
    pub(super) users: Directory,
    pub(super) counters: Directory,
    pub(super) owners: Owners,
}

/// The names of one user's files.
#[derive(Debug, Clone)]
pub(super) struct FileNames {
    pub(super) record: String,
    pub(super) counters: String,
}

impl FileNames {
    pub(super) fn of(user: &UserName) -> Result<Self, StoreError> {
        let counters = names::encode(user).ok_or(StoreError::NameTooLong)?;
        Ok(Self { record: format!("{counters}.toml"), counters })
    }
}

impl Rooms {
    pub(super) fn read_record(&self, user: &UserName, names: &FileNames) -> Result<Option<Record>, StoreError> {
        let path = self.users.path_of(&names.record);
        let Some(text) = self.users.read_private_file(&names.record, self.owners)? else {
            return Ok(None);
        };
        let record = record::parse(&text).map_err(|error| StoreError::untrusted(&path, error))?;
        if record.user != *user {
            return Err(StoreError::untrusted(&path, "is the record of another user"));
        }
        Ok(Some(record))
    }

    pub(super) fn open_counters(&self, names: &FileNames, access: Access) -> Result<Option<File>, StoreError> {
        match self.counters.open_private_file(&names.counters, self.owners, access) {
            // The file may well be sound: it is the write to come that fails.
            Err(FileError { path, problem: FileProblem::Error(errno @ Errno::EROFS) }) => {
                Err(StoreError::write_failed(&path, errno))
            }
            opened => Ok(opened?),
        }
    }

    pub(super) fn read_counters(&self, file: &File, names: &FileNames) -> Result<Slots, StoreError> {
        let path = self.counters.path_of(&names.counters);
        read_file(&read_expecting(file, &path, FILE_SIZE)?).map_err(|error| StoreError::untrusted(&path, error))
    }

    /// Both files as they stand, without a lock.
    pub(super) fn read_unlocked(&self, user: &UserName, names: &FileNames) -> Result<State, StoreError> {
        let counters = match self.open_counters(names, Access::Read)? {
            Some(file) => Some(self.read_counters(&file, names)?.counters),
            None => None,
        };
        let record = self.read_record(user, names)?;
        self.fit(record, counters, names)
    }

    /// Record and counters as one state, if they belong together.
    pub(super) fn fit(
        &self,
        record: Option<Record>,
        counters: Option<Counters>,
        names: &FileNames,
    ) -> Result<State, StoreError> {
        let counters_path = || self.counters.path_of(&names.counters);
        match (&record, &counters) {
            (Some(record), None) if record.is_enrolled() => {
                Err(StoreError::untrusted(&counters_path(), "does not exist, though the user has tokens"))
            }
            (None, Some(Counters { record: Some(_), .. })) => {
                let path = self.users.path_of(&names.record);
                Err(StoreError::untrusted(&path, "does not exist, though its counters do"))
            }
            (Some(record), Some(Counters { record: Some(id), .. })) if record.id != *id => {
                Err(StoreError::untrusted(&counters_path(), "belongs to another record"))
            }
            _ => Ok(State { record, counters: counters.unwrap_or_default() }),
        }
    }
}
