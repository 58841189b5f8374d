//! Asking an enrolled user for a code.
//!
//! Invariants: each well-formed code is judged in one transaction, planned again under the lock, and what it leaves
//! behind is durable before anyone learns the verdict (I1, I2); no lock is held across a prompt.

use countersign_common::audit::{Event, RefusedReason};
use countersign_common::config::Config;
use countersign_common::counters::Counters;
use countersign_common::decision::{
    BlockEnd, Login, Plan, Refusal, Verdict as Judged, drift, is_slow_guessing, judge, plan,
};
use countersign_common::notice::{Attempt, Notice, PROMPT, Stage};
use countersign_common::record::{Record, UserName};
use countersign_common::store::{Session, Store, Written};
use countersign_common::token::{Code, Digits, UnixTime};

use crate::authenticate::refuse;
use crate::conversation::{Conversation, Echo, Reply};
use crate::login::Machine;
use crate::outcome::{Granted, Refused, Verdict};

/// Answers per login that are not counted (not codes, or words), before the person is sent away.
pub(crate) const UNCOUNTED_ANSWERS: u32 = 10;

/// What one transaction found.
struct Judgement {
    verdict: Judged,
    record: Record,
    counters: Counters,
    now: UnixTime,
}

/// Asks an enrolled user until a code is accepted, the tries are used up, or the user is blocked.
pub(crate) fn enrolled<S: Store>(
    machine: &Machine,
    config: &Config,
    login: &Login,
    store: &S,
    user: &UserName,
    lengths: &[Digits],
) -> Verdict {
    let mut tries = Tries::new(config);
    loop {
        let Some(code) = ask_code(machine, config, &mut tries, lengths)? else { continue };
        let judgement = judge_code(machine, config, login, store, user, &code)?;
        log(machine, &judgement);
        match judgement.verdict {
            Judged::Accepted { failures, last_login, .. } => {
                if failures > 0 {
                    let notice = Notice::FailuresSince(failures, last_login);
                    // Whether the person hears it changes nothing.
                    machine.tell(&notice);
                }
                return Ok(Granted::Proven);
            }
            Judged::Blocked(end) => {
                let refusal = Refusal::Blocked(end);
                return Err(refuse(refusal, login, judgement.counters.throttle, judgement.now));
            }
            Judged::Wrong { blocked: Some(end), .. } => {
                let blocked = match end {
                    BlockEnd::At(end) => Notice::BlockedFor(judgement.now.until(end)),
                    BlockEnd::Unblock => Notice::BlockedForGood,
                };
                let wrong = Notice::WrongCode(tries.attempt(), Stage::Login);
                return Err(Refused::after_answers(vec![wrong, blocked]));
            }
            Judged::Wrong { blocked: None, .. } => {
                let wrong = Notice::WrongCode(tries.attempt(), Stage::Login);
                tries.count(wrong)?;
            }
            Judged::Used => tries.count(Notice::CodeUsed)?,
            Judged::TooOld => tries.count(Notice::CodeTooOld)?,
            Judged::ClockWentBack => {
                // If the code was wrong, it was counted, and may have brought a block: then nothing more is asked.
                let Judgement { record, counters, now, .. } = &judgement;
                if let Plan::Refuse(refusal) = plan(config, login, Some(record), counters, *now) {
                    return Err(refuse(refusal, login, counters.throttle, *now));
                }
                tries.count(Notice::ClockWentBack)?;
            }
        }
    }
}

/// Asks someone who has no account here, so that nothing tells them apart from someone who typed wrong codes.
pub(crate) fn stranger(machine: &Machine, config: &Config) -> Verdict {
    let mut tries = Tries::new(config);
    let lengths = [config.totp.digits];
    machine.log(&Event::Refused { reason: RefusedReason::UnknownUser, detail: None });
    loop {
        if ask_code(machine, config, &mut tries, &lengths)?.is_some() {
            let wrong = Notice::WrongCode(tries.attempt(), Stage::Login);
            tries.count(wrong)?;
        }
    }
}

/// Asks once. `None` if the answer was not a code, which is noted for the next prompt.
fn ask_code(
    machine: &Machine,
    config: &Config,
    tries: &mut Tries,
    lengths: &[Digits],
) -> Result<Option<Code>, Refused> {
    let echo = if config.prompt.echo { Echo::On } else { Echo::Off };
    let prompt = machine.prompt_below(&tries.take_notices(), PROMPT);
    let code = match machine.handle.ask(&prompt, echo)? {
        Reply::Text(answer) => Code::parse(&answer, lengths).ok(),
        Reply::NotText => None,
        Reply::Nothing => return Err(Refused::aborted()),
    };
    if code.is_none() {
        tries.not_a_code(lengths)?;
    }
    Ok(code)
}

/// One transaction: lock, read, clock, plan again, judge, write, unlock.
fn judge_code<S: Store>(
    machine: &Machine,
    config: &Config,
    login: &Login,
    store: &S,
    user: &UserName,
    code: &Code,
) -> Result<Judgement, Refused> {
    let changed = || Refused::because(RefusedReason::SettingsChanged, Notice::SettingsChanged);
    let mut session = store.begin(user)?;
    let now = machine.now()?;
    let state = session.state().clone();
    let plan = plan(config, login, state.record.as_ref(), &state.counters, now);
    let (Some(record), Plan::Ask | Plan::Refuse(Refusal::Blocked(_))) = (state.record, plan) else {
        return Err(changed());
    };
    let judgement = judge(config, login, &record, &state.counters, now, code);
    let was_counted =
        judgement.next.is_some() && matches!(judgement.verdict, Judged::Wrong { .. } | Judged::ClockWentBack);
    let counters = match judgement.next {
        Some(next) => match session.write_counters(&next)? {
            Written::Committed => next,
            Written::Conflict => return Err(changed()),
        },
        None => state.counters,
    };
    drop(session);
    let verdict = judgement.verdict;
    // Only after the failure is counted and the lock released; only root reads it.
    if was_counted && let Some(steps) = drift(&record, now, code) {
        machine.log(&Event::Drift { steps });
    }
    Ok(Judgement { verdict, record, counters, now })
}

/// One line for each answer.
fn log(machine: &Machine, judgement: &Judgement) {
    let refused = |reason| Event::Refused { reason, detail: None };
    let event = match judgement.verdict {
        Judged::Accepted { failures, offset, .. } => Event::Accepted { offset_steps: offset, failures },
        Judged::Used => Event::Replay,
        Judged::TooOld => refused(RefusedReason::TooOld),
        Judged::ClockWentBack => refused(RefusedReason::ClockWentBack),
        Judged::Wrong { .. } => refused(RefusedReason::WrongCode),
        // Told by the refusal that follows.
        Judged::Blocked(_) => return,
    };
    machine.log(&event);
    let throttle = judgement.counters.throttle;
    if let Judged::Wrong { blocked: Some(end), failures } = judgement.verdict {
        let until = match end {
            BlockEnd::At(until) => Some(until),
            BlockEnd::Unblock => None,
        };
        machine.log(&Event::Blocked { until, failures });
    }
    let is_failure = throttle.failures > 0 && throttle.last_failure == judgement.now;
    if is_failure && is_slow_guessing(judgement.counters.slow, judgement.now) {
        machine.log(&Event::SlowGuessing { failures: judgement.counters.slow.failures });
    }
    debug_assert!(judgement.record.is_enrolled());
}

/// How often a person may still answer, and what to tell them with the next prompt.
pub(crate) struct Tries {
    left: u32,
    uncounted_left: u32,
    wrong: u32,
    notices: Vec<Notice>,
}

impl Tries {
    pub(crate) fn new(config: &Config) -> Self {
        Self { left: config.prompt.tries.into(), uncounted_left: UNCOUNTED_ANSWERS, wrong: 0, notices: vec![] }
    }

    /// Which wrong answer the one just given is.
    pub(crate) fn attempt(&mut self) -> Attempt {
        self.wrong = self.wrong.saturating_add(1);
        if self.wrong == 1 { Attempt::First } else { Attempt::Later }
    }

    /// Counts an answer; the last one ends the login.
    pub(crate) fn count(&mut self, notice: Notice) -> Result<(), Refused> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Err(Refused::after_answers(vec![notice]));
        }
        self.notices = vec![notice];
        Ok(())
    }

    /// Notes an answer that is not a code; too many of them end the login.
    pub(crate) fn not_a_code(&mut self, lengths: &[Digits]) -> Result<(), Refused> {
        self.uncounted(Some(Notice::NotACode(lengths.to_vec())), RefusedReason::NotACode)
    }

    /// Notes an answer that does not count; too many of them end the login for this reason.
    pub(crate) fn uncounted(&mut self, notice: Option<Notice>, reason: RefusedReason) -> Result<(), Refused> {
        self.uncounted_left = self.uncounted_left.saturating_sub(1);
        self.notices = notice.into_iter().collect();
        if self.uncounted_left == 0 {
            let last = self.notices.pop().unwrap_or(Notice::NotAvailable);
            return Err(Refused::because(reason, last));
        }
        Ok(())
    }

    /// What to tell with the next prompt.
    pub(crate) fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }
}
