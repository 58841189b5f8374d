//! `init`, `check-config`: setting up this host, and looking before the next login does.

use std::path::Path;

use countersign_common::config::SHIPPED;
use countersign_common::store::{INSTALLATION_PATH, InitError, Initialized, Installation, Renew, initialize};
use countersign_common::system::{Accounts, NssAccounts, load_config, new_id};

use super::new_file::{self, Made};
use super::warnings::warnings;
use crate::absolute::absolute;
use crate::arguments::Init;
use crate::failure::Failure;
use crate::output::{Output, Verdict};

/// The account that owns the state unless another is named: `make install` makes it.
const OWNER: &str = "countersign";

/// `init`
pub(super) fn init(config_path: &str, arguments: &Init, output: &mut Output) -> Result<Verdict, Failure> {
    let owner = arguments.owner.as_deref().map(uid_of).transpose()?;
    if new_file::public(config_path, SHIPPED.as_bytes())? == Made::Now {
        output.line(format_args!("{config_path}: written, with every setting at its default"));
    }
    let _alone = new_file::locked_parent_of(INSTALLATION_PATH)?;
    let config = load_config(config_path)?;
    let state_dir = config.state_dir.as_str();
    let new_owner = owner.map_or_else(default_owner, Ok)?;
    let replaces = Path::new(INSTALLATION_PATH).exists();
    let renew = if arguments.renew { Renew::Yes } else { Renew::No };
    match initialize(state_dir, INSTALLATION_PATH, new_owner, new_id()?, renew).map_err(|error| explained(&error))? {
        Initialized::Already => {
            check_owner(owner)?;
            output.line(format_args!("{state_dir}: already initialised"));
        }
        Initialized::Created => {
            output.line(format_args!("{state_dir}: initialised, owned by uid {new_owner}"));
            if replaces {
                output.line("the old installation is given up: its state can no longer be used, all enroll again");
            }
            output.line("next: countersign enable USER, and pam_countersign.so in the services' PAM stacks");
        }
    }
    Ok(Verdict::Done)
}

/// The system user of the helper, where there is one; else root, and only root can use the command.
fn default_owner() -> Result<u32, Failure> {
    match NssAccounts.by_name(OWNER) {
        Ok(Some(account)) => Ok(account.uid),
        Ok(None) => Ok(0),
        Err(error) => Err(Failure::new(format!("{OWNER}: {error}"))),
    }
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
    let config = load_config(&absolute(path))?;
    for warning in warnings(&config, &NssAccounts) {
        output.warning(&format!("{path}: {warning}"));
    }
    output.line(format_args!("{path}: ok"));
    Ok(Verdict::Done)
}
