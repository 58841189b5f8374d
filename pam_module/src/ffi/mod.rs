//! The only room with unsafe code: the PAM handle, its conversation, its data.
//!
//! Invariant: each unsafe block is one operation, and its SAFETY line names who guarantees it. pamsm gives the
//! entry points, items and syslog; its conversation leaks the reply and follows a null pointer, so ours is here.
#![expect(unsafe_code, reason = "libpam is C")]

mod conversation;
mod data;

use std::ffi::{c_int, c_uint, c_void};

use pamsm::{LogLvl, Pam, PamLibExt};
use zeroize::Zeroizing;

use countersign_common::audit::Severity;

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_get_item(handle: *const c_void, item: c_int, value: *mut *const c_void) -> c_int;
    fn pam_fail_delay(handle: *const c_void, microseconds: c_uint) -> c_int;
}

const PAM_SUCCESS: c_int = 0;

/// A PAM transaction, for the length of one call into the module.
pub(crate) struct Handle<'call> {
    pam: &'call Pam,
}

impl<'call> Handle<'call> {
    pub(crate) fn new(pam: &'call Pam) -> Self {
        Self { pam }
    }

    fn raw(&self) -> *const c_void {
        let pointer: *const Pam = self.pam;
        // SAFETY: pamsm declares `Pam` as a transparent wrapper of this very pointer.
        unsafe { *pointer.cast::<*const c_void>() }
    }

    /// `PAM_SERVICE`.
    pub(crate) fn service(&self) -> Option<String> {
        text(self.pam.get_service().ok().flatten())
    }

    /// `PAM_USER`; asks for it if the application has not set it. `None` if there is none, or it is not UTF-8.
    pub(crate) fn user(&self) -> Option<String> {
        text(self.pam.get_user(None).ok().flatten())
    }

    /// `PAM_RHOST`.
    pub(crate) fn rhost(&self) -> Option<String> {
        text(self.pam.get_rhost().ok().flatten())
    }

    /// `PAM_AUTHTOK`: the password, right or wrong, that an earlier module left behind.
    pub(crate) fn password(&self) -> Option<Zeroizing<Vec<u8>>> {
        let token = self.pam.get_cached_authtok().ok().flatten()?;
        Some(Zeroizing::new(token.to_bytes().to_vec()))
    }

    /// Asks libpam to wait about this long before it tells the application of a failure.
    pub(crate) fn fail_delay(&self, microseconds: c_uint) {
        // SAFETY: libpam gave this handle for the length of this call.
        let _ = unsafe { pam_fail_delay(self.raw(), microseconds) };
    }

    /// Logs a line (`pam_syslog(3)`).
    pub(crate) fn syslog(&self, severity: Severity, line: &str) {
        let level = match severity {
            Severity::Error => LogLvl::ERR,
            Severity::Warning => LogLvl::WARNING,
            Severity::Notice => LogLvl::NOTICE,
            Severity::Info => LogLvl::INFO,
            Severity::Debug => LogLvl::DEBUG,
        };
        // A log that cannot be written must not decide about a login.
        let _ = self.pam.syslog(level, line);
    }
}

fn text(item: Option<&std::ffi::CStr>) -> Option<String> {
    item.and_then(|item| item.to_str().ok()).map(ToOwned::to_owned)
}
