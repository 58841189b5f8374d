//! Confirmation: a current code, or a recovery code, of the caller, used up like a login's.
//!
//! Invariants: each answer is judged in one transaction on the caller's own state, and what it leaves behind is durable
//! before anyone learns the verdict (I1); no lock is held while the caller is waited for; wrong ones count for the helper
//! alone.

use countersign_common::audit::{Event, RefusedReason};
use countersign_common::decision::{Answer, BlockEnd, Verdict, block, confirm, recovery_codes_left};
use countersign_common::dialogue::{Asked, Echo, Question};
use countersign_common::notice::{Attempt, Notice, PROMPT, Stage, blocked_prompt};
use countersign_common::record::Record;
use countersign_common::store::{Edition, Session, State, Store, Written};
use countersign_common::token::UnixTime;

use crate::desk::{Desk, Person, log};
use crate::refusal::Refusal;
use crate::talk::Talk;

/// Answers in all, those that are no codes included.
const ANSWERS: usize = 10;

/// Asks the caller to confirm; gives the edition of the record that the code belongs to.
pub(crate) fn confirmed(desk: &Desk, talk: &mut Talk) -> Result<Edition, Refusal> {
    let mut notice = None;
    let mut wrong = 0_u32;
    for _ in 0..ANSWERS {
        let prompt = prompt(desk)?;
        let question = Question { asked: Asked::Confirmation, prompt, echo: echo(desk), notice: notice.take() };
        let answer = talk.ask(question)?;
        let Some((verdict, edition, now)) = judged(desk, &answer)? else {
            notice = Some(not_a_code(desk)?);
            continue;
        };
        let said = match verdict {
            Verdict::Accepted { .. } | Verdict::RecoveryAccepted { .. } => return Ok(edition),
            Verdict::Wrong { blocked: Some(end), .. } | Verdict::Blocked(end) => {
                return Err(Refusal::notice(desk, &blocked_notice(end, now)));
            }
            Verdict::Wrong { .. } => {
                wrong = wrong.saturating_add(1);
                Notice::WrongCode(if wrong == 1 { Attempt::First } else { Attempt::Later }, Stage::Login)
            }
            Verdict::Used => Notice::CodeUsed,
            Verdict::TooOld => Notice::CodeTooOld,
            Verdict::ClockWentBack => return Err(Refusal::notice(desk, &Notice::ClockWentBack)),
        };
        if wrong >= u32::from(desk.config.prompt.tries) {
            return Err(Refusal::notice(desk, &said));
        }
        notice = Some(said.worded(desk.support()).to_string());
    }
    Err(Refusal::new("no code was given; nothing is changed"))
}

/// One answer in one transaction; `None` if it is no code at all.
fn judged(desk: &Desk, text: &str) -> Result<Option<(Verdict, Edition, UnixTime)>, Refusal> {
    let fails = |error| Refusal::store(desk, error).about(&desk.caller);
    let mut session = desk.store.begin(desk.caller.name()).map_err(fails)?;
    let now = desk.now()?;
    let Some(record) = session.state().record.clone().filter(Record::is_enrolled) else { return Err(changed(desk)) };
    let Some(answer) = Answer::parse(text, &record) else { return Ok(None) };
    let judgement = confirm(&desk.config, &record, &session.state().counters, now, &answer);
    if let Some(next) = &judgement.next {
        match session.write_counters(next).map_err(fails)? {
            Written::Committed => {}
            Written::Conflict => return Err(changed(desk)),
        }
    }
    let (edition, throttle) = (session.state().edition(), session.state().counters.helper_throttle);
    drop(session);
    note(&desk.caller, judgement.verdict, throttle.failures, block(&desk.config, throttle, now));
    Ok(Some((judgement.verdict, edition, now)))
}

/// What to ask; refuses at once where nothing would be looked at.
fn prompt(desk: &Desk) -> Result<String, Refusal> {
    let State { record, counters } = desk.view(&desk.caller)?;
    let now = desk.now()?;
    let Some(end) = block(&desk.config, counters.helper_throttle, now) else { return Ok(PROMPT.to_owned()) };
    if record.is_none_or(|record| recovery_codes_left(&record, &counters) == 0) {
        log(Some(&desk.caller), &blocked_event(end, counters.helper_throttle.failures));
        return Err(Refusal::notice(desk, &blocked_notice(end, now)));
    }
    let left = match end {
        BlockEnd::At(end) => Some(now.until(end)),
        BlockEnd::Unblock => None,
    };
    Ok(blocked_prompt(left, desk.support()))
}

fn blocked_notice(end: BlockEnd, now: UnixTime) -> Notice {
    match end {
        BlockEnd::At(end) => Notice::BlockedFor(now.until(end)),
        BlockEnd::Unblock => Notice::BlockedForGood,
    }
}

fn not_a_code(desk: &Desk) -> Result<String, Refusal> {
    let record = desk.view(&desk.caller)?.record;
    let lengths = record.map(|record| record.code_lengths()).unwrap_or_default();
    Ok(Notice::NotACode(lengths).worded(desk.support()).to_string())
}

/// Someone changed the settings between two steps.
pub(crate) fn changed(desk: &Desk) -> Refusal {
    let event = Event::Refused { reason: RefusedReason::SettingsChanged, detail: None };
    Refusal::new(format!("the settings of {} changed meanwhile; nothing is changed", desk.caller_name()))
        .hint("try again")
        .logged(event)
        .about(&desk.caller)
}

/// Whether answers are seen while typed: as at a login.
pub(crate) fn echo(desk: &Desk) -> Echo {
    if desk.config.prompt.echo { Echo::On } else { Echo::Off }
}

fn blocked_event(end: BlockEnd, failures: u16) -> Event {
    let until = match end {
        BlockEnd::At(until) => Some(until),
        BlockEnd::Unblock => None,
    };
    Event::Blocked { until, failures }
}

/// Logs what an answer was worth, and the block it brought; `failures` and `blocked` are what stands now.
fn note(caller: &Person, verdict: Verdict, failures: u16, blocked: Option<BlockEnd>) {
    let refused = |reason| Event::Refused { reason, detail: None };
    let event = match verdict {
        Verdict::Accepted { failures, offset, .. } => Event::Accepted { offset_steps: offset, failures },
        Verdict::RecoveryAccepted { left, failures, .. } => Event::RecoveryUsed { left, failures },
        Verdict::Wrong { .. } => refused(RefusedReason::WrongCode),
        Verdict::Used => Event::Replay,
        Verdict::TooOld => refused(RefusedReason::TooOld),
        Verdict::ClockWentBack => refused(RefusedReason::ClockWentBack),
        Verdict::Blocked(end) => blocked_event(end, failures),
    };
    log(Some(caller), &event);
    // Where the clock went back, a wrong code is counted all the same.
    if let (Verdict::Wrong { .. } | Verdict::ClockWentBack, Some(end)) = (verdict, blocked) {
        log(Some(caller), &blocked_event(end, failures));
    }
}
