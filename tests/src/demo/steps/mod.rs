//! The steps of the scripted demo, in their order; each goes on from where the one before it ended.
mod administrator;
mod codes;
mod helping;
mod stack;

use super::session::Scene;

/// A step: its heading and what is done.
type Step = (&'static str, fn(&mut Scene));

/// All steps.
pub const STEPS: [Step; 12] = [
    ("First login: set up by a QR code", codes::first_login),
    ("Second login: asked for a code", codes::second_login),
    ("The same code again: refused", codes::same_code),
    ("Wrong codes: refused and counted", codes::wrong_codes),
    ("Without the phone: a recovery code, once", codes::recovery_code),
    ("A new phone: reset, and a new QR code", administrator::reset),
    ("Alice helps herself: her status, and a reset confirmed with a code", helping::self_service),
    ("Locked: alice may not turn it off, neither at the login nor by command", administrator::locked),
    ("The help desk: resets a student with a code of its own, and no administrator", helping::help_desk),
    ("Time to enroll: alice puts it off with `later`", administrator::grace),
    ("Unlocked: alice may disable, and is asked nothing from then on", administrator::disable),
    ("A stack without our account line: three logins, then none", stack::no_account_line),
];

/// What a QR code is drawn with.
const QR_INK: &str = "█";
