//! What may stand after the module's name in a stack.

/// A module argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleArgument<'text> {
    /// `config=PATH`: another configuration, at this absolute path.
    Config(&'text str),
    /// `debug`: more in the log.
    Debug,
}

/// Why an argument is none; the module then refuses everyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleArgumentError {
    /// `config=` without an absolute path.
    RelativePath,
    /// There is no such argument.
    Unknown,
}

impl<'text> ModuleArgument<'text> {
    /// Reads one.
    ///
    /// # Errors
    /// [`ModuleArgumentError`].
    pub fn parse(text: &'text str) -> Result<Self, ModuleArgumentError> {
        match text.strip_prefix("config=") {
            Some(path) if path.starts_with('/') => Ok(Self::Config(path)),
            Some(_) => Err(ModuleArgumentError::RelativePath),
            None if text == "debug" => Ok(Self::Debug),
            None => Err(ModuleArgumentError::Unknown),
        }
    }
}
