//! What an administrator sees while enrolling someone: the QR code, the key, whose it is.
//!
//! Invariant: 80 columns; what holds the secret is wiped when dropped.

use countersign_common::config::Qr;
use countersign_common::record::Token;
use countersign_common::screen::{Drawing, Form, Polarity, draw, key_in_groups};
use countersign_common::token::{OtpauthUri, Parameters};
use zeroize::Zeroizing;

use crate::output::printable;

const COLUMNS: usize = 80;
const GAP: usize = 2;
/// What the text beside the QR code needs.
const TEXT: usize = 34;

/// All that the screen shows.
pub(super) struct Screen<'a> {
    pub(super) user: &'a str,
    pub(super) issuer: &'a str,
    pub(super) token: &'a Token,
    pub(super) uri: &'a OtpauthUri,
    pub(super) qr: Qr,
    pub(super) polarity: Polarity,
}

impl Screen<'_> {
    /// The screen: lines that each end with a newline.
    pub(super) fn render(&self) -> Zeroizing<String> {
        let form = match self.qr {
            Qr::Utf8 => Some(Form::Utf8),
            Qr::Ascii => Some(Form::Ascii),
            Qr::Off => None,
        };
        let drawing = form.and_then(|form| draw(self.uri, form, self.polarity));
        let text = self.text(drawing.as_ref());
        // Allocated once: growing would leave copies of the secret behind.
        let mut screen = Zeroizing::new(String::with_capacity(32 * 1024));
        let Some(drawing) = drawing else {
            push_lines(&mut screen, &text);
            return screen;
        };
        if drawing.width.saturating_add(GAP).saturating_add(TEXT) > COLUMNS {
            push_lines(&mut screen, &text);
            push_lines(&mut screen, &drawing.rows);
            return screen;
        }
        for index in 0..drawing.rows.len().max(text.len()) {
            let (row, line) = (drawing.rows.get(index), text.get(index));
            match row {
                Some(row) => screen.push_str(row),
                None => screen.extend(std::iter::repeat_n(' ', drawing.width)),
            }
            if let Some(line) = line.filter(|line| !line.is_empty()) {
                screen.push_str("  ");
                screen.push_str(line);
            }
            screen.push('\n');
        }
        screen
    }

    fn text(&self, drawing: Option<&Drawing>) -> Vec<Zeroizing<String>> {
        let mut lines: Vec<Zeroizing<String>> = Vec::new();
        let mut push = |line: String| lines.push(Zeroizing::new(line));
        push("Two-factor authentication for".to_owned());
        push(printable(&format!("{} on {}", self.user, self.issuer)));
        push(String::new());
        push(match drawing {
            Some(_) => "Scan it with this user's app, or".to_owned(),
            None => "In this user's authenticator app,".to_owned(),
        });
        push("type the key:".to_owned());
        for group in key_in_groups(&self.token.secret, TEXT.saturating_sub(3)) {
            push(format!("   {}", group.as_str()));
        }
        let Parameters { algorithm, digits, period } = self.token.parameters;
        if self.token.parameters != Parameters::default() {
            push(format!("   {algorithm}, {} digits, {} seconds", digits.as_u8(), period.as_seconds()));
        }
        push(String::new());
        push("Whoever has the key has the codes.".to_owned());
        lines
    }
}

fn push_lines(screen: &mut String, lines: &[Zeroizing<String>]) {
    for line in lines {
        screen.push_str(line);
        screen.push('\n');
    }
}
