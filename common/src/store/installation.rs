//! Which state directory belongs to this installation: two small files that must name the same random id.
//!
//! Invariant: a state directory without its installation, or of another one, is never used: an unmounted disk or
//! a copied directory must not look like "nobody is enrolled" (I4).

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::document;
use crate::files::{Directory, Owners, read_public};
use crate::token::InstallationId;

/// Where the installation is named. Always here: it is this machine's, whatever configuration is in use.
pub const INSTALLATION_PATH: &str = "/etc/countersign/installation";

pub(super) const FORMAT_FILE: &str = "format";
const VERSION: u32 = 1;

/// This installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Installation {
    /// Random, chosen by `init`.
    pub id: InstallationId,
    /// The uid that owns the state, besides root.
    pub owner: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InstallationText {
    version: u32,
    id: InstallationId,
    owner: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FormatText {
    version: u32,
    id: InstallationId,
}

impl Installation {
    /// Reads the installation's file.
    ///
    /// # Errors
    /// [`StoreError::Untrusted`], also if there is none: then `init` was never run.
    pub fn load(path: &str) -> Result<Self, StoreError> {
        let bytes = read_public(path)?;
        let text: InstallationText = parse(&bytes, path)?;
        check_version(text.version, path)?;
        Ok(Self { id: text.id, owner: text.owner })
    }

    /// Opens a state directory and checks that it belongs to this installation.
    ///
    /// # Errors
    /// [`StoreError::Untrusted`].
    pub fn open_state_dir(&self, path: &str) -> Result<Directory, StoreError> {
        let owners = Owners { installed: self.owner };
        let directory = Directory::open_private(path, owners)?;
        let format_path = directory.path_of(FORMAT_FILE);
        let Some(text) = directory.read_private_file(FORMAT_FILE, owners)? else {
            return Err(StoreError::untrusted(&format_path, "does not exist; is the state directory mounted?"));
        };
        let text: FormatText = parse(&text, &format_path)?;
        check_version(text.version, &format_path)?;
        if text.id == self.id {
            Ok(directory)
        } else {
            Err(StoreError::untrusted(&format_path, "belongs to another installation"))
        }
    }

    pub(super) fn render(&self) -> String {
        let Self { id, owner } = self;
        format!("# Written by countersign init.\nversion = {VERSION}\nid = \"{id}\"\nowner = {owner}\n")
    }

    pub(super) fn render_format(&self) -> String {
        format!("# Written by countersign init.\nversion = {VERSION}\nid = \"{}\"\n", self.id)
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8], path: &str) -> Result<T, StoreError> {
    let text = std::str::from_utf8(bytes).map_err(|_| StoreError::untrusted(path, "not UTF-8 text"))?;
    document::read(text).map_err(|fault| StoreError::untrusted(path, format_args!("not understood: {fault}")))
}

fn check_version(version: u32, path: &str) -> Result<(), StoreError> {
    if version == VERSION {
        return Ok(());
    }
    Err(StoreError::untrusted(
        path,
        format_args!("written by another version (format {version}, this program: {VERSION})"),
    ))
}
