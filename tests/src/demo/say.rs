//! What the demo prints. Once nobody reads it, the demo ends, and its world with it.
use std::io::Write;
use std::process::ExitCode;

/// Prints a text, its last line ended.
pub fn say(text: &str) {
    write(&format!("{}\n", text.trim_end_matches('\n')));
}

/// Prints a text after which something will be typed.
pub fn prompt(text: &str) {
    write(text);
}

/// Prints what is wrong and what to do; the status to end with.
pub fn complain(error: &str, hint: &str) -> ExitCode {
    eprintln!("error: {error}\nhint: {hint}");
    ExitCode::FAILURE
}

fn write(text: &str) {
    let mut out = std::io::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}
