//! What the doctor says to do, done to the letter, mends the stack.

use std::collections::BTreeMap;

use countersign_common::config::{Config, DEFAULT_PATH, SHIPPED, parse};

use super::finding::{Finding, Severity};
use super::stacks::stacks;
use super::verdict::{Line, Word};
use crate::pam::service_tests::Shelf;

/// Files of `/etc/pam.d`, by name.
type Files = BTreeMap<String, String>;

const OTHER: &str = "auth required pam_deny.so\naccount required pam_deny.so\n";
const FEDORA: &str = "auth required pam_env.so\nauth required pam_faillock.so preauth silent\n\
                      auth [default=1 ignore=ignore success=ok] pam_localuser.so\nauth sufficient pam_unix.so\n\
                      auth sufficient pam_sss.so forward_pass\nauth required pam_faillock.so authfail\n\
                      auth required pam_deny.so\naccount required pam_faillock.so\naccount required pam_unix.so\n\
                      account sufficient pam_localuser.so\n\
                      account [default=bad success=ok user_unknown=ignore] pam_sss.so\naccount required pam_permit.so\n";
const DEBIAN: &str = "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\n\
                      auth required pam_permit.so\n\
                      account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n\
                      account requisite pam_deny.so\naccount required pam_permit.so\n";
const SUSE: &str = "auth required pam_env.so\nauth required pam_unix.so try_first_pass\naccount required pam_unix.so\n";

fn examined(files: &Files) -> (Vec<Line>, Vec<Finding>) {
    let config: Config = parse(SHIPPED.as_bytes()).expect("what is shipped");
    let all: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut findings = Vec::new();
    let lines = stacks(&Shelf::of(&all), DEFAULT_PATH, Some(&config), &mut findings);
    (lines, findings)
}

/// The name and the index of a line that is written as `/etc/pam.d/NAME:NUMBER`.
fn place(text: &str) -> (String, usize) {
    let end = text.find([' ', ',', ';']).unwrap_or(text.len());
    let (file, number) = text[..end].rsplit_once(':').expect("a line number");
    let number: usize = number.parse().expect("a line number");
    (file.strip_prefix("/etc/pam.d/").expect("a file of pam.d").to_owned(), number.saturating_sub(1))
}

fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(|line| format!("{line}\n")).collect()
}

fn edit(files: &mut Files, name: &str, change: impl FnOnce(&mut Vec<String>)) {
    let text = files.get_mut(name).expect("a file that is named");
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    change(&mut lines);
    *text = lines.concat();
}

/// The same line under another control.
fn under(line: &str, control: &str) -> String {
    let (kind, rest) = line.split_once(' ').expect("a type");
    let rest = match rest.strip_prefix('[') {
        Some(list) => list.split_once(']').expect("a bracket").1.trim_start(),
        None => rest.split_once(' ').expect("a control").1,
    };
    format!("{kind} {control} {rest}")
}

/// Does what a finding says.
fn mend(files: &mut Files, finding: &Finding) {
    let own = || (finding.file.clone().expect("a file"), finding.line.expect("a line"));
    let own = || {
        let (file, line) = own();
        place(&format!("{file}:{line}"))
    };
    let remedy = finding.remedy.as_str();
    if let Some(rest) = remedy.strip_prefix("put instead of ") {
        let (name, at) = place(rest);
        let lines = quoted(rest.split_once("): ").expect("what to put").1);
        edit(files, &name, |all| drop(all.splice(at..=at, lines)));
    } else if let Some(rest) = remedy.strip_prefix("put `account ") {
        let (line, rest) = rest.split_once("` before ").expect("where");
        let (name, at) = place(rest);
        edit(files, &name, |all| all.insert(at, format!("account {line}\n")));
    } else if remedy.starts_with("put `auth required pam_permit.so` after it") {
        let (name, at) = own();
        edit(files, &name, |all| all.insert(at.saturating_add(1), "auth required pam_permit.so\n".to_owned()));
    } else if remedy.starts_with("make the control `required`") {
        let (name, at) = own();
        edit(files, &name, |all| {
            all[at] = under(&all[at], "required");
            if remedy.ends_with("follow") {
                all.insert(at.saturating_add(1), "auth required pam_permit.so\n".to_owned());
            }
        });
    } else if let Some((from, to)) = remedy.strip_prefix("move ").and_then(|rest| rest.split_once(" before ")) {
        let ((name, at), (beside, before)) = (place(from), place(to));
        assert_eq!(name, beside, "{finding}");
        edit(files, &name, |all| {
            let line = all.remove(at);
            all.insert(before, line);
        });
    } else if let Some((from, to)) = remedy.strip_prefix("move ").and_then(|rest| rest.split_once(" after ")) {
        let ((name, at), (beside, after)) = (place(from), place(to));
        assert_eq!(name, beside, "{finding}");
        edit(files, &name, |all| {
            let line = all.remove(at);
            all.insert(if at < after { after } else { after.saturating_add(1) }, line);
        });
    } else if let Some(rest) = remedy.strip_prefix("make it `requisite`, before ") {
        let ((name, at), (beside, ours)) = (own(), place(rest));
        assert_eq!(name, beside, "{finding}");
        edit(files, &name, |all| {
            let line = under(&all.remove(at), "requisite");
            all.insert(if at > ours { ours } else { at }, line);
        });
    } else if remedy == "put it before that line" || remedy == "keep one of the lines" {
        let (name, at) = own();
        let first = finding.problem.split("stands after ").nth(1).map(place);
        edit(files, &name, |all| {
            let line = all.remove(at);
            if let Some((_, before)) = first.filter(|(file, _)| *file == name) {
                all.insert(before, line);
            }
        });
    } else {
        panic!("nobody can do this: {finding}");
    }
}

/// Does what is said until nothing is left to say; returns the files.
fn mended(service: &str, text: &str, fragment: &str) -> Files {
    let entries = [(service, text), ("fragment", fragment), ("other", OTHER)];
    let mut files: Files = entries.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    for _ in 0..10 {
        let (lines, findings) = examined(&files);
        let worth_it = |finding: &&Finding| finding.severity != Severity::Info;
        if let Some(finding) = findings.iter().filter(worth_it).min_by_key(|finding| finding.severity) {
            mend(&mut files, finding);
            continue;
        }
        let words: Vec<&Line> = lines.iter().filter(|line| line.service == service).collect();
        let all_asked = words.iter().all(|line| line.verdict == Word::Asked);
        assert!(all_asked && !words.is_empty(), "{words:#?} {files:#?}");
        return files;
    }
    panic!("there is no end: {files:#?} {:#?}", examined(&files).1);
}

#[test]
fn what_doctor_says_to_do_mends_the_stack() {
    let ours = "auth required pam_countersign.so\n";
    let account = "account required pam_countersign.so\n";
    for (name, fragment) in [("fedora", FEDORA), ("debian", DEBIAN), ("suse", SUSE)] {
        for include in ["include", "substack"] {
            for (auth, rest) in [
                (ours.to_owned(), String::new()),
                (ours.to_owned(), account.to_owned()),
                (ours.to_owned(), format!("account required pam_nologin.so\n{account}")),
                (ours.to_owned(), format!("{account}account required pam_access.so\n")),
                (format!("{ours}{ours}"), account.to_owned()),
                ("auth optional pam_countersign.so\n".to_owned(), account.to_owned()),
                (
                    "auth sufficient pam_countersign.so\n".to_owned(),
                    "account sufficient pam_countersign.so\n".to_owned(),
                ),
                (
                    "auth [success=ok default=bad] pam_countersign.so\n".to_owned(),
                    "account optional pam_countersign.so\n".to_owned(),
                ),
            ] {
                let text = format!("auth {include} fragment\n{auth}{rest}account include fragment\n");
                let turned = format!("{auth}auth {include} fragment\n{rest}account include fragment\n");
                for text in [text, turned] {
                    let files = mended("sshd", &text, fragment);
                    assert_eq!(files["fragment"], fragment, "{name}: nobody else's stack is touched");
                }
            }
        }
    }
}

#[test]
fn what_doctor_says_of_a_whole_file_mends_it() {
    let account = "account required pam_countersign.so\naccount required pam_unix.so\n";
    for text in [
        format!("auth required pam_countersign.so\n{DEBIAN}{account}"),
        format!("auth sufficient pam_countersign.so\n{SUSE}{account}"),
        format!("auth required pam_unix.so\nauth required pam_countersign.so\n{account}"),
        format!("auth sufficient pam_unix.so\nauth required pam_countersign.so\n{account}"),
        format!("auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_countersign.so\n{account}"),
        "auth requisite pam_unix.so\nauth required pam_countersign.so\naccount required pam_unix.so\naccount required pam_countersign.so\n".to_owned(),
        "auth requisite pam_unix.so\nauth required pam_countersign.so\naccount sufficient pam_unix.so\naccount required pam_countersign.so\naccount required pam_permit.so\n".to_owned(),
    ] {
        mended("login", &text, SUSE);
    }
}
