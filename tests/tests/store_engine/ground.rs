//! A root of its own for each test's thread: below /mnt, where every parent is root's, and nobody else sees it.
use countersign_common::record::{self, Record, UserName};
use countersign_common::store::{FileStore, Initialized, Renew, StoreError, initialize};
use countersign_common::token::InstallationId;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, umask};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

pub const STATE: &str = "/mnt/state";
pub const INSTALLATION: &str = "/mnt/etc/installation";
/// The uid that owns the state.
pub const OWNER: u32 = 990;
pub const ID: InstallationId = InstallationId::from_random([7; 8]);

/// An empty /mnt for this thread alone, whose umask takes away all it can.
pub fn fresh() {
    unshare(CloneFlags::CLONE_NEWNS).expect("a mount namespace (are we root?)");
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).expect("make mounts private");
    mount(Some("tmpfs"), "/mnt", Some("tmpfs"), MsFlags::empty(), Some("mode=755")).expect("mount tmpfs");
    umask(Mode::from_bits_truncate(0o777));
}

/// A store that was just initialised.
pub fn store() -> FileStore {
    fresh();
    assert_eq!(initialize(STATE, INSTALLATION, OWNER, ID, Renew::No), Ok(Initialized::Created));
    opened().expect("a fresh store")
}

pub fn opened() -> Result<FileStore, StoreError> {
    FileStore::open(STATE, INSTALLATION)
}

/// Lets a directory, seen from now on, refuse every write.
pub fn make_read_only(directory: &str) {
    let none = None::<&str>;
    mount(Some(directory), directory, none, MsFlags::MS_BIND, none).expect("bind a directory");
    let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    mount(none, directory, none, flags, none).expect("make it read-only");
}

pub fn alice() -> UserName {
    UserName::new("alice").expect("a name")
}

/// A record of alice at its first revision, with a token.
pub fn enrolled() -> Record {
    let text = r#"
        version = 1
        id = "0909090909090909"
        revision = 1
        user = "alice"
        uid = 1000
        use_2fa = true
        can_toggle = true
        changed_at = "2026-11-24T00:00:00Z"
        changed_by = "login"
        [[token]]
        id = "0101010101010101"
        label = ""
        secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        algorithm = "SHA1"
        digits = 6
        period = 30
        enrolled_at = "2026-11-24T00:00:00Z"
    "#;
    record::parse(text.as_bytes()).expect("a record")
}

/// As [`enrolled`], without tokens.
pub fn bare() -> Record {
    Record { tokens: vec![], ..enrolled() }
}

/// Puts a private file of the store's owner in place.
pub fn put(path: &str, content: impl AsRef<[u8]>) {
    let temporary = "/mnt/new";
    fs::write(temporary, content).expect("write a file");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(temporary, private).expect("set a mode");
    std::os::unix::fs::chown(temporary, Some(OWNER), Some(0)).expect("own a file");
    fs::rename(temporary, path).expect("put a file in place");
}

/// The names in a directory, sorted.
pub fn names(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("read a directory");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

/// Mode and owner, as `ls` shows them.
pub fn mode_and_owner(path: impl AsRef<Path>) -> (String, u32) {
    let status = fs::symlink_metadata(path).expect("a status");
    (format!("{:o}", status.mode() & 0o7777), status.uid())
}

/// What cannot be trusted: the path and the reason.
pub fn untrusted<T: std::fmt::Debug>(result: Result<T, StoreError>) -> (String, String) {
    match result {
        Err(StoreError::Untrusted { path, reason }) => (path, reason),
        other => panic!("trusted: {other:?}"),
    }
}
