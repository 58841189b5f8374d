//! What `[[delegate]]` grants one person over another. Three-valued: what cannot be looked up grants nothing.
//!
//! Invariant: a verb is granted only by an entry whose group the caller is known to be in, one of whose `over` groups
//! the target is known to be in, and none of whose `except` groups the target may be in.

use super::rules::Membership;
use crate::config::{Config, Verb};

/// The groups of one person.
pub trait Groups {
    /// Whether that person is a member.
    fn membership(&self, group: &str) -> Membership;
}

/// What is granted to one person over another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// Nothing.
    Nothing,
    /// These verbs.
    Verbs(Vec<Verb>),
    /// Nothing, since the target is in an `except` group.
    Excepted,
    /// Nothing, since a group could not be looked up.
    Unknown,
}

/// What the configuration grants `caller` over `target`.
#[must_use]
pub fn grant(config: &Config, caller: &dyn Groups, target: &dyn Groups) -> Grant {
    let mut verbs = Vec::new();
    let (mut excepted, mut unknown) = (Membership::No, Membership::No);
    for delegate in &config.delegates {
        let acts = caller.membership(&delegate.group);
        if acts == Membership::No {
            continue;
        }
        let over = any(target, &delegate.over);
        let except = any(target, &delegate.except);
        match (acts, over, except) {
            (_, Membership::No, _) => {}
            (Membership::Yes, Membership::Yes, Membership::No) => verbs.extend(&delegate.may),
            (_, _, Membership::Yes) => excepted = Membership::Yes,
            _ => unknown = Membership::Yes,
        }
    }
    match (verbs.is_empty(), excepted, unknown) {
        (false, _, _) => Grant::Verbs(verbs),
        (_, Membership::Yes, _) => Grant::Excepted,
        (_, _, Membership::Yes) => Grant::Unknown,
        _ => Grant::Nothing,
    }
}

/// Whether a person is a delegate: a member of any delegate's group, over whomever.
#[must_use]
pub fn delegate(config: &Config, person: &dyn Groups) -> Membership {
    let mut result = Membership::No;
    for delegate in &config.delegates {
        match person.membership(&delegate.group) {
            Membership::Yes => return Membership::Yes,
            Membership::Unknown => result = Membership::Unknown,
            Membership::No => {}
        }
    }
    result
}

fn any(person: &dyn Groups, groups: &[String]) -> Membership {
    let mut result = Membership::No;
    for group in groups {
        match person.membership(group) {
            Membership::Yes => return Membership::Yes,
            Membership::Unknown => result = Membership::Unknown,
            Membership::No => {}
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    /// Members of these groups, of none that begins with `?`, which cannot be looked up.
    struct In(&'static [&'static str]);

    impl Groups for In {
        fn membership(&self, group: &str) -> Membership {
            match group {
                _ if group.starts_with('?') => Membership::Unknown,
                _ if self.0.contains(&group) => Membership::Yes,
                _ => Membership::No,
            }
        }
    }

    fn granted(entries: &str, caller: &'static [&'static str], target: &'static [&'static str]) -> Grant {
        grant(&config::parse(entries.as_bytes()).unwrap(), &In(caller), &In(target))
    }

    const DESK: &str = "[[delegate]]\ngroup='desk'\nover=['students','guests']\nmay=['reset','unblock']\n";

    #[test]
    fn members_act_on_members_and_on_nobody_else() {
        let verbs = Grant::Verbs(vec![Verb::Reset, Verb::Unblock]);
        assert_eq!(granted(DESK, &["desk"], &["students"]), verbs);
        assert_eq!(granted(DESK, &["desk"], &["guests", "x"]), verbs);
        assert_eq!(granted(DESK, &["desk"], &["staff"]), Grant::Nothing);
        assert_eq!(granted(DESK, &["students"], &["students"]), Grant::Nothing);
        assert_eq!(granted("", &["desk"], &["students"]), Grant::Nothing);
    }

    #[test]
    fn an_excepted_target_is_safe_from_that_entry_alone() {
        for group in ["sudo", "wheel", "adm"] {
            let target: &'static [&'static str] = Box::leak(Box::new(["students", group]));
            assert_eq!(granted(DESK, &["desk"], target), Grant::Excepted);
            let other = format!("{DESK}[[delegate]]\ngroup='desk'\nover=['students']\nmay=['lock']\nexcept=[]\n");
            assert_eq!(granted(&other, &["desk"], target), Grant::Verbs(vec![Verb::Lock]));
        }
    }

    #[test]
    fn what_cannot_be_looked_up_grants_nothing() {
        let entry = |group: &str, over: &str, except: &str| {
            format!("[[delegate]]\ngroup='{group}'\nover=['{over}']\nmay=['reset']\nexcept=['{except}']\n")
        };
        for (group, over, except) in [("?", "students", "x"), ("desk", "?", "x"), ("desk", "students", "?")] {
            assert_eq!(granted(&entry(group, over, except), &["desk"], &["students"]), Grant::Unknown);
        }
        let config = config::parse(entry("?", "a", "b").as_bytes()).unwrap();
        assert_eq!(delegate(&config, &In(&[])), Membership::Unknown);
    }
}
