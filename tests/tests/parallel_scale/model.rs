//! What one user's second factor is, written down a second time and in a few lines: which events may happen in a state,
//! and the state after them. Knows nothing of the product's code.

/// Wrong codes in a row that bring no delay.
const FREE: u32 = 4;
/// At so many, only `unblock` lifts the block.
const HARD_LIMIT: u32 = 100;

/// All eight recovery codes of a set.
const ALL_SPENT: u32 = 0xff;
/// How many steps may end between the proof of a token and its commit.
const PENDING: i64 = 4;

/// A state, between two events. Time is counted in steps of 30 s.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct State {
    pub now: i64,
    /// The tokens' numbers in the history, and their last accepted steps.
    pub tokens: Vec<(usize, i64)>,
    /// The number of the set of recovery codes, and which of it are spent.
    pub recovery: Option<(usize, u32)>,
    pub failures: u32,
    pub last_failure: i64,
    pub is_off: bool,
}

/// What was typed at a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The code of a token at a step.
    Code { token: usize, step: i64 },
    /// A code of nobody's.
    Wrong,
    /// A recovery code, by its set and its place there.
    Recovery { set: usize, place: u32 },
    /// No code at all.
    Nothing,
}

/// What a person saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    Accepted,
    Wrong,
    Used,
    TooOld,
    Blocked,
    SettingsChanged,
    /// The prompt of someone who is enrolled.
    AskedForCode,
    /// The screen of someone who is not.
    AskedToEnroll,
    /// Let in without a question.
    NotAsked,
}

/// Something that happened at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The clock moved on by a step.
    Tick,
    Login(Answer, Seen),
    /// A first token was committed, proven by the code of a step, with a set of recovery codes.
    Enrolled {
        token: usize,
        step: i64,
        set: usize,
    },
    /// A code confirmed a command of the user's own.
    Confirmed {
        token: usize,
        step: i64,
    },
    /// Such a command was refused, before or after its code was used up.
    NotConfirmed {
        token: usize,
        step: i64,
    },
    Enabled,
    Disabled,
    Reset,
    Forgotten,
    Unblocked,
    /// The old set is void.
    NewRecoveryCodes {
        set: usize,
    },
    /// Refused, for there is no token.
    NoToken,
    /// What `status` says of the record.
    ToldRecord {
        is_off: bool,
        is_enrolled: bool,
    },
    /// What `status` says of the counters.
    ToldFailures(u32),
}

impl Event {
    /// Whether it changes nothing, wherever it happens.
    pub fn is_look(self) -> bool {
        match self {
            Self::Login(_, seen) => !matches!(seen, Seen::Accepted | Seen::Wrong),
            Self::NoToken | Self::ToldRecord { .. } | Self::ToldFailures(_) => true,
            _ => false,
        }
    }

    /// Whether it waits for nobody's lock, and so may happen while another's transaction goes on.
    pub fn needs_no_lock(self) -> bool {
        match self {
            Self::Login(_, seen) => matches!(seen, Seen::AskedForCode | Seen::AskedToEnroll | Seen::NotAsked),
            Self::Tick | Self::NoToken | Self::ToldRecord { .. } | Self::ToldFailures(_) => true,
            _ => false,
        }
    }
}

impl State {
    /// As [`after`](Self::after), judged by the clock of a moment before: it was read under the lock, and moved on before
    /// what came of it was written.
    pub fn after_judged_at(&self, clock: i64, event: Event) -> Vec<Self> {
        let then = Self { now: clock, ..self.clone() };
        then.after(event).into_iter().map(|next| Self { now: self.now, ..next }).collect()
    }

    /// What stands between the two writes of an event, where that can be told from what stands before and after: the
    /// tokens are gone, the failures not yet.
    pub fn halfway(&self, event: Event) -> Option<Self> {
        let is_off = match event {
            Event::Reset => self.is_off,
            Event::Forgotten => false,
            _ => return None,
        };
        (self.failures > 0).then(|| Self { is_off, tokens: Vec::new(), recovery: None, ..self.clone() })
    }

    /// The states that this event may lead to; none if it cannot happen here.
    pub fn after(&self, event: Event) -> Vec<Self> {
        let is_enrolled = !self.tokens.is_empty();
        let only_if = |may_be: bool, next: Self| if may_be { vec![next] } else { Vec::new() };
        let same = |may_be: bool| only_if(may_be, self.clone());
        let with = |change: fn(&mut Self)| {
            let mut next = self.clone();
            change(&mut next);
            next
        };
        match event {
            Event::Tick => vec![with(|next| next.now += 1)],
            Event::Login(answer, seen) => self.after_login(answer, seen),
            Event::Enrolled { token, step, set } => {
                let next = with(|next| next.failures = 0);
                let next = Self { tokens: vec![(token, step)], recovery: Some((set, 0)), ..next };
                // It was proven at a prompt before, when its step was in the window; a commit comes within two minutes.
                let was_in_window = (self.now - PENDING - 1..=self.now + 1).contains(&step);
                only_if(!is_enrolled && !self.is_off && was_in_window, next)
            }
            Event::Confirmed { token, step } => self.used(token, step).into_iter().collect(),
            Event::NotConfirmed { token, step } => self.used(token, step).into_iter().chain([self.clone()]).collect(),
            Event::Enabled => vec![with(|next| next.is_off = false)],
            Event::Disabled => vec![with(|next| next.is_off = true)],
            Event::Reset => vec![Self { is_off: self.is_off, now: self.now, ..Self::default() }],
            Event::Forgotten => vec![Self { now: self.now, ..Self::default() }],
            Event::Unblocked => vec![with(|next| next.failures = 0)],
            Event::NewRecoveryCodes { set } => only_if(is_enrolled, Self { recovery: Some((set, 0)), ..self.clone() }),
            Event::NoToken => same(!is_enrolled),
            Event::ToldRecord { is_off, is_enrolled: told } => same(self.is_off == is_off && is_enrolled == told),
            Event::ToldFailures(failures) => same(self.failures == failures),
        }
    }

    fn after_login(&self, answer: Answer, seen: Seen) -> Vec<Self> {
        let is_asked = !self.is_off && !self.tokens.is_empty();
        let may_be = match seen {
            Seen::Accepted => return self.accepted(answer).filter(|_| is_asked).into_iter().collect(),
            Seen::Wrong if is_asked && !self.is_blocked() && self.is_wrong(answer) => {
                return vec![Self { failures: self.failures + 1, last_failure: self.now, ..self.clone() }];
            }
            Seen::Wrong => false,
            Seen::Used => is_asked && !self.is_blocked() && self.stands(answer, |step, last| step == last),
            Seen::TooOld => is_asked && !self.is_blocked() && self.stands(answer, |step, last| step < last),
            Seen::Blocked => is_asked && self.is_blocked(),
            // Or the block, to which there was no other way in, ended in the moment between a look and the lock.
            Seen::SettingsChanged => !is_asked || (!self.is_blocked() && !self.has_recovery_codes()),
            Seen::AskedForCode => is_asked,
            Seen::AskedToEnroll => !self.is_off && self.tokens.is_empty(),
            Seen::NotAsked => self.is_off,
        };
        if may_be { vec![self.clone()] } else { Vec::new() }
    }

    fn accepted(&self, answer: Answer) -> Option<Self> {
        let next = match answer {
            Answer::Code { token, step } if !self.is_blocked() => self.used(token, step)?,
            Answer::Recovery { set, place } if self.is_unspent(set, place) => {
                let spent = self.recovery.map_or(0, |(_, spent)| spent);
                Self { recovery: Some((set, spent | 1 << place)), ..self.clone() }
            }
            _ => return None,
        };
        Some(Self { failures: 0, ..next })
    }

    /// With this step used up; `None` if it cannot be.
    fn used(&self, token: usize, step: i64) -> Option<Self> {
        let mut next = self.clone();
        let (_, last) = next.tokens.iter_mut().find(|(number, _)| *number == token)?;
        if step <= *last || !self.is_in_window(step) {
            return None;
        }
        *last = step;
        Some(next)
    }

    /// Whether it is the code of a token that is there, within the window, and its step stands so to the last one.
    fn stands(&self, answer: Answer, how: fn(i64, i64) -> bool) -> bool {
        let Answer::Code { token, step } = answer else { return false };
        self.is_in_window(step) && self.tokens.iter().any(|(number, last)| *number == token && how(step, *last))
    }

    fn is_wrong(&self, answer: Answer) -> bool {
        match answer {
            Answer::Code { .. } => !self.stands(answer, |_, _| true),
            Answer::Wrong => true,
            Answer::Recovery { set, place } => !self.is_unspent(set, place),
            Answer::Nothing => false,
        }
    }

    fn is_unspent(&self, set: usize, place: u32) -> bool {
        self.recovery.is_some_and(|(present, spent)| present == set && spent & 1 << place == 0)
    }

    fn has_recovery_codes(&self) -> bool {
        self.recovery.is_some_and(|(_, spent)| spent != ALL_SPENT)
    }

    fn is_in_window(&self, step: i64) -> bool {
        (step - self.now).abs() <= 1
    }

    /// The fifth failure in a row blocks for a step, each further one for two: that is the longest delay.
    fn is_blocked(&self) -> bool {
        let delay = match self.failures.saturating_sub(FREE) {
            0 => 0,
            1 => 1,
            _ => 2,
        };
        self.failures >= HARD_LIMIT || self.now < self.last_failure + delay
    }
}
