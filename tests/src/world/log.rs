//! What the world's processes told syslog.
use super::World;
use crate::wait;
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a line begins that the harness itself sends: whatever was sent before it has then arrived.
const MARK: &str = "<0>world mark ";

impl World {
    /// Every log line sent so far, each as sent to `/dev/log`: `<priority>time program[pid]: message`.
    pub fn log(&self) -> String {
        self.settle_log();
        self.arrived_log()
    }

    /// Waits until a log line holds all of `needles` and returns that line.
    pub fn wait_for_log(&self, needles: &[&str]) -> String {
        let found = wait::poll(wait::PATIENCE, || matching(&self.arrived_log(), needles));
        found.unwrap_or_else(|| panic!("no log line holds {needles:?} in:\n{}", self.log()))
    }

    /// The first log line sent so far that holds all of `needles`.
    pub fn log_line(&self, needles: &[&str]) -> Option<String> {
        matching(&self.log(), needles)
    }

    /// Empties the log, so that a later look sees only what was sent after.
    pub fn clear_log(&self) {
        self.settle_log();
        std::fs::write(self.path("/run/world/log"), "").expect("empty the log");
    }

    /// Waits until everything that was sent to syslog before this call has arrived in the log.
    fn settle_log(&self) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mark = format!("{MARK}{}.", NEXT.fetch_add(1, Ordering::Relaxed));
        let sent = UnixDatagram::unbound().and_then(|socket| socket.send_to(mark.as_bytes(), self.path("/dev/log")));
        sent.expect("send to the world's /dev/log");
        let arrived = wait::poll(wait::PATIENCE, || self.raw_log().contains(&mark).then_some(()));
        arrived.expect("the world's log answers");
    }

    fn arrived_log(&self) -> String {
        self.raw_log().lines().filter(|line| !line.starts_with(MARK)).flat_map(|line| [line, "\n"]).collect()
    }

    fn raw_log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.path("/run/world/log")).unwrap_or_default()).into_owned()
    }
}

fn matching(log: &str, needles: &[&str]) -> Option<String> {
    log.lines().find(|line| needles.iter().all(|needle| line.contains(needle))).map(str::to_owned)
}
