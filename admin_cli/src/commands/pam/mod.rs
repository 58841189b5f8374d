//! `pam`: our two lines in the stacks: put in, taken out, shown; and taken back by themselves if nobody gets in.
//!
//! Invariants: a file is whole at any instant, the old or the new one; nothing is written before the difference was shown
//! and agreed to; a stack in which our lines would not do what they should is left alone (I4).

mod add;
mod file;
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
use file::ServiceFile;

/// A file, and what shall stand in it.
struct Change {
    service: String,
    file: ServiceFile,
    after: String,
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
        PamCommand::Remove(remove) => remove::remove(remove, output),
        PamCommand::Show(show) => {
            Ok(show::show(&Host::new(), load_config(config).ok().as_ref(), &show.services, output))
        }
        PamCommand::Keep => rollback::keep(output),
        PamCommand::Rollback(how) => rollback::rollback(config, how.unless_confirmed, output),
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

/// Shows what will be different, and asks.
fn agreed(changes: &[Change], asking: Asking, output: &mut Output) -> Result<(), Failure> {
    for change in changes {
        for line in difference(&change.file.path, &change.file.text, &change.after) {
            output.line(line);
        }
    }
    if asking == Asking::Not {
        return Ok(());
    }
    if agrees(output, "Write this?") {
        return Ok(());
    }
    Err(Failure::new("nothing was written").hint("type yes, or add --yes"))
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
