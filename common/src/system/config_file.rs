//! Loading the configuration: its file and all its parents must be root's, and not writable by others.

use std::fmt;

use crate::config::{self, Config, ConfigError};
use crate::files::{FileError, read_public};

/// Why there is no configuration to go by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigFileError {
    /// The file, or a parent, is missing or cannot be trusted.
    File(FileError),
    /// What stands in it is wrong.
    Content {
        /// The file.
        path: String,
        /// Line, key, reason.
        error: ConfigError,
    },
}

/// Loads the configuration.
///
/// # Errors
/// [`ConfigFileError`], also if there is no such file: a missing configuration refuses.
pub fn load_config(path: &str) -> Result<Config, ConfigFileError> {
    let bytes = read_public(path).map_err(ConfigFileError::File)?;
    config::parse(&bytes).map_err(|error| ConfigFileError::Content { path: path.to_owned(), error })
}

impl fmt::Display for ConfigFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "{error}"),
            Self::Content { path, error } => write!(f, "{path}: {error}"),
        }
    }
}
impl std::error::Error for ConfigFileError {}
