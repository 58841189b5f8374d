//! An ext4 file system on a loop file, so that durability is paid for.
//!
//! The file lies beside the build, on a disk of this machine, not in the world, whose upper layers are memory. Its
//! name is taken away as soon as the device is attached, and the device goes with its last mount.
use countersign_tests::World;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A loop device with a fresh ext4 file system.
#[derive(Debug)]
pub(crate) struct Disk {
    /// The device, by this machine's name.
    pub(crate) device: String,
    /// The kind of file system the file itself lies on.
    backed_by: String,
}

impl Disk {
    /// Makes the file system and attaches it.
    ///
    /// # Errors
    /// In words, if this machine cannot do it.
    pub(crate) fn attach(gigabytes: u64) -> Result<Self, String> {
        let folder = folder();
        let backed_by =
            said(Command::new("findmnt").args(["--noheadings", "--output=FSTYPE", "--target"]).arg(&folder))?;
        if backed_by == "tmpfs" || backed_by == "ramfs" {
            return Err(format!("the build directory lies in memory ({backed_by}), where durability costs nothing"));
        }
        let path = folder.join(format!("bench.{}.ext4", std::process::id()));
        let made = make(&path, gigabytes)
            .and_then(|()| said(Command::new("losetup").args(["--find", "--show", "--direct-io=on"]).arg(&path)));
        // Attached, it lives on without its name; else there is nothing to keep.
        let _ = std::fs::remove_file(&path);
        Ok(Self { device: made?, backed_by })
    }

    /// What it is, in words.
    pub(crate) fn described(&self) -> String {
        format!("ext4 with its defaults, on a loop device over {}", self.backed_by)
    }

    /// Mounts it in a world, and lets the device go with that mount, however this program ends.
    pub(crate) fn mount(&self, world: &World, place: &str) {
        let (device, number) = (&self.device, self.device.trim_start_matches("/dev/loop"));
        let node = format!("test -e {device} || mknod {device} b 7 {number}");
        let mounted = world.sh(&format!("{node}; mkdir -p {place}; mount -t ext4 {device} {place}"));
        // Only once: later the device may be another's.
        let _ = Command::new("losetup").args(["--detach", device]).status();
        mounted.ok();
    }
}

/// The directory of this program's build profile.
fn folder() -> PathBuf {
    let own = std::env::current_exe().expect("the path of this program");
    own.parent().expect("a program lies in a directory").to_owned()
}

fn make(path: &Path, gigabytes: u64) -> Result<(), String> {
    const INODES_PER_GIGABYTE: u64 = 140_000;
    let file = File::create(path).map_err(|error| format!("cannot make the loop file: {error}"))?;
    file.set_len(gigabytes << 30).map_err(|error| format!("cannot size the loop file: {error}"))?;
    // All of the file system is made now: nothing of it is left to be done in the background later.
    let options = "lazy_itable_init=0,lazy_journal_init=0";
    let inodes = (gigabytes * INODES_PER_GIGABYTE).to_string();
    said(Command::new("mkfs.ext4").args(["-q", "-F", "-E", options, "-N", &inodes]).arg(path)).map(drop)
}

/// What a program prints, or what it complains about.
fn said(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("cannot run {name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(format!("{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
