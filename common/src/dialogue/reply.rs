//! What the helper says to the command.

use zeroize::Zeroizing;

use super::line::{DialogueError, Reader, Writer};
use super::view::View;
use crate::token::{Algorithm, Digits, Parameters, Period, RecoveryCode, Secret};

/// A line to the command.
#[derive(Debug)]
pub enum Reply {
    /// An answer is wanted.
    Ask(Question),
    /// A new token to show.
    Key(Key),
    /// The last line: it is done, or this is what was to be seen; new recovery codes, if any, to show once.
    Done(Box<View>, Vec<RecoveryCode>),
    /// The last line: it is not done.
    Refused {
        /// Why.
        message: String,
        /// What to try.
        hint: Option<String>,
    },
}

/// A question to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What the answer is for.
    pub asked: Asked,
    /// The prompt.
    pub prompt: String,
    /// Whether the answer is seen while typed.
    pub echo: Echo,
    /// What to say before: why the last answer did not do.
    pub notice: Option<String>,
}

/// What an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The one who acts confirms it.
    Confirmation,
    /// The new token is proven.
    Proof,
}

/// Whether what is typed is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// A new token, to be shown to the person.
#[derive(Debug)]
pub struct Key {
    /// Whose.
    pub user: String,
    /// Where.
    pub issuer: String,
    /// Its secret.
    pub secret: Secret,
    /// Its parameters.
    pub parameters: Parameters,
}

impl Reply {
    /// The line, its end included.
    #[must_use]
    pub fn render(&self) -> Zeroizing<String> {
        match self {
            Self::Ask(question) => Writer::new("ask")
                .value("for", if question.asked == Asked::Proof { "proof" } else { "confirmation" })
                .value("prompt", &question.prompt)
                .value("echo", if question.echo == Echo::On { "on" } else { "off" })
                .optional("notice", question.notice.as_deref())
                .end(),
            Self::Key(key) => Writer::new("key")
                .value("user", &key.user)
                .value("issuer", &key.issuer)
                .value("secret", &key.secret.to_base32())
                .value("algorithm", key.parameters.algorithm.as_str())
                .value("digits", &key.parameters.digits.as_u8().to_string())
                .value("period", &key.parameters.period.as_seconds().to_string())
                .end(),
            Self::Done(view, codes) => {
                let mut list = Zeroizing::new(String::with_capacity(512));
                for code in codes {
                    list.push_str(&code.in_groups());
                    list.push('.');
                }
                view.write(Writer::new("done")).optional("codes", (!codes.is_empty()).then_some(list.as_str())).end()
            }
            Self::Refused { message, hint } => {
                Writer::new("refused").value("message", message).optional("hint", hint.as_deref()).end()
            }
        }
    }

    /// Reads a line without its end.
    ///
    /// # Errors
    /// [`DialogueError`] if it is none of these.
    pub fn parse(line: &[u8]) -> Result<Self, DialogueError> {
        let mut reader = Reader::new(line)?;
        let reply = match reader.word() {
            "ask" => Self::Ask(question(&mut reader)?),
            "key" => Self::Key(key(&mut reader)?),
            "done" => {
                let view = View::read(&mut reader)?;
                Self::Done(Box::new(view), codes(reader.optional("codes"))?)
            }
            "refused" => Self::Refused {
                message: reader.value("message")?.as_str().to_owned(),
                hint: reader.optional("hint").map(|hint| hint.as_str().to_owned()),
            },
            _ => return Err(DialogueError),
        };
        reader.end()?;
        Ok(reply)
    }
}

fn question(reader: &mut Reader) -> Result<Question, DialogueError> {
    let asked = match reader.value("for")?.as_str() {
        "confirmation" => Asked::Confirmation,
        "proof" => Asked::Proof,
        _ => return Err(DialogueError),
    };
    let echo = match reader.value("echo")?.as_str() {
        "on" => Echo::On,
        "off" => Echo::Off,
        _ => return Err(DialogueError),
    };
    let prompt = reader.value("prompt")?.as_str().to_owned();
    let notice = reader.optional("notice").map(|notice| notice.as_str().to_owned());
    Ok(Question { asked, prompt, echo, notice })
}

fn key(reader: &mut Reader) -> Result<Key, DialogueError> {
    let secret = Secret::from_base32(&reader.value("secret")?).map_err(|_| DialogueError)?;
    let algorithm = Algorithm::named(&reader.value("algorithm")?).ok_or(DialogueError)?;
    let digits = Digits::new(reader.parsed("digits")?).map_err(|_| DialogueError)?;
    let period = Period::new(reader.parsed("period")?).map_err(|_| DialogueError)?;
    let parameters = Parameters { algorithm, digits, period };
    let mut text = |key: &str| reader.value(key).map(|value| value.as_str().to_owned());
    Ok(Key { user: text("user")?, issuer: text("issuer")?, secret, parameters })
}

fn codes(list: Option<Zeroizing<String>>) -> Result<Vec<RecoveryCode>, DialogueError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let parts = list.split('.').filter(|part| !part.is_empty());
    parts.map(|part| RecoveryCode::parse(part).map_err(|_| DialogueError)).collect()
}
