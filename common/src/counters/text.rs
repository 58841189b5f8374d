//! One slot of a counters file: a line of fixed-width text in one disk sector, with a checksum.
//!
//! Invariants: `parse(render(c)) == c` for every `c` in range; only the canonical text is accepted; every field
//! has a fixed width, so a slot never grows.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::fields::Fields;
use super::line::{Line, hex};
use super::{Counters, Grace, LastAccepted, RecoveryCounters, SlowTotal, TokenCounters, Uncommitted};
use crate::record::MAX_TOKENS;
use crate::token::{Step, UnixTime};

/// Bytes of a slot: one sector, so that a torn write cannot mix two states unnoticed.
pub const SLOT_SIZE: usize = 512;

const HEADER: &str = "countersign-counters";
const VERSION: &str = "1";
/// Stands where there is no identifier.
pub(super) const NO_ID: &str = "----------------";
const SERVICE_WIDTH: usize = 24;
const RHOST_WIDTH: usize = 48;

/// Why bytes are not a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountersError {
    /// Blank, torn or overwritten: no header, wrong length, wrong checksum.
    Damaged,
    /// Whole, but written by another version.
    Version,
}

/// Writes counters as a slot. Numbers beyond their width are held at its largest value.
#[must_use]
pub fn render(counters: &Counters) -> [u8; SLOT_SIZE] {
    let mut line = fields_of(counters);
    let checksum = checksum(line.text());
    line.field(&checksum);
    line.into_slot()
}

/// All fields but the checksum.
fn fields_of(counters: &Counters) -> Line {
    let mut line = Line::new(HEADER, VERSION);
    line.number::<12>(counters.sequence);
    line.id(counters.record);
    for index in 0..MAX_TOKENS {
        let entry = counters.tokens.get(index);
        line.id(entry.map(|entry| entry.id));
        line.number::<12>(entry.map_or(0, |entry| entry.last_step.as_u64()));
        line.offset(entry.map_or(0, |entry| entry.offset));
    }
    line.id(counters.recovery.map(|recovery| recovery.set));
    let spent = hex(u64::from(counters.recovery.map_or(0, |recovery| recovery.spent)));
    line.field(spent.last_chunk::<4>().map_or(&[], <[u8; 4]>::as_slice));
    line.throttle(counters.throttle);
    line.throttle(counters.helper_throttle);
    line.number::<5>(counters.slow.failures.into());
    line.time(counters.slow.since);
    let (kind, time) = match counters.grace {
        Grace::NotStarted => (b"n", UnixTime::default()),
        Grace::Started(at) => (b"s", at),
        Grace::Until(at) => (b"u", at),
        Grace::Ended => (b"e", UnixTime::default()),
    };
    line.field(kind);
    line.time(time);
    line.number::<2>(counters.uncommitted.count.into());
    line.time(counters.uncommitted.last);
    let last = counters.last_accepted.as_ref();
    line.time(last.map_or_else(UnixTime::default, |last| last.at));
    line.offset(last.map_or(0, |last| last.offset));
    line.text_field::<SERVICE_WIDTH>(last.map_or("", |last| &last.service));
    line.text_field::<RHOST_WIDTH>(last.map_or("", |last| &last.rhost));
    line
}

/// The text of a field without what fills it up.
fn unfield(field: &str) -> &str {
    field.trim_end_matches('~')
}

/// The first 64 bits of SHA-256, in hex: against torn and rotten sectors, not against an attacker, who would
/// have to be root.
fn checksum(bytes: &[u8]) -> [u8; 16] {
    let digest = Sha256::digest(bytes);
    hex(digest.first_chunk().map_or(0, |first: &[u8; 8]| u64::from_be_bytes(*first)))
}

/// Reads a slot.
///
/// # Errors
/// [`CountersError`]; the caller looks at the other slot.
pub fn parse(slot: &[u8]) -> Result<Counters, CountersError> {
    let text = std::str::from_utf8(slot).map_err(|_| CountersError::Damaged)?;
    let line = text.strip_suffix('\n').unwrap_or(text).trim_end_matches(' ');
    let (fields, sum) = line.rsplit_once(' ').ok_or(CountersError::Damaged)?;
    if checksum(fields.as_bytes()) != *sum.as_bytes() {
        return Err(CountersError::Damaged);
    }
    let rest = fields.strip_prefix(HEADER).and_then(|rest| rest.strip_prefix(' ')).ok_or(CountersError::Damaged)?;
    let (version, _) = rest.split_once(' ').unwrap_or((rest, ""));
    if version != VERSION {
        return Err(CountersError::Version);
    }
    let mut rest = Fields::new(rest.strip_prefix(VERSION).unwrap_or_default());
    let counters = parse_fields(&mut rest).filter(|_| rest.is_empty()).ok_or(CountersError::Damaged)?;
    // One state has one text: whatever writes back differently was not written by this program.
    let is_canonical = fields_of(&counters).text() == fields.as_bytes();
    let is_whole = slot.len() == SLOT_SIZE && slot.ends_with(b"\n");
    if is_canonical && is_whole { Ok(counters) } else { Err(CountersError::Damaged) }
}

fn parse_fields(fields: &mut Fields) -> Option<Counters> {
    let (sequence, record) = (fields.number::<12>()?, fields.id()?);
    let mut tokens = Vec::with_capacity(MAX_TOKENS);
    for _ in 0..MAX_TOKENS {
        let id = fields.id()?;
        let last_step = Step::new(fields.number::<12>()?).ok()?;
        let offset = fields.offset()?;
        if let Some(id) = id {
            tokens.push(TokenCounters { id, last_step, offset });
        }
    }
    let set = fields.id()?;
    let spent = u16::from_str_radix(fields.text(4)?, 16).ok()?;
    let recovery = set.map(|set| RecoveryCounters { set, spent });
    let (throttle, helper_throttle) = (fields.throttle()?, fields.throttle()?);
    let slow = SlowTotal { failures: fields.number::<5>()?.try_into().ok()?, since: fields.time()? };
    let grace = match (fields.text(1)?, fields.time()?) {
        ("n", _) => Grace::NotStarted,
        ("s", at) => Grace::Started(at),
        ("u", at) => Grace::Until(at),
        ("e", _) => Grace::Ended,
        _ => return None,
    };
    let uncommitted = Uncommitted { count: fields.number::<2>()?.try_into().ok()?, last: fields.time()? };
    let (at, offset) = (fields.time()?, fields.offset()?);
    let (service, rhost) = (unfield(fields.text(SERVICE_WIDTH)?), unfield(fields.text(RHOST_WIDTH)?));
    let accepted_once = at != UnixTime::default() || !service.is_empty();
    let last_accepted =
        accepted_once.then(|| LastAccepted { at, service: service.to_owned(), rhost: rhost.to_owned(), offset });
    Some(Counters {
        sequence,
        record,
        tokens,
        recovery,
        throttle,
        helper_throttle,
        slow,
        grace,
        uncommitted,
        last_accepted,
    })
}

impl fmt::Display for CountersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damaged => "damaged",
            Self::Version => "written by another version",
        })
    }
}
impl std::error::Error for CountersError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::Throttle;
    use crate::token::{RecordId, RecoverySetId, Seconds, TokenId};

    pub(crate) fn full() -> Counters {
        let time = UnixTime::MAX;
        let throttle = Throttle { failures: 9_999, last_failure: time, delay: Seconds(999_999) };
        let entry = |n| TokenCounters { id: TokenId::from_random([n; 8]), last_step: Step::MAX, offset: -99 };
        Counters {
            sequence: 999_999_999_999,
            record: Some(RecordId::from_random([0xab; 8])),
            tokens: (0..5).map(entry).collect(),
            recovery: Some(RecoveryCounters { set: RecoverySetId::from_random([0xcd; 8]), spent: 0xffff }),
            throttle,
            helper_throttle: throttle,
            slow: SlowTotal { failures: 99_999, since: time },
            grace: Grace::Until(time),
            uncommitted: Uncommitted { count: 99, last: time },
            last_accepted: Some(LastAccepted {
                at: time,
                service: "s".repeat(SERVICE_WIDTH),
                rhost: "2001:db8:85a3:8d3:1319:8a2e:370:7348%eth0".to_owned(),
                offset: 99,
            }),
        }
    }

    #[test]
    fn counters_are_written_and_read_back() {
        let graces = [Grace::NotStarted, Grace::Started(UnixTime::MAX), Grace::Until(UnixTime::MAX), Grace::Ended];
        let with_grace = graces.map(|grace| Counters { grace, ..full() });
        for counters in [Counters::default()].into_iter().chain(with_grace) {
            assert_eq!(parse(&render(&counters)), Ok(counters));
        }
    }

    /// What an installation has on its disk is read by every later version.
    #[test]
    fn a_slot_is_written_as_the_first_version_wrote_it() {
        let written = [Counters::default(), full()].map(|counters| render(&counters).trim_ascii_end().to_vec());
        let lines: Vec<&[u8]> = include_str!("slots_of_version_1.txt").lines().map(str::as_bytes).collect();
        assert_eq!(written.each_ref().map(Vec::as_slice), *lines);
    }

    #[test]
    fn every_line_has_the_same_length() {
        let length = |counters| render(&counters).trim_ascii_end().len();
        assert_eq!(length(Counters::default()), length(full()));
    }

    #[test]
    fn a_slot_is_whole_with_its_last_byte() {
        let slot = render(&full());
        let line = [slot.trim_ascii_end(), b"\n"].concat();
        assert_eq!(parse(&line), Err(CountersError::Damaged), "too short");
        let mut unended = slot;
        unended[SLOT_SIZE - 1] = b' ';
        assert_eq!(parse(&unended), Err(CountersError::Damaged), "without its end");
    }

    #[test]
    fn whole_text_that_this_program_would_write_otherwise_is_damage() {
        let slot = render(&Counters { sequence: 7, ..Counters::default() });
        let text = std::str::from_utf8(&slot).unwrap();
        let (fields, _) = text.trim_end().rsplit_once(' ').unwrap();
        for other in [fields.replacen("000000000007", "7", 1), format!("{fields} more")] {
            let line = format!("{other} {}", std::str::from_utf8(&checksum(other.as_bytes())).unwrap());
            let padded = format!("{line:<width$}\n", width = SLOT_SIZE - 1);
            assert_eq!(parse(padded.as_bytes()), Err(CountersError::Damaged), "{other}");
        }
    }

    #[test]
    fn a_number_of_writes_too_large_for_its_field_is_the_largest_that_fits() {
        let written = parse(&render(&Counters { sequence: u64::MAX, ..full() })).unwrap();
        assert_eq!(written.sequence, 999_999_999_999);
    }

    #[test]
    fn the_fullest_line_fits_its_slot() {
        let slot = render(&full());
        assert_eq!(slot.last(), Some(&b'\n'));
        assert_eq!(slot[SLOT_SIZE - 2], b' ', "the checksum must not be cut");
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let slot = render(&full());
        for index in 0..SLOT_SIZE {
            for mask in [1, 0x20, 0x80] {
                let mut changed = slot;
                changed[index] ^= mask;
                assert!(parse(&changed).is_err(), "byte {index} mask {mask:x}");
            }
        }
    }

    #[test]
    fn every_tear_between_two_states_is_noticed_or_whole() {
        let (old, new) = (render(&full()), render(&Counters { sequence: 7, ..Counters::default() }));
        for cut in 0..=SLOT_SIZE {
            let torn: Vec<u8> = new[..cut].iter().chain(&old[cut..]).copied().collect();
            if let Ok(counters) = parse(&torn) {
                assert!(render(&counters) == old || render(&counters) == new, "tear at {cut}");
            }
        }
    }

    #[test]
    fn another_version_is_told_from_damage() {
        let line = "countersign-counters 2 000000000001";
        let slot = format!("{line} {}", std::str::from_utf8(&checksum(line.as_bytes())).unwrap());
        assert_eq!(parse(slot.as_bytes()), Err(CountersError::Version));
        assert_eq!(parse(b""), Err(CountersError::Damaged));
    }

    #[test]
    fn text_from_outside_cannot_break_the_line() {
        let last =
            LastAccepted { at: UnixTime::default(), service: "a b\nc".into(), rhost: "x~y_é".repeat(20), offset: 0 };
        let counters = Counters { last_accepted: Some(last), ..Counters::default() };
        let read = parse(&render(&counters)).unwrap().last_accepted.unwrap();
        assert_eq!(read.service, "a?b?c");
        assert!(read.rhost.starts_with("x-y_?x-y_?") && read.rhost.len() == RHOST_WIDTH);
    }
}
