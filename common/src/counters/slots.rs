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
}

/// The bytes of a new counters file: the first slot counts, the second is blank.
#[must_use]
pub fn new_file(counters: &Counters) -> Vec<u8> {
    let mut file = render(counters).to_vec();
    file.resize(FILE_SIZE, b'\n');
    file
}

/// Reads a counters file: its counters and the slot that holds them.
///
/// # Errors
/// [`SlotsError`]; the caller treats the state as not to be trusted.
pub fn read_file(file: &[u8]) -> Result<(Counters, Slot), SlotsError> {
    if file.len() != FILE_SIZE {
        return Err(SlotsError::Size);
    }
    let first = parse(file.get(..SLOT_SIZE).unwrap_or_default());
    let second = parse(file.get(4096..).unwrap_or_default());
    match (first, second) {
        (Err(CountersError::Version), _) | (_, Err(CountersError::Version)) => Err(SlotsError::Version),
        (Ok(first), Ok(second)) if first.sequence == second.sequence => Err(SlotsError::SameSequence),
        (Ok(first), Ok(second)) if first.sequence < second.sequence => Ok((second, Slot::Second)),
        (Ok(first), _) => Ok((first, Slot::First)),
        (_, Ok(second)) => Ok((second, Slot::Second)),
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

    #[test]
    fn the_valid_slot_with_the_higher_number_counts() {
        assert_eq!(read_file(&file(Some(1), None)), Ok((numbered(1), Slot::First)));
        assert_eq!(read_file(&file(Some(1), Some(2))), Ok((numbered(2), Slot::Second)));
        assert_eq!(read_file(&file(Some(3), Some(2))), Ok((numbered(3), Slot::First)));
        assert_eq!(read_file(&file(None, Some(2))), Ok((numbered(2), Slot::Second)));
    }

    #[test]
    fn the_other_slot_is_where_the_next_state_counts() {
        let mut bytes = file(Some(1), None);
        for sequence in 2..6 {
            let (_, slot) = read_file(&bytes).unwrap();
            let start = usize::try_from(slot.other().offset()).unwrap();
            bytes[start..start + SLOT_SIZE].copy_from_slice(&render(&numbered(sequence)));
            assert_eq!(read_file(&bytes), Ok((numbered(sequence), slot.other())));
        }
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
            let (counters, _) = read_file(&torn).unwrap();
            assert!([3, 4].contains(&counters.sequence), "tear at {cut}");
        }
    }
}
