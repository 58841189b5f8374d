//! Text and QR code put together on a screen of 80 columns, or of fewer where it is known to be narrower.

use zeroize::Zeroizing;

use super::qr::{Drawing, Form, Polarity, draw};
use super::word::Word;
use crate::config::Qr;
use crate::notice::spelled_span;
use crate::token::{OtpauthUri, Parameters, RecoveryCode, Seconds, Secret};

/// Columns of a screen whose width is not known; text never takes more.
const USUAL: usize = 80;
/// Columns between QR code and text.
const GAP: usize = 2;
/// The narrowest column of text that is readable: what stands beside a QR code of version 6.
const NARROWEST: usize = 33;
/// Columns before each recovery code.
const INDENT: usize = 4;
/// Columns of a recovery code in groups.
const RECOVERY_CODE: usize = 19;

/// How wide the screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// Not known: a login's terminal may be anything.
    Unknown,
    /// So many columns.
    Known(usize),
}

/// What becomes of the QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It is drawn.
    Drawn,
    /// It is not wanted, or too long for any.
    Absent,
    /// The screen is too narrow for it.
    TooNarrow,
}

impl Columns {
    /// Columns that text may take.
    const fn for_text(self) -> usize {
        match self {
            Self::Known(columns) if columns < USUAL => columns,
            Self::Known(_) | Self::Unknown => USUAL,
        }
    }

    /// Whether something of this width fits, as far as is known.
    const fn hold(self, width: usize) -> bool {
        match self {
            Self::Known(columns) => width <= columns,
            Self::Unknown => true,
        }
    }
}

/// All that the screen shows.
#[derive(Debug, Clone, Copy)]
pub struct Enrollment<'a> {
    /// Who is enrolled.
    pub user: &'a str,
    /// Where: the issuer, as the app will name it.
    pub issuer: &'a str,
    /// The key to type where scanning is not possible.
    pub secret: &'a Secret,
    /// Its parameters.
    pub parameters: Parameters,
    /// What the QR code holds.
    pub uri: &'a OtpauthUri,
    /// How it is drawn.
    pub qr: Qr,
    /// For which terminal.
    pub polarity: Polarity,
    /// How wide the terminal is.
    pub columns: Columns,
    /// Words that may be typed instead of a code.
    pub words: &'a [Word],
    /// How long the word `later` may still be typed, where it may.
    pub time_left: Option<Seconds>,
}

impl Enrollment<'_> {
    /// The screen, without the prompt: lines that each end with a newline.
    #[must_use]
    pub fn render(&self) -> Zeroizing<String> {
        compose(self.uri, self.qr, self.polarity, self.columns, &|width, shown| self.text(width, shown))
    }

    /// The lines of text for `width` columns; the heading is cut rather than wrapped.
    fn text(&self, width: usize, shown: Shown) -> Vec<Zeroizing<String>> {
        let how = match shown {
            Shown::Drawn => "Scan the QR code, or type the key:",
            Shown::Absent => "Type the key into it:",
            Shown::TooNarrow => "Type the key into it (this screen is too narrow for a QR code):",
        };
        let mut lines: Vec<Zeroizing<String>> = Vec::new();
        let mut push = |line: &str| lines.push(Zeroizing::new(line.to_owned()));
        push("Two-factor authentication for");
        push(&cut(&format!("{} on {}", self.user, self.issuer), width));
        push("");
        push("1. Install an authenticator app:");
        push("   Aegis, FreeOTP+, 2FAS, Ente Auth,");
        push("   Google or Microsoft");
        push(&format!("2. {how}"));
        for group in key_in_groups(self.secret, width.saturating_sub(3)) {
            push(&format!("   {}", group.as_str()));
        }
        if self.parameters != Parameters::default() {
            let Parameters { algorithm, digits, period } = self.parameters;
            push(&format!("   {algorithm}, {} digits, {} seconds", digits.as_u8(), period.as_seconds()));
        }
        push(&format!("3. Type the {} digits it shows.", self.parameters.digits.as_u8()));
        if !self.words.is_empty() {
            push("");
            push("Or type one of these words:");
        }
        for word in self.words {
            match (word, self.time_left) {
                (Word::Later, Some(left)) => push(&format!("   later   ({} left)", spelled_span(left))),
                _ => push(&format!("   {:7} {}", word.as_str(), word.effect())),
            }
        }
        lines
    }
}

/// Text and QR code on one screen: beside each other where both fit, else the text above. `text` gives its lines for so
/// many columns; those that are longer are broken at blanks.
#[must_use]
pub fn compose(
    uri: &OtpauthUri,
    qr: Qr,
    polarity: Polarity,
    columns: Columns,
    text: &dyn Fn(usize, Shown) -> Vec<Zeroizing<String>>,
) -> Zeroizing<String> {
    let form = match qr {
        Qr::Utf8 => Some(Form::Utf8),
        Qr::Ascii => Some(Form::Ascii),
        Qr::Off => None,
    };
    let drawing = form.and_then(|form| draw(uri, form, polarity));
    let whole = columns.for_text();
    let lines = |width: usize, shown| -> Vec<Zeroizing<String>> {
        text(width, shown).iter().flat_map(|line| wrapped(line, width)).collect()
    };
    // Allocated once: growing would leave copies of the secret behind.
    let mut screen = Zeroizing::new(String::with_capacity(32 * 1024));
    let above = whole.saturating_sub(1);
    match drawing {
        None => push_lines(&mut screen, &lines(above, Shown::Absent)),
        Some(drawing) if !columns.hold(drawing.width) => push_lines(&mut screen, &lines(above, Shown::TooNarrow)),
        Some(drawing) => match whole.checked_sub(drawing.width.saturating_add(GAP)) {
            Some(beside) if beside >= NARROWEST => {
                push_beside(&mut screen, &drawing, &lines(beside, Shown::Drawn));
            }
            _ => {
                push_lines(&mut screen, &lines(above, Shown::Drawn));
                push_lines(&mut screen, &drawing.rows);
            }
        },
    }
    screen
}

/// The recovery codes, two to a line where they fit, and what they are for: at most 13 lines of 80 columns for sixteen
/// codes.
#[must_use]
pub fn recovery_sheet(codes: &[RecoveryCode], columns: Columns) -> Zeroizing<String> {
    let in_a_line = if columns.hold((INDENT + RECOVERY_CODE) * 2) { 2 } else { 1 };
    // Allocated once: growing would leave copies of the codes behind.
    let mut sheet = Zeroizing::new(String::with_capacity(2048));
    sheet.push_str("Recovery codes, for the day your phone is gone. Each works once, as a code.\n");
    sheet.push_str("They are shown only now: write them down and keep them apart from the phone.\n\n");
    for pair in codes.chunks(in_a_line) {
        for code in pair {
            sheet.extend(std::iter::repeat_n(' ', INDENT));
            sheet.push_str(&code.in_groups());
        }
        sheet.push('\n');
    }
    sheet.push('\n');
    sheet
}

/// The key in groups of four, as many to a line as fit.
#[must_use]
pub fn key_in_groups(secret: &Secret, width: usize) -> Vec<Zeroizing<String>> {
    let key = secret.to_base32();
    let mut lines: Vec<Zeroizing<String>> = Vec::new();
    for group in key.as_bytes().chunks(4) {
        let group = std::str::from_utf8(group).unwrap_or_default();
        match lines.last_mut() {
            Some(line) if line.len().saturating_add(5) <= width.min(24) => {
                line.push(' ');
                line.push_str(group);
            }
            _ => {
                let mut line = Zeroizing::new(String::with_capacity(64));
                line.push_str(group);
                lines.push(line);
            }
        }
    }
    lines
}

/// At most `width` characters, control characters shown as `?`.
fn cut(text: &str, width: usize) -> String {
    let shown = |c: char| if c.is_control() { '?' } else { c };
    if text.chars().count() <= width {
        return text.chars().map(shown).collect();
    }
    text.chars().take(width.saturating_sub(3)).map(shown).chain("...".chars()).collect()
}

/// A line broken at blanks so that it fits; what follows keeps the indentation.
fn wrapped(line: &str, width: usize) -> Vec<Zeroizing<String>> {
    if line.chars().count() <= width {
        return vec![Zeroizing::new(line.to_owned())];
    }
    let indent = line.len().saturating_sub(line.trim_start_matches([' ', '1', '2', '3', '.']).len());
    let mut lines = Vec::new();
    let mut current = Zeroizing::new(String::with_capacity(128));
    for word in line.split(' ') {
        let needed = current.chars().count().saturating_add(word.chars().count()).saturating_add(1);
        if needed > width && !current.trim().is_empty() {
            lines.push(std::mem::replace(&mut current, Zeroizing::new(" ".repeat(indent))));
            current.push_str(word);
        } else {
            if !(current.is_empty() && lines.is_empty()) {
                current.push(' ');
            }
            current.push_str(word);
        }
    }
    lines.push(current);
    lines
}

fn push_beside(screen: &mut Zeroizing<String>, drawing: &Drawing, text: &[Zeroizing<String>]) {
    for index in 0..drawing.rows.len().max(text.len()) {
        match (drawing.rows.get(index), text.get(index)) {
            (Some(row), Some(line)) if !line.is_empty() => {
                screen.push_str(row);
                screen.push_str("  ");
                screen.push_str(line);
            }
            (Some(row), _) => screen.push_str(row),
            (None, Some(line)) => screen.push_str(line),
            (None, None) => {}
        }
        screen.push('\n');
    }
}

fn push_lines(screen: &mut Zeroizing<String>, lines: &[Zeroizing<String>]) {
    for line in lines {
        screen.push_str(line);
        screen.push('\n');
    }
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
