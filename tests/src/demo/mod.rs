//! The parts of the demo: its world, a person or a script that logs in, an administrator who looks on.
mod admin;
mod beacon;
mod foreground;
mod interactive;
mod say;
mod scripted;
mod session;
mod setting;
mod steps;

pub use admin::admin;
pub use interactive::interactive;
pub use scripted::scripted;
