//! Our two lines put into a service's own file, or taken out: whole physical lines, and no other byte.
//!
//! Invariants: nothing is written here; what stands in a file that is included is never touched, since others include it
//! too; where our line would go is only a proposal, which whoever asks has to try.

use super::files::Files;
use super::modules::OURS;
use super::service::{Handler, Module, Phase, Place, Service};
use super::walk::is_ours;

/// The auth line, as the README has it.
pub(crate) const AUTH_LINE: &str = "auth     required                    pam_countersign.so";
/// The account line.
pub(crate) const ACCOUNT_LINE: &str = "account  required                    pam_countersign.so";

/// Why a file is not edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// There is no such service.
    Missing,
    /// Its file is the vendor's, at this path.
    Vendors(String),
    /// libpam refuses it, and why.
    Broken(String),
    /// A line that one libpam reads otherwise than another.
    Ambiguous(String),
    /// It has no lines of its own in this phase.
    NoStack(Phase),
    /// Our line stands in a file that it includes.
    Included(String),
    /// A line, at this place, that jumps over our line: without ours its jump would go one line too far.
    JumpsOver(String),
}

/// A service's own file, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Files of which some have another text.
pub(crate) struct Overlay<'a> {
    below: &'a dyn Files,
    edited: Vec<OwnFile>,
}

impl<'a> Overlay<'a> {
    pub(crate) fn new(below: &'a dyn Files) -> Self {
        Self { below, edited: Vec::new() }
    }

    /// With one more file that has another text; the latest counts.
    pub(crate) fn with(&self, file: OwnFile) -> Self {
        Self { below: self.below, edited: self.edited.iter().cloned().chain([file]).collect() }
    }
}

impl Files for Overlay<'_> {
    fn text(&self, path: &str) -> Option<String> {
        let edited = self.edited.iter().rev().find(|file| file.path == path);
        edited.map(|file| file.text.clone()).or_else(|| self.below.text(path))
    }

    fn names(&self, directory: &str) -> Vec<String> {
        self.below.names(directory)
    }

    fn has_module(&self, module: &str) -> Option<bool> {
        self.below.has_module(module)
    }
}

/// Where a service's file is to be edited.
pub(crate) fn own_file(files: &dyn Files, service: &Service) -> Result<OwnFile, Unfit> {
    let path = service.file.clone().ok_or(Unfit::Missing)?;
    if !path.starts_with("/etc/pam.d/") {
        return Err(Unfit::Vendors(path));
    }
    if let Some(why) = &service.broken {
        return Err(Unfit::Broken(why.clone()));
    }
    if let Some(place) = service.ambiguous.first() {
        return Err(Unfit::Ambiguous(place.to_string()));
    }
    let text = files.text(&path).ok_or(Unfit::Missing)?;
    Ok(OwnFile { path, text })
}

/// Our lines in a phase.
fn ours(service: &Service, phase: Phase) -> impl Iterator<Item = &Handler> {
    service.stack(phase).iter().filter(|handler| is_ours(handler))
}

/// The texts that the file might have with our lines in it, the likeliest first; none if both are there already.
///
/// The auth line goes behind any line of the file, from the first one on; the account line before the first that looks at
/// accounts.
pub(crate) fn with_our_lines(service: &Service, file: &OwnFile) -> Result<Vec<String>, Unfit> {
    let has = |phase| ours(service, phase).next().is_some();
    let account = if has(Phase::Account) { None } else { Some(before_accounts(service, file)?) };
    let with_account = |text: &str, shift: Option<usize>| match account {
        Some(line) => {
            inserted(text, line.saturating_add(usize::from(shift.is_some_and(|at| at <= line))), ACCOUNT_LINE)
        }
        None => text.to_owned(),
    };
    if has(Phase::Auth) {
        return Ok(account.map(|_| with_account(&file.text, None)).into_iter().collect());
    }
    let mut places: Vec<usize> = entries(service, file, Phase::Auth).map(|place| place.last).collect();
    places.dedup();
    if places.is_empty() {
        return Err(Unfit::NoStack(Phase::Auth));
    }
    Ok(places.iter().map(|last| with_account(&inserted(&file.text, *last, AUTH_LINE), Some(*last))).collect())
}

/// A service's own file without our lines, and what asks all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stripped {
    pub(crate) text: String,
    /// Our auth lines in files that it includes.
    pub(crate) still: Vec<String>,
}

/// The file without our lines; `None` if neither it nor what it includes has any.
pub(crate) fn without_our_lines(service: &Service, file: &OwnFile) -> Result<Option<Stripped>, Unfit> {
    let is_own = |handler: &Handler| *handler.place.file == *file.path;
    let handlers: Vec<&Handler> = [Phase::Auth, Phase::Account, Phase::Password, Phase::Session]
        .into_iter()
        .flat_map(|phase| ours(service, phase))
        .collect();
    let places: Vec<(usize, usize)> = handlers
        .iter()
        .filter(|handler| is_own(handler))
        .map(|handler| (handler.place.first, handler.place.last))
        .collect();
    if places.is_empty() {
        return handlers.first().map_or(Ok(None), |other| Err(Unfit::Included(other.place.to_string())));
    }
    let goes = |handler: &Handler| is_ours(handler) && is_own(handler);
    let over = [Phase::Auth, Phase::Account].iter().find_map(|phase| jump_over(service.stack(*phase), &goes));
    if let Some(over) = over {
        return Err(Unfit::JumpsOver(over.place.to_string()));
    }
    let goes = |number: usize| places.iter().any(|(first, last)| (*first..=*last).contains(&number));
    let lines = (1..).zip(file.text.split_inclusive('\n'));
    let text = lines.filter(|(number, _)| !goes(*number)).map(|(_, line)| line).collect();
    let others = ours(service, Phase::Auth).filter(|handler| !is_own(handler));
    Ok(Some(Stripped { text, still: others.map(|handler| handler.place.to_string()).collect() }))
}

/// A line whose jump counts one of those that go, and leads beyond it. A substack counts as one.
fn jump_over<'a>(stack: &'a [Handler], goes: &impl Fn(&Handler) -> bool) -> Option<&'a Handler> {
    let goes_over = |(at, handler): &(usize, &Handler)| {
        let after = stack.get(at.saturating_add(1)..).unwrap_or_default();
        let counted = after.iter().filter(|next| next.level <= handler.level);
        counted.take(handler.control.longest_jump()).any(goes)
    };
    stack.iter().enumerate().find(goes_over).map(|(_, handler)| handler)
}

/// The lines of the file itself through which a phase's handlers come, in order.
fn entries<'a>(service: &'a Service, file: &'a OwnFile, phase: Phase) -> impl Iterator<Item = &'a Place> {
    service.stack(phase).iter().map(|handler| &**handler.entry()).filter(|place| *place.file == *file.path)
}

/// The number of lines that stay before our account line.
fn before_accounts(service: &Service, file: &OwnFile) -> Result<usize, Unfit> {
    let checks = |handler: &&Handler| handler.module().is_some_and(Module::checks_passwords);
    let first_check = service.stack(Phase::Account).iter().find(checks).map(|handler| &**handler.entry());
    let place = first_check
        .filter(|place| *place.file == *file.path)
        .or_else(|| entries(service, file, Phase::Account).next())
        .ok_or(Unfit::NoStack(Phase::Account))?;
    Ok(place.first.saturating_sub(1))
}

/// The text with one more line behind so many others.
fn inserted(text: &str, behind: usize, line: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(line.len()).saturating_add(2));
    let mut is_in = behind == 0;
    if is_in {
        out.push_str(line);
        out.push('\n');
    }
    for (number, old) in (1..).zip(text.split_inclusive('\n')) {
        out.push_str(old);
        if number == behind {
            if !old.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(line);
            out.push('\n');
            is_in = true;
        }
    }
    if !is_in {
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// What is different, as `diff -u` shows it: every line of either text that the other lacks, with three around it.
///
/// One text is the other with lines more, so the first place where they differ begins such a line.
pub(crate) fn difference(path: &str, before: &str, after: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let mut lines: Vec<(char, &str)> = Vec::new();
    let (mut at_old, mut at_new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        match (at_old.peek(), at_new.peek()) {
            (Some(left), Some(right)) if left == right => {
                lines.push((' ', left));
                at_old.next();
                at_new.next();
            }
            (_, Some(right)) if new.len() >= old.len() => {
                lines.push(('+', right));
                at_new.next();
            }
            (Some(left), _) => {
                lines.push(('-', left));
                at_old.next();
            }
            (None, Some(right)) => {
                lines.push(('+', right));
                at_new.next();
            }
            (None, None) => break,
        }
    }
    let changed: Vec<usize> = (0..).zip(&lines).filter(|(_, (sign, _))| *sign != ' ').map(|(at, _)| at).collect();
    let mut shown = vec![format!("--- {path}"), format!("+++ {path}")];
    let mut last_shown = None;
    for (at, (sign, line)) in (0_usize..).zip(&lines) {
        if changed.iter().any(|change| change.abs_diff(at) <= 3) {
            if last_shown.map_or(at > 0, |last: usize| last.saturating_add(1) < at) {
                shown.push("@@".to_owned());
            }
            shown.push(format!("{sign}{line}"));
            last_shown = Some(at);
        }
    }
    shown
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no such service in /etc/pam.d"),
            Self::Vendors(path) => {
                write!(f, "its file is {path}, which an upgrade replaces: copy it to /etc/pam.d first")
            }
            Self::Broken(why) => write!(f, "libpam refuses it: {why}"),
            Self::Ambiguous(place) => write!(f, "{place}: not every libpam reads this line alike"),
            Self::NoStack(phase) => write!(f, "it has no {} lines of its own", phase.word()),
            Self::JumpsOver(place) => {
                write!(f, "{place}: jumps over the line of {OURS}; without that its jump must be one less")
            }
            Self::Included(place) => write!(f, "the line of {OURS} is {place}, which other services include, too"),
        }
    }
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
