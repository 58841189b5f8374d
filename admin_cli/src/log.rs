//! Lines of the log about a user.

use countersign_common::audit::{Context, Event};
use countersign_common::system::syslog;

/// Logs an event about a user.
pub(crate) fn write(user: &str, event: &Event) {
    syslog("countersign", &event.line(Context { user: Some(user), ..Context::default() }));
}

/// Logs an event about a service.
pub(crate) fn write_service(service: &str, event: &Event) {
    syslog("countersign", &event.line(Context { service: Some(service), ..Context::default() }));
}
