//! Paths as a person types them, made ready for a walk from the root.

use std::path::{Component, PathBuf};

/// A path as typed, from the root, without `.` and `..`: the current directory's name holds no link.
pub(crate) fn absolute(path: &str) -> String {
    let mut plain = PathBuf::new();
    for component in std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path)).components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain.to_str().map_or_else(|| path.to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_made_whole_without_following_anything() {
        assert_eq!(absolute("/etc/countersign/config.toml"), "/etc/countersign/config.toml");
        assert_eq!(absolute("/etc/./x/../config.toml"), "/etc/config.toml");
        assert!(absolute("config.toml").ends_with("/config.toml"));
        assert!(absolute("config.toml").starts_with('/'));
    }
}
