//! The private place the module runs in: a mount namespace with an `/etc` of its own, state in memory, two accounts; and
//! the files of one input in it.

use std::ffi::CString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use countersign_common::counters::{Counters, new_file};
use countersign_common::record::{self, Record};

pub const CONFIG: &str = "/etc/countersign/config.toml";
pub const INSTALLATION: &str = "/etc/countersign/installation";
pub const STATE: &str = "/etc/countersign/state";
pub const FORMAT: &str = "/etc/countersign/state/format";
/// The directories of the state, each before those in it.
pub const DIRECTORIES: [&str; 3] = [STATE, "/etc/countersign/state/users", "/etc/countersign/state/counters"];
pub const STACKS: &str = "/etc/fuzzed";
/// Where the state lies, and 2FA in use.
pub const VALID_CONFIG: &str = "state_dir = '/etc/countersign/state'\n";
const ID: &str = "00112233445566aa";
const PASSWD: &str = "root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n";
const GROUP: &str = "root:x:0:\nalice:x:1000:\nbob:x:1001:\nstaff:x:50:alice\n";

/// Moves this process, for good, into a place where nothing it does reaches the machine.
pub fn enter() {
    let done = unsafe { libc::unshare(libc::CLONE_NEWNS) };
    assert_eq!(done, 0, "no private mounts: run as root: {}", std::io::Error::last_os_error());
    mount("none", "/", "", libc::MS_REC | libc::MS_PRIVATE, "");
    mount("tmpfs", "/mnt", "tmpfs", 0, "mode=0755");
    for directory in ["/mnt/upper", "/mnt/work"] {
        make(directory, 0o755);
    }
    mount("overlay", "/etc", "overlay", 0, "lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work");
    if fs::create_dir("/etc/countersign").is_err() {
        assert!(Path::new("/etc/countersign").is_dir());
    }
    mount("tmpfs", "/etc/countersign", "tmpfs", 0, "mode=0755,size=16m");
    if Path::new("/var/lib/countersign").is_dir() {
        mount("tmpfs", "/var/lib/countersign", "tmpfs", 0, "mode=0700,size=16m");
    }
    if Path::new("/dev/log").exists() {
        // libpam's own words must not reach the machine's log.
        mount("/dev/null", "/dev/log", "", libc::MS_BIND, "");
    }
    for (path, text) in [("/etc/passwd", PASSWD), ("/etc/group", GROUP)] {
        write(path, text.as_bytes(), 0o644);
    }
    write("/etc/nsswitch.conf", b"passwd: files\ngroup: files\n", 0o644);
    make(STACKS, 0o755);
}

fn mount(what: &str, at: &str, kind: &str, flags: libc::c_ulong, options: &str) {
    let [what, at, kind, options] = [what, at, kind, options].map(|text| CString::new(text).expect("no NUL"));
    let done = unsafe { libc::mount(what.as_ptr(), at.as_ptr(), kind.as_ptr(), flags, options.as_ptr().cast()) };
    assert_eq!(done, 0, "mount on {at:?}: {}", std::io::Error::last_os_error());
}

fn make(directory: &str, mode: u32) {
    match fs::create_dir(directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => panic!("{directory}: {error}"),
        _ => fs::set_permissions(directory, fs::Permissions::from_mode(mode)).expect("a mode"),
    }
}

/// Removes whatever stands there.
pub fn remove(path: &str) {
    let Ok(kind) = fs::symlink_metadata(path) else { return };
    if kind.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("remove a file");
}

/// Whether a file can stand there: what is above it may have become anything.
fn has_place(path: &str) -> bool {
    Path::new(path).parent().is_some_and(Path::is_dir)
}

/// A new file, whatever stood there.
pub fn write(path: &str, bytes: &[u8], mode: u32) {
    if !has_place(path) {
        return;
    }
    remove(path);
    fs::write(path, bytes).expect("write a file");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

/// The files of configuration and installation as they should be.
pub fn lay_down_config() {
    write(CONFIG, VALID_CONFIG.as_bytes(), 0o644);
    write(INSTALLATION, format!("version = 1\nid = \"{ID}\"\nowner = 0\n").as_bytes(), 0o644);
    for directory in DIRECTORIES {
        if !fs::symlink_metadata(directory).is_ok_and(|status| status.is_dir()) {
            remove(directory);
        }
        make(directory, 0o700);
        chown(directory, Some(0), Some(0)).expect("an owner");
    }
    write(FORMAT, format!("version = 1\nid = \"{ID}\"\n").as_bytes(), 0o600);
}

/// Where a user's record and counters lie.
pub fn paths_of(user: &str) -> (String, String) {
    (format!("{STATE}/users/{user}.toml"), format!("{STATE}/counters/{user}"))
}

/// Alice's state as it should be, and none of anybody else's.
pub fn lay_down_state(record: &Record, counters: &Counters) {
    for room in ["users", "counters"] {
        for entry in fs::read_dir(format!("{STATE}/{room}")).expect("a directory").flatten() {
            remove(entry.path().to_str().expect("a name in UTF-8"));
        }
    }
    let (record_path, counters_path) = paths_of("alice");
    write(&record_path, record::render(record).as_bytes(), 0o600);
    write(&counters_path, &new_file(counters), 0o600);
}

/// What a regular file holds; nothing of anything else, which might be waited for.
pub fn read(path: &str) -> Option<Vec<u8>> {
    let is_file = fs::symlink_metadata(path).is_ok_and(|status| status.is_file());
    is_file.then(|| fs::read(path).unwrap_or_default())
}

/// Makes something else of a file.
pub fn disguise(path: &str, how: u8) {
    let bytes = read(path).unwrap_or_default();
    let elsewhere = "/etc/countersign/elsewhere";
    if !has_place(path) {
        return;
    }
    remove(path);
    match how % 9 {
        0 => {}
        1 => {
            write(elsewhere, &bytes, 0o600);
            symlink(elsewhere, path).expect("a link");
        }
        2 => {
            let name = CString::new(path).expect("a path");
            assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        }
        3 => make(path, 0o700),
        4 => write(path, &bytes, 0o666),
        5 => {
            write(path, &bytes, 0o600);
            chown(path, Some(1000), None).expect("an owner");
        }
        6 => {
            write(path, &bytes, 0o600);
            remove(elsewhere);
            fs::hard_link(path, elsewhere).expect("a second name");
        }
        7 => write(path, &[&bytes[..], &[b'\n'; 65_537]].concat(), 0o600),
        _ => write(path, b"", 0o600),
    }
}

/// Changes some bytes of a file, if it is one.
pub fn edit(path: &str, how: u8, at: usize, value: u8) {
    let Some(mut bytes) = read(path).filter(|bytes| !bytes.is_empty()) else { return };
    let at = at % bytes.len();
    match how % 5 {
        0 => bytes[at] = value,
        1 => bytes[at] ^= 1 << (value % 8),
        2 => bytes.insert(at, value),
        3 => drop(bytes.remove(at)),
        _ => bytes.truncate(at),
    }
    fs::write(path, bytes).expect("write a file");
}
