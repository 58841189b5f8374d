//! The machine below: accounts, clock, randomness, the configuration's file. Seams for tests are traits.

mod accounts;
mod clock;
mod config_file;
mod groups;
mod host;
mod random;
mod syslog;

pub use accounts::{Account, Accounts, GroupLookup, LookupError, NssAccounts, administrator};
pub use clock::{Clock, ClockError, SystemClock};
pub use config_file::{ConfigFileError, load_config};
pub use groups::GroupsOf;
pub use host::issuer;
pub use random::{RandomError, new_id, new_recovery_codes, new_token};
pub use syslog::syslog;
