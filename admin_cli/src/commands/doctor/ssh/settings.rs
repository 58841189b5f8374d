//! What `sshd -T` says: the settings that decide about logins, and the ways in that they leave.

use std::collections::BTreeMap;

/// A setting by its name in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Settings(BTreeMap<String, String>);

/// A method of authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Method {
    /// PAM asks, and the person answers.
    KeyboardInteractive,
    /// The client sends one password, blindly.
    Password,
    /// Anything that PAM is not asked about: a key, a host, a ticket.
    Other(String),
}

/// A way in: methods, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way(pub(super) Vec<Method>);

impl Settings {
    pub(super) fn parse(text: &str) -> Self {
        let mut settings = BTreeMap::new();
        for line in text.lines() {
            let (name, value) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            settings.entry(name.to_ascii_lowercase()).or_insert_with(|| value.trim().to_owned());
        }
        // What it was called up to OpenSSH 8.6.
        if let Some(value) = settings.get("challengeresponseauthentication").cloned() {
            settings.entry("kbdinteractiveauthentication".to_owned()).or_insert(value);
        }
        Self(settings)
    }

    pub(super) fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub(super) fn is_on(&self, name: &str) -> bool {
        self.value(name) == "yes"
    }

    /// Seconds until a login has to be complete; `None` for no limit.
    pub(super) fn grace_seconds(&self) -> Option<u64> {
        self.value("logingracetime").parse().ok().filter(|seconds| *seconds != 0)
    }

    /// How root may log in, by today's word.
    pub(super) fn root_permitted(&self) -> &str {
        match self.value("permitrootlogin") {
            "without-password" => "prohibit-password",
            value => value,
        }
    }

    /// The ways in: what `AuthenticationMethods` lists, or each method that is on, alone.
    pub(super) fn ways(&self) -> Vec<Way> {
        let listed = self.value("authenticationmethods");
        if !listed.is_empty() && listed != "any" {
            let ways = listed.split_whitespace().map(|list| Way(list.split(',').map(Method::named).collect()));
            return ways.filter(|way| way.0.iter().all(|method| self.has(method))).collect();
        }
        let names = ["publickey", "hostbased", "gssapi-with-mic", "password", "keyboard-interactive"];
        let methods = names.into_iter().map(Method::named).filter(|method| self.has(method));
        methods.map(|method| Way(vec![method])).collect()
    }

    fn has(&self, method: &Method) -> bool {
        match method {
            Method::KeyboardInteractive => self.is_on("kbdinteractiveauthentication") && self.is_on("usepam"),
            Method::Password => self.is_on("passwordauthentication"),
            Method::Other(name) => match name.as_str() {
                "publickey" => self.is_on("pubkeyauthentication"),
                "hostbased" => self.is_on("hostbasedauthentication"),
                "gssapi-with-mic" => self.is_on("gssapiauthentication"),
                _ => true,
            },
        }
    }
}

impl Method {
    fn named(name: &str) -> Self {
        // `keyboard-interactive:pam` names the device.
        match name.split(':').next().unwrap_or(name) {
            "keyboard-interactive" => Self::KeyboardInteractive,
            "password" => Self::Password,
            other => Self::Other(other.to_owned()),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::KeyboardInteractive => "keyboard-interactive",
            Self::Password => "password",
            Self::Other(name) => name,
        }
    }
}

impl Way {
    pub(super) fn has(&self, method: &Method) -> bool {
        self.0.contains(method)
    }

    /// Whether something else is asked for after the code: what was proven takes effect before that.
    pub(super) fn code_before_key(&self) -> bool {
        let code = self.0.iter().position(|method| *method == Method::KeyboardInteractive);
        code.is_some_and(|code| self.0.iter().skip(code).any(|method| *method != Method::KeyboardInteractive))
    }
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.0.iter().map(Method::name).collect();
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(text: &str) -> Vec<String> {
        Settings::parse(text).ways().iter().map(Way::to_string).collect()
    }

    #[test]
    fn without_a_list_every_method_that_is_on_is_a_way() {
        let on = "usepam yes\npubkeyauthentication yes\npasswordauthentication yes\nkbdinteractiveauthentication yes\n";
        assert_eq!(ways(on), ["publickey", "password", "keyboard-interactive"]);
        assert_eq!(ways(&on.replace("usepam yes", "usepam no")), ["publickey", "password"], "PAM asks the questions");
        let old = "usepam yes\nchallengeresponseauthentication yes\nauthenticationmethods any\n";
        assert_eq!(ways(old), ["keyboard-interactive"]);
    }

    #[test]
    fn of_a_list_only_what_is_on_is_a_way() {
        let on = "usepam yes\npubkeyauthentication yes\npasswordauthentication no\nkbdinteractiveauthentication yes\n";
        let list = "authenticationmethods publickey,password publickey,keyboard-interactive:pam keyboard-interactive\n";
        assert_eq!(ways(&format!("{on}{list}")), ["publickey,keyboard-interactive", "keyboard-interactive"]);
    }

    #[test]
    fn the_key_comes_before_the_code() {
        let way = |list: &str| Way(list.split(',').map(Method::named).collect());
        assert!(way("keyboard-interactive,publickey").code_before_key());
        assert!(!way("publickey,keyboard-interactive").code_before_key());
        assert!(!way("publickey").code_before_key());
    }

    #[test]
    fn no_limit_is_no_limit() {
        assert_eq!(Settings::parse("logingracetime 120\n").grace_seconds(), Some(120));
        assert_eq!(Settings::parse("logingracetime 0\n").grace_seconds(), None);
    }
}
