//! The seam to the file system: the directories of service files and of modules.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use countersign_common::system::load_config;

use super::module_file;
use super::modules::OURS;

/// Where libpam looks for a service, in this order. The last is a vendor's directory, compiled in by some.
pub(crate) const DIRECTORIES: [&str; 3] = ["/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d"];

/// What the reader of stacks needs to see.
pub(crate) trait Files {
    /// The text of a file; `None` if it cannot be opened, for whatever reason: libpam makes no difference.
    fn text(&self, path: &str) -> Option<String>;
    /// The names in a directory, in order; none if there is no such directory.
    fn names(&self, directory: &str) -> Vec<String>;
    /// Whether libpam finds a module that a line names so; `None` if that cannot be known.
    fn has_module(&self, module: &str) -> Option<bool>;
    /// Where libpam looks for a module that a line names so; `None` if that cannot be known.
    fn module_path(&self, _module: &str) -> Option<PathBuf> {
        None
    }
    /// Whether there is a directory of this path.
    fn has_directory(&self, directory: &str) -> bool {
        !self.names(directory).is_empty()
    }
    /// Why the module cannot go by a configuration, and refuses everyone.
    fn config_fault(&self, _path: &str) -> Option<String> {
        None
    }
    /// Why a module of ours that is there cannot be loaded.
    fn module_fault(&self, _module: &str) -> Option<String> {
        None
    }
}

/// This host's.
pub(crate) struct Host {
    /// Where the modules are, if `pam_unix.so` was found somewhere.
    modules: Option<String>,
    /// Why modules of ours cannot be loaded, by path.
    faults: RefCell<BTreeMap<PathBuf, Option<String>>>,
    /// Why configurations cannot be used, by path.
    config_faults: RefCell<BTreeMap<String, Option<String>>>,
}

impl Host {
    pub(crate) fn new() -> Self {
        Self { modules: module_directory(), faults: RefCell::default(), config_faults: RefCell::default() }
    }
}

impl Files for Host {
    fn text(&self, path: &str) -> Option<String> {
        // A FIFO would hold up whoever opens it.
        let is_file = fs::metadata(path).is_ok_and(|found| found.is_file());
        let bytes = if is_file { fs::read(path).ok() } else { None };
        bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn names(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    fn has_module(&self, module: &str) -> Option<bool> {
        Some(self.module_path(module)?.exists() && self.module_fault(module).is_none())
    }

    fn has_directory(&self, directory: &str) -> bool {
        Path::new(directory).is_dir()
    }

    fn config_fault(&self, path: &str) -> Option<String> {
        let mut faults = self.config_faults.borrow_mut();
        let look = || load_config(path).err().map(|error| error.to_string());
        faults.entry(path.to_owned()).or_insert_with(look).clone()
    }

    fn module_path(&self, module: &str) -> Option<PathBuf> {
        let module = module.replace("$ISA/", "");
        if module.starts_with('/') {
            return Some(PathBuf::from(module));
        }
        Some(Path::new(self.modules.as_ref()?).join(module))
    }

    fn module_fault(&self, module: &str) -> Option<String> {
        let path = self.module_path(module).filter(|path| path.ends_with(OURS) && path.exists())?;
        let mut faults = self.faults.borrow_mut();
        let look = || {
            let sibling = self.modules.as_ref().map(|directory| Path::new(directory).join("pam_unix.so"));
            module_file::fault(&path, &sibling.unwrap_or_default())
        };
        faults.entry(path.clone()).or_insert_with(look).clone()
    }
}

/// The directory that holds `pam_unix.so`, wherever the distribution has it; `None` if there are none or several.
fn module_directory() -> Option<String> {
    let mut found = Vec::new();
    for library in ["/usr/lib", "/usr/lib64", "/lib", "/lib64"] {
        let nested = fs::read_dir(library).into_iter().flatten().flatten().map(|entry| entry.path());
        let candidates = nested.chain([Path::new(library).to_owned()]).map(|path| path.join("security"));
        let with_unix = candidates.filter(|path| path.join("pam_unix.so").exists());
        found.extend(with_unix.filter_map(|path| real(&path).ok()));
    }
    found.sort();
    found.dedup();
    match found.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// `/lib` is often a link to `/usr/lib`.
fn real(path: &Path) -> io::Result<String> {
    Ok(fs::canonicalize(path)?.to_string_lossy().into_owned())
}
