//! What the module says to a person and hears from them, whatever application is in between.
//!
//! Invariant: a reply is wiped when dropped, and never trusted to be short, present or text.

use zeroize::Zeroizing;

use countersign_common::notice::Notice;

/// Whether a reply is seen while it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Echo {
    On,
    Off,
}

/// What a person answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Text.
    Text(Zeroizing<String>),
    /// Something too long, or not UTF-8.
    NotText,
    /// Nothing at all (end of input): the person gave up.
    Nothing,
}

/// The application could not ask or tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConversationError;

/// The way to the person, one message at a time.
pub(crate) trait Conversation {
    /// Asks, and waits for the reply as long as the application does.
    fn ask(&self, prompt: &str, echo: Echo) -> Result<Reply, ConversationError>;
    /// Shows a notice (`PAM_ERROR_MSG`: under su, `PAM_TEXT_INFO` would go to standard output).
    fn tell(&self, text: &str) -> Result<(), ConversationError>;
    /// Shows text before a short prompt (`PAM_TEXT_INFO)`: sudo alone needs it.
    fn show(&self, text: &str) -> Result<(), ConversationError>;
}

/// A prompt with the notices that stand above it, a line each.
pub(crate) fn prompt_below(notices: &[Notice], support: Option<&str>, prompt: &str) -> String {
    let mut text = String::new();
    for notice in notices {
        text.push_str(&notice.worded(support).to_string());
        text.push('\n');
    }
    text.push_str(prompt);
    text
}
