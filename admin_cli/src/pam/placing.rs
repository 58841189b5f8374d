//! Where our auth line belongs: tried out, not guessed.

use std::rc::Rc;

use super::auth::{auth_facts, kinds, unproven};
use super::files::Files;
use super::service::{Handler, Module, Phase, Place, Service};
use super::walk::is_ours;

/// The first line of the file in which our line stands after which a right password, and no wrong one, comes to it.
pub(crate) fn after_what(files: &dyn Files, service: &Service) -> Option<Rc<Place>> {
    let auth = service.stack(Phase::Auth);
    let ours = auth.iter().find(|handler| is_ours(handler))?;
    let others: Vec<Handler> = auth.iter().filter(|handler| !is_ours(handler)).cloned().collect();
    let entries = others.iter().map(|handler| handler.entry_in(&ours.place.file));
    let numbered: Vec<(usize, &Rc<Place>)> = (1..).zip(entries).collect();
    let ends = numbered.iter().filter(|(next, place)| {
        let following = numbered.iter().find(|(number, _)| *number == next.saturating_add(1));
        following.is_none_or(|(_, other)| other != place)
    });
    let mut fitting = ends.filter(|(next, _)| {
        let mut stack = others.clone();
        stack.insert(*next, ours.clone());
        is_right(files, &service.clone().with_auth(stack))
    });
    fitting.next().map(|(_, place)| Rc::clone(place))
}

fn is_right(files: &dyn Files, service: &Service) -> bool {
    let checks = |name: &str| {
        let mut modules = service.stack(Phase::Auth).iter().filter_map(Handler::module);
        modules.any(|module| module.name() == name && Module::checks_passwords(module))
    };
    let ends_wrong_ones = unproven(files, service).is_ok_and(|facts| !facts.reaches_us);
    // What must follow it is another question.
    let asks = |kind| auth_facts(files, service, kind).is_ok_and(|facts| facts.asked && facts.skipped_by.is_empty());
    ends_wrong_ones && kinds(service).iter().filter(|kind| checks(&kind.module)).all(asks)
}
