//! Where our auth line would belong in a service that has none.

use std::rc::Rc;

use super::control::Control;
use super::files::Files;
use super::modules::OURS;
use super::placing::after_what;
use super::service::{Handler, Job, Module, Phase, Place, Service};

/// The line of the service's own file after which a right password, and no wrong one, would come to our line.
pub(crate) fn auth_line_belongs_after(files: &dyn Files, service: &Service) -> Option<Rc<Place>> {
    let file: Rc<str> = Rc::from(service.file.as_deref()?);
    let ours = Handler {
        control: Control::parse("required"),
        job: Job::Module(Module { path: OURS.to_owned(), arguments: Vec::new() }),
        level: 0,
        place: Rc::new(Place { file, first: 0, last: 0, text: String::new() }),
        through: Rc::from([]),
    };
    let stack = std::iter::once(ours).chain(service.stack(Phase::Auth).iter().cloned()).collect();
    let found = after_what(files, &service.clone().with_auth(stack))?;
    found.file.as_ref().eq(service.file.as_deref()?).then_some(found)
}
