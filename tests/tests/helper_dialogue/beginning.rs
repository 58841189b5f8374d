//! What the helper does first, as the kernel sees it: no power is left before anything is read (docs/helper.md, 1 and 2).
use crate::stage::{Dialogue, helper_process};
use countersign_tests::Factor;
use countersign_tests::factor::IN_USE;
use countersign_tests::world::HELPER;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

/// glibc asks the kernel for this before it lists groups.
const GROUPS_LIMIT: &str = "/proc/sys/kernel/ngroups_max";

/// The calls from the first of the program's own on: name and arguments.
fn calls(factor: &Factor) -> Vec<String> {
    let argv = ["strace", "-o", "/tmp/trace", "-u", "alice", "--", HELPER];
    factor.world.command(&argv).stdin("request action=status\n").run().ok();
    let trace = String::from_utf8(factor.world.read_file("/tmp/trace")).expect("text");
    let own = trace.lines().skip_while(|line| !line.starts_with("getuid("));
    own.filter(|line| !line.contains(GROUPS_LIMIT)).map(str::to_owned).collect()
}

#[test]
fn as_root_it_makes_seven_calls_and_none_of_them_reads_anything() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let calls = calls(&factor);
    let names: Vec<_> = calls.iter().map(|call| call.split('(').next().unwrap_or_default()).collect();
    assert_eq!(names[..7], ["getuid", "getegid", "geteuid", "getgid", "setgroups", "setresgid", "setresuid"]);
    let became = &calls[6];
    assert!(became.starts_with("setresuid(990, 990, 990)") && became.ends_with("= 0"), "{became}");
    // And it knows that there is no way back before it opens anything.
    let opens = calls.iter().position(|call| call.starts_with("openat(")).expect("a file of the name service");
    for way_back in ["setuid(0)", "setgid(0)"] {
        let tried = calls.iter().position(|call| call.starts_with(way_back)).expect("a try to become root again");
        assert!(calls[tried].contains("EPERM") && tried < opens, "{}", calls[tried]);
    }
}

#[test]
fn before_it_reads_anything_it_is_out_of_reach_and_has_nothing_of_its_callers() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let calls = calls(&factor);
    let at = |beginning: &str| {
        let found = calls.iter().position(|call| call.starts_with(beginning));
        found.unwrap_or_else(|| panic!("no {beginning} in {calls:#?}"))
    };
    let reads = calls.iter().position(|call| call.starts_with("openat(") || call.starts_with("newfstatat("));
    for done in [
        "rt_sigprocmask(SIG_SETMASK, ",
        "alarm(150)",
        "prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE) = 0",
        "prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)",
        "close_range(3, ",
        "chdir(\"/\")",
        "umask(077)",
        "setsid()",
        "prlimit64(0, RLIMIT_CORE, {rlim_cur=0, rlim_max=0}",
    ] {
        assert!(Some(at(done)) < reads, "{done} comes after something is read");
    }
}

/// Where C keeps a program's environment, in a running program's memory; `None` while its C library is not there yet.
fn environment(process: u32) -> Option<u64> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).expect("read a memory map");
    let line = maps.lines().find(|line| line.contains("libc.so.6") && line.contains(" 00000000 "))?;
    let base = u64::from_str_radix(line.split('-').next().unwrap_or_default(), 16).expect("an address");
    let library = format!("/proc/{process}/root{}", line.split_whitespace().last().unwrap_or_default());
    let symbols = std::process::Command::new("nm").args(["-D", &library]).output().expect("run nm (binutils)");
    let symbols = String::from_utf8(symbols.stdout).expect("text");
    let symbol = symbols.lines().find(|line| line.contains(" environ@")).expect("libc has an environment");
    let offset = u64::from_str_radix(symbol.split(' ').next().unwrap_or_default(), 16).expect("an address");
    let mut pointer = [0; 8];
    let memory = File::open(format!("/proc/{process}/mem")).expect("open a memory");
    memory.read_exact_at(&mut pointer, base + offset).expect("read a pointer");
    Some(u64::from_ne_bytes(pointer))
}

#[test]
fn no_variable_of_the_callers_is_in_its_environment() {
    let factor = Factor::new(IN_USE, &["alice"]);
    factor.enroll("alice");
    let invocation = factor.world.command(&[HELPER]).user("alice").env("TZ", ":/tmp/x");
    let mut dialogue = Dialogue::start(&invocation);
    dialogue.say("request action=reset");
    helper_process(&factor.world);
    let inside = factor.world.processes();
    let name = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let helper = inside.into_iter().find(|pid| name(pid).trim() == crate::stage::HELPER_NAME).expect("a helper");
    countersign_tests::wait::until("an environment that is empty", || (environment(helper) == Some(0)).then_some(()));
    // A program that keeps its environment shows that this looks at the right place.
    assert!(environment(factor.world.first_process()).is_some_and(|environment| environment != 0));
    assert_eq!(dialogue.end().0, Some(0));
}
