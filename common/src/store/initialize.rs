//! `init`: the installation's file and the state directory, once.
//!
//! Invariant: never makes new state for an installation that has one, unless told so: that is what an unmounted
//! disk looks like.

use std::fmt;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{FchmodatFlags, Mode, fchmod, fchmodat, mkdirat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, fsync, unlinkat};

use super::StoreError;
use super::file_engine::{COUNTERS, FileStore, USERS, write_new};
use super::installation::{FORMAT_FILE, Installation};
use crate::files::{Directory, FileProblem, Owners};
use crate::token::InstallationId;

/// What `init` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initialized {
    /// Made installation and state.
    Created,
    /// Both were there and belong together.
    Already,
}

/// Why `init` made nothing, or not all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitError {
    /// This installation has state, but not here: is it mounted?
    HasStateElsewhere(StoreError),
    /// The state directory holds something else.
    NotEmpty(String),
    /// The store says so.
    Store(StoreError),
}

/// Makes installation and state directory for the owner `owner`; with `renew`, even if an installation is there.
///
/// # Errors
/// [`InitError`].
pub fn initialize(
    state_dir: &str,
    installation_path: &str,
    owner: u32,
    id: InstallationId,
    renew: Renew,
) -> Result<Initialized, InitError> {
    let (etc, file_name) = open_parent_of(installation_path)?;
    match FileStore::open(state_dir, installation_path) {
        Ok(_) => return Ok(Initialized::Already),
        Err(error) if installation_exists(&etc, file_name) && renew == Renew::No => {
            return Err(InitError::HasStateElsewhere(error));
        }
        Err(_) => {}
    }
    refuse_foreign_state(state_dir)?;
    let installation = Installation { id, owner };
    // The installation last: until it stands, nothing counts, and `init` can be run again.
    create_state(state_dir, &installation)?;
    write_installation(&etc, file_name, &installation)?;
    Ok(Initialized::Created)
}

/// Whether a new installation may take the place of one that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renew {
    /// No.
    No,
    /// Yes: its old state is lost for good.
    Yes,
}

fn open_parent_of(path: &str) -> Result<(Directory, &str), InitError> {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    Ok((ensure_directory(parent, Mode::from_bits_truncate(0o755))?, name))
}

/// Opens a public directory, making its last component if that is missing.
fn ensure_directory(path: &str, mode: Mode) -> Result<Directory, InitError> {
    match Directory::open_public(path) {
        Err(error) if error.problem == FileProblem::Missing && error.path == path => {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            let parent = Directory::open_public(&format!("{parent}/")).map_err(from_file)?;
            make_directory(&parent, name, mode, 0)?;
            Directory::open_public(path).map_err(from_file)
        }
        opened => opened.map_err(from_file),
    }
}

fn installation_exists(etc: &Directory, name: &str) -> bool {
    let flags = nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW;
    nix::sys::stat::fstatat(etc, name, flags) != Err(Errno::ENOENT)
}

fn write_installation(etc: &Directory, name: &str, installation: &Installation) -> Result<(), InitError> {
    let fails = |errno| InitError::Store(StoreError::write_failed(&etc.path_of(name), errno));
    let temporary = format!(".{name}.new");
    let _ = unlinkat(etc, temporary.as_str(), UnlinkatFlags::NoRemoveDir);
    write_new(etc, &temporary, installation.render().as_bytes(), Owners { installed: 0 }).map_err(fails)?;
    // It holds no secret, and the helper reads it as its own user.
    let public = Mode::from_bits_truncate(0o644);
    fchmodat(etc, temporary.as_str(), public, FchmodatFlags::FollowSymlink).map_err(fails)?;
    renameat(etc, temporary.as_str(), etc, name).map_err(fails)?;
    fsync(etc).map_err(fails)
}

fn create_state(state_dir: &str, installation: &Installation) -> Result<(), InitError> {
    let (parent, name) = state_dir.rsplit_once('/').unwrap_or(("", state_dir));
    let parent = Directory::open_public(&format!("{parent}/")).map_err(from_file)?;
    let private = Mode::from_bits_truncate(0o700);
    make_directory(&parent, name, private, installation.owner)?;
    let owners = Owners { installed: installation.owner };
    let state = Directory::open_private(state_dir, owners).map_err(from_file)?;
    for room in [USERS, COUNTERS] {
        make_directory(&state, room, private, installation.owner)?;
    }
    let fails = |errno| InitError::Store(StoreError::write_failed(&state.path_of(FORMAT_FILE), errno));
    let _ = unlinkat(&state, FORMAT_FILE, UnlinkatFlags::NoRemoveDir);
    write_new(&state, FORMAT_FILE, installation.render_format().as_bytes(), owners).map_err(fails)?;
    fsync(&state).map_err(fails)?;
    fsync(&parent).map_err(fails)
}

/// Makes a directory with this mode and owner whatever the umask; fine if it is there.
pub(super) fn make_directory(parent: &Directory, name: &str, mode: Mode, owner: u32) -> Result<(), InitError> {
    let fails = |errno| InitError::Store(StoreError::write_failed(&parent.path_of(name), errno));
    match mkdirat(parent, name, mode) {
        Ok(()) => {
            let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let handle = openat(parent, name, flags, Mode::empty()).map_err(fails)?;
            fchmod(&handle, mode).map_err(fails)?;
            fchown(&handle, Some(Uid::from_raw(owner)), None::<Gid>).map_err(fails)?;
            fsync(parent).map_err(fails)
        }
        Err(Errno::EEXIST) => Ok(()),
        Err(errno) => Err(fails(errno)),
    }
}

/// Refuses a state directory that holds anybody's files: they belong to an installation that is not ours.
fn refuse_foreign_state(state_dir: &str) -> Result<(), InitError> {
    for room in [USERS, COUNTERS] {
        let path = format!("{state_dir}/{room}");
        match std::fs::read_dir(&path) {
            Ok(entries) => {
                if entries.count() > 0 {
                    return Err(InitError::NotEmpty(state_dir.to_owned()));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(InitError::Store(StoreError::untrusted(&path, error))),
        }
    }
    Ok(())
}

fn from_file(error: crate::files::FileError) -> InitError {
    InitError::Store(error.into())
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HasStateElsewhere(error) => write!(f, "this installation has state, but it cannot be used: {error}"),
            Self::NotEmpty(path) => write!(f, "{path}: holds records or counters of another installation"),
            Self::Store(error) => write!(f, "{error}"),
        }
    }
}
impl std::error::Error for InitError {}
