//! Lines of the log, sent to syslog's socket with facility authpriv.
//!
//! Spoken by hand: nix knows no authpriv, and `syslog(3)` waits without end for a daemon that hangs.

use std::io::{self, Write};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

use crate::audit::{Line, Severity};

/// Where the system's logger listens (`syslog(3)`).
const SOCKET: &str = "/dev/log";
/// `LOG_AUTHPRIV` of `<syslog.h>`.
const AUTHPRIV: u32 = 10 << 3;
/// A logger that takes longer than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Logs a line as this program. If there is no log, there is no one to tell; what was done is done all the same.
pub fn syslog(program: &str, line: &Line) {
    // The time is the receiver's business: a local time would need the time zone.
    let message = format!("<{}>{program}[{}]: {}", AUTHPRIV | level(line.severity), std::process::id(), line.text);
    if send_datagram(&message).is_err() {
        let _ = send_stream(&message);
    }
}

const fn level(severity: Severity) -> u32 {
    match severity {
        Severity::Error => 3,
        Severity::Warning => 4,
        Severity::Notice => 5,
        Severity::Info => 6,
        Severity::Debug => 7,
    }
}

fn send_datagram(message: &str) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.send_to(message.as_bytes(), SOCKET).map(|_| ())
}

/// Some loggers listen on a stream, where NUL ends a message.
fn send_stream(message: &str) -> io::Result<()> {
    let mut socket = UnixStream::connect(SOCKET)?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.write_all(message.as_bytes())?;
    socket.write_all(b"\0")
}
