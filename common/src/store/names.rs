//! User names as file names: percent-encoded, so that no name can leave its directory.
//!
//! Invariants: `decode(encode(n)) == n`; two names never share a file; no file name begins with a dot (temporary
//! files do).

use std::fmt::Write as _;

use crate::record::UserName;

/// The longest encoded name, in bytes: with its ending it must fit 255.
const MAX_ENCODED: usize = 240;

/// The file name of a user, without its ending; `None` if it would be too long.
#[must_use]
pub fn encode(user: &UserName) -> Option<String> {
    let mut name = String::with_capacity(user.as_str().len());
    for (index, byte) in user.as_str().bytes().enumerate() {
        if is_literal(index, byte) {
            name.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    (name.len() <= MAX_ENCODED).then_some(name)
}

/// Whether a byte of a name stands for itself.
const fn is_literal(index: usize, byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (byte == b'.' && index > 0)
}

/// The user a file name stands for; `None` if this program would not have written it.
#[must_use]
pub fn decode(name: &str) -> Option<UserName> {
    // Nearly every name: a list of all users decodes each twice.
    if name.len() <= MAX_ENCODED && name.bytes().enumerate().all(|(index, byte)| is_literal(index, byte)) {
        return UserName::new(name).ok();
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let user = UserName::new(&String::from_utf8(bytes).ok()?).ok()?;
    (encode(&user)? == name).then_some(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(name: &str) -> String {
        encode(&UserName::new(name).unwrap()).unwrap()
    }

    #[test]
    fn plain_names_stand_as_they_are() {
        for name in ["alice", "Alice.B", "svc_back-up", "x.", "0"] {
            assert_eq!(encoded(name), name);
        }
    }

    #[test]
    fn nothing_else_can_leave_its_directory() {
        let cases = [
            ("..", "%2E."),
            (".hidden", "%2Ehidden"),
            ("../root", "%2E.%2Froot"),
            ("DOM\\user", "DOM%5Cuser"),
            ("a b%\n", "a%20b%25%0A"),
            ("zoë@x", "zo%C3%AB%40x"),
        ];
        for (name, file) in cases {
            assert_eq!(encoded(name), file);
            assert_eq!(decode(file), UserName::new(name).ok());
        }
    }

    #[test]
    fn a_file_name_we_would_not_write_stands_for_nobody() {
        let long = "x".repeat(MAX_ENCODED + 1);
        for file in [&long, "", ".alice", "%2e", "%61lice", "a%", "a%2", "a%zz", "a%+1", "a b", "%00", "%FF"] {
            assert_eq!(decode(file), None, "{file}");
        }
    }

    #[test]
    fn a_name_too_long_for_a_file_is_refused() {
        assert!(encode(&UserName::new(&"x".repeat(240)).unwrap()).is_some());
        assert!(encode(&UserName::new(&"x".repeat(241)).unwrap()).is_none());
        assert!(encode(&UserName::new(&"é".repeat(41)).unwrap()).is_none());
    }
}
