//! One thing the doctor found.

use std::fmt;

use serde::Serialize;

use crate::failure::Failure;

/// How grave it is, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// Someone is refused, or protection is gone.
    Error,
    /// Likely not meant, or soon an error.
    Warning,
    /// Worth knowing.
    Info,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// What is so, beginning with whom or what it is about.
    pub(super) problem: String,
    /// What to do; empty if nothing.
    pub(super) remedy: String,
    /// The users it is about, all of them.
    pub(super) users: Vec<String>,
}

impl Finding {
    pub(super) fn new(severity: Severity, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity, problem: problem.into(), remedy: remedy.into(), users: Vec::new() }
    }

    /// What a command would have failed of.
    pub(super) fn of_failure(severity: Severity, failure: &Failure) -> Self {
        Self::new(severity, &failure.message, failure.hints.join("; or: "))
    }

    /// With the users it is about.
    pub(super) fn about(self, users: Vec<String>) -> Self {
        Self { users, ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        write!(f, "{severity}: {}", self.problem)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "; {}", self.remedy) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manual::FINDING;

    #[test]
    fn the_manual_has_the_fields_of_its_json() {
        let shown = Finding::new(Severity::Info, "a", "b");
        let value: serde_json::Value = serde_json::from_slice(&crate::json::object(&shown)).unwrap();
        let fields = value.as_object().unwrap();
        assert_eq!(fields.len(), FINDING.len());
        assert!(FINDING.iter().all(|name| fields.contains_key(*name)), "{fields:?}");
    }
}
