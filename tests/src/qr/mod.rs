//! A phone in front of a screen: paints a terminal's cells as pixels and reads the QR code in them.
mod otpauth;
mod paint;
mod read;

pub use otpauth::Otpauth;
pub use paint::{Picture, Theme, paint};
pub use read::{by_rqrr, by_zbarimg, read};
