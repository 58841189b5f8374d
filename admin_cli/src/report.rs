//! What is known about one user, put together from configuration, state and time; shown as a block or as a row.
//!
//! Invariant: holds no secret.

use countersign_common::config::{Config, Outcome};
use countersign_common::counters::{Grace, LastAccepted};
use countersign_common::decision::{
    Action, Administrator, BlockEnd, Demand, block, grace_until, is_in_use, is_slow_guessing, no_code_before,
    recovery_codes_left, refused_until,
};
use countersign_common::notice::{FEW_RECOVERY_CODES, spelled_span};
use countersign_common::record::{CanToggle, Record, Token, Use2fa};
use countersign_common::store::{State, StoreError};
use countersign_common::token::{Parameters, Seconds, UnixTime};

use crate::desk::{NO_ID, Person};
use crate::failure::way_out;
use crate::ruling::Ruling;
use crate::sentences::Reader;

/// Why proofs are not committed, as the log says it.
pub(crate) const MISCONFIGURED: &str = "misconfigured: no account line";

/// What is known about one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    /// The canonical name.
    pub(crate) user: String,
    /// The account's uid, or the recorded one.
    pub(crate) uid: Option<u32>,
    /// Whether the user is an administrator.
    pub(crate) administrator: Administrator,
    /// What the state says, or why it cannot be trusted.
    pub(crate) state: Result<Facts, StoreError>,
}

/// What a trusted state says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The user's own setting, or the default: what counts where no rule decides.
    pub(crate) use_2fa: Use2fa,
    /// Where that comes from.
    pub(crate) source: Source,
    /// What the rules say.
    pub(crate) ruling: Ruling,
    pub(crate) can_toggle: CanToggle,
    pub(crate) tokens: Vec<TokenFacts>,
    pub(crate) recovery_codes_left: u8,
    /// Whether new tokens bring recovery codes on this host.
    pub(crate) recovery: Recovery,
    pub(crate) grace: GraceTime,
    pub(crate) failures: u16,
    /// The slow total, if it is suspicious.
    pub(crate) slow_failures: Option<u32>,
    pub(crate) blocked: Option<BlockEnd>,
    /// Wrong codes typed to confirm something in the command: a count of its own, that logins know nothing of.
    pub(crate) command_failures: u16,
    /// The block that this count has brought.
    pub(crate) command_blocked: Option<BlockEnd>,
    /// Enrollments proven but never kept: too many, and there are no more for a time.
    pub(crate) uncommitted: u8,
    /// Until when there are no more, of someone without a token.
    pub(crate) enrollment_refused: Option<UnixTime>,
    /// When the host's clock has gone back behind what was accepted: from when on a code can be.
    pub(crate) no_code_before: Option<UnixTime>,
    pub(crate) last_accepted: Option<LastAccepted>,
    pub(crate) changed: Option<(UnixTime, String)>,
    pub(crate) recorded_uid: Option<u32>,
}

/// Where the answer to "asked for a code?" comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// An administrator or the user said so.
    Record,
    /// `[defaults]`.
    Default,
    /// A rule that names no service and no network.
    Rule(usize),
}

/// Whether this host hands out recovery codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recovery {
    InUse,
    Off,
}

/// The time without enrollment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GraceTime {
    /// There is none, it is over, or the user is enrolled.
    None,
    /// Open until then.
    Until(UnixTime),
    /// So long, from the first login that asks.
    FromFirstLogin(Seconds),
}

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenFacts {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) parameters: Parameters,
    pub(crate) enrolled_at: UnixTime,
}

impl Report {
    /// Puts together what is known.
    pub(crate) fn of(
        config: &Config,
        person: &Person,
        administrator: Administrator,
        ruling: Ruling,
        state: &Result<State, StoreError>,
        now: UnixTime,
    ) -> Self {
        let facts = state.as_ref().map(|state| Facts::of(config, ruling, state, now)).map_err(Clone::clone);
        let recorded = facts.as_ref().ok().and_then(|facts| facts.recorded_uid);
        let uid = person.account.as_ref().map(|account| account.uid).or(recorded);
        Self { user: person.as_str().to_owned(), uid, administrator, state: facts }
    }

    /// The lines of `status USER`.
    pub(crate) fn block(&self, reader: &Reader) -> Vec<String> {
        let mut lines = vec![format!("User: {}", self.user)];
        lines.push(format!("Uid: {}", self.uid.map_or("unknown".to_owned(), |uid| uid.to_string())));
        match &self.state {
            Ok(facts) => self.push_facts(&mut lines, facts, reader),
            Err(error) => {
                lines.push(format!("Administrator: {}", administrator_word(self.administrator)));
                lines.push("State: untrusted: logins are refused".to_owned());
                lines.push(format!("Problem: {error}"));
                lines.push(format!("What to do: {}", way_out(&self.user)));
            }
        }
        lines
    }

    fn push_facts(&self, lines: &mut Vec<String>, facts: &Facts, reader: &Reader) {
        let (asked, source) = facts.asked();
        lines.push(format!("Use 2FA: {}", yes_no(asked == Use2fa::Enabled)));
        lines.push(format!("Can toggle the use of 2FA: {}", yes_no(facts.can_toggle == CanToggle::Unlocked)));
        lines.push(match source {
            Source::Rule(number) => {
                format!("Settings: rule {number} decides (this user's own: {})", yes_no(facts.use_2fa.as_bool()))
            }
            Source::Record => "Settings: this user's own".to_owned(),
            Source::Default => "Settings: the defaults for users without a record".to_owned(),
        });
        if let (Some(number), Use2fa::Disabled) = (facts.ruling.somewhere, asked) {
            lines.push(format!("Note: rule {number} requires a code at some logins"));
        }
        lines.push(format!("Administrator: {}", administrator_word(self.administrator)));
        lines.push(format!("Enrolled: {}", yes_no(facts.is_enrolled())));
        lines.extend(facts.tokens.iter().map(|token| format!("  Token {}", token.spelled())));
        if let Some(line) = self.recovery_line(facts, reader) {
            lines.push(line);
        }
        match facts.grace {
            GraceTime::None => {}
            GraceTime::Until(end) => lines.push(format!("Time to enroll: until {end}")),
            GraceTime::FromFirstLogin(span) => {
                lines.push(format!("Time to enroll: {} from the first login", spelled_span(span)));
            }
        }
        lines.push(format!("Wrong codes since the last login: {}", facts.failures));
        if let Some(failures) = facts.slow_failures {
            lines.push(format!("Warning: {failures} wrong codes within 30 days; someone may be guessing slowly"));
        }
        lines.push(format!("Blocked: {}", facts.blocked.map_or("no".to_owned(), spelled_block)));
        if let Some(end) = facts.enrollment_refused {
            lines.push(format!("Enrollment refused: until {end} ({} begun and none completed)", facts.uncommitted));
            lines.push(format!("  {MISCONFIGURED}"));
        }
        if let Some(start) = facts.no_code_before {
            lines.push(format!("No code accepted: before {start}"));
            lines.push("  the clock of this host has gone back behind the last accepted code".to_owned());
        }
        if let Some(end) = facts.command_blocked {
            let end = spelled_block(end);
            lines.push(format!("Blocked in the command: {end} (confirmations only; logins are not affected)"));
        }
        lines.push(format!("Last login with a code: {}", facts.spelled_last_accepted()));
        if let Some((at, by)) = &facts.changed {
            lines.push(format!("Last change: {at} by {by}"));
        }
        if let (Some(uid), Some(recorded)) = (self.uid, facts.recorded_uid)
            && uid != recorded
        {
            lines.push(format!("Note: the record was made for uid {recorded}"));
        }
        lines.push("State: ok".to_owned());
    }

    fn recovery_line(&self, facts: &Facts, reader: &Reader) -> Option<String> {
        let left = facts.recovery_codes_left;
        if !facts.is_enrolled() || (left == 0 && facts.recovery == Recovery::Off) {
            return None;
        }
        let few = left <= FEW_RECOVERY_CODES && facts.recovery == Recovery::InUse;
        let more = if few { reader.command(Action::NewRecoveryCodes, &self.user) } else { None };
        let more = more.map_or(String::new(), |command| format!(" (new ones: {command})"));
        Some(format!("Recovery codes left: {left}{more}"))
    }

    /// The cells of a row of `list` after the name.
    pub(crate) fn cells(&self) -> [String; 4] {
        let Ok(facts) = &self.state else { return ["?", "?", "?", "untrusted"].map(str::to_owned) };
        let (asked, _) = facts.asked();
        let condition = match facts {
            Facts { blocked: Some(_), .. } => "blocked",
            _ if asked == Use2fa::Disabled => "off",
            Facts { enrollment_refused: Some(_), .. } => "refused",
            Facts { no_code_before: Some(_), .. } => "clock back",
            _ if facts.is_enrolled() => "ok",
            _ => "to enroll",
        };
        [
            yes_no(asked == Use2fa::Enabled).to_owned(),
            yes_no(facts.can_toggle == CanToggle::Unlocked).to_owned(),
            facts.tokens.len().to_string(),
            condition.to_owned(),
        ]
    }
}

impl Facts {
    fn of(config: &Config, ruling: Ruling, state: &State, now: UnixTime) -> Self {
        let State { record, counters } = state;
        let default = CanToggle::from_bool(config.defaults.can_toggle);
        Self {
            use_2fa: is_in_use(config, Demand::User, record.as_ref()),
            source: if record.is_some() { Source::Record } else { Source::Default },
            ruling,
            can_toggle: record.as_ref().map_or(default, |record| record.can_toggle),
            tokens: record.iter().flat_map(|record| &record.tokens).map(TokenFacts::of).collect(),
            recovery_codes_left: record.as_ref().map_or(0, |record| recovery_codes_left(record, counters)),
            recovery: if u32::from(config.recovery.codes) > 0 { Recovery::InUse } else { Recovery::Off },
            grace: GraceTime::of(config, state, now),
            failures: counters.throttle.failures,
            slow_failures: is_slow_guessing(counters.slow, now).then_some(counters.slow.failures),
            blocked: block(config, counters.throttle, now),
            command_failures: counters.helper_throttle.failures,
            command_blocked: block(config, counters.helper_throttle, now),
            uncommitted: counters.uncommitted.count,
            enrollment_refused: refused_until(counters.uncommitted, now)
                .filter(|_| !record.as_ref().is_some_and(Record::is_enrolled)),
            no_code_before: record.as_ref().and_then(|record| no_code_before(config, record, counters, now)),
            last_accepted: counters.last_accepted.clone(),
            changed: record.as_ref().map(|record: &Record| (record.changed_at, record.changed_by.clone())),
            recorded_uid: record.as_ref().map(|record| record.uid).filter(|uid| *uid != NO_ID),
        }
    }

    /// What stands for the facts of a state that cannot be trusted: nothing.
    pub(crate) fn unknown() -> Self {
        Self::of(&Config::default(), Ruling::default(), &State::default(), UnixTime::default())
    }

    /// Whether the user is asked for a code wherever no rule about a service or a network says otherwise, and why.
    pub(crate) fn asked(&self) -> (Use2fa, Source) {
        match self.ruling.everywhere {
            Some((Outcome::Required, rule)) => (Use2fa::Enabled, Source::Rule(rule)),
            Some((Outcome::Skip | Outcome::Rehearse, rule)) => (Use2fa::Disabled, Source::Rule(rule)),
            Some((Outcome::User, _)) | None => (self.use_2fa, self.source),
        }
    }

    /// Whether some login of this user asks for a code.
    pub(crate) fn asked_somewhere(&self) -> bool {
        self.asked().0 == Use2fa::Enabled || self.ruling.somewhere.is_some()
    }

    /// Whether an enrolled user should have new recovery codes.
    pub(crate) fn has_few_recovery_codes(&self) -> bool {
        let few = self.recovery_codes_left <= FEW_RECOVERY_CODES;
        self.is_enrolled() && few && self.recovery == Recovery::InUse
    }

    /// Whether there is a token.
    pub(crate) fn is_enrolled(&self) -> bool {
        !self.tokens.is_empty()
    }

    fn spelled_last_accepted(&self) -> String {
        let Some(LastAccepted { at, service, rhost, offset }) = &self.last_accepted else { return "never".to_owned() };
        let from = if rhost.is_empty() { String::new() } else { format!(" from {rhost}") };
        let clock = match offset {
            0 => String::new(),
            offset => format!(" (the phone's clock was {offset:+} steps off)"),
        };
        format!("{at} on {service}{from}{clock}")
    }
}

impl TokenFacts {
    /// What is told of a token.
    pub(crate) fn of(token: &Token) -> Self {
        Self {
            id: token.id.to_string(),
            label: token.label.clone(),
            parameters: token.parameters,
            enrolled_at: token.enrolled_at,
        }
    }

    /// Its label, or its id.
    pub(crate) fn called(&self) -> String {
        if self.label.is_empty() { self.id.clone() } else { format!("\"{}\"", self.label) }
    }

    /// A line about it.
    pub(crate) fn spelled(&self) -> String {
        let Self { id, label, parameters: Parameters { algorithm, digits, period }, enrolled_at } = self;
        let label = if label.is_empty() { String::new() } else { format!(" \"{label}\"") };
        let (digits, period) = (digits.as_u8(), period.as_seconds());
        format!("{id}{label}: {algorithm}, {digits} digits, {period} seconds, enrolled {enrolled_at}")
    }
}

impl GraceTime {
    fn of(config: &Config, state: &State, now: UnixTime) -> Self {
        if state.record.as_ref().is_some_and(Record::is_enrolled) {
            return Self::None;
        }
        match (grace_until(config, state.counters.grace, now), state.counters.grace) {
            (None, _) => Self::None,
            (Some(_), Grace::NotStarted) => Self::FromFirstLogin(config.enrollment.grace.as_seconds()),
            (Some(end), _) => Self::Until(end),
        }
    }

    /// The time it ends, once that is known.
    pub(crate) const fn end(self) -> Option<UnixTime> {
        match self {
            Self::Until(end) => Some(end),
            Self::None | Self::FromFirstLogin(_) => None,
        }
    }
}

/// When a block ends, in words.
pub(crate) fn spelled_block(end: BlockEnd) -> String {
    match end {
        BlockEnd::At(time) => format!("until {time}"),
        BlockEnd::Unblock => "until an administrator unblocks".to_owned(),
    }
}

const fn yes_no(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

const fn administrator_word(administrator: Administrator) -> &'static str {
    match administrator {
        Administrator::Yes => "yes: may always turn 2FA on and off",
        Administrator::No => "no",
        Administrator::Unknown => "unknown: a group could not be looked up",
    }
}
