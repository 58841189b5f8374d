//! `pam remove`: exactly our lines go.

use countersign_common::system::{Clock, SystemClock};

use super::copies::{Side, copied, prune};
use super::file::ServiceFile;
use super::lock::Lock;
use super::{Asking, Change, agreed, log_change, once, rollback};
use crate::arguments::PamRemove;
use crate::commands::doctor::look_at;
use crate::failure::Failure;
use crate::output::{Output, Verdict};
use crate::pam::edit::{Overlay, OwnFile, Stripped, own_file, without_our_lines};
use crate::pam::files::Host;
use crate::pam::service::Service;

/// `pam remove`
pub(super) fn remove(config: &str, arguments: &PamRemove, output: &mut Output) -> Result<Verdict, Failure> {
    let lock = Lock::take()?;
    rollback::overdue(config, output)?;
    let files = Host::new();
    let mut edited = Overlay::new(&files);
    let mut changes: Vec<Change> = Vec::new();
    // Where the lines are another one's that was named, too, they are gone at the second look.
    let mut refused = Vec::new();
    for name in once(&arguments.services)? {
        match stripped(&edited, &name) {
            Ok(None) => output.line(format_args!("{name}: has no line of ours")),
            Ok(Some(change)) => {
                edited = edited.with(change.edited());
                changes.push(change);
            }
            Err(_) => refused.push(name),
        }
    }
    let mut verdict = Verdict::Done;
    for name in refused {
        match stripped(&edited, &name) {
            Ok(None) => output.line(format_args!("{name}: has no line of ours then")),
            Ok(Some(change)) => changes.push(change),
            Err(failure) => {
                output.failure(&failure);
                verdict = Verdict::Failed;
            }
        }
    }
    if changes.is_empty() {
        return Ok(verdict);
    }
    let _lock = agreed(&changes, Asking::unless(arguments.yes), lock, output)?;
    let now = SystemClock.now()?;
    for change in &changes {
        let copy = copied(change, Side::Before, now)?;
        change.file.replace(&change.after)?;
        log_change(&change.service, "pam_remove");
        match change.still.first() {
            None => {
                output.line(format_args!("{}: written; nobody is asked for a code here any more", change.file.path));
            }
            Some(place) => {
                output.line(format_args!("{}: written", change.file.path));
                output.warning(&format!(
                    "{}: a code is asked for all the same, by {place}, which other services include, too",
                    change.service
                ));
            }
        }
        prune(&change.service, &[copy]);
    }
    Ok(verdict)
}

/// The file without our lines, unless a stack without them would refuse everyone.
pub(super) fn stripped(files: &Overlay, name: &str) -> Result<Option<Change>, Failure> {
    let service = Service::read(files, name);
    let unfit = |why: &dyn std::fmt::Display| {
        Failure::new(format!("{name}: nothing is written: {why}")).hint("take the lines out by hand")
    };
    let own = own_file(files, &service).map_err(|error| unfit(&error))?;
    let file = ServiceFile::read(name)?;
    let own = OwnFile { text: file.text.clone(), ..own };
    let Some(Stripped { text: after, still }) = without_our_lines(&service, &own).map_err(|error| unfit(&error))?
    else {
        return Ok(None);
    };
    let shut_before = look_at(files, None, name).shut;
    let edited = OwnFile { text: after, ..own };
    let look = look_at(&files.with(edited.clone()), None, name);
    if let Some(login) = look.shut.iter().find(|login| !shut_before.contains(login)) {
        return Err(unfit(&format_args!("without our lines {login} would be refused")));
    }
    Ok(Some(Change { service: name.to_owned(), file, after: edited.text, still }))
}
