//! Every line that is logged: one per event, `key=value`, from one table. Pure.
//!
//! Invariants: no secret, code, URI or key can stand in a line, since those types cannot be displayed; a value
//! from outside cannot forge a second field or line.

mod table;

pub use table::{ROWS, Row};

use std::fmt::{self, Write as _};

use crate::token::UnixTime;

/// How grave an event is: the levels of `syslog(3)` that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Something an administrator must mend.
    Error,
    /// Perhaps an attack, or a disk that begins to fail.
    Warning,
    /// Worth keeping.
    Notice,
    /// As usual.
    Info,
    /// Only with the module argument `debug`.
    Debug,
}

/// Whom and what an event is about; a part that is not known is left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The user, by canonical name where there is one.
    pub user: Option<&'a str>,
    /// The PAM service.
    pub service: Option<&'a str>,
    /// The remote host.
    pub rhost: Option<&'a str>,
}

/// Why a login was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedReason {
    /// A wrong code.
    WrongCode,
    /// Too many answers that are not codes.
    NotACode,
    /// A right code that is too old.
    TooOld,
    /// The host's clock has gone back behind the last accepted step.
    ClockWentBack,
    /// The service cannot enroll.
    CannotEnrollHere,
    /// The person gave no answer, or the application failed to ask.
    Conversation,
    /// The account does not exist.
    UnknownUser,
    /// The account could not be looked up.
    UserLookup,
    /// The word `disable` was typed by someone who may not.
    MayNotDisable,
    /// The word `later` was typed when no grace time was left.
    NoTimeLeft,
    /// The settings changed between proof and commit.
    SettingsChanged,
    /// Another process holds the user's lock.
    LockBusy,
    /// The state could not be written.
    WriteFailed,
    /// What was proven is too old, or was proven for someone or something else.
    StalePending,
    /// The helper was asked for something that its caller may not do.
    NotAllowed,
    /// A defect in the module.
    Bug,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A code let someone in.
    Accepted {
        /// Steps between this host's clock and the token's.
        offset_steps: i8,
        /// Wrong codes that came before it.
        failures: u16,
    },
    /// Someone was refused.
    Refused {
        /// Why.
        reason: RefusedReason,
        /// File and error, where there is one.
        detail: Option<String>,
    },
    /// A code that was already accepted came again.
    Replay,
    /// Refused without a look at the answer.
    Blocked {
        /// When it ends; absent if only `unblock` helps.
        until: Option<UnixTime>,
        /// Wrong codes in a row.
        failures: u16,
    },
    /// A recovery code let someone in.
    RecoveryUsed {
        /// How many are left.
        left: u8,
        /// Wrong codes that came before it.
        failures: u16,
    },
    /// Someone who is not enrolled was let in within the grace time.
    Grace {
        /// When it ends.
        until: UnixTime,
    },
    /// A token was committed.
    Enrolled {
        /// Its id.
        token: String,
    },
    /// A user turned 2FA off during a login.
    Disabled,
    /// The command changed something.
    Changed {
        /// The change: the subcommand's name.
        what: &'static str,
        /// The user who ran the command.
        by: String,
    },
    /// A file or directory cannot be trusted.
    Untrusted {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// One of the two slots of a user's counters is damaged; the other one counted.
    Damaged {
        /// The file.
        path: String,
        /// The slot: `first` or `second`.
        slot: &'static str,
    },
    /// The configuration, an argument or the stack is wrong.
    Misconfigured {
        /// What is wrong: file, line and key where there are some.
        problem: String,
    },
    /// A wrong code was the code of another time: one of the clocks is off.
    Drift {
        /// By how many steps the code was ahead of this host.
        steps: i64,
    },
    /// So many wrong codes within a month that someone may be guessing slowly.
    SlowGuessing {
        /// How many.
        failures: u32,
    },
    /// Nobody was asked, and this is what would have happened.
    Rehearsed {
        /// The number of the rule.
        rule: usize,
        /// What would have happened.
        then: Rehearsal,
        /// File and error, where the state cannot be trusted.
        detail: Option<String>,
    },
}

/// What would have happened at a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rehearsal {
    /// A code would have been asked.
    Ask,
    /// The QR code would have been shown.
    Enroll,
    /// Let through, because there is time left to enroll.
    Grace,
    /// Refused, or blocked.
    Refuse,
}

impl Rehearsal {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ask, Self::Enroll, Self::Grace, Self::Refuse];

    /// The value of `then=`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Enroll => "enroll",
            Self::Grace => "grace",
            Self::Refuse => "refuse",
        }
    }
}

/// A line for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How grave it is.
    pub severity: Severity,
    /// `event=… user=… …`
    pub text: String,
}

impl RefusedReason {
    /// The value of `reason=`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WrongCode => "wrong_code",
            Self::NotACode => "not_a_code",
            Self::TooOld => "too_old",
            Self::ClockWentBack => "clock_went_back",
            Self::CannotEnrollHere => "cannot_enroll_here",
            Self::Conversation => "conversation",
            Self::UnknownUser => "unknown_user",
            Self::UserLookup => "user_lookup",
            Self::MayNotDisable => "may_not_disable",
            Self::NoTimeLeft => "no_time_left",
            Self::SettingsChanged => "settings_changed",
            Self::LockBusy => "lock_busy",
            Self::WriteFailed => "write_failed",
            Self::StalePending => "stale_pending",
            Self::NotAllowed => "not_allowed",
            Self::Bug => "bug",
        }
    }
}

impl Event {
    /// This event's row of the table.
    #[must_use]
    pub const fn row(&self) -> &'static Row {
        match self {
            Self::Accepted { .. } => &table::ACCEPTED,
            Self::Refused { .. } => &table::REFUSED,
            Self::Replay => &table::REPLAY,
            Self::Blocked { .. } => &table::BLOCKED,
            Self::RecoveryUsed { .. } => &table::RECOVERY_USED,
            Self::Grace { .. } => &table::GRACE,
            Self::Enrolled { .. } => &table::ENROLLED,
            Self::Disabled => &table::DISABLED,
            Self::Changed { .. } => &table::CHANGED,
            Self::Untrusted { .. } => &table::UNTRUSTED,
            Self::Damaged { .. } => &table::DAMAGED,
            Self::Misconfigured { .. } => &table::MISCONFIGURED,
            Self::Drift { .. } => &table::DRIFT,
            Self::SlowGuessing { .. } => &table::SLOW_GUESSING,
            Self::Rehearsed { .. } => &table::REHEARSED,
        }
    }

    /// The line to log.
    #[must_use]
    pub fn line(&self, context: Context) -> Line {
        let row = self.row();
        let mut text = format!("event={}", row.name);
        for (key, value) in [("user", context.user), ("service", context.service), ("rhost", context.rhost)] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                push(&mut text, key, value);
            }
        }
        self.push_fields(&mut text);
        Line { severity: row.severity, text }
    }

    fn push_fields(&self, out: &mut String) {
        match self {
            Self::Accepted { offset_steps, failures } => {
                push(out, "offset_steps", offset_steps);
                push(out, "failures", failures);
            }
            Self::Refused { reason, detail } => {
                push(out, "reason", reason.as_str());
                if let Some(detail) = detail {
                    push(out, "detail", detail);
                }
            }
            Self::Replay | Self::Disabled => {}
            Self::Blocked { until, failures } => {
                match until {
                    Some(until) => push(out, "until", until),
                    None => push(out, "until", "unblock"),
                }
                push(out, "failures", failures);
            }
            Self::RecoveryUsed { left, failures } => {
                push(out, "left", left);
                push(out, "failures", failures);
            }
            Self::Grace { until } => push(out, "until", until),
            Self::Enrolled { token } => push(out, "token", token),
            Self::Changed { what, by } => {
                push(out, "what", what);
                push(out, "by", by);
            }
            Self::Untrusted { path, reason } => {
                push(out, "path", path);
                push(out, "reason", reason);
            }
            Self::Damaged { path, slot } => {
                push(out, "path", path);
                push(out, "slot", slot);
            }
            Self::Misconfigured { problem } => push(out, "problem", problem),
            Self::Drift { steps } => push(out, "steps", steps),
            Self::SlowGuessing { failures } => push(out, "failures", failures),
            Self::Rehearsed { rule, then, detail } => {
                push(out, "rule", rule);
                push(out, "then", then.as_str());
                if let Some(detail) = detail {
                    push(out, "detail", detail);
                }
            }
        }
    }
}

/// Appends ` key=value`; anything but plain ASCII is quoted and escaped.
fn push(out: &mut String, key: &str, value: impl fmt::Display) {
    let value = value.to_string();
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '=' | '\\');
    // Writing to a String cannot fail.
    if !value.is_empty() && value.chars().all(plain) {
        let _ = write!(out, " {key}={value}");
        return;
    }
    let _ = write!(out, " {key}=\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => out.extend(c.escape_unicode()),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(event: &Event, user: &str) -> String {
        let context = Context { user: Some(user), service: Some("sshd"), rhost: None };
        event.line(context).text
    }

    #[test]
    fn a_line_is_the_event_the_context_and_its_fields() {
        let accepted = Event::Accepted { offset_steps: -1, failures: 2 };
        assert_eq!(text(&accepted, "alice"), "event=accepted user=alice service=sshd offset_steps=-1 failures=2");
    }

    #[test]
    fn values_cannot_forge_fields_or_lines() {
        let forged = "x user=root\nevent=accepted \"\\é\u{202e}";
        let line = text(&Event::Replay, forged);
        assert_eq!(line, r#"event=replay user="x user=root\u{a}event=accepted \"\\\u{e9}\u{202e}" service=sshd"#);
        assert_eq!(
            text(&Event::Changed { what: "enable", by: String::new() }, "a").rsplit(' ').next(),
            Some("by=\"\"")
        );
    }

    /// docs/log.md holds one row per event, with severity, fields and meaning.
    #[test]
    fn the_documentation_lists_every_event() {
        let documentation = include_str!("../../../docs/log.md");
        for row in ROWS {
            let line = format!("| `{}` | {} | {} | {} |", row.name, row.severity, row.fields, row.meaning);
            assert!(documentation.contains(&line), "docs/log.md lacks: {line}");
        }
        let listed = documentation.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(listed, ROWS.len());
    }
}
