//! Calling the application's conversation function (`pam_conv(3)`), one message at a time.
//!
//! Invariants: whatever the application returned is wiped and freed, also after an error; a null array, a null
//! reply, any length and any bytes are survived.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use zeroize::{Zeroize, Zeroizing};

use super::{Handle, PAM_SUCCESS, pam_get_item};
use crate::conversation::{Conversation, ConversationError, Echo, Reply};

const PAM_CONV: c_int = 5;
const PAM_PROMPT_ECHO_OFF: c_int = 1;
const PAM_PROMPT_ECHO_ON: c_int = 2;
const PAM_ERROR_MSG: c_int = 3;
const PAM_TEXT_INFO: c_int = 4;

/// The longest reply that is looked at, in bytes: what `misc_conv(3)` and sudo allow (`PAM_MAX_RESP_SIZE`).
const LONGEST_REPLY: usize = 512;

#[repr(C)]
struct Message {
    style: c_int,
    text: *const c_char,
}

#[repr(C)]
struct Response {
    text: *mut c_char,
    unused: c_int,
}

#[repr(C)]
struct Converse {
    function: Option<unsafe extern "C" fn(c_int, *mut *const Message, *mut *mut Response, *mut c_void) -> c_int>,
    data: *mut c_void,
}

unsafe extern "C" {
    fn free(pointer: *mut c_void);
}

impl Conversation for Handle<'_> {
    fn ask(&self, prompt: &str, echo: Echo) -> Result<Reply, ConversationError> {
        let style = match echo {
            Echo::On => PAM_PROMPT_ECHO_ON,
            Echo::Off => PAM_PROMPT_ECHO_OFF,
        };
        self.converse(style, prompt)
    }

    fn tell(&self, text: &str) -> Result<(), ConversationError> {
        self.converse(PAM_ERROR_MSG, text).map(|_| ())
    }

    fn show(&self, text: &str) -> Result<(), ConversationError> {
        self.converse(PAM_TEXT_INFO, text).map(|_| ())
    }
}

impl Handle<'_> {
    fn converse(&self, style: c_int, text: &str) -> Result<Reply, ConversationError> {
        let mut item: *const c_void = ptr::null();
        // SAFETY: libpam gave this handle for the length of this call, and writes one pointer.
        let found = unsafe { pam_get_item(self.raw(), PAM_CONV, &raw mut item) };
        let converse: *const Converse = item.cast();
        if found != PAM_SUCCESS || converse.is_null() {
            return Err(ConversationError);
        }
        // SAFETY: for PAM_CONV libpam hands out its own `struct pam_conv`, alive as long as the handle.
        let converse = unsafe { &*converse };
        let function = converse.function.ok_or(ConversationError)?;

        // The text may hold a secret: wiped, and allocated once.
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len().saturating_add(1)));
        bytes.extend(text.bytes().filter(|byte| *byte != 0));
        bytes.push(0);
        let message = Message { style, text: bytes.as_ptr().cast() };
        let mut messages: [*const Message; 1] = [&raw const message];
        let mut responses: *mut Response = ptr::null_mut();
        // SAFETY: pam_conv(3): one message, an array of one pointer to it, and where to put the responses; the
        // data pointer is the application's own.
        let code = unsafe { function(1, messages.as_mut_ptr(), &raw mut responses, converse.data) };
        let reply = take(responses);
        if code == PAM_SUCCESS { Ok(reply) } else { Err(ConversationError) }
    }
}

/// Copies the one reply of a response array; wipes and frees both.
fn take(responses: *mut Response) -> Reply {
    if responses.is_null() {
        return Reply::Nothing;
    }
    // SAFETY: pam_conv(3): not null, so an array of as many responses as there were messages: one.
    let text = unsafe { (*responses).text };
    let reply = if text.is_null() { Reply::Nothing } else { take_text(text) };
    // SAFETY: pam_conv(3): the array is the caller's to free, with the C library's free.
    unsafe { free(responses.cast()) };
    reply
}

/// Copies a reply if it is short and UTF-8; wipes and frees it.
fn take_text(text: *mut c_char) -> Reply {
    // SAFETY: pam_conv(3): a reply is a NUL-terminated string, and the caller's alone.
    let length = unsafe { CStr::from_ptr(text) }.count_bytes();
    // SAFETY: as above; the bytes before the NUL are that many.
    let bytes = unsafe { std::slice::from_raw_parts_mut(text.cast::<u8>(), length) };
    let reply = match std::str::from_utf8(bytes) {
        Ok(text) if length < LONGEST_REPLY => Reply::Text(Zeroizing::new(text.to_owned())),
        _ => Reply::NotText,
    };
    bytes.zeroize();
    // SAFETY: pam_conv(3): the reply is the caller's to free, with the C library's free.
    unsafe { free(text.cast()) };
    reply
}
