//! The few functions of libpam an application needs.
use crate::conversation::{Conversation, PamConv, converse, fail_delay};
use crate::{Phase, tell};
use countersign_tests::pam_driver::{Event, Flags, Item};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

const PAM_FAIL_DELAY: c_int = 10;

#[repr(C)]
struct PamHandle {
    _private: [u8; 0],
}

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_start_confdir(
        service: *const c_char,
        user: *const c_char,
        conversation: *const PamConv,
        directory: *const c_char,
        handle: *mut *mut PamHandle,
    ) -> c_int;
    fn pam_end(handle: *mut PamHandle, status: c_int) -> c_int;
    fn pam_authenticate(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_acct_mgmt(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_setcred(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_open_session(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_close_session(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_chauthtok(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_set_item(handle: *mut PamHandle, item: c_int, value: *const c_void) -> c_int;
    fn pam_get_item(handle: *const PamHandle, item: c_int, value: *mut *const c_void) -> c_int;
    fn pam_getenvlist(handle: *mut PamHandle) -> *mut *mut c_char;
}

/// A PAM handle and the conversation it may call.
pub(crate) struct Handle<'conversation> {
    raw: *mut PamHandle,
    conversation: &'conversation mut Conversation,
}

impl<'conversation> Handle<'conversation> {
    /// `pam_start_confdir`, and a fail delay function that records instead of sleeping.
    pub(crate) fn start(
        service: &str,
        user: Option<&str>,
        directory: &str,
        conversation: &'conversation mut Conversation,
    ) -> Result<Self, c_int> {
        let service = CString::new(service).expect("a service without NUL");
        let user = user.map(|user| CString::new(user).expect("a user without NUL"));
        let directory = CString::new(directory).expect("a path without NUL");
        let state: *mut Conversation = conversation;
        let conv = PamConv { converse, state: state.cast() };
        let mut raw = ptr::null_mut();
        let user = user.as_ref().map_or(ptr::null(), |user| user.as_ptr());
        // SAFETY: all strings outlive the call; libpam copies the conversation struct; its state
        // outlives the handle, which borrows it.
        let code =
            unsafe { pam_start_confdir(service.as_ptr(), user, &raw const conv, directory.as_ptr(), &raw mut raw) };
        if code != 0 {
            return Err(code);
        }
        // SAFETY: the handle is live, and PAM_FAIL_DELAY takes a function pointer.
        unsafe { pam_set_item(raw, PAM_FAIL_DELAY, fail_delay as *const c_void) };
        Ok(Self { raw, conversation })
    }

    /// Calls a phase.
    pub(crate) fn call(&mut self, phase: Phase, flags: Flags) -> c_int {
        let function = match phase {
            Phase::Authenticate => pam_authenticate,
            Phase::Account => pam_acct_mgmt,
            Phase::SetCred => pam_setcred,
            Phase::OpenSession => pam_open_session,
            Phase::CloseSession => pam_close_session,
            Phase::ChangeAuthToken => pam_chauthtok,
        };
        self.conversation.enter(phase);
        // SAFETY: the handle is live.
        unsafe { function(self.raw, flags.0) }
    }

    /// Sets or clears an item.
    pub(crate) fn set_item(&mut self, item: Item, value: Option<&str>) {
        let value = value.map(|value| CString::new(value).expect("a value without NUL"));
        let value = value.as_ref().map_or(ptr::null(), |value| value.as_ptr());
        // SAFETY: the handle is live; libpam copies the string.
        let code = unsafe { pam_set_item(self.raw, item as c_int, value.cast()) };
        assert_eq!(code, 0, "pam_set_item({item:?})");
    }

    /// `PAM_USER`.
    pub(crate) fn user(&self) -> Option<String> {
        let mut value = ptr::null();
        // SAFETY: the handle is live.
        let code = unsafe { pam_get_item(self.raw, Item::User as c_int, &raw mut value) };
        if code != 0 || value.is_null() {
            return None;
        }
        // SAFETY: PAM_USER is a C string that stays until the item changes.
        Some(unsafe { CStr::from_ptr(value.cast()) }.to_string_lossy().into_owned())
    }

    /// The environment list.
    pub(crate) fn environment(&mut self) -> Vec<String> {
        // SAFETY: the handle is live. The list is ours, ends with NULL, and is leaked.
        let mut entry = unsafe { pam_getenvlist(self.raw) };
        let mut list = Vec::new();
        // SAFETY: as above; a NULL list would be a failed allocation.
        while !entry.is_null() && !unsafe { *entry }.is_null() {
            // SAFETY: every entry before the last is a C string.
            list.push(unsafe { CStr::from_ptr(*entry) }.to_string_lossy().into_owned());
            // SAFETY: the last entry has not been reached.
            entry = unsafe { entry.add(1) };
        }
        list
    }

    /// `pam_end`.
    pub(crate) fn end(self, status: c_int) -> c_int {
        // SAFETY: the handle is live, and gone with `self`.
        unsafe { pam_end(self.raw, status) }
    }
}

/// Records a delay a module asked for.
pub(crate) fn record_delay(microseconds: u32) {
    if microseconds > 0 {
        tell(&Event::FailDelay(microseconds));
    }
}
