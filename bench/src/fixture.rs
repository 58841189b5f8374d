//! The world everything is measured in: accounts, modules, stacks, state.
use crate::disk::Disk;
use crate::module::{Module, Moment, STATE, config};
use crate::people::{PASSWORD, SECRET, SSH_SIZE, accounts};
use crate::state::Wanted;
use countersign_tests::code::{Parameters, wrong_code};
use countersign_tests::world::Stack;
use countersign_tests::{World, cost};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds from one moment to the next: no rate limit is ever reached, no code of one moment is one of another.
const INTERVAL: i64 = 120;
/// As `make install` puts it in place, comments and all.
const SHIPPED_CONFIG: &str = include_str!("../../packaging/config.toml");

/// How much is measured.
#[derive(Debug, Clone)]
pub(crate) struct Effort {
    /// Numbers of enrolled users, ascending.
    pub(crate) sizes: Vec<u64>,
    /// How often everyone logs in to everything.
    pub(crate) passes: usize,
    /// Whether the bars can be decided by it.
    pub(crate) full: bool,
}

impl Effort {
    /// What the bars are decided by.
    pub(crate) fn full() -> Self {
        Self { sizes: vec![10, 100, 1_000, 10_000, 100_000, 1_000_000], passes: 100, full: true }
    }

    /// A look while working.
    pub(crate) fn quick() -> Self {
        Self { sizes: vec![10, 100, 1_000, 10_000, 100_000], passes: 16, full: false }
    }

    /// Gigabytes of the file system.
    pub(crate) fn disk_size(&self) -> u64 {
        if self.full { 24 } else { 6 }
    }
}

/// The furnished world.
#[derive(Debug)]
pub(crate) struct Fixture {
    /// The world.
    pub(crate) world: World,
    /// How much is measured.
    pub(crate) effort: Effort,
    /// What state lies on.
    pub(crate) disk: Disk,
    clock: i64,
}

impl Fixture {
    /// Makes world and state.
    ///
    /// # Errors
    /// In words, if this machine cannot mount a file system of its own.
    pub(crate) fn build(effort: Effort) -> Result<Self, String> {
        let world = World::builder().real_clock().stack(Stack::Sshd).build();
        let disk = Disk::attach(effort.disk_size())?;
        disk.mount(&world, STATE);
        let uids: BTreeMap<String, u32> =
            accounts().into_iter().map(|name| (name.clone(), world.add_user(&name, PASSWORD))).collect();
        world.install_product();
        cost::install(&world);
        let installed = countersign_tests::world::security_directory().join("pam_countersign.so");
        world.sh(&format!("cp {} {} {STATE}", installed.display(), cost::FLOOR)).ok();
        for &size in &effort.sizes {
            let text = SHIPPED_CONFIG
                .replace("#state_dir = \"/var/lib/countersign\"", &format!("state_dir = \"{}\"", ours(size)))
                // The peers ask once.
                .replace("#tries = 3", "tries = 1");
            world.write_file(&config(size), &text, 0o644);
            if size == SSH_SIZE {
                world.configure(&text);
            }
            for module in Module::ALL {
                cost::stack(&world, &module.service(size), &module.stack(size));
            }
        }
        let fixture = Self { world, effort, disk, clock: now() };
        fixture.generate(uids);
        Ok(fixture)
    }

    /// Makes the state of everyone at every size.
    fn generate(&self, accounts: BTreeMap<String, u32>) {
        eprintln!("making the state of {:?} users", self.effort.sizes);
        let first = ours(0);
        // The product makes an installation; its empty state is only looked at.
        self.world.write_file("/run/world/init.toml", format!("state_dir = \"{first}\"\n"), 0o644);
        self.world.countersign(&["--config", "/run/world/init.toml", "init"]).ok();
        let format = String::from_utf8(self.world.read_file(&format!("{first}/format"))).expect("text");
        let owner = std::fs::metadata(self.world.path(&first)).expect("look at the state directory").uid();
        let now = u64::try_from(self.clock).expect("a time after 1970");
        let wanted = Wanted { sizes: self.effort.sizes.clone(), accounts, format, owner, now };
        let own = std::env::current_exe().expect("the path of this program");
        let own = own.to_str().expect("a path in UTF-8");
        let wanted = serde_json::to_vec(&wanted).expect("what is wanted is JSON");
        self.world.command(&[own, "generate"]).stdin(wanted).limit(Duration::from_secs(900)).run().ok();
        self.world.command(&["sync", "--file-system", STATE]).limit(Duration::from_secs(900)).run().ok();
    }

    /// The next moment at which everyone can log in once more.
    pub(crate) fn next_moment(&mut self) -> Moment {
        self.clock += INTERVAL;
        let token = Parameters::new(SECRET);
        let at = self.clock - self.clock.rem_euclid(30) + 15;
        Moment { at, right: token.at(at), wrong: wrong_code(&token, at, 2) }
    }
}

fn ours(size: u64) -> String {
    Module::Countersign.state(size)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_secs()).expect("a clock before the year 292 billion")
}
