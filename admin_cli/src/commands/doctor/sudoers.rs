//! The doctor's look at sudoers: under which service sudo asks PAM, about whom, and where it does not ask at all.
//!
//! Invariants: reads what is plainly said, in the files sudo reads; what cannot be read, and what visudo complains of, is
//! told.

use std::fs;
use std::path::Path;
use std::process::Command;

use countersign_common::record::steers;

use super::finding::{Finding, Severity};
use super::stacks::NO_LINE;
use super::verdict::Line;

const FILE: &str = "/etc/sudoers";
const VISUDO: &str = "/usr/sbin/visudo";
/// As deep as sudo goes.
const DEEPEST: usize = 128;
/// More files than anyone has: files that include each other end here.
const MOST_FILES: usize = 512;
/// Options that name the service, and whom they are about.
const SERVICES: [(&str, &str); 3] =
    [("pam_service", "sudo"), ("pam_login_service", "sudo -i"), ("pam_askpass_service", "sudo -A")];
/// Options that have sudo ask for somebody else's password, and whose.
const OTHERS: [(&str, &str); 3] = [
    ("targetpw", "the user one becomes"),
    ("rootpw", "root"),
    ("runaspw", "the user of runas_default, root as a rule"),
];

/// What a line of sudoers says about PAM.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Saying {
    /// sudo, or sudo -i, is another service.
    Service { option: &'static str, command: &'static str, service: String },
    /// No account phase.
    NoAccount,
    /// Somebody is not asked for anything.
    NotAsked(&'static str),
    /// Another is asked than the caller.
    Other { option: &'static str, whose: &'static str },
    /// Who was asked once is not asked again before the next boot.
    OnceForEver,
}

/// A saying, where it stands, and for whom it is so; empty for everyone.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    file: String,
    line: usize,
    saying: Saying,
    whom: String,
}

/// All that was read.
#[derive(Debug, Default)]
struct Reading {
    said: Vec<Said>,
    unread: Vec<String>,
    files: usize,
}

/// Looks at sudoers if a service of sudo has a line of ours.
pub(super) fn sudoers(lines: &[Line], findings: &mut Vec<Finding>) {
    let has_line = |service: &str| lines.iter().any(|line| line.service == service && line.why != NO_LINE);
    if !["sudo", "sudo-i"].into_iter().any(has_line) {
        return;
    }
    let mut reading = Reading::default();
    if Path::new(FILE).exists() {
        reading.file(FILE, 0);
    }
    let mut found: Vec<Finding> = reading
        .unread
        .into_iter()
        .map(|problem| Finding::new(Severity::Warning, problem, "see what is wrong with it"))
        .collect();
    found.extend(complaints());
    found.extend(reading.said.iter().filter_map(|said| told(said, &has_line)));
    for finding in found {
        findings.push(Finding { services: vec!["sudo".to_owned()], ..finding });
    }
}

fn told(said: &Said, has_line: &dyn Fn(&str) -> bool) -> Option<Finding> {
    let whom = if said.whom.is_empty() { "everyone" } else { &said.whom };
    let (severity, problem, remedy) = match &said.saying {
        Saying::Service { service, .. } if has_line(service) => return None,
        Saying::Service { service, option, command } => (
            Severity::Error,
            format!("{option} has {command} ask the service {service} for {whom}, and that has no line of ours"),
            format!("put the lines into /etc/pam.d/{service}"),
        ),
        Saying::NoAccount => (
            Severity::Warning,
            format!("!pam_acct_mgmt: sudo does not ask for the account phase for {whom}, so nobody can enroll there"),
            "take it out".to_owned(),
        ),
        Saying::NotAsked(word) => {
            (Severity::Info, format!("{word}: sudo asks for neither password nor code, for {whom}"), String::new())
        }
        Saying::Other { option, whose } => (
            Severity::Warning,
            format!(
                "{option}: for {whom} sudo asks for password and code of {whose}, not of the caller: no code at all \
                 where that user does not use 2FA"
            ),
            format!("take {option} out, or turn 2FA on for that user: countersign enable root"),
        ),
        Saying::OnceForEver => (
            Severity::Info,
            format!("timestamp_timeout is negative: for {whom} sudo asks once, and not again until the next boot"),
            "for once an hour: timestamp_timeout=60".to_owned(),
        ),
    };
    let finding = Finding::new(severity, format!("{}:{}: {problem}", said.file, said.line), remedy);
    Some(Finding { file: Some(said.file.clone()), line: Some(said.line), ..finding })
}

/// What sudo's own checker says against the files, in its own words.
fn complaints() -> Option<Finding> {
    let mut command = Command::new(VISUDO);
    let output = command.arg("-c").env_clear().env("LC_ALL", "C").output().ok()?;
    if output.status.success() {
        return None;
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let lines = errors.lines().map(|line| line.chars().filter(|c| !steers(*c)).collect::<String>());
    let words: Vec<String> = lines.filter(|line| line.starts_with('/') || line.starts_with("visudo")).collect();
    let problem = format!("visudo -c: {}; sudo may pass over what is wrong", words.join("; "));
    Some(Finding::new(Severity::Warning, problem, "mend it with visudo, or visudo -f FILE"))
}

impl Reading {
    fn file(&mut self, path: &str, depth: usize) {
        if depth > DEEPEST || self.files >= MOST_FILES {
            return;
        }
        self.files = self.files.saturating_add(1);
        // A FIFO would hold up whoever opens it.
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return self.unread.push(format!("{path}: is no regular file, so what it says to sudo is not known"));
        }
        match fs::read(path) {
            Ok(bytes) => self.text(path, &String::from_utf8_lossy(&bytes), depth),
            Err(error) => self.unread.push(format!("{path}: {error}, so what it says to sudo is not known")),
        }
    }

    fn text(&mut self, file: &str, text: &str, depth: usize) {
        for (line, statement) in statements(text) {
            if let Some((word, path)) = included(&statement) {
                let path = if path.starts_with('/') {
                    path
                } else {
                    format!("{}/{path}", file.rsplit_once('/').map_or("", |(directory, _)| directory))
                };
                match word {
                    Included::File => self.file(&path, depth.saturating_add(1)),
                    Included::Directory => {
                        for name in names(&path) {
                            self.file(&format!("{path}/{name}"), depth.saturating_add(1));
                        }
                    }
                }
                continue;
            }
            let (whom, sayings) = sayings(&statement);
            self.said.extend(sayings.into_iter().map(|saying| Said {
                file: file.to_owned(),
                line,
                saying,
                whom: whom.clone(),
            }));
        }
    }
}

/// The files of a directory that sudo reads, in its order.
fn names(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| !name.contains('.') && !name.ends_with('~'));
    names.sort();
    names
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Included {
    File,
    Directory,
}

fn included(statement: &str) -> Option<(Included, String)> {
    let (word, path) = statement.split_once([' ', '\t'])?;
    let kind = match word {
        "@include" | "#include" => Included::File,
        "@includedir" | "#includedir" => Included::Directory,
        _ => return None,
    };
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim().split('.').next().unwrap_or_default().to_owned();
    Some((kind, path.trim().trim_matches('"').replace("\\ ", " ").replace("%h", &host)))
}

/// The statements of a file and the numbers of their first lines: continued lines joined, comments gone.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut statements: Vec<(usize, String)> = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let (first, before) = open.take().unwrap_or((number, String::new()));
        let (piece, goes_on) = match line.strip_suffix('\\') {
            Some(piece) => (piece, true),
            None => (line, false),
        };
        let joined = format!("{before}{piece}");
        if goes_on {
            open = Some((first, joined));
        } else {
            statements.push((first, bare(&joined)));
        }
    }
    statements.extend(open.map(|(first, text)| (first, bare(&text))));
    statements.retain(|(_, statement)| !statement.is_empty());
    statements
}

/// Without the comment: `#` begins one, but in quotes, before a uid, and where it includes.
fn bare(line: &str) -> String {
    let line = line.trim();
    if line.starts_with("#include ") || line.starts_with("#includedir ") || line.starts_with("#include\t") {
        return line.to_owned();
    }
    let mut is_quoted = false;
    let mut characters = line.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => is_quoted = !is_quoted,
            '\\' => drop(characters.next()),
            '#' if !is_quoted && !characters.peek().is_some_and(|(_, next)| next.is_ascii_digit()) => {
                return line.get(..at).unwrap_or_default().trim_end().to_owned();
            }
            _ => {}
        }
    }
    line.to_owned()
}

/// What a statement says, and for whom.
fn sayings(statement: &str) -> (String, Vec<Saying>) {
    if let Some(rest) = statement.strip_prefix("Defaults") {
        let (scope, options) = match rest.chars().next() {
            Some('@' | ':' | '!' | '>') => rest.split_once([' ', '\t']).unwrap_or((rest, "")),
            _ => ("", rest),
        };
        let whom = match scope.split_at_checked(1) {
            Some((":", user)) => user.to_owned(),
            Some(("!", command)) => format!("whoever runs {command}"),
            Some((">", user)) => format!("whoever becomes {user}"),
            Some(("@", host)) => format!("everyone on {host}"),
            _ => String::new(),
        };
        return (whom, parted(options).iter().filter_map(|option| defaults(option.trim())).collect());
    }
    let is_alias = statement.split_whitespace().next().is_some_and(|word| word.ends_with("_Alias"));
    let Some((left, right)) = statement.split_once('=').filter(|_| !is_alias) else {
        return (String::new(), Vec::new());
    };
    let is_tag = |word: &str| word.trim_start_matches([')', ' ']) == "NOPASSWD";
    let is_tagged = right.split([':', ' ', '\t', ',', ')']).any(is_tag);
    // The last word before the sign is the host.
    let whom = left.trim().rsplit_once([' ', '\t']).map_or("", |(whom, _)| whom.trim()).to_owned();
    (whom, is_tagged.then_some(Saying::NotAsked("NOPASSWD")).into_iter().collect())
}

/// The options of a line, cut at commas outside of quotes.
fn parted(options: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut is_quoted = false;
    for c in options.chars() {
        match (c, parts.last_mut()) {
            (',', _) if !is_quoted => parts.push(String::new()),
            (c, Some(last)) => {
                is_quoted ^= c == '"';
                last.push(c);
            }
            (_, None) => {}
        }
    }
    parts
}

fn defaults(option: &str) -> Option<Saying> {
    if let Some((name, value)) = option.split_once('=') {
        let (name, value) = (name.trim(), value.trim().trim_matches('"'));
        if name == "timestamp_timeout" {
            return value.starts_with('-').then_some(Saying::OnceForEver);
        }
        let (option, command) = SERVICES.into_iter().find(|(option, _)| *option == name)?;
        return Some(Saying::Service { option, command, service: value.to_owned() });
    }
    match option {
        "!pam_acct_mgmt" => Some(Saying::NoAccount),
        "!authenticate" => Some(Saying::NotAsked("!authenticate")),
        name => {
            let (option, whose) = OTHERS.into_iter().find(|(option, _)| *option == name)?;
            Some(Saying::Other { option, whose })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(usize, String, Saying)> {
        let mut reading = Reading::default();
        reading.text("/nowhere/sudoers", text, 0);
        reading.said.into_iter().map(|said| (said.line, said.whom, said.saying)).collect()
    }

    #[test]
    fn what_is_plainly_said_is_read() {
        let text = "# Defaults pam_service=commented\nDefaults env_reset, pam_service = \"other_sudo\",\\\n  !pam_acct_mgmt\n\
                    Defaults:alice !authenticate\n%wheel ALL=(ALL) NOPASSWD: ALL\nbob ALL=(ALL:ALL) ALL\n";
        let service = Saying::Service { option: "pam_service", command: "sudo", service: "other_sudo".to_owned() };
        let expected = [
            (2, String::new(), service),
            (2, String::new(), Saying::NoAccount),
            (4, "alice".to_owned(), Saying::NotAsked("!authenticate")),
            (5, "%wheel".to_owned(), Saying::NotAsked("NOPASSWD")),
        ];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn aliases_tags_scopes_and_comments_are_told_apart() {
        let of =
            |line: &str| read(line).pop().map(|(_, whom, saying)| format!("{whom} {saying:?}")).unwrap_or_default();
        assert_eq!(of("User_Alias NOPASSWD = a, b"), "");
        assert_eq!(
            of("OPS, #1001 ALL = (DB) EXEC:NOPASSWD:SETENV: BACKUP, /bin/a"),
            "OPS, #1001 NotAsked(\"NOPASSWD\")"
        );
        assert_eq!(of("a ALL=(root)NOPASSWD:/bin/a # why"), "a NotAsked(\"NOPASSWD\")");
        assert_eq!(of("a ALL=(root) PASSWD: /bin/a # NOPASSWD: not"), "");
        assert_eq!(of("Defaults!/bin/a !authenticate"), "whoever runs /bin/a NotAsked(\"!authenticate\")");
        assert_eq!(
            of("Defaults>db targetpw"),
            "whoever becomes db Other { option: \"targetpw\", whose: \"the user one becomes\" }"
        );
        assert_eq!(of("Defaults !targetpw"), "");
        assert_eq!(of("Defaults passprompt=\"rootpw, !authenticate # \", timestamp_timeout=-1"), " OnceForEver");
        assert_eq!(of("Defaults timestamp_timeout=60"), "");
    }
}
