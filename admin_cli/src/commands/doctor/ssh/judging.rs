//! What is to be mended in sshd's configuration, for everyone or for one connection, with the line that decides.

use super::connection::{Candidate, Connection};
use super::directives::{Directive, Directives, MAIN, Spot};
use super::settings::{Method, Settings};
use super::ways::Entry;
use crate::commands::doctor::finding::{Finding, Severity};
use crate::commands::doctor::verdict::Word;

/// Where our settings belong: sshd takes the first value it meets.
const DROP_IN: &str = "/etc/ssh/sshd_config.d/10-countersign.conf";
/// In less than this nobody installs an app and scans a code.
const SHORT_GRACE: u64 = 60;
const USUAL_GRACE: u64 = 120;
const LISTS: &str = "AuthenticationMethods publickey,keyboard-interactive keyboard-interactive";
/// How root gets in where a code is asked for after the key, although sshd takes nothing that root types.
const ROOT_BY_KEY: &str = "`Match User root` and below it `AuthenticationMethods publickey`";
const ROOT_BY_CODE: &str = "`Match User root` and below it `PermitRootLogin yes` and `AuthenticationMethods \
                            publickey,keyboard-interactive`";

/// What is judged.
pub(super) struct Case<'a> {
    pub(super) settings: &'a Settings,
    pub(super) entries: &'a [Entry],
    pub(super) directives: &'a Directives,
    /// Whom it is about; everyone if nobody.
    pub(super) whom: Option<(&'a Connection, &'a Candidate)>,
    /// The same in words.
    pub(super) called: String,
}

/// Whether root has a key that sshd might take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RootsKeys {
    Seen,
    NoneSeen,
}

/// All that is to be mended.
pub(super) fn judge(case: &Case) -> Vec<Finding> {
    let mut findings = Vec::new();
    let settings = case.settings;
    // Whom sshd itself keeps out needs no code.
    let entries: Vec<&Entry> = case.entries.iter().filter(|entry| !entry.is_kept_from_root()).collect();
    if !settings.is_on("usepam") {
        findings.push(case.finding(Severity::Error, "UsePAM yes", "UsePAM is no, so nobody is asked for a code"));
    }
    if !settings.is_on("kbdinteractiveauthentication") {
        let problem = "KbdInteractiveAuthentication is no, so nobody can be asked for a code";
        findings.push(case.finding(Severity::Error, "KbdInteractiveAuthentication yes", problem));
    }
    if entries.iter().any(|entry| entry.way.has(&Method::Password) && entry.verdict == Word::Refused) {
        let problem = "the password method is on, which refuses whoever uses 2FA";
        findings.push(case.finding(Severity::Warning, "PasswordAuthentication no", problem));
    }
    if let Some(entry) = entries.iter().find(|entry| entry.is_free()) {
        findings.push(case.free(entry));
    }
    for entry in entries.iter().filter(|entry| entry.way.code_before_key()) {
        let problem = format!("{}: an enrollment takes effect before the rest is asked for", entry.way);
        let finding = case.finding(Severity::Error, LISTS, &problem);
        findings.push(Finding { remedy: "put keyboard-interactive last".to_owned(), ..finding });
    }
    if entries.iter().any(|entry| entry.verdict == Word::Asked) {
        findings.extend(case.grace());
    }
    findings
}

/// Root with a key, who gets in nowhere: a code is wanted after the key, and sshd takes nothing that root types.
pub(super) fn root_kept_out(case: &Case, keys: RootsKeys) -> Option<Finding> {
    let permitted = case.settings.root_permitted();
    let is_kept_out = !case.entries.is_empty() && case.entries.iter().all(Entry::is_kept_from_root);
    if permitted == "no" || !is_kept_out || !case.settings.is_on("pubkeyauthentication") {
        return None;
    }
    let (severity, has_key) = match keys {
        RootsKeys::Seen => (Severity::Error, "root has a key and gets in nowhere"),
        RootsKeys::NoneSeen => (Severity::Info, "a key would not get root in"),
    };
    let problem = format!(
        "{has_key}: AuthenticationMethods wants a code, and PermitRootLogin {permitted} has sshd throw away what root types"
    );
    let place = case.end();
    let remedy = format!(
        "put at the end of {place} either {ROOT_BY_KEY}, or, to have root asked for a code as well, {ROOT_BY_CODE}; \
         then reload sshd"
    );
    let finding = case.finding(severity, "AuthenticationMethods", &problem);
    Some(Finding { remedy, users: vec!["root".to_owned()], ..finding })
}

impl Case<'_> {
    /// About the setting that this line should make, and where it is made now.
    fn finding(&self, severity: Severity, line: &str, problem: &str) -> Finding {
        let keyword = line.split(' ').next().unwrap_or_default();
        let problem = format!("sshd: {}{problem}", self.called);
        let services = vec![super::SERVICE.to_owned()];
        let Some(directive) = self.deciding(keyword) else {
            let finding = Finding::new(severity, problem, format!("say `{line}` {}, and reload sshd", self.top()));
            return Finding { services, ..finding };
        };
        let said = format!("{}: {keyword} {}", directive.spot, directive.arguments.join(" "));
        let remedy = format!("make it `{line}`, and reload sshd");
        let finding = Finding::new(severity, format!("{said}: {problem}"), remedy);
        let Spot { file, line } = &directive.spot;
        Finding { services, file: Some(file.to_string()), line: Some(*line), ..finding }
    }

    /// A key is enough. Who wrote that for some accounts only meant it.
    fn free(&self, entry: &Entry) -> Finding {
        let problem = format!("{} alone lets in without a code", entry.way);
        let is_meant = self.whom.is_some()
            && self.deciding("AuthenticationMethods").is_some_and(|directive| !directive.inside.is_empty());
        if is_meant {
            let finding = self.finding(Severity::Info, LISTS, &format!("{problem}, as this line says"));
            return Finding { remedy: String::new(), ..finding };
        }
        let finding = self.finding(Severity::Warning, LISTS, &problem);
        let permitted = self.settings.root_permitted();
        let root = if ["yes", "no"].contains(&permitted) {
            String::new()
        } else {
            format!("; with PermitRootLogin {permitted} root needs, at the end of {}, {ROOT_BY_KEY}", self.end())
        };
        let remedy = format!("if a code is to be asked for after a key, {}{root}", finding.remedy);
        Finding { remedy, ..finding }
    }

    fn grace(&self) -> Option<Finding> {
        const LINE: &str = "LoginGraceTime 10m";
        let seconds = self.settings.grace_seconds()?;
        if seconds < SHORT_GRACE {
            let problem = format!("LoginGraceTime is {seconds} seconds, too short to scan a QR code");
            return Some(self.finding(Severity::Warning, LINE, &problem));
        }
        let problem =
            format!("LoginGraceTime is {seconds} seconds, in which an app is to be installed and a QR code scanned");
        (seconds <= USUAL_GRACE).then(|| self.finding(Severity::Info, LINE, &problem))
    }

    /// The directive that decides: the first in a block about this connection, else the first outside of all.
    fn deciding(&self, keyword: &str) -> Option<&Directive> {
        let keyword = keyword.to_ascii_lowercase();
        let fits = |index: &usize| {
            let Some(block) = self.directives.blocks.get(*index) else { return false };
            match self.whom {
                Some((connection, person)) => connection.is_in(block, person),
                None => block.criteria.iter().all(|(criterion, _)| criterion == "all"),
            }
        };
        let such = || self.directives.all.iter().filter(|directive| directive.keyword == keyword);
        let inside = such().find(|directive| !directive.inside.is_empty() && directive.inside.iter().all(fits));
        inside.or_else(|| such().find(|directive| directive.inside.is_empty()))
    }

    /// Where to say something that nothing says yet.
    fn top(&self) -> String {
        if self.directives.includes(DROP_IN) { format!("in {DROP_IN}") } else { format!("at the top of {MAIN}") }
    }

    /// Where a block can stand.
    fn end(&self) -> &'static str {
        if self.directives.includes(DROP_IN) { DROP_IN } else { MAIN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::ssh::ways::{Stack, entries};

    const RIGHT: &str = "usepam yes\npubkeyauthentication yes\npasswordauthentication no\n\
                         kbdinteractiveauthentication yes\nlogingracetime 600\npermitrootlogin yes\n\
                         authenticationmethods publickey,keyboard-interactive keyboard-interactive\n";

    fn problems(text: &str) -> Vec<String> {
        let settings = Settings::parse(text);
        let entries = entries(&settings, &Stack::asking());
        let directives = Directives::default();
        let case =
            Case { settings: &settings, entries: &entries, directives: &directives, whom: None, called: String::new() };
        judge(&case).into_iter().map(|finding| finding.problem).collect()
    }

    #[test]
    fn what_the_readme_says_is_right() {
        assert_eq!(problems(RIGHT), [""; 0]);
    }

    #[test]
    fn a_key_alone_and_the_password_method_are_told() {
        let loose = RIGHT.replace("passwordauthentication no", "passwordauthentication yes");
        let loose = loose.replace("authenticationmethods publickey,keyboard-interactive keyboard-interactive\n", "");
        let problems = problems(&loose);
        assert!(
            problems[0].contains("password method is on") && problems[1].contains("publickey alone"),
            "{problems:?}"
        );
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
}
