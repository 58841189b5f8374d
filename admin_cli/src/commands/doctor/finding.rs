//! One thing the doctor found.

use std::fmt;

use serde::Serialize;

use crate::failure::Failure;
use crate::pam::service::Place;

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
    /// The PAM services it is about, all of them.
    pub(super) services: Vec<String>,
    /// Where it is to be seen and mended, if that is one place.
    pub(super) file: Option<String>,
    pub(super) line: Option<usize>,
}

impl Finding {
    pub(super) fn new(severity: Severity, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            severity,
            problem: problem.into(),
            remedy: remedy.into(),
            users: Vec::new(),
            services: Vec::new(),
            file: None,
            line: None,
        }
    }

    /// What a command would have failed of.
    pub(super) fn of_failure(severity: Severity, failure: &Failure) -> Self {
        Self::new(severity, &failure.message, failure.hints.join("; or: "))
    }

    /// About a line of a file, which the problem then begins with.
    pub(super) fn at(self, place: &Place) -> Self {
        let problem = format!("{place}: {}", self.problem);
        Self { problem, file: Some(place.file.to_string()), line: Some(place.first), ..self }
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
        // A line of its own file says which service it is about.
        let own = |service: &String| self.problem.contains(service);
        if !self.services.iter().all(own) {
            write!(f, " [{}]", self.services.join(", "))?;
        }
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "; {}", self.remedy) }
    }
}
