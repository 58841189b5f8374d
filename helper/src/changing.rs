//! One change of one user, in one transaction: authorized again on the state under the lock, applied, made durable,
//! logged.
//!
//! Invariant: at any instant the old or the new state stands (I7); the order of writes is that of root's command.

use countersign_common::audit::Event;
use countersign_common::counters::Counters;
use countersign_common::decision::{Action, Applied, Change, Denied, Enrolled, apply_all, authorize, blank, unblocked};
use countersign_common::dialogue::Request;
use countersign_common::record::{Record, Revision, meant};
use countersign_common::store::{FileSession, Session, State, Store, Written};
use countersign_common::system::{new_id, new_recovery_codes};
use countersign_common::token::{RecoveryCode, TokenId, UnixTime};

use crate::confirming::changed;
use crate::desk::{Desk, Person, Relation, log};
use crate::enrolling::{self, Proven};
use crate::refusal::Refusal;

/// How often a change is tried when others change the same user.
const ATTEMPTS: usize = 5;

/// What is to be changed, once everything is asked and answered.
pub(crate) struct Order<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) action: Action,
    pub(crate) target: &'a Person,
    pub(crate) relation: &'a Relation,
    /// Whether the caller is enrolled: proven by the confirmation, where there was one.
    pub(crate) enrolled: Enrolled,
    /// The revision a confirmation was given for.
    pub(crate) confirmed_at: Option<Revision>,
    /// The token that is added.
    pub(crate) proven: Option<Proven>,
    /// The token that is taken away, as it was named.
    pub(crate) token: Option<String>,
}

/// What was done.
pub(crate) struct Outcome {
    pub(crate) before: State,
    pub(crate) after: State,
    pub(crate) now: UnixTime,
    pub(crate) codes: Vec<RecoveryCode>,
}

impl Order<'_> {
    /// Refuses what would be refused on this state after all has been asked.
    pub(crate) fn foresee(&self, request: &Request, state: &State) -> Result<(), Refusal> {
        match (self.action, &state.record) {
            (Action::Enroll, _) => enrolling::check(request, state),
            (Action::RemoveToken, Some(record)) => {
                let token = self.named_token(record)?;
                self.applied(&[Change::RemoveToken(token)], record, self.desk.caller_name(), self.desk.now()?).map(drop)
            }
            (Action::NewRecoveryCodes, _) if recovery_codes(self.desk) == 0 => Err(no_recovery_codes()),
            _ => Ok(()),
        }
    }

    /// Makes the change.
    pub(crate) fn carry_out(&self) -> Result<Outcome, Refusal> {
        for _ in 0..ATTEMPTS {
            let mut session =
                self.desk.store.begin(self.target.name()).map_err(|error| Refusal::store(self.desk, error))?;
            let before = session.state().clone();
            let now = self.desk.now()?;
            self.check(&before)?;
            let mut codes = Vec::new();
            let written = self.write(&mut session, now, &mut codes);
            let after = session.state().clone();
            drop(session);
            // A record that changed is logged even if a later write failed: the log tells what is so.
            if before.record != after.record || (matches!(written, Ok(Written::Committed)) && before != after) {
                self.log();
            }
            match written? {
                Written::Committed => return Ok(Outcome { before, after, now, codes }),
                Written::Conflict => {}
            }
        }
        Err(Refusal::new("others are changing the same user").hint("try again in a moment"))
    }

    /// Authorizes again, on the state that is about to change.
    fn check(&self, state: &State) -> Result<(), Refusal> {
        let revision = state.record.as_ref().map(|record| record.revision);
        if let (Relation::Oneself, Some(confirmed_at)) = (self.relation, self.confirmed_at)
            && revision != Some(confirmed_at)
        {
            return Err(changed(self.desk));
        }
        let actor = self.desk.actor(self.relation, self.enrolled);
        authorize(actor, self.action, self.desk.target(self.target, state)).map_err(|denied| self.denied(denied))
    }

    fn denied(&self, denied: Denied) -> Refusal {
        Refusal::denied(self.desk, self.action, self.target, denied)
    }

    fn write(
        &self,
        session: &mut FileSession,
        now: UnixTime,
        codes: &mut Vec<RecoveryCode>,
    ) -> Result<Written, Refusal> {
        let record = self.record(session.state(), now)?;
        let changes = self.changes(&record, codes)?;
        if let Some(proven) = &self.proven {
            // First the proving step: a token must never stand in the record without it.
            let next = proven.counters(&session.state().counters, &record, now);
            if self.counters(session, &next)? == Written::Conflict {
                return Ok(Written::Conflict);
            }
        }
        let by = self.desk.caller_name();
        if let Applied::Changed(next) = self.applied(&changes, &record, by, now)? {
            let written = session.replace_record(&next).map_err(|error| Refusal::store(self.desk, error))?;
            if written == Written::Conflict {
                return Ok(Written::Conflict);
            }
        }
        if !matches!(self.action, Action::Reset | Action::Unblock) {
            return Ok(Written::Committed);
        }
        // Last the failures: a crash above leaves a block, never a token with its failures forgotten.
        let counters = session.state().counters.clone();
        let next = unblocked(&counters);
        if next == counters { Ok(Written::Committed) } else { self.counters(session, &next) }
    }

    fn counters(&self, session: &mut FileSession, next: &Counters) -> Result<Written, Refusal> {
        session.write_counters(next).map_err(|error| Refusal::store(self.desk, error))
    }

    /// The record as it stands, or a blank one, with the account's present uid.
    fn record(&self, state: &State, now: UnixTime) -> Result<Record, Refusal> {
        let account = &self.target.account;
        if let Some(record) = &state.record {
            return Ok(Record { uid: account.uid, ..record.clone() });
        }
        let id = new_id().map_err(|error| Refusal::new(error.to_string()))?;
        Ok(blank(&self.desk.config, id, account.name.clone(), account.uid, now))
    }

    fn changes(&self, record: &Record, codes: &mut Vec<RecoveryCode>) -> Result<Vec<Change>, Refusal> {
        Ok(match self.action {
            Action::Enable => vec![Change::Enable],
            Action::Disable => vec![Change::Disable],
            Action::Lock => vec![Change::Lock],
            Action::Unlock => vec![Change::Unlock],
            Action::Reset => vec![Change::Reset],
            Action::RemoveToken => vec![Change::RemoveToken(self.named_token(record)?)],
            Action::NewRecoveryCodes => vec![renewed(self.desk, codes)?],
            Action::Enroll => {
                let mut changes = self.proven.as_ref().map(|proven| proven.changes(record)).unwrap_or_default();
                // As at a login: the first token brings recovery codes.
                if !record.is_enrolled() && u32::from(self.desk.config.recovery.codes) > 0 {
                    changes.push(renewed(self.desk, codes)?);
                }
                changes
            }
            Action::Unblock | Action::Status | Action::Explain | Action::Tokens => Vec::new(),
        })
    }

    /// The token that is meant.
    fn named_token(&self, record: &Record) -> Result<TokenId, Refusal> {
        let named = self.token.as_deref().unwrap_or_default();
        match meant(&record.tokens, named).as_slice() {
            [token] => Ok(token.id),
            [_, _, ..] => Err(Refusal::new(format!("{named}: more than one token is called so"))
                .hint(format!("name it by more digits of its id: {}", self.command(Action::Tokens)))),
            [] => Err(Refusal::new(format!("{named}: there is no such token"))
                .hint(format!("to see them: {}", self.command(Action::Tokens)))),
        }
    }

    fn applied(&self, changes: &[Change], record: &Record, by: &str, now: UnixTime) -> Result<Applied, Refusal> {
        apply_all(changes, record, by, now).map_err(|refused| Refusal::change(refused, |action| self.command(action)))
    }

    /// What the caller types about the target.
    fn command(&self, action: Action) -> String {
        match self.relation {
            Relation::Oneself => format!("countersign {}", action.as_str()),
            Relation::Other(_) => format!("countersign {} {}", action.as_str(), self.target.as_str()),
        }
    }

    fn log(&self) {
        let event = Event::Changed { what: self.action.logged(), by: self.desk.caller_name().to_owned() };
        log(Some(self.target), &event);
        if let Some(proven) = &self.proven {
            log(Some(self.target), &Event::Enrolled { token: proven.token.id.to_string() });
        }
    }
}

fn recovery_codes(desk: &Desk) -> usize {
    usize::try_from(u32::from(desk.config.recovery.codes)).unwrap_or(0)
}

fn no_recovery_codes() -> Refusal {
    Refusal::new("this host hands out no recovery codes").hint("in the configuration, [recovery] codes is 0")
}

fn renewed(desk: &Desk, codes: &mut Vec<RecoveryCode>) -> Result<Change, Refusal> {
    let count = recovery_codes(desk);
    if count == 0 {
        return Err(no_recovery_codes());
    }
    let (new, set) = new_recovery_codes(count).map_err(|error| Refusal::new(error.to_string()))?;
    *codes = new;
    Ok(Change::RenewRecovery(set))
}
