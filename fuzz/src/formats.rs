//! Files and lines: whatever the bytes, they are read or refused, and what is read is written back the same.

use countersign_common::counters::{SLOT_SIZE, Slots, read_file, render as render_counters};
use countersign_common::dialogue::{FromCommand, Reply};
use countersign_common::{config, counters, record};
use sha2::{Digest, Sha256};

pub fn config(bytes: &[u8]) {
    match config::parse(bytes) {
        Ok(config) => {
            assert!(u32::from(config.throttle.hard_limit) <= 100 && u32::from(config.prompt.tries) <= 5);
            assert!(config.state_dir.as_str().starts_with('/'));
            for failures in [0, 1, 99, u16::MAX] {
                assert!(config.delay_after(failures) <= config.throttle.max_delay.as_seconds());
            }
        }
        Err(error) => assert!(!error.to_string().contains('\n')),
    }
}

pub fn record(bytes: &[u8]) {
    match record::parse(bytes) {
        Ok(record) => {
            let text = record::render(&record);
            assert_eq!(record::parse(text.as_bytes()).as_ref(), Ok(&record));
            assert!(record.tokens.len() <= record::MAX_TOKENS);
        }
        // What an error says of a file is the line; nothing that could be part of a key stands in it.
        Err(error) => {
            let said = error.to_string();
            let is_of_a_key = |c: &char| c.is_ascii_uppercase() || ('2'..='7').contains(c);
            let run = said.split(|c| !is_of_a_key(&c)).map(str::len).max();
            assert!(run < Some(8), "{said}");
        }
    }
}

pub fn counters(bytes: &[u8]) {
    if let Ok(Slots { counters, .. }) = read_file(bytes) {
        assert_eq!(counters::parse(&render_counters(&counters)).as_ref(), Ok(&counters));
    }
    // With the right checksum, so that more than the checksum is reached.
    let fields = bytes.strip_suffix(b"\n").unwrap_or(bytes).trim_ascii_end();
    let fields = &fields[..fields.len().min(SLOT_SIZE - 18)];
    let sum: String = Sha256::digest(fields).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mut slot = [fields, b" ", sum.as_bytes()].concat();
    slot.resize(SLOT_SIZE - 1, b' ');
    slot.push(b'\n');
    if let Ok(counters) = counters::parse(&slot) {
        assert_eq!(counters::parse(&render_counters(&counters)).as_ref(), Ok(&counters));
    }
}

pub fn dialogue(bytes: &[u8]) {
    if let Ok(message) = FromCommand::parse(bytes) {
        let line = message.render();
        let again = FromCommand::parse(line.trim_end_matches('\n').as_bytes()).expect("what was written is read");
        assert_eq!(*again.render(), *line);
    }
    if let Ok(reply) = Reply::parse(bytes) {
        let line = reply.render();
        let again = Reply::parse(line.trim_end_matches('\n').as_bytes()).expect("what was written is read");
        assert_eq!(*again.render(), *line);
    }
}
