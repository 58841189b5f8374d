//! Whose files of `pam_google_authenticator` there are, and what stands in them.

use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use countersign_common::files::{CAREFULLY, Directory, FileProblem, MAX_SIZE};
use countersign_common::import::{GoogleFile, read_google};
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::User;

use super::whom::{Silence, Whom, whom};
use super::{Found, Row, known};
use crate::arguments::FromGoogle;
use crate::desk::{Desk, Person};
use crate::failure::Failure;
use crate::output::Output;
use crate::passwd::has_login_shell;
use crate::reader::{Content, Home, Unread, look_at_home, look_at_home_as, read_as, read_file, read_here};
use crate::sentences::command;

/// What was found, a row for each user; with `--all`, for each that has a file.
pub(super) fn rows(desk: &Desk, arguments: &FromGoogle, output: &mut Output) -> Result<Vec<Row>, Failure> {
    let template = arguments.file.as_str();
    if arguments.as_root && (template.contains('~') || template.contains("${HOME}")) {
        return Err(Failure::new("--as-root opens nothing in homes, where users could put links")
            .hint("leave --as-root out: files in homes are opened as the user"));
    }
    if let Some(parent) = fixed_parent(template) {
        check_there(parent)?;
    }
    let Whom { names, silence, remark } = whom(desk, arguments)?;
    if let Some(remark) = remark {
        output.warning(&remark);
    }
    let rows = names.iter().map(|name| {
        let row = row(desk, arguments, name, silence);
        row.unwrap_or_else(|failure| Some(Row::Failed(name.clone(), failure)))
    });
    Ok(rows.flatten().collect())
}

/// The last directory of a path that is the same for all users, if it is no home.
fn fixed_parent(template: &str) -> Option<&str> {
    let end = template.find(['~', '$']).unwrap_or(template.len());
    let parent = template.get(..end)?.rsplit_once('/')?.0;
    (template.starts_with('/') && !parent.is_empty()).then_some(parent)
}

/// A directory that is not there is not one in which nobody has a file.
fn check_there(path: &str) -> Result<(), Failure> {
    match std::fs::metadata(path) {
        Ok(status) if status.is_dir() => Ok(()),
        Ok(_) => Err(Failure::new(format!("{path}: is not a directory"))),
        Err(error) => Err(Failure::new(format!("{path}: {}", crate::output::without_number(&error)))
            .hint("is --file what secret= says in the stack, and is that file system mounted?")),
    }
}

/// What a user's file holds; `None` if there is none, and of such a user nothing is said.
fn row(desk: &Desk, arguments: &FromGoogle, name: &str, silence: Silence) -> Result<Option<Row>, Failure> {
    let person = known(desk, name)?;
    let user = person.as_str().to_owned();
    let left = |why: String| Ok(Some(Row::Left(user.clone(), why)));
    let place = Place::of(&arguments.file, &person);
    let Some(path) = place.path.clone() else {
        let why = "has no home directory, or --file is no absolute path".to_owned();
        return if silence == Silence::Kept && !place.is_login { Ok(None) } else { left(why) };
    };
    let content = match read(&person, &path, arguments) {
        Err(Refusal::Unread(Unread::Missing)) => {
            let home = place.home.as_ref().filter(|_| silence == Silence::Broken || place.is_login);
            return match home.and_then(|home| not_there(&person, home)) {
                Some(why) => left(why),
                None if silence == Silence::Kept => Ok(None),
                None => left(format!("{path}: {}", Unread::Missing)),
            };
        }
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

/// Why a home is not one that could hold a file: it is missing, or the empty place where it would be mounted.
fn not_there(person: &Person, home: &str) -> Option<String> {
    let mounted = "is it mounted?";
    match looked_at(person, home) {
        Ok(Home::There) => None,
        Ok(Home::EmptyOfAnother(owner)) => {
            Some(format!("the home directory {home} is empty and belongs to uid {owner}: {mounted}"))
        }
        Err(Unread::Missing | Unread::Kind) => Some(format!("the home directory {home} is not there: {mounted}")),
        Err(unread) => Some(format!("the home directory {home}: {unread}: {mounted}")),
    }
}

fn looked_at(person: &Person, home: &str) -> Result<Home, Unread> {
    match &person.account {
        Some(account) if account.uid != 0 => look_at_home_as(account.uid, account.gid, home),
        _ => look_at_home(home.as_bytes()),
    }
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

/// Where a user's file would be.
struct Place {
    /// Its path.
    path: Option<String>,
    /// The home directory, where the file would be in it.
    home: Option<String>,
    /// Whether people log in to this account.
    is_login: bool,
}

impl Place {
    /// By the words of `--file`: `~` at the beginning or behind a slash, `${HOME}`, `${USER}`, each once replaced for good.
    fn of(template: &str, person: &Person) -> Self {
        let account = User::from_name(person.as_str()).ok().flatten();
        let text =
            |path: &Path| std::str::from_utf8(path.as_os_str().as_bytes()).map(str::to_owned).unwrap_or_default();
        let home = account.as_ref().map(|user| text(&user.dir)).unwrap_or_default();
        let path = expanded(template, person.as_str(), &home);
        let is_in_home = path != expanded(template, person.as_str(), "");
        Self {
            path: path.starts_with('/').then_some(path),
            home: is_in_home.then_some(home),
            is_login: account.is_none_or(|user| has_login_shell(&text(&user.shell))),
        }
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
    Found { person, tokens: vec![file.token], left, warnings, emergency_codes: file.scratch_codes }
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

    #[test]
    fn the_directory_that_all_files_share_is_known() {
        for (template, parent) in [
            ("/var/lib/ga/${USER}", Some("/var/lib/ga")),
            ("/var/lib/ga/${USER}/secret", Some("/var/lib/ga")),
            ("/srv/x-${USER}", Some("/srv")),
            ("/${USER}", None),
            ("${HOME}/.x", None),
            ("~/.google_authenticator", None),
            ("x/${USER}", None),
        ] {
            assert_eq!(fixed_parent(template), parent, "{template}");
        }
    }
}
