//! The doctor's look at the console: whether login leaves time to enroll.

use std::fs;

use super::finding::{Finding, Severity};
use super::verdict::{Line, Word};

const FILE: &str = "/etc/login.defs";
const KEY: &str = "LOGIN_TIMEOUT";
const SERVICE: &str = "login";
/// In less than this nobody installs an app and scans a code. It is also what login takes where nothing is said.
const SHORTEST: u64 = 60;

/// A time within which nobody can enroll, if login shows a QR code at all.
pub(super) fn short_time(logins: &[Line]) -> Option<Finding> {
    let asks = |line: &Line| line.service == SERVICE && line.verdict == Word::Asked;
    let text = fs::read(FILE).ok().filter(|_| logins.iter().any(asks))?;
    let (line, seconds) = last(&String::from_utf8_lossy(&text))?;
    if seconds == 0 || seconds >= SHORTEST {
        return None;
    }
    let problem = format!("{FILE}:{line}: {KEY} is {seconds} seconds, too short to scan a QR code on a console");
    let finding = Finding::new(Severity::Warning, problem, format!("make it `{KEY} 300`"));
    Some(Finding { services: vec![SERVICE.to_owned()], file: Some(FILE.to_owned()), line: Some(line), ..finding })
}

/// The value in force, and its line: the last one.
fn last(text: &str) -> Option<(usize, u64)> {
    let lines = (1_usize..).zip(text.lines());
    let value = |(number, line): (usize, &str)| {
        let mut words = line.split_whitespace();
        (words.next()? == KEY).then(|| words.next()?.trim_matches('"').parse().ok())?.map(|seconds| (number, seconds))
    };
    lines.filter_map(value).last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_is_in_force() {
        assert_eq!(last("# LOGIN_TIMEOUT 5\nLOGIN_TIMEOUT 10\nLOGIN_RETRIES 3\nLOGIN_TIMEOUT\t60 x\n"), Some((4, 60)));
        assert_eq!(last("LOGIN_TIMEOUT\nLOGIN_TIMEOUT x\n"), None);
    }
}
