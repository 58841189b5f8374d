//! The dialogue of the command (run by an ordinary user) and the helper: a line each way, over two pipes. Pure.
//!
//! A message is one line of ASCII: a word, then `key=value` pairs, all parted by one blank; in a value every byte but
//! `A-Z a-z 0-9 . _ ~ -` is written as `%XX`. A key stands at most once, an unknown one is refused.
//!
//! ```text
//! command                                        helper
//! request action=… [user=…] [label=…]
//!         [token=…] [adding=instead]        →
//!                                           ←    ask for=confirmation prompt=… echo=… [notice=…]
//! answer text=…                             →         (again after a wrong answer, a bounded number of times)
//!                                           ←    key user=… issuer=… secret=… algorithm=… digits=… period=…
//!                                           ←    ask for=proof …                (enroll alone)
//! answer text=…                             →
//!                                           ←    done user=… uid=… administrator=… now=… … [codes=…]
//!                                           or   refused message=… [hint=…]     (at any point, and the last line)
//! ```
//!
//! `user` is left out for oneself. Invariants: a line to the helper has at most [`LINE_TO_HELPER`] bytes and there are
//! at most [`LINES_TO_HELPER`] of them; a state that goes to the command holds no secret, salt or hash
//! ([`View::new`]); a line that holds a key, a code or an answer is wiped when dropped.

mod line;
mod reply;
mod request;
mod view;

pub use line::DialogueError;
pub use reply::{Asked, Echo, Key, Question, Reply};
pub use request::{FromCommand, Request};
pub use view::View;

/// The most bytes of a line to the helper, its end included.
pub const LINE_TO_HELPER: usize = 2_048;
/// The most lines to the helper.
pub const LINES_TO_HELPER: usize = 40;
/// The most bytes of a line to the command, its end included.
pub const LINE_TO_COMMAND: usize = 65_536;

#[cfg(test)]
mod dialogue_tests;
