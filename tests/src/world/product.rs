//! The built product, installed into a world as `make install` would.
use super::built::product_artefact;
use super::{Outcome, World};
use std::path::PathBuf;

/// Where the command lies.
pub const COMMAND: &str = "/usr/sbin/countersign";
/// Where the configuration lies.
pub const CONFIG: &str = "/etc/countersign/config.toml";
/// Where the state lies unless configured.
pub const STATE_DIR: &str = "/var/lib/countersign";

/// This machine's directory of PAM modules: the one that holds `pam_unix.so`.
pub fn security_directory() -> PathBuf {
    let lists = ["/usr/lib", "/usr/lib64", "/lib", "/lib64"];
    let nested = lists.iter().filter_map(|list| std::fs::read_dir(list).ok()).flatten();
    lists
        .iter()
        .map(PathBuf::from)
        .chain(nested.filter_map(|entry| Some(entry.ok()?.path())))
        .map(|directory| directory.join("security"))
        .find(|directory| directory.join("pam_unix.so").exists())
        .expect("no directory holds pam_unix.so: is PAM installed?")
}

impl World {
    /// Installs the module and the command. Neither a configuration nor state is made.
    pub fn install_product(&self) {
        let module = security_directory().join("pam_countersign.so");
        let module = module.to_str().expect("a path in UTF-8");
        for (artefact, path, mode) in [("libpam_countersign.so", module, 0o644), ("countersign", COMMAND, 0o755)] {
            let content = std::fs::read(product_artefact(artefact)).expect("read an artefact");
            self.write_file(path, content, mode);
        }
    }

    /// Writes the configuration file.
    pub fn configure(&self, text: &str) {
        self.write_file(CONFIG, text, 0o644);
    }

    /// Runs the admin command as root.
    pub fn countersign(&self, arguments: &[&str]) -> Outcome {
        self.run(&[&[COMMAND], arguments].concat())
    }
}
