//! The enrollment screen: who and where, what to do, the QR code, the key, the words. Pure; for module and command.
//!
//! Invariants: at most 80 columns; shown whole on 80x24 up to QR version 6 in `utf8`; no escape sequence, since
//! an ssh client shows those as text; what holds the secret is wiped when dropped.

mod layout;
mod qr;
mod word;

pub use layout::{Enrollment, key_in_groups, recovery_sheet};
pub use qr::{Drawing, Form, Polarity, draw, svg};
pub use word::Word;
