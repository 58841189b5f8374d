//! What a command says it did: the effect in a sentence, and what else may have been meant. Pure.

pub(crate) mod explained;

use countersign_common::decision::{Action, Administrator, BlockEnd};
use countersign_common::notice::spelled_span;
use countersign_common::record::{CanToggle, Use2fa};

use crate::report::{Facts, GraceTime, Source, spelled_block};

/// What a sentence is about: one user, before and after.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a> {
    /// The canonical name.
    pub(crate) user: &'a str,
    /// Whether the user is an administrator.
    pub(crate) administrator: Administrator,
    /// Before the command.
    pub(crate) before: &'a Facts,
    /// After it.
    pub(crate) after: &'a Facts,
    /// Whether anything was written.
    pub(crate) changed: Change,
    /// The first rule that may require a code of this user, whatever the setting.
    pub(crate) requiring_rule: Option<usize>,
    /// Who reads it.
    pub(crate) reader: &'a Reader,
}

/// Who reads a sentence: nobody is told to type what would be refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Root, who may do everything.
    Root,
    /// The user it is about, who may do this.
    Oneself(Vec<Action>),
    /// Someone who helps the user, and may do this.
    Helper(Vec<Action>),
}

impl Reader {
    /// What to type for something; `None` if the reader may not.
    pub(crate) fn command(&self, action: Action, user: &str) -> Option<String> {
        match self {
            Self::Root => Some(command(action.as_str(), user)),
            Self::Oneself(may) => may.contains(&action).then(|| format!("countersign {}", action.as_str())),
            Self::Helper(may) => may.contains(&action).then(|| command(action.as_str(), user)),
        }
    }
}

/// Whether anything was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Something is different now.
    Made,
    /// It was so already.
    Already,
}

/// A command to type, as in `countersign unlock alice`: a name the shell would read otherwise is quoted.
pub(crate) fn command(verb: &str, user: &str) -> String {
    let dashes = if user.starts_with('-') { "-- " } else { "" };
    format!("countersign {verb} {dashes}{}", word(user))
}

/// A word as it is typed to the shell.
pub(crate) fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_.-+@/".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Says what a command did.
pub(crate) type Sentence<'a> = &'a (dyn Fn(&Told) -> String + Sync);

/// `enable`
pub(crate) fn enabled(told: &Told) -> String {
    let user = told.user;
    if told.changed == Change::Already {
        return format!("{user}: already on");
    }
    let lock = if *told.reader == Reader::Root { Some("--lock".to_owned()) } else { told.command(Action::Lock) };
    format!("{user}: 2FA is on; {}", told.next_login(lock))
}

/// `enable --lock`
pub(crate) fn enabled_and_locked(told: &Told) -> String {
    let user = told.user;
    if told.changed == Change::Already {
        return format!("{user}: already on and locked");
    }
    if let Some((Use2fa::Disabled, _)) = told.rule() {
        return format!("{user}: 2FA is on, and {user} may not turn it off; {}", told.next_login(None));
    }
    let next = if told.after.is_enrolled() { "asks for a code" } else { "shows a QR code" };
    format!("{user}: 2FA is on; the next login {next}, and {user} may not turn it off{}", told.blocked())
}

/// `disable`
pub(crate) fn disabled(told: &Told) -> String {
    let user = told.user;
    if told.changed == Change::Already {
        return format!("{user}: already off{}", told.required());
    }
    let kept = match told.after.tokens.len() {
        0 => String::new(),
        1 => format!("; the token is kept{}", told.hint(" (to forget it: ", Action::Reset, ")")),
        count => format!("; the {count} tokens are kept{}", told.hint(" (to forget them: ", Action::Reset, ")")),
    };
    format!("{user}: 2FA is off; logins ask for no code{kept}{}", told.required())
}

/// `lock`
pub(crate) fn locked(told: &Told) -> String {
    let user = told.user;
    if told.changed == Change::Already {
        return format!("{user}: already locked");
    }
    let what = match (told.rule(), told.after.use_2fa) {
        (Some((Use2fa::Enabled, rule)), _) => {
            format!("{user} may no longer turn 2FA on or off; rule {rule} requires it all the same")
        }
        (Some((Use2fa::Disabled, rule)), _) => {
            format!("{user} may no longer turn 2FA on or off; rule {rule} asks for no code, whatever the setting")
        }
        (None, Use2fa::Enabled) => format!("{user} may no longer turn 2FA off"),
        (None, Use2fa::Disabled) => format!("{user} may no longer turn 2FA on, and it is off{}", told.turn_on()),
    };
    let other = if *told.reader == Reader::Root { " (that is usermod --lock)" } else { "" };
    format!("{what}; the account itself is not locked{other}")
}

/// `unlock`
pub(crate) fn unlocked(told: &Told) -> String {
    let user = told.user;
    let what = match (told.changed, told.rule()) {
        (Change::Already, _) => format!("{user}: already unlocked"),
        (Change::Made, Some((Use2fa::Enabled, rule))) => {
            format!("{user} may now turn 2FA on, but not off while rule {rule} requires it")
        }
        (Change::Made, _) => format!("{user} may now turn 2FA off"),
    };
    format!("{what}{}", told.hint("; to lift a block: ", Action::Unblock, ""))
}

/// `reset`
pub(crate) fn reset(told: &Told) -> String {
    let user = told.user;
    let lock = told.command(Action::Lock);
    if told.changed == Change::Already {
        return format!("{user}: nothing to reset: not enrolled, no failures; {}", told.next_login(lock));
    }
    let has_failures = told.before.failures > 0 || told.before.command_failures > 0;
    let what = match (told.before.tokens.len(), has_failures) {
        (0, true) => "not enrolled; failures are forgotten".to_owned(),
        (0, false) => "not enrolled; what was begun and not kept is forgotten".to_owned(),
        (1, false) => "the token is forgotten".to_owned(),
        (1, true) => "the token and all failures are forgotten".to_owned(),
        (count, false) => format!("the {count} tokens are forgotten"),
        (count, true) => format!("the {count} tokens and all failures are forgotten"),
    };
    format!("{user}: {what}; {}", told.next_login(lock))
}

/// `unblock`
pub(crate) fn unblocked(told: &Told) -> String {
    let Told { user, before, .. } = told;
    let also = match told.rule() {
        Some((Use2fa::Enabled, _)) => String::new(),
        _ => told.hint(&format!("; to let {user} turn 2FA off: "), Action::Unlock, ""),
    };
    if told.changed == Change::Already {
        return format!("{user}: not blocked{also}");
    }
    let mut lifted = Vec::new();
    if before.blocked.is_none() && before.command_blocked.is_none() {
        lifted.push("not blocked".to_owned());
    }
    match (before.blocked, before.failures) {
        (Some(_), count) => lifted.push(format!("the block is lifted, {} forgotten", wrong_codes(count, ""))),
        (None, 0) => {}
        (None, count) => lifted.push(format!("{} forgotten", wrong_codes(count, ""))),
    }
    match (before.command_blocked, before.command_failures) {
        (Some(_), count) => {
            lifted.push(format!("the block in the command is lifted, {} forgotten", wrong_codes(count, "")));
        }
        (None, 0) => {}
        (None, count) => lifted.push(format!("{} forgotten", wrong_codes(count, " in the command"))),
    }
    if before.uncommitted > 0 {
        lifted.push(format!("{user} may enroll again"));
    }
    format!("{user}: {}{also}", lifted.join("; "))
}

/// `forget`
pub(crate) fn forgotten(told: &Told) -> String {
    let user = told.user;
    if told.changed == Change::Already {
        return format!("{user}: nothing to forget");
    }
    let default = match told.after.use_2fa {
        Use2fa::Enabled => "on",
        Use2fa::Disabled => "off",
    };
    format!("{user}: forgotten; should {user} log in again, 2FA is {default}, the default")
}

/// `grace`
pub(crate) fn grace(told: &Told) -> String {
    let user = told.user;
    let what = match (told.after.grace, told.changed) {
        (GraceTime::Until(end), _) => format!("{user}: may log in without a token until {end}"),
        (GraceTime::FromFirstLogin(span), _) => format!("{user}: has {} from the first login", spelled_span(span)),
        (GraceTime::None, Change::Already) => format!("{user}: already has no time to enroll"),
        (GraceTime::None, Change::Made) => format!("{user}: has no more time to enroll; the next login must enroll"),
    };
    if told.after.asked_somewhere() {
        return what;
    }
    format!("{what}; but 2FA is off{}", told.turn_on())
}

/// `new-recovery-codes`
pub(crate) fn recovery_renewed(told: &Told) -> String {
    let Told { user, before, after, .. } = told;
    let old = match before.recovery_codes_left {
        0 => String::new(),
        1 => "; the old one is void".to_owned(),
        left => format!("; the {left} old ones are void"),
    };
    format!("{user}: {} new recovery codes{old}", after.recovery_codes_left)
}

/// `remove-token`
pub(crate) fn token_removed(told: &Told) -> String {
    let Told { user, before, after, .. } = told;
    let gone = before.tokens.iter().find(|token| !after.tokens.contains(token));
    let token = gone.map_or("the token".to_owned(), |token| format!("the token {}", token.called()));
    let left = after.tokens.len();
    let tokens = if left == 1 { "token is" } else { "tokens are" };
    format!("{user}: {token} is removed; its codes are refused from now on; {left} {tokens} left")
}

/// `enroll`
pub(crate) fn enrolled(told: &Told) -> String {
    let user = told.user;
    let count = told.after.tokens.len();
    if told.before.is_enrolled() && count > told.before.tokens.len() {
        return format!("{user}: one more token; codes of any of the {count} are accepted{}", told.blocked());
    }
    if told.before.is_enrolled() {
        let old = if told.before.tokens.len() == 1 { "one is" } else { "ones are" };
        return format!("{user}: the token is in place; the old {old} forgotten{}", told.blocked());
    }
    match told.after.asked().0 {
        Use2fa::Enabled => format!("{user}: enrolled; the next login asks for a code"),
        Use2fa::Disabled => {
            format!("{user}: enrolled, but 2FA is off{}", told.turn_on())
        }
    }
}

impl Told<'_> {
    /// What to type for something, if the reader may.
    fn command(&self, action: Action) -> Option<String> {
        self.reader.command(action, self.user)
    }

    /// The same between two pieces of text, or nothing.
    fn hint(&self, before: &str, action: Action, after: &str) -> String {
        self.command(action).map_or(String::new(), |command| format!("{before}{command}{after}"))
    }

    /// How to turn it on, unless a rule asks for no code even then.
    fn turn_on(&self) -> String {
        match self.rule() {
            Some((Use2fa::Disabled, rule)) => format!("; rule {rule} asks for no code, whatever the setting"),
            _ => self.hint("; to turn it on: ", Action::Enable, ""),
        }
    }

    /// The rule that decides in place of the setting, and what it decides.
    fn rule(&self) -> Option<(Use2fa, usize)> {
        match self.after.asked() {
            (asked, Source::Rule(rule)) => Some((asked, rule)),
            (_, Source::Record | Source::Default) => None,
        }
    }

    /// What the next login brings, once 2FA is on; `lock` is how to forbid turning it off there.
    fn next_login(&self, lock: Option<String>) -> String {
        let user = self.user;
        match (self.rule(), self.after.use_2fa) {
            (Some((Use2fa::Disabled, rule)), _) => {
                return format!("rule {rule} asks for no code, whatever the setting");
            }
            (None, Use2fa::Disabled) => return format!("2FA is off{}", self.turn_on()),
            (Some((Use2fa::Enabled, _)), _) | (None, Use2fa::Enabled) => {}
        }
        if self.after.is_enrolled() {
            return format!("the next login asks for a code{}", self.blocked());
        }
        if let Some((_, rule)) = self.rule() {
            return format!("the next login shows a QR code, and {user} may not turn it off: rule {rule} requires it");
        }
        match (self.administrator, self.after.can_toggle) {
            (Administrator::Yes, _) => {
                format!("the next login shows a QR code, where {user}, an administrator, may also turn it off")
            }
            (_, CanToggle::Unlocked) => {
                let forbid = lock.map_or(String::new(), |lock| format!(" ({lock} forbids it)"));
                format!("the next login shows a QR code, where {user} may also turn it off{forbid}")
            }
            (_, CanToggle::Locked) => format!("the next login shows a QR code, and {user} may not turn it off"),
        }
    }

    /// A block that stands in the way all the same.
    fn blocked(&self) -> String {
        let user = self.user;
        match self.after.blocked {
            Some(end @ (BlockEnd::At(_) | BlockEnd::Unblock)) => {
                let lift = self.hint(" (to lift it: ", Action::Unblock, ")");
                format!("; {user} is blocked {}{lift}", spelled_block(end))
            }
            None => String::new(),
        }
    }

    fn required(&self) -> String {
        match self.requiring_rule {
            Some(rule) => format!("; but rule {rule} may still require one"),
            None => String::new(),
        }
    }
}

/// As in `1 wrong code is`, `7 wrong codes in the command are`.
fn wrong_codes(count: u16, place: &str) -> String {
    if count == 1 { format!("{count} wrong code{place} is") } else { format!("{count} wrong codes{place} are") }
}

#[cfg(test)]
#[path = "sentences_tests.rs"]
mod tests;
