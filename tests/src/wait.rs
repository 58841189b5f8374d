//! Waiting for a condition with a deadline.
use std::time::{Duration, Instant};

/// How long a test waits for something that happens at once on a healthy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Asks `condition` again and again until it yields a value or the deadline passes.
pub fn poll<T>(deadline: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(value) = condition() {
            return Some(value);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// As [`poll`], with [`PATIENCE`] and a panic that names what did not happen.
pub fn until<T>(what: &str, condition: impl FnMut() -> Option<T>) -> T {
    poll(PATIENCE, condition).unwrap_or_else(|| panic!("did not happen in {PATIENCE:?}: {what}"))
}
