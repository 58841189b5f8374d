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

/// The fields of one more object, a line each; and their names alone, in the same order.
macro_rules! object {
    ($(#[$about:meta])* $names:ident, $fields:ident: $($name:literal => $value:literal,)+) => {
        $(#[$about])*
        pub(crate) const $names: [&str; [$($name),+].len()] = [$($name),+];
        $(#[$about])*
        pub(crate) const $fields: &[Field] = &[$(field($name, $value)),+];
    };
}

object! {
    /// A token, without its secret.
    TOKEN, TOKEN_FIELDS:
    "id" => "by which `remove-token` and the log name it; never used again",
    "label" => "what it is called, as in `tablet`",
    "algorithm" => "`\"SHA1\"`, `\"SHA256\"` or `\"SHA512\"`",
    "digits" => "how many a code has",
    "period" => "how many seconds a step lasts",
    "enrolled_at" => "when it was set up",
}

object! {
    /// What a login of a user comes to.
    EXPLAIN, EXPLAIN_FIELDS:
    "user" => "the canonical name",
    "service" => "the service it was asked about",
    "from" => "the address it was asked about; `null` for a login at this host",
    "rule" => "the number of the rule that decides, from 1; `null` if none matches",
    "outcome" => "what it says: `\"skip\"`, `\"user\"` (the user's own setting; also without a rule), `\"required\"` or \
                  `\"rehearse\"`",
    "then" => "what happens: `\"pass\"` (no code), `\"ask\"`, `\"ask_recovery_code\"` (blocked, and a recovery code gets in), \
               `\"enroll\"` (the QR code), `\"grace\"` (let through for now) or `\"refuse\"`",
    "until" => "when that ends: a block, or the time to enroll; `null` if it does not end by itself",
    "sentence" => "the same, for people",
    "notes" => "what the rules could not know, a sentence each",
    "may" => "the subcommands that the user may use without root, on themselves",
    "confirm" => "what confirms a change that weakens or changes the factor: `\"code\"` or `\"none\"`",
    "others" => "who else may change something: an array of `{group, may}`, with `null` for root; `may` is `[\"all\"]` where \
                 nothing is refused",
    "problem" => "why the state of the user cannot be trusted; else `null`",
}

object! {
    /// What the doctor says.
    DIAGNOSIS, DIAGNOSIS_FIELDS:
    "logins" => "what each kind of login comes to",
    "findings" => "what is wrong, the gravest first",
}

object! {
    /// What a login comes to, as `doctor` says it.
    LOGIN, LOGIN_FIELDS:
    "service" => "the PAM service",
    "login" => "who, and by what",
    "module" => "the module that is given what it asks for; `null` where sshd decides, not PAM",
    "verdict" => "`\"asked\"`, `\"not asked\"`, `\"refused\"` (whoever does everything right), `\"cannot enroll here\"` (asked, but \
                  who has no token gets none here) or `\"locked out\"` (also who does not use 2FA)",
    "why" => "why; empty if there is nothing to say",
}

object! {
    /// What the doctor found.
    FINDING, FINDING_FIELDS:
    "severity" => "`\"error\"`, `\"warning\"` or `\"info\"`",
    "problem" => "what is so",
    "remedy" => "what to do; empty if nothing",
    "users" => "the users it is about, all of them",
    "services" => "the PAM services it is about, all of them",
    "file" => "the file to be mended, if it is one; else `null`",
    "line" => "the line of that file; `null` if it is no one line",
}

object! {
    /// The installation.
    INSTALLATION, INSTALLATION_FIELDS:
    "config" => "the path of the configuration",
    "state_dir" => "the state directory",
    "owner" => "the uid that owns it",
    "users" => "how many users have state",
    "use_2fa" => "how many of them are asked for a code",
    "enrolled" => "how many of them have a token",
    "blocked" => "the names of those who are blocked at logins",
    "untrusted" => "the names of those whose state cannot be trusted",
}

object! {
    /// How far the roll-out is.
    PROGRESS, PROGRESS_FIELDS:
    "asked" => "how many users are asked for a code at some login",
    "enrolled" => "how many of them have a token",
    "must_now" => "the names of those who are asked, have none, and have no time left",
    "in_grace" => "who has none, and time: an array of `{user, until}`",
    "grace_until" => "the last of these times; `null` if there is none",
    "from_first_login" => "the names of those who have none, and time from their first login on",
    "grace_seconds" => "how much time that is; `null` if there is nobody",
    "blocked" => "the names of all who are blocked, asked or not",
    "few_recovery_codes" => "the names of those who are asked and have two or fewer left",
    "untrusted" => "the names of those whose state cannot be trusted",
}

object! {
    /// The last rehearsed login of a user on a service.
    REHEARSED, REHEARSED_FIELDS:
    "user" => "the user",
    "service" => "the PAM service",
    "rule" => "the number of the rule with `rehearse`; `null` if the line in the log has none",
    "then" => "what `required` would have come to, as the event `rehearsed` in the log says it",
    "detail" => "more about that; `null` if there is nothing",
}

object! {
    /// What `import` says of each user.
    IMPORTED, IMPORTED_FIELDS:
    "user" => "the canonical name; of a line that names nobody, `line N`",
    "outcome" => "`\"taken\"`, or `\"would_be_taken\"` without `--write`; `\"already\"`: all of it is here; `\"left\"`: nothing is \
                  taken; `\"failed\"`: an error",
    "changed" => "whether anything is different now",
    "asked" => "whether any login of this user asks for a code then; `null` if nothing is taken",
    "tokens" => "what is taken: an array of `{bits, digits, period, used_codes}`",
    "changes" => "what is otherwise from now on, in sentences",
    "left" => "what has no place here, in sentences",
    "notes" => "what an administrator should know, in sentences",
    "problem" => "why nothing is taken; otherwise `null`",
}

object! {
    /// A token that is taken.
    IMPORTED_TOKEN, IMPORTED_TOKEN_FIELDS:
    "bits" => "how long its secret is",
    "digits" => "how many a code has",
    "period" => "how many seconds a step lasts",
    "used_codes" => "how many codes were known as used, and stay so",
}

object! {
    /// What `restored` says of each user.
    RESTORED, RESTORED_FIELDS:
    "user" => "the canonical name",
    "tokens" => "of how many tokens all codes of the present moment count as used",
    "recovery_codes_voided" => "how many recovery codes became void",
    "changed" => "whether anything is different now",
    "problem" => "why nothing was done; otherwise `null`",
}

/// An object, or an array of them, that a command prints.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Object {
    /// Which command, and what of its answer.
    pub(crate) of: &'static str,
    /// One, or an array.
    pub(crate) form: &'static str,
    pub(crate) fields: &'static [Field],
}

const fn object(of: &'static str, form: &'static str, fields: &'static [Field]) -> Object {
    Object { of, form, fields }
}

/// The objects beside that of a user.
pub(crate) const OBJECTS: &[Object] = &[
    object("status --json", "Without USER: one object, about the installation.", INSTALLATION_FIELDS),
    object("tokens USER --json", "An array.", TOKEN_FIELDS),
    object("explain USER --json", "One object.", EXPLAIN_FIELDS),
    object("doctor --json", "One object with two arrays.", DIAGNOSIS_FIELDS),
    object("doctor --json: logins", "Each of them.", LOGIN_FIELDS),
    object("doctor --json: findings", "Each of them.", FINDING_FIELDS),
    object("report --json", "One object.", PROGRESS_FIELDS),
    object("report --rehearsal --json", "An array.", REHEARSED_FIELDS),
    object("import … --json", "An array: one object for each user, also for those who were left.", IMPORTED_FIELDS),
    object("import … --json: tokens", "Each of them.", IMPORTED_TOKEN_FIELDS),
    object("restored --json", "An array: one object for each user that has state.", RESTORED_FIELDS),
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
            let (_, section) = text.split_once(&format!("\n{title}\n")).unwrap_or_else(|| panic!("no {title}"));
            let section = section.split("\n##").next().unwrap();
            let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
            (section.lines().nth(1).unwrap_or_default(), rows.map(str::to_owned).collect::<Vec<_>>())
        };
        let written = |fields: &mut dyn Iterator<Item = &Field>| {
            fields.map(|field| format!("| `{}` | {} |", field.name, field.value)).collect::<Vec<_>>()
        };
        let statuses = STATUSES.map(|status| format!("| {} | {} |", status.number, status.meaning));
        assert_eq!(rows("## Exit status").1, statuses);
        assert_eq!(rows("## JSON").1, written(&mut USER.iter().chain([&CHANGED])));
        for Object { of, form, fields } in OBJECTS {
            assert_eq!(rows(&format!("### `{of}`")), (*form, written(&mut fields.iter())), "{of}");
        }
        assert_eq!(text.matches("\n### `").count(), OBJECTS.len(), "an object that no table has");
    }

    #[test]
    fn the_files_are_where_the_code_looks_for_them() {
        let paths = FILES.map(|(path, _)| path);
        for path in [DEFAULT_PATH, INSTALLATION_PATH, Config::default().state_dir.as_str()] {
            assert!(paths.contains(&path), "{path}");
        }
    }
}
