//! The conversation function: answers by the script, friendly or hostile.
use crate::libpam::record_delay;
use crate::{shell, tell};
use countersign_tests::code::{Parameters, key_in, wrong_code};
use countersign_tests::pam_driver::{Answer, Event, Message, Phase, Reply, Script, Style, is_marker, pam};
use nix::libc;
use std::collections::VecDeque;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr;
use std::time::{SystemTime, UNIX_EPOCH};

/// `struct pam_conv`
#[repr(C)]
pub(crate) struct PamConv {
    pub(crate) converse:
        unsafe extern "C" fn(c_int, *mut *const PamMessage, *mut *mut PamResponse, *mut c_void) -> c_int,
    pub(crate) state: *mut c_void,
}

/// `struct pam_message`
#[repr(C)]
pub(crate) struct PamMessage {
    style: c_int,
    text: *const c_char,
}

/// `struct pam_response`
#[repr(C)]
pub(crate) struct PamResponse {
    text: *mut c_char,
    code: c_int,
}

/// What is left of the script, and the key seen so far.
pub(crate) struct Conversation {
    password: Option<String>,
    answers: VecDeque<Answer>,
    on_info: Reply,
    bare: bool,
    token: Option<Parameters>,
    token_given: bool,
    phase: Phase,
}

impl Conversation {
    pub(crate) fn new(script: &Script) -> Self {
        Self {
            password: script.password.clone(),
            answers: script.answers.clone().into(),
            on_info: script.on_info.clone(),
            bare: script.bare,
            token: script.token.clone(),
            token_given: script.token.is_some(),
            phase: Phase::Authenticate,
        }
    }

    pub(crate) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// Decides on one message: the bytes of a text if there is one, a code, and words for the transcript.
    fn decide(&mut self, style: Style, text: &str) -> (Option<Vec<u8>>, Outcome, String) {
        if !self.token_given
            && let Some(key) = key_in(text)
        {
            self.token = Some(Parameters::new(&key));
        }
        let reply = match style {
            Style::Info | Style::Error => self.on_info.clone(),
            _ => match &self.password {
                Some(password) if text.contains("Password") => Reply::Text(password.clone()),
                _ => self.next_answer(),
            },
        };
        match reply {
            Reply::Text(text) => self.filled_in(&text).spoken(Outcome::Return(pam::SUCCESS)),
            Reply::Bytes(bytes) => bytes.spoken(Outcome::Return(pam::SUCCESS)),
            Reply::Repeat(byte, count) => {
                let words = format!("{count} times {byte:#04x}");
                (Some(vec![byte; count]), Outcome::Return(pam::SUCCESS), words)
            }
            Reply::NullText => (None, Outcome::Return(pam::SUCCESS), "(no text)".to_owned()),
            Reply::NullArray => (None, Outcome::WithoutArray(pam::SUCCESS), "(no response)".to_owned()),
            Reply::Fail(code) => (None, Outcome::WithoutArray(code), format!("({})", pam::name(code))),
            Reply::FailWithText(code, text) => self.filled_in(&text).spoken(Outcome::Return(code)),
            Reply::Die => (None, Outcome::Die, "(killed)".to_owned()),
        }
    }

    fn next_answer(&mut self) -> Reply {
        let Some(answer) = self.answers.pop_front() else {
            return Reply::Fail(pam::CONV_ERR);
        };
        if answer.at_barrier {
            tell(&Event::Waiting);
            // One byte per driver, so no buffered reader. A closed barrier, too, lets go.
            let _ = nix::unistd::read(std::io::stdin(), &mut [0]);
        }
        if let Some(command) = &answer.before {
            shell(command);
        }
        answer.reply
    }

    /// Replaces `{code}`, `{code+1}`, `{code-1}` and `{wrong}`.
    fn filled_in(&self, text: &str) -> Vec<u8> {
        let (Some((before, rest)), Some(token)) = (text.split_once('{'), &self.token) else {
            return text.as_bytes().to_vec();
        };
        let (name, after) = rest.split_once('}').expect("a closing brace");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let now = i64::try_from(now).expect("a time of this age");
        let code = match name.strip_prefix("code") {
            Some("") => token.at(now),
            Some(steps) => token.steps_from(now, steps.parse().expect("a number of steps")),
            None if name == "wrong" => wrong_code(token, now, 20),
            None => panic!("{{{name}}} stands for nothing"),
        };
        format!("{before}{code}{after}").into_bytes()
    }
}

/// What the conversation function does after deciding.
enum Outcome {
    Return(c_int),
    WithoutArray(c_int),
    Die,
}

/// Bytes that are spoken, and their words for the transcript.
trait Spoken {
    fn spoken(self, outcome: Outcome) -> (Option<Vec<u8>>, Outcome, String);
}

impl Spoken for Vec<u8> {
    fn spoken(self, outcome: Outcome) -> (Option<Vec<u8>>, Outcome, String) {
        let words = String::from_utf8_lossy(&self).into_owned();
        (Some(self), outcome, words)
    }
}

/// The conversation function libpam is given.
///
/// # Safety
/// As `pam_conv(3)` has it: `count` messages, a place for the responses, and a [`Conversation`].
pub(crate) unsafe extern "C" fn converse(
    count: c_int,
    messages: *mut *const PamMessage,
    responses: *mut *mut PamResponse,
    state: *mut c_void,
) -> c_int {
    // SAFETY: the state is the one given at pam_start, and only this call uses it now.
    let conversation = unsafe { &mut *state.cast::<Conversation>() };
    let batch = usize::try_from(count).expect("a positive number of messages");
    // SAFETY: the caller frees this array, as pam_conv(3) demands; calloc makes it NULL texts.
    let array = unsafe { libc::calloc(batch, size_of::<PamResponse>()) }.cast::<PamResponse>();
    let mut result = pam::SUCCESS;
    for index in 0..batch {
        // SAFETY: libpam on Linux passes an array of `count` pointers to messages.
        let message = unsafe { &**messages.add(index) };
        let (text, outcome, answer) = answer_one(conversation, message, batch);
        if let Some(event) = answer {
            tell(&event);
        }
        // SAFETY: the index lies within the array made above.
        let response = unsafe { &mut *array.add(index) };
        response.text = text.map_or(ptr::null_mut(), |bytes| allocated(&bytes));
        match outcome {
            Outcome::Return(code) => result = code,
            Outcome::WithoutArray(code) => {
                // SAFETY: the place is the caller's; the array stays leaked, this process is short.
                unsafe { *responses = ptr::null_mut() };
                return code;
            }
            Outcome::Die => {
                // SAFETY: sends this process a signal it cannot survive.
                unsafe { libc::raise(libc::SIGKILL) };
            }
        }
    }
    // SAFETY: the place is the caller's.
    unsafe { *responses = array };
    result
}

fn answer_one(
    conversation: &mut Conversation,
    message: &PamMessage,
    batch: usize,
) -> (Option<Vec<u8>>, Outcome, Option<Event>) {
    let style = match message.style {
        1 => Style::PromptEchoOff,
        2 => Style::PromptEchoOn,
        3 => Style::Error,
        4 => Style::Info,
        _ => Style::Other,
    };
    // SAFETY: a message's text is a C string.
    let text = unsafe { CStr::from_ptr(message.text) }.to_string_lossy().into_owned();
    if conversation.bare && is_marker(&text) {
        return (None, Outcome::Return(pam::SUCCESS), None);
    }
    let (bytes, outcome, answer) = conversation.decide(style, &text);
    let phase = conversation.phase;
    let event = Event::Message(Message { phase, style, text, batch, answer });
    (bytes, outcome, Some(event))
}

/// A copy the module frees with `free`.
fn allocated(bytes: &[u8]) -> *mut c_char {
    // SAFETY: room for the bytes and the NUL that calloc leaves behind them.
    let copy = unsafe { libc::calloc(bytes.len() + 1, 1) }.cast::<u8>();
    assert!(!copy.is_null(), "out of memory");
    // SAFETY: both regions hold that many bytes and are apart.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), copy, bytes.len()) };
    copy.cast()
}

/// The `PAM_FAIL_DELAY` function: records the delay and does not keep it.
pub(crate) extern "C" fn fail_delay(status: c_int, microseconds: c_uint, _state: *mut c_void) {
    if status != 0 {
        record_delay(microseconds);
    }
}
