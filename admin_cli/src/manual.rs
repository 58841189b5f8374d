//! What the manual says of the command beyond its arguments: exit statuses, JSON, files; a table each. `--help`,
//! countersign(8) and docs/command.md show them; the tests hold the code against them.
//!
//! Imports nothing: the writer of the manuals reads this file without the command.

/// An exit status.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// The number.
    pub(crate) number: u8,
    /// In a word, for `--help`.
    pub(crate) short: &'static str,
    /// In full.
    pub(crate) meaning: &'static str,
}

/// What was asked is done.
pub(crate) const DONE: Status = Status { number: 0, short: "done", meaning: "done, or it was so already" };
/// It is not.
pub(crate) const FAILED: Status = Status {
    number: 1,
    short: "something failed or was refused",
    meaning: "something failed or was refused; or, from `status`, `list` and `explain`, the state of a user cannot be \
              trusted; or `doctor` found errors",
};
/// What was typed is not understood.
pub(crate) const USAGE: Status = Status { number: 2, short: "wrong usage", meaning: "wrong usage" };

/// Every exit status.
pub(crate) const STATUSES: [&Status; 3] = [&DONE, &FAILED, &USAGE];

/// A sentence about all exit statuses, for `--help`.
pub(crate) fn statuses() -> String {
    let each = STATUSES.map(|status| format!("{} {}", status.number, status.short));
    format!("Exit status: {}.", each.join(", "))
}

/// A field of a JSON object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) value: &'static str,
}

const fn field(name: &'static str, value: &'static str) -> Field {
    Field { name, value }
}

/// One user.
pub(crate) const USER: [Field; 20] = [
    field("user", "the canonical name"),
    field("uid", "the account's uid; the recorded one if the account is gone"),
    field(
        "use_2fa",
        "whether this user is asked for a code, wherever no rule about a service or a network says otherwise",
    ),
    field(
        "use_2fa_source",
        "`\"record\"`; `\"default\"` for a user without a record; or `\"rule N\"`: that rule names no service and no \
         network, and decides for this user",
    ),
    field("can_toggle", "whether the user may change that; administrators may in any case"),
    field("administrator", "whether the user is one; `null` if a look-up failed"),
    field("enrolled", "whether there is a token"),
    field("tokens", "an array of `{id, label, algorithm, digits, period, enrolled_at}`"),
    field("recovery_codes_left", "how many are not used yet"),
    field("failures", "wrong codes since the last login"),
    field("blocked", "`null`, or `{until}`: a time, or `null` if only `unblock` ends it"),
    field(
        "command_blocked",
        "the same for confirmations in the command, which have a count of their own; logins are not affected",
    ),
    field(
        "enrollment_refused",
        "`null`, or `{until, why}`: three enrollments were proven and not kept within the hour, so no other is let through",
    ),
    field(
        "no_code_before",
        "`null`, or from when on a code can be accepted, where the host's clock has gone back behind the last accepted one",
    ),
    field(
        "grace_until",
        "until when the user gets in without a token; `null` if there is no such time, it is over, or no login has \
         begun it",
    ),
    field("last_accepted", "`null`, or `{at, service, rhost, offset_steps}` of the last login with a code"),
    field("changed_at", "the last change of the record"),
    field("changed_by", "by whom it was: an account, or `login` for the user during a login"),
    field("state", "`\"ok\"`, or `\"untrusted\"`: logins of this user are refused"),
    field(
        "problem",
        "what is wrong with an untrusted state: the path and the reason. All that is not known then is `null`",
    ),
];

/// After commands that change, a user has one field more.
pub(crate) const CHANGED: Field = field("changed", "after commands that change: whether anything is different now");

/// The fields of a token.
pub(crate) const TOKEN: [&str; 6] = ["id", "label", "algorithm", "digits", "period", "enrolled_at"];
/// What `explain --json` prints.
pub(crate) const EXPLAIN: [&str; 13] = [
    "user", "service", "from", "rule", "outcome", "then", "until", "sentence", "notes", "may", "confirm", "others",
    "problem",
];
/// What `doctor --json` prints.
pub(crate) const DIAGNOSIS: [&str; 2] = ["logins", "findings"];
/// What a login comes to, as `doctor` says it.
pub(crate) const LOGIN: [&str; 5] = ["service", "login", "module", "verdict", "why"];
/// What `doctor` found.
pub(crate) const FINDING: [&str; 7] = ["severity", "problem", "remedy", "users", "services", "file", "line"];
/// What `status --json` prints of the installation.
pub(crate) const INSTALLATION: [&str; 8] =
    ["config", "state_dir", "owner", "users", "use_2fa", "enrolled", "blocked", "untrusted"];

/// The other objects: which command prints one or an array of them, and their fields.
pub(crate) const OBJECTS: [(&str, &[&str]); 6] = [
    ("status --json", &INSTALLATION),
    ("tokens USER --json", &TOKEN),
    ("explain USER --json", &EXPLAIN),
    ("doctor --json", &DIAGNOSIS),
    ("doctor --json: each of logins", &LOGIN),
    ("doctor --json: each of findings", &FINDING),
];

/// A file, and what it is.
pub(crate) const FILES: [(&str, &str); 7] = [
    ("/etc/countersign/config.toml", "the configuration, `countersign.toml`(5)"),
    ("/etc/countersign/installation", "the random id of this installation, and the uid that owns its state"),
    ("/etc/countersign/pam.d.backup", "service files as they were before `pam add` and `pam remove`"),
    ("/etc/countersign/pam-pending", "what `pam add --confirm` did and nobody confirmed yet"),
    ("/var/lib/countersign", "the state: a record and counters for each user; `state_dir` names another place"),
    ("/usr/libexec/countersign-helper", "what does for an ordinary user what that user may do; set-user-ID"),
    ("pam_countersign.so", "the module, in the directory of PAM modules, `pam_countersign`(8)"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_common::config::{Config, DEFAULT_PATH};
    use countersign_common::store::INSTALLATION_PATH;

    /// docs/command.md has a row for each exit status and each field, and no other, and names each object's fields.
    #[test]
    fn the_documentation_has_the_tables() {
        let text = include_str!("../../docs/command.md");
        let rows = |title: &str| {
            let (_, section) = text.split_once(title).unwrap();
            let section = section.split("\n## ").next().unwrap();
            section.lines().filter(|line| line.starts_with("| ")).skip(1).map(str::to_owned).collect::<Vec<_>>()
        };
        let statuses = STATUSES.map(|status| format!("| {} | {} |", status.number, status.meaning));
        assert_eq!(rows("\n## Exit status\n"), statuses);
        let fields = USER.iter().chain([&CHANGED]);
        let fields: Vec<String> = fields.map(|field| format!("| `{}` | {} |", field.name, field.value)).collect();
        assert_eq!(rows("\n## JSON\n"), fields);
        let text = text.replace('\n', " ");
        for (command, names) in OBJECTS {
            assert!(text.contains(&format!("{{{}}}", names.join(", "))), "docs/command.md lacks: {command}");
        }
    }

    #[test]
    fn the_files_are_where_the_code_looks_for_them() {
        let paths = FILES.map(|(path, _)| path);
        for path in [DEFAULT_PATH, INSTALLATION_PATH, Config::default().state_dir.as_str()] {
            assert!(paths.contains(&path), "{path}");
        }
    }
}
