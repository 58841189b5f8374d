//! Patterns: those of `Match` lines, which know `*` and `?`, and those of paths, which know `[…]` and `\` as well.
//!
//! Invariant: the time is bounded by the lengths of pattern and text multiplied, whatever they are.

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Any number of characters.
    Many,
    /// One character, whichever.
    One,
    /// One of these ranges, or none of them.
    Class {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
    Letter(char),
}

/// What a text is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

impl Pattern {
    /// As `Match` lines have it.
    pub(super) fn of_match(text: &str) -> Self {
        let piece = |c| match c {
            '*' => Piece::Many,
            '?' => Piece::One,
            c => Piece::Letter(c),
        };
        Self(text.chars().map(piece).collect())
    }

    /// As glob(7) has it, for one name in a path.
    pub(super) fn of_name(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            let (piece, next) = match c {
                '*' => (Piece::Many, after),
                '?' => (Piece::One, after),
                '[' => class(after).unwrap_or((Piece::Letter('['), after)),
                '\\' => after.chars().next().map_or((Piece::Letter('\\'), after), |escaped| {
                    (Piece::Letter(escaped), after.get(escaped.len_utf8()..).unwrap_or_default())
                }),
                c => (Piece::Letter(c), after),
            };
            pieces.push(piece);
            rest = next;
        }
        Self(pieces)
    }

    /// Whether the whole text is such.
    pub(super) fn fits(&self, text: &str) -> bool {
        // `open` holds for each number of pieces whether so many may have been used up.
        let mut open = vec![true];
        open.extend(self.0.iter().scan(true, |all, piece| {
            *all &= *piece == Piece::Many;
            Some(*all)
        }));
        for c in text.chars() {
            let before = open;
            open = vec![false];
            for (index, piece) in self.0.iter().enumerate() {
                let was = |at: usize| before.get(at).copied().unwrap_or(false);
                let is = match piece {
                    Piece::Many => was(index) || was(index.saturating_add(1)) || open.last().copied().unwrap_or(false),
                    piece => was(index) && piece.is(c),
                };
                open.push(is);
            }
        }
        open.last().copied().unwrap_or(false)
    }

    /// Whether it names a leading dot itself, without which a glob passes over such names.
    pub(super) fn begins_with_dot(&self) -> bool {
        self.0.first() == Some(&Piece::Letter('.'))
    }
}

impl Piece {
    fn is(&self, c: char) -> bool {
        match self {
            Self::Many => false,
            Self::One => true,
            Self::Letter(letter) => *letter == c,
            Self::Class { ranges, negated } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated,
        }
    }
}

/// What stands in brackets, and what comes after them; `None` if they are not closed.
fn class(text: &str) -> Option<(Piece, &str)> {
    let negated = text.starts_with(['!', '^']);
    let inside = if negated { text.get(1..)? } else { text };
    // A bracket in the first place is a character like others.
    let (end, _) = inside.char_indices().skip(1).find(|(_, c)| *c == ']')?;
    let letters: Vec<char> = inside.get(..end)?.chars().collect();
    let mut ranges = Vec::new();
    let mut rest = letters.as_slice();
    loop {
        rest = match rest {
            [from, '-', to, after @ ..] => {
                ranges.push((*from, *to));
                after
            }
            [only, after @ ..] => {
                ranges.push((*only, *only));
                after
            }
            [] => break,
        };
    }
    Some((Piece::Class { ranges, negated }, inside.get(end.saturating_add(1)..)?))
}

/// Whether a list as in `*,!root` is of this text: one that is negated and fits says no, whatever else fits.
pub(super) fn is_listed(list: &str, fits: impl Fn(&str) -> bool) -> bool {
    let (refused, wanted): (Vec<&str>, Vec<&str>) = list.split(',').partition(|one| one.starts_with('!'));
    let is_refused = refused.iter().any(|one| fits(one.trim_start_matches('!')));
    !is_refused && wanted.into_iter().any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_as_glob_has_it() {
        for (pattern, fits, does_not) in [
            ("*.conf", "10-a.conf", "10-a.config"),
            ("?0-*", "50-cloud", "500-cloud"),
            ("[0-5]*.conf", "50-a.conf", "60-a.conf"),
            ("[!0-5]*", "60-a", "50-a"),
            ("[]x]a", "]a", "[a"),
            ("a\\*b", "a*b", "axb"),
            ("a[b", "a[b", "ab"),
            ("**a*", "bab", "b"),
            ("", "", "a"),
        ] {
            assert!(Pattern::of_name(pattern).fits(fits), "{pattern} {fits}");
            assert!(!Pattern::of_name(pattern).fits(does_not), "{pattern} {does_not}");
        }
        assert!(Pattern::of_match("[a]").fits("[a]"), "brackets mean nothing in a Match line");
        let long = "*a".repeat(500);
        assert!(!Pattern::of_name(&long).fits(&"b".repeat(5_000)), "and it comes to an end");
    }

    #[test]
    fn what_is_negated_in_a_list_prevails() {
        let fits = |list: &str, name: &str| is_listed(list, |one| Pattern::of_match(one).fits(name));
        assert!(fits("*,!root", "alice") && !fits("*,!root", "root") && !fits("!root", "alice"));
        assert!(fits("alice,b?b", "bob") && !fits("alice,b?b", "carol"));
    }
}
