//! TOML documents, read into serde's types with the place of every fault. Pure.
//!
//! One deserializer for one kind of document. The one that comes with `toml` is made for every kind (spans, dates,
//! floats, tagged enums), and each of our types would carry all of that into the programs that load the module.
//! Invariant: a fault quotes nothing of a value, since a secret may stand there; it may name a key.

mod comments;

use std::fmt;

use comments::{place_in, without_comment_lines};
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, Expected, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use toml::de::{DeString, DeTable, DeValue};

/// Why a document is not what was expected, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where in the text, in bytes.
    pub offset: Option<usize>,
    /// The innermost key the fault lies under; `None` if the text is no TOML, or the fault lies above all keys.
    pub key: Option<String>,
    /// What is wrong, in one line.
    pub reason: String,
}

/// Reads a document.
///
/// # Errors
/// [`Fault`], the first one found.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let table = DeTable::parse(text).map_err(|error| Fault {
        offset: error.span().map(|span| span.start),
        key: None,
        reason: error.message().split_whitespace().collect::<Vec<_>>().join(" "),
    })?;
    let offset = table.span().start;
    let value = DeValue::Table(table.into_inner());
    T::deserialize(Node { value: &value, offset })
}

/// Reads a document that is mostly lines of comment, as [`read`] does, but faster. Not for secrets: it copies the text.
///
/// # Errors
/// [`Fault`], the first one found.
pub fn read_commented<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let without = without_comment_lines(text);
    read(&without).map_err(|fault: Fault| {
        let offset = fault.offset.map(|offset| place_in(text, &without, offset));
        Fault { offset, ..fault }
    })
}

impl Fault {
    /// The line of a text the fault lies in, 1 being the first.
    #[must_use]
    pub fn line(&self, text: &str) -> Option<usize> {
        let before = text.get(..self.offset?).unwrap_or(text);
        Some(before.matches('\n').count().saturating_add(1))
    }

    /// The same fault, placed here unless a more precise place is known.
    fn within(self, offset: usize, key: Option<&str>) -> Self {
        Self {
            offset: self.offset.or(Some(offset)),
            key: self.key.or_else(|| key.map(str::to_owned)),
            reason: self.reason,
        }
    }
}

/// A value of a document, and where it stands.
#[derive(Clone, Copy)]
struct Node<'a> {
    value: &'a DeValue<'a>,
    offset: usize,
}

impl Node<'_> {
    /// Whole numbers, however they are written.
    fn integer<N: TryFrom<i64>>(self) -> Result<N, Fault> {
        let DeValue::Integer(number) = self.value else { return Err(Fault::custom("must be a whole number")) };
        let wide = i64::from_str_radix(number.as_str(), number.radix()).ok();
        wide.and_then(|wide| N::try_from(wide).ok()).ok_or_else(|| Fault::custom("is out of range"))
    }

    fn text(&self) -> Result<&str, Fault> {
        self.value.as_str().ok_or_else(|| Fault::custom("must be a text in quotes"))
    }
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Fault;

    /// Each type says what it expects; nothing is guessed from what is there.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        Err(Fault::custom("is of a kind that is not used here"))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value.as_bool() {
            Some(value) => visitor.visit_bool(value),
            None => Err(Fault::custom("must be true or false")),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_i64(self.integer()?)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u8(self.integer()?)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u16(self.integer()?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u32(self.integer()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u64(self.integer()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.text()?)
    }

    /// Only what is there is read: an absent key is serde's to fill in.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    /// An enum is one of a few words.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(StrDeserializer::<Fault>::new(self.text()?))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            DeValue::Array(array) => visitor.visit_seq(Items(array.iter())),
            _ => Err(Fault::custom("must be a list")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.value {
            DeValue::Table(table) => visitor
                .visit_map(Entries { entries: table.iter(), current: None })
                .map_err(|fault| fault.within(self.offset, None)),
            _ => Err(Fault::custom("must be a table")),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 f32 f64 char bytes byte_buf unit unit_struct newtype_struct tuple tuple_struct map identifier
    }
}

/// The items of a list.
struct Items<'a>(std::slice::Iter<'a, toml::Spanned<DeValue<'a>>>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(item) = self.0.next() else { return Ok(None) };
        let offset = item.span().start;
        seed.deserialize(Node { value: item.get_ref(), offset }).map(Some).map_err(|fault| fault.within(offset, None))
    }
}

/// The keys of a table, each with its value.
struct Entries<'a, I> {
    entries: I,
    current: Option<(&'a toml::Spanned<DeString<'a>>, Node<'a>)>,
}

impl<'de, 'a, I> MapAccess<'de> for Entries<'a, I>
where
    I: Iterator<Item = (&'a toml::Spanned<DeString<'a>>, &'a toml::Spanned<DeValue<'a>>)>,
{
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.current = Some((key, Node { value: value.get_ref(), offset: value.span().start }));
        let name = StrDeserializer::<Fault>::new(key.get_ref());
        seed.deserialize(name).map(Some).map_err(|fault| fault.within(key.span().start, Some(key.get_ref())))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let Some((key, node)) = self.current.take() else { return Err(Fault::custom("has no value")) };
        seed.deserialize(node).map_err(|fault| fault.within(node.offset, Some(key.get_ref())))
    }
}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self { offset: None, key: None, reason: reason.to_string() }
    }

    fn invalid_type(_: Unexpected, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("must be {expected}"))
    }

    fn invalid_value(_: Unexpected, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("must be {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("must be {}", OneOf(expected)))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("there is no such key here, only {}", OneOf(expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format_args!("{field} is missing"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::custom(format_args!("{field} is there twice"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}
impl std::error::Error for Fault {}

/// Names in a sentence: `a, b or c`.
struct OneOf(&'static [&'static str]);

impl fmt::Display for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let is_last = index.saturating_add(1) == self.0.len();
            match index {
                0 => {}
                _ if is_last => f.write_str(" or ")?,
                _ => f.write_str(", ")?,
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Menu {
        dish: Dish,
        price: Option<u8>,
        #[serde(default, rename = "guest")]
        guests: Vec<Guest>,
        #[serde(default)]
        open: bool,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Dish {
        Soup,
        Pie,
        Salad,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Guest {
        name: String,
        tables: Vec<i64>,
    }

    fn fault(text: &str) -> (Option<usize>, Option<String>, String) {
        let fault = read::<Menu>(text).unwrap_err();
        (fault.line(text), fault.key.clone(), fault.reason)
    }

    fn at(line: usize, key: &str, reason: &str) -> (Option<usize>, Option<String>, String) {
        (Some(line), Some(key.to_owned()), reason.to_owned())
    }

    #[test]
    fn a_document_is_read_whole() {
        let text = "dish = 'pie'\nprice = 0x1_0\n[[guest]]\nname = \"b\\u00e9\"\ntables = [1, -2]\n[[guest]]\n\
                    name = ''\ntables = []\n";
        let guests =
            vec![Guest { name: "bé".to_owned(), tables: vec![1, -2] }, Guest { name: String::new(), tables: vec![] }];
        assert_eq!(read(text), Ok(Menu { dish: Dish::Pie, price: Some(16), guests, open: false }));
    }

    #[test]
    fn a_fault_names_line_key_and_what_is_expected() {
        assert_eq!(fault("dish = 'cake'"), at(1, "dish", "must be soup, pie or salad"));
        assert_eq!(fault("dish = 7"), at(1, "dish", "must be a text in quotes"));
        assert_eq!(fault("dish = 'pie'\nprice = '7'"), at(2, "price", "must be a whole number"));
        assert_eq!(fault("dish = 'pie'\nprice = 7.5"), at(2, "price", "must be a whole number"));
        assert_eq!(fault("dish = 'pie'\nprice = 256"), at(2, "price", "is out of range"));
        assert_eq!(fault("dish = 'pie'\nprice = 99999999999999999999"), at(2, "price", "is out of range"));
        assert_eq!(fault("dish = 'pie'\nopen = 1"), at(2, "open", "must be true or false"));
        assert_eq!(fault("dish = 'pie'\nguest = 1"), at(2, "guest", "must be a list"));
        assert_eq!(fault("dish = 'pie'\nguest = [\n1]"), at(3, "guest", "must be a table"));
        let only = "there is no such key here, only dish, price, guest or open";
        assert_eq!(fault("dish = 'pie'\nopening = 1"), at(2, "opening", only));
        let guest = "dish = 'pie'\n[[guest]]\nname = 'a'\ntables = [\n 1,\n 'b',\n]";
        assert_eq!(fault(guest), at(6, "tables", "must be a whole number"));
    }

    #[test]
    fn a_document_is_read_alike_with_and_without_its_lines_of_comment() {
        let pieces = [
            "dish = 'pie'\n",
            "dish = 'cake'\n",
            "price = 7 # seven\n",
            "# all of it\n",
            " \t# tab\there é\n",
            "# bell \x07\n",
            "# return\r\n",
            "# last",
            "\n",
            "open = 1\n",
            "[[guest]]\nname = 'a'\ntables = [\n# one\n1,\n]\n",
            "= 1\n",
            "[[guest]]\nname = TTT\n# no comment\nTTT\ntables = []\n",
            "# three TTT\n",
            "# three '''\n",
            "#\n",
        ]
        .map(|piece| piece.replace("TTT", "\"\"\""));
        let mut documents = 0_u32;
        for first in &pieces {
            for second in &pieces {
                for third in &pieces {
                    let text = [first.as_str(), second, third].concat();
                    let (plain, commented) = (read::<Menu>(&text), read_commented::<Menu>(&text));
                    assert_eq!(commented, plain, "{text:?}");
                    documents += u32::from(plain.is_ok());
                }
            }
        }
        assert!(documents > 100, "only {documents} of them were documents");
    }

    #[test]
    fn a_line_that_looks_like_a_comment_is_part_of_a_text_over_several_lines() {
        let text = "dish = 'pie'\n# a comment\n[[guest]]\nname = '''\n# not this\n'''\ntables = []\n";
        let name = "# not this\n".to_owned();
        assert_eq!(read_commented::<Menu>(text).unwrap().guests, [Guest { name, tables: vec![] }]);
    }

    #[test]
    fn what_is_missing_is_placed_at_its_table() {
        assert_eq!(fault("open = true"), (Some(1), None, "dish is missing".to_owned()));
        assert_eq!(fault("dish = 'pie'\n[[guest]]\nname = 'a'"), at(2, "guest", "tables is missing"));
    }

    #[test]
    fn what_is_no_toml_is_refused_by_line() {
        let (line, key, reason) = fault("dish = 'pie'\nprice = = 1");
        assert_eq!((line, key), (Some(2), None));
        assert!(!reason.is_empty() && !reason.contains('\n'));
        assert_eq!(fault("dish = 'pie'\ndish = 'pie'").0, Some(2));
    }
}
