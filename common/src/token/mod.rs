//! A token's parts: time, steps, digits, secrets, codes, URIs. Pure, and bottom of the layers.
//!
//! Invariant: a value of one of these types is in range; nothing above checks again.

mod code;
mod id;
mod recovery;
mod salted;
mod secret;
mod time;
mod totp;
mod uri;

pub use code::{Code, CodeError};
pub use id::{Id, IdError, InstallationId, RecordId, RecoverySetId, TokenId};
pub use recovery::{RecoveryCode, RecoveryCodeError};
pub use secret::{Secret, SecretError};
pub use time::{Seconds, TimeError, UnixTime};
pub use totp::{Algorithm, Digits, Parameters, ParametersError, Period, Step, Totp};
pub use uri::{OtpauthUri, otpauth_uri};
