//! What the command says to the helper.

use zeroize::Zeroizing;

use super::line::{DialogueError, Reader, Writer};
use crate::decision::{Action, Adding};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What to do.
    pub action: Action,
    /// To whom, as typed; `None` for oneself.
    pub user: Option<String>,
    /// What a new token is to be called.
    pub label: Option<String>,
    /// Which token, by id, by the first digits of it, or by label.
    pub token: Option<String>,
    /// Whether a new token stands beside the others.
    pub adding: Adding,
}

/// A line to the helper.
#[derive(Debug)]
pub enum FromCommand {
    /// The first line.
    Request(Request),
    /// What a person typed.
    Answer(Zeroizing<String>),
}

impl Request {
    /// A request about oneself or someone.
    #[must_use]
    pub fn new(action: Action, user: Option<String>) -> Self {
        Self { action, user, label: None, token: None, adding: Adding::Beside }
    }
}

impl FromCommand {
    /// The line, its end included.
    #[must_use]
    pub fn render(&self) -> Zeroizing<String> {
        match self {
            Self::Request(request) => Writer::new("request")
                .value("action", request.action.as_str())
                .optional("user", request.user.as_deref())
                .optional("label", request.label.as_deref())
                .optional("token", request.token.as_deref())
                .optional("adding", (request.adding == Adding::Instead).then_some("instead"))
                .end(),
            Self::Answer(text) => Writer::new("answer").value("text", text).end(),
        }
    }

    /// Reads a line without its end.
    ///
    /// # Errors
    /// [`DialogueError`] if it is none of these.
    pub fn parse(line: &[u8]) -> Result<Self, DialogueError> {
        let mut reader = Reader::new(line)?;
        let message = match reader.word() {
            "request" => {
                let action = Action::parse(&reader.value("action")?).ok_or(DialogueError)?;
                let mut text = |key: &str| reader.optional(key).map(|value| value.as_str().to_owned());
                let (user, label, token) = (text("user"), text("label"), text("token"));
                let adding = match reader.optional("adding") {
                    None => Adding::Beside,
                    Some(word) if word.as_str() == "instead" => Adding::Instead,
                    Some(_) => return Err(DialogueError),
                };
                Self::Request(Request { action, user, label, token, adding })
            }
            "answer" => Self::Answer(reader.value("text")?),
            _ => return Err(DialogueError),
        };
        reader.end()?;
        Ok(message)
    }
}
