//! What is noted about lines, told once for all services it is so in.

use super::finding::{Finding, Severity};
use crate::pam::service::{Place, Service};

/// What was found, once for each line, with the services it was found in.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

/// What to say about a line.
pub(super) struct Note {
    pub(super) severity: Severity,
    pub(super) problem: String,
    pub(super) remedy: String,
}

impl Note {
    pub(super) fn error(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Error, problem: problem.into(), remedy: remedy.into() }
    }

    pub(super) fn warning(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(problem, remedy) }
    }
}

impl Findings {
    pub(super) fn add(&mut self, service: &Service, place: Option<&Place>, note: Note) {
        let finding = Finding::new(note.severity, note.problem, note.remedy);
        let finding = match place {
            Some(place) => finding.at(place),
            None => Finding { problem: format!("{}: {}", service.name, finding.problem), ..finding },
        };
        let same = |other: &&mut Finding| other.problem == finding.problem && other.remedy == finding.remedy;
        match self.0.iter_mut().find(same) {
            Some(other) if other.services.contains(&service.name) => {}
            Some(other) => other.services.push(service.name.clone()),
            None => self.0.push(Finding { services: vec![service.name.clone()], ..finding }),
        }
    }

    /// Whether something is wrong at a line that refuses logins.
    pub(super) fn has_error_at(&self, place: &Place) -> bool {
        let is_there =
            |finding: &&Finding| finding.file.as_deref() == Some(&*place.file) && finding.line == Some(place.first);
        self.0.iter().filter(is_there).any(|finding| finding.severity == Severity::Error)
    }

    pub(super) fn into_findings(self) -> impl Iterator<Item = Finding> {
        self.0.into_iter()
    }
}

/// A line's place, and what it says there.
pub(super) fn shown(place: &Place) -> String {
    format!("{place} (`{}`)", place.text.split_whitespace().collect::<Vec<_>>().join(" "))
}
