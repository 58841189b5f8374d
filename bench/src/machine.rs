//! What a run was measured on: hardware, kernel, versions. Never a path or a host's name.
use crate::disk::Disk;
use countersign_tests::World;
use std::process::Command;

/// The machine, and the versions of what was measured.
#[derive(Debug)]
pub(crate) struct Machine {
    /// Lines of what and which.
    pub(crate) lines: Vec<(String, String)>,
}

/// Looks the machine over.
pub(crate) fn describe(disk: &Disk) -> Machine {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = value(&cpuinfo, "model name", ':');
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory: u64 = value(&memory, "MemTotal", ':').trim_end_matches(" kB").parse().unwrap_or(0);
    let system = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let mut lines = vec![
        ("processor".to_owned(), format!("{model}, {cores} cores, {} GiB of memory", memory >> 20)),
        ("kernel".to_owned(), said("uname", &["-sr"])),
        ("system".to_owned(), value(&system, "PRETTY_NAME", '=').trim_matches('"').to_owned()),
        ("state on".to_owned(), disk.described()),
        ("compiler".to_owned(), said("rustc", &["--version"])),
    ];
    for package in ["libpam0g", "libpam-google-authenticator", "libpam-oath", "openssh-server", "libc6"] {
        lines.push((package.to_owned(), said("dpkg-query", &["-W", "-f=${Version}", package])));
    }
    Machine { lines }
}

/// The libraries a module names.
pub(crate) fn needed(world: &World, path: &str) -> Vec<String> {
    let dynamic = world.run(&["readelf", "--dynamic", "--wide", path]).ok();
    let named = dynamic.lines().filter(|line| line.contains("(NEEDED)"));
    named.filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned())).collect()
}

fn value(text: &str, key: &str, separator: char) -> String {
    let found = text.lines().filter_map(|line| line.split_once(separator)).find(|(name, _)| name.trim() == key);
    found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
