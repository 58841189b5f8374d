//! Files of `pam_google_authenticator` as they exist: each is held against that module, taken over, and logged in with.
use crate::stage::{
    GOOGLE_FILE, SECRET, assert_accepted, assert_used, has, import_google, in_home, login_there, stage,
};
use countersign_tests::Factor;
use countersign_tests::code::Parameters;
use countersign_tests::pam_driver::pam;

const MODULE: &str = "pam_google_authenticator.so";
const OPTIONS: &str = "\" TOTP_AUTH\n\" DISALLOW_REUSE\n";
const SHORT: &str = "GEZDGNBVGY3TQOJQ";

/// What becomes of a file here.
enum Here {
    /// A token of this secret and period, accepted from the present code on.
    Taken(&'static str, u32),
    /// The same, but all codes of the present moment count as used.
    TakenLater(&'static str),
    /// Nothing, for this reason.
    Left(&'static str),
}
use Here::{Left, Taken, TakenLater};

/// Whether the module accepts the present code of the file's secret.
#[derive(Debug, PartialEq)]
enum There {
    Accepted,
    Refused,
}
use There::{Accepted, Refused};

/// Plays one file: there, and here.
fn play(factor: &Factor, name: &str, content: &[u8], mode: u32, there: &There, here: &Here) {
    factor.world.countersign(&["forget", "alice"]).ok();
    factor.world.sh(&format!("rm -rf /var/lib/countersign/imported /home/alice/{GOOGLE_FILE}")).ok();
    let token = match here {
        Taken(secret, period) => Parameters { period: *period, ..Parameters::new(secret) },
        TakenLater(secret) => Parameters::new(secret),
        Left(_) => Parameters::new(SECRET),
    };
    in_home(factor, "alice", GOOGLE_FILE, content, mode);
    let code = login_there(factor, MODULE, &factor.code(&token));
    assert_eq!(if code == pam::SUCCESS { Accepted } else { Refused }, *there, "{name}: there ({code})");
    // The module has written into it.
    in_home(factor, "alice", GOOGLE_FILE, content, mode);
    let outcome = import_google(factor, &["alice", "--write"]);
    assert!(!outcome.text().contains(SECRET) && !outcome.errors().contains(SECRET), "{name}");
    if let Left(why) = here {
        outcome.expect_code(1);
        assert!(outcome.text().contains(why), "{name}: {}", outcome.text());
        assert!(factor.record("alice").is_none(), "{name}");
        return;
    }
    assert!(outcome.text().starts_with("alice: took a token of "), "{name}: {}{}", outcome.text(), outcome.errors());
    if let TakenLater(_) = here {
        assert_used(factor, "alice", &token);
        factor.next_step();
        factor.next_step();
    }
    assert_accepted(factor, "alice", &token);
    assert_used(factor, "alice", &token);
}

fn play_all(files: &[(&str, String, There, Here)]) {
    let factor = stage(&["alice"]);
    for (name, content, there, here) in files {
        play(&factor, name, content.as_bytes(), 0o600, there, here);
    }
}

fn sound(secret: &str) -> String {
    format!("{secret}\n{OPTIONS}")
}

#[test]
fn secrets_however_they_are_written() {
    let long = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA";
    play_all(&[
        ("plain", sound(SECRET), Accepted, Taken(SECRET, 30)),
        ("lower case", sound(&SECRET.to_lowercase()), Accepted, Taken(SECRET, 30)),
        ("mixed case", sound(&SECRET.replace('G', "g")), Accepted, Taken(SECRET, 30)),
        ("trailing blanks", sound(&format!("{SECRET}  ")), Accepted, Taken(SECRET, 30)),
        ("a trailing tab", sound(&format!("{SECRET}\t")), Accepted, Taken(SECRET, 30)),
        ("a leading blank", sound(&format!(" {SECRET}")), Accepted, Taken(SECRET, 30)),
        ("groups of four", sound("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"), Accepted, Taken(SECRET, 30)),
        ("dashes", sound("GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ"), Accepted, Taken(SECRET, 30)),
        ("0 for O and 8 for B", sound(&SECRET.replace('O', "0").replace('B', "8")), Accepted, Taken(SECRET, 30)),
        ("16 characters", sound(SHORT), Accepted, Taken(SHORT, 30)),
        ("26 characters", sound("GEZDGNBVGY3TQOJQGEZDGNBVGY"), Accepted, Taken("GEZDGNBVGY3TQOJQGEZDGNBVGY", 30)),
        ("52 characters", sound(long), Accepted, Taken(long, 30)),
        ("8 characters", sound("GEZDGNBV"), Refused, Left("its secret is shorter than 80 bits")),
        ("padded", sound(&format!("{SECRET}======")), Refused, Taken(SECRET, 30)),
        ("a byte order mark", sound(&format!("\u{feff}{SECRET}")), Refused, Left("no secret in base32")),
        ("not base32", sound("GEZD!NBVGY3TQOJQ"), Refused, Left("no secret in base32")),
        ("in quotes", sound(&format!("\"{SECRET}\"")), Refused, Left("no secret in base32")),
        ("a comment first", format!("# mine\n{}", sound(SECRET)), Refused, Left("no secret in base32")),
        ("options alone", OPTIONS.to_owned(), Refused, Left("no secret in base32")),
        ("a URI", sound(&format!("otpauth://totp/alice?secret={SECRET}")), Refused, Left("no secret in base32")),
        ("empty", String::new(), Refused, Left("the file is empty")),
        ("blank lines alone", "\n\r\n \n".to_owned(), Refused, Left("the file is empty")),
    ]);
}

#[test]
fn options_and_lines_however_they_are_written() {
    let with = |more: &str| format!("{SECRET}\n{OPTIONS}{more}\n");
    let crlf = sound(SECRET).replace('\n', "\r\n");
    let many: Vec<String> = (0..50).map(|step| (50_000_000 + step).to_string()).collect();
    play_all(&[
        ("CRLF", crlf, Accepted, Taken(SECRET, 30)),
        ("no final newline", format!("{SECRET}\n\" DISALLOW_REUSE\n\" TOTP_AUTH"), Accepted, Taken(SECRET, 30)),
        ("blank lines", format!("{SECRET}\n\n{OPTIONS}\n\n"), Accepted, Taken(SECRET, 30)),
        ("twice", with("\" TOTP_AUTH\n\" DISALLOW_REUSE"), Accepted, Taken(SECRET, 30)),
        ("unknown", with("\" NEW_OPTION 1"), Accepted, Taken(SECRET, 30)),
        ("a comment", with("# mine"), Accepted, Taken(SECRET, 30)),
        ("RATE_LIMIT", with("\" RATE_LIMIT 3 30"), Accepted, Taken(SECRET, 30)),
        ("RATE_LIMIT used", with("\" RATE_LIMIT 3 30 1234567890 1234567891"), Accepted, Taken(SECRET, 30)),
        ("WINDOW_SIZE", with("\" WINDOW_SIZE 17"), Accepted, Taken(SECRET, 30)),
        (
            "a used step",
            format!("{SECRET}\n\" TOTP_AUTH\n\" DISALLOW_REUSE 12345 12346\n"),
            Accepted,
            Taken(SECRET, 30),
        ),
        (
            "many",
            format!("{SECRET}\n\" TOTP_AUTH\n\" DISALLOW_REUSE {}\n", many.join(" ")),
            Accepted,
            Taken(SECRET, 30),
        ),
        ("TIME_SKEW -1", with("\" TIME_SKEW -1"), Accepted, Taken(SECRET, 30)),
        ("TIME_SKEW -4", with("\" TIME_SKEW -4"), Refused, Taken(SECRET, 30)),
        ("RESETTING_TIME_SKEW", with("\" RESETTING_TIME_SKEW 123+1 124+1"), Accepted, Taken(SECRET, 30)),
        ("LAST0", with("\" LAST0 192.0.2.7 1795507200\n\" LAST1"), Accepted, Taken(SECRET, 30)),
        ("STEP_SIZE 30", with("\" STEP_SIZE 30"), Accepted, Taken(SECRET, 30)),
        ("STEP_SIZE 60", with("\" STEP_SIZE 60"), Accepted, Taken(SECRET, 60)),
        ("STEP_SIZE 10", with("\" STEP_SIZE 10"), Accepted, Taken(SECRET, 10)),
        ("STEP_SIZE 90", with("\" STEP_SIZE 90"), Refused, Left("STEP_SIZE is not 10 to 60")),
        ("STEP_SIZE 0", with("\" STEP_SIZE 0"), Refused, Left("STEP_SIZE is not 10 to 60")),
        ("emergency codes", with("12345678\n87654321"), Accepted, Taken(SECRET, 30)),
        ("HOTP_COUNTER 0 too", with("\" HOTP_COUNTER 0"), Accepted, Taken(SECRET, 30)),
        ("no DISALLOW_REUSE", format!("{SECRET}\n\" TOTP_AUTH\n"), Accepted, TakenLater(SECRET)),
    ]);
}

#[test]
fn files_that_never_let_anyone_in_by_the_time() {
    let no_totp = "it says neither TOTP_AUTH nor HOTP_COUNTER";
    play_all(&[
        ("HOTP", format!("{SECRET}\n\" HOTP_COUNTER 3\n"), Refused, Left("it counts logins")),
        ("HOTP and TOTP", format!("{SECRET}\n\" HOTP_COUNTER 3\n{OPTIONS}"), Refused, Left("it counts logins")),
        ("no kind", format!("{SECRET}\n\" DISALLOW_REUSE\n"), Refused, Left(no_totp)),
        ("no blank", format!("{SECRET}\n\"TOTP_AUTH\n"), Refused, Left(no_totp)),
        ("a tab", format!("{SECRET}\n\"\tTOTP_AUTH\n"), Refused, Left(no_totp)),
        ("lower case", format!("{SECRET}\n\" totp_auth\n"), Refused, Left(no_totp)),
        ("NUL bytes", format!("{SECRET}\n{OPTIONS}\0\0\0\0"), Refused, Left("it is damaged")),
        ("a NUL in the secret", format!("{SHORT}\0\n{OPTIONS}"), Refused, Left("it is damaged")),
    ]);
}

#[test]
fn modes_and_owners_as_they_are_found() {
    let factor = stage(&["alice"]);
    play(&factor, "0400", sound(SECRET).as_bytes(), 0o400, &Accepted, &Taken(SECRET, 30));
    for mode in [0o440, 0o644] {
        play(&factor, "readable", sound(SECRET).as_bytes(), mode, &Refused, &Taken(SECRET, 30));
    }
    play(&factor, "0620", sound(SECRET).as_bytes(), 0o620, &Refused, &Left("others could have written it"));
    let home = format!("/home/alice/{GOOGLE_FILE}");
    factor.world.sh(&format!("rm {home}; ln -s /etc/shadow {home}")).ok();
    let shadow = import_google(&factor, &["alice", "--write"]);
    shadow.expect_code(1);
    has(&shadow.text(), &["is a symbolic link"]);
    factor.world.sh(&format!("rm {home}; head -c 1000000 /dev/urandom | base64 > {home}; chown alice {home}")).ok();
    has(&import_google(&factor, &["alice"]).text(), &["is too large"]);
}

#[test]
fn roots_own_file_is_taken_like_any_other() {
    let factor = stage(&["alice"]);
    factor.world.write_file(&format!("/root/{GOOGLE_FILE}"), sound(SECRET), 0o600);
    has(&import_google(&factor, &["root", "--write"]).ok(), &["root: took a token of 160 bits"]);
    assert_accepted(&factor, "root", &Parameters::new(SECRET));
}
