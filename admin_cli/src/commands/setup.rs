//! `init`, `check-config`: setting up this host, and looking before the next login does.

use std::path::{Component, Path, PathBuf};

use countersign_common::config::SHIPPED;
use countersign_common::store::{INSTALLATION_PATH, InitError, Initialized, Installation, Renew, initialize};
use countersign_common::system::{Accounts, NssAccounts, load_config, new_id};

use super::new_file::{self, Made};
use super::warnings::warnings;
use crate::arguments::Init;
use crate::failure::Failure;
use crate::output::{Output, Verdict};

/// `init`
pub(super) fn init(config_path: &str, arguments: &Init, output: &mut Output) -> Result<Verdict, Failure> {
    let config_path = absolute(config_path);
    let owner = arguments.owner.as_deref().map(uid_of).transpose()?;
    if new_file::public(&config_path, SHIPPED.as_bytes())? == Made::Now {
        output.line(format_args!("{config_path}: written, with every setting at its default"));
    }
    let config = load_config(&config_path)?;
    let state_dir = config.state_dir.as_str();
    let replaces = Path::new(INSTALLATION_PATH).exists();
    let renew = if arguments.renew { Renew::Yes } else { Renew::No };
    match initialize(state_dir, INSTALLATION_PATH, owner.unwrap_or(0), new_id()?, renew)
        .map_err(|error| explained(&error))?
    {
        Initialized::Already => {
            check_owner(owner)?;
            output.line(format_args!("{state_dir}: already initialised"));
        }
        Initialized::Created => {
            output.line(format_args!("{state_dir}: initialised, owned by uid {}", owner.unwrap_or(0)));
            if replaces {
                output.line("the old installation is given up: its state can no longer be used, all enroll again");
            }
            output.line("next: countersign enable USER, and pam_countersign.so in the services' PAM stacks");
        }
    }
    Ok(Verdict::Done)
}

fn uid_of(name: &str) -> Result<u32, Failure> {
    match NssAccounts.by_name(name) {
        Ok(Some(account)) => Ok(account.uid),
        Ok(None) => Err(Failure::new(format!("{name}: the system knows no such user"))),
        Err(error) => Err(Failure::new(format!("{name}: {error}"))),
    }
}

/// The owner is chosen once; asking for another one later must not look done.
fn check_owner(wanted: Option<u32>) -> Result<(), Failure> {
    let Ok(Installation { owner, .. }) = Installation::load(INSTALLATION_PATH) else { return Ok(()) };
    match wanted {
        Some(wanted) if wanted != owner => {
            Err(Failure::new(format!("already initialised, and owned by uid {owner}, not {wanted}")))
        }
        _ => Ok(()),
    }
}

fn explained(error: &InitError) -> Failure {
    let failure = Failure::new(error.to_string());
    match error {
        InitError::HasStateElsewhere(_) => failure
            .hint("is the state directory mounted?")
            .hint("if the state is lost for good: countersign init --renew; then all who were enrolled enroll again"),
        InitError::NotEmpty(_) => failure.hint(format!(
            "restore {INSTALLATION_PATH} from the same backup as this directory, or move its contents away"
        )),
        InitError::Store(_) => failure,
    }
}

/// `check-config`
pub(super) fn check_config(path: &str, output: &mut Output) -> Result<Verdict, Failure> {
    let path = absolute(path);
    let config = load_config(&path)?;
    for warning in warnings(&config, &NssAccounts) {
        output.warning(&format!("{path}: {warning}"));
    }
    output.line(format_args!("{path}: ok"));
    Ok(Verdict::Done)
}

/// A path as typed, from the root, without `.` and `..`: the current directory's name holds no link.
fn absolute(path: &str) -> String {
    let mut plain = PathBuf::new();
    for component in std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path)).components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain.to_str().map_or_else(|| path.to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_made_whole_without_following_anything() {
        assert_eq!(absolute("/etc/countersign/config.toml"), "/etc/countersign/config.toml");
        assert_eq!(absolute("/etc/./x/../config.toml"), "/etc/config.toml");
        assert!(absolute("config.toml").ends_with("/config.toml"));
        assert!(absolute("config.toml").starts_with('/'));
    }
}
