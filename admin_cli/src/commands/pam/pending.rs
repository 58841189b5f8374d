//! Changes that wait to be confirmed: a file that survives a restart.

use countersign_common::document;
use countersign_common::files::{Directory, read_public};
use countersign_common::token::UnixTime;
use nix::errno::Errno;
use nix::unistd::{UnlinkatFlags, fsync, unlinkat};
use serde::Deserialize;

use super::super::new_file::{self, Made};
use crate::failure::Failure;

/// Where they are noted.
const PATH: &str = "/etc/countersign/pam-pending";

/// Changes that wait to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pending {
    /// When they were made: logins after that confirm them.
    pub(super) since: UnixTime,
    /// When they are taken back.
    pub(super) until: UnixTime,
    pub(super) waiting: Vec<Waiting>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Waiting {
    pub(super) service: String,
    /// Where its file's text from before is kept.
    pub(super) before: String,
    /// Where the text is kept that was written.
    pub(super) after: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PendingText {
    version: u32,
    since: String,
    until: String,
    #[serde(default, rename = "change")]
    changes: Vec<Waiting>,
}

impl Pending {
    /// What is noted; `None` if nothing waits.
    pub(super) fn load() -> Result<Option<Self>, Failure> {
        use countersign_common::files::FileProblem;
        let bytes = match read_public(PATH) {
            Ok(bytes) => bytes,
            Err(error) if error.problem == FileProblem::Missing => return Ok(None),
            Err(error) => return Err(Failure::new(error.to_string())),
        };
        let odd = || Failure::new(format!("{PATH}: is not understood"));
        let text = std::str::from_utf8(&bytes).map_err(|_| odd())?;
        Self::parse(text).map(Some).ok_or_else(odd)
    }

    fn parse(text: &str) -> Option<Self> {
        let read: PendingText = document::read(text).ok()?;
        let time = |text: &str| UnixTime::parse_rfc3339(text).ok();
        let sound = read.version == 1;
        let (since, until) = (time(&read.since)?, time(&read.until)?);
        sound.then_some(Self { since, until, waiting: read.changes })
    }

    fn render(&self) -> String {
        let mut text = format!(
            "# Written by countersign pam add --confirm.\nversion = 1\nsince = \"{}\"\nuntil = \"{}\"\n",
            self.since, self.until
        );
        for Waiting { service, before, after } in &self.waiting {
            let change = format!("\n[[change]]\nservice = \"{service}\"\nbefore = \"{before}\"\nafter = \"{after}\"\n");
            text.push_str(&change);
        }
        text
    }

    /// Notes them for good.
    pub(super) fn store(&self) -> Result<(), Failure> {
        match new_file::public(PATH, self.render().as_bytes())? {
            Made::Now => Ok(()),
            Made::Before => Err(waits_already()),
        }
    }
}

fn waits_already() -> Failure {
    Failure::new("a change waits to be confirmed already")
        .hint("to keep it: countersign pam keep")
        .hint("to take it back: countersign pam rollback")
}

/// Two changes cannot wait at once.
pub(super) fn refuse_if_any() -> Result<(), Failure> {
    match Pending::load()? {
        Some(_) => Err(waits_already()),
        None => Ok(()),
    }
}

/// Nothing waits any more, nor after a power cut: what was kept must not be taken back then.
pub(super) fn forget() -> Result<(), Failure> {
    let fails = |errno: Errno| Failure::new(format!("{PATH}: cannot be removed: {}", errno.desc()));
    let (room, name) = PATH.rsplit_once('/').unwrap_or(("", PATH));
    let room = Directory::open_public(room).map_err(|error| Failure::new(error.to_string()))?;
    match unlinkat(&room, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) => fsync(&room).map_err(fails),
        Err(Errno::ENOENT) => Ok(()),
        Err(errno) => Err(fails(errno)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_written_and_read_back() {
        let time = |seconds| UnixTime::new(seconds).unwrap();
        let waiting = |service: &str| Waiting {
            service: service.to_owned(),
            before: format!("/x/{service}.before"),
            after: format!("/x/{service}.after"),
        };
        let pending = Pending { since: time(5), until: time(605), waiting: vec![waiting("sshd"), waiting("sudo")] };
        assert_eq!(Pending::parse(&pending.render()), Some(pending.clone()));
        assert_eq!(Pending::parse(&pending.render().replace("version = 1", "version = 2")), None);
        assert_eq!(Pending::parse(""), None);
    }
}
