//! What of opening and checking needs no privilege: against files of the system, and against statuses made by hand.

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::stat::SFlag;

use super::*;

const DIRECTORY: u32 = SFlag::S_IFDIR.bits();
const FILE: u32 = SFlag::S_IFREG.bits();
const FIFO: u32 = SFlag::S_IFIFO.bits();
const OWNERS: Owners = Owners { installed: 990 };

/// The status of a file of this kind, mode and owner, with one link and nothing in it.
fn status(kind: u32, mode: u32, uid: u32) -> FileStat {
    let mut stat = nix::sys::stat::stat("/").unwrap();
    stat.st_mode = kind | mode;
    stat.st_uid = uid;
    stat.st_nlink = 1;
    stat.st_size = 0;
    stat
}

#[test]
fn a_parent_is_a_directory_that_only_root_can_change() {
    let check = |kind, mode, uid| check_parent(&status(kind, mode, uid));
    assert_eq!(check(DIRECTORY, 0o755, 0), Ok(()));
    assert_eq!(check(DIRECTORY, 0o1555, 0), Ok(()));
    assert_eq!(check(FILE, 0o755, 0), Err(FileProblem::LinkOrWrongKind));
    assert_eq!(check(DIRECTORY, 0o755, 1), Err(FileProblem::WrongOwner(1)));
    for mode in [0o775, 0o757, 0o1777] {
        assert_eq!(check(DIRECTORY, mode, 0), Err(FileProblem::WrongMode(mode)));
    }
}

#[test]
fn a_public_file_is_regular_small_and_roots_alone_to_write() {
    let check = |kind, mode, uid| check_public(&status(kind, mode, uid));
    assert_eq!(check(FILE, 0o644, 0), Ok(()));
    assert_eq!(check(FIFO, 0o644, 0), Err(FileProblem::NotRegular));
    assert_eq!(check(FILE, 0o644, 990), Err(FileProblem::WrongOwner(990)));
    assert_eq!(check(FILE, 0o664, 0), Err(FileProblem::WrongMode(0o664)));
    for (size, expected) in [(65_536, Ok(())), (65_537, Err(FileProblem::TooLarge)), (-1, Err(FileProblem::TooLarge))] {
        let mut stat = status(FILE, 0o644, 0);
        stat.st_size = size;
        assert_eq!(check_public(&stat), expected, "{size}");
    }
}

#[test]
fn a_private_directory_is_closed_to_all_but_its_owner() {
    let check = |kind, mode, uid| check_directory(&status(kind, mode, uid), OWNERS);
    for uid in [0, 990] {
        assert_eq!(check(DIRECTORY, 0o700, uid), Ok(()));
    }
    assert_eq!(check(DIRECTORY, 0o700, 991), Err(FileProblem::WrongOwner(991)));
    assert_eq!(check(FILE, 0o700, 990), Err(FileProblem::LinkOrWrongKind));
    for mode in [0o701, 0o710, 0o740, 0o1704] {
        assert_eq!(check(DIRECTORY, mode, 990), Err(FileProblem::WrongMode(mode)));
    }
}

#[test]
fn a_private_file_is_exactly_its_owners_to_read_and_write() {
    let check = |kind, mode, uid| check_private(&status(kind, mode, uid), OWNERS);
    for uid in [0, 990] {
        assert_eq!(check(FILE, 0o600, uid), Ok(()));
    }
    assert_eq!(check(FILE, 0o600, 1000), Err(FileProblem::WrongOwner(1000)));
    assert_eq!(check(DIRECTORY, 0o600, 990), Err(FileProblem::NotRegular));
    for mode in [0o400, 0o640, 0o700, 0o4600] {
        assert_eq!(check(FILE, mode, 990), Err(FileProblem::WrongMode(mode)));
    }
    for (links, expected) in [(0, Err(FileProblem::Links(0))), (1, Ok(())), (2, Err(FileProblem::Links(2)))] {
        let mut stat = status(FILE, 0o600, 990);
        stat.st_nlink = links;
        assert_eq!(check_private(&stat, OWNERS), expected);
    }
    let mut stat = status(FILE, 0o600, 990);
    stat.st_size = 65_537;
    assert_eq!(check_private(&stat, OWNERS), Err(FileProblem::TooLarge));
}

#[test]
fn each_problem_is_told_in_its_own_words_and_with_its_path() {
    let problems = [
        FileProblem::Missing,
        FileProblem::LinkOrWrongKind,
        FileProblem::NotRegular,
        FileProblem::WrongOwner(7),
        FileProblem::WrongMode(0o777),
        FileProblem::Links(2),
        FileProblem::TooLarge,
        FileProblem::Error(Errno::EIO),
    ];
    let words = problems.map(|problem| FileError { path: "/x".to_owned(), problem }.to_string());
    assert_eq!(words[4], "/x: has mode 0777");
    for text in &words {
        assert!(text.starts_with("/x: ") && words.iter().filter(|other| *other == text).count() == 1, "{words:?}");
    }
}

fn problem<T: std::fmt::Debug>(result: Result<T, FileError>) -> FileError {
    result.unwrap_err()
}

#[test]
fn a_public_file_of_the_system_is_read_whole() {
    assert_eq!(read_public("/etc/passwd").unwrap().as_slice(), std::fs::read("/etc/passwd").unwrap());
    let missing = FileError { path: "/etc/no-such-file".to_owned(), problem: FileProblem::Missing };
    assert_eq!(problem(read_public("/etc/no-such-file")), missing);
    let missing = FileError { path: "/etc/no-such".to_owned(), problem: FileProblem::Missing };
    assert_eq!(problem(read_public("/etc/no-such/file")), missing);
    assert_eq!(problem(read_public("/etc")).problem, FileProblem::NotRegular);
    assert_eq!(problem(read_public("/")).problem, FileProblem::Error(Errno::EISDIR));
    assert_eq!(problem(read_public("/tmp/x")).problem, FileProblem::WrongMode(0o1777));
}

#[test]
fn no_path_leads_back_or_from_nowhere() {
    for path in ["etc/passwd", "", "/etc/../etc/passwd", "/./etc/passwd", "/etc/..", "/."] {
        assert_eq!(problem(read_public(path)).problem, FileProblem::Error(Errno::EINVAL), "{path}");
    }
    let etc = Directory::open_public("/etc").unwrap();
    for name in [".", ".."] {
        assert_eq!(problem(etc.private_subdirectory(name, OWNERS)).problem, FileProblem::Error(Errno::EINVAL));
    }
}

#[test]
fn an_open_directory_knows_its_path_and_is_not_passed_on() {
    for (path, known) in [("/", ""), ("/etc", "/etc"), ("//usr//share/", "/usr/share")] {
        let directory = Directory::open_public(path).unwrap();
        assert_eq!((directory.path(), directory.path_of("x")), (known, format!("{known}/x")));
        let handle = directory.as_fd();
        let close_on_exec = FdFlag::from_bits_retain(fcntl(handle, FcntlArg::F_GETFD).unwrap());
        assert_eq!(close_on_exec, FdFlag::FD_CLOEXEC, "{path}");
        let flags = OFlag::from_bits_retain(fcntl(handle, FcntlArg::F_GETFL).unwrap());
        assert!(flags.contains(OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW), "{path}: {flags:?}");
    }
}

#[test]
fn a_link_in_place_of_a_directory_is_not_followed() {
    // The kernel's own, on every machine; and the file it leads to is none.
    assert_eq!(problem(Directory::open_public("/proc/self")).problem, FileProblem::LinkOrWrongKind);
    assert_eq!(problem(read_public("/proc/self/stat")).problem, FileProblem::LinkOrWrongKind);
    assert_eq!(problem(Directory::open_public("/etc/passwd")).problem, FileProblem::LinkOrWrongKind);
    assert_eq!(problem(Directory::open_public("/etc/passwd/x")).problem, FileProblem::LinkOrWrongKind);
    let root = problem(Directory::open_private("/", OWNERS)).problem;
    assert_eq!(root, FileProblem::WrongMode(0o755));
}

fn read_at(path: &str) -> Result<Vec<u8>, FileProblem> {
    let file = File::open(path).unwrap();
    read_whole(&file, path, &fstat(&file).unwrap(), MAX_SIZE).map(|bytes| bytes.to_vec()).map_err(|error| error.problem)
}

#[test]
fn a_file_that_is_not_as_long_as_it_says_is_read_to_its_end_or_refused() {
    // Says 4096 bytes, and has a few.
    let shorter = "/sys/devices/system/cpu/online";
    assert_eq!(read_at(shorter), Ok(std::fs::read(shorter).unwrap()));
    // Says none, and has many.
    assert_eq!(read_at("/proc/self/stat"), Err(FileProblem::TooLarge));
    assert_eq!(read_at("/dev/null"), Ok(vec![]));
    assert_eq!(read_at("/proc"), Err(FileProblem::Error(Errno::EISDIR)));
}

#[test]
fn a_file_is_read_up_to_the_largest_size_and_no_further() {
    let path = std::env::temp_dir().join(format!("countersign-files-{}", std::process::id()));
    for (size, expected) in [(0, true), (1, true), (MAX_SIZE - 1, true), (65_536, true), (65_537, false)] {
        let content: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
        std::fs::write(&path, &content).unwrap();
        let read = read_at(path.to_str().unwrap());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read, if expected { Ok(content) } else { Err(FileProblem::TooLarge) }, "{size}");
    }
}
