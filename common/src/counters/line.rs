//! Writing a slot field by field, each of a fixed width.
//!
//! Invariant: never longer than a slot, whatever is put into it.

use super::{NO_ID, SLOT_SIZE, Throttle};
use crate::token::{Id, UnixTime};

/// The fields of a slot, put one after the other. By hand, since every login does this several times, and `fmt` takes
/// most of that time.
pub(super) struct Line {
    bytes: [u8; SLOT_SIZE],
    end: usize,
}

impl Line {
    /// A line that says what it is, and which version of it.
    pub(super) fn new(header: &str, version: &str) -> Self {
        let mut line = Self { bytes: [b' '; SLOT_SIZE], end: 0 };
        line.put(header.as_bytes());
        line.field(version.as_bytes());
        line
    }

    pub(super) fn text(&self) -> &[u8] {
        self.bytes.get(..self.end).unwrap_or_default()
    }

    pub(super) fn into_slot(mut self) -> [u8; SLOT_SIZE] {
        if let Some(last) = self.bytes.last_mut() {
            *last = b'\n';
        }
        self.bytes
    }

    /// There is room for the fullest line: see the test that says so.
    fn put(&mut self, text: &[u8]) {
        let end = self.end.saturating_add(text.len());
        if let Some(room) = self.bytes.get_mut(self.end..end) {
            room.copy_from_slice(text);
            self.end = end;
        }
    }

    pub(super) fn field(&mut self, text: &[u8]) {
        self.put(b" ");
        self.put(text);
    }

    /// Printable ASCII other than blanks, the rest as `?`, cut to the width; `~` fills it up, and stands alone for
    /// nothing.
    pub(super) fn text_field<const WIDTH: usize>(&mut self, text: &str) {
        let mut field = [b'~'; WIDTH];
        for (byte, character) in field.iter_mut().zip(text.chars()) {
            *byte = match u8::try_from(character) {
                Ok(b'~') => b'-',
                Ok(plain) if plain.is_ascii_graphic() => plain,
                _ => b'?',
            };
        }
        self.field(&field);
    }

    pub(super) fn number<const WIDTH: usize>(&mut self, value: u64) {
        let digits = digits::<WIDTH>(value);
        self.field(&digits);
    }

    pub(super) fn time(&mut self, time: UnixTime) {
        self.number::<12>(time.as_seconds());
    }

    /// With its sign, and two digits.
    pub(super) fn offset(&mut self, offset: i8) {
        self.put(if offset < 0 { b" -" } else { b" +" });
        self.put(&digits::<2>(offset.unsigned_abs().into()));
    }

    pub(super) fn id<K>(&mut self, id: Option<Id<K>>) {
        match id {
            Some(id) => self.field(&hex(id.as_u64())),
            None => self.field(NO_ID.as_bytes()),
        }
    }

    pub(super) fn throttle(&mut self, throttle: Throttle) {
        self.number::<4>(throttle.failures.into());
        self.time(throttle.last_failure);
        self.number::<6>(throttle.delay.0);
    }
}

/// A number with leading zeros; one that is too large is held at the largest that fits.
fn digits<const WIDTH: usize>(value: u64) -> [u8; WIDTH] {
    let (mut digits, mut rest) = ([b'0'; WIDTH], value);
    for digit in digits.iter_mut().rev() {
        let last = rest.checked_rem(10).unwrap_or(0);
        *digit = b'0'.saturating_add(u8::try_from(last).unwrap_or(0));
        rest = rest.checked_div(10).unwrap_or(0);
    }
    if rest == 0 { digits } else { [b'9'; WIDTH] }
}

/// Sixteen lower-case hex digits.
pub(super) fn hex(value: u64) -> [u8; 16] {
    let mut digits = [b'0'; 16];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(value.to_be_bytes()) {
        let halves = [byte >> 4, byte & 0xf];
        for (digit, half) in pair.iter_mut().zip(halves) {
            *digit = if half < 10 { b'0'.saturating_add(half) } else { b'a'.saturating_add(half.saturating_sub(10)) };
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_too_large_for_its_field_is_the_largest_that_fits() {
        assert_eq!((digits::<4>(0), digits::<4>(9_999), digits::<4>(10_000)), (*b"0000", *b"9999", *b"9999"));
        assert_eq!(digits::<12>(u64::MAX), *b"999999999999");
    }

    #[test]
    fn text_fills_its_field_whatever_it_is() {
        for (text, expected) in
            [("", "~~~~"), ("ab", "ab~~"), ("abcdef", "abcd"), ("a~ é", "a-??"), ("\u{7f}\n", "??~~")]
        {
            let mut line = Line::new("", "");
            let before = line.end;
            line.text_field::<4>(text);
            assert_eq!(line.text().get(before..), Some(format!(" {expected}").as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn hex_is_what_fmt_makes_of_it() {
        for value in [0, 1, 0xf, 0x10, 0x0123_4567_89ab_cdef, u64::MAX] {
            assert_eq!(std::str::from_utf8(&hex(value)), Ok(format!("{value:016x}").as_str()));
        }
    }
}
