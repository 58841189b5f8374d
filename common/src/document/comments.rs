//! Whole lines of comment, left out before a document is read.
//!
//! The configuration as it is shipped is nearly all comment, and every login reads it: leaving these lines out beforehand
//! costs a tenth of what the lexer spends on them. Invariants: what is read, and what is refused, is the same as without
//! this; lines keep their numbers.

use std::borrow::Cow;

/// The text with each whole-line comment emptied. The very text where strings over several lines may stand in it, since
/// these may hold lines that look like comments.
pub(super) fn without_comment_lines(text: &str) -> Cow<'_, str> {
    let mut rest = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if is_comment(line) {
            rest.push('\n');
        } else if line.contains("\"\"\"") || line.contains("'''") {
            return Cow::Borrowed(text);
        } else {
            rest.push_str(line);
        }
    }
    Cow::Owned(rest)
}

/// A comment and nothing else, to the end of its line, in which TOML allows every character it has.
fn is_comment(line: &str) -> bool {
    let blanks = |character| matches!(character, ' ' | '\t');
    let Some(comment) = line.strip_suffix('\n').map(|line| line.trim_start_matches(blanks)) else { return false };
    comment.starts_with('#') && !comment.bytes().any(|byte| byte != b'\t' && byte.is_ascii_control())
}

/// Where a place in the text without comments stands in the whole text, both in bytes.
pub(super) fn place_in(text: &str, without: &str, offset: usize) -> usize {
    let before = without.get(..offset).unwrap_or(without);
    let line = before.matches('\n').count();
    let column = before.len().saturating_sub(before.rfind('\n').map_or(0, |newline| newline.saturating_add(1)));
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    start.saturating_add(column)
}
