//! Why a configuration is refused: which line, which key, what to do.

use std::fmt;

use crate::document::Fault;

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The line, 1 being the first; `None` if no line can be named.
    pub line: Option<usize>,
    /// The key or table at fault.
    pub key: Option<String>,
    /// What is wrong, in one line.
    pub reason: String,
}

impl ConfigError {
    pub(super) fn not_text() -> Self {
        Self { line: None, key: None, reason: "not UTF-8 text".to_owned() }
    }

    pub(super) fn at_fault(text: &str, fault: Fault) -> Self {
        let line = fault.line(text);
        // Of what is no TOML only the line is known.
        let of_line = || text.lines().nth(line?.checked_sub(1)?).and_then(key_of);
        let key = fault.key.or_else(of_line);
        Self { line, key, reason: fault.reason }
    }

    /// An error of a key that each line allows but the whole does not.
    pub(super) fn of_key(text: &str, key: &str, reason: &str) -> Self {
        let line = text.lines().position(|line| key_of(line).as_deref() == Some(key));
        Self { line: line.map(|line| line.saturating_add(1)), key: Some(key.to_owned()), reason: reason.to_owned() }
    }
}

/// The key a line sets, or the table it opens.
fn key_of(line: &str) -> Option<String> {
    let line = line.trim();
    let key = match line.split_once('=') {
        Some((key, _)) => key.trim(),
        None => line,
    };
    (!key.is_empty() && !key.starts_with('#')).then(|| key.to_owned())
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        f.write_str(&self.reason)
    }
}
impl std::error::Error for ConfigError {}
