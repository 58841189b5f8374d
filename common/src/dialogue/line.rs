//! One line: a word and its `key=value` pairs, written in one form and read strictly.

use std::fmt;

use zeroize::Zeroizing;

/// The line is no message. Quotes nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DialogueError;

/// A line while it is written.
pub(super) struct Writer(Zeroizing<String>);

/// A line that was read: its values are taken out one by one, and nothing may be left.
pub(super) struct Reader {
    word: String,
    values: Vec<(String, Zeroizing<String>)>,
}

impl Writer {
    pub(super) fn new(word: &str) -> Self {
        // Room for most lines, so that growing leaves no unwiped copies of a secret behind.
        let mut line = Zeroizing::new(String::with_capacity(4_096));
        line.push_str(word);
        Self(line)
    }

    pub(super) fn value(mut self, key: &str, value: &str) -> Self {
        self.0.push(' ');
        self.0.push_str(key);
        self.0.push('=');
        for byte in value.bytes() {
            if is_plain(byte) {
                self.0.push(char::from(byte));
            } else {
                self.0.push('%');
                self.0.push(hex(byte >> 4));
                self.0.push(hex(byte & 15));
            }
        }
        self
    }

    pub(super) fn optional(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.value(key, value),
            None => self,
        }
    }

    pub(super) fn end(mut self) -> Zeroizing<String> {
        self.0.push('\n');
        self.0
    }
}

impl Reader {
    /// Reads a line without its end.
    pub(super) fn new(line: &[u8]) -> Result<Self, DialogueError> {
        let text = std::str::from_utf8(line).map_err(|_| DialogueError)?;
        let mut parts = text.split(' ');
        let word = parts.next().unwrap_or_default().to_owned();
        let mut values: Vec<(String, Zeroizing<String>)> = Vec::new();
        for part in parts {
            let (key, value) = part.split_once('=').ok_or(DialogueError)?;
            if values.iter().any(|(known, _)| known == key) {
                return Err(DialogueError);
            }
            values.push((key.to_owned(), decoded(value)?));
        }
        Ok(Self { word, values })
    }

    pub(super) fn word(&self) -> &str {
        &self.word
    }

    pub(super) fn optional(&mut self, key: &str) -> Option<Zeroizing<String>> {
        let index = self.values.iter().position(|(known, _)| known == key)?;
        Some(self.values.swap_remove(index).1)
    }

    pub(super) fn value(&mut self, key: &str) -> Result<Zeroizing<String>, DialogueError> {
        self.optional(key).ok_or(DialogueError)
    }

    pub(super) fn parsed<T: std::str::FromStr>(&mut self, key: &str) -> Result<T, DialogueError> {
        self.value(key)?.parse().map_err(|_| DialogueError)
    }

    /// Nothing unknown may stand in a line.
    pub(super) fn end(self) -> Result<(), DialogueError> {
        if self.values.is_empty() { Ok(()) } else { Err(DialogueError) }
    }
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'-')
}

fn hex(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

fn decoded(value: &str) -> Result<Zeroizing<String>, DialogueError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(value.len()));
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(nibble).ok_or(DialogueError);
                let (high, low) = (digit()?, digit()?);
                bytes.push((high << 4) | low);
            }
            plain if is_plain(plain) => bytes.push(plain),
            _ => return Err(DialogueError),
        }
    }
    std::str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned())).map_err(|_| DialogueError)
}

fn nibble(digit: u8) -> Option<u8> {
    let lower = digit.is_ascii_lowercase();
    char::from(digit).to_digit(16).filter(|_| !lower).and_then(|value| u8::try_from(value).ok())
}

impl fmt::Display for DialogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not understood")
    }
}
impl std::error::Error for DialogueError {}
