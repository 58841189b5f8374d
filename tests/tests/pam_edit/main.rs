//! `countersign pam`: our lines in real stacks, by the real command, tried by real logins.
mod add;
mod confirm;
mod distributions;
#[path = "../doctor_stacks/layouts.rs"]
mod layouts;
mod refusals;
mod stage;

/// What the layouts are made of.
mod trial {
    /// Names and texts of service files.
    pub type Files = Vec<(String, String)>;
}
