//! The demo without a terminal: a script logs in, and every step is checked.
use super::say::say;
use super::session::Scene;
use super::steps::STEPS;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

/// Plays all steps; success only if each went exactly as it should.
pub fn scripted() -> ExitCode {
    say("Countersign, in a private world. Without a terminal, a script plays its people.");
    let complaint = note_panics();
    let mut step = "opening the world".to_owned();
    let played = catch_unwind(AssertUnwindSafe(|| {
        let mut scene = Scene::open();
        for (number, (heading, play)) in (1..).zip(STEPS) {
            step = format!("step {number}, {heading}");
            say(&format!("\n== {number}. {heading} =="));
            scene.begin_step();
            play(&mut scene);
        }
    }));
    if played.is_ok() {
        say(&format!("\nAll {} steps went as they should.", STEPS.len()));
        return ExitCode::SUCCESS;
    }
    let seen = complaint.lock().map(|text| text.clone()).unwrap_or_default();
    say(&format!("\nFAILED: {step}\n{seen}"));
    ExitCode::FAILURE
}

/// The harness panics when something is not as it should be, and says what it saw: kept for the last lines. The
/// first complaint counts.
fn note_panics() -> Arc<Mutex<String>> {
    let complaint = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&complaint);
    std::panic::set_hook(Box::new(move |panic| {
        let payload = panic.payload();
        let message = payload.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
        if let Ok(mut text) = kept.lock()
            && text.is_empty()
        {
            *text = match panic.location() {
                Some(place) => format!("{message}\n({place})"),
                None => message.to_owned(),
            };
        }
    }));
    complaint
}
