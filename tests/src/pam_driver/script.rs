//! What a driver is told to do, as the test writes it and as the driver reads it.
use super::transcript::Phase;
use crate::code::Parameters;
use serde::{Deserialize, Serialize};

/// Everything one run does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Script {
    /// `PAM_SERVICE`.
    pub service: String,
    /// `PAM_USER`.
    pub user: Option<String>,
    /// The directory of the service's stack, instead of `/etc/pam.d`.
    pub directory: Option<String>,
    /// Whether the stack is a [`bare_stack`], whose marker stands for `PAM_IGNORE`.
    pub bare: bool,
    /// Items set before the first step.
    pub items: Vec<(Item, String)>,
    /// The token codes are computed from; else the key is read from the prompts.
    pub token: Option<Parameters>,
    /// The answer to every prompt that says `Password`, if they are not answered in order like the others.
    pub password: Option<String>,
    /// Answers to prompts, in order.
    pub answers: Vec<Answer>,
    /// The answer to info and error messages.
    pub on_info: Reply,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            service: "sshd".to_owned(),
            user: Some("alice".to_owned()),
            directory: None,
            bare: false,
            items: Vec::new(),
            token: None,
            password: None,
            answers: Vec::new(),
            on_info: Reply::NullText,
            steps: vec![Step::call(Phase::Authenticate), Step::call(Phase::Account)],
        }
    }
}

/// An item of a PAM handle that an application may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(i32)]
pub enum Item {
    /// `PAM_SERVICE`
    Service = 1,
    /// `PAM_USER`
    User = 2,
    /// `PAM_TTY`
    Tty = 3,
    /// `PAM_RHOST`
    Rhost = 4,
    /// `PAM_RUSER`
    Ruser = 8,
    /// `PAM_USER_PROMPT`
    UserPrompt = 9,
}

/// Flags of a phase, as in `_pam_types.h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags(pub i32);

impl Flags {
    /// `PAM_SILENT`
    pub const SILENT: Self = Self(0x8000);
    /// `PAM_DISALLOW_NULL_AUTHTOK`
    pub const DISALLOW_NULL_AUTHTOK: Self = Self(0x0001);
    /// `PAM_ESTABLISH_CRED`
    pub const ESTABLISH_CRED: Self = Self(0x0002);
    /// `PAM_DELETE_CRED`
    pub const DELETE_CRED: Self = Self(0x0004);
    /// `PAM_REINITIALIZE_CRED`
    pub const REINITIALIZE_CRED: Self = Self(0x0008);
    /// `PAM_REFRESH_CRED`
    pub const REFRESH_CRED: Self = Self(0x0010);
}

impl std::ops::BitOr for Flags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One thing an application does with its handle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Calls a phase.
    Call(Phase, Flags),
    /// Sets an item, or clears it.
    SetItem(Item, Option<String>),
    /// Runs a shell command in the world and waits for it; its failure fails the test.
    Shell(String),
    /// Sees what the transcript's [`Event::Items`](super::Event::Items) shows.
    ShowItems,
    /// Does these steps in a forked child, as sshd does. Answers the child used are fresh to the parent.
    InChild(Vec<Step>),
}

impl Step {
    /// Calls a phase without flags; for setcred, with `PAM_ESTABLISH_CRED`.
    pub fn call(phase: Phase) -> Self {
        match phase {
            Phase::SetCred => Self::Call(phase, Flags::ESTABLISH_CRED),
            _ => Self::Call(phase, Flags::default()),
        }
    }
}

/// How one prompt is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// A shell command run in the world while the prompt stands.
    pub before: Option<String>,
    /// Whether to wait for the barrier first.
    pub at_barrier: bool,
    /// The answer itself.
    pub reply: Reply,
}

impl Answer {
    /// Runs a shell command in the world, as the application's user, before answering.
    #[must_use]
    pub fn after(mut self, command: &str) -> Self {
        self.before = Some(command.to_owned());
        self
    }

    /// Waits for the barrier's release before answering.
    #[must_use]
    pub fn at_barrier(mut self) -> Self {
        self.at_barrier = true;
        self
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self { before: None, at_barrier: false, reply }
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        Reply::Text(text.to_owned()).into()
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Reply::Text(text).into()
    }
}

/// What a conversation function returns, from friendly to hostile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// A text. `{code}`, `{code+1}`, `{code-2}` stand for the code of the present step and those
    /// around it, `{wrong}` for one that fits none of the 20 steps around.
    Text(String),
    /// Bytes as they are: control characters, not UTF-8. They end at the first NUL.
    Bytes(Vec<u8>),
    /// One byte many times.
    Repeat(u8, usize),
    /// Success, and no response array at all.
    NullArray,
    /// Success, and a response without a text.
    NullText,
    /// This code, and no response array.
    Fail(i32),
    /// This code, and yet a response with a text.
    FailWithText(i32, String),
    /// The application is killed in the conversation.
    Die,
}

impl Reply {
    /// What `PAM_CONV_ERR` means: the person is gone.
    pub const GONE: Self = Self::Fail(super::pam::CONV_ERR);
}

/// The code that stands for `PAM_IGNORE`, which libpam never returns from a stack.
pub const IGNORED: i32 = super::pam::CRED_EXPIRED;

/// A stack that returns the code of one module, and [`IGNORED`] if that is `PAM_IGNORE`.
pub fn bare_stack(module: &str) -> String {
    let marker = "pam_debug.so auth=cred_expired cred=cred_expired acct=cred_expired \
                  open_session=cred_expired close_session=cred_expired \
                  prechauthtok=cred_expired chauthtok=cred_expired";
    let facility = |name| {
        format!(
            "{name} [success=ok ignore=1 default=die] {module}\n\
             {name} [default=done] pam_permit.so\n\
             {name} [default=die] {marker}\n"
        )
    };
    ["auth", "account", "session", "password"].into_iter().map(facility).collect()
}

/// Whether a message is that of the marker in a [`bare_stack`].
pub fn is_marker(text: &str) -> bool {
    text.ends_with("=cred_expired")
}
