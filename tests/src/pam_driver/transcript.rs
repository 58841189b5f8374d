//! What happened in a driver's run, as it prints it and as a test reads it.
use super::pam;
use serde::{Deserialize, Serialize};
use std::process::ExitStatus;

/// A phase of libpam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// `pam_authenticate`
    Authenticate,
    /// `pam_acct_mgmt`
    Account,
    /// `pam_setcred`
    SetCred,
    /// `pam_open_session`
    OpenSession,
    /// `pam_close_session`
    CloseSession,
    /// `pam_chauthtok`
    ChangeAuthToken,
}

/// The style of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Style {
    /// `PAM_PROMPT_ECHO_OFF`
    PromptEchoOff,
    /// `PAM_PROMPT_ECHO_ON`
    PromptEchoOn,
    /// `PAM_ERROR_MSG`
    Error,
    /// `PAM_TEXT_INFO`
    Info,
    /// Any other number.
    Other,
}

/// A message a module sent, and the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The phase it came in.
    pub phase: Phase,
    /// Its style.
    pub style: Style,
    /// Its text.
    pub text: String,
    /// How many messages came in this one call.
    pub batch: usize,
    /// The text answered, with codes filled in, or the name of what was done instead.
    pub answer: String,
}

impl Message {
    /// Whether it asks for an answer.
    pub fn is_prompt(&self) -> bool {
        matches!(self.style, Style::PromptEchoOff | Style::PromptEchoOn)
    }
}

/// One line of a driver's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A message came and was answered.
    Message(Message),
    /// A prompt stands and its answer waits for the barrier.
    Waiting,
    /// A phase returned this code.
    Returned(Phase, i32),
    /// A module asked for a delay of so many microseconds after the failure; it was not kept.
    FailDelay(u32),
    /// `PAM_USER` and the environment list of the handle.
    Items {
        /// `PAM_USER`
        user: Option<String>,
        /// `pam_getenvlist`
        environment: Vec<String>,
    },
    /// `pam_start` refused.
    NotStarted(i32),
    /// A child of [`Step::InChild`](super::Step::InChild) was killed by a signal.
    ChildKilled(i32),
    /// `pam_end` returned this code: the run came to its end.
    Ended(i32),
}

/// The whole of a run.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// How the driver's process ended.
    pub status: ExitStatus,
    /// What the process wrote to standard error: nothing, if modules have manners.
    pub errors: String,
}

impl Transcript {
    /// The code the first call of a phase returned; panics if it was not called or did not return.
    pub fn code(&self, phase: Phase) -> i32 {
        self.codes(phase).first().copied().unwrap_or_else(|| panic!("no {phase:?} in {self:#?}"))
    }

    /// The codes of all calls of a phase.
    pub fn codes(&self, phase: Phase) -> Vec<i32> {
        let code = |event: &Event| match event {
            Event::Returned(returned, code) if *returned == phase => Some(*code),
            _ => None,
        };
        self.events.iter().filter_map(code).collect()
    }

    /// All messages, in order.
    pub fn messages(&self) -> Vec<&Message> {
        let messages = self.events.iter().filter_map(|event| match event {
            Event::Message(message) => Some(message),
            _ => None,
        });
        messages.collect()
    }

    /// The messages that asked for an answer.
    pub fn prompts(&self) -> Vec<&Message> {
        self.messages().into_iter().filter(|message| message.is_prompt()).collect()
    }

    /// The texts of all messages, one after the other.
    pub fn text(&self) -> String {
        self.messages().iter().flat_map(|message| [message.text.as_str(), "\n"]).collect()
    }

    /// Whether any message holds this text.
    pub fn shows(&self, text: &str) -> bool {
        self.messages().iter().any(|message| message.text.contains(text))
    }

    /// The longest delay after a failure a module asked for, in microseconds.
    pub fn fail_delay(&self) -> Option<u32> {
        let delay = |event: &Event| {
            if let Event::FailDelay(delay) = event { Some(*delay) } else { None }
        };
        self.events.iter().filter_map(delay).max()
    }

    /// Whether the run came to its end: no crash, no exit inside a module.
    pub fn ended(&self) -> bool {
        self.status.success() && matches!(self.events.last(), Some(Event::Ended(_)))
    }

    /// Asserts the codes of the calls of a phase, naming them.
    pub fn assert_codes(&self, phase: Phase, expected: &[i32]) -> &Self {
        let names = |codes: &[i32]| codes.iter().map(|code| pam::name(*code)).collect::<Vec<_>>();
        assert_eq!(names(&self.codes(phase)), names(expected), "{phase:?} in {self:#?}");
        self
    }
}
