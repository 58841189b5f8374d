//! Every message is read as it was written; everything else is refused; no secret leaves in a view.

use zeroize::Zeroizing;

use super::*;
use crate::counters::{Counters, RecoveryCounters};
use crate::decision::{Action, Adding, Administrator};
use crate::record::{CanToggle, Record, RecoverySet, Revision, Token, Use2fa, UserName};
use crate::token::{Parameters, RecordId, RecoveryCode, RecoverySetId, Secret, TokenId, UnixTime};

fn bare(line: &str) -> &[u8] {
    line.strip_suffix('\n').unwrap().as_bytes()
}

fn secret(byte: u8) -> Secret {
    Secret::from_bytes(Zeroizing::new(vec![byte; 20])).unwrap()
}

fn record() -> Record {
    let token = |byte: u8| Token {
        id: TokenId::from_random([byte; 8]),
        label: format!("phone {byte} \"é\"\\"),
        secret: secret(0x40 | byte),
        parameters: Parameters::default(),
        enrolled_at: UnixTime::default(),
    };
    let set = RecoverySet { id: RecoverySetId::from_random([5; 8]), salt: [0x77; 16], hashes: vec![[0x88; 32]; 3] };
    Record {
        id: RecordId::from_random([1; 8]),
        revision: Revision(7),
        user: UserName::new("alice").unwrap(),
        uid: 1000,
        use_2fa: Use2fa::Enabled,
        can_toggle: CanToggle::Locked,
        changed_at: UnixTime::default(),
        changed_by: "root".to_owned(),
        tokens: (1..=5).map(token).collect(),
        recovery: Some(set),
    }
}

fn view() -> View {
    let recovery = RecoveryCounters { set: RecoverySetId::from_random([5; 8]), spent: 2 };
    let counters = Counters { sequence: 4, recovery: Some(recovery), ..Counters::default() };
    View {
        user: UserName::new("alice").unwrap(),
        uid: 1000,
        administrator: Administrator::Unknown,
        now: UnixTime::new(1_795_507_200).unwrap(),
        before: (None, Counters::default()),
        after: (Some(record()), counters),
    }
    .new()
}

#[test]
fn a_request_is_read_as_it_was_written() {
    let mut request = Request::new(Action::Enroll, Some("bo b\n%=é".to_owned()));
    request.label = Some("my phone".to_owned());
    request.adding = Adding::Instead;
    for request in [request, Request::new(Action::Status, None)] {
        let line = FromCommand::Request(request.clone()).render();
        assert!(line.is_ascii() && line.matches('\n').count() == 1);
        match FromCommand::parse(bare(&line)) {
            Ok(FromCommand::Request(read)) => assert_eq!(read, request),
            other => panic!("{other:?}"),
        }
    }
    let line = FromCommand::Answer(Zeroizing::new("123 456".to_owned())).render();
    assert_eq!(line.as_str(), "answer text=123%20456\n");
    assert!(matches!(FromCommand::parse(bare(&line)), Ok(FromCommand::Answer(text)) if text.as_str() == "123 456"));
}

#[test]
fn a_reply_is_read_as_it_was_written() {
    let question = Question {
        asked: Asked::Proof,
        prompt: "Verification code: ".to_owned(),
        echo: Echo::Off,
        notice: Some("Otp invalid!".to_owned()),
    };
    match Reply::parse(bare(&Reply::Ask(question.clone()).render())) {
        Ok(Reply::Ask(read)) => assert_eq!(read, question),
        other => panic!("{other:?}"),
    }
    let key = Key {
        user: "alice".to_owned(),
        issuer: "srv 1".to_owned(),
        secret: secret(9),
        parameters: Parameters::default(),
    };
    match Reply::parse(bare(&Reply::Key(key).render())) {
        Ok(Reply::Key(read)) => assert_eq!((read.issuer.as_str(), read.secret), ("srv 1", secret(9))),
        other => panic!("{other:?}"),
    }
    let codes = [[1; 10], [2; 10]].map(|bytes| RecoveryCode::from_random(&bytes)).to_vec();
    let line = Reply::Done(Box::new(view()), codes.clone()).render();
    assert!(line.len() < LINE_TO_COMMAND, "{}", line.len());
    match Reply::parse(bare(&line)) {
        Ok(Reply::Done(read, shown)) => assert_eq!((*read, shown), (view(), codes)),
        other => panic!("{other:?}"),
    }
    let refused = Reply::Refused { message: "no".to_owned(), hint: None }.render();
    assert!(matches!(Reply::parse(bare(&refused)), Ok(Reply::Refused { hint: None, .. })));
}

#[test]
fn no_secret_salt_or_hash_stands_in_a_view() {
    let line = Reply::Done(Box::new(view()), Vec::new()).render();
    for token in record().tokens {
        assert!(!line.contains(token.secret.to_base32().as_str()));
    }
    assert!(!line.contains(&"88".repeat(32)) && !line.contains(&"77".repeat(16)));
    assert!(line.contains(&"00".repeat(32)), "the number of hashes stays");
}

#[test]
fn what_is_no_message_is_refused() {
    for line in [
        "",
        "request",
        "request action=fly",
        "request action=status action=status",
        "request action=status more=1",
        "request  action=status",
        "request action=status ",
        "request action=enroll adding=beside",
        "request action=status user=%zz",
        "request action=status user=%4a",
        "request action=status user=%F",
        "request action=status user=%FF",
        "request action=status user=a b",
        "request action=status user=a\tb",
        "answer",
        "answer text",
        "ask for=proof",
        "done",
        "\u{e9}",
    ] {
        assert!(FromCommand::parse(line.as_bytes()).is_err(), "{line}");
    }
    assert!(FromCommand::parse(b"answer text=\xff").is_err());
    for line in ["ask", "key user=a", "done user=a", "done user=a uid=1 administrator=yes now=x", "refused hint=x"] {
        assert!(Reply::parse(line.as_bytes()).is_err(), "{line}");
    }
}
