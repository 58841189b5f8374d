//! The two slots of a counters file, at offsets 0 and 4096: one counts, the other is overwritten next.
//!
//! Invariant: while the newer slot is being written, the older one stands untouched, so a tear at any byte
//! leaves the old or the new state.

use std::fmt;

use super::{Counters, CountersError, SLOT_SIZE, parse, render};

/// Bytes of a counters file, exactly.
pub const FILE_SIZE: usize = 4096 + SLOT_SIZE;

/// One of the two slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// At offset 0.
    First,
    /// At offset 4096, in another page and another sector.
    Second,
}

/// What a counters file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slots {
    /// The counters that count.
    pub counters: Counters,
    /// Where they stand.
    pub slot: Slot,
    /// What stands in the other slot.
    pub beside: Beside,
}

/// What stands beside the slot that counts, and is overwritten next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// An older state; or nothing yet, if there was one write only.
    Sound,
    /// A write that did not end, or what became of a whole one: nobody is refused for it, but root should know.
    Damaged,
}

/// Why a file holds no counters that can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotsError {
    /// Not exactly [`FILE_SIZE`] bytes.
    Size,
    /// Neither slot is valid.
    NoValidSlot,
    /// A valid slot was written by another version.
    Version,
    /// Both slots claim to be the same write.
    SameSequence,
}

impl Slot {
    /// Where it begins in the file, in bytes.
    #[must_use]
    pub const fn offset(self) -> u64 {
        match self {
            Self::First => 0,
            Self::Second => 4096,
        }
    }

    /// The one to overwrite next, if this one counts.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// The word for it in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }
}

/// What fills a slot that was never written.
const BLANK: u8 = b'\n';
/// The number of the write that makes the file.
pub(crate) const FIRST_SEQUENCE: u64 = 1;

/// The bytes of a new counters file: the first slot counts, the second is blank.
#[must_use]
pub fn new_file(counters: &Counters) -> Vec<u8> {
    let mut file = render(counters).to_vec();
    file.resize(FILE_SIZE, BLANK);
    file
}

/// Reads a counters file.
///
/// # Errors
/// [`SlotsError`]; the caller treats the state as not to be trusted.
pub fn read_file(file: &[u8]) -> Result<Slots, SlotsError> {
    if file.len() != FILE_SIZE {
        return Err(SlotsError::Size);
    }
    let first = parse(file.get(..SLOT_SIZE).unwrap_or_default());
    let second_bytes = file.get(4096..).unwrap_or_default();
    match (first, parse(second_bytes)) {
        (Err(CountersError::Version), _) | (_, Err(CountersError::Version)) => Err(SlotsError::Version),
        (Ok(first), Ok(second)) if first.sequence == second.sequence => Err(SlotsError::SameSequence),
        (Ok(first), Ok(second)) if first.sequence < second.sequence => {
            Ok(Slots { counters: second, slot: Slot::Second, beside: Beside::Sound })
        }
        (Ok(counters), Ok(_)) => Ok(Slots { counters, slot: Slot::First, beside: Beside::Sound }),
        (Ok(counters), Err(CountersError::Damaged)) => {
            // The second write goes there, and none leaves it blank.
            let is_unwritten = counters.sequence == FIRST_SEQUENCE && second_bytes.iter().all(|byte| *byte == BLANK);
            let beside = if is_unwritten { Beside::Sound } else { Beside::Damaged };
            Ok(Slots { counters, slot: Slot::First, beside })
        }
        (Err(CountersError::Damaged), Ok(counters)) => {
            Ok(Slots { counters, slot: Slot::Second, beside: Beside::Damaged })
        }
        (Err(CountersError::Damaged), Err(CountersError::Damaged)) => Err(SlotsError::NoValidSlot),
    }
}

impl fmt::Display for SlotsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size => write!(f, "not {FILE_SIZE} bytes long"),
            Self::NoValidSlot => f.write_str("damaged: neither slot is valid"),
            Self::Version => f.write_str("written by another version"),
            Self::SameSequence => f.write_str("damaged: both slots claim to be the same write"),
        }
    }
}
impl std::error::Error for SlotsError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(sequence: u64) -> Counters {
        Counters { sequence, ..Counters::default() }
    }

    fn file(first: Option<u64>, second: Option<u64>) -> Vec<u8> {
        let mut file = new_file(&numbered(first.unwrap_or_default()));
        if first.is_none() {
            file[..SLOT_SIZE].fill(0);
        }
        if let Some(sequence) = second {
            file[4096..].copy_from_slice(&render(&numbered(sequence)));
        }
        file
    }

    fn held(sequence: u64, slot: Slot, beside: Beside) -> Slots {
        Slots { counters: numbered(sequence), slot, beside }
    }

    #[test]
    fn the_valid_slot_with_the_higher_number_counts() {
        assert_eq!(read_file(&file(Some(1), None)), Ok(held(1, Slot::First, Beside::Sound)));
        assert_eq!(read_file(&file(Some(1), Some(2))), Ok(held(2, Slot::Second, Beside::Sound)));
        assert_eq!(read_file(&file(Some(3), Some(2))), Ok(held(3, Slot::First, Beside::Sound)));
        assert_eq!(read_file(&file(None, Some(2))), Ok(held(2, Slot::Second, Beside::Damaged)));
    }

    #[test]
    fn a_blank_slot_is_damage_once_it_was_written() {
        assert_eq!(read_file(&file(Some(3), None)), Ok(held(3, Slot::First, Beside::Damaged)));
        let mut scratched = file(Some(1), None);
        scratched[4100] = b' ';
        assert_eq!(read_file(&scratched), Ok(held(1, Slot::First, Beside::Damaged)));
    }

    /// What a slot rots to is noticed, never read as another state.
    #[test]
    fn every_flipped_bit_of_both_slots_leaves_the_other_one_and_is_told() {
        for (first, second) in [(3, 2), (3, 4), (7, 6), (7, 8)] {
            let whole = file(Some(first), Some(second));
            for (start, left) in
                [(0, held(second, Slot::Second, Beside::Damaged)), (4096, held(first, Slot::First, Beside::Damaged))]
            {
                for (byte, bit) in (start..start + SLOT_SIZE).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
                    let mut rotten = whole.clone();
                    rotten[byte] ^= 1 << bit;
                    assert_eq!(
                        read_file(&rotten).as_ref(),
                        Ok(&left),
                        "slots {first} and {second}, byte {byte}, bit {bit}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_flipped_bit_of_the_only_slot_is_refused() {
        let whole = file(Some(1), None);
        for (byte, bit) in (0..SLOT_SIZE).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
            let mut rotten = whole.clone();
            rotten[byte] ^= 1 << bit;
            assert_eq!(read_file(&rotten), Err(SlotsError::NoValidSlot), "byte {byte}, bit {bit}");
        }
    }

    #[test]
    fn the_other_slot_is_where_the_next_state_counts() {
        let mut bytes = file(Some(1), None);
        for sequence in 2..6 {
            let slot = read_file(&bytes).unwrap().slot;
            let start = usize::try_from(slot.other().offset()).unwrap();
            bytes[start..start + SLOT_SIZE].copy_from_slice(&render(&numbered(sequence)));
            assert_eq!(read_file(&bytes), Ok(held(sequence, slot.other(), Beside::Sound)));
        }
    }

    #[test]
    fn each_slot_has_its_word_in_the_log() {
        assert_eq!([Slot::First, Slot::Second].map(Slot::as_str), ["first", "second"]);
    }

    #[test]
    fn each_fault_is_told_in_its_own_words() {
        let faults = [SlotsError::Size, SlotsError::NoValidSlot, SlotsError::Version, SlotsError::SameSequence];
        let words = faults.map(|fault| fault.to_string());
        assert_eq!(words[0], "not 4608 bytes long");
        assert!(words.iter().all(|text| words.iter().filter(|other| *other == text).count() == 1), "{words:?}");
        assert_ne!(CountersError::Damaged.to_string(), CountersError::Version.to_string());
    }

    #[test]
    fn nothing_valid_is_never_read_as_fresh() {
        assert_eq!(read_file(&file(None, None)), Err(SlotsError::NoValidSlot));
        assert_eq!(read_file(&file(Some(2), Some(2))), Err(SlotsError::SameSequence));
        assert_eq!(read_file(b""), Err(SlotsError::Size));
        let mut longer = file(Some(1), None);
        longer.push(b'\n');
        assert_eq!(read_file(&longer), Err(SlotsError::Size));
    }

    #[test]
    fn a_write_torn_anywhere_leaves_the_old_or_the_new_state() {
        let (old, new) = (file(Some(3), Some(2)), file(Some(3), Some(4)));
        for cut in 4096..=FILE_SIZE {
            let torn: Vec<u8> = new[..cut].iter().chain(&old[cut..]).copied().collect();
            let read = read_file(&torn).unwrap();
            assert!([3, 4].contains(&read.counters.sequence), "tear at {cut}");
            let is_whole = torn == old || torn == new;
            assert_eq!(read.beside == Beside::Sound, is_whole, "tear at {cut}");
        }
    }
}
