//! sshd's configuration as its files have it: every directive, where it stands, and the `Match` block around it.
//!
//! Invariants: read as sshd reads it, `Include` in its place; what cannot be read is told. What is in force sshd itself
//! says; this here only tells where.

use std::fs;
use std::rc::Rc;

use super::pattern::Pattern;

/// The file sshd begins with, unless told otherwise.
pub(super) const MAIN: &str = "/etc/ssh/sshd_config";
/// Where a path that does not begin with `/` begins.
const HOME: &str = "/etc/ssh";
/// As deep as sshd goes.
const DEEPEST: usize = 16;
/// More files than anyone has: files that include each other end here.
const MOST_FILES: usize = 512;

/// Where a directive stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) file: Rc<str>,
    pub(super) line: usize,
}

/// A directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) spot: Spot,
    /// In lower case, and by today's name.
    pub(super) keyword: String,
    pub(super) arguments: Vec<String>,
    /// The `Match` lines in force here, by their index in `Directives::blocks`.
    pub(super) inside: Vec<usize>,
}

/// A `Match` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) spot: Spot,
    /// Criterion, in lower case, and its list of values; none of a word that stands alone.
    pub(super) criteria: Vec<(String, String)>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Directives {
    pub(super) all: Vec<Directive>,
    pub(super) blocks: Vec<Block>,
    /// Paths and patterns of `Include`, outside every block.
    includes: Vec<String>,
    /// Files that could not be read, and why.
    pub(super) unread: Vec<(String, String)>,
    files: usize,
}

impl Directives {
    /// Of a file and all it includes.
    pub(super) fn read(file: &str) -> Self {
        let mut directives = Self::default();
        directives.file(file, &[], 0);
        directives
    }

    fn file(&mut self, file: &str, around: &[usize], depth: usize) {
        if depth > DEEPEST || self.files >= MOST_FILES {
            return;
        }
        self.files = self.files.saturating_add(1);
        // A FIFO would hold up whoever opens it.
        if fs::metadata(file).is_ok_and(|found| !found.is_file()) {
            return self.unread.push((file.to_owned(), "is no regular file".to_owned()));
        }
        match fs::read(file) {
            Ok(bytes) => self.text(file, &String::from_utf8_lossy(&bytes), around, depth),
            Err(error) => self.unread.push((file.to_owned(), error.to_string())),
        }
    }

    fn text(&mut self, file: &str, text: &str, around: &[usize], depth: usize) {
        let name: Rc<str> = file.into();
        let mut own: Option<usize> = None;
        for (line, text) in (1..).zip(text.lines()) {
            let spot = Spot { file: Rc::clone(&name), line };
            let mut words = words(text).into_iter();
            let Some(keyword) = words.next() else { continue };
            let keyword = today(&keyword.to_ascii_lowercase());
            let arguments: Vec<String> = words.collect();
            if keyword == "match" {
                own = Some(self.blocks.len());
                self.blocks.push(Block { spot, criteria: criteria(&arguments) });
                continue;
            }
            // A block that includes another file is around that one's blocks, too.
            let inside: Vec<usize> = around.iter().copied().chain(own).collect();
            if keyword == "include" {
                for pattern in arguments {
                    let pattern = if pattern.starts_with('/') { pattern } else { format!("{HOME}/{pattern}") };
                    if inside.is_empty() {
                        self.includes.push(pattern.clone());
                    }
                    for path in paths(&pattern) {
                        self.file(&path, &inside, depth.saturating_add(1));
                    }
                }
                continue;
            }
            self.all.push(Directive { spot, keyword, arguments, inside });
        }
    }

    /// Whether a file of this path would be read, and not only for some.
    pub(super) fn includes(&self, path: &str) -> bool {
        self.includes.iter().any(|pattern| covers(pattern, path))
    }
}

/// The names of a path, and those of its pattern.
fn covers(pattern: &str, path: &str) -> bool {
    let (patterns, names): (Vec<&str>, Vec<&str>) = (parts(pattern), parts(path));
    patterns.len() == names.len() && patterns.iter().zip(names).all(|(one, name)| Pattern::of_name(one).fits(name))
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// The paths that a pattern stands for, in order.
fn paths(pattern: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for part in parts(pattern) {
        if !part.contains(['*', '?', '[', '\\']) {
            found = found.iter().map(|path| format!("{path}/{part}")).collect();
            continue;
        }
        let pattern = Pattern::of_name(part);
        let is_meant = |name: &String| pattern.fits(name) && (!name.starts_with('.') || pattern.begins_with_dot());
        found = found
            .iter()
            .flat_map(|path| {
                let directory = if path.is_empty() { "/" } else { path };
                let entries = fs::read_dir(directory).into_iter().flatten().flatten();
                let names = entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(is_meant);
                names.map(|name| format!("{path}/{name}")).collect::<Vec<_>>()
            })
            .collect();
    }
    found.sort();
    // A pattern that stands for nothing is no error; a name that is not there is none either.
    found.retain(|path| fs::symlink_metadata(path).is_ok());
    found
}

/// The words of a line: quoted ones are one, `=` may stand after the keyword, `#` ends it.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() && !rest.starts_with('#') {
        if words.len() == 1 {
            rest = rest.strip_prefix('=').map_or(rest, str::trim_start);
        }
        let end = |c: char| c.is_whitespace() || (words.is_empty() && c == '=');
        let mut quoted = None;
        let mut word = String::new();
        let mut length = 0_usize;
        for c in rest.chars() {
            match quoted {
                None if end(c) => break,
                None if c == '"' || c == '\'' => quoted = Some(c),
                Some(mark) if c == mark => quoted = None,
                _ => word.push(c),
            }
            length = length.saturating_add(c.len_utf8());
        }
        words.push(word);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    words
}

/// What a keyword is called today.
fn today(keyword: &str) -> String {
    let name = match keyword {
        "challengeresponseauthentication" | "skeyauthentication" => "kbdinteractiveauthentication",
        "dsaauthentication" => "pubkeyauthentication",
        keyword => keyword,
    };
    name.to_owned()
}

fn criteria(arguments: &[String]) -> Vec<(String, String)> {
    // Each may also be written `User=alice`.
    let words: Vec<String> = arguments
        .iter()
        .flat_map(|word| match word.split_once('=') {
            Some((criterion, values)) => vec![criterion.to_owned(), values.to_owned()],
            None => vec![word.clone()],
        })
        .filter(|word| !word.is_empty())
        .collect();
    let mut criteria = Vec::new();
    let mut rest = words.as_slice();
    loop {
        rest = match rest {
            [alone, after @ ..] if ["all", "invalid-user"].contains(&alone.to_ascii_lowercase().as_str()) => {
                criteria.push((alone.to_ascii_lowercase(), String::new()));
                after
            }
            [criterion, values, after @ ..] => {
                criteria.push((criterion.to_ascii_lowercase(), values.clone()));
                after
            }
            [criterion] => {
                criteria.push((criterion.to_ascii_lowercase(), String::new()));
                &[]
            }
            [] => return criteria,
        };
    }
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_as_sshd_cuts_them() {
        let cut = |line: &str| words(line).join("|");
        assert_eq!(cut("  UsePAM yes # why"), "UsePAM|yes");
        assert_eq!(cut("UsePAM=yes"), "UsePAM|yes");
        assert_eq!(cut("UsePAM = \"yes\""), "UsePAM|yes");
        assert_eq!(cut("Include a.conf \"b c.conf\" /d/*.conf"), "Include|a.conf|b c.conf|/d/*.conf");
        assert_eq!(cut("Match User=alice Address 10.0.0.0/8"), "Match|User=alice|Address|10.0.0.0/8");
        assert_eq!(cut("# nothing"), "");
        assert_eq!(cut("Banner \"open"), "Banner|open");
    }

    #[test]
    fn match_lines_are_criteria() {
        let of = |line: &str| {
            let criteria = criteria(&words(line).split_off(1));
            criteria.into_iter().map(|(name, values)| format!("{name}:{values}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("Match User alice,bob ADDRESS=10.0.0.0/8"), "user:alice,bob address:10.0.0.0/8");
        assert_eq!(of("Match all"), "all:");
        assert_eq!(of("Match invalid-user LocalPort 22"), "invalid-user: localport:22");
    }

    #[test]
    fn a_pattern_covers_paths_of_as_many_names() {
        assert!(covers("/etc/ssh/sshd_config.d/*.conf", "/etc/ssh/sshd_config.d/10-countersign.conf"));
        assert!(!covers("/etc/ssh/sshd_config.d/*.conf", "/etc/ssh/sshd_config.d/a/b.conf"));
        assert!(!covers("/etc/ssh/sshd_config.d/[5-9]*.conf", "/etc/ssh/sshd_config.d/10-countersign.conf"));
    }
}
