//! Pending data kept in the PAM handle between the auth and the account phase (`pam_set_data(3)`).
//!
//! Invariants: the data's name holds the address of this very copy of the library, so another copy never reads
//! what this one wrote; the clean-up only frees (libpam may call it twice, or never).

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;

use super::{Handle, PAM_SUCCESS};
use crate::pending::Pending;

type CleanUp = unsafe extern "C" fn(*const c_void, *mut c_void, c_int);

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_set_data(handle: *const c_void, name: *const c_char, data: *mut c_void, clean_up: Option<CleanUp>) -> c_int;
    fn pam_get_data(handle: *const c_void, name: *const c_char, data: *mut *const c_void) -> c_int;
}

/// libpam did not keep the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DataError;

impl Handle<'_> {
    /// Keeps pending data, in place of any before.
    pub(crate) fn set_pending(&self, pending: Pending) -> Result<(), DataError> {
        let data = Box::into_raw(Box::new(pending));
        let name = name().ok_or(DataError)?;
        // SAFETY: libpam gave this handle for the length of this call; it copies the name and keeps the pointer.
        let code = unsafe { pam_set_data(self.raw(), name.as_ptr(), data.cast(), Some(free_pending)) };
        if code == PAM_SUCCESS {
            return Ok(());
        }
        // SAFETY: libpam refused the pointer, so it is still ours, from `Box::into_raw` above.
        drop(unsafe { Box::from_raw(data) });
        Err(DataError)
    }

    /// A copy of the pending data, if there is any.
    pub(crate) fn pending(&self) -> Option<Pending> {
        let name = name()?;
        let mut data: *const c_void = ptr::null();
        // SAFETY: libpam gave this handle for the length of this call, and writes one pointer.
        let code = unsafe { pam_get_data(self.raw(), name.as_ptr(), &raw mut data) };
        let pending: *const Pending = data.cast();
        if code != PAM_SUCCESS || pending.is_null() {
            return None;
        }
        // SAFETY: under this name only `set_pending` of this copy of the library puts pointers, all to `Pending`;
        // libpam frees it no earlier than the handle or the next `pam_set_data`.
        let pending = unsafe { &*pending };
        Some(pending.clone())
    }

    /// Removes and frees pending data.
    pub(crate) fn clear_pending(&self) {
        let Some(name) = name() else { return };
        // SAFETY: libpam gave this handle for the length of this call; a null pointer replaces what was there.
        let _ = unsafe { pam_set_data(self.raw(), name.as_ptr(), ptr::null_mut(), None) };
    }
}

fn name() -> Option<CString> {
    let address: CleanUp = free_pending;
    CString::new(format!("pam_countersign.pending.{address:p}")).ok()
}

unsafe extern "C" fn free_pending(_: *const c_void, data: *mut c_void, _: c_int) {
    let pending: *mut Pending = data.cast();
    if !pending.is_null() {
        // SAFETY: libpam hands back what `set_pending` gave it, once for each time.
        drop(unsafe { Box::from_raw(pending) });
    }
}
