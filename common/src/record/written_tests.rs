//! The reader of our own text against the reader of TOML.

use super::super::text::parse_toml;
use super::super::{CanToggle, Record, RecordError, RecoverySet, Revision, Token, Use2fa, UserName, parse, render};
use super::*;
use crate::token::{Parameters, RecordId, RecoverySetId, TokenId, UnixTime};
use proptest::prelude::*;
use zeroize::Zeroizing;

/// What may stand for a byte, or beside it, in a file that something went wrong with.
const ODD: [&str; 36] = [
    "", "\"", "\\", "\n", "\r", "\t", "\0", "\u{7f}", "\u{85}", "é", " ", "#", "=", "[", "]", ",", "'", "_", "+", "-",
    ".", "0", "1", "9", "a", "f", "g", "A", "Z", "e", "x", "T", "true", "\n\n", "\"\"\"", "0x",
];

fn record(tokens: u8, hashes: Option<u8>) -> Record {
    let token = |number: u8| Token {
        id: TokenId::from_random([number; 8]),
        label: format!("phone {number}"),
        secret: Secret::from_bytes(Zeroizing::new(vec![number; 20])).unwrap(),
        parameters: Parameters::default(),
        enrolled_at: UnixTime::new(1_795_507_200).unwrap(),
    };
    let set = |hashes| RecoverySet {
        id: RecoverySetId::from_random([4; 8]),
        salt: [0xa5; 16],
        hashes: (0..hashes).map(|number| [number; 32]).collect(),
    };
    Record {
        id: RecordId::from_random([9; 8]),
        revision: Revision(30),
        user: UserName::new("alice").unwrap(),
        uid: 1000,
        use_2fa: Use2fa::Enabled,
        can_toggle: CanToggle::Locked,
        changed_at: UnixTime::new(1_795_507_201).unwrap(),
        changed_by: "root (sudo by bob)".to_owned(),
        tokens: (0..tokens).map(token).collect(),
        recovery: hashes.map(set),
    }
}

/// What is read of a text if it is taken for our own.
fn taken(text: &str) -> Option<Result<Record, RecordError>> {
    read(text).map(TryInto::try_into)
}

/// Taken or not, it is worth what the reader of TOML makes of it.
fn assert_worth_the_same(text: &str) -> bool {
    let taken = taken(text);
    if let Some(taken) = &taken {
        assert_eq!(taken, &parse_toml(text), "{text}");
    }
    taken.is_some()
}

#[test]
fn what_is_written_is_taken_for_our_own() {
    for (tokens, hashes) in [(0, None), (0, Some(0)), (1, Some(8)), (5, Some(16)), (2, None)] {
        let record = record(tokens, hashes);
        assert_eq!(taken(&render(&record)), Some(Ok(record)));
    }
}

#[test]
fn what_must_be_escaped_is_left_to_the_reader_of_toml() {
    for name in ["zoë", "a\"b", "a\\b", "a\u{7}b"] {
        let record = Record { user: UserName::new(name).unwrap(), ..record(1, Some(1)) };
        assert_eq!(taken(&render(&record)), None, "{name}");
        assert_eq!(parse(render(&record).as_bytes()), Ok(record));
    }
}

#[test]
fn a_text_with_one_odd_place_is_taken_only_for_what_toml_says_it_is() {
    let text = render(&record(2, Some(1)));
    let (mut tried, mut taken) = (0, 0);
    for at in 0..text.len() {
        for odd in ODD {
            for kept in [at, at + 1] {
                tried += 1;
                let changed = [text.get(..at).unwrap(), odd, text.get(kept..).unwrap()].concat();
                taken += usize::from(assert_worth_the_same(&changed));
            }
        }
    }
    assert!(taken * 20 > tried, "{taken} of {tried}: nothing is shown by texts that are all left to the other reader");
}

#[test]
fn a_text_whose_lines_are_doubled_gone_or_swapped_is_taken_only_for_what_toml_says_it_is() {
    let text = render(&record(2, Some(3)));
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for left in 0..lines.len() {
        for right in 0..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(left, right);
            let mut doubled = lines.clone();
            doubled.insert(right, lines[left]);
            let mut gone = lines.clone();
            gone.drain(left.min(right)..=left.max(right));
            for changed in [swapped, doubled, gone] {
                assert_worth_the_same(&changed.concat());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_text_of_any_values_is_taken_only_for_what_toml_says_it_is(
        (number, word, at) in ("[-+0-9_]{0,20}", "[ -~é]{0,40}", 0_usize..30),
    ) {
        let text = render(&record(1, Some(2)));
        let lines: Vec<&str> = text.lines().collect();
        let line = lines.get(at).copied().unwrap_or_default();
        let key = line.split_once(" = ").map_or("", |(key, _)| key);
        for value in [number.clone(), word.clone(), format!("\"{word}\""), format!("\"{number}\"")] {
            let mut changed = lines.clone();
            let put = format!("{key} = {value}");
            changed[at.min(lines.len().saturating_sub(1))] = &put;
            assert_worth_the_same(&[changed.join("\n").as_str(), "\n"].concat());
        }
    }

    #[test]
    fn the_numbers_of_a_record_are_those_that_toml_reads(revision in any::<u64>(), uid in any::<u32>()) {
        let record = Record { revision: Revision(revision), uid, ..record(1, None) };
        let text = render(&record);
        assert_worth_the_same(&text);
        prop_assert_eq!(parse(text.as_bytes()), parse_toml(&text));
    }
}
