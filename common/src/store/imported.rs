//! Which keys `import` has taken over for a user, as salted hashes: what was thrown away since does not come back unasked.
//!
//! Invariants: a file per user, so that one's damage is nobody else's (I8); replaced whole and durable before the token
//! stands; `forget` leaves it, for the old program's file may still be there; no login opens it.

use nix::errno::Errno;
use nix::fcntl::renameat;
use nix::unistd::{UnlinkatFlags, fsync, unlinkat};
use serde::Deserialize;

use super::file_engine::{FileStore, write_new};
use super::initialize::make_directory;
use super::{InitError, StoreError, names};
use crate::document;
use crate::files::{Directory, FileProblem};
use crate::record::{UserName, from_hex, quoted, to_hex};
use crate::token::Secret;

const IMPORTED: &str = "imported";
const VERSION: u32 = 1;
/// More different keys of one user than anybody has had; what was thrown away must not be pushed out by new ones.
const MOST: usize = 256;

/// The keys that were imported for a user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// None while nothing was imported.
    salt: Option<[u8; 16]>,
    hashes: Vec<[u8; 32]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImportedText {
    #[expect(dead_code, reason = "looked at beforehand; here so that it is no unknown key")]
    version: u32,
    user: String,
    salt: String,
    keys: Vec<String>,
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

impl Imported {
    /// Whether this key was imported before.
    #[must_use]
    pub fn has(&self, secret: &Secret) -> bool {
        self.salt.is_some_and(|salt| self.hashes.iter().any(|hash| secret.fits(&salt, hash)))
    }

    fn parse(bytes: &[u8], user: &UserName) -> Result<Self, String> {
        let not_understood = || "not understood".to_owned();
        let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned())?;
        let VersionOnly { version } = document::read(text).map_err(|_| not_understood())?;
        if version != VERSION {
            return Err(format!("written by another version (format {version}, this program: {VERSION})"));
        }
        let text: ImportedText = document::read(text).map_err(|fault| format!("not understood: {fault}"))?;
        if text.user != user.as_str() {
            return Err("is that of another user".to_owned());
        }
        let salt = from_hex(&text.salt).ok_or_else(not_understood)?;
        let hashes: Option<Vec<_>> = text.keys.iter().map(|hash| from_hex(hash)).collect();
        Ok(Self { salt: Some(salt), hashes: hashes.filter(|all| all.len() <= MOST).ok_or_else(not_understood)? })
    }

    fn render(&self, user: &UserName) -> String {
        let keys: Vec<_> = self.hashes.iter().map(|hash| format!("    \"{}\",\n", to_hex(hash))).collect();
        let (salt, user) = (to_hex(&self.salt.unwrap_or_default()), quoted(user.as_str()));
        format!("version = {VERSION}\nuser = {user}\nsalt = \"{salt}\"\nkeys = [\n{}]\n", keys.concat())
    }
}

impl FileStore {
    /// Which keys were imported for a user.
    ///
    /// # Errors
    /// [`StoreError::Untrusted`] if what is there cannot be read or is not understood.
    pub fn imported(&self, user: &UserName) -> Result<Imported, StoreError> {
        let name = file_name(user)?;
        let Some(room) = self.imported_room()? else { return Ok(Imported::default()) };
        match room.read_private_file(&name, self.owners())? {
            Some(bytes) => {
                Imported::parse(&bytes, user).map_err(|why| StoreError::untrusted(&room.path_of(&name), why))
            }
            None => Ok(Imported::default()),
        }
    }

    /// Remembers keys as imported, for good. The caller holds the user's lock.
    ///
    /// # Errors
    /// [`StoreError`]; then the caller takes nothing.
    pub fn remember_imported(&self, user: &UserName, secrets: &[&Secret]) -> Result<(), StoreError> {
        let mut next = self.imported(user)?;
        let new: Vec<_> = secrets.iter().filter(|secret| !next.has(secret)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let name = file_name(user)?;
        let state = self.state()?;
        let path = state.path_of(&format!("{IMPORTED}/{name}"));
        let salt = match next.salt {
            Some(salt) => salt,
            None => random_salt().map_err(|errno| StoreError::write_failed(&path, errno))?,
        };
        next.salt = Some(salt);
        next.hashes.extend(new.iter().map(|secret| secret.hash(&salt)));
        if next.hashes.len() > MOST {
            let reason = format!("more than {MOST} keys were imported for one user");
            return Err(StoreError::WriteFailed { path, reason });
        }
        let private = nix::sys::stat::Mode::S_IRWXU;
        make_directory(&state, IMPORTED, private, self.owners().installed).map_err(|error| match error {
            InitError::HasStateElsewhere(error) | InitError::Store(error) => error,
            InitError::NotEmpty(path) => StoreError::untrusted(&path, "is not empty"),
        })?;
        let room = state.private_subdirectory(IMPORTED, self.owners())?;
        self.replace(&room, &name, next.render(user).as_bytes()).map_err(|errno| StoreError::write_failed(&path, errno))
    }

    /// Opened when it is needed: no login and no helper holds a handle that they have no use for.
    fn state(&self) -> Result<Directory, StoreError> {
        Ok(Directory::open_private(&self.state_dir, self.owners())?)
    }

    fn imported_room(&self) -> Result<Option<Directory>, StoreError> {
        match self.state()?.private_subdirectory(IMPORTED, self.owners()) {
            Err(error) if error.problem == FileProblem::Missing => Ok(None),
            opened => Ok(Some(opened?)),
        }
    }

    fn replace(&self, room: &Directory, name: &str, bytes: &[u8]) -> Result<(), Errno> {
        // One name per user, for the lock is the caller's: what a crash left under it is worthless.
        let temporary = format!(".{name}");
        match unlinkat(room, temporary.as_str(), UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(errno) => return Err(errno),
        }
        write_new(room, &temporary, bytes, self.owners())?;
        if let Err(errno) = renameat(room, temporary.as_str(), room, name) {
            let _ = unlinkat(room, temporary.as_str(), UnlinkatFlags::NoRemoveDir);
            return Err(errno);
        }
        fsync(room)
    }
}

fn file_name(user: &UserName) -> Result<String, StoreError> {
    names::encode(user).map(|name| format!("{name}.toml")).ok_or(StoreError::NameTooLong)
}

fn random_salt() -> Result<[u8; 16], Errno> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| Errno::EIO)?;
    Ok(salt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn secret(byte: u8) -> Secret {
        Secret::from_bytes(Zeroizing::new(vec![byte; 20])).unwrap()
    }

    fn alice() -> UserName {
        UserName::new("alice").unwrap()
    }

    fn some() -> Imported {
        let salt = [7; 16];
        Imported { salt: Some(salt), hashes: vec![secret(1).hash(&salt), secret(2).hash(&salt)] }
    }

    #[test]
    fn a_key_is_known_again_and_stands_nowhere_in_the_text() {
        assert!(some().has(&secret(2)) && !some().has(&secret(3)) && !Imported::default().has(&secret(1)));
        let text = some().render(&alice());
        assert_eq!(Imported::parse(text.as_bytes(), &alice()), Ok(some()));
        assert!(!text.contains(secret(1).to_base32().as_str()) && !text.contains(&to_hex(secret(1).as_bytes())));
        let odd = UserName::new("DOM\\u\"x").unwrap();
        assert_eq!(Imported::parse(some().render(&odd).as_bytes(), &odd), Ok(some()));
    }

    #[test]
    fn what_is_not_such_a_file_is_an_error_never_an_absence() {
        let text = some().render(&alice());
        for (from, to, why) in [
            ("version = 1", "version = 2\nnew = 1", "another version (format 2"),
            ("\"alice\"", "\"bob\"", "is that of another user"),
            ("salt = \"07", "salt = \"0", "not understood"),
            ("keys = [", "more = 1\nkeys = [", "not understood"),
            ("]\n", "", "not understood"),
        ] {
            let error = Imported::parse(text.replace(from, to).as_bytes(), &alice()).unwrap_err();
            assert!(error.contains(why), "{to}: {error}");
        }
        assert!(Imported::parse(b"", &alice()).is_err() && Imported::parse(b"\xff", &alice()).is_err());
        let many = Imported { hashes: vec![[0; 32]; MOST + 1], ..some() };
        assert!(Imported::parse(many.render(&alice()).as_bytes(), &alice()).is_err());
    }
}
