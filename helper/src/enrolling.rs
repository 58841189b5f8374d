//! A new token: shown to the caller, proven by a code, carried to the one transaction that stores it.
//!
//! Invariant: nothing is stored before the proof; the secret lives in this process alone until then.

use countersign_common::counters::Counters;
use countersign_common::decision::{
    Action, Adding, Administrator, Change, Demand, Login, NotAdded, admit, committed, prove,
};
use countersign_common::dialogue::{Asked, Key, Question, Reply, Request};
use countersign_common::notice::{Attempt, Notice, PROMPT, Stage};
use countersign_common::record::{MAX_TOKENS, Record, Token};
use countersign_common::store::State;
use countersign_common::system::{issuer, new_token};
use countersign_common::token::{Code, Step, UnixTime};

use crate::case::Case;
use crate::confirming::echo;
use crate::desk::{Desk, Person};
use crate::refusal::Refusal;
use crate::talk::Talk;

/// Answers in all, those that are no codes included.
const ANSWERS: usize = 10;

/// A token whose owner has shown a code of it.
pub(crate) struct Proven {
    pub(crate) token: Token,
    step: Step,
    adding: Adding,
}

/// Refuses what cannot come to a good end, before anyone is asked for a code.
pub(crate) fn check(case: &Case, request: &Request, state: &State) -> Result<(), Refusal> {
    admitted(case, request, state.record.as_ref().map(|record| record.tokens.as_slice()).unwrap_or_default())
}

/// Whether the new token may stand with those that are there.
pub(crate) fn admitted(case: &Case, request: &Request, tokens: &[Token]) -> Result<(), Refusal> {
    let label = request.label.as_deref();
    admit(tokens, label, request.adding).map_err(|refused| match refused {
        NotAdded::Full => Refusal::new(format!("there are {MAX_TOKENS} tokens, the most there may be"))
            .hint(case.suggestion("take one away", Action::RemoveToken, "TOKEN")),
        NotAdded::Unnamed => Refusal::new("there is a token already")
            .hint("for one more: --label TEXT; for a new phone in place of all: --replace"),
        NotAdded::SameLabel => {
            Refusal::new(format!("there is a token called \"{}\" already", label.unwrap_or_default()))
                .hint("call the new one otherwise, or put it in place of all: --replace")
        }
        NotAdded::NoLabel => Refusal::new("a label has 1 to 32 printable characters"),
    })
}

/// Shows a new token and asks for a code of it.
pub(crate) fn proven(desk: &Desk, talk: &mut Talk, target: &Person, request: &Request) -> Result<Proven, Refusal> {
    let random = |error: &dyn std::fmt::Display| Refusal::new(error.to_string());
    let token = new_token(desk.config.new_token_parameters(), desk.now()?).map_err(|error| random(&error))?;
    let token = Token { label: request.label.clone().unwrap_or_default(), ..token };
    let (user, issuer) = (target.as_str().to_owned(), issuer(&desk.config));
    talk.say(&Reply::Key(Key { user, issuer, secret: token.secret.clone(), parameters: token.parameters }));
    let digits = token.parameters.digits;
    let mut notice = None;
    let mut wrong = 0_u32;
    for _ in 0..ANSWERS {
        let prompt = PROMPT.to_owned();
        let answer = talk.ask(Question { asked: Asked::Proof, prompt, echo: echo(desk), notice: notice.take() })?;
        let said = match Code::parse(&answer, &[digits]) {
            Ok(code) => {
                let now = desk.now()?;
                if let Some(step) = prove(&desk.config, &token, now, &code) {
                    let token = Token { enrolled_at: now, ..token };
                    return Ok(Proven { token, step, adding: request.adding });
                }
                wrong = wrong.saturating_add(1);
                Notice::WrongCode(if wrong == 1 { Attempt::First } else { Attempt::Later }, Stage::Enrollment)
            }
            Err(_) => Notice::NotACode(vec![digits]),
        };
        if wrong >= u32::from(desk.config.prompt.tries) {
            break;
        }
        notice = Some(said.worded(desk.support()).to_string());
    }
    Err(Refusal::new("no right code was given; nothing is changed").hint("set the phone's clock to automatic"))
}

impl Proven {
    /// The changes that add it. The last of the others goes only once the new one stands.
    pub(crate) fn changes(&self, record: &Record) -> Vec<Change> {
        let mut changes = vec![Change::Enroll(self.token.clone())];
        if let (Adding::Instead, Some((last, others))) = (self.adding, record.tokens.split_last()) {
            changes.splice(0..0, others.iter().map(|token| Change::RemoveToken(token.id)));
            changes.push(Change::RemoveToken(last.id));
        }
        changes
    }

    /// The counters with the proving step accepted for good. This was no login: its failures, its block and the last
    /// login stay what they were.
    pub(crate) fn counters(&self, counters: &Counters, record: &Record, now: UnixTime) -> Counters {
        let login = Login { service: "", rhost: "", administrator: Administrator::No, demand: Demand::User };
        let next = committed(counters, &login, record, &self.token, self.step, now);
        Counters { last_accepted: counters.last_accepted.clone(), throttle: counters.throttle, ..next }
    }
}
