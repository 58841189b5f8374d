//! What is known about modules: what each may return, about whom, and what it asks for.
//!
//! Invariant: a module nobody knows may return anything sensible, success and failure included.

use countersign_common::config::ModuleArgument;

use super::code::Code;
use super::service::{Module, Phase};

/// Our own.
pub(crate) const OURS: &str = "pam_countersign.so";

/// The part a module plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Ours,
    /// Checks passwords of accounts of this host.
    LocalPassword,
    /// Checks passwords of accounts of a directory, a domain, or a file of its own.
    OtherPassword,
    /// Lets in on something else than a password that the person has, is, or did before.
    Proof,
    /// Lets root pass.
    Root,
    /// Asks whether someone may log in now; as a rule it says yes.
    Gate,
    /// Asks something about the person or the login: the answer may be this or that, and both are usual.
    Condition,
    /// Returns always the same.
    Fixed(Code),
    /// Not known, or another second factor: may say yes or no.
    Unknown,
}

const LOCAL: [&str; 4] = ["pam_unix.so", "pam_unix_auth.so", "pam_tcb.so", "pam_pwdb.so"];
const OTHER: [&str; 20] = [
    "pam_sss.so",
    "pam_ldap.so",
    "pam_krb5.so",
    "pam_winbind.so",
    "pam_systemd_home.so",
    "pam_radius_auth.so",
    "pam_radius.so",
    "pam_tacplus.so",
    "pam_userdb.so",
    "pam_pwdfile.so",
    "pam_mysql.so",
    "pam_pgsql.so",
    "pam_himmelblau.so",
    "pam_aad.so",
    "pam_lsass.so",
    "pam_vas3.so",
    "pam_centrifydc.so",
    "pam_heimdal.so",
    "pam_kanidm.so",
    "pam_lwidentity.so",
];
const PROOFS: [&str; 12] = [
    "pam_fprintd.so",
    "pam_timestamp.so",
    "pam_ssh_agent_auth.so",
    "pam_rssh.so",
    "pam_ssh_user_auth.so",
    "pam_pkcs11.so",
    "pam_p11.so",
    "pam_poldi.so",
    "pam_rhosts.so",
    "pam_howdy.so",
    "pam_usb.so",
    "pam_sss_gss.so",
];
const GATES: [&str; 9] = [
    "pam_nologin.so",
    "pam_securetty.so",
    "pam_shells.so",
    "pam_faillock.so",
    "pam_tally2.so",
    "pam_tally.so",
    "pam_abl.so",
    "pam_slurm_adopt.so",
    "pam_sepermit.so",
];
const CONDITIONS: [&str; 9] = [
    "pam_succeed_if.so",
    "pam_localuser.so",
    "pam_usertype.so",
    "pam_access.so",
    "pam_time.so",
    "pam_listfile.so",
    "pam_wheel.so",
    "pam_exec.so",
    "pam_script.so",
];
/// What these return in the auth phase; and, but for those that have none of it, in the account phase.
const FIXED: [(&str, Code); 22] = [
    ("pam_permit.so", Code::SUCCESS),
    ("pam_deny.so", Code::AUTH_ERR),
    ("pam_env.so", Code::IGNORE),
    ("pam_faildelay.so", Code::IGNORE),
    ("pam_group.so", Code::IGNORE),
    ("pam_cap.so", Code::IGNORE),
    ("pam_warn.so", Code::IGNORE),
    ("pam_keyinit.so", Code::IGNORE),
    ("pam_issue.so", Code::IGNORE),
    ("pam_setquota.so", Code::IGNORE),
    ("pam_lastlog.so", Code::IGNORE),
    ("pam_lastlog2.so", Code::IGNORE),
    ("pam_motd.so", Code::IGNORE),
    ("pam_mail.so", Code::IGNORE),
    ("pam_echo.so", Code::SUCCESS),
    ("pam_gnome_keyring.so", Code::SUCCESS),
    ("pam_kwallet.so", Code::SUCCESS),
    ("pam_kwallet5.so", Code::SUCCESS),
    ("pam_ecryptfs.so", Code::SUCCESS),
    ("pam_mount.so", Code::SUCCESS),
    ("pam_fscrypt.so", Code::IGNORE),
    ("pam_selinux_permit.so", Code::IGNORE),
];

/// Whose login it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Person {
    Root,
    /// An ordinary account of this host.
    Local,
    /// An ordinary account of elsewhere.
    Remote,
}

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) person: Person,
    /// The module that is given what it asks for; `None` if none is: a wrong password.
    pub(crate) satisfied: Option<&'a str>,
    /// What our module returns.
    pub(crate) ours: Code,
    /// Whether gates are tried closed, too.
    pub(crate) gates: Gates,
    /// Whether the password has expired, to the account phase.
    pub(crate) expired: bool,
}

/// How gates stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gates {
    /// As they are as a rule.
    Open,
    /// Also as they may be.
    Any,
}

impl Module {
    /// An argument for which our module refuses everyone.
    pub(crate) fn unknown_argument(&self) -> Option<&str> {
        self.arguments.iter().map(String::as_str).find(|argument| ModuleArgument::parse(argument).is_err())
    }

    /// The part it plays.
    pub(crate) fn role(&self) -> Role {
        let name = self.name();
        let is_in = |list: &[&str]| list.contains(&name);
        if name == OURS {
            return Role::Ours;
        }
        if let Some((_, code)) = FIXED.iter().find(|(fixed, _)| *fixed == name) {
            return Role::Fixed(*code);
        }
        match name {
            "pam_rootok.so" => Role::Root,
            _ if is_in(&LOCAL) => Role::LocalPassword,
            _ if is_in(&OTHER) => Role::OtherPassword,
            _ if is_in(&PROOFS) => Role::Proof,
            _ if is_in(&GATES) => Role::Gate,
            _ if is_in(&CONDITIONS) => Role::Condition,
            _ => Role::Unknown,
        }
    }

    /// Whether it checks passwords.
    pub(crate) fn checks_passwords(&self) -> bool {
        matches!(self.role(), Role::LocalPassword | Role::OtherPassword)
    }

    /// Whether it may let someone in by itself, on something of its own.
    pub(crate) fn may_let_in(&self) -> bool {
        match self.role() {
            Role::LocalPassword | Role::OtherPassword | Role::Proof | Role::Root | Role::Condition => true,
            Role::Unknown => !self.is_debug(),
            Role::Ours | Role::Gate | Role::Fixed(_) => false,
        }
    }

    /// Whether it fails unless another module has asked for the password before.
    pub(crate) fn takes_a_password_only(&self) -> bool {
        // The last of these counts, in those modules that know both.
        self.checks_passwords() && self.has("use_first_pass")
    }

    /// Whether the password it asks for is there for modules after it; so it may be with one that nobody knows.
    pub(crate) fn leaves_a_password(&self) -> bool {
        match (self.role(), self.name()) {
            (_, "pam_sss.so") => self.has("forward_pass"),
            // It asks only whose home it keeps.
            (_, "pam_systemd_home.so") => false,
            (_, "pam_exec.so") => self.has("expose_authtok"),
            (_, "pam_mount.so" | "pam_script.so") => true,
            (Role::LocalPassword | Role::OtherPassword, _) => !self.takes_a_password_only(),
            (role, _) => role == Role::Unknown && !self.is_debug(),
        }
    }

    /// `pam_debug.so`, of Linux-PAM's own tests, returns what its arguments say.
    fn is_debug(&self) -> bool {
        self.name() == "pam_debug.so"
    }

    /// What it may return, the usual first.
    pub(crate) fn outcomes(&self, phase: Phase, case: &Case) -> Vec<Code> {
        if self.is_debug() {
            let said = self.value(if phase == Phase::Account { "acct" } else { "auth" });
            return vec![said.and_then(Code::named).unwrap_or(Code::SUCCESS)];
        }
        match (self.role(), phase) {
            (Role::Ours, _) => vec![case.ours],
            (Role::Fixed(code), _) => vec![code],
            (Role::Gate, _) => self.gate(phase, case),
            (Role::Condition, _) => self.condition(case),
            (Role::LocalPassword | Role::OtherPassword, Phase::Account) => self.account(case),
            (Role::LocalPassword | Role::OtherPassword, _) => self.password(case),
            (Role::Proof | Role::Root, Phase::Account) => vec![Code::SUCCESS],
            (Role::Proof | Role::Root, _) if case.satisfied == Some(self.name()) => vec![Code::SUCCESS],
            (Role::Root, _) => vec![Code::AUTH_ERR],
            (Role::Proof, _) => vec![Code::AUTHINFO_UNAVAIL, Code::AUTH_ERR],
            (Role::Unknown, Phase::Account) => vec![Code::SUCCESS, Code::IGNORE, Code::PERM_DENIED],
            (Role::Unknown, _) => match case.satisfied {
                Some(name) if name == self.name() => vec![Code::SUCCESS],
                Some(_) => vec![Code::SUCCESS, Code::IGNORE, Code::AUTH_ERR],
                None => vec![Code::AUTH_ERR, Code::IGNORE],
            },
        }
    }

    fn password(&self, case: &Case) -> Vec<Code> {
        if case.satisfied == Some(self.name()) {
            return vec![Code::SUCCESS];
        }
        let own_account = (self.role() == Role::LocalPassword) != (case.person == Person::Remote);
        match (own_account, self.name()) {
            (true, _) => vec![Code::AUTH_ERR],
            (false, "pam_systemd_home.so") => vec![Code::USER_UNKNOWN],
            (false, _) if self.has("ignore_unknown_user") => vec![Code::IGNORE, Code::AUTHINFO_UNAVAIL],
            (false, _) => vec![Code::USER_UNKNOWN, Code::AUTHINFO_UNAVAIL, Code::AUTH_ERR],
        }
    }

    fn account(&self, case: &Case) -> Vec<Code> {
        let own_account = (self.role() == Role::LocalPassword) != (case.person == Person::Remote);
        match (own_account, self.role()) {
            (true, _) if case.expired => vec![Code::NEW_AUTHTOK_REQD],
            // An account known to NSS without an entry in shadow is nothing pam_unix objects to.
            (true, _) | (false, Role::LocalPassword) => vec![Code::SUCCESS],
            (false, _) if self.has("ignore_unknown_user") => vec![Code::IGNORE],
            // It has nothing to say about who did not come by Kerberos.
            (false, _) if self.name() == "pam_krb5.so" => vec![Code::IGNORE],
            (false, _) => vec![Code::USER_UNKNOWN],
        }
    }

    fn gate(&self, phase: Phase, case: &Case) -> Vec<Code> {
        let open = match self.name() {
            "pam_nologin.so" if !self.has("successok") => Code::IGNORE,
            "pam_faillock.so" if phase == Phase::Auth && self.has("authfail") => Code::IGNORE,
            "pam_sepermit.so" => Code::IGNORE,
            _ => Code::SUCCESS,
        };
        // There it only forgets failures.
        let never_closed = self.name() == "pam_faillock.so" && phase == Phase::Account;
        match case.gates {
            Gates::Any if never_closed => vec![open],
            Gates::Open => vec![open],
            Gates::Any => vec![open, Code::AUTH_ERR],
        }
    }

    fn condition(&self, case: &Case) -> Vec<Code> {
        let either = || vec![Code::SUCCESS, Code::AUTH_ERR];
        let sure = |is_so: bool| vec![if is_so { Code::SUCCESS } else { Code::PERM_DENIED }];
        match self.name() {
            "pam_localuser.so" => sure(case.person != Person::Remote),
            "pam_usertype.so" if self.has("isregular") => sure(case.person != Person::Root),
            "pam_usertype.so" if self.has("issystem") => sure(case.person == Person::Root),
            "pam_succeed_if.so" => self.uid_or_user(case).map_or_else(either, sure),
            "pam_wheel.so" if self.has("trust") => either(),
            "pam_wheel.so" => vec![Code::IGNORE, Code::PERM_DENIED],
            _ => either(),
        }
    }

    /// Whether all of `pam_succeed_if`'s conditions hold, where they speak of what is known here.
    fn uid_or_user(&self, case: &Case) -> Option<bool> {
        const FLAGS: [&str; 7] =
            ["debug", "use_uid", "quiet", "quiet_fail", "quiet_success", "audit", "quiet_fail_success"];
        let words: Vec<&str> = self.arguments.iter().map(String::as_str).filter(|word| !FLAGS.contains(word)).collect();
        let uid = if case.person == Person::Root { 0_u64 } else { 1_000 };
        let mut all = Some(true);
        for triple in words.chunks(3) {
            let holds = match triple {
                ["uid", operator, number] => number.parse().ok().and_then(|number| compare(uid, operator, number)),
                ["user", "=", "root"] => Some(case.person == Person::Root),
                ["user", "!=", "root"] => Some(case.person != Person::Root),
                _ => None,
            };
            all = match (all, holds) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        all.filter(|_| !self.has("use_uid"))
    }
}

/// Root has 0, an ordinary account 1000 or more; what the latter may be or not is not known.
fn compare(uid: u64, operator: &str, number: u64) -> Option<bool> {
    let (holds, known_up_to) = match operator {
        "eq" | "=" => (uid == number, 999),
        "ne" | "!=" => (uid != number, 999),
        "lt" | "<" => (uid < number, 1_000),
        "le" | "<=" => (uid <= number, 999),
        "gt" | ">" => (uid > number, 999),
        "ge" | ">=" => (uid >= number, 1_000),
        _ => return None,
    };
    (uid == 0 || number <= known_up_to).then_some(holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(line: &str) -> Module {
        let mut words = line.split_whitespace().map(str::to_owned);
        Module { path: words.next().expect("a module"), arguments: words.collect() }
    }

    fn case(person: Person, satisfied: Option<&str>) -> Case<'_> {
        Case { person, satisfied, ours: Code::SUCCESS, gates: Gates::Open, expired: false }
    }

    #[test]
    fn a_right_password_satisfies_the_module_that_knows_the_account() {
        let unix = module("/lib/security/pam_unix.so nullok");
        assert_eq!(unix.outcomes(Phase::Auth, &case(Person::Local, Some("pam_unix.so"))), [Code::SUCCESS]);
        assert_eq!(unix.outcomes(Phase::Auth, &case(Person::Local, None)), [Code::AUTH_ERR]);
        assert!(!unix.outcomes(Phase::Auth, &case(Person::Remote, Some("pam_sss.so"))).contains(&Code::SUCCESS));
        assert_eq!(module("pam_sss.so").outcomes(Phase::Account, &case(Person::Local, None)), [Code::USER_UNKNOWN]);
        assert_eq!(module("pam_krb5.so").outcomes(Phase::Account, &case(Person::Local, None)), [Code::IGNORE]);
    }

    #[test]
    fn conditions_are_answered_where_the_answer_is_known() {
        let answers = |line: &str| {
            let of = |person| match module(line).outcomes(Phase::Auth, &case(person, None)).as_slice() {
                [only] => Some(*only == Code::SUCCESS),
                _ => None,
            };
            [of(Person::Root), of(Person::Local), of(Person::Remote)]
        };
        assert_eq!(answers("pam_localuser.so"), [Some(true), Some(true), Some(false)]);
        assert_eq!(answers("pam_usertype.so isregular"), [Some(false), Some(true), Some(true)]);
        assert_eq!(answers("pam_succeed_if.so uid >= 1000 quiet_success"), [Some(false), Some(true), Some(true)]);
        assert_eq!(answers("pam_succeed_if.so quiet uid = 0"), [Some(true), Some(false), Some(false)]);
        assert_eq!(answers("pam_succeed_if.so user ingroup wheel"), [None; 3]);
        assert_eq!(answers("pam_succeed_if.so uid < 5000"), [Some(true), None, None]);
        assert_eq!(answers("pam_succeed_if.so user ingroup x uid < 1000"), [None, Some(false), Some(false)]);
    }

    #[test]
    fn an_unknown_module_may_do_anything_but_accept_a_wrong_password() {
        let other = module("pam_new.so");
        assert!(other.outcomes(Phase::Auth, &case(Person::Local, Some("pam_unix.so"))).contains(&Code::SUCCESS));
        assert!(!other.outcomes(Phase::Auth, &case(Person::Local, None)).contains(&Code::SUCCESS));
        assert!(other.may_let_in());
        assert_eq!(
            module("pam_debug.so auth=user_unknown").outcomes(Phase::Auth, &case(Person::Local, None)),
            [Code::USER_UNKNOWN]
        );
    }
}
