//! The journal of systemd, as `journalctl` shows it: bare messages.

use std::io;
use std::process::{Command, Stdio};

/// The program that shows it.
pub(crate) const JOURNALCTL: &str = "/usr/bin/journalctl";

/// The messages that match, and options, say which; `None` if the journal cannot be read.
pub(crate) fn messages(which: &[&str]) -> io::Result<Option<Vec<u8>>> {
    let shown = Command::new(JOURNALCTL)
        .args(["--quiet", "--no-pager", "--output=cat"])
        .args(which)
        .env_clear()
        .stdin(Stdio::null())
        .output()?;
    Ok(shown.status.success().then_some(shown.stdout))
}
