//! One change of one user, in one transaction: everything looked up anew, then under the lock authorized on the state
//! as it stands, applied, made durable, logged.
//!
//! Invariants: at any instant the old or the new state stands (I7); the order of writes is that of root's command;
//! nothing is written before it is certain that all of it may be.

use countersign_common::audit::Event;
use countersign_common::counters::Counters;
use countersign_common::decision::{Action, Applied, Change, apply, apply_all, blank, unblocked};
use countersign_common::dialogue::Request;
use countersign_common::record::{Record, meant};
use countersign_common::store::{Edition, Session, State, Store, Written};
use countersign_common::system::{new_id, new_recovery_codes};
use countersign_common::token::{RecoveryCode, TokenId, UnixTime};

use crate::case::Case;
use crate::confirming::changed;
use crate::desk::{Desk, Person, log};
use crate::enrolling::{self, Proven};
use crate::first_act::CallerUid;
use crate::refusal::Refusal;

/// How often a change is tried when others change the same user.
const ATTEMPTS: usize = 5;

/// What is to be changed, once everything is asked and answered.
pub(crate) struct Order<'a> {
    pub(crate) caller: CallerUid,
    pub(crate) request: &'a Request,
    /// The target, as it was when the dialogue began.
    pub(crate) target: &'a Person,
    /// The edition of the caller's record that the confirming code belongs to, if one was asked for.
    pub(crate) confirmed: Option<Edition>,
    /// The token that is added.
    pub(crate) proven: Option<Proven>,
}

/// What was done.
pub(crate) struct Outcome {
    pub(crate) before: State,
    pub(crate) after: State,
    pub(crate) now: UnixTime,
    pub(crate) codes: Vec<RecoveryCode>,
}

impl Order<'_> {
    /// Makes the change.
    pub(crate) fn carry_out(&self) -> Result<Outcome, Refusal> {
        for _ in 0..ATTEMPTS {
            // Configuration, accounts and groups may have changed while the caller was asked.
            let desk = Desk::open(self.caller)?;
            let case = Case::open(&desk, self.request.action, desk.person(self.target.as_str())?)?;
            self.check(&case)?;
            if let Some(outcome) = nothing_to_do(&case)? {
                return Ok(outcome);
            }
            let mut session = desk.store.begin(case.target.name()).map_err(|error| Refusal::store(&desk, error))?;
            let before = session.state().clone();
            let now = desk.now()?;
            self.check_locked(&case, &before)?;
            let mut codes = Vec::new();
            let written = self.write(&case, &mut session, now, &mut codes);
            let after = session.state().clone();
            drop(session);
            // A record that changed is logged even if a later write failed: the log tells what is so.
            if before.record != after.record || (matches!(written, Ok(Written::Committed)) && before != after) {
                self.log(&case);
            }
            match written? {
                Written::Committed => return Ok(Outcome { before, after, now, codes }),
                Written::Conflict => {}
            }
        }
        Err(Refusal::new("others are changing the same user").hint("try again in a moment"))
    }

    /// Whether caller and target are still who they were, and a code was asked for if one is due now.
    fn check(&self, case: &Case) -> Result<(), Refusal> {
        let is_due = case.is_confirmed() && self.confirmed.is_none();
        let is_stale = self.confirmed.is_some_and(|edition| edition != case.own_edition());
        let is_another = case.target.account != self.target.account;
        if is_due || is_stale || is_another { Err(changed(case.desk)) } else { Ok(()) }
    }

    /// The same of the target's state, which the lock holds still, and of the caller's own, which may have changed while
    /// the lock was waited for.
    fn check_locked(&self, case: &Case, state: &State) -> Result<(), Refusal> {
        if let Some(confirmed) = self.confirmed {
            let own = if case.is_own() { state.edition() } else { case.desk.view(&case.desk.caller)?.edition() };
            if own != confirmed {
                return Err(changed(case.desk));
            }
        }
        case.check(state)
    }

    fn write(
        &self,
        case: &Case,
        session: &mut impl Session,
        now: UnixTime,
        codes: &mut Vec<RecoveryCode>,
    ) -> Result<Written, Refusal> {
        let record = blank_or_stored(case, session.state(), now)?;
        let changes = self.changes(case, &record, codes)?;
        // Refused here, the counters are not touched: a step that another token needs would be lost.
        let applied = apply_all(&changes, &record, case.desk.caller_name(), now)
            .map_err(|refused| Refusal::change(refused, |action| case.command(action)))?;
        if let Some(proven) = &self.proven {
            // First the proving step: a token must never stand in the record without it.
            let next = proven.counters(&session.state().counters, &record, now);
            if write_counters(case.desk, session, &next)? == Written::Conflict {
                return Ok(Written::Conflict);
            }
        }
        if let Applied::Changed(next) = applied {
            let written = session.replace_record(&next).map_err(|error| Refusal::store(case.desk, error))?;
            if written == Written::Conflict {
                return Ok(Written::Conflict);
            }
        }
        if !matches!(case.action, Action::Reset | Action::Unblock) {
            return Ok(Written::Committed);
        }
        // Last the failures: a crash above leaves a block, never a token with its failures forgotten.
        let counters = session.state().counters.clone();
        let next = unblocked(&counters);
        if next == counters { Ok(Written::Committed) } else { write_counters(case.desk, session, &next) }
    }

    fn changes(&self, case: &Case, record: &Record, codes: &mut Vec<RecoveryCode>) -> Result<Vec<Change>, Refusal> {
        Ok(match self.request.action {
            Action::Enable => vec![Change::Enable],
            Action::Disable => vec![Change::Disable],
            Action::Lock => vec![Change::Lock],
            Action::Unlock => vec![Change::Unlock],
            Action::Reset => vec![Change::Reset],
            Action::RemoveToken => vec![Change::RemoveToken(named_token(case, record, self.request)?)],
            Action::NewRecoveryCodes => {
                renewable(case, Some(record))?;
                vec![renewed(case.desk, codes)?]
            }
            Action::Enroll => {
                enrolling::admitted(case, self.request, &record.tokens)?;
                let mut changes = self.proven.as_ref().map(|proven| proven.changes(record)).unwrap_or_default();
                // As at a login: the first token brings recovery codes.
                if !record.is_enrolled() && u32::from(case.desk.config.recovery.codes) > 0 {
                    changes.push(renewed(case.desk, codes)?);
                }
                changes
            }
            Action::Unblock | Action::Status | Action::Explain | Action::Tokens => Vec::new(),
        })
    }

    fn log(&self, case: &Case) {
        let event = Event::Changed { what: case.action.logged(), by: case.desk.caller_name().to_owned() };
        log(Some(&case.target), &event);
        if let Some(proven) = &self.proven {
            log(Some(&case.target), &Event::Enrolled { token: proven.token.id.to_string() });
        }
    }
}

/// Someone of whom nothing is stored needs no file to be forgotten or unblocked.
fn nothing_to_do(case: &Case) -> Result<Option<Outcome>, Refusal> {
    if !matches!(case.action, Action::Reset | Action::Unblock) {
        return Ok(None);
    }
    let state = case.state()?;
    let is_blank = state.record.is_none() && state.counters == Counters::default();
    let now = case.desk.now()?;
    Ok(is_blank.then(|| Outcome { before: state.clone(), after: state, now, codes: Vec::new() }))
}

/// Refuses a token that cannot be taken away, before anyone is asked for a code.
pub(crate) fn removable(case: &Case, state: &State, request: &Request) -> Result<(), Refusal> {
    let Some(record) = &state.record else { return Err(Refusal::new("there is no token")) };
    let change = Change::RemoveToken(named_token(case, record, request)?);
    apply(&change, record, "", record.changed_at)
        .map(|_| ())
        .map_err(|refused| Refusal::change(refused, |action| case.command(action)))
}

/// Refuses recovery codes for someone who has no token yet: the first one brings some.
pub(crate) fn renewable(case: &Case, record: Option<&Record>) -> Result<(), Refusal> {
    if record.is_some_and(Record::is_enrolled) {
        return wanted(case.desk);
    }
    let user = case.target.as_str();
    Err(Refusal::new(format!("{user}: is not enrolled; recovery codes come with the first token")))
}

/// Refuses recovery codes where there are none.
fn wanted(desk: &Desk) -> Result<(), Refusal> {
    if u32::from(desk.config.recovery.codes) > 0 {
        return Ok(());
    }
    Err(Refusal::new("this host hands out no recovery codes").hint("in the configuration, [recovery] codes is 0"))
}

fn write_counters(desk: &Desk, session: &mut impl Session, next: &Counters) -> Result<Written, Refusal> {
    session.write_counters(next).map_err(|error| Refusal::store(desk, error))
}

/// The record as it stands, or a blank one, with the account's present uid.
fn blank_or_stored(case: &Case, state: &State, now: UnixTime) -> Result<Record, Refusal> {
    let account = &case.target.account;
    if let Some(record) = &state.record {
        return Ok(Record { uid: account.uid, ..record.clone() });
    }
    let id = new_id().map_err(|error| Refusal::new(error.to_string()))?;
    Ok(blank(&case.desk.config, id, account.name.clone(), account.uid, now))
}

/// The token that is meant.
fn named_token(case: &Case, record: &Record, request: &Request) -> Result<TokenId, Refusal> {
    let named = request.token.as_deref().unwrap_or_default();
    match meant(&record.tokens, named).as_slice() {
        [token] => Ok(token.id),
        [_, _, ..] => Err(Refusal::new(format!("{named}: more than one token is called so"))
            .hint(format!("name it by more digits of its id: {}", case.command(Action::Tokens)))),
        [] => Err(Refusal::new(format!("{named}: there is no such token"))
            .hint(format!("to see them: {}", case.command(Action::Tokens)))),
    }
}

fn renewed(desk: &Desk, codes: &mut Vec<RecoveryCode>) -> Result<Change, Refusal> {
    wanted(desk)?;
    let count = usize::try_from(u32::from(desk.config.recovery.codes)).unwrap_or(0);
    let (new, set) = new_recovery_codes(count).map_err(|error| Refusal::new(error.to_string()))?;
    *codes = new;
    Ok(Change::RenewRecovery(set))
}
