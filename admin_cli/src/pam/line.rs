//! A service file's text into logical lines and their words, as libpam cuts them.
//!
//! Invariant: the physical lines of a file are numbered from 1 and none is lost, so that a writer can put a line between.

/// A line as libpam sees it: comments gone, continued lines joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logical {
    /// The number of its first physical line.
    pub(crate) first: usize,
    /// The number of its last one.
    pub(crate) last: usize,
    /// The physical lines, exactly.
    pub(crate) text: String,
    /// What is left without comments and backslashes.
    content: String,
    /// A comment or an empty line stands inside, where one libpam reads on and another stops.
    pub(crate) ambiguous: bool,
}

/// All logical lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) lines: Vec<Logical>,
    /// The file ends in the middle of a line that goes on: libpam fails there.
    pub(crate) unfinished: bool,
}

impl Logical {
    /// Its words; what stands between brackets is one.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut rest = self.content.as_str();
        while let Some((word, after)) = word_at_start_of(rest) {
            words.push(word);
            rest = after;
        }
        words
    }
}

/// A physical line inside a logical one.
enum Part<'a> {
    Nothing,
    /// The logical line ends here.
    Last(&'a str),
    /// A backslash: there is more.
    More(&'a str),
}

fn part(line: &str) -> Part<'_> {
    let line = line.trim_start_matches([' ', '\t']);
    if line.is_empty() || line.starts_with('#') {
        return Part::Nothing;
    }
    if let Some((before, _)) = line.split_once('#') {
        return Part::Last(before);
    }
    let ending = line.trim_end_matches([' ', '\t']);
    ending.strip_suffix('\\').map_or(Part::Last(line), Part::More)
}

/// The logical lines of a file.
pub(crate) fn logical_lines(text: &str) -> Lines {
    let mut lines: Vec<Logical> = Vec::new();
    let mut open: Option<Logical> = None;
    let mut physical: Vec<&str> = text.split('\n').collect();
    // After the last newline there is no line.
    if physical.last().is_some_and(|line| line.is_empty()) {
        physical.pop();
    }
    for (number, line) in (1..).zip(physical) {
        let (piece, more) = match part(line) {
            Part::Nothing => {
                if let Some(open) = &mut open {
                    open.ambiguous = true;
                    open.extend(number, line, "");
                }
                continue;
            }
            Part::Last(piece) => (piece, false),
            Part::More(piece) => (piece, true),
        };
        let mut logical = open.take().unwrap_or_else(|| Logical::new(number));
        logical.extend(number, line, piece);
        if more {
            logical.content.push(' ');
            open = Some(logical);
        } else {
            lines.push(logical);
        }
    }
    Lines { lines, unfinished: open.is_some() }
}

impl Logical {
    fn new(number: usize) -> Self {
        Self { first: number, last: number, text: String::new(), content: String::new(), ambiguous: false }
    }

    fn extend(&mut self, number: usize, line: &str, piece: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line);
        self.last = number;
        self.content.push_str(piece);
    }
}

fn word_at_start_of(text: &str) -> Option<(String, &str)> {
    let blank = [' ', '\t', '\n'];
    let text = text.trim_start_matches(blank);
    if let Some(inside) = text.strip_prefix('[') {
        return Some(bracketed(inside));
    }
    let end = text.find(blank).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end)?;
    (!word.is_empty()).then(|| (word.to_owned(), rest))
}

/// Up to the first `]`; `\]` stands for one that does not end it.
fn bracketed(inside: &str) -> (String, &str) {
    let mut word = String::new();
    let mut chars = inside.chars();
    while let Some(next) = chars.next() {
        match next {
            ']' => break,
            '\\' if chars.as_str().starts_with(']') => {
                chars.next();
                word.push(']');
            }
            other => word.push(other),
        }
    }
    (word, chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        logical_lines(text).lines.iter().map(Logical::words).collect()
    }

    #[test]
    fn comments_and_empty_lines_are_no_lines() {
        let text = "# one\n\n  \t\n   # two\nauth required pam_unix.so nullok # three\n#auth required pam_deny.so\n";
        assert_eq!(words(text), [["auth", "required", "pam_unix.so", "nullok"]]);
        let line = &logical_lines(text).lines[0];
        assert_eq!((line.first, line.last), (5, 5));
        assert_eq!(line.text, "auth required pam_unix.so nullok # three");
    }

    #[test]
    fn a_backslash_joins_lines_and_their_numbers_and_text_are_kept() {
        let lines = logical_lines("auth \\\n  required\\  \n\tpam_unix.so\nauth optional pam_cap.so").lines;
        assert_eq!(lines[0].words(), ["auth", "required", "pam_unix.so"]);
        assert_eq!((lines[0].first, lines[0].last), (1, 3));
        assert_eq!(lines[0].text, "auth \\\n  required\\  \n\tpam_unix.so");
        assert_eq!((lines[1].first, lines[1].last), (4, 4), "no newline at the end");
        assert!(!lines[0].ambiguous);
    }

    #[test]
    fn a_comment_ends_a_line_that_would_go_on() {
        let text = "auth required pam_unix.so # here \\\nauth required pam_deny.so\n";
        assert_eq!(words(text).len(), 2);
        let inside = logical_lines("auth required \\\n# a comment\npam_unix.so\n").lines;
        assert_eq!(inside[0].words(), ["auth", "required", "pam_unix.so"]);
        assert!(inside[0].ambiguous);
    }

    #[test]
    fn a_file_that_ends_in_a_backslash_is_unfinished() {
        let begun = logical_lines("auth required pam_unix.so\nauth \\\n");
        assert!(begun.unfinished && begun.lines.len() == 1, "what stands before is read");
        assert!(logical_lines("auth required \\").unfinished);
    }

    #[test]
    fn brackets_make_one_word() {
        let text = "auth [success=1 default=ignore] pam_x.so [a b] c[d e] [f\\]g] []h\n";
        let expected = ["auth", "success=1 default=ignore", "pam_x.so", "a b", "c[d", "e]", "f]g", "", "h"];
        assert_eq!(words(text), [expected]);
        assert_eq!(words("auth [success=ok pam_unix.so"), [["auth", "success=ok pam_unix.so"]], "it never ends");
    }

    #[test]
    fn a_carriage_return_is_part_of_a_word() {
        assert_eq!(words("auth required pam_unix.so\r\n"), [["auth", "required", "pam_unix.so\r"]]);
    }
}
