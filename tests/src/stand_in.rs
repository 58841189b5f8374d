//! Modules of other distributions, as far as a stack can tell.
use crate::World;
use crate::world::security_directory;

const DIRECTORY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pam_directory.so"));
const KERBEROS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pam_kerberos.so"));
const NOBODY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pam_nobody.so"));

/// Whom a stand-in knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knows {
    /// The account `dora` alone, whose password is [`DIRECTORY_PASSWORD`].
    Dora,
    /// `dora` as well, and it has nothing to say about the accounts of others, as `pam_krb5`.
    DoraByKerberos,
    /// Nobody.
    Nobody,
}

/// The password of `dora`.
pub const DIRECTORY_PASSWORD: &str = "directory";

impl World {
    /// Installs a stand-in under the name of a module.
    pub fn stand_in(&self, module: &str, knows: Knows) {
        let bytes = match knows {
            Knows::Dora => DIRECTORY,
            Knows::DoraByKerberos => KERBEROS,
            Knows::Nobody => NOBODY,
        };
        let path = security_directory().join(module);
        self.write_file(path.to_str().expect("a path in UTF-8"), bytes, 0o644);
    }
}
