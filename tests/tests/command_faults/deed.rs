//! What root does, to whom, and what makes it possible.

/// A verb of the command.
#[derive(Debug, Clone, Copy)]
pub struct Deed {
    pub words: &'static [&'static str],
    /// Whom it changes.
    pub target: &'static str,
    /// What is done first.
    pub before: &'static [&'static [&'static str]],
    /// What it takes besides where it was begun before and did not end.
    pub again: &'static [&'static str],
}

const fn deed(words: &'static [&'static str], target: &'static str) -> Deed {
    Deed { words, target, before: &[], again: &[] }
}

/// Files of other programs, whose tokens are taken over.
pub const IMPORTED: [(&str, &str); 2] = [
    ("/home/bob/.google_authenticator", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n\" TOTP_AUTH\n"),
    ("/root/users.oath", "HOTP/T30 bob - 3132333435363738393031323334353637383930\n"),
];

/// alice has two tokens, recovery codes and two failures; of bob nothing is stored.
pub const DEEDS: [Deed; 15] = [
    Deed { before: &[&["disable", "alice"]], ..deed(&["enable", "alice"], "alice") },
    deed(&["disable", "alice"], "alice"),
    deed(&["lock", "alice"], "alice"),
    Deed { before: &[&["lock", "alice"]], ..deed(&["unlock", "alice"], "alice") },
    deed(&["reset", "alice"], "alice"),
    deed(&["unblock", "alice"], "alice"),
    deed(&["forget", "alice"], "alice"),
    deed(&["remove-token", "alice", "tablet"], "alice"),
    deed(&["new-recovery-codes", "alice"], "alice"),
    deed(&["enroll", "alice", "--label", "watch", "--no-confirm", "--uri"], "alice"),
    deed(&["enroll", "alice", "--replace", "--no-confirm", "--uri"], "alice"),
    deed(&["enroll", "bob", "--no-confirm", "--uri"], "bob"),
    deed(&["grace", "bob", "3d"], "bob"),
    // A key that was remembered, and whose token does not stand, may have been thrown away.
    Deed { again: &["--again"], ..deed(&["import", "google-authenticator", "bob", "--write"], "bob") },
    Deed { again: &["bob", "--again"], ..deed(&["import", "oath", "/root/users.oath", "--write"], "bob") },
];
