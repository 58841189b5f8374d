//! What each way into sshd comes to, for everyone and for root.

use super::settings::{Method, Settings, Way};
use crate::commands::doctor::stacks::NO_LINE;
use crate::commands::doctor::verdict::{Line, Word};

/// What a way in comes to that sshd keeps root from; the value of the setting follows.
const ROOT_KEPT_OUT: &str = "PermitRootLogin";

/// A way in, and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) way: Way,
    pub(super) verdict: Word,
    pub(super) why: String,
}

/// What sshd's stack does with a password, and why.
#[derive(Debug)]
pub(super) struct Stack {
    verdict: Word,
    why: String,
}

impl Stack {
    /// As the lines about a service say.
    pub(super) fn of(lines: &[Line], service: &str) -> Option<Self> {
        let line = lines.iter().find(|line| line.service == service && line.login == "password")?;
        Some(Self { verdict: line.verdict, why: line.why.clone() })
    }

    /// Whether a line of ours is in it.
    pub(super) fn is_ours(&self) -> bool {
        self.why != NO_LINE
    }
}

impl Entry {
    /// Whether sshd itself keeps root out this way.
    pub(super) fn is_kept_from_root(&self) -> bool {
        self.why.starts_with(ROOT_KEPT_OUT)
    }

    /// Whether it lets in without PAM being asked anything.
    pub(super) fn is_free(&self) -> bool {
        let typed = self.way.has(&Method::KeyboardInteractive) || self.way.has(&Method::Password);
        self.verdict == Word::NotAsked && !typed
    }
}

/// The ways in, and what each comes to.
pub(super) fn entries(settings: &Settings, stack: &Stack) -> Vec<Entry> {
    let entry = |way: Way| {
        let (verdict, why) = verdict(settings, &way, stack);
        Entry { way, verdict, why }
    };
    settings.ways().into_iter().map(entry).collect()
}

/// The same for root, whom sshd may keep out altogether, or from all that is typed.
pub(super) fn roots(settings: &Settings, stack: &Stack) -> Vec<Entry> {
    let permitted = settings.root_permitted();
    let mut entries = entries(settings, stack);
    for entry in &mut entries {
        let typed = entry.way.has(&Method::Password) || entry.way.has(&Method::KeyboardInteractive);
        if permitted == "no" || (typed && permitted != "yes") {
            entry.verdict = Word::Refused;
            entry.why = format!("{ROOT_KEPT_OUT} {permitted}");
        }
    }
    entries
}

fn verdict(settings: &Settings, way: &Way, stack: &Stack) -> (Word, String) {
    if way.has(&Method::KeyboardInteractive) {
        return (stack.verdict, stack.why.clone());
    }
    if !way.has(&Method::Password) {
        return (Word::NotAsked, "PAM asks nothing where a key is enough".to_owned());
    }
    if !settings.is_on("usepam") {
        return (Word::NotAsked, "UsePAM no: sshd looks at the password itself".to_owned());
    }
    match stack.verdict {
        Word::Asked | Word::CannotEnroll => {
            (Word::Refused, "this method cannot ask a second question; who does not use 2FA is let in".to_owned())
        }
        other => (other, stack.why.clone()),
    }
}

#[cfg(test)]
impl Stack {
    /// One that asks.
    pub(super) fn asking() -> Self {
        Self { verdict: Word::Asked, why: String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "usepam yes\npubkeyauthentication yes\npasswordauthentication no\n\
                         kbdinteractiveauthentication yes\npermitrootlogin yes\n\
                         authenticationmethods publickey,keyboard-interactive keyboard-interactive\n";

    fn words(text: &str) -> Vec<(String, Word)> {
        let entries = entries(&Settings::parse(text), &Stack::asking());
        entries.into_iter().map(|entry| (entry.way.to_string(), entry.verdict)).collect()
    }

    #[test]
    fn what_the_readme_says_is_asked() {
        let asked = [("publickey,keyboard-interactive", Word::Asked), ("keyboard-interactive", Word::Asked)];
        assert_eq!(words(RIGHT), asked.map(|(way, word)| (way.to_owned(), word)));
    }

    #[test]
    fn each_method_alone_comes_to_what_it_can() {
        let loose = RIGHT.replace("passwordauthentication no", "passwordauthentication yes");
        let loose = loose.replace("authenticationmethods publickey,keyboard-interactive keyboard-interactive\n", "");
        let ways: Vec<Word> = words(&loose).into_iter().map(|(_, word)| word).collect();
        assert_eq!(ways, [Word::NotAsked, Word::Refused, Word::Asked]);
        let bare = words("usepam no\npasswordauthentication yes\n");
        assert_eq!(bare, [("password".to_owned(), Word::NotAsked)]);
    }

    #[test]
    fn root_may_be_kept_out_or_kept_from_passwords() {
        let of = |permitted: &str| {
            let text = RIGHT
                .replace("permitrootlogin yes", permitted)
                .replace("publickey,keyboard-interactive ", "publickey ");
            roots(&Settings::parse(&text), &Stack::asking()).into_iter().map(|entry| entry.verdict).collect::<Vec<_>>()
        };
        assert_eq!(of("permitrootlogin no"), [Word::Refused, Word::Refused]);
        assert_eq!(of("permitrootlogin without-password"), [Word::NotAsked, Word::Refused]);
        assert_eq!(of("permitrootlogin yes"), [Word::NotAsked, Word::Asked]);
    }
}
