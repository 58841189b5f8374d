//! The doctor's look at sshd: which ways in it leaves, and which of them PAM is asked about.
//!
//! Invariant: sshd itself says what is in force (`sshd -T`); its files are read only to find out whom to ask about, and
//! which line decides.

mod candidates;
mod connection;
mod directives;
mod judging;
mod pattern;
mod settings;
mod started;
mod ways;

use std::path::Path;
use std::process::Command;

use countersign_common::config::Config;
use countersign_common::record::steers;

use super::finding::{Finding, Severity};
use super::verdict::Line;
use crate::commands::look::named;
use crate::desk::Desk;
use candidates::{Candidates, NO_DOMAIN};
use connection::{ANY_LOCAL, ANYWHERE, Connection};
use directives::{Directives, MAIN};
use judging::{Case, RootsKeys, judge, root_kept_out};
use settings::Settings;
use ways::{Entry, Stack, entries, roots};

const PROGRAMS: [&str; 3] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];
const SERVICE: &str = "sshd";
const ROOT: &str = "root";
const ROOTS_HOME: &str = "/root";
const USUAL_PORT: &str = "22";

/// Verdicts on logins by ssh, and what is to be mended in sshd's configuration. `lines` are those of the stacks.
pub(super) fn ssh(
    lines: &[Line],
    config: Option<&Config>,
    desk: Option<&Desk>,
    findings: &mut Vec<Finding>,
) -> Vec<Line> {
    let Some(stack) = Stack::of(lines, SERVICE).filter(Stack::is_ours) else { return Vec::new() };
    let Some(program) = PROGRAMS.into_iter().find(|program| Path::new(program).exists()) else {
        let missing = "sshd has a stack, and there is no sshd in its usual places: its configuration is not looked at";
        findings.push(Finding::new(Severity::Info, missing, ""));
        return Vec::new();
    };
    findings.extend(started::elsewhere());
    let directives = Directives::read(MAIN);
    let settings = match in_general(program, &directives) {
        Ok(settings) => settings,
        Err(words) => {
            findings.push(not_taken(program, &words));
            return Vec::new();
        }
    };
    for (file, error) in &directives.unread {
        let problem = format!("{file}: {error}; sshd's configuration is looked at without it");
        findings.push(Finding::new(Severity::Warning, problem, "see why root cannot read it"));
    }
    // Newer ones may be told to ask another service.
    let other = Some(settings.value("pamservicename")).filter(|name| !name.is_empty());
    let stack = other.and_then(|name| Stack::of(lines, name)).unwrap_or(stack);
    let candidates = Candidates::of(&directives, config, desk, port(&directives));
    findings.extend(left_out(&candidates, &directives));
    let look = Look { program, directives: &directives, stack: &stack };
    look.told(&settings, &candidates, findings)
}

/// What every part of the look needs.
struct Look<'a> {
    program: &'static str,
    directives: &'a Directives,
    stack: &'a Stack,
}

impl Look<'_> {
    fn told(&self, settings: &Settings, candidates: &Candidates, findings: &mut Vec<Finding>) -> Vec<Line> {
        let usual = entries(settings, self.stack);
        let mut told: Vec<Line> = usual.iter().map(|entry| line(entry, "by ssh")).collect();
        let directives = self.directives;
        let general = judge(&Case { settings, entries: &usual, directives, whom: None, called: String::new() });
        let mut special: Vec<Finding> = Vec::new();
        for (connection, person) in &candidates.connections {
            let settings = match effective(self.program, Some(&connection.argument())) {
                Ok(settings) => settings,
                Err(words) => {
                    findings.push(silent(self.program, &words, connection));
                    continue;
                }
            };
            let is_root = connection.user == ROOT;
            let entries = if is_root { roots(&settings, self.stack) } else { entries(&settings, self.stack) };
            let called = format!("{}: ", whom(connection));
            let whom = Some((connection, person));
            let case = Case { settings: &settings, entries: &entries, directives, whom, called };
            if is_root && !special.iter().any(|finding| finding.users == [ROOT]) {
                special.extend(root_kept_out(&case, keys_of_root(&settings)));
            }
            let login = format!("by ssh, {}", case.called.trim_end_matches(": "));
            let lines: Vec<Line> =
                entries.iter().filter(|entry| !usual.contains(entry)).map(|entry| line(entry, &login)).collect();
            told.extend(lines.into_iter().filter(|line| !told.contains(line)).collect::<Vec<_>>());
            special.extend(
                judge(&case).into_iter().filter(|finding| !general.contains(&in_general_terms(finding, &case))),
            );
        }
        findings.extend(once(special));
        findings.extend(general);
        told
    }
}

/// sshd takes its configuration, and yet does not say what is so for one connection.
fn silent(program: &str, words: &[String], connection: &Connection) -> Finding {
    let (said, whom, argument) = (words.join("; "), whom(connection), connection.argument());
    let problem = format!("{program} -T: {said}; what logins by ssh come to for {whom} is not known");
    Finding::new(Severity::Warning, problem, format!("ask it yourself: {program} -T -C {argument}"))
}

/// The same finding, as it would be about everyone.
fn in_general_terms(finding: &Finding, case: &Case) -> Finding {
    let problem = finding.problem.replacen(&format!("sshd: {}", case.called), "sshd: ", 1);
    Finding { problem, ..finding.clone() }
}

/// Findings that are about one line and say to do one thing are one, with the first whom it is about.
fn once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        let is_same = |other: &Finding| {
            (other.severity, &other.file, other.line, &other.remedy)
                == (finding.severity, &finding.file, finding.line, &finding.remedy)
        };
        if finding.file.is_none() || !kept.iter().any(is_same) {
            kept.push(finding);
        }
    }
    kept
}

/// A configuration that sshd does not take, or a host on which it does not say what it is.
fn not_taken(program: &str, words: &[String]) -> Finding {
    let said = words.join("; ");
    let place = words.iter().find_map(|word| place(word));
    let (severity, remedy) = match &place {
        Some(_) => {
            (Severity::Error, format!("mend that line, until {program} -t says nothing; the next start of sshd fails"))
        }
        None => (Severity::Warning, "start sshd, or mend that, and run doctor again".to_owned()),
    };
    let problem = format!("{program} -T: {said}; the ways into sshd are not known");
    let (file, line) = place.unzip();
    Finding { services: vec![SERVICE.to_owned()], file, line, ..Finding::new(severity, problem, remedy) }
}

/// The file and line sshd complains of: `FILE line 2: …` or `FILE: line 2: …`.
fn place(words: &str) -> Option<(String, usize)> {
    let (file, rest) = words.split_once(" line ")?;
    let number = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((file.trim_end_matches(':').to_owned(), number.parse().ok()?))
}

/// What was not looked at, by name.
fn left_out(candidates: &Candidates, directives: &Directives) -> Vec<Finding> {
    let mut findings = Vec::new();
    let about = "sshd was not asked how they log in, and Match blocks may set something else up for them";
    let by_hand = "ask it yourself: sshd -T -C user=NAME,host=ADDRESS,addr=ADDRESS,laddr=ADDRESS,lport=PORT";
    if !candidates.users_left.is_empty() {
        let problem = format!("sshd: {} users are too many: {about}", named(&candidates.users_left));
        findings.push(Finding::new(Severity::Info, problem, by_hand).about(candidates.users_left.clone()));
    }
    if !candidates.addresses_left.is_empty() {
        let problem = format!("sshd: {} addresses are too many: {about}", named(&candidates.addresses_left));
        findings.push(Finding::new(Severity::Info, problem, by_hand));
    }
    for (index, why) in &candidates.blocks_left {
        let Some(block) = directives.blocks.get(*index) else { continue };
        let spot = &block.spot;
        let problem = format!("{spot}: this Match block was not looked at: {why}");
        let finding = Finding::new(Severity::Info, problem, by_hand);
        findings.push(Finding { file: Some(spot.file.to_string()), line: Some(spot.line), ..finding });
    }
    for finding in &mut findings {
        finding.services = vec![SERVICE.to_owned()];
    }
    findings
}

/// The port sshd listens on, the first if they are several.
fn port(directives: &Directives) -> &str {
    let named = directives.all.iter().find(|directive| directive.keyword == "port");
    named.and_then(|directive| directive.arguments.first()).map_or(USUAL_PORT, String::as_str)
}

/// Whether root has a key in one of the files that are in force.
fn keys_of_root(settings: &Settings) -> RootsKeys {
    let paths = settings.value("authorizedkeysfile").split_whitespace();
    let has_key = |path: &str| {
        let path = path.replace("%h", ROOTS_HOME).replace("%u", ROOT).replace("%U", "0");
        let path = Path::new(ROOTS_HOME).join(path);
        path.metadata().is_ok_and(|found| found.is_file() && found.len() > 0)
    };
    if paths.into_iter().any(has_key) { RootsKeys::Seen } else { RootsKeys::NoneSeen }
}

fn whom(connection: &Connection) -> String {
    let Connection { user, address, local_address, local_port, usual_port, routing_domain, host } = connection;
    let mut words = user.clone();
    let mut say = |is_special: bool, more: String| {
        if is_special {
            words.push_str(&more);
        }
    };
    say(address != ANYWHERE || host.is_some(), format!(" from {}", host.as_ref().unwrap_or(address)));
    say(local_address != ANY_LOCAL, format!(" to {local_address}"));
    say(local_port != usual_port, format!(" to port {local_port}"));
    let domain = routing_domain.as_deref().unwrap_or(NO_DOMAIN);
    say(domain != NO_DOMAIN, format!(" in routing domain {domain}"));
    words
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

/// What is in force for whom no block names. Where blocks are about ports and the like, sshd wants to be told one.
fn in_general(program: &str, directives: &Directives) -> Result<Settings, Vec<String>> {
    effective(program, None).or_else(|words| {
        if !words.iter().any(|word| word.contains("connection test specification")) {
            return Err(words);
        }
        let port = port(directives);
        let domain = if words.iter().any(|word| word.contains("rdomain")) { ",rdomain=none" } else { "" };
        let known = format!("host={ANYWHERE},addr={ANYWHERE},laddr={ANY_LOCAL},lport={port}{domain}");
        effective(program, Some(&known))
    })
}

/// The configuration in force, for everyone or for one connection; else sshd's own words.
fn effective(program: &str, connection: Option<&str>) -> Result<Settings, Vec<String>> {
    let mut command = Command::new(program);
    command.arg("-T").env_clear().env("LC_ALL", "C").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    if let Some(connection) = connection {
        command.args(["-C", connection]);
    }
    let output = command.output().map_err(|error| vec![error.to_string()])?;
    if output.status.success() {
        return Ok(Settings::parse(&String::from_utf8_lossy(&output.stdout)));
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let lines = errors.lines().map(|line| line.chars().filter(|c| !steers(*c)).collect::<String>().trim().to_owned());
    let words: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    Err(if words.is_empty() { vec!["it fails without a word".to_owned()] } else { words })
}
