//! Process 1 of a private world: lays overlays over the machine, drains the log, ends with its standard input.
//!
//! Run by `unshare` in new mount, process, network, host name and IPC namespaces. When it ends, the
//! kernel ends every process of the world and, with the last of them, the mounts are gone.
use nix::mount::{MsFlags, mount};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::stat::{Mode, SFlag, major, makedev, minor, mknod, umask};
use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

/// What a test may change without the machine noticing. `/run` and `/dev` are made anew.
const OVERLAID: [&str; 12] =
    ["/bin", "/etc", "/home", "/lib", "/lib64", "/opt", "/root", "/sbin", "/srv", "/tmp", "/usr", "/var"];
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const LOOP_DEVICES: [&str; 9] =
    ["loop-control", "loop0", "loop1", "loop2", "loop3", "loop4", "loop5", "loop6", "loop7"];
const HOST_NAME: &str = "host1";

fn main() {
    umask(Mode::from_bits_truncate(0o022));
    fresh_run();
    for directory in OVERLAID {
        overlay(directory);
    }
    fresh_dev();
    identity();
    forget_people();
    forget_product();
    install_clock();
    install_pam_driver();
    ip(&["link", "set", "lo", "up"]);
    let log = UnixDatagram::bind("/dev/log").expect("bind /dev/log");
    set_mode("/dev/log", 0o666);
    // SAFETY: no handler runs. Ignoring SIGCHLD lets the kernel reap orphans for us.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }.expect("ignore SIGCHLD");
    println!("ready");
    std::io::stdout().flush().expect("tell that the world is ready");
    drain(&log);
}

fn mount_tmpfs(target: &str, options: &str) {
    mount(Some("tmpfs"), target, Some("tmpfs"), MsFlags::MS_NOSUID, Some(options))
        .unwrap_or_else(|error| panic!("mount tmpfs on {target}: {error}"));
}

/// A `/run` as at boot; the upper layers live in it, in a directory only root enters.
fn fresh_run() {
    mount_tmpfs("/run", "mode=755");
    fs::create_dir_all("/run/world/layers").expect("create /run/world");
    set_mode("/run/world/layers", 0o700);
    for directory in ["/run/lock", "/run/sshd", "/run/user"] {
        fs::create_dir(directory).expect("create a directory under /run");
    }
    set_mode("/run/lock", 0o1777);
    fs::write("/run/utmp", "").expect("create /run/utmp");
}

/// Lays a writable layer over one directory of the machine.
fn overlay(directory: &str) {
    // On a merged-/usr machine, /bin and its like are links.
    let Ok(original) = fs::symlink_metadata(directory) else {
        return;
    };
    if !original.is_dir() {
        return;
    }
    let layers = format!("/run/world/layers{directory}");
    let (upper, work) = (format!("{layers}/upper"), format!("{layers}/work"));
    for path in [&upper, &work] {
        fs::create_dir_all(path).expect("create a layer");
    }
    chown(&upper, Some(original.uid()), Some(original.gid())).expect("own a layer");
    set_mode(&upper, original.permissions().mode() & 0o7777);
    let options = format!("lowerdir={directory},upperdir={upper},workdir={work}");
    mount(Some("overlay"), directory, Some("overlay"), MsFlags::empty(), Some(options.as_str()))
        .unwrap_or_else(|error| panic!("overlay over {directory}: {error}"));
}

/// A `/dev` with its own terminals and its own `log`.
fn fresh_dev() {
    let nodes: Vec<_> = DEVICES
        .iter()
        .chain(&LOOP_DEVICES)
        .filter_map(|name| Some((*name, fs::metadata(format!("/dev/{name}")).ok()?)))
        .collect();
    mount(Some("tmpfs"), "/dev", Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=755")).expect("mount /dev");
    for (name, machine) in nodes {
        let path = format!("/dev/{name}");
        let block = machine.mode() & SFlag::S_IFMT.bits() == SFlag::S_IFBLK.bits();
        let kind = if block { SFlag::S_IFBLK } else { SFlag::S_IFCHR };
        let number = makedev(major(machine.rdev()), minor(machine.rdev()));
        mknod(path.as_str(), kind, Mode::empty(), number).unwrap_or_else(|error| panic!("make {path}: {error}"));
        set_mode(&path, machine.mode() & 0o777);
    }
    for directory in ["/dev/pts", "/dev/shm"] {
        fs::create_dir(directory).expect("create a directory under /dev");
    }
    let terminals = Some("newinstance,gid=5,mode=620,ptmxmode=666");
    mount(Some("devpts"), "/dev/pts", Some("devpts"), MsFlags::MS_NOSUID, terminals).expect("mount /dev/pts");
    mount_tmpfs("/dev/shm", "mode=1777");
    for (target, link) in [
        ("pts/ptmx", "/dev/ptmx"),
        ("/proc/self/fd", "/dev/fd"),
        ("/proc/self/fd/0", "/dev/stdin"),
        ("/proc/self/fd/1", "/dev/stdout"),
        ("/proc/self/fd/2", "/dev/stderr"),
    ] {
        symlink(target, link).expect("link under /dev");
    }
}

/// Name, time zone and account look-ups of a plain machine, whatever this one uses.
fn identity() {
    nix::unistd::sethostname(HOST_NAME).expect("set the host name");
    fs::write("/etc/hostname", format!("{HOST_NAME}\n")).expect("write /etc/hostname");
    fs::write("/etc/hosts", format!("127.0.0.1 localhost {HOST_NAME}\n::1 localhost\n")).expect("write /etc/hosts");
    fs::write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\n")
        .expect("write /etc/nsswitch.conf");
    replace_by_link("/etc/localtime", "/usr/share/zoneinfo/UTC");
    for path in ["/etc/nologin", "/etc/motd", "/etc/environment"] {
        let _ = fs::remove_file(path);
    }
    for path in ["/var/log/wtmp", "/var/log/btmp", "/var/log/lastlog"] {
        fs::write(path, "").expect("empty a login record");
    }
}

/// Takes out this machine's login accounts; root and the system's stay.
fn forget_people() {
    let field = |line: &str, number| line.split(':').nth(number).unwrap_or_default().to_owned();
    let passwd = fs::read_to_string("/etc/passwd").expect("read /etc/passwd");
    let is_person = |line: &&str| field(line, 2).parse().is_ok_and(|uid: u32| (1000..60000).contains(&uid));
    let people: Vec<_> = passwd.lines().filter(is_person).map(|line| field(line, 0)).collect();
    for path in ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"] {
        // Written in place, so that owner and mode stay.
        let Ok(text) = fs::read_to_string(path) else {
            continue;
        };
        let kept = text.lines().filter(|line| !people.contains(&field(line, 0)));
        let kept: String = kept.flat_map(|line| [line, "\n"]).collect();
        fs::write(path, kept).unwrap_or_else(|error| panic!("write {path}: {error}"));
    }
}

/// Takes out what an installed product has left on this machine.
fn forget_product() {
    for directory in ["/etc/countersign", "/var/lib/countersign"] {
        let _ = fs::remove_dir_all(directory);
    }
}

/// The clock every later process of the world sees; process 1 itself has started without it.
fn install_clock() {
    let library = include_bytes!(concat!(env!("OUT_DIR"), "/world_clock.so"));
    fs::write("/run/world/clock.so", library).expect("write the clock library");
    fs::write("/run/world/clock", [0; 24]).expect("write the clock page");
    fs::write("/etc/ld.so.preload", "/run/world/clock.so\n").expect("write ld.so.preload");
}

/// The driver within reach of every user: the build directory may lie in a home of root's.
fn install_pam_driver() {
    let own = std::env::current_exe().expect("the path of this program");
    let driver = own.with_file_name("pam_driver");
    if driver.exists() {
        let place = "/run/world/pam_driver";
        fs::write(place, "").expect("make a place for the driver");
        mount(Some(&driver), place, None::<&str>, MsFlags::MS_BIND, None::<&str>).expect("bind the driver");
    }
}

/// Appends each datagram to `/run/world/log`, one line each, until standard input ends.
fn drain(socket: &UnixDatagram) {
    let mut log =
        fs::OpenOptions::new().create(true).append(true).mode(0o600).open("/run/world/log").expect("open the log file");
    let mut line = vec![0; 64 * 1024];
    let mut lifeline = std::io::stdin();
    loop {
        let mut sources =
            [PollFd::new(lifeline.as_fd(), PollFlags::POLLIN), PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        match poll(&mut sources, PollTimeout::NONE) {
            Err(nix::errno::Errno::EINTR) => continue,
            result => result.expect("poll"),
        };
        let [owner, logged] = sources.map(|source| source.any() == Some(true));
        if logged {
            let length = socket.recv(&mut line).expect("receive a log line");
            line.truncate(length);
            line.push(b'\n');
            log.write_all(&line).expect("append to the log");
            line.resize(64 * 1024, 0);
        }
        if owner && lifeline.read(&mut [0; 64]).unwrap_or(0) == 0 {
            return;
        }
    }
}

fn set_mode(path: &str, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .unwrap_or_else(|error| panic!("set the mode of {path}: {error}"));
}

fn replace_by_link(link: &str, target: &str) {
    let _ = fs::remove_file(link);
    if Path::new(target).exists() {
        symlink(target, link).unwrap_or_else(|error| panic!("link {link}: {error}"));
    }
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status().expect("run ip (iproute2)");
    assert!(status.success(), "ip {arguments:?} failed");
}
