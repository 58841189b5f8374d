//! Tests of the enrollment screen's size and content. That it can be scanned is tested at a real terminal.

use super::*;
use crate::token::{Algorithm, Digits, Period, otpauth_uri};

const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn screen(issuer: &str, user: &str, qr: Qr, parameters: Parameters) -> String {
    screen_of(Columns::Unknown, issuer, user, qr, parameters)
}

fn screen_of(columns: Columns, issuer: &str, user: &str, qr: Qr, parameters: Parameters) -> String {
    let secret = Secret::from_base32(KEY).unwrap();
    let uri = otpauth_uri(issuer, user, &secret, parameters);
    let polarity = Polarity::DarkTerminal;
    let enrollment = Enrollment {
        user,
        issuer,
        secret: &secret,
        parameters,
        uri: &uri,
        qr,
        polarity,
        columns,
        words: &Word::ALL,
        time_left: None,
    };
    enrollment.render().to_string()
}

fn width(screen: &str) -> usize {
    screen.lines().map(|line| line.chars().count()).max().unwrap()
}

#[test]
fn a_usual_name_gives_version_4_beside_the_text() {
    let screen = screen("host1", "alice", Qr::Utf8, Parameters::default());
    assert_eq!(screen.lines().count(), 19, "\n{screen}");
    assert!(width(&screen) <= 79, "\n{screen}");
    assert!(screen.contains("alice on host1") && screen.contains("GEZD GNBV GY3T QOJQ"), "\n{screen}");
}

#[test]
fn the_qr_code_is_of_the_same_size_for_every_key() {
    for byte in 0..32 {
        let secret =
            Secret::from_bytes(Zeroizing::new((0..20_u8).map(|at| byte ^ at.wrapping_mul(37)).collect())).unwrap();
        let uri = otpauth_uri("host1", "alice", &secret, Parameters::default());
        let rows = draw(&uri, Form::Utf8, Polarity::DarkTerminal).unwrap().rows.len();
        assert_eq!(rows, 19, "version 4: {}", uri.as_str());
    }
}

#[test]
fn up_to_version_6_the_screen_and_its_prompt_fit_24_rows() {
    let parameters =
        Parameters { algorithm: Algorithm::Sha256, digits: Digits::new(8).unwrap(), period: Period::new(60).unwrap() };
    let screen = screen("longer-host1", "firstname.last", Qr::Utf8, parameters);
    assert_eq!(screen.lines().count(), 23, "\n{screen}");
    assert!(width(&screen) <= 80, "\n{screen}");
    assert!(screen.contains("SHA256, 8 digits, 60 seconds"));
}

#[test]
fn ascii_stands_below_the_text_and_off_shows_only_the_key() {
    let ascii = screen("host1", "alice", Qr::Ascii, Parameters::default());
    assert!(width(&ascii) <= 80 && ascii.contains("##") && ascii.is_ascii(), "\n{ascii}");
    let off = screen("host1", "alice", Qr::Off, Parameters::default());
    assert!(!off.contains('#') && !off.contains('█') && off.contains("GEZD GNBV GY3T QOJQ"), "\n{off}");
}

#[test]
fn a_long_name_is_cut_and_control_characters_are_shown_harmless() {
    let screen = screen("host1", &format!("a\u{1b}[2J{}", "x".repeat(100)), Qr::Utf8, Parameters::default());
    assert!(!screen.contains('\u{1b}') && screen.contains("..."), "\n{screen}");
}

#[test]
fn the_whole_key_is_shown_in_groups_of_four() {
    let secret = Secret::from_base32(KEY).unwrap();
    let lines = key_in_groups(&secret, 30);
    let joined: Vec<&str> = lines.iter().flat_map(|line| line.split(' ')).collect();
    assert!(joined.iter().all(|group| group.len() == 4));
    assert_eq!(joined.concat(), KEY);
}

#[test]
fn a_narrower_screen_has_the_text_above_and_nothing_beyond_its_edge() {
    for columns in 20..=80 {
        for qr in [Qr::Utf8, Qr::Ascii, Qr::Off] {
            let screen = screen_of(Columns::Known(columns), "host1", "alice", qr, Parameters::default());
            assert!(width(&screen) <= columns, "{columns}\n{screen}");
            let words = screen.split_whitespace().filter(|word| word.len() == 4 && KEY.contains(word));
            assert_eq!(words.collect::<String>(), KEY, "{columns}\n{screen}");
            let is_drawn = screen.contains('█') || screen.contains("##");
            let needed = if qr == Qr::Utf8 { 37 } else { 74 };
            assert_eq!(is_drawn, qr != Qr::Off && columns >= needed, "{columns}\n{screen}");
            let is_said = screen.split_whitespace().collect::<Vec<_>>().join(" ").contains("too narrow for a QR code");
            assert_eq!(is_said, qr != Qr::Off && columns < needed, "{columns}\n{screen}");
        }
    }
    let wide = screen_of(Columns::Known(200), "host1", "alice", Qr::Utf8, Parameters::default());
    assert_eq!(wide, screen("host1", "alice", Qr::Utf8, Parameters::default()));
}

#[test]
fn recovery_codes_are_not_broken_over_the_edge() {
    let codes = vec![RecoveryCode::parse("0123-4567-89AB-CDEF").unwrap(); 4];
    let lines = |columns| {
        let sheet = recovery_sheet(&codes, columns);
        sheet.lines().filter(|line| line.contains("0123-")).map(|line| line.chars().count()).collect::<Vec<_>>()
    };
    assert_eq!(lines(Columns::Unknown), [46; 2]);
    assert_eq!(lines(Columns::Known(46)), [46; 2]);
    assert_eq!(lines(Columns::Known(45)), [23; 4]);
}
