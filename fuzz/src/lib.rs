//! What the targets share: each is a function of bytes, so that `cargo fuzz` and a replay of the corpora run the same.

mod answers;
mod formats;
mod imports;
mod logins;
// The module's arguments look their forms up there; it is no library either.
#[path = "../../pam_module/src/manual.rs"]
#[allow(dead_code)]
mod manual;
mod texts;
mod user;
mod whole_module;

pub use whole_module::whole_module;

/// A target: its name, which is its corpus's, and what it does with the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 10] = [
    ("config", formats::config),
    ("record", formats::record),
    ("counters", formats::counters),
    ("dialogue", formats::dialogue),
    ("answers", answers::answers),
    ("names", texts::names),
    ("arguments", texts::arguments),
    ("screen", texts::screen),
    ("logins", logins::logins),
    ("import", imports::import),
];

/// Runs the target of a name.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.unwrap_or_else(|| panic!("there is no target {name}"));
    target(bytes);
}
