//! A history of logins of one user, chosen by the bytes: no code is accepted twice, none while blocked, and what is
//! left behind always fits its file (I1, I2, I3).

use std::collections::HashSet;

use countersign_common::config::Config;
use countersign_common::counters::{self, Counters};
use countersign_common::decision::{Administrator, Demand, Login, Verdict, block, judge, rebased, unblocked};
use countersign_common::record::{Record, Token};
use countersign_common::token::{Code, UnixTime};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::user::{alice, token};

const PERIOD: u64 = 30;

pub fn logins(bytes: &[u8]) {
    let config = Config::default();
    let login = Login { service: "sshd", rhost: "192.0.2.7", administrator: Administrator::No, demand: Demand::User };
    let record = record();
    let mut counters = Counters::default();
    let mut accepted = HashSet::new();
    let mut now: u64 = 1_800_000_000;
    for step in bytes.chunks_exact(2) {
        let (what, size) = (step[0], u64::from(step[1]));
        match what % 8 {
            0 => now += size,
            1 => now += size * 3_600,
            2 => now -= size.min(200),
            3 => now = if size % 2 == 0 { now + 100_000_000 } else { (now - 100_000_000).max(1_700_000_000) },
            4 => counters = unblocked(&counters),
            kind => {
                let time = UnixTime::new(now).expect("a time");
                let token = usize::from(what >> 3) % record.tokens.len();
                let at = (now / PERIOD + size % 7).saturating_sub(3);
                let text = if kind == 5 { format!("{:06}", size * 3_917) } else { code_of(&record.tokens[token], at) };
                let digits = record.code_lengths();
                let code = Code::parse(&text, &digits).expect("six digits");
                let blocked = block(&config, counters.throttle, time).is_some();
                let before = counters.throttle.failures;
                let judgement = judge(&config, &login, &record, &counters, time, &code);
                match judgement.verdict {
                    Verdict::Accepted { .. } => {
                        assert!(!blocked, "accepted while blocked");
                        let fits = |token: &Token| {
                            (now / PERIOD - 1..=now / PERIOD + 1).filter(|step| code_of(token, *step) == text).max()
                        };
                        let used: Vec<_> =
                            record.tokens.iter().filter_map(|token| Some((token.id, fits(token)?))).collect();
                        assert!(!used.is_empty(), "accepted, and no token's code");
                        assert!(used.iter().any(|fit| accepted.insert(*fit)), "accepted twice");
                    }
                    Verdict::Blocked(_) => assert!(blocked),
                    Verdict::Wrong { failures, .. } => assert!(!blocked && failures == before.saturating_add(1)),
                    _ => assert!(!blocked),
                }
                if let Some(next) = judgement.next {
                    counters = next;
                }
                if let Some(throttle) = rebased(counters.throttle, time) {
                    counters.throttle = throttle;
                }
                assert_eq!(counters::parse(&counters::render(&counters)).as_ref(), Ok(&counters));
            }
        }
    }
}

fn record() -> Record {
    alice([1, 2].map(|number| token(number, &[number; 20])).into(), None)
}

/// RFC 4226 section 5.3, from bare HMAC: not the generator that is under test.
fn code_of(token: &Token, step: u64) -> String {
    code_of_secret(token.secret.as_bytes(), step)
}

pub(crate) fn code_of_secret(secret: &[u8], step: u64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("any length");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[19] & 15);
    let bits = u32::from_be_bytes(hash[offset..offset + 4].try_into().expect("four bytes")) & 0x7fff_ffff;
    format!("{:06}", bits % 1_000_000)
}
