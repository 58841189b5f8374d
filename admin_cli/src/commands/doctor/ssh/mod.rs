//! The doctor's look at sshd: which ways in it leaves, and which of them PAM is asked about.
//!
//! Invariant: sshd itself says what is in force (`sshd -T`); its files are read only to find out whom to ask about.

mod candidates;
mod settings;

use std::path::Path;
use std::process::Command;

use countersign_common::config::Config;

use super::finding::{Finding, Severity};
use super::verdict::{Line, Word};
use crate::desk::Desk;
use candidates::{Connection, connections};
use settings::{Method, Settings, Way};

const PROGRAMS: [&str; 3] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];
const SERVICE: &str = "sshd";
/// Where our settings belong: sshd takes the first value it meets.
const DROP_IN: &str = "/etc/ssh/sshd_config.d/10-countersign.conf";
const ROOT_KEPT_OUT: &str = "PermitRootLogin";
/// In less than this nobody installs an app and scans a code.
const SHORT_GRACE: u64 = 60;
const USUAL_GRACE: u64 = 120;

/// A way in, and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    way: Way,
    verdict: Word,
    why: String,
}

/// What sshd's stack does with a password, and why.
struct Stack {
    verdict: Word,
    why: String,
}

/// Verdicts on logins by ssh, and what is to be mended in sshd's configuration. `lines` are those of the stacks.
pub(super) fn ssh(
    lines: &[Line],
    config: Option<&Config>,
    desk: Option<&Desk>,
    findings: &mut Vec<Finding>,
) -> Vec<Line> {
    let Some(mut stack) = stack(lines, SERVICE) else { return Vec::new() };
    if stack.why == super::stacks::NO_LINE {
        return Vec::new();
    }
    let Some(program) = PROGRAMS.into_iter().find(|program| Path::new(program).exists()) else {
        let missing = "sshd has a stack, and there is no sshd in its usual places: its configuration is not looked at";
        findings.push(Finding::new(Severity::Info, missing, ""));
        return Vec::new();
    };
    let settings = match effective(program, None) {
        Ok(settings) => settings,
        Err(error) => {
            let problem = format!("{program} -T: {error}; what logins by ssh come to is not known");
            let finding = Finding::new(Severity::Warning, problem, "start sshd, or mend that, and run doctor again");
            findings.push(Finding { services: vec![SERVICE.to_owned()], ..finding });
            return Vec::new();
        }
    };
    // Newer ones may be told to ask another service.
    stack = stack_of(&settings, lines).unwrap_or(stack);
    let usual = entries(&settings, &stack);
    let mut told: Vec<Line> = usual.iter().map(|entry| line(entry, "by ssh")).collect();
    let general = judge(&settings, &usual, "");
    for connection in connections(config, desk) {
        let Ok(settings) = effective(program, Some(&connection)) else { continue };
        let entries = if connection.user == "root" { roots(&settings, &stack) } else { entries(&settings, &stack) };
        if entries == usual {
            continue;
        }
        let whom = whom(&connection);
        let is_new = |entry: &&Entry| !usual.contains(entry);
        let lines: Vec<Line> =
            entries.iter().filter(is_new).map(|entry| line(entry, &format!("by ssh, {whom}"))).collect();
        if lines.iter().all(|line| told.contains(line)) {
            continue;
        }
        told.extend(lines);
        let known = |finding: &Finding| general.iter().any(|other| other.remedy == finding.remedy);
        findings.extend(judge(&settings, &entries, &format!("{whom}: ")).into_iter().filter(|finding| !known(finding)));
    }
    findings.extend(general);
    told
}

/// What a service's stack does with a password.
fn stack(lines: &[Line], service: &str) -> Option<Stack> {
    let line = lines.iter().find(|line| line.service == service && line.login == "password")?;
    Some(Stack { verdict: line.verdict, why: line.why.clone() })
}

fn stack_of(settings: &Settings, lines: &[Line]) -> Option<Stack> {
    Some(settings.value("pamservicename")).filter(|name| !name.is_empty()).and_then(|name| stack(lines, name))
}

fn whom(connection: &Connection) -> String {
    let Connection { user, address } = connection;
    if connection.is_from_anywhere() { user.clone() } else { format!("{user} from {address}") }
}

fn line(entry: &Entry, login: &str) -> Line {
    Line {
        service: SERVICE.to_owned(),
        login: format!("{} {login}", entry.way),
        module: None,
        verdict: entry.verdict,
        why: entry.why.clone(),
    }
}

/// The configuration in force, for everyone or for one connection.
fn effective(program: &str, connection: Option<&Connection>) -> Result<Settings, String> {
    let mut command = Command::new(program);
    command.arg("-T").env_clear().env("LC_ALL", "C").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    if let Some(connection) = connection {
        command.args(["-C", &connection.argument()]);
    }
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(Settings::parse(&String::from_utf8_lossy(&output.stdout)));
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(errors.lines().last().unwrap_or("it fails without a word").trim().to_owned())
}

/// The ways in, and what each comes to.
fn entries(settings: &Settings, stack: &Stack) -> Vec<Entry> {
    let entry = |way: Way| {
        let (verdict, why) = verdict(settings, &way, stack);
        Entry { way, verdict, why }
    };
    settings.ways().into_iter().map(entry).collect()
}

/// The same for root, whom sshd may keep out altogether, or from passwords.
fn roots(settings: &Settings, stack: &Stack) -> Vec<Entry> {
    let permitted = settings.value("permitrootlogin");
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

/// What is to be mended in sshd's configuration.
fn judge(settings: &Settings, entries: &[Entry], whom: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Whom sshd itself keeps out needs no code.
    let is_kept_out = |entry: &&Entry| entry.why.starts_with(ROOT_KEPT_OUT);
    let entries: Vec<&Entry> = entries.iter().filter(|entry| !is_kept_out(entry)).collect();
    let mut add = |severity, problem: String, remedy: String| {
        let finding = Finding::new(severity, format!("sshd: {whom}{problem}"), remedy);
        findings.push(Finding { services: vec![SERVICE.to_owned()], ..finding });
    };
    let set = |line: &str| format!("say `{line}` in {DROP_IN}, and reload sshd");
    if !settings.is_on("usepam") {
        add(Severity::Error, "UsePAM is no, so nobody is asked for a code".to_owned(), set("UsePAM yes"));
    }
    if !settings.is_on("kbdinteractiveauthentication") {
        let problem = "KbdInteractiveAuthentication is no, so nobody can be asked for a code".to_owned();
        add(Severity::Error, problem, set("KbdInteractiveAuthentication yes"));
    }
    if entries.iter().any(|entry| entry.way.has(&Method::Password) && entry.verdict == Word::Refused) {
        let problem = "the password method is on, which refuses whoever uses 2FA".to_owned();
        add(Severity::Warning, problem, set("PasswordAuthentication no"));
    }
    let is_free = |entry: &&&Entry| !entry.way.has(&Method::KeyboardInteractive) && !entry.way.has(&Method::Password);
    if let Some(entry) = entries.iter().filter(|entry| entry.verdict == Word::NotAsked).find(is_free) {
        let problem = format!("{} alone lets in without a code", entry.way);
        let list = "AuthenticationMethods publickey,keyboard-interactive keyboard-interactive";
        add(Severity::Warning, problem, format!("if a code is to be asked for after a key, {}", set(list)));
    }
    for entry in entries.iter().filter(|entry| entry.way.code_before_key()) {
        let problem = format!("{}: an enrollment takes effect before the rest is asked for", entry.way);
        add(Severity::Error, problem, "put keyboard-interactive last".to_owned());
    }
    let asks = entries.iter().any(|entry| matches!(entry.verdict, Word::Asked));
    match settings.grace_seconds().filter(|_| asks) {
        Some(seconds) if seconds < SHORT_GRACE => {
            let problem = format!("LoginGraceTime is {seconds} seconds, too short to scan a QR code");
            add(Severity::Warning, problem, set("LoginGraceTime 10m"));
        }
        Some(seconds) if seconds <= USUAL_GRACE => {
            let problem = format!(
                "LoginGraceTime is {seconds} seconds, in which an app is to be installed and a QR code scanned"
            );
            add(Severity::Info, problem, set("LoginGraceTime 10m"));
        }
        _ => {}
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "usepam yes\npubkeyauthentication yes\npasswordauthentication no\n\
                         kbdinteractiveauthentication yes\nlogingracetime 600\npermitrootlogin yes\n\
                         authenticationmethods publickey,keyboard-interactive keyboard-interactive\n";

    fn stack() -> Stack {
        Stack { verdict: Word::Asked, why: String::new() }
    }

    fn words(text: &str) -> Vec<(String, Word)> {
        let entries = entries(&Settings::parse(text), &stack());
        entries.into_iter().map(|entry| (entry.way.to_string(), entry.verdict)).collect()
    }

    fn problems(text: &str) -> Vec<String> {
        let settings = Settings::parse(text);
        judge(&settings, &entries(&settings, &stack()), "").into_iter().map(|finding| finding.problem).collect()
    }

    #[test]
    fn what_the_readme_says_is_right() {
        let asked = [("publickey,keyboard-interactive", Word::Asked), ("keyboard-interactive", Word::Asked)];
        assert_eq!(words(RIGHT), asked.map(|(way, word)| (way.to_owned(), word)));
        assert_eq!(problems(RIGHT), [""; 0]);
    }

    #[test]
    fn a_key_alone_and_the_password_method_are_told() {
        let loose = RIGHT.replace("passwordauthentication no", "passwordauthentication yes");
        let loose = loose.replace("authenticationmethods publickey,keyboard-interactive keyboard-interactive\n", "");
        let ways: Vec<Word> = words(&loose).into_iter().map(|(_, word)| word).collect();
        assert_eq!(ways, [Word::NotAsked, Word::Refused, Word::Asked]);
        let problems = problems(&loose);
        assert!(
            problems[0].contains("password method is on") && problems[1].contains("publickey alone"),
            "{problems:?}"
        );
        let bare = words("usepam no\npasswordauthentication yes\n");
        assert_eq!(bare, [("password".to_owned(), Word::NotAsked)]);
    }

    #[test]
    fn a_code_before_the_key_is_an_error() {
        let turned = RIGHT.replace("publickey,keyboard-interactive ", "keyboard-interactive,publickey ");
        assert!(problems(&turned)[0].contains("takes effect before"));
    }

    #[test]
    fn what_keeps_pam_from_asking_is_an_error() {
        assert!(problems(&RIGHT.replace("usepam yes", "usepam no"))[0].contains("UsePAM"));
        let silent = RIGHT.replace("kbdinteractiveauthentication yes", "kbdinteractiveauthentication no");
        assert!(problems(&silent)[0].contains("KbdInteractiveAuthentication"));
        assert!(problems(&RIGHT.replace("600", "30"))[0].contains("30 seconds"));
        assert!(problems(&RIGHT.replace("600", "120"))[0].contains("120 seconds"));
        assert_eq!(problems(&RIGHT.replace("600", "0")), [""; 0]);
    }

    #[test]
    fn root_may_be_kept_out_or_kept_from_passwords() {
        let of = |permitted: &str| {
            let text = RIGHT
                .replace("permitrootlogin yes", permitted)
                .replace("publickey,keyboard-interactive ", "publickey ");
            roots(&Settings::parse(&text), &stack()).into_iter().map(|entry| entry.verdict).collect::<Vec<_>>()
        };
        assert_eq!(of("permitrootlogin no"), [Word::Refused, Word::Refused]);
        assert_eq!(of("permitrootlogin without-password"), [Word::NotAsked, Word::Refused]);
        assert_eq!(of("permitrootlogin yes"), [Word::NotAsked, Word::Asked]);
    }
}
