//! How this host is called in authenticator apps.

use crate::config::Config;

/// The configured issuer, else the host name up to its first dot, else `linux`.
#[must_use]
pub fn issuer(config: &Config) -> String {
    if let Some(issuer) = &config.issuer {
        return issuer.as_str().to_owned();
    }
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
    let short: String =
        host.split('.').next().unwrap_or_default().chars().filter(|c| !c.is_control() && *c != ':').take(32).collect();
    if short.is_empty() { "linux".to_owned() } else { short }
}
