//! Reading a slot field by field, each of a fixed width: what [`Line`](super::line::Line) writes.
//!
//! Invariant: a field has its width to the byte, or there is none; a number is digits alone.

use super::{NO_ID, Throttle};
use crate::token::{Id, Seconds, UnixTime};

/// What is left of a slot: fields, each behind a blank.
pub(super) struct Fields<'a>(&'a str);

impl<'a> Fields<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// Whether all of it was read.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn text(&mut self, width: usize) -> Option<&'a str> {
        let (field, rest) = self.0.strip_prefix(' ')?.split_at_checked(width)?;
        self.0 = rest;
        Some(field)
    }

    pub(super) fn number<const WIDTH: usize>(&mut self) -> Option<u64> {
        self.text(WIDTH)?.bytes().try_fold(0_u64, |number, digit| {
            let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
            number.checked_mul(10)?.checked_add(u64::from(digit))
        })
    }

    pub(super) fn time(&mut self) -> Option<UnixTime> {
        UnixTime::new(self.number::<12>()?).ok()
    }

    /// With its sign, and two digits.
    pub(super) fn offset(&mut self) -> Option<i8> {
        self.text(3)?.parse().ok()
    }

    /// An identifier, or the mark of none.
    #[expect(clippy::option_option, reason = "no field; a field that says none; a field with one")]
    pub(super) fn id<K>(&mut self) -> Option<Option<Id<K>>> {
        match self.text(NO_ID.len())? {
            NO_ID => Some(None),
            id => id.parse().ok().map(Some),
        }
    }

    pub(super) fn throttle(&mut self) -> Option<Throttle> {
        let failures = self.number::<4>()?.try_into().ok()?;
        Some(Throttle { failures, last_failure: self.time()?, delay: Seconds(self.number::<6>()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::TokenId;

    #[test]
    fn a_field_of_another_width_is_none() {
        assert_eq!(Fields::new(" 0012 x").number::<4>(), Some(12));
        for text in ["0012", " 012", " 12 x", "  012", " +012", " 0x12", " -012", ""] {
            assert_eq!(Fields::new(text).number::<4>(), None, "{text:?}");
        }
        assert_eq!(Fields::new(" aé").text(2), None, "within a character");
        assert_eq!(Fields::new(" -07").offset(), Some(-7));
        assert_eq!(Fields::new(" ----------------").id::<()>(), Some(None));
        assert_eq!(Fields::new(" 00000000000000ff").id(), Some(Some(TokenId::from_random([0, 0, 0, 0, 0, 0, 0, 255]))));
        assert_eq!(Fields::new(" 00000000000000FF").id::<()>(), None);
    }

    #[test]
    fn fields_are_read_one_after_the_other() {
        let mut fields = Fields::new(" ab 0001 000000000007 -99");
        assert_eq!((fields.text(2), fields.number::<4>()), (Some("ab"), Some(1)));
        assert_eq!((fields.time(), fields.offset()), (UnixTime::new(7).ok(), Some(-99)));
        assert!(fields.is_empty() && fields.text(0).is_none());
    }
}
