//! `enroll`: an administrator sets up a token for a user, the first or one more, proven by one code.
//!
//! Invariants: nothing is stored before the proof (unless `--no-confirm`); the proving step is accepted for good
//! before the token stands (I1); the key and recovery codes are shown where asked for, and nowhere else (I9).

use countersign_common::audit::Event;
use countersign_common::config::Qr;
use countersign_common::counters::Counters;
use countersign_common::decision::{
    Action, Administrator, Change as Changing, Demand, Login, NotAdded, admit, committed, grace_ended, prove,
};
use countersign_common::dialogue::Echo;
use countersign_common::notice::PROMPT;
use countersign_common::record::{MAX_TOKENS, Record, RecoverySet, Token};
use countersign_common::screen::{Polarity, Word, svg};
use countersign_common::store::{Session, Store, Written};
use countersign_common::system::{issuer, new_token};
use countersign_common::token::{Code, OtpauthUri, RecoveryCode, Step, UnixTime, otpauth_uri};
use zeroize::Zeroizing;

use super::enroll_screen::Screen;
use super::new_file::Private;
use super::{recovery_codes, told};
use crate::answer::ask;
use crate::arguments::{Enroll, Label, Place};
use crate::desk::{Desk, Person, log_untrusted};
use crate::failure::Failure;
use crate::json;
use crate::log;
use crate::output::{Output, Stream, Verdict};
use crate::sentences::{self, Change, Reader, command};
use crate::transaction::{Outcome, change_record, current_record, transact};

/// Wrong codes after which it is given up.
const TRIES: usize = 3;
/// Answers in all, words and typing errors included.
const ANSWERS: usize = 20;

/// `enroll`
pub(super) fn enroll(desk: &Desk, arguments: &Enroll, output: &mut Output) -> Result<Verdict, Failure> {
    let person = desk.person(&arguments.user, arguments.account.unknown())?;
    let state = desk.store.view(&person.name).map_err(|error| {
        log_untrusted(&person.name, &error);
        Failure::of_user(person.as_str(), &error)
    })?;
    let label = arguments.place.label.as_ref().map(|label| label.0.clone()).unwrap_or_default();
    admitted(&person, state.record.as_ref(), &arguments.place)?;
    let token = Token { label, ..new_token(desk.config.new_token_parameters(), desk.now()?)? };
    let recovery = recovery_codes::generated(desk)?;
    let issuer = issuer(&desk.config);
    let uri = otpauth_uri(&issuer, person.as_str(), &token.secret, token.parameters);
    let handing = Handing { desk, person: &person, token: &token, uri: &uri, issuer: &issuer, recovery, arguments };
    let picture = handing.hand_over(output)?;
    match handing.prove_and_store(output) {
        Ok(()) => Ok(Verdict::Done),
        Err(failure) => {
            // The key in it is worth nothing now.
            if let Some(picture) = picture {
                picture.take_back();
            }
            Err(failure)
        }
    }
}

/// Whether the user's tokens leave room for the new one.
fn admitted(person: &Person, record: Option<&Record>, place: &Place) -> Result<(), Failure> {
    let user = person.as_str();
    let tokens = record.map(|record| record.tokens.as_slice()).unwrap_or_default();
    let label = place.label.as_ref().map(|Label(label)| label.as_str());
    admit(tokens, label, place.adding()).map_err(|refused| match refused {
        NotAdded::Full => Failure::new(format!("{user}: has {MAX_TOKENS} tokens, the most there may be"))
            .hint(format!("take one away: {} TOKEN", command("remove-token", user))),
        NotAdded::Unnamed => Failure::new(format!("{user}: already enrolled"))
            .hint(format!("for one more token: {} --label TEXT", command("enroll", user)))
            .hint(format!("for a new phone in place of all tokens: {} --replace", command("enroll", user)))
            .hint(format!("to begin anew: {}", command("reset", user))),
        NotAdded::SameLabel => {
            Failure::new(format!("{user}: has a token called \"{}\" already", label.unwrap_or_default()))
                .hint("call the new one otherwise, or take the old ones away with --replace")
        }
        NotAdded::NoLabel => Failure::new("a label has 1 to 32 printable characters"),
    })
}

/// A token on its way to a user.
struct Handing<'a> {
    desk: &'a Desk,
    person: &'a Person,
    token: &'a Token,
    uri: &'a OtpauthUri,
    issuer: &'a str,
    /// What a first token brings.
    recovery: Option<(Vec<RecoveryCode>, RecoverySet)>,
    arguments: &'a Enroll,
}

impl Handing<'_> {
    /// Shows the key as asked for; a file it was written to comes back.
    fn hand_over(&self, output: &mut Output) -> Result<Option<Private>, Failure> {
        if let Some(path) = &self.arguments.svg {
            let picture = svg(self.uri).ok_or_else(|| Failure::new("the URI is too long for a QR code"))?;
            let file = Private::create(path, picture.as_bytes())?;
            output.remark(&format!("{path}: written; whoever can read it has the codes, so delete it after use"));
            return Ok(Some(file));
        }
        if self.arguments.uri {
            let mut line = Zeroizing::new(String::with_capacity(self.uri.as_str().len().saturating_add(1)));
            line.push_str(self.uri.as_str());
            line.push('\n');
            output.secret(Stream::Out, &line)?;
            return Ok(None);
        }
        self.draw(output, self.desk.config.prompt.qr, Polarity::DarkTerminal)?;
        Ok(None)
    }

    fn draw(&self, output: &mut Output, qr: Qr, polarity: Polarity) -> Result<(), Failure> {
        let (person, token, uri, issuer) = (self.person, self.token, self.uri, self.issuer);
        let stream = if self.arguments.json { Stream::Err } else { Stream::Out };
        let columns = Output::columns(stream);
        let screen = Screen { user: person.as_str(), issuer, token, uri, qr, polarity, columns };
        output.secret(stream, &screen.render())
    }

    fn prove_and_store(&self, output: &mut Output) -> Result<(), Failure> {
        let proof = if self.arguments.no_confirm { None } else { Some(self.ask_for_proof(output)?) };
        let outcome =
            transact(self.desk, self.person, Action::Enroll.logged(), &|session, now| self.store(session, now, proof))?;
        log::write(self.person.as_str(), &Event::Enrolled { token: self.token.id.to_string() });
        let done = told(self.desk, self.person, &outcome, &sentences::enrolled);
        self.show_recovery_codes(&outcome, output)?;
        match (self.arguments.json, self.arguments.uri) {
            (true, _) => output.bytes(&json::object(&json::User::changed(&done.report, Change::Made))),
            (false, true) => output.remark(&done.sentence),
            (false, false) => output.line(&done.sentence),
        }
        Ok(())
    }

    /// The step that a code typed by the person proved.
    fn ask_for_proof(&self, output: &mut Output) -> Result<Step, Failure> {
        let nothing = || Failure::new(format!("{}: no code was given; nothing is stored", self.person.as_str()));
        let (mut qr, mut polarity) = (self.desk.config.prompt.qr, Polarity::DarkTerminal);
        let digits = self.token.parameters.digits;
        let mut wrong = 0_usize;
        for _ in 0..ANSWERS {
            let answer = ask(output, PROMPT, Echo::On).ok_or_else(nothing)?;
            match (Word::parse(&answer), Code::parse(&answer, &[digits])) {
                (_, Ok(code)) => {
                    if let Some(step) = prove(&self.desk.config, self.token, self.desk.now()?, &code) {
                        return Ok(step);
                    }
                    wrong = wrong.saturating_add(1);
                    if wrong >= TRIES {
                        break;
                    }
                    output.remark("wrong code: use the newest entry in the app; the phone's clock must be right");
                }
                (Some(word @ (Word::Ascii | Word::Invert)), Err(_)) => {
                    (qr, polarity) = redrawn(word, qr, polarity);
                    self.draw(output, qr, polarity)?;
                }
                (_, Err(_)) => output.remark(&format!("a code has {} digits", digits.as_u8())),
            }
        }
        Err(Failure::new(format!("{}: no right code was given; nothing is stored", self.person.as_str()))
            .hint("set the phone's clock to automatic; countersign enroll shows a new key"))
    }

    /// Shows the recovery codes that came with a first token. Where standard output is for a program, on standard error.
    fn show_recovery_codes(&self, outcome: &Outcome, output: &mut Output) -> Result<(), Failure> {
        let Some((codes, set)) = &self.recovery else { return Ok(()) };
        let stored = outcome.after.record.as_ref().and_then(|record| record.recovery.as_ref());
        if stored != Some(set) {
            return Ok(());
        }
        let stream = if self.arguments.json || self.arguments.uri { Stream::Err } else { Stream::Out };
        recovery_codes::show(output, stream, self.person.as_str(), codes, &Reader::Root)
    }

    /// Stores the token, unless the user's tokens leave no room for it any more.
    fn store(&self, session: &mut dyn Session, now: UnixTime, proof: Option<Step>) -> Result<Written, Failure> {
        let record = current_record(self.desk, self.person, session.state(), now)?;
        admitted(self.person, Some(&record), &self.arguments.place)?;
        let write = |session: &mut dyn Session, next: &Counters| {
            session.write_counters(next).map_err(|error| Failure::of_user(self.person.as_str(), &error))
        };
        let changes = self.changes(&record);
        if let Some(step) = proof {
            let next = proven(&session.state().counters, &record, self.token, step, now);
            if write(session, &next)? == Written::Conflict {
                return Ok(Written::Conflict);
            }
            return change_record(self.desk, self.person, &changes, session, now);
        }
        // Without a proof no step is accepted, but the time to enroll has ended; only once the token stands.
        match change_record(self.desk, self.person, &changes, session, now)? {
            Written::Committed => {
                let next = grace_ended(&session.state().counters);
                write(session, &next)
            }
            Written::Conflict => Ok(Written::Conflict),
        }
    }

    /// All that changes in the record, as one revision.
    fn changes(&self, record: &Record) -> Vec<Changing> {
        let mut changes = vec![Changing::Enroll(self.token.clone())];
        if self.arguments.place.replace {
            changes.extend(record.tokens.iter().map(|token| Changing::RemoveToken(token.id)));
        }
        if let (Some((_, set)), false) = (&self.recovery, record.is_enrolled()) {
            changes.push(Changing::RenewRecovery(set.clone()));
        }
        changes
    }
}

/// The counters with the proving step accepted. This was no login: the last one stays what it was, and one more token
/// of an enrolled user lifts no block.
fn proven(counters: &Counters, record: &Record, token: &Token, step: Step, now: UnixTime) -> Counters {
    let login = Login { service: "", rhost: "", administrator: Administrator::No, demand: Demand::User };
    let next = committed(counters, &login, record, token, step, now);
    let throttle = if record.is_enrolled() { counters.throttle } else { next.throttle };
    Counters { last_accepted: counters.last_accepted.clone(), throttle, ..next }
}

fn redrawn(word: Word, qr: Qr, polarity: Polarity) -> (Qr, Polarity) {
    match word {
        Word::Ascii => (Qr::Ascii, polarity),
        Word::Invert => (qr, polarity.inverted()),
        Word::Disable | Word::Later => (qr, polarity),
    }
}
