//! The wall clock of a world, which a test moves and stops while the world's processes run.
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where a world keeps its clock.
const PAGE: &str = "/run/world/clock";
const OFFSET: u64 = 0;
const FROZEN_AT: u64 = 8;
const PASSED: u64 = 16;

/// Moves the time of every process in a world, those already running and set-id ones too.
///
/// Timers and file times stay real, and so does the monotonic clock but for [`Clock::pass`].
#[derive(Debug)]
pub struct Clock {
    page: File,
}

impl Clock {
    pub(crate) fn new(page: File) -> Self {
        Self { page }
    }

    /// The unix time the world's processes see now.
    pub fn now(&self) -> i64 {
        match self.read(FROZEN_AT) {
            0 => real_now() + self.read(OFFSET),
            frozen => frozen,
        }
    }

    /// Moves the clock by some seconds, forth or back; a frozen clock stays frozen.
    pub fn shift(&self, seconds: i64) {
        match self.read(FROZEN_AT) {
            0 => self.write(OFFSET, self.read(OFFSET) + seconds),
            frozen => self.write(FROZEN_AT, frozen + seconds),
        }
    }

    /// Lets the monotonic clock be some seconds ahead, as if they had passed; the wall clock does not move.
    pub fn pass(&self, seconds: i64) {
        self.write(PASSED, self.read(PASSED) + seconds);
    }

    /// Sets the clock to a unix time and lets it run from there.
    pub fn set(&self, unix_time: i64) {
        self.write(OFFSET, unix_time - real_now());
        self.write(FROZEN_AT, 0);
    }

    /// Stops the clock at a unix time.
    pub fn freeze_at(&self, unix_time: i64) {
        assert!(unix_time != 0, "unix time 0 stands for a running clock");
        self.write(FROZEN_AT, unix_time);
    }

    /// Stops the clock in the middle of the present step, so that no step ends while a test runs.
    pub fn freeze_mid_step(&self, period: i64) {
        let now = self.now();
        self.freeze_at(now - now.rem_euclid(period) + period / 2);
    }

    /// A shell command that stops the clock at a unix time from inside the world, in the middle of a script.
    pub fn freezing_command(&self, unix_time: i64) -> String {
        assert!(unix_time != 0, "unix time 0 stands for a running clock");
        let bytes = unix_time.to_ne_bytes().map(|byte| format!("\\{byte:03o}")).concat();
        format!("printf '{bytes}' | dd of={PAGE} bs=1 seek={FROZEN_AT} conv=notrunc status=none")
    }

    /// Lets a frozen clock run on from where it stands.
    pub fn run_on(&self) {
        self.set(self.now());
    }

    fn read(&self, field: u64) -> i64 {
        let mut bytes = [0; 8];
        self.page.read_exact_at(&mut bytes, field).expect("read the clock page");
        i64::from_ne_bytes(bytes)
    }

    fn write(&self, field: u64, value: i64) {
        self.page.write_all_at(&value.to_ne_bytes(), field).expect("write the clock page");
    }
}

fn real_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_secs()).expect("a clock before the year 292 billion")
}
