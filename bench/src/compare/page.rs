//! What happened, as a page.
use crate::cases::Case;
use crate::place::Module;
use std::fmt::Write as _;
use std::process::Command;

/// A case and its outcome for each module.
#[derive(Debug)]
pub(crate) struct Row {
    what: &'static str,
    outcomes: [String; 3],
}

impl Row {
    /// Runs a case against all modules.
    pub(crate) fn run(case: Case) -> Self {
        eprintln!("{}", case.what);
        Self { what: case.what, outcomes: Module::ALL.map(case.run) }
    }
}

const HEAD: &str = "# The same cases, three modules

Made by `make compare`; do not edit. Each case of each module ran once in a private world of its own, by real libpam, with
a clock that the case moves. A cell says what happened in this run; where sessions race, another run counts differently.
Nothing here says how common a case is. In the cases of many sessions at once, which stand at their prompts and are let
go together, the state lies on an ext4 file system on a disk; in all others in memory. \"–\" means that there is nothing to
try. A refusal of the right code after many wrong ones is a block, which ends by itself.

How each module was set up:

- **pam_countersign**: configuration as shipped, but `use_2fa = true` and, as the others do, one try a login. Everyone
  was enrolled by a login.
- **pam_google_authenticator**: the answers its set-up program recommends (`RATE_LIMIT 3 30`, `WINDOW_SIZE 3`, `DISALLOW_REUSE`,
  `TOTP_AUTH`), the state in a directory of root's, by `secret=` and `user=root`.
- **pam_oath**: `usersfile=` in a directory of root's, `window=1 digits=6`.

Every line is `required`, followed by pam_permit. \"While rolling out\" stands for what each project offers while not everyone is
enrolled: google-authenticator's `nullok`, pam_oath's `[user_unknown=ignore success=ok]` (the line of its README), ours with
`use_2fa` left at no and `countersign enable alice`. Where a cell does not tell it apart, both had the same outcome.

";

/// The page.
pub(crate) fn write(rows: &[Row]) -> String {
    let mut out = HEAD.to_owned();
    out.push_str("| case | pam_countersign | pam_google_authenticator | pam_oath |\n|---|---|---|---|\n");
    for Row { what, outcomes: [ours, google, oath] } in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "| {what} | {ours} | {google} | {oath} |");
    }
    out.push_str("\n## Run with\n\n| | |\n|---|---|\n");
    let mut line = |what: &str, which: String| {
        let _ = writeln!(out, "| {what} | {which} |");
    };
    line("date", said("date", &["--utc", "+%F"]));
    line("pam_countersign", env!("CARGO_PKG_VERSION").to_owned());
    for package in ["libpam-google-authenticator", "libpam-oath", "liboath0", "libpam0g"] {
        line(package, said("dpkg-query", &["-W", "-f=${Version}", package]));
    }
    line("kernel", said("uname", &["-sr"]));
    line("processors", said("nproc", &[]));
    out
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
