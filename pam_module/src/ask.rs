//! Asking an enrolled user for a code.
//!
//! Invariants: each well-formed code is judged in one transaction, planned again under the lock, and what it leaves
//! behind is durable before anyone learns the verdict (I1, I2); no lock is held across a prompt.

use countersign_common::audit::{Event, RefusedReason};
use countersign_common::config::Config;
use countersign_common::counters::Counters;
use countersign_common::decision::{
    BlockEnd, Login, Plan, Refusal, Verdict as Judged, block, drift, is_slow_guessing, judge, judge_recovery, plan,
    recovery_codes_left,
};
use countersign_common::notice::{Attempt, Notice, PROMPT, Stage, blocked_prompt};
use countersign_common::record::UserName;
use countersign_common::store::{Session, Store};
use countersign_common::token::{Code, Digits, RecoveryCode, UnixTime};

use crate::authenticate::written;
use crate::conversation::{Conversation, Echo, Reply};
use crate::enroll::settings_changed;
use crate::login::Machine;
use crate::outcome::{Granted, Refused, Verdict};

/// Answers per login that are not counted (not codes, or words), before the person is sent away.
pub(crate) const UNCOUNTED_ANSWERS: u32 = 10;

/// A well-formed answer of an enrolled user.
enum Answer {
    Code(Code),
    Recovery(RecoveryCode),
}

/// What one transaction found.
struct Judgement {
    verdict: Judged,
    counters: Counters,
    recovery_left: u8,
    now: UnixTime,
}

/// Asks an enrolled user until a code is accepted, the tries are used up, or the user is blocked for good. While
/// `blocked`, a recovery code is asked for.
pub(crate) fn enrolled<S: Store>(
    machine: &Machine,
    config: &Config,
    login: &Login,
    store: &S,
    user: &UserName,
    lengths: &[Digits],
    mut blocked: Option<BlockEnd>,
) -> Verdict {
    let mut tries = Tries::new(config);
    loop {
        let prompt = prompt(machine, blocked)?;
        let Some(answer) = ask_answer(machine, config, &mut tries, lengths, &prompt)? else { continue };
        let judgement = judge_answer(machine, config, login, store, user, &answer)?;
        log(machine, &judgement);
        match judgement.verdict {
            Judged::Accepted { failures, last_login, .. } => {
                tell_failures(machine, failures, last_login);
                return Ok(Granted::Proven);
            }
            Judged::RecoveryAccepted { left, failures, last_login } => {
                machine.tell(&Notice::RecoveryCodesLeft(left));
                tell_failures(machine, failures, last_login);
                return Ok(Granted::Proven);
            }
            // Blocked by another session since the prompt: there is still the other way in.
            Judged::Blocked(end) if blocked.is_none() && judgement.recovery_left > 0 => {
                blocked = Some(end);
                tries.count_silently()?;
            }
            Judged::Blocked(end) => return Err(Refused::after_answers(vec![block_notice(end, judgement.now)])),
            Judged::Wrong { blocked: Some(end), .. } => {
                let wrong = Notice::WrongCode(tries.attempt(), Stage::Login);
                if judgement.recovery_left == 0 {
                    return Err(Refused::after_answers(vec![wrong, block_notice(end, judgement.now)]));
                }
                blocked = Some(end);
                tries.count(wrong)?;
            }
            Judged::Wrong { blocked: None, .. } => {
                let wrong = Notice::WrongCode(tries.attempt(), Stage::Login);
                tries.count(wrong)?;
            }
            Judged::Used => tries.count(Notice::CodeUsed)?,
            Judged::TooOld => tries.count(Notice::CodeTooOld)?,
            Judged::ClockWentBack => {
                // If the code was wrong, it was counted, and may have brought a block.
                if let Some(end) = block(config, judgement.counters.throttle, judgement.now) {
                    machine.log(&blocked_event(end, judgement.counters.throttle.failures));
                    if judgement.recovery_left == 0 {
                        return Err(Refused::after_answers(vec![block_notice(end, judgement.now)]));
                    }
                    blocked = Some(end);
                }
                tries.count(Notice::ClockWentBack)?;
            }
        }
    }
}

fn prompt(machine: &Machine, blocked: Option<BlockEnd>) -> Result<String, Refused> {
    let left = match blocked {
        None => return Ok(PROMPT.to_owned()),
        Some(BlockEnd::Unblock) => None,
        Some(BlockEnd::At(end)) => Some(machine.now()?.until(end)),
    };
    Ok(blocked_prompt(left, machine.support()))
}

fn tell_failures(machine: &Machine, failures: u16, last_login: Option<UnixTime>) {
    if failures > 0 {
        machine.tell(&Notice::FailuresSince(failures, last_login));
    }
}

fn block_notice(end: BlockEnd, now: UnixTime) -> Notice {
    match end {
        BlockEnd::At(end) => Notice::BlockedFor(now.until(end)),
        BlockEnd::Unblock => Notice::BlockedForGood,
    }
}

/// Asks someone who has no account here, so that nothing tells them apart from someone who typed wrong codes.
pub(crate) fn stranger(machine: &Machine, config: &Config) -> Verdict {
    let mut tries = Tries::new(config);
    let lengths = [config.totp.digits];
    machine.log(&Event::Refused { reason: RefusedReason::UnknownUser, detail: None });
    loop {
        if ask_answer(machine, config, &mut tries, &lengths, PROMPT)?.is_some() {
            let wrong = Notice::WrongCode(tries.attempt(), Stage::Login);
            tries.count(wrong)?;
        }
    }
}

/// Asks once. `None` if the answer was neither a code nor a recovery code, which is noted for the next prompt.
fn ask_answer(
    machine: &Machine,
    config: &Config,
    tries: &mut Tries,
    lengths: &[Digits],
    prompt: &str,
) -> Result<Option<Answer>, Refused> {
    let echo = if config.prompt.echo { Echo::On } else { Echo::Off };
    let prompt = machine.prompt_below(&tries.take_notices(), prompt);
    let answer = match machine.handle.ask(&prompt, echo)? {
        Reply::Text(answer) => understand(&answer, lengths),
        Reply::NotText => None,
        Reply::Nothing => return Err(Refused::aborted()),
    };
    if answer.is_none() {
        tries.not_a_code(lengths)?;
    }
    Ok(answer)
}

fn understand(answer: &str, lengths: &[Digits]) -> Option<Answer> {
    let code = Code::parse(answer, lengths).map(Answer::Code);
    code.or_else(|_| RecoveryCode::parse(answer).map(Answer::Recovery)).ok()
}

/// One transaction: lock, read, clock, plan again, judge, write, unlock.
fn judge_answer<S: Store>(
    machine: &Machine,
    config: &Config,
    login: &Login,
    store: &S,
    user: &UserName,
    answer: &Answer,
) -> Result<Judgement, Refused> {
    let mut session = store.begin(user)?;
    let now = machine.now()?;
    let state = session.state().clone();
    let plan = plan(config, login, state.record.as_ref(), &state.counters, now);
    let (Some(record), Plan::Ask | Plan::AskRecovery(_) | Plan::Refuse(Refusal::Blocked(_))) = (state.record, plan)
    else {
        return Err(settings_changed());
    };
    let judgement = match answer {
        Answer::Code(code) => judge(config, login, &record, &state.counters, now, code),
        Answer::Recovery(code) => judge_recovery(config, login, &record, &state.counters, now, code),
    };
    let was_counted =
        judgement.next.is_some() && matches!(judgement.verdict, Judged::Wrong { .. } | Judged::ClockWentBack);
    let counters = match judgement.next {
        Some(next) => {
            written(session.write_counters(&next)?)?;
            next
        }
        None => state.counters,
    };
    drop(session);
    let verdict = judgement.verdict;
    // Only after the failure is counted and the lock released; only root reads it.
    if let (true, Answer::Code(code)) = (was_counted, answer)
        && let Some(steps) = drift(&record, now, code)
    {
        machine.log(&Event::Drift { steps });
    }
    Ok(Judgement { verdict, recovery_left: recovery_codes_left(&record, &counters), counters, now })
}

fn blocked_event(end: BlockEnd, failures: u16) -> Event {
    let until = match end {
        BlockEnd::At(until) => Some(until),
        BlockEnd::Unblock => None,
    };
    Event::Blocked { until, failures }
}

/// One line for each answer.
fn log(machine: &Machine, judgement: &Judgement) {
    let refused = |reason| Event::Refused { reason, detail: None };
    let event = match judgement.verdict {
        Judged::Accepted { failures, offset, .. } => Event::Accepted { offset_steps: offset, failures },
        Judged::RecoveryAccepted { left, failures, .. } => Event::RecoveryUsed { left, failures },
        Judged::Used => Event::Replay,
        Judged::TooOld => refused(RefusedReason::TooOld),
        Judged::ClockWentBack => refused(RefusedReason::ClockWentBack),
        Judged::Wrong { .. } => refused(RefusedReason::WrongCode),
        Judged::Blocked(end) => blocked_event(end, judgement.counters.throttle.failures),
    };
    machine.log(&event);
    let throttle = judgement.counters.throttle;
    if let Judged::Wrong { blocked: Some(end), failures } = judgement.verdict {
        machine.log(&blocked_event(end, failures));
    }
    let is_failure = throttle.failures > 0 && throttle.last_failure == judgement.now;
    if is_failure && is_slow_guessing(judgement.counters.slow, judgement.now) {
        machine.log(&Event::SlowGuessing { failures: judgement.counters.slow.failures });
    }
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

    /// Counts an answer about which the next prompt says all; the last one ends the login.
    pub(crate) fn count_silently(&mut self) -> Result<(), Refused> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 { Err(Refused::after_answers(vec![])) } else { Ok(()) }
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
