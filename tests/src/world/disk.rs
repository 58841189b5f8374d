//! State on a disk whose power can be cut: ext4 on a loop file, of which a copy is what a power cut leaves.
//!
//! Nothing goes to the disk by itself: journal commits lie minutes apart, and a rename forces no data out. So what a
//! program has not synced is not in a copy, unless [`Reached`] says otherwise.
use super::{STATE_DIR, World};
use crate::wait;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

/// Mounts a loop file. Device numbers are shared by all worlds, and a free one may be taken by another world before
/// it is attached here. With the last mount, at the latest at the end of the world, the device is free again.
const MOUNT: &str = r#"
    for try in {1..50}; do
        device=$(losetup --find)
        test -b "$device" || mknod "$device" b 7 "${device#/dev/loop}" || true
        if mount -t ext4 -o loop,commit=300,noauto_da_alloc "$1" "$2" 2> /run/world/mount.error; then exit; fi
    done
    cat /run/world/mount.error >&2
    exit 1"#;
/// The smallest that holds a journal.
const FORMAT: &str = r#"
    truncate --size 16M "$1"
    mkfs.ext4 -q -F -b 4096 -N 256 "$1"
    mkdir /run/world/disk.new"#;
const MOVE_STATE: &str = r#"
    rmdir /run/world/disk.new/lost+found
    cp --archive "$2/." /run/world/disk.new/
    umount /run/world/disk.new
    rmdir /run/world/disk.new"#;

/// What is on a disk, whether or not it is mounted now.
#[derive(Debug)]
pub struct Image {
    path: String,
}

/// What had reached the disk when the power went, besides what a program had made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Nothing else.
    Nothing,
    /// Names, sizes and modes, for someone else's sync has committed the journal; data only where it was synced.
    Names,
    /// All that was written.
    Everything,
}

impl Image {
    fn next() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self { path: format!("/run/world/disk.{}", NEXT.fetch_add(1, Ordering::Relaxed)) }
    }
}

impl Reached {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Nothing, Self::Names, Self::Everything];
}

/// A disk that is mounted as the state directory, over what was there before; dropping it unmounts it.
#[derive(Debug)]
#[must_use = "dropped, it is unmounted"]
pub struct Running<'world> {
    world: &'world World,
    image: &'world Image,
}

impl World {
    /// A disk that holds the present state, not mounted.
    pub fn disk_of_the_state(&self) -> Image {
        let image = Image::next();
        self.script(FORMAT, &image.path, "");
        self.script(MOUNT, &image.path, "/run/world/disk.new");
        self.script(MOVE_STATE, &image.path, STATE_DIR);
        image
    }

    /// Starts with this disk as the state directory; its journal is replayed.
    pub fn start_on<'world>(&'world self, image: &'world Image) -> Running<'world> {
        self.script(MOUNT, &image.path, STATE_DIR);
        Running { world: self, image }
    }

    /// Another disk with the same content.
    pub fn copy_of(&self, image: &Image) -> Image {
        const BLOCK: usize = 4096;
        const EMPTY: [u8; BLOCK] = [0; BLOCK];
        let copy = Image::next();
        let original = std::fs::read(self.path(&image.path)).expect("read a disk");
        let file = File::create(self.path(&copy.path)).expect("make a disk");
        file.set_len(original.len() as u64).expect("size a disk");
        for (number, block) in original.chunks(BLOCK).enumerate() {
            // What is empty takes no memory.
            if block != EMPTY {
                file.write_all_at(block, (number * BLOCK) as u64).expect("write a disk");
            }
        }
        copy
    }

    /// Gives back the memory a disk takes.
    pub fn throw_away(&self, image: &Image) {
        std::fs::remove_file(self.path(&image.path)).expect("remove a disk");
    }

    fn script(&self, script: &str, first: &str, second: &str) {
        self.run(&["bash", "-euc", script, "bash", first, second]).ok();
    }
}

impl Running<'_> {
    /// The disk as it would be found if the power went now.
    pub fn cut(&self, reached: Reached) -> Image {
        let root = File::open(self.world.path(STATE_DIR)).expect("open the state directory");
        match reached {
            Reached::Nothing => {}
            Reached::Names => {
                root.set_modified(SystemTime::now()).expect("change something");
                root.sync_all().expect("commit the journal");
            }
            Reached::Everything => nix::unistd::syncfs(&root).expect("write out everything"),
        }
        self.world.copy_of(self.image)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // A helper may outlive its command for a moment.
        let unmounted =
            wait::poll(wait::PATIENCE, || self.world.run(&["umount", STATE_DIR]).status.success().then_some(()));
        assert!(unmounted.is_some() || std::thread::panicking(), "{:?} stays in use", self.image);
    }
}
