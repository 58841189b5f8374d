//! The built product, installed into a world as `make install` would.
use super::built::product_artefact;
use super::{Outcome, World};
use std::path::PathBuf;

/// Where the command lies.
pub const COMMAND: &str = "/usr/bin/countersign";
/// Where the helper lies.
pub const HELPER: &str = "/usr/libexec/countersign-helper";
/// As `make install` does it, without the programs that take their time.
const INSTALL_HELPER: &str = r#"
    echo 'countersign:x:990:990::/nonexistent:/usr/sbin/nologin' >> /etc/passwd
    echo 'countersign:x:990:' >> /etc/group
    install -D -m 755 /dev/stdin "$0"
    chown 0:990 "$0"
    chmod 6755 "$0""#;
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
    /// Installs the module, the command and the helper, with its account. Neither a configuration nor state is made.
    pub fn install_product(&self) {
        let module = security_directory().join("pam_countersign.so");
        let module = module.to_str().expect("a path in UTF-8");
        for (artefact, path, mode) in [("libpam_countersign.so", module, 0o644), ("countersign", COMMAND, 0o755)] {
            let content = std::fs::read(product_artefact(artefact)).expect("read an artefact");
            self.write_file(path, content, mode);
        }
        let helper = std::fs::read(product_artefact("countersign-helper")).expect("read an artefact");
        self.command(&["bash", "-euc", INSTALL_HELPER, HELPER]).stdin(helper).run().ok();
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
