//! Which configuration the lines of a service name, and whether the module can go by it.

use countersign_common::config::DEFAULT_PATH;

use super::notes::{Findings, Note};
use super::stacks::Examined;
use crate::pam::files::Files;
use crate::pam::modules::Role;
use crate::pam::service::{Handler, Phase, Place, Service};

/// A line of ours, and the configuration it names.
struct Named<'service> {
    place: &'service Place,
    path: &'service str,
}

fn named(service: &Service, phase: Phase) -> impl Iterator<Item = Named<'_>> {
    service.stack(phase).iter().filter_map(|handler: &Handler| {
        let module = handler.module().filter(|module| module.role() == Role::Ours)?;
        Some(Named { place: &handler.place, path: module.value("config").unwrap_or(DEFAULT_PATH) })
    })
}

/// What is wrong with `config=` of our lines, seen from the configuration the doctor went by.
pub(super) fn configs(files: &dyn Files, examined: &Examined, judged_by: &str, found: &mut Findings) {
    let service = &examined.service;
    for line in [Phase::Auth, Phase::Account].into_iter().flat_map(|phase| named(service, phase)) {
        // Of its own configuration the doctor has said what is wrong.
        if line.path == judged_by {
            continue;
        }
        let (path, place) = (line.path, Some(line.place));
        let note = if let Some(fault) = files.config_fault(path) {
            let problem = format!("everyone is refused: this line goes by {path}, which cannot be used: {fault}");
            Note::error(problem, "mend that file, or name another one by `config=PATH`")
        } else {
            let problem = format!(
                "goes by {path}, and this doctor by {judged_by}: what it says of rules and users may not hold here"
            );
            Note::warning(problem, format!("ask again: countersign --config {path} doctor; or take `config=` out"))
        };
        found.add(service, place, note);
    }
    let (auth, account) = (named(service, Phase::Auth).next(), named(service, Phase::Account).next());
    if let (Some(auth), Some(account)) = (auth, account)
        && auth.path != account.path
    {
        let problem = format!(
            "goes by {}, and our auth line ({}) by {}: what is proven there is not stored where it counts",
            account.path, auth.place, auth.path
        );
        let remedy = format!("write `config={}` on both lines", auth.path);
        found.add(service, Some(account.place), Note::error(problem, remedy));
    }
}
