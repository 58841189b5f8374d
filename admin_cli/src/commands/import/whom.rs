//! Whose files `import google-authenticator` looks for: those who are named, a group, or everyone in `/etc/passwd`.
//!
//! Invariant: whoever cannot be listed is not passed over in silence.

use std::collections::HashSet;

use super::super::crowd;
use crate::arguments::FromGoogle;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::passwd::{is_account, lines};

const PASSWD: &str = "/etc/passwd";
const NSSWITCH: &str = "/etc/nsswitch.conf";
/// Sources of accounts that are in `/etc/passwd`, or of no person (`nss-systemd(8)`).
const LOCAL: [&str; 3] = ["files", "compat", "systemd"];

/// Whom it is about.
pub(super) struct Whom {
    pub(super) names: Vec<String>,
    /// Whether one who has no file goes without a line.
    pub(super) silence: Silence,
    /// What to say of users who could not be listed.
    pub(super) remark: Option<String>,
}

/// Whether one who has no file goes without a line: those who were not named do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    Kept,
    Broken,
}

/// The users that the arguments mean.
pub(super) fn whom(desk: &Desk, arguments: &FromGoogle) -> Result<Whom, Failure> {
    if let Some(group) = &arguments.group {
        let mut names: Vec<String> = crowd::members_of(desk, group)?.into_keys().collect();
        names.sort();
        return Ok(Whom { names, silence: Silence::Kept, remark: None });
    }
    if !arguments.all {
        return Ok(Whom { names: arguments.users.clone(), silence: Silence::Broken, remark: None });
    }
    let passwd = std::fs::read(PASSWD)
        .map_err(|error| Failure::new(format!("{PASSWD}: {}", crate::output::without_number(&error))))?;
    let sources = std::fs::read_to_string(NSSWITCH).unwrap_or_default();
    let others = others(&sources, &passwd);
    let remark = (!others.is_empty()).then(|| {
        format!(
            "only {PASSWD} was looked at, and accounts come from elsewhere too ({}): for those use --group NAME, or name \
             them, as in: countersign import google-authenticator $(getent passwd | cut -d: -f1)",
            others.join(", ")
        )
    });
    Ok(Whom { names: everyone(&passwd), silence: Silence::Kept, remark })
}

/// The names in `/etc/passwd`, in its order, each once.
fn everyone(passwd: &[u8]) -> Vec<String> {
    let mut seen = HashSet::new();
    let named = lines(passwd).filter_map(|line| Some(line.split_once(':')?.0)).filter(|name| is_account(name));
    named.filter(|name| seen.insert((*name).to_owned())).map(str::to_owned).collect()
}

/// Where accounts come from besides the file: other sources of `nsswitch.conf(5)`, and lines of the old NIS.
fn others(nsswitch: &str, passwd: &[u8]) -> Vec<String> {
    let line = nsswitch.lines().find_map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        line.trim_start().strip_prefix("passwd").and_then(|rest| rest.trim_start().strip_prefix(':'))
    });
    let mut others: Vec<String> = Vec::new();
    let mut in_action = false;
    for word in line.unwrap_or_default().split_whitespace() {
        in_action |= word.starts_with('[');
        if !in_action && !LOCAL.contains(&word) {
            others.push(word.to_owned());
        }
        in_action &= !word.ends_with(']');
    }
    if lines(passwd).any(|line| line.starts_with('+')) {
        others.push(format!("lines with + in {PASSWD}"));
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_that_no_file_lists_are_named() {
        let named = |line: &str| others(line, b"root:x:0:0::/root:/bin/sh\n").join(" ");
        assert_eq!(named("passwd: files systemd # sss\ngroup: sss\n"), "");
        assert_eq!(
            named("# passwd: x\n passwd:\tfiles [SUCCESS=merge NOTFOUND=continue] sss ldap [!UNAVAIL=return]"),
            "sss ldap"
        );
        assert_eq!(named("passwd:compat winbind"), "winbind");
        assert_eq!(named("passwd_compat: nis\n"), "");
        assert_eq!(named(""), "");
        assert_eq!(others("passwd: compat", b"a:x:1:1:::\n+@staff::::::\n").len(), 1);
    }

    #[test]
    fn each_name_is_listed_once_and_marks_of_nis_are_none() {
        assert_eq!(everyone(b"b:x:1:1:::\n+x::::::\na:x:2:2:::\nb:x:3:3:::\n#c:x:\n-d::\n"), ["b", "a"]);
    }
}
