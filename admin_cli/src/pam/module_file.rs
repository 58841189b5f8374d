//! Whether the file of our module is one that libpam can load: whole, for this machine, with the entry points
//! that auth and account lines call.
//!
//! Invariant: nothing of it is run; whatever the file holds, the reader ends.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// What libpam looks for where an auth or account line names a module; where one is missing, the line fails.
const ENTRY_POINTS: [&str; 3] = ["pam_sm_authenticate", "pam_sm_setcred", "pam_sm_acct_mgmt"];
/// Ours has one.
const LARGEST: u64 = 64 * 1024 * 1024;
const LOADED: u64 = 1;
const SHARED_OBJECT: u64 = 3;
const DYNAMIC_SYMBOLS: u64 = 11;

/// Why libpam cannot load a module from this path; `None` if it can. `sibling` is one that it loads.
pub(crate) fn fault(path: &Path, sibling: &Path) -> Option<String> {
    let bytes = match read(path) {
        Ok(bytes) => bytes,
        Err(error) => return Some(format!("it cannot be read: {error}")),
    };
    let machine = read(sibling).ok().as_deref().and_then(Object::of).and_then(|object| object.machine());
    fault_in(&bytes, machine)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // A FIFO would hold up whoever opens it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn fault_in(bytes: &[u8], machine: Option<Machine>) -> Option<String> {
    let Some(object) = Object::of(bytes) else { return Some("it is no ELF file".to_owned()) };
    if machine.is_some() && object.machine() != machine {
        return Some("it is built for another kind of machine".to_owned());
    }
    let cut = || Some("it is cut short".to_owned());
    if object.field(16, 2).is_none_or(|kind| kind != SHARED_OBJECT) {
        return if object.machine().is_some() { Some("it is no shared object".to_owned()) } else { cut() };
    }
    if object.is_whole() != Some(true) {
        return cut();
    }
    let defined = object.defined()?;
    let missing = ENTRY_POINTS.into_iter().find(|name| !defined.contains(&name.as_bytes()));
    missing.map(|name| format!("it has no {name}"))
}

/// Word size, byte order, processor.
type Machine = (u8, u8, u64);

/// An ELF file.
struct Object<'bytes> {
    bytes: &'bytes [u8],
    wide: bool,
    little: bool,
}

impl<'bytes> Object<'bytes> {
    fn of(bytes: &'bytes [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(b"\x7fELF")?;
        let (class, order) = (rest.first()?, rest.get(1)?);
        Some(Self { bytes, wide: *class == 2, little: *order == 1 })
    }

    fn machine(&self) -> Option<Machine> {
        Some((*self.bytes.get(4)?, *self.bytes.get(5)?, self.field(18, 2)?))
    }

    fn slice(&self, from: u64, size: u64) -> Option<&'bytes [u8]> {
        let (from, to) = (usize::try_from(from).ok()?, usize::try_from(from.checked_add(size)?).ok()?);
        self.bytes.get(from..to)
    }

    fn field(&self, at: u64, size: u64) -> Option<u64> {
        let bytes = self.slice(at, size)?;
        let join = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        Some(if self.little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) })
    }

    /// A field that is twice as long in a file of 64 bits, and at another place.
    fn word(&self, base: u64, narrow: u64, wide: u64) -> Option<u64> {
        if self.wide { self.field(base.checked_add(wide)?, 8) } else { self.field(base.checked_add(narrow)?, 4) }
    }

    /// A field of the same length in both.
    fn at(&self, base: u64, narrow: u64, wide: u64, size: u64) -> Option<u64> {
        self.field(base.checked_add(if self.wide { wide } else { narrow })?, size)
    }

    /// Where the entries of a table begin.
    fn table(&self, offset: (u64, u64), size: (u64, u64), count: (u64, u64)) -> Option<Vec<u64>> {
        let start = self.word(0, offset.0, offset.1)?;
        let (size, count) = (self.at(0, size.0, size.1, 2)?, self.at(0, count.0, count.1, 2)?);
        (0..count).map(|index| start.checked_add(index.checked_mul(size)?)).collect()
    }

    fn sections(&self) -> Option<Vec<u64>> {
        self.table((32, 40), (46, 58), (48, 60))
    }

    /// Whether all that is loaded, and the table of sections, lies inside the file.
    fn is_whole(&self) -> Option<bool> {
        let length = u64::try_from(self.bytes.len()).ok()?;
        for segment in self.table((28, 32), (42, 54), (44, 56))? {
            let end = self.word(segment, 4, 8)?.checked_add(self.word(segment, 16, 32)?)?;
            if self.field(segment, 4)? == LOADED && end > length {
                return Some(false);
            }
        }
        let size = self.at(0, 46, 58, 2)?;
        Some(self.sections()?.into_iter().all(|section| self.slice(section, size).is_some()))
    }

    /// The names it defines; `None` if it has no table of them, which the loader does not need.
    fn defined(&self) -> Option<Vec<&'bytes [u8]>> {
        let sections = self.sections()?;
        let is_symbols = |section: &&u64| self.at(**section, 4, 4, 4) == Some(DYNAMIC_SYMBOLS);
        let symbols = *sections.iter().find(is_symbols)?;
        let link = usize::try_from(self.at(symbols, 24, 40, 4)?).ok()?;
        let names = self.word(*sections.get(link)?, 16, 24)?;
        let (start, size) = (self.word(symbols, 16, 24)?, self.word(symbols, 20, 32)?);
        let each = if self.wide { 24 } else { 16 };
        let entries = self.slice(start, size)?.chunks_exact(each).len();
        let mut defined = Vec::new();
        for index in 0..u64::try_from(entries).ok()? {
            let symbol = start.checked_add(index.checked_mul(u64::try_from(each).ok()?)?)?;
            if self.at(symbol, 14, 6, 2)? != 0 {
                defined.push(self.name(names.checked_add(self.field(symbol, 4)?)?)?);
            }
        }
        Some(defined)
    }

    fn name(&self, from: u64) -> Option<&'bytes [u8]> {
        let rest = self.bytes.get(usize::try_from(from).ok()?..)?;
        rest.split(|byte| *byte == 0).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Vec<u8> {
        let libraries = ["/usr/lib", "/usr/lib64"].into_iter();
        let nested = libraries.flat_map(|library| {
            let entries = std::fs::read_dir(library).into_iter().flatten().flatten().map(|entry| entry.path());
            entries.chain([Path::new(library).to_owned()]).collect::<Vec<_>>()
        });
        let module = nested.map(|path| path.join("security/pam_deny.so")).find(|path| path.exists());
        std::fs::read(module.expect("pam_deny.so, which has them")).expect("its bytes")
    }

    #[test]
    fn a_module_with_the_entry_points_can_be_loaded() {
        let bytes = sound();
        let machine = Object::of(&bytes).and_then(|object| object.machine());
        assert_eq!(fault_in(&bytes, machine), None);
    }

    #[test]
    fn wherever_a_module_is_cut_short_that_is_seen() {
        let bytes = sound();
        let machine = Object::of(&bytes).and_then(|object| object.machine());
        for length in (0..bytes.len()).step_by(61) {
            assert!(fault_in(&bytes[..length], machine).is_some(), "{length} of {}", bytes.len());
        }
        assert_eq!(fault_in(b"#!/bin/sh\n", machine).as_deref(), Some("it is no ELF file"));
        assert_eq!(fault_in(&bytes[..bytes.len() / 2], machine).as_deref(), Some("it is cut short"));
    }

    #[test]
    fn another_machine_and_a_missing_entry_point_are_seen() {
        let mut bytes = sound();
        let machine = Object::of(&bytes).and_then(|object| object.machine());
        let name = b"pam_sm_acct_mgmt\0";
        let at = bytes.windows(name.len()).position(|window| window == name).expect("its name");
        bytes[at] = b'q';
        assert_eq!(fault_in(&bytes, machine).as_deref(), Some("it has no pam_sm_acct_mgmt"));
        bytes[18] ^= 1;
        assert_eq!(fault_in(&bytes, machine).as_deref(), Some("it is built for another kind of machine"));
    }

    #[test]
    fn a_module_without_a_table_of_sections_is_measured_by_what_is_loaded() {
        let mut bytes = sound();
        // Such a table is for linkers: `e_shoff` and `e_shnum`, of a file of 64 bits or of 32.
        let fields = if bytes[4] == 2 { [40..48, 60..62] } else { [32..36, 48..50] };
        for field in fields {
            bytes[field].fill(0);
        }
        assert_eq!(fault_in(&bytes, None), None);
        assert_eq!(fault_in(&bytes[..bytes.len() / 2], None).as_deref(), Some("it is cut short"));
    }

    #[test]
    fn what_a_module_only_uses_is_no_entry_point() {
        let bytes = sound();
        let defined = Object::of(&bytes).and_then(|object| object.defined()).expect("names");
        let used = b"__cxa_finalize";
        assert!(bytes.windows(used.len()).any(|window| window == used), "it uses that");
        assert!(!defined.contains(&used.as_slice()) && defined.contains(&b"pam_sm_setcred".as_slice()));
    }

    #[test]
    fn no_byte_that_is_changed_brings_the_reader_to_a_stop() {
        let bytes = sound();
        for at in 0..bytes.len().min(4_096) {
            for value in [0, 1, 0x7f, 0xff] {
                let mut odd = bytes.clone();
                odd[at] = value;
                let _ = fault_in(&odd, None);
            }
        }
    }
}
