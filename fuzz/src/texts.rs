//! Names, arguments and screens: text that others chose and that becomes a path, a setting, a picture.

use countersign_common::config::Qr;
use countersign_common::record::UserName;
use countersign_common::screen::{Columns, Enrollment, Polarity, Word};
use countersign_common::store::{decode as decode_name, encode as encode_name};
use countersign_common::token::{Parameters, Seconds, Secret, otpauth_uri};
use zeroize::Zeroizing;

// The module is no library; its arguments are one file.
#[path = "../../pam_module/src/arguments.rs"]
#[allow(dead_code)]
mod module_arguments;

pub fn names(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(file) = UserName::new(text).ok().and_then(|user| encode_name(&user)) {
        assert!(file.len() <= 240 && !file.starts_with('.') && !file.contains(['/', '\0']) && file.is_ascii());
        assert_eq!(decode_name(&file).as_ref().map(UserName::as_str), Some(text));
    }
    if let Some(user) = decode_name(text) {
        assert_eq!(encode_name(&user).as_deref(), Some(text));
    }
}

pub fn arguments(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let parsed = module_arguments::Arguments::parse(&words);
    let known = |word: &String| word == "debug" || word.starts_with("config=/");
    assert_eq!(parsed.problem.is_none(), words.iter().all(known), "{words:?}");
    assert!(parsed.config.starts_with('/'));
}

pub fn screen(bytes: &[u8]) {
    let Some((&[kind, length], rest)) = bytes.split_first_chunk::<2>() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let (user, issuer) = text.split_once('\n').unwrap_or((text, "host"));
    let size = usize::from(length % 55).max(10);
    let Ok(secret) = Secret::from_bytes(Zeroizing::new(vec![length; size])) else { return };
    let uri = otpauth_uri(issuer, user, &secret, Parameters::default());
    assert!(uri.as_str().starts_with("otpauth://totp/") && !uri.as_str().contains('#'));
    let screen = Enrollment {
        user,
        issuer,
        secret: &secret,
        parameters: Parameters::default(),
        uri: &uri,
        qr: [Qr::Utf8, Qr::Ascii, Qr::Off][usize::from(kind % 3)],
        polarity: if kind & 4 == 0 { Polarity::DarkTerminal } else { Polarity::LightTerminal },
        columns: if kind & 16 == 0 { Columns::Unknown } else { Columns::Known(usize::from(length)) },
        words: &[Word::Ascii, Word::Invert, Word::Disable, Word::Later],
        time_left: (kind & 8 == 0).then_some(Seconds(u64::from(length))),
    };
    let shown = screen.render();
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
    let key: String = secret.to_base32().chars().collect();
    let letters: String = shown.chars().filter(|c| *c != ' ' && *c != '\n').collect();
    assert!(letters.contains(&key[..4]));
}
