//! `pam`: our two lines in the stacks: put in, taken out, shown; and taken back by themselves if nobody gets in.
//!
//! Invariants: a file is whole at any instant, the old or the new one; nothing is written before the difference was shown
//! and agreed to; a stack in which our lines would not do what they should is left alone (I4); who changes anything holds
//! the lock, from reading to the last write, but for the time in which a person is asked: then all is looked at anew.

mod add;
mod copies;
mod file;
mod lock;
mod pending;
mod remove;
mod rollback;
mod show;
mod timer;

use countersign_common::audit::Event;
use countersign_common::system::load_config;

use crate::actor::Actor;
use crate::answer::agrees;
use crate::arguments::{Pam, PamCommand};
use crate::failure::Failure;
use crate::log;
use crate::output::{Output, Verdict};
use crate::pam::edit::{OwnFile, difference};
use crate::pam::files::Host;
pub(super) use copies::COPIES;
use file::ServiceFile;
use lock::Lock;
use rollback::How;

/// A file, and what shall stand in it.
struct Change {
    service: String,
    file: ServiceFile,
    after: String,
    /// Our lines elsewhere, which ask all the same.
    still: Vec<String>,
}

impl Change {
    /// The file as it shall be.
    fn edited(&self) -> OwnFile {
        OwnFile { path: self.file.path.clone(), text: self.after.clone() }
    }
}

/// `pam`
pub(super) fn pam(config: &str, arguments: &Pam, output: &mut Output) -> Result<Verdict, Failure> {
    match &arguments.what {
        PamCommand::Add(add) => add::add(config, add, output),
        PamCommand::Remove(remove) => remove::remove(config, remove, output),
        PamCommand::Show(show) => {
            Ok(show::show(&Host::new(), load_config(config).ok().as_ref(), &show.services, output))
        }
        PamCommand::Keep => rollback::keep(output),
        PamCommand::Rollback(rollback) => {
            let how = if rollback.unless_confirmed { How::UnlessConfirmed } else { How::AtOnce };
            rollback::rollback(config, how, output)
        }
    }
}

/// Whether one may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    /// Only after a yes.
    First,
    /// That was said beforehand.
    Not,
}

impl Asking {
    const fn unless(said: bool) -> Self {
        if said { Self::Not } else { Self::First }
    }
}

/// Shows what will be different, and asks: without the lock, or nothing could be taken back until there is an answer.
fn agreed(changes: &[Change], asking: Asking, lock: Lock, output: &mut Output) -> Result<Lock, Failure> {
    for change in changes {
        for line in difference(&change.file.path, &change.file.text, &change.after) {
            output.line(line);
        }
    }
    if asking == Asking::Not {
        return Ok(lock);
    }
    drop(lock);
    if !agrees(output, "Write this?") {
        return Err(Failure::new("nothing was written").hint("type yes, or add --yes"));
    }
    let lock = Lock::take()?;
    changes.iter().try_for_each(|change| change.file.refuse_if_changed())?;
    Ok(lock)
}

/// Logs what was done to a service's stack.
fn log_change(service: &str, what: &'static str) {
    log::write_service(service, &Event::Changed { what, by: Actor::of_this_process().for_log() });
}

/// The names, each once, as libpam spells them.
fn once(services: &[String]) -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> = Vec::new();
    for service in services {
        let name = service.to_ascii_lowercase();
        if name.is_empty() || name.starts_with('.') || name.contains('/') || !name.chars().all(|c| c.is_ascii_graphic())
        {
            return Err(
                Failure::new("a service is named as its file in /etc/pam.d").hint("as in: countersign pam add sshd")
            );
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}
