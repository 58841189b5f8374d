//! Writing lines of the log through `pam_syslog(3)`.

use countersign_common::audit::{Context, Event, RefusedReason, Severity};

use crate::ffi::Handle;

/// Logs an event.
pub(crate) fn write(handle: &Handle, context: Context, event: &Event) {
    let line = event.line(context);
    handle.syslog(line.severity, &line.text);
}

/// Logs a defect of the module.
pub(crate) fn write_bug(handle: &Handle) {
    let event =
        Event::Refused { reason: RefusedReason::Bug, detail: Some("a panic was caught; please report it".to_owned()) };
    handle.syslog(Severity::Error, &event.line(Context::default()).text);
}
