//! The configuration: every key optional with a default, unknown keys refused, every value in range. Pure.
//!
//! Invariant: a [`Config`] can only come from [`parse`] (or be the default), so nothing above checks a range again.

mod argument;
mod delegate;
mod error;
pub mod keys;
mod rule;
mod values;

pub use argument::{ModuleArgument, ModuleArgumentError};
pub use delegate::{DEFAULT_EXCEPT, Delegate, Verb};
pub use error::ConfigError;
pub use rule::{Network, NetworkError, Outcome, Rule};
pub use values::{Bounded, Duration};

use serde::Deserialize;

use crate::document;
use crate::token::{Algorithm, Digits, Parameters, Period, Seconds};

/// Where the configuration is, unless module or command are told otherwise.
pub const DEFAULT_PATH: &str = "/etc/countersign/config.toml";

/// The commented configuration that is shipped: every key with its default.
pub const SHIPPED: &str = include_str!("../../../packaging/config.toml");

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the state is: an absolute path.
    pub state_dir: AbsolutePath,
    /// How this host is called in authenticator apps; the short host name if absent.
    pub issuer: Option<Issuer>,
    /// Whom to turn to, as in `helpdesk, ext. 42`; replaces "your administrator" in notices.
    pub support: Option<Line>,
    /// Users without a record.
    pub defaults: Defaults,
    /// Who may always toggle and help others.
    pub administrators: Administrators,
    /// Tokens and their codes.
    pub totp: TotpConfig,
    /// How a person is asked.
    pub prompt: Prompt,
    /// What wrong codes cost.
    pub throttle: ThrottleConfig,
    /// Recovery codes.
    pub recovery: Recovery,
    /// Enrollment inside a login.
    pub enrollment: Enrollment,
    /// What users may do for themselves.
    pub self_service: SelfService,
    /// Who is asked: the first rule that matches decides.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
    /// Who may help whom.
    #[serde(rename = "delegate")]
    pub delegates: Vec<Delegate>,
}

/// `[defaults]`: users without a record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// Whether they are asked for a code.
    pub use_2fa: bool,
    /// Whether they may change that.
    pub can_toggle: bool,
}

/// `[administrators]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Administrators {
    /// Groups whose members are administrators, besides root.
    pub groups: Vec<String>,
}

/// `[totp]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TotpConfig {
    /// Hash of new tokens.
    pub algorithm: Algorithm,
    /// Digits of new tokens.
    pub digits: Digits,
    /// Seconds per step of new tokens: 30 to 60.
    pub period: Bounded<30, 60>,
    /// Steps before and after the current one that are accepted: at most 2.
    pub window: Bounded<0, 2>,
}

/// `[prompt]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prompt {
    /// Counted answers per login: 1 to 5.
    pub tries: Bounded<1, 5>,
    /// Whether the code is seen while typed. Hiding it brings sshd's blind password method to answer with the password.
    pub echo: bool,
    /// How the QR code is drawn at first.
    pub qr: Qr,
}

/// How a QR code is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Qr {
    /// Half blocks, two modules per character.
    Utf8,
    /// `##` and blanks: for terminals without UTF-8.
    Ascii,
    /// The key as text only.
    Off,
}

/// `[throttle]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ThrottleConfig {
    /// Wrong codes in a row that bring no delay; the next one blocks. At most 10.
    pub free: Bounded<0, 10>,
    /// The first delay.
    pub first_delay: Duration<1, 3_600>,
    /// The longest delay; each further wrong code doubles it up to here.
    pub max_delay: Duration<1, 86_400>,
    /// Wrong codes in a row after which only an administrator lifts the block: at most 100.
    pub hard_limit: Bounded<1, 100>,
}

/// `[recovery]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recovery {
    /// Recovery codes made at enrollment: 0 for none, at most 16.
    pub codes: Bounded<0, 16>,
}

/// `[enrollment]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Enrollment {
    /// PAM services in which a person can scan a QR code.
    pub services: Vec<String>,
    /// How long a user may log in without being enrolled, from the first login that asks.
    pub grace: Duration<0, 31_622_400>,
}

/// `[self_service]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SelfService {
    /// What weakens one's own factor is confirmed with this.
    pub confirm: Confirm,
}

/// How a user confirms a change of their own factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confirm {
    /// With a current code or a recovery code.
    Code,
    /// Not at all.
    None,
}

/// An absolute path without `..`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct AbsolutePath(String);

/// A name of 1 to 32 printable characters without a colon.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Issuer(String);

/// One line of 1 to 80 printable characters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Line(String);

/// Reads a configuration.
///
/// # Errors
/// [`ConfigError`] with line and key; the caller refuses to go on.
pub fn parse(bytes: &[u8]) -> Result<Config, ConfigError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ConfigError::not_text())?;
    let config: Config = document::read_commented(text).map_err(|fault| ConfigError::at_fault(text, fault))?;
    if config.throttle.max_delay.as_seconds() < config.throttle.first_delay.as_seconds() {
        return Err(ConfigError::of_key(text, "max_delay", "must not be shorter than first_delay"));
    }
    if u32::from(config.throttle.hard_limit) <= u32::from(config.throttle.free) {
        return Err(ConfigError::of_key(text, "hard_limit", "must be greater than free"));
    }
    Ok(config)
}

impl Config {
    /// Hash, digits and period of new tokens.
    #[must_use]
    pub fn new_token_parameters(&self) -> Parameters {
        let seconds = u16::try_from(u32::from(self.totp.period)).unwrap_or(30);
        let period = Period::new(seconds).unwrap_or(Period::THIRTY);
        Parameters { algorithm: self.totp.algorithm, digits: self.totp.digits, period }
    }

    /// Whether a person can scan a QR code on this service.
    #[must_use]
    pub fn enrolls_on(&self, service: &str) -> bool {
        self.enrollment.services.iter().any(|name| name == service)
    }

    /// The delay after the failure that makes `failures` in a row; zero while they are free.
    #[must_use]
    pub fn delay_after(&self, failures: u16) -> Seconds {
        let free = u32::from(self.throttle.free);
        let Some(doublings) = u32::from(failures).checked_sub(free.saturating_add(1)) else {
            return Seconds(0);
        };
        let doubled = 2_u64.saturating_pow(doublings.min(63)).saturating_mul(self.throttle.first_delay.as_seconds().0);
        Seconds(doubled.min(self.throttle.max_delay.as_seconds().0))
    }
}

impl AbsolutePath {
    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Issuer {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Line {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AbsolutePath {
    type Error = &'static str;
    fn try_from(path: String) -> Result<Self, Self::Error> {
        let plain = path.split('/').skip(1).all(|part| !matches!(part, "" | "." | "..")) && !path.contains('\0');
        if path.len() > 1 && path.starts_with('/') && plain {
            Ok(Self(path))
        } else {
            Err("must be an absolute path without `.`, `..` or `//`")
        }
    }
}

impl TryFrom<String> for Issuer {
    type Error = &'static str;
    fn try_from(name: String) -> Result<Self, Self::Error> {
        let good = (1..=32).contains(&name.chars().count()) && !name.chars().any(|c| c.is_control() || c == ':');
        if good { Ok(Self(name)) } else { Err("must be 1 to 32 printable characters without a colon") }
    }
}

impl TryFrom<String> for Line {
    type Error = &'static str;
    fn try_from(line: String) -> Result<Self, Self::Error> {
        let good = (1..=80).contains(&line.chars().count()) && !line.chars().any(char::is_control);
        if good { Ok(Self(line)) } else { Err("must be 1 to 80 printable characters") }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            state_dir: AbsolutePath("/var/lib/countersign".to_owned()),
            issuer: None,
            support: None,
            defaults: Defaults::default(),
            administrators: Administrators::default(),
            totp: TotpConfig::default(),
            prompt: Prompt::default(),
            throttle: ThrottleConfig::default(),
            recovery: Recovery::default(),
            enrollment: Enrollment::default(),
            self_service: SelfService::default(),
            rules: Vec::new(),
            delegates: Vec::new(),
        }
    }
}

impl Default for Defaults {
    fn default() -> Self {
        Self { use_2fa: false, can_toggle: true }
    }
}

impl Default for TotpConfig {
    fn default() -> Self {
        Self { algorithm: Algorithm::Sha1, digits: Digits::SIX, period: Bounded::of(30), window: Bounded::of(1) }
    }
}

impl Default for Prompt {
    fn default() -> Self {
        Self { tries: Bounded::of(3), echo: true, qr: Qr::Utf8 }
    }
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self {
            free: Bounded::of(4),
            first_delay: Duration::of(30),
            max_delay: Duration::of(3_600),
            hard_limit: Bounded::of(100),
        }
    }
}

impl Default for Recovery {
    fn default() -> Self {
        Self { codes: Bounded::of(8) }
    }
}

impl Default for Enrollment {
    fn default() -> Self {
        let services = ["sshd", "login", "remote", "su", "su-l", "sudo", "sudo-i"];
        Self { services: services.map(String::from).to_vec(), grace: Duration::of(0) }
    }
}

impl Default for SelfService {
    fn default() -> Self {
        Self { confirm: Confirm::Code }
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
