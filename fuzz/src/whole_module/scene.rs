//! The person at the prompt, and all they know: their codes, the key on the screen, what they typed last.

use std::collections::VecDeque;

use countersign_common::counters::new_file;
use countersign_common::record::{self, Revision};
use countersign_common::token::Secret;

use super::model::{Login, Look, Worth};
use super::pam::{BUF_ERR, CONV_AGAIN, CONV_ERR, Person, Reply};
use super::place;
use super::{SECRET, faults, recovery_code, violated};
use crate::logins::code_of_secret;

/// What was typed last, and what it was worth at that moment.
#[derive(Debug, Clone)]
pub struct Given {
    pub text: String,
    pub worth: Worth,
    /// The files as they were.
    pub look: Look,
    /// The step for which it proves the key on the screen.
    pub proves: Option<u64>,
    pub at: u64,
}

/// The person.
pub struct Scene {
    pub answers: VecDeque<u8>,
    pub raw: VecDeque<Vec<u8>>,
    pub login: Login,
    pub given: Option<Given>,
    /// The last key shown, in this call.
    pub key: Option<Vec<u8>>,
    /// How often they were asked, in this call.
    pub asked: usize,
    last: String,
}

pub fn now() -> u64 {
    let faults = faults();
    u64::try_from(faults.now + faults.slept / 1_000_000_000).unwrap_or(0)
}

impl Scene {
    pub fn new() -> Self {
        let login = Login { service: "sshd".to_owned(), user: "alice".to_owned(), rhost: String::new() };
        let (answers, raw) = (VecDeque::new(), VecDeque::new());
        Self { answers, raw, login, given: None, key: None, asked: 0, last: "000000".to_owned() }
    }

    /// Forgets what belonged to an earlier call.
    pub fn begin_call(&mut self) {
        (self.given, self.key, self.asked) = (None, None, 0);
    }

    /// The code of alice's token, or of what bob's record holds, so many steps from now.
    fn code(&self, offset: i64) -> String {
        let step = (now() / 30).saturating_add_signed(offset);
        let look = Look::at(&self.login);
        let secret = look.enrolled().map(|(record, _)| record.tokens[0].secret.as_bytes().to_vec());
        code_of_secret(&secret.unwrap_or(SECRET.to_vec()), step)
    }

    fn answer(&mut self) -> Reply {
        let Some(kind) = self.answers.pop_front() else { return Reply::Error(CONV_ERR, None) };
        let text = match kind % 32 {
            0 => self.code(0),
            1 => self.code(1),
            2 => self.code(-1),
            3 => self.code(-2),
            4 => "000000".to_owned(),
            5 => self.last.clone(),
            6 => recovery_code(0),
            7 => recovery_code(1).to_lowercase().replace('-', ""),
            8 => "0000-0000-0000-0000".to_owned(),
            9 | 29 => match &self.key {
                Some(key) => code_of_secret(key, now() / 30),
                None => self.code(0),
            },
            10 => "ascii".to_owned(),
            11 => "invert".to_owned(),
            12 => "disable".to_owned(),
            13 => "later".to_owned(),
            14 => return Reply::NoText,
            15 => return Reply::NoResponses,
            16 => return Reply::Error(CONV_ERR, None),
            17 => return Reply::Error(CONV_AGAIN, None),
            18 => "1".repeat(65_535),
            19 => "\x1b[31m\x08\n\r\x7fINCORRECT".to_owned(),
            20 => return Reply::Text(vec![0xff, 0xfe, b'1']),
            // Right, but the application says that it failed.
            21 => return Reply::Error(BUF_ERR, Some(self.code(0).into_bytes())),
            22 => {
                let code = self.code(0);
                format!(" {}-{}\t", &code[..3], &code[3..])
            }
            23 => " Disable ".to_owned(),
            24 => {
                faults().now += 31;
                self.code(0)
            }
            25 => String::new(),
            26 => self.meanwhile(|_, record, _| place::remove(record)),
            27 => self.meanwhile(|_, _, counters| place::remove(counters)),
            28 => self.meanwhile(|look, path, _| {
                let Some((Some(mut record), _)) = look.state else { return };
                record.revision = Revision(record.revision.0 + 1);
                place::write(path, record::render(&record).as_bytes(), 0o600);
            }),
            30 => self.meanwhile(|look, _, path| {
                let Some((_, mut counters)) = look.state else { return };
                counters.throttle.failures = 100;
                place::write(path, &new_file(&counters), 0o600);
            }),
            _ => return Reply::Text(self.raw.pop_front().unwrap_or_default()),
        };
        Reply::Text(text.into_bytes())
    }

    /// Something happens to this user's files before they answer with the right code.
    fn meanwhile(&self, happen: impl FnOnce(Look, &str, &str)) -> String {
        let code = self.code(0);
        let (record, counters) = place::paths_of(&self.login.user);
        happen(Look::at(&self.login), &record, &counters);
        code
    }

    fn note(&mut self, reply: &Reply) {
        let text = match reply {
            Reply::Text(text) => String::from_utf8_lossy(text).into_owned(),
            _ => String::new(),
        };
        let look = Look::at(&self.login);
        let at = now();
        let plain: String = text.chars().filter(|c| ![' ', '\t', '-'].contains(c)).collect();
        let proves = self.key.as_ref().and_then(|key| {
            let steps = at / 30 - 2..=at / 30 + 2;
            steps.filter(|step| code_of_secret(key, *step) == plain).max()
        });
        self.given = Some(Given { worth: look.worth(&text, at), look, proves, at, text: text.clone() });
        self.last = text;
    }
}

impl Person for Scene {
    fn converse(&mut self, is_prompt: bool, is_info: bool, text: &str) -> Reply {
        let armed = std::mem::take(&mut faults().armed);
        if let Some(key) = key_in(text) {
            if is_info && !["sudo", "sudo-i"].contains(&self.login.service.as_str()) {
                violated("a key in PAM_TEXT_INFO");
            }
            self.key = Some(key);
        }
        let reply = if is_prompt {
            self.asked += 1;
            if self.asked > 40 {
                violated("asked without end");
            }
            let reply = self.answer();
            self.note(&reply);
            reply
        } else {
            Reply::NoResponses
        };
        faults().armed = armed;
        reply
    }
}

/// The key shown in a text: rows of two or more groups of four characters, put together.
fn key_in(text: &str) -> Option<Vec<u8>> {
    let is_group =
        |word: &&str| word.len() == 4 && word.bytes().all(|c| c.is_ascii_uppercase() || (b'2'..=b'7').contains(&c));
    let mut key = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        for row in words.chunk_by(|left, right| is_group(left) == is_group(right)) {
            if row.len() >= 2 && is_group(&row[0]) {
                key.extend(row.iter().copied());
            }
        }
    }
    Secret::from_base32(&key).ok().map(|secret| secret.as_bytes().to_vec())
}
