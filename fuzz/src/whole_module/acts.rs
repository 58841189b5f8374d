//! What the bytes say, step by step.

use super::START;

/// A step.
#[derive(Debug, Clone)]
pub enum Act {
    Answer(u8),
    RawAnswer(Vec<u8>),
    Call(usize),
    Start { service: u8, user: Option<u8>, raw_user: Vec<u8>, arguments: u8, rhost: u8 },
    Wait(u8, u8),
    Line(u8),
    Edit { file: u8, how: u8, at: u16, value: u8 },
    Disguise { file: u8, how: u8 },
    Replace { file: u8, bytes: Vec<u8> },
    Record(u8),
    Counters(u8),
    Memory { left: u16, for_good: bool },
    System { function: u8, error: u8, left: u8, for_good: bool },
}

/// What the bytes say.
pub struct Play {
    pub acts: Vec<Act>,
}

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn some(&mut self) -> Vec<u8> {
        let length = usize::from(self.byte()).min(self.0.len());
        let (some, rest) = self.0.split_at(length);
        self.0 = rest;
        some.to_vec()
    }
}

impl Play {
    pub fn read(bytes: &[u8]) -> Self {
        let mut bytes = Bytes(bytes);
        let mut acts = Vec::new();
        while !bytes.0.is_empty() && acts.len() < 60 {
            let act = match bytes.byte() % 16 {
                0 | 1 => Act::Answer(bytes.byte()),
                2 | 3 => Act::Call(usize::from(bytes.byte()) % 8),
                4 => Act::Start {
                    service: bytes.byte(),
                    user: Some(bytes.byte()),
                    raw_user: Vec::new(),
                    arguments: bytes.byte(),
                    rhost: bytes.byte(),
                },
                5 => Act::Wait(bytes.byte(), bytes.byte()),
                6 => Act::Line(bytes.byte()),
                7 => Act::Edit {
                    file: bytes.byte(),
                    how: bytes.byte(),
                    at: u16::from_be_bytes([bytes.byte(), bytes.byte()]),
                    value: bytes.byte(),
                },
                8 => Act::Disguise { file: bytes.byte(), how: bytes.byte() },
                9 => Act::Replace { file: bytes.byte(), bytes: bytes.some() },
                10 => Act::Record(bytes.byte()),
                11 => Act::Counters(bytes.byte()),
                12 => Act::Memory {
                    left: u16::from_be_bytes([bytes.byte(), bytes.byte()]),
                    for_good: bytes.byte() % 2 == 1,
                },
                13 => Act::System {
                    function: bytes.byte(),
                    error: bytes.byte(),
                    left: bytes.byte() % 32,
                    for_good: bytes.byte() % 2 == 1,
                },
                14 => Act::Start { service: 0, user: None, raw_user: bytes.some(), arguments: 0, rhost: 0 },
                _ => Act::RawAnswer(bytes.some()),
            };
            acts.push(act);
        }
        Self { acts }
    }

    pub fn runs_out_of_memory(&self) -> bool {
        self.acts.iter().any(|act| matches!(act, Act::Memory { .. }))
    }

    /// Whether the state itself was spoilt, beyond what the module may do to it.
    pub fn spoils_state(&self) -> bool {
        self.acts.iter().any(|act| match act {
            Act::Edit { file, .. } | Act::Disguise { file, .. } | Act::Replace { file, .. } => file % 8 >= 3,
            Act::Answer(kind) => [26, 27, 28, 30].contains(&(kind % 32)),
            Act::Record(_) | Act::Counters(_) => true,
            _ => false,
        })
    }

    /// No moment of this play lies after this one.
    pub fn latest(&self) -> u64 {
        let waits = self.acts.iter().map(|act| match act {
            Act::Wait(how, size) => wait(*how, *size).max(0),
            Act::Answer(_) | Act::Call(_) => 60,
            _ => 0,
        });
        START + waits.sum::<i64>().unsigned_abs()
    }
}

pub fn wait(how: u8, size: u8) -> i64 {
    let size = i64::from(size);
    match how % 4 {
        0 => size,
        1 => size * 30,
        2 => size * 3_600,
        _ => -size * 60,
    }
}
