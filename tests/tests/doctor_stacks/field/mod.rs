//! Stacks as administrators have them: distributions' own, hardened, with directories, fingerprints and keys, in which
//! our lines stand where such an administrator puts them.
//!
//! A stack is written as one text: `== NAME` begins a file, `{A}` is our auth line, `{C}` our account line, `{U}` what
//! most distributions have for accounts of this host.
mod debian;
mod fedora;
mod jumps;
mod others;
mod turned_away;
mod ubuntu;

use crate::trial::{Files, Trial, agree};
use std::panic::{AssertUnwindSafe, catch_unwind};

const OURS: [(&str, &str); 3] = [
    ("{A}", "auth required pam_countersign.so"),
    ("{C}", "account required pam_countersign.so"),
    ("{U}", "account required pam_unix.so"),
];
const OTHER: &str = "auth required pam_deny.so\naccount required pam_deny.so\n";

/// What is expected of a password of this host, and of one of the directory, if the stack asks that.
struct Stack {
    name: &'static str,
    local: &'static str,
    directory: Option<&'static str>,
    text: &'static str,
}

fn files(text: &str) -> Files {
    let text = OURS.iter().fold(text.to_owned(), |text, (mark, line)| text.replace(mark, line));
    let mut files: Files = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("== "), files.last_mut()) {
            (Some(name), _) => files.push((name.to_owned(), String::new())),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => assert!(line.is_empty(), "a line before the first file: {line}"),
        }
    }
    if !files.iter().any(|(name, _)| name == "other") {
        files.push(("other".to_owned(), OTHER.to_owned()));
    }
    files
}

/// Asserts that doctor and libpam agree about each, and on what; all that differ are told.
fn all_are_as_expected(stacks: &[Stack]) {
    let trial = Trial::new();
    let mut wrong = Vec::new();
    for Stack { name, local, directory, text } in stacks {
        let files = files(text);
        let (service, _) = files.first().expect("a file").clone();
        let by_doctor_and_libpam = catch_unwind(AssertUnwindSafe(|| {
            let verdict = agree(&trial, name, &service, &files);
            assert_eq!(&verdict, local, "{name}");
            let Some(expected) = directory else { return };
            let told = trial.told();
            let module = told.directory_module(&service);
            let verdict = told.verdict(&service, &format!("password by {module}")).to_owned();
            let may_enroll = if verdict == "cannot enroll here" { "asked" } else { &verdict };
            let shown = || format!("{name}, directory: {files:#?}\n{:#}", told.value());
            assert_eq!(may_enroll, trial.directory_reality(&service), "{}", shown());
            assert_eq!(may_enroll, *expected, "{}", shown());
        }));
        if by_doctor_and_libpam.is_err() {
            wrong.push(*name);
        }
    }
    assert!(wrong.is_empty(), "doctor and libpam differ on {wrong:?}; see above");
}
