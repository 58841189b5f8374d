//! The control of a line: what is done about each code its module may return.
//!
//! Invariant: what libpam does not understand it treats as `bad` for every code, and so does this.

use super::code::Code;

/// What is done about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// As if the module were not there.
    Ignore,
    /// Counts, if nothing failed so far.
    Ok,
    /// As `ok`, and the stack ends, if nothing failed so far.
    Done,
    /// Failed, and the stack goes on.
    Bad,
    /// Failed, and the stack ends.
    Die,
    /// Forgets what the stack has found so far.
    Reset,
    /// Skips so many modules.
    Jump(u32),
}

const WORDS: [(&str, Action); 6] = [
    ("ignore", Action::Ignore),
    ("ok", Action::Ok),
    ("done", Action::Done),
    ("bad", Action::Bad),
    ("die", Action::Die),
    ("reset", Action::Reset),
];

/// An action for every code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Control {
    actions: Vec<Action>,
    /// Whether libpam understands it.
    sound: bool,
}

/// Actions by code, as far as they are said.
struct Table(Vec<Option<Action>>);

impl Control {
    /// A control as it stands in a file: a word, or what stands between brackets.
    pub(crate) fn parse(text: &str) -> Self {
        let word = text.to_ascii_lowercase();
        match word.as_str() {
            "required" => Self::simple(Action::Ok, Action::Bad, true),
            "requisite" => Self::simple(Action::Ok, Action::Die, true),
            "optional" => Self::simple(Action::Ok, Action::Ignore, false),
            "sufficient" => Self::simple(Action::Done, Action::Ignore, false),
            // Only the words are read in any letter case.
            _ => Table::parse(text).map_or_else(Self::all_bad, |table| Self::from(table, true)),
        }
    }

    /// What a line has that cannot be used.
    pub(super) fn all_bad() -> Self {
        Self { actions: Code::all().map(|_| Action::Bad).collect(), sound: false }
    }

    fn simple(good: Action, otherwise: Action, ignores: bool) -> Self {
        let mut table = Table::new();
        table.set(Code::SUCCESS, good);
        table.set(Code::NEW_AUTHTOK_REQD, good);
        if ignores {
            table.set(Code::IGNORE, Action::Ignore);
        }
        table.default(otherwise);
        Self::from(table, true)
    }

    fn from(mut table: Table, sound: bool) -> Self {
        table.default(Action::Bad);
        Self { actions: table.0.into_iter().flatten().collect(), sound }
    }

    /// What is done about a code.
    pub(crate) fn action(&self, code: Code) -> Action {
        self.actions.get(code.index()).copied().unwrap_or(Action::Bad)
    }

    /// How many lines the farthest of its jumps skips; 0 if it has none.
    pub(crate) fn longest_jump(&self) -> usize {
        let jumps = self.actions.iter().map(|action| match action {
            Action::Jump(lines) => usize::try_from(*lines).unwrap_or(usize::MAX),
            _ => 0,
        });
        jumps.max().unwrap_or(0)
    }

    /// Whether libpam understands it.
    pub(crate) fn is_sound(&self) -> bool {
        self.sound
    }
}

impl Table {
    fn new() -> Self {
        Self(Code::all().map(|_| None).collect())
    }

    fn set(&mut self, code: Code, action: Action) {
        if let Some(place) = self.0.get_mut(code.index()) {
            *place = Some(action);
        }
    }

    fn default(&mut self, action: Action) {
        self.0.iter_mut().filter(|place| place.is_none()).for_each(|place| *place = Some(action));
    }

    /// A list of `code=action`. A later one counts, and `default` fills what is not said up to there.
    fn parse(text: &str) -> Option<Self> {
        let mut table = Self::new();
        let mut rest = skip_blanks(text);
        while !rest.is_empty() {
            let (code, after) = match Code::at_start_of(rest) {
                Some((code, after)) => (Some(code), after),
                None => (None, rest.strip_prefix("default")?),
            };
            let after = skip_blanks(skip_blanks(after).strip_prefix('=')?);
            let (action, after) = action_at_start_of(after)?;
            match code {
                Some(code) => table.set(code, action),
                None => table.default(action),
            }
            rest = skip_blanks(after);
        }
        Some(table)
    }
}

fn action_at_start_of(text: &str) -> Option<(Action, &str)> {
    if let Some(found) = WORDS.iter().find_map(|(word, action)| Some((*action, text.strip_prefix(word)?))) {
        return Some(found);
    }
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((numbered(digits)?, rest))
}

/// What libpam takes a number for: a signed one of 32 bits, which a larger one runs round; below nothing are the words.
fn numbered(digits: &str) -> Option<Action> {
    let digit = |c: char| c.to_digit(10).and_then(|digit| i32::try_from(digit).ok());
    let read = |number: i32, c: char| Some(number.wrapping_mul(10).wrapping_add(digit(c)?));
    match digits.chars().try_fold(0, read)? {
        0 => None,
        -1 => Some(Action::Ok),
        -2 => Some(Action::Done),
        -3 => Some(Action::Bad),
        -4 => Some(Action::Die),
        -5 => Some(Action::Reset),
        count => Some(u32::try_from(count).map_or(Action::Ignore, Action::Jump)),
    }
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(control: &str) -> [Action; 4] {
        let control = Control::parse(control);
        [Code::SUCCESS, Code::NEW_AUTHTOK_REQD, Code::IGNORE, Code::AUTH_ERR].map(|code| control.action(code))
    }

    #[test]
    fn the_four_words_mean_what_the_manual_says() {
        use Action::{Bad, Die, Done, Ignore, Ok};
        assert_eq!(codes("required"), [Ok, Ok, Ignore, Bad]);
        assert_eq!(codes("requisite"), [Ok, Ok, Ignore, Die]);
        assert_eq!(codes("SUFFICIENT"), [Done, Done, Ignore, Ignore]);
        assert_eq!(codes("Optional"), [Ok, Ok, Ignore, Ignore]);
    }

    #[test]
    fn a_list_is_read_from_left_to_right() {
        use Action::{Bad, Die, Done, Ignore, Jump, Ok};
        assert_eq!(codes("success=1 default=ignore"), [Jump(1), Ignore, Ignore, Ignore]);
        assert_eq!(codes("default=die success=ok"), [Ok, Die, Die, Die]);
        assert_eq!(codes(" success = done ignore=ignore"), [Done, Bad, Ignore, Bad]);
        assert_eq!(codes("success=ok success=2 default=bad default=ok"), [Jump(2), Bad, Bad, Bad]);
        assert_eq!(codes("success=okdefault=done"), [Ok, Done, Done, Done], "no blank is needed");
        assert_eq!(codes("authtok_recover_err=die authtok_recovery_err=ok default=ignore"), [Ignore; 4]);
        assert!(Control::parse("success=12 default=ignore").is_sound());
        assert_eq!(codes("success=4294967298 default=2147483648"), [Jump(2), Ignore, Ignore, Ignore], "it runs round");
        assert_eq!(codes("success=4294967295 default=4294967292"), [Ok, Die, Die, Die], "below nothing are the words");
    }

    #[test]
    fn what_libpam_does_not_understand_fails_whatever_the_module_says() {
        for odd in
            ["sucess=ok default=die", "success=0", "success=-1", "success", "success=", "Success=ok", "need", "="]
        {
            let control = Control::parse(odd);
            assert!(!control.is_sound(), "{odd}");
            assert_eq!(control.action(Code::SUCCESS), Action::Bad, "{odd}");
        }
        assert_eq!(Control::parse("").action(Code::SUCCESS), Action::Bad, "an empty list says nothing");
    }
}
