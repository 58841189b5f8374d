//! What the tests of decisions share: tokens, records, configurations, and codes from a generator of their own.
//!
//! The generator is written from RFC 2104 and RFC 4226 on bare hash functions; it shares no line with the one that
//! is tested.
#![allow(clippy::arithmetic_side_effects, reason = "an overflow in a test fails the test")]

use std::cell::RefCell;
use std::collections::HashMap;

use sha2::Digest as _;
use zeroize::Zeroizing;

use super::plan::{Administrator, Demand, Login};
use crate::config::{self, Config};
use crate::record::{CanToggle, Record, Revision, Token, Use2fa, UserName};
use crate::token::{Algorithm, Code, Digits, Parameters, Period, RecordId, Secret, Step, TokenId, UnixTime};

pub(super) const LOGIN: Login<'static> =
    Login { service: "sshd", rhost: "192.0.2.7", administrator: Administrator::No, demand: Demand::User };

/// Two secrets whose codes coincide where the tests want them to (see the collisions in `small_world_tests`).
pub(super) const SECRET_A: &[u8; 20] = b"12345678901234567890";
pub(super) const SECRET_B: &[u8; 20] = b"ABCDEFGHIJKLMNOPQRST";
pub(super) const SECRET_C: &[u8; 20] = b"a secret after reset";

pub(super) fn time(seconds: u64) -> UnixTime {
    UnixTime::new(seconds).unwrap()
}

pub(super) fn step(number: u64) -> Step {
    Step::new(number).unwrap()
}

/// A configuration from the text of its `config.toml`.
pub(super) fn config(text: &str) -> Config {
    config::parse(text.as_bytes()).unwrap()
}

pub(super) fn parameters(algorithm: Algorithm, digits: u8, period: u16) -> Parameters {
    Parameters { algorithm, digits: Digits::new(digits).unwrap(), period: Period::new(period).unwrap() }
}

pub(super) fn token(number: u64, secret: &[u8], parameters: Parameters) -> Token {
    Token {
        id: TokenId::from_random(number.to_be_bytes()),
        label: String::new(),
        secret: Secret::from_bytes(Zeroizing::new(secret.to_vec())).unwrap(),
        parameters,
        enrolled_at: UnixTime::default(),
    }
}

/// The record of a user who uses 2FA and may toggle it.
pub(super) fn record(tokens: Vec<Token>) -> Record {
    Record {
        id: RecordId::from_random([9; 8]),
        revision: Revision(1),
        user: UserName::new("alice").unwrap(),
        uid: 1000,
        use_2fa: Use2fa::Enabled,
        can_toggle: CanToggle::Unlocked,
        changed_at: UnixTime::default(),
        changed_by: "root".to_owned(),
        tokens,
        recovery: None,
    }
}

/// A code of any length a token may have.
pub(super) fn code(text: &str) -> Code {
    let lengths = [6, 7, 8].map(|digits| Digits::new(digits).unwrap());
    Code::parse(text, &lengths).unwrap()
}

/// Codes by token and step, each worked out once.
#[derive(Default)]
pub(super) struct Codebook(RefCell<HashMap<(TokenId, u64), String>>);

impl Codebook {
    pub(super) fn code(&self, token: &Token, step: u64) -> String {
        let mut known = self.0.borrow_mut();
        known.entry((token.id, step)).or_insert_with(|| code_at(token, step)).clone()
    }
}

/// The code of one step (RFC 4226 §5.3).
pub(super) fn code_at(token: &Token, step: u64) -> String {
    let mac = hmac(token.parameters.algorithm, token.secret.as_bytes(), &step.to_be_bytes());
    let offset = usize::from(mac.last().unwrap() & 0xf);
    let truncated = u32::from_be_bytes(mac[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    let digits = token.parameters.digits.as_u8();
    format!("{:0width$}", truncated % 10_u32.pow(u32::from(digits)), width = usize::from(digits))
}

/// HMAC (RFC 2104 §2) for keys no longer than a block.
fn hmac(algorithm: Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    let block = if algorithm == Algorithm::Sha512 { 128 } else { 64 };
    let padded = |pad: u8| (0..block).map(|index| key.get(index).unwrap_or(&0) ^ pad).collect::<Vec<u8>>();
    let inner = hash(algorithm, &[padded(0x36), message.to_vec()].concat());
    hash(algorithm, &[padded(0x5c), inner].concat())
}

fn hash(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
        Algorithm::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
        Algorithm::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
    }
}

/// A sequence that looks random and is the same at each run (Steele, Lea, Flood: `SplitMix64`).
pub(super) struct Dice(pub u64);

impl Dice {
    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub(super) fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[usize::try_from(self.below(things.len().try_into().unwrap())).unwrap()]
    }
}

/// RFC 6238, appendix B, and codes of other lengths and periods from oathtool 2.6.
#[test]
fn the_generator_of_the_tests_follows_the_rfcs() {
    let eight = |algorithm, secret: &[u8]| token(1, secret, parameters(algorithm, 8, 30));
    let sha256 = b"12345678901234567890123456789012";
    let sha512 = b"1234567890123456789012345678901234567890123456789012345678901234";
    assert_eq!(code_at(&eight(Algorithm::Sha1, SECRET_A), 1), "94287082");
    assert_eq!(code_at(&eight(Algorithm::Sha1, SECRET_A), 1_111_111_109 / 30), "07081804");
    assert_eq!(code_at(&eight(Algorithm::Sha256, sha256), 20_000_000_000 / 30), "77737706");
    assert_eq!(code_at(&eight(Algorithm::Sha512, sha512), 2_000_000_000 / 30), "38618901");
    assert_eq!(code_at(&token(1, SECRET_A, Parameters::default()), 0), "755224");
}
