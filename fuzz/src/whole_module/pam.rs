//! libpam, as an application calls it, with a conversation that answers from a list.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr;

/// What the six calls are, by number.
pub const CALLS: [&str; 6] = ["authenticate", "acct_mgmt", "setcred", "open_session", "close_session", "chauthtok"];
pub const SUCCESS: c_int = 0;
pub const SERVICE_ERR: c_int = 3;
pub const BUF_ERR: c_int = 5;
pub const PERM_DENIED: c_int = 6;
pub const AUTH_ERR: c_int = 7;
/// What the stacks say where the module says PAM_IGNORE (`pam_debug.so`).
pub const IGNORED: c_int = 8;
pub const AUTHINFO_UNAVAIL: c_int = 9;
pub const CONV_ERR: c_int = 19;
pub const CONV_AGAIN: c_int = 30;
const PROMPT_ECHO_OFF: c_int = 1;
const PROMPT_ECHO_ON: c_int = 2;
const TEXT_INFO: c_int = 4;
const RHOST: c_int = 4;
const FAIL_DELAY: c_int = 10;

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
struct Conversation {
    function: extern "C" fn(c_int, *const *const Message, *mut *mut Response, *mut c_void) -> c_int,
    data: *mut c_void,
}

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_start_confdir(
        service: *const c_char,
        user: *const c_char,
        conversation: *const Conversation,
        directory: *const c_char,
        handle: *mut *mut c_void,
    ) -> c_int;
    fn pam_end(handle: *mut c_void, status: c_int) -> c_int;
    fn pam_set_item(handle: *mut c_void, item: c_int, value: *const c_void) -> c_int;
    fn pam_authenticate(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_acct_mgmt(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_setcred(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_open_session(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_close_session(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_chauthtok(handle: *mut c_void, flags: c_int) -> c_int;
}

/// What a person does at a prompt.
pub enum Reply {
    Text(Vec<u8>),
    /// A response without text.
    NoText,
    /// Success without responses.
    NoResponses,
    /// An error; with a response all the same if there is one.
    Error(c_int, Option<Vec<u8>>),
}

/// Who answers.
pub trait Person {
    /// Told or asked this.
    fn converse(&mut self, is_prompt: bool, is_info: bool, text: &str) -> Reply;
}

/// A transaction with a person, who is borrowed only while being asked.
pub struct Transaction<'a, P> {
    handle: *mut c_void,
    /// libpam keeps a copy; the pointer in it is to the person.
    person: PhantomData<&'a RefCell<P>>,
}

extern "C" fn no_delay(_: c_int, _: u32, _: *mut c_void) {}

impl<'a, P: Person> Transaction<'a, P> {
    pub fn start(service: &str, user: &str, directory: &str, person: &'a RefCell<P>) -> Option<Self> {
        let conversation = Conversation { function: converse::<P>, data: ptr::from_ref(person).cast_mut().cast() };
        let [service, user, directory] = [service, user, directory].map(|text| CString::new(text).expect("no NUL"));
        let (conversation, mut handle) = (&raw const conversation, ptr::null_mut());
        let code = unsafe {
            pam_start_confdir(service.as_ptr(), user.as_ptr(), conversation, directory.as_ptr(), &raw mut handle)
        };
        if code != SUCCESS {
            return None;
        }
        unsafe { pam_set_item(handle, FAIL_DELAY, no_delay as *const c_void) };
        Some(Self { handle, person: PhantomData })
    }

    pub fn set_rhost(&mut self, address: &str) {
        let address = CString::new(address).expect("no NUL");
        unsafe { pam_set_item(self.handle, RHOST, address.as_ptr().cast()) };
    }

    pub fn call(&mut self, which: usize) -> c_int {
        let call =
            [pam_authenticate, pam_acct_mgmt, pam_setcred, pam_open_session, pam_close_session, pam_chauthtok][which];
        unsafe { call(self.handle, 0) }
    }
}

impl<P> Drop for Transaction<'_, P> {
    fn drop(&mut self) {
        unsafe { pam_end(self.handle, SUCCESS) };
    }
}

extern "C" fn converse<P: Person>(
    count: c_int,
    messages: *const *const Message,
    responses: *mut *mut Response,
    data: *mut c_void,
) -> c_int {
    let person = unsafe { &*data.cast::<RefCell<P>>() };
    let message = unsafe { &**messages };
    let text = unsafe { CStr::from_ptr(message.text) }.to_string_lossy();
    let is_prompt = [PROMPT_ECHO_OFF, PROMPT_ECHO_ON].contains(&message.style);
    // Design, section 2: never more than one message at a time.
    assert_eq!(count, 1, "messages at once");
    let reply = person.borrow_mut().converse(is_prompt, message.style == TEXT_INFO, &text);
    unsafe { *responses = ptr::null_mut() };
    let (code, text) = match reply {
        Reply::Text(text) => (SUCCESS, Some(text)),
        Reply::NoText => (SUCCESS, None),
        Reply::NoResponses => return SUCCESS,
        Reply::Error(code, None) => return code,
        Reply::Error(code, text) => (code, text),
    };
    let response: *mut Response = unsafe { libc::calloc(1, size_of::<Response>()) }.cast();
    if let Some(mut text) = text {
        text.retain(|byte| *byte != 0);
        text.push(0);
        unsafe { (*response).text = libc::strdup(text.as_ptr().cast()) };
    }
    unsafe { *responses = response };
    code
}
