//! Tests of the record's text form.

use super::*;

fn record() -> Record {
    let token = |byte: u8, label: &str| Token {
        id: TokenId::from_random([byte; 8]),
        label: label.to_owned(),
        secret: Secret::from_bytes(Zeroizing::new(vec![byte; 20])).unwrap(),
        parameters: Parameters::default(),
        enrolled_at: UnixTime::new(1_795_507_200).unwrap(),
    };
    Record {
        id: RecordId::from_random([9; 8]),
        revision: Revision(3),
        user: UserName::new("odd \"na\\me\"\u{7}é").unwrap(),
        uid: 1000,
        use_2fa: Use2fa::Enabled,
        can_toggle: CanToggle::Locked,
        changed_at: UnixTime::new(1_795_507_201).unwrap(),
        changed_by: "root\n".to_owned(),
        tokens: vec![token(1, "phone"), token(2, "")],
        recovery: Some(RecoverySet {
            id: RecoverySetId::from_random([4; 8]),
            salt: [5; 16],
            hashes: vec![[6; 32], [7; 32]],
        }),
    }
}

fn replaced(from: &str, to: &str) -> Result<Record, RecordError> {
    let text = render(&record());
    assert!(text.contains(from), "{from}");
    parse(text.replacen(from, to, 1).as_bytes())
}

#[test]
fn a_record_is_written_and_read_back() {
    assert_eq!(parse(render(&record()).as_bytes()), Ok(record()));
    let bare = Record { tokens: vec![], recovery: None, ..record() };
    assert_eq!(parse(render(&bare).as_bytes()), Ok(bare));
}

#[test]
fn another_version_is_named_even_if_it_has_other_keys() {
    assert_eq!(replaced("version = 1", "version = 2"), Err(RecordError::Version(2)));
    assert_eq!(replaced("version = 1", "version = 2\nnew_key = true"), Err(RecordError::Version(2)));
}

#[test]
fn what_is_not_understood_is_refused_by_line() {
    assert_eq!(replaced("version = 1\n", ""), Err(RecordError::Line(1)));
    assert_eq!(replaced("use_2fa = true", "use_2fa = maybe"), Err(RecordError::Line(7)));
    assert_eq!(replaced("use_2fa = true", "use_2fa = true\nuse_3fa = true"), Err(RecordError::Line(8)));
    assert_eq!(parse(b""), Err(RecordError::Line(1)));
    assert_eq!(parse(&[0xff]), Err(RecordError::NotText));
}

#[test]
fn errors_quote_nothing_of_the_file() {
    for (from, to) in
        [("secret = \"A", "secret = \"SECRET!"), ("digits = 6", "digits = \"SECRET\""), ("label = \"phone\"", "SECRET")]
    {
        let error = replaced(from, to).unwrap_err();
        assert!(!error.to_string().contains("SECRET"), "{error}");
        assert!(!format!("{error:?}").contains("SECRET"));
    }
}

#[test]
fn a_record_that_contradicts_itself_is_refused() {
    let same_id = replaced("id = \"0202020202020202\"", "id = \"0101010101010101\"");
    assert_eq!(same_id, Err(RecordError::Inconsistent("two tokens have one id")));
    let mut twins = record();
    twins.tokens[1].secret = twins.tokens[0].secret.clone();
    assert_eq!(parse(render(&twins).as_bytes()), Err(RecordError::Inconsistent("two tokens have one secret")));
    let mut crowd = record();
    crowd.tokens = (0..6)
        .map(|n| Token {
            id: TokenId::from_random([n; 8]),
            secret: Secret::from_bytes(Zeroizing::new(vec![n; 20])).unwrap(),
            ..crowd.tokens[0].clone()
        })
        .collect();
    assert_eq!(parse(render(&crowd).as_bytes()), Err(RecordError::Inconsistent("more than 5 tokens")));
    assert!(replaced("revision = 3", "revision = 0").is_err());
    assert!(replaced("digits = 6", "digits = 9").is_err());
    assert!(replaced("period = 30", "period = 0").is_err());
    assert!(replaced("changed_at = \"2026", "changed_at = \"1926").is_err());
}

#[test]
fn the_text_is_allocated_once() {
    let mut crowded = record();
    crowded.tokens = (0..5).map(|n| Token { label: "é".repeat(32), ..crowded.tokens[n % 2].clone() }).collect();
    assert_eq!(render(&crowded).capacity(), 64 * 1024);
}

/// A record has no checksum; this is what a bit that rots in it can do, and docs/threat-model.md says so.
#[test]
fn a_flipped_bit_that_still_parses_turns_nothing_off_gives_no_right_and_loses_no_token() {
    let whole = render(&record());
    let (mut refused, mut parsed) = (0, 0);
    for (byte, bit) in (0..whole.len()).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
        let mut rotten = whole.as_bytes().to_vec();
        rotten[byte] ^= 1 << bit;
        let Ok(read) = parse(&rotten) else {
            refused += 1;
            continue;
        };
        parsed += 1;
        // Another user's name is noticed by the store.
        let decided =
            |record: &Record| (record.use_2fa, record.can_toggle, record.tokens.len(), record.recovery.is_some());
        assert_eq!(decided(&read), decided(&record()), "byte {byte}, bit {bit}");
    }
    assert!(refused > parsed && parsed > 0, "{refused} refused, {parsed} parsed");
}
