//! The person at the terminal: what they type, seen or not.

use std::fs::File;
use std::io::{IsTerminal, Read, stdin};
use std::os::fd::AsFd;

use countersign_common::dialogue::Echo;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// The longest answer that is read.
const LONGEST: usize = 128;

/// A line from standard input, read byte by byte: a buffer would keep a copy, and swallow what is not ours. `None` at
/// its end.
pub(super) fn read_answer(echo: Echo) -> Option<Zeroizing<String>> {
    let _hidden = Hidden::begin(echo);
    let mut input = File::from(stdin().as_fd().try_clone_to_owned().ok()?);
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = Zeroizing::new([0]);
    loop {
        match input.read(byte.as_mut_slice()) {
            Ok(0) if line.is_empty() => return None,
            Ok(0) => break,
            Ok(_) if byte.as_slice() == b"\n" => break,
            // What is longer is no code; its rest is read and forgotten.
            Ok(_) if line.len() < LONGEST => line.extend_from_slice(byte.as_slice()),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    let text = std::str::from_utf8(&line).unwrap_or_default().trim();
    Some(Zeroizing::new(text.to_owned()))
}

/// A terminal that shows nothing until this is dropped.
struct Hidden(Option<Termios>);

impl Hidden {
    fn begin(echo: Echo) -> Self {
        if echo == Echo::On || !stdin().is_terminal() {
            return Self(None);
        }
        let Ok(before) = tcgetattr(stdin()) else { return Self(None) };
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        hidden.local_flags.insert(LocalFlags::ECHONL);
        let _ = tcsetattr(stdin(), SetArg::TCSANOW, &hidden);
        Self(Some(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(stdin(), SetArg::TCSANOW, before);
        }
    }
}
