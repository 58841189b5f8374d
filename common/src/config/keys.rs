//! The table of keys: what each means, its values, its default. The commented configuration and countersign.toml(5) are
//! written from it; the tests hold it against what [`super::parse`] takes.

use std::fmt;

/// What stands at the head of the commented configuration.
pub const PREAMBLE: &str = "\
# Countersign: the second factor for logins on this host. All of it is in countersign.toml(5).
# Each key is shown with its default; take the mark away to change it. Unknown keys are refused.
# After a change: countersign check-config
";

/// A table of the configuration.
#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    /// How it is opened; empty for the keys before any table.
    pub header: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// Its keys, in the order they are shown.
    pub keys: &'static [Key],
    /// TOML that follows the keys: what is shipped, and what may be uncommented.
    pub sample: &'static str,
}

/// A key of a table.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What it may be.
    pub values: Values,
    /// What holds where it is not given.
    pub absent: Absent,
}

/// What a key may be.
#[derive(Debug, PartialEq, Eq)]
pub enum Values {
    /// `true` or `false`.
    Truth,
    /// A whole number from one to the other.
    Number(u32, u32),
    /// A span of time from one to the other.
    Span(&'static str, &'static str),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of these words.
    SomeOf(&'static [&'static str]),
    /// A text.
    Text(&'static str),
    /// A list of texts.
    Texts(&'static str),
}

/// What holds where a key is not given.
#[derive(Debug, PartialEq, Eq)]
pub enum Absent {
    /// This value.
    Default(&'static str),
    /// What these words say; the value is an example.
    Means(&'static str, &'static str),
    /// Nothing: it must be given.
    Refused,
}

const fn key(name: &'static str, values: Values, absent: Absent, meaning: &'static str) -> Key {
    Key { name, meaning, values, absent }
}

const NOT_LOOKED_AT: Absent = Absent::Means("not looked at", "");
const GROUPS: Values = Values::Texts("names of groups");

/// Every table, and every key in it.
pub static SECTIONS: &[Section] = &[
    Section {
        header: "",
        about: "",
        keys: &[
            key(
                "state_dir",
                Values::Text("an absolute path without `.`, `..` or `//`"),
                Absent::Default("\"/var/lib/countersign\""),
                "Where the state is. Set up once with: countersign init",
            ),
            key(
                "issuer",
                Values::Text("1 to 32 printable characters without a colon"),
                Absent::Means("the short host name", "\"srv1\""),
                "How this host is called in authenticator apps.",
            ),
            key(
                "support",
                Values::Text("1 to 80 printable characters"),
                Absent::Means("\"your administrator\"", "\"helpdesk, ext. 42\""),
                "To whom a person is told to turn.",
            ),
        ],
        sample: "",
    },
    Section {
        header: "[defaults]",
        about: "Users that no command has touched yet.",
        keys: &[
            key("use_2fa", Values::Truth, Absent::Default("false"), "Whether they are asked for a code."),
            key("can_toggle", Values::Truth, Absent::Default("true"), "Whether they may change that themselves."),
        ],
        sample: "",
    },
    Section {
        header: "[administrators]",
        about: "Who may, besides root, always turn their own 2FA on and off, cannot be locked, and can help every other \
                user but root, without being root (countersign reset USER and so on, confirmed with a code of their own).",
        keys: &[key("groups", GROUPS, Absent::Default("[]"), "Members of these groups.")],
        sample: "",
    },
    Section {
        header: "[totp]",
        about: "Codes. All but `window` is about new tokens; apps support the defaults best.",
        keys: &[
            key("algorithm", Values::OneOf(&["SHA1", "SHA256", "SHA512"]), Absent::Default("\"SHA1\""), "The hash."),
            key("digits", Values::Number(6, 8), Absent::Default("6"), "How many digits a code has."),
            key("period", Values::Number(30, 60), Absent::Default("30"), "How many seconds a step lasts."),
            key(
                "window",
                Values::Number(0, 2),
                Absent::Default("1"),
                "How many steps before and after the current one are accepted.",
            ),
        ],
        sample: "",
    },
    Section {
        header: "[prompt]",
        about: "How a person is asked.",
        keys: &[
            key("tries", Values::Number(1, 5), Absent::Default("3"), "After how many wrong codes a login ends."),
            key(
                "echo",
                Values::Truth,
                Absent::Default("true"),
                "Whether a code is seen while it is typed. Over ssh `false` must not be used together with sshd's own \
                 password method.",
            ),
            key(
                "qr",
                Values::OneOf(&["utf8", "ascii", "off"]),
                Absent::Default("\"utf8\""),
                "How the QR code is drawn. The key stands there as text in any case.",
            ),
        ],
        sample: "",
    },
    Section {
        header: "[throttle]",
        about: "What wrong codes in a row cost, over all sessions and services.",
        keys: &[
            key("free", Values::Number(0, 10), Absent::Default("4"), "How many bring no delay; the next one blocks."),
            key("first_delay", Values::Span("1s", "1h"), Absent::Default("\"30s\""), "For how long it blocks."),
            key(
                "max_delay",
                Values::Span("1s", "1d"),
                Absent::Default("\"1h\""),
                "How far each further one doubles that; not shorter than `first_delay`.",
            ),
            key(
                "hard_limit",
                Values::Number(1, 100),
                Absent::Default("100"),
                "At how many only countersign unblock lifts the block; more than `free`.",
            ),
        ],
        sample: "",
    },
    Section {
        header: "[recovery]",
        about: "Recovery codes, shown once, at the first enrollment. Each works once.",
        keys: &[key("codes", Values::Number(0, 16), Absent::Default("8"), "How many there are; 0 for none.")],
        sample: "",
    },
    Section {
        header: "[enrollment]",
        about: "Setting up a token inside a login.",
        keys: &[
            key(
                "services",
                Values::Texts("names of PAM services"),
                Absent::Default("[\"sshd\", \"login\", \"remote\", \"su\", \"su-l\", \"sudo\", \"sudo-i\"]"),
                "In which services a person can scan a QR code. Never list a graphical greeter or a screen locker.",
            ),
            key(
                "grace",
                Values::Span("0s", "366d"),
                Absent::Default("\"0s\""),
                "How long a user may put it off with the word `later`, and log in where none can be shown, from the \
                 first login that asks.",
            ),
        ],
        sample: "",
    },
    Section {
        header: "[self_service]",
        about: "What users do to their own second factor, with the command.",
        keys: &[key(
            "confirm",
            Values::OneOf(&["code", "none"]),
            Absent::Default("\"code\""),
            "What confirms it: a current code or a recovery code, or nothing at all. Without, whoever gets at \
             someone's open session can take over or turn off that factor.",
        )],
        sample: "",
    },
    Section {
        header: "[[delegate]]",
        about: "Who may help whom without being root, confirmed with a code of their own. Never over root, \
                administrators, or other delegates. May be given several times.",
        keys: &[
            key("group", Values::Text("the name of a group"), Absent::Refused, "Who may help: its members."),
            key("over", GROUPS, Absent::Refused, "Whom: the members of these groups."),
            key(
                "may",
                Values::SomeOf(&[
                    "reset",
                    "unblock",
                    "lock",
                    "unlock",
                    "enable",
                    "disable",
                    "enroll",
                    "new-recovery-codes",
                ]),
                Absent::Refused,
                "With what. `disable`, `unlock`, `enroll` and `new-recovery-codes` hand over the second factor.",
            ),
            key(
                "except",
                GROUPS,
                Absent::Default("[\"sudo\", \"wheel\", \"adm\"]"),
                "But never over members of these groups.",
            ),
        ],
        sample: "\
# [[delegate]]
# group = \"helpdesk\"
# over = [\"students\"]
# may = [\"reset\", \"unblock\"]
",
    },
    Section {
        header: "[[rule]]",
        about: "Who is asked: the first rule that matches decides. Every list that is given must match; what cannot be \
                looked up never spares anyone a code. May be given several times.",
        keys: &[
            key("services", Values::Texts("names of PAM services"), NOT_LOOKED_AT, "Which services."),
            key("users", Values::Texts("login names"), NOT_LOOKED_AT, "Which users."),
            key("groups", GROUPS, NOT_LOOKED_AT, "Members of which groups."),
            key(
                "networks",
                Values::Texts("networks by address, as in \"10.0.0.0/8\" or \"2001:db8::/32\""),
                NOT_LOOKED_AT,
                "From where; names are never looked up.",
            ),
            key(
                "then",
                Values::OneOf(&["skip", "user", "required", "rehearse"]),
                Absent::Refused,
                "`skip`: no code. `user`: the user's own setting. `required`: a code, whatever the user's setting is. \
                 `rehearse`: nobody is asked or refused yet; the log says what `required` would have come to \
                 (`countersign report --rehearsal`).",
            ),
        ],
        sample: "\
# Screen lockers run as the user: they can neither read the state nor ask a second question.
[[rule]]
services = [\"i3lock\", \"swaylock\", \"hyprlock\", \"vlock\", \"xlock\", \"xscreensaver\", \"xsecurelock\", \"kde\", \
\"kscreensaver\", \"cinnamon-screensaver\", \"mate-screensaver\", \"physlock\"]
then = \"skip\"

# The way back for root on the console, should the state ever be out of reach:
# [[rule]]
# services = [\"login\"]
# users = [\"root\"]
# then = \"skip\"
",
    },
];

impl Section {
    /// Whether it may be given several times.
    #[must_use]
    pub fn repeats(&self) -> bool {
        self.header.starts_with("[[")
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truth => f.write_str("true or false"),
            Self::Number(least, most) => write!(f, "{least} to {most}"),
            Self::Span(least, most) => write!(f, "\"{least}\" to \"{most}\""),
            Self::OneOf(words) => f.write_str(&quoted(words, " or ")),
            Self::SomeOf(words) => write!(f, "a list of {}", quoted(words, " and ")),
            Self::Text(what) => f.write_str(what),
            Self::Texts(what) => write!(f, "a list of {what}"),
        }
    }
}

fn quoted(words: &[&str], last: &str) -> String {
    let mut words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match (words.pop(), words.is_empty()) {
        (Some(end), false) => format!("{}{last}{end}", words.join(", ")),
        (end, _) => end.unwrap_or_default(),
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
