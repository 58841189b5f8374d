//! The readers against files as they exist in the wild.

use super::*;
use crate::token::{Digits, Period};

const NOW: u64 = 1_795_507_200;
/// Twenty bytes: the secret of RFC 4226.
const RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const RFC_HEX: &str = "3132333435363738393031323334353637383930";

fn now() -> UnixTime {
    UnixTime::new(NOW).unwrap()
}

fn step(number: u64) -> Step {
    Step::new(number).unwrap()
}

fn google(text: &str) -> GoogleFile {
    read_google(text.as_bytes()).unwrap_or_else(|problem| panic!("{text:?}: {problem}"))
}

fn oath(line: &str) -> Result<ForeignToken, OathProblem> {
    let mut lines = read_oath(line.as_bytes());
    assert_eq!(lines.len(), 1, "{line}");
    lines.remove(0).token
}

#[test]
fn a_file_as_the_program_writes_it_is_read_whole() {
    let text = format!(
        "{RFC}\n\" RATE_LIMIT 3 30 1795507100\n\" WINDOW_SIZE 17\n\" DISALLOW_REUSE 59850239 59850237\n\" TOTP_AUTH\n\
         11111111\n22222222\n33333333\n"
    );
    let GoogleFile { token, scratch_codes } = google(&text);
    assert_eq!(token.secret.to_base32().as_str(), RFC);
    assert_eq!((token.parameters, scratch_codes, token.bits()), (Parameters::default(), 3, 160));
    assert_eq!(token.last_step(1, now()), Ok(Some(step(59_850_239))), "the highest counts, whatever the order");
    let left = token.notes.left.join("; ");
    assert!(left.contains("WINDOW_SIZE 17") && left.contains("RATE_LIMIT"), "{left}");
    assert!(token.notes.changed.is_empty() && token.notes.warnings.is_empty(), "{:?}", token.notes);
}

#[test]
fn odd_but_sound_files_are_the_same_token() {
    let lower = RFC.to_lowercase();
    let grouped = "GEZD GNBV GY3T QOJQ-GEZD GNBV GY3T QOJQ";
    for text in [
        format!("{RFC}\r\n\" TOTP_AUTH\r\n\" DISALLOW_REUSE\r\n"),
        format!("{RFC}\n\" TOTP_AUTH"),
        format!("{lower}  \n\n\n\" TOTP_AUTH   \n\n"),
        format!("{grouped}\n\" TOTP_AUTH\n"),
        format!("{RFC}======\n\" TOTP_AUTH\n"),
        format!("\n{RFC}\n\" STEP_SIZE 30\n\" STEP_SIZE 55\n\" HOTP_COUNTER 0\n\" TOTP_AUTH\n"),
        format!("{}\n\" TOTP_AUTH\n", RFC.replace('O', "0").replace('B', "8")),
        format!("{RFC}\n\" TOTP_AUTH 1\n\" LAST0 x 7\n\" LAST1\n\" RESETTING_TIME_SKEW 1+2\n"),
    ] {
        let token = google(&text).token;
        assert_eq!(token.secret.to_base32().as_str(), RFC, "{text:?}");
        assert_eq!(token.parameters.period, Period::THIRTY, "{text:?}");
        assert!(token.notes.left.is_empty(), "{text:?}: {:?}", token.notes.left);
    }
}

#[test]
fn what_cannot_be_taken_says_why() {
    let cases: [(&[u8], GoogleProblem); 12] = [
        (b"GEZDGNBVGY3TQOJQ\n\" TOTP_AUTH\n\0\0", GoogleProblem::Damaged),
        (b"", GoogleProblem::Empty),
        (b"\n\r\n \n", GoogleProblem::Empty),
        (b"not base32!\n\" TOTP_AUTH\n", GoogleProblem::NoSecret),
        (b"\xff\xfe\n\" TOTP_AUTH\n", GoogleProblem::NoSecret),
        (b"\" TOTP_AUTH\n", GoogleProblem::NoSecret),
        (b"AAAAAAAA\n\" TOTP_AUTH\n", GoogleProblem::SecretLength(40)),
        (b"GEZDGNBVGY3TQOJQ\n\" HOTP_COUNTER 7\n", GoogleProblem::Counts),
        (b"GEZDGNBVGY3TQOJQ\n\" HOTP_COUNTER 1\n\" TOTP_AUTH\n", GoogleProblem::Counts),
        (b"GEZDGNBVGY3TQOJQ\n11111111\n", GoogleProblem::NoTotp),
        (b"GEZDGNBVGY3TQOJQ\n\" TOTP_AUTH\n\" STEP_SIZE 5\n", GoogleProblem::StepSize),
        (b"GEZDGNBVGY3TQOJQ\n\" TOTP_AUTH\n\" STEP_SIZE x\n", GoogleProblem::StepSize),
    ];
    for (bytes, problem) in cases {
        assert_eq!(read_google(bytes).err(), Some(problem), "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn short_secrets_are_taken_with_a_warning_and_bits_that_fill_no_byte_are_dropped() {
    let token = google("GEZDGNBVGY3TQOJQ\n\" TOTP_AUTH\n").token;
    assert_eq!((token.bits(), token.secret.as_bytes()), (80, &b"1234567890"[..]));
    assert!(token.notes.warnings[0].contains("80 bits"));
    let token = google("GEZDGNBVGY3TQOJQGEZDGNBVGZ\n\" TOTP_AUTH\n\" STEP_SIZE 60\n").token;
    assert_eq!((token.bits(), token.parameters.period), (128, Period::new(60).unwrap()));
    assert!(token.notes.warnings.is_empty());
}

#[test]
fn what_a_file_does_not_say_of_used_codes_counts_as_used() {
    let present = Period::THIRTY.step_at(now());
    let last = |options: &str| google(&format!("{RFC}\n\" TOTP_AUTH\n{options}")).token.last_step(1, now());
    assert_eq!(last("\" DISALLOW_REUSE\n"), Ok(None), "it would say so");
    assert_eq!(last(""), Ok(Some(present.offset_by(1))), "codes were accepted again and again");
    assert_eq!(last("\" DISALLOW_REUSE 5 x\n"), Ok(Some(present.offset_by(1))), "not understood");
    assert_eq!(last("\" DISALLOW_REUSE 5\n\" DISALLOW_REUSE 9\n"), Ok(Some(step(9))));
    let ahead = |steps| format!("\" DISALLOW_REUSE {}\n", present.offset_by(steps).as_u64());
    assert_eq!(last(&ahead(10)), Ok(Some(present.offset_by(10))));
    assert_eq!(last(&ahead(121)), Err(UsedAhead), "that clock was wrong");
}

#[test]
fn a_warning_and_what_is_left_quote_nothing_of_the_file() {
    let text = format!("{RFC}\n\" TOTP_AUTH\n\" TIME_SKEW -3\n\" {RFC}\n{RFC}\n\" WINDOW_SIZE {RFC}\nGEZDGNBV\n");
    let notes = google(&text).token.notes;
    let said = format!("{notes:?}");
    assert!(!said.contains("GEZD"), "{said}");
    assert!(said.contains("TIME_SKEW -3") && said.contains("-3 steps off"), "{said}");
    assert!(said.contains("one unknown option") && said.contains("2 lines that"), "{said}");
}

#[test]
fn lines_of_pam_oath_are_tokens_by_time_only() {
    for (kind, digits, period) in
        [("HOTP/T30", 6, 30), ("HOTP/T60", 6, 60), ("HOTP/T30/8", 8, 30), ("HOTP/T60/7", 7, 60)]
    {
        for line in [format!("{kind} alice - {RFC_HEX}\n"), format!("  {kind}\talice\t+\t{RFC_HEX}\r\n")] {
            let token = oath(&line).unwrap();
            assert_eq!(token.secret.to_base32().as_str(), RFC);
            let wanted = (Digits::new(digits).unwrap(), Period::new(period).unwrap());
            assert_eq!((token.parameters.digits, token.parameters.period), wanted, "{line}");
            assert_eq!(token.last_step(1, now()), Ok(None), "no code was ever used");
        }
    }
    let problem = |line: &str| oath(line).unwrap_err();
    for kind in ["HOTP", "HOTP/E", "HOTP/E/8"] {
        assert_eq!(problem(&format!("{kind} alice - {RFC_HEX} 7 755224 2009-12-07T23:23:49L")), OathProblem::Counts);
    }
    for kind in ["MOTP", "TOTP", "HOTP/T5", "HOTP/T30/5", "HOTP/T30/6/1", "HOTP/X", "hotp/t30"] {
        assert_eq!(problem(&format!("{kind} alice - {RFC_HEX}")), OathProblem::Type, "{kind}");
    }
    assert_eq!(problem(&format!("HOTP/T30 alice 1234 {RFC_HEX}")), OathProblem::Pin);
    assert_eq!(problem("HOTP/T30 alice - 31323"), OathProblem::Key);
    assert_eq!(problem(&format!("HOTP/T30 alice - {RFC}")), OathProblem::Key);
    assert_eq!(problem("HOTP/T30 alice - 00"), OathProblem::KeyLength(8));
    assert_eq!(problem("HOTP/T30 alice -"), OathProblem::Columns);
}

#[test]
fn the_code_last_used_is_found_whatever_the_zone_its_time_was_written_in() {
    // RFC 6238, appendix B: 94287082 is the code of the time 59, in step 1.
    for (time, expected) in [("1970-01-01T00:00:59L", 1), ("1970-01-01T14:00:59L", 1)] {
        let token = oath(&format!("HOTP/T30/8 alice - {RFC_HEX} 0 94287082 {time}")).unwrap();
        assert_eq!(token.last_step(1, now()), Ok(Some(step(expected))), "{time}");
    }
    let elsewhere = oath(&format!("HOTP/T30/8 alice - {RFC_HEX} 0 94287083 1970-01-01T00:00:59L")).unwrap();
    let whole_window = Period::THIRTY.step_at(now()).offset_by(1);
    assert_eq!(elsewhere.last_step(1, now()), Ok(Some(whole_window)), "found nowhere: whatever counts now is used");
}

#[test]
fn the_two_layouts_are_told_apart_by_where_the_time_stands() {
    let oath_line = format!("HOTP/T30/8 alice - {RFC_HEX} 0 94287082 1970-01-01T00:00:59L");
    let apache_line = format!("HOTP/T30/8 alice - {RFC_HEX} -2 0 94287082 1970-01-01T00:00:59L 192.0.2.7");
    for line in [&oath_line, &apache_line] {
        assert_eq!(oath(line).unwrap().last_step(1, now()), Ok(Some(step(1))), "{line}");
    }
    assert_eq!(oath(&apache_line).unwrap().notes.left, ["a clock offset of -2 steps"]);
    for rest in ["x", "39303132343536373", "-1000000"] {
        let token = oath(&format!("HOTP/T30/8 alice - {RFC_HEX} {rest}"));
        assert_eq!(token.err(), Some(OathProblem::Layout), "{rest}: it may be part of a key");
    }
    for rest in ["x", "0 94287082", "0 0 94287082 1970-01-01T00:00:59L"] {
        let token = oath(&format!("HOTP/T30/8 alice - {RFC_HEX} {rest}"));
        match rest {
            "x" => assert_eq!(token.err(), Some(OathProblem::Layout)),
            _ => assert!(token.unwrap().last_step(1, now()).unwrap().is_some(), "{rest}"),
        }
    }
    for rest in ["0 94287082 yesterday", "0 1 2 3 4 5 6", "0 x 1970-01-01T00:00:59L"] {
        assert_eq!(oath(&format!("HOTP/T30/8 a - {RFC_HEX} {rest}")).err(), Some(OathProblem::Layout), "{rest}");
    }
}

#[test]
fn comments_and_blank_lines_are_nothing_and_numbers_are_those_of_the_file() {
    let text =
        format!("# users\n\n \t\r\nHOTP/T30 alice - {RFC_HEX}\n  # HOTP/T30 bob - 00\n\u{fffd}\nHOTP/E bob - 00");
    let lines = read_oath(text.as_bytes());
    let told: Vec<_> = lines.iter().map(|line| (line.number, line.user.as_deref())).collect();
    assert_eq!(told, [(4, Some("alice")), (6, None), (7, Some("bob"))]);
}
