//! Enrollment inside a login: the QR code, the words, one code to prove the token.
//!
//! Invariants: nothing proven here takes effect here (I6); one secret for the whole call; each proof is counted as
//! uncommitted before anyone is let in (I14); the secret goes into the prompt, into `PAM_TEXT_INFO` under sudo alone (I9).

use countersign_common::audit::{Event, RefusedReason};
use countersign_common::config::{Config, Qr};
use countersign_common::decision::{
    Actor, Change, Denied, Disabling, Login, Offer, Plan, Target, authorize, plan, prove, proven,
};
use countersign_common::notice::{Notice, PROMPT, Stage};
use countersign_common::record::{CanToggle, Token, UserName};
use countersign_common::screen::{Columns, Enrollment, Polarity, Word};
use countersign_common::store::{Edition, Session, State, Store, Written};
use countersign_common::system::{issuer, new_token};
use countersign_common::token::{Code, UnixTime, otpauth_uri};
use zeroize::Zeroizing;

use crate::ask::Tries;
use crate::authenticate::refuse;
use crate::conversation::{Conversation, ConversationError, Echo, Reply};
use crate::login::Machine;
use crate::outcome::{Granted, Refused, Verdict};
use crate::pending::{Pending, Proven};

/// Services whose own prompt option would replace ours: the screen goes as text, a short prompt follows.
const TEXT_BEFORE_PROMPT: [&str; 2] = ["sudo", "sudo-i"];

/// What a person answered at enrollment.
enum Answer {
    Word(Word),
    Code(Code),
    Neither,
}

/// How the screen is drawn next; `None` once it needs no repetition.
struct Picture {
    qr: Qr,
    polarity: Polarity,
}

/// Shows the QR code and asks until a code proves the token, the user disables, or the tries are used up.
pub(crate) fn enroll<S: Store>(
    machine: &Machine,
    config: &Config,
    login: &Login,
    store: &S,
    user: &UserName,
    edition: Edition,
    offer: Offer,
) -> Verdict {
    let token = new_token(config.new_token_parameters(), machine.now()?)?;
    let mut picture = Picture { qr: config.prompt.qr, polarity: Polarity::DarkTerminal };
    let mut screen = Some(draw(config, user, &token, &picture, offer, machine.now()?));
    let mut tries = Tries::new(config);
    loop {
        let shown = screen.take();
        match ask(machine, config, &token, &mut tries, shown.as_deref().map(String::as_str))? {
            Answer::Code(code) => {
                if let Some(step) = prove(config, &token, machine.now()?, &code) {
                    let proof = Proven::Token(token, step);
                    return keep(machine, config, login, store, user, edition, proof);
                }
                let attempt = tries.attempt();
                let detail = Some("at enrollment".to_owned());
                machine.log(&Event::Refused { reason: RefusedReason::WrongCode, detail });
                tries.count(Notice::WrongCode(attempt, Stage::Enrollment))?;
            }
            Answer::Word(Word::Later) => match offer.later_until {
                Some(_) => return later(machine, config, login, store, user),
                None => tries.uncounted(Some(Notice::NoTimeLeft), RefusedReason::NoTimeLeft)?,
            },
            Answer::Word(Word::Disable) => match offer.disabling {
                Disabling::Allowed => return keep(machine, config, login, store, user, edition, Proven::Disable),
                Disabling::Refused => tries.uncounted(Some(Notice::MayNotDisable), RefusedReason::MayNotDisable)?,
            },
            Answer::Word(word) => {
                tries.uncounted(None, RefusedReason::NotACode)?;
                picture = picture.after(word);
                screen = Some(draw(config, user, &token, &picture, offer, machine.now()?));
            }
            Answer::Neither => tries.not_a_code(&[token.parameters.digits])?,
        }
    }
}

impl Picture {
    fn after(self, word: Word) -> Self {
        match word {
            Word::Ascii => Self { qr: Qr::Ascii, ..self },
            Word::Invert => Self { polarity: self.polarity.inverted(), ..self },
            Word::Disable | Word::Later => self,
        }
    }
}

fn draw(
    config: &Config,
    user: &UserName,
    token: &Token,
    picture: &Picture,
    offer: Offer,
    now: UnixTime,
) -> Zeroizing<String> {
    let mut words = vec![Word::Ascii, Word::Invert];
    if offer.disabling == Disabling::Allowed {
        words.push(Word::Disable);
    }
    if offer.later_until.is_some() {
        words.push(Word::Later);
    }
    let issuer = issuer(config);
    let uri = otpauth_uri(&issuer, user.as_str(), &token.secret, token.parameters);
    Enrollment {
        user: user.as_str(),
        issuer: &issuer,
        secret: &token.secret,
        parameters: token.parameters,
        uri: &uri,
        qr: picture.qr,
        polarity: picture.polarity,
        columns: Columns::Unknown,
        words: &words,
        time_left: offer.later_until.map(|until| now.until(until)),
    }
    .render()
}

/// Asks once, with the screen if there is one to show.
fn ask(
    machine: &Machine,
    config: &Config,
    token: &Token,
    tries: &mut Tries,
    screen: Option<&str>,
) -> Result<Answer, Refused> {
    let short = machine.prompt_below(&tries.take_notices(), PROMPT);
    let echo = if config.prompt.echo { Echo::On } else { Echo::Off };
    match ask_below(machine, screen, &short, echo)? {
        Reply::Text(answer) => Ok(understand(&answer, machine.handle.password().as_deref(), token)),
        Reply::NotText => Ok(Answer::Neither),
        Reply::Nothing => Err(Refused::aborted()),
    }
}

/// Asks below a screen that holds secrets: in one prompt, but for services that replace prompts.
pub(crate) fn ask_below(
    machine: &Machine,
    screen: Option<&str>,
    short: &str,
    echo: Echo,
) -> Result<Reply, ConversationError> {
    let Some(screen) = screen else { return machine.handle.ask(short, echo) };
    if TEXT_BEFORE_PROMPT.contains(&machine.service().as_str()) {
        machine.handle.show(screen)?;
        return machine.handle.ask(short, echo);
    }
    // The ssh client writes `(user@host) ` before a prompt: begin on a line of our own.
    let mut prompt = Zeroizing::new(String::with_capacity(screen.len().saturating_add(512)));
    prompt.push('\n');
    prompt.push_str(screen);
    prompt.push_str(short);
    machine.handle.ask(&prompt, echo)
}

/// A word, a code or neither. What equals the password is never a word: sshd's blind password method answers every
/// hidden prompt with it, and someone's password may be `disable`.
fn understand(answer: &str, password: Option<&Vec<u8>>, token: &Token) -> Answer {
    let is_password = password.is_some_and(|password| password.as_slice() == answer.as_bytes());
    match Word::parse(answer) {
        Some(word) if !is_password => Answer::Word(word),
        _ => Code::parse(answer, &[token.parameters.digits]).map_or(Answer::Neither, Answer::Code),
    }
}

/// Lets someone through who puts it off, if there is time left at this very moment.
fn later<S: Store>(machine: &Machine, config: &Config, login: &Login, store: &S, user: &UserName) -> Verdict {
    let session = store.begin(user)?;
    let state = session.state();
    let until = match plan(config, login, state.record.as_ref(), &state.counters, machine.now()?) {
        Plan::Enroll(Offer { later_until, .. }) => later_until,
        Plan::Grace(until) => Some(until),
        Plan::Ask | Plan::AskRecovery(_) | Plan::Ignore | Plan::Refuse(_) => return Err(settings_changed()),
    };
    drop(session);
    let until = until.ok_or_else(|| Refused::because(RefusedReason::NoTimeLeft, Notice::NoTimeLeft))?;
    machine.log(&Event::Grace { until });
    Ok(Granted::Proven)
}

/// Counts the proof as uncommitted, then keeps it for the account phase.
fn keep<S: Store>(
    machine: &Machine,
    config: &Config,
    login: &Login,
    store: &S,
    user: &UserName,
    edition: Edition,
    what: Proven,
) -> Verdict {
    let mut session = store.begin(user)?;
    let now = machine.now()?;
    let state = session.state();
    if state.edition() != edition {
        return Err(settings_changed());
    }
    match plan(config, login, state.record.as_ref(), &state.counters, now) {
        Plan::Enroll(_) => {}
        Plan::Refuse(refusal) => return Err(refuse(refusal, login, state.counters.throttle, now)),
        // Grace in place of enrollment: three proofs went uncommitted meanwhile.
        Plan::Ask | Plan::AskRecovery(_) | Plan::Ignore | Plan::Grace(_) => return Err(settings_changed()),
    }
    if what == Proven::Disable {
        may_disable(config, login, state)?;
    }
    let next = proven(&state.counters, now);
    match session.write_counters(&next)? {
        Written::Committed => {}
        Written::Conflict => return Err(settings_changed()),
    }
    drop(session);
    remember(machine, user, edition, now, what)
}

fn remember(machine: &Machine, user: &UserName, edition: Edition, proven_at: UnixTime, what: Proven) -> Verdict {
    let pending = Pending {
        process: std::process::id(),
        service: machine.service(),
        user: user.clone(),
        proven_at,
        edition,
        what,
    };
    match machine.handle.set_pending(pending) {
        Ok(()) => Ok(Granted::Proven),
        Err(_) => Err(Refused::because(RefusedReason::StalePending, Notice::NotAvailable)),
    }
}

/// Whether the user may turn 2FA off in this login, decided on the state at hand.
pub(crate) fn may_disable(config: &Config, login: &Login, state: &State) -> Result<(), Refused> {
    let default = CanToggle::from_bool(config.defaults.can_toggle);
    let can_toggle = state.record.as_ref().map_or(default, |record| record.can_toggle);
    let target = Target::unguarded(can_toggle, login.administrator, login.demand);
    authorize(Actor::SelfAtLogin, &Change::Disable, target).map_err(|denied| match denied {
        Denied::LookupFailed => Refused::because(RefusedReason::UserLookup, Notice::NotAvailable),
        _ => Refused::because(RefusedReason::MayNotDisable, Notice::MayNotDisable),
    })
}

pub(crate) fn settings_changed() -> Refused {
    Refused::because(RefusedReason::SettingsChanged, Notice::SettingsChanged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_common::notice::Attempt;
    use countersign_common::token::Parameters;

    fn token() -> Token {
        new_token(Parameters::default(), UnixTime::default()).unwrap()
    }

    #[test]
    fn the_password_is_never_a_word() {
        let password = b"disable".to_vec();
        assert!(matches!(understand("disable", Some(&password), &token()), Answer::Neither));
        assert!(matches!(understand("DISABLE", Some(&password), &token()), Answer::Word(Word::Disable)));
        assert!(matches!(understand("disable", None, &token()), Answer::Word(Word::Disable)));
    }

    #[test]
    fn a_password_of_six_digits_may_still_be_typed_as_a_code() {
        let password = b"123456".to_vec();
        assert!(matches!(understand("123456", Some(&password), &token()), Answer::Code(_)));
    }

    #[test]
    fn the_first_wrong_answer_does_not_speak_of_clocks() {
        let mut tries = Tries::new(&Config::default());
        assert_eq!((tries.attempt(), tries.attempt()), (Attempt::First, Attempt::Later));
    }
}
