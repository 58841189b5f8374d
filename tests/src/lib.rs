//! The harness of the suites: private worlds with a movable clock, a person at a terminal, a QR reader, a hostile conversation.
#![warn(missing_docs)]

pub mod clock;
pub mod code;
pub mod cost;
pub mod factor;
pub mod hosts;
pub mod pam_driver;
pub mod qr;
pub mod stand_in;
pub mod terminal;
pub mod wait;
pub mod world;

pub use factor::Factor;
pub use pam_driver::{Answer, Driver, Phase, Transcript};
pub use terminal::Terminal;
pub use world::World;
