//! The enrollment screen: who and where, what to do, the QR code, the key, the words. Pure; for module and command.
//!
//! Invariants: text takes at most 80 columns, and no more than the screen is known to have; shown whole on 80x24 up to
//! QR version 6 in `utf8`; no escape sequence, since an ssh client shows those as text; what holds the secret is wiped
//! when dropped.

mod layout;
mod qr;
mod word;

pub use layout::{Columns, Enrollment, Shown, compose, key_in_groups, recovery_sheet};
pub use qr::{Polarity, svg};
pub use word::Word;
