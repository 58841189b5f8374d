//! What the world's processes told syslog.
use super::World;
use crate::wait;

impl World {
    /// Every log line so far, each as sent to `/dev/log`: `<priority>time program[pid]: message`.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.path("/run/world/log")).unwrap_or_default()).into_owned()
    }

    /// Waits until a log line holds all of `needles` and returns that line.
    pub fn wait_for_log(&self, needles: &[&str]) -> String {
        let found = wait::poll(wait::PATIENCE, || self.log_line(needles));
        found.unwrap_or_else(|| panic!("no log line holds {needles:?} in:\n{}", self.log()))
    }

    /// The first log line that holds all of `needles`.
    pub fn log_line(&self, needles: &[&str]) -> Option<String> {
        self.log().lines().find(|line| needles.iter().all(|needle| line.contains(needle))).map(str::to_owned)
    }

    /// Empties the log, so that a later look sees only what came after.
    pub fn clear_log(&self) {
        std::fs::write(self.path("/run/world/log"), "").expect("empty the log");
    }
}
