//! Whose files of `pam_google_authenticator` there are, and what stands in them.

use std::collections::HashSet;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;

use countersign_common::files::{CAREFULLY, Directory, FileProblem, MAX_SIZE};
use countersign_common::import::{GoogleFile, read_google};
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::User;

use super::{Found, Row, known};
use crate::arguments::FromGoogle;
use crate::desk::{Desk, Person};
use crate::failure::Failure;
use crate::passwd::{is_account, lines};
use crate::reader::{Content, Unread, read_as, read_file, read_here};
use crate::sentences::command;

/// What was found, a row for each user; with `--all`, for each that has a file.
pub(super) fn rows(desk: &Desk, arguments: &FromGoogle) -> Result<Vec<Row>, Failure> {
    let template = arguments.file.as_str();
    if arguments.as_root && (template.contains('~') || template.contains("${HOME}")) {
        return Err(Failure::new("--as-root opens nothing in homes, where users could put links")
            .hint("leave --as-root out: files in homes are opened as the user"));
    }
    let names = if arguments.all { everyone() } else { arguments.users.clone() };
    let rows = names.iter().map(|name| {
        let row = row(desk, arguments, name);
        row.unwrap_or_else(|failure| Some(Row::Failed(name.clone(), failure)))
    });
    Ok(rows.flatten().collect())
}

/// The names in `/etc/passwd`, in its order, each once.
fn everyone() -> Vec<String> {
    let passwd = std::fs::read("/etc/passwd").unwrap_or_default();
    let mut seen = HashSet::new();
    let named = lines(&passwd).filter_map(|line| Some(line.split_once(':')?.0)).filter(|name| is_account(name));
    named.filter(|name| seen.insert((*name).to_owned())).map(str::to_owned).collect()
}

/// What a user's file holds; `None` if there is none and nobody asked for this one.
fn row(desk: &Desk, arguments: &FromGoogle, name: &str) -> Result<Option<Row>, Failure> {
    let person = known(desk, name)?;
    let user = person.as_str().to_owned();
    let left = |why: String| Ok(Some(Row::Left(user.clone(), why)));
    let path = match path_of(&arguments.file, &person) {
        Ok(path) => path,
        Err(why) => return if arguments.all { Ok(None) } else { left(why) },
    };
    let content = match read(&person, &path, arguments) {
        Err(Refusal::Unread(Unread::Missing)) if arguments.all => return Ok(None),
        Err(Refusal::Unread(unread)) => return left(format!("{path}: {unread}")),
        Err(Refusal::Place(problem)) => return left(problem),
        Ok(content) => content,
    };
    if let Some(why) = not_to_be_trusted(&person, &content) {
        return left(format!("{path}: {why}"));
    }
    Ok(Some(match read_google(&content.bytes) {
        Ok(file) => Row::Found(found(person, &content, file)),
        Err(problem) => Row::Left(user, format!("{path}: {problem}")),
    }))
}

fn read(person: &Person, path: &str, arguments: &FromGoogle) -> Result<Content, Refusal> {
    if arguments.as_root {
        return read_as_root(path, MAX_SIZE);
    }
    let read = match &person.account {
        Some(account) if account.uid != 0 => read_as(account.uid, account.gid, path),
        _ => read_here(path.as_bytes()),
    };
    read.map_err(Refusal::Unread)
}

/// Why root does not read a file.
pub(super) enum Refusal {
    /// The file itself.
    Unread(Unread),
    /// A directory above it, in words.
    Place(String),
}

/// Reads a file below directories that only root can change.
pub(super) fn read_as_root(path: &str, most: usize) -> Result<Content, Refusal> {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let parent = if parent.is_empty() { "/" } else { parent };
    let room = Directory::open_public(parent).map_err(|error| match error.problem {
        FileProblem::Missing => Refusal::Unread(Unread::Missing),
        _ => Refusal::Place(error.to_string()),
    })?;
    let file = openat(&room, name, OFlag::O_RDONLY | CAREFULLY, Mode::empty())
        .map_err(|errno| Refusal::Unread(Unread::of(errno)))?;
    read_file(&File::from(file), most).map_err(Refusal::Unread)
}

/// Where a user's file is: `~` at the beginning or behind a slash, `${HOME}`, `${USER}`, each once replaced for good.
fn path_of(template: &str, person: &Person) -> Result<String, String> {
    let home = match User::from_name(person.as_str()) {
        Ok(Some(user)) => std::str::from_utf8(user.dir.as_os_str().as_bytes()).map(str::to_owned).unwrap_or_default(),
        Ok(None) | Err(_) => String::new(),
    };
    let path = expanded(template, person.as_str(), &home);
    if path.starts_with('/') {
        Ok(path)
    } else {
        Err("has no home directory, or --file is no absolute path".to_owned())
    }
}

fn expanded(template: &str, user: &str, home: &str) -> String {
    let mut path = String::new();
    let (mut rest, mut tilde) = (template, true);
    while let Some(next) = rest.chars().next() {
        let (text, left, is_variable) = match rest {
            _ if rest.starts_with("${HOME}") => (home, rest.strip_prefix("${HOME}"), true),
            _ if rest.starts_with("${USER}") => (user, rest.strip_prefix("${USER}"), true),
            _ if tilde && next == '~' => (home, rest.strip_prefix('~'), true),
            _ => ("", rest.strip_prefix(next), false),
        };
        if is_variable {
            path.push_str(text);
        } else {
            path.push(next);
        }
        tilde = !is_variable && next == '/';
        rest = left.unwrap_or_default();
    }
    path
}

/// Why the file cannot have been written by this user or root alone.
fn not_to_be_trusted(person: &Person, content: &Content) -> Option<String> {
    if content.owner != 0 && content.owner != person.uid() {
        return Some(format!("is owned by uid {}", content.owner));
    }
    (content.mode & 0o022 != 0).then(|| format!("has mode {:04o}: others could have written it", content.mode))
}

fn found(person: Person, content: &Content, file: GoogleFile) -> Found {
    let renew = command("new-recovery-codes", person.as_str());
    let left = match file.scratch_codes {
        0 => Vec::new(),
        1 => vec![format!("one emergency code of 8 digits (recovery codes: {renew})")],
        count => vec![format!("{count} emergency codes of 8 digits (recovery codes: {renew})")],
    };
    let warnings = match content.mode & 0o044 {
        0 => Vec::new(),
        _ => vec![format!("others could read the file (mode {:04o}): better a new token", content.mode)],
    };
    Found { person, tokens: vec![file.token], left, warnings }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_made_as_the_module_makes_it() {
        let path = |template| expanded(template, "alice", "/home/~alice");
        assert_eq!(path("~/.google_authenticator"), "/home/~alice/.google_authenticator");
        assert_eq!(path("${HOME}/.ga/~"), "/home/~alice/.ga//home/~alice");
        assert_eq!(path("/etc/ga/${USER}"), "/etc/ga/alice");
        assert_eq!(path("/etc/ga/${USER}~/x~"), "/etc/ga/alice~/x~");
        assert_eq!(expanded("/x/${USER}", "${HOME}", "/h"), "/x/${HOME}", "what was put in is not looked at again");
    }
}
