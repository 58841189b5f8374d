//! What is written is read back the same, whatever its values: files, lines, keys, names, codes.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, missing_docs, reason = "tests")]

use countersign_common::config;
use countersign_common::counters::{
    self, Counters, Grace, LastAccepted, RecoveryCounters, Slot, SlowTotal, Throttle, TokenCounters, Uncommitted,
};
use countersign_common::decision::{Action, Adding, Administrator};
use countersign_common::dialogue::{Asked, Echo, FromCommand, Key, Question, Reply, Request, View};
use countersign_common::record::{self, CanToggle, Record, RecoverySet, Revision, Token, Use2fa, UserName};
use countersign_common::store::{decode, encode};
use countersign_common::token::{
    Algorithm, Code, Digits, Id, Parameters, Period, RecoveryCode, Seconds, Secret, Step, UnixTime, otpauth_uri,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use zeroize::Zeroizing;

/// Enough to meet every shape, few enough to take about a second in all.
const CASES: u32 = 100;

fn id<K: std::fmt::Debug>() -> impl Strategy<Value = Id<K>> {
    any::<[u8; 8]>().prop_map(Id::from_random)
}

fn time() -> impl Strategy<Value = UnixTime> {
    (0..=UnixTime::MAX.as_seconds()).prop_map(|seconds| UnixTime::new(seconds).unwrap())
}

fn secret() -> impl Strategy<Value = Secret> {
    vec(any::<u8>(), 10..=64).prop_map(|bytes| Secret::from_bytes(Zeroizing::new(bytes)).unwrap())
}

fn parameters() -> impl Strategy<Value = Parameters> {
    let algorithm = prop_oneof![Just(Algorithm::Sha1), Just(Algorithm::Sha256), Just(Algorithm::Sha512)];
    (algorithm, 6_u8..=8, 10_u16..=300).prop_map(|(algorithm, digits, period)| Parameters {
        algorithm,
        digits: Digits::new(digits).unwrap(),
        period: Period::new(period).unwrap(),
    })
}

fn label() -> impl Strategy<Value = String> {
    "\\PC{0,32}".prop_filter("a label", |text| record::is_label(text))
}

fn user() -> impl Strategy<Value = UserName> {
    "[^\\x00\u{fffd}]{1,60}".prop_map(|name| UserName::new(&name).unwrap())
}

fn token() -> impl Strategy<Value = Token> {
    (id(), label(), secret(), parameters(), time()).prop_map(|(id, label, secret, parameters, enrolled_at)| Token {
        id,
        label,
        secret,
        parameters,
        enrolled_at,
    })
}

fn recovery_set() -> impl Strategy<Value = RecoverySet> {
    let hashes = vec(any::<[u8; 32]>(), 0..=record::MAX_RECOVERY_CODES);
    (id(), any::<[u8; 16]>(), hashes).prop_map(|(id, salt, hashes)| RecoverySet { id, salt, hashes })
}

fn any_record() -> impl Strategy<Value = Record> {
    // A record has no two tokens with one id or one secret; random ones never are.
    let settings = (any::<bool>(), any::<bool>(), 1..=i64::MAX.unsigned_abs(), any::<u32>());
    let made = (id(), user(), time(), "\\PC{0,40}");
    (made, settings, vec(token(), 0..=record::MAX_TOKENS), option::of(recovery_set())).prop_map(
        |((id, user, changed_at, changed_by), (use_2fa, can_toggle, revision, uid), tokens, recovery)| Record {
            id,
            revision: Revision(revision),
            user,
            uid,
            use_2fa: Use2fa::from_bool(use_2fa),
            can_toggle: CanToggle::from_bool(can_toggle),
            changed_at,
            changed_by,
            tokens,
            recovery,
        },
    )
}

fn throttle() -> impl Strategy<Value = Throttle> {
    (0_u16..=9_999, time(), 0_u64..=999_999).prop_map(|(failures, last_failure, delay)| Throttle {
        failures,
        last_failure,
        delay: Seconds(delay),
    })
}

fn grace() -> impl Strategy<Value = Grace> {
    prop_oneof![
        Just(Grace::NotStarted),
        time().prop_map(Grace::Started),
        time().prop_map(Grace::Until),
        Just(Grace::Ended)
    ]
}

fn token_counters() -> impl Strategy<Value = TokenCounters> {
    (id(), 0..=Step::MAX.as_u64(), -99_i8..=99).prop_map(|(id, step, offset)| TokenCounters {
        id,
        last_step: Step::new(step).unwrap(),
        offset,
    })
}

fn last_accepted() -> impl Strategy<Value = LastAccepted> {
    // What stands in a slot: printable, without the mark that fills a field up.
    let at = (1..=UnixTime::MAX.as_seconds()).prop_map(|seconds| UnixTime::new(seconds).unwrap());
    (at, "[!-}]{0,24}", "[!-}]{0,48}", -99_i8..=99).prop_map(|(at, service, rhost, offset)| LastAccepted {
        at,
        service,
        rhost,
        offset,
    })
}

fn any_counters() -> impl Strategy<Value = Counters> {
    let recovery = option::of((id(), any::<u16>()).prop_map(|(set, spent)| RecoveryCounters { set, spent }));
    let slow = (0_u32..=99_999, time()).prop_map(|(failures, since)| SlowTotal { failures, since });
    let uncommitted = (0_u8..=99, time()).prop_map(|(count, last)| Uncommitted { count, last });
    let keyed = (option::of(id()), vec(token_counters(), 0..=record::MAX_TOKENS), recovery);
    let totals = (throttle(), throttle(), slow, grace(), uncommitted, option::of(last_accepted()));
    (0_u64..=999_999_999_999, keyed, totals).prop_map(|(sequence, (record, tokens, recovery), totals)| {
        let (throttle, helper_throttle, slow, grace, uncommitted, last_accepted) = totals;
        Counters {
            sequence,
            record,
            tokens,
            recovery,
            throttle,
            helper_throttle,
            slow,
            grace,
            uncommitted,
            last_accepted,
        }
    })
}

fn recovery_code() -> impl Strategy<Value = RecoveryCode> {
    any::<[u8; 10]>().prop_map(|bytes| RecoveryCode::from_random(&bytes))
}

/// A line as the other side reads it: without its end.
fn sent(line: &str) -> &[u8] {
    let line = line.strip_suffix('\n').unwrap();
    assert!(!line.contains(['\n', '\0']), "a message is one line");
    line.as_bytes()
}

fn hex(digit: u8) -> u8 {
    u8::from_str_radix(std::str::from_utf8(&[digit]).unwrap(), 16).unwrap()
}

/// RFC 3986, section 2.1: by hand, as an app would.
fn percent_decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' { hex(bytes.next().unwrap()) << 4 | hex(bytes.next().unwrap()) } else { byte });
    }
    String::from_utf8(decoded).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_is_read_as_it_was_written(record in any_record()) {
        let text = record::render(&record);
        prop_assert_eq!(record::parse(text.as_bytes()), Ok(record));
    }

    #[test]
    fn counters_are_read_as_they_were_written(counters in any_counters()) {
        prop_assert_eq!(counters::parse(&counters::render(&counters)), Ok(counters.clone()));
        let read = counters::read_file(&counters::new_file(&counters));
        prop_assert_eq!(read.map(|read| (read.counters, read.slot)), Ok((counters, Slot::First)));
    }

    #[test]
    fn a_user_has_one_file_name_and_a_file_name_one_user(left in user(), right in user()) {
        for name in [&left, &right] {
            let Some(file) = encode(name) else { continue };
            prop_assert!(file.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-%".contains(&byte)));
            prop_assert!(!file.starts_with('.'));
            let back = decode(&file);
            prop_assert_eq!(back.as_ref(), Some(name));
        }
        prop_assert_eq!(encode(&left).is_some() && encode(&left) == encode(&right), left == right && encode(&left).is_some());
    }

    #[test]
    fn whatever_is_a_file_name_is_the_name_of_its_user(name in "[a-z0-9.%A-F_-]{1,20}") {
        if let Some(user) = decode(&name) {
            prop_assert_eq!(encode(&user), Some(name));
        }
    }

    #[test]
    fn a_span_of_the_configuration_is_what_it_says(number in 0_u64..=400, unit in 0_usize..4) {
        let (letter, factor) = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)][unit];
        let config = config::parse(format!("[enrollment]\ngrace = \"{number}{letter}\"\n").as_bytes());
        let seconds = number * factor;
        match config {
            Ok(config) => prop_assert_eq!(config.enrollment.grace.as_seconds(), Seconds(seconds)),
            // Out of range, and of nothing else.
            Err(error) => prop_assert!(seconds > 86_400, "{}{}: {}", number, letter, error),
        }
    }

    #[test]
    fn a_key_is_read_as_it_was_shown(secret in secret()) {
        let text = secret.to_base32();
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte)));
        prop_assert_eq!(Secret::from_base32(&text), Ok(secret));
    }

    #[test]
    fn an_app_reads_from_the_uri_what_was_put_into_it(
        issuer in "\\PC{1,30}", account in user(), secret in secret(), parameters in parameters()
    ) {
        let uri = otpauth_uri(&issuer, account.as_str(), &secret, parameters);
        let rest = uri.as_str().strip_prefix("otpauth://totp/").unwrap();
        let (label, query) = rest.split_once('?').unwrap();
        let (first, second) = label.split_once(':').unwrap();
        prop_assert_eq!((percent_decoded(first), percent_decoded(second)), (issuer.clone(), account.as_str().to_owned()));
        let mut read = Parameters::default();
        let mut key = None;
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap();
            match name {
                "secret" => key = Secret::from_base32(value).ok(),
                "issuer" => prop_assert_eq!(percent_decoded(value), issuer.clone()),
                "digits" => read.digits = Digits::new(value.parse().unwrap()).unwrap(),
                "period" => read.period = Period::new(value.parse().unwrap()).unwrap(),
                "algorithm" => {
                    read.algorithm = if value == "SHA256" { Algorithm::Sha256 } else { Algorithm::Sha512 };
                    prop_assert_eq!(read.algorithm.as_str(), value);
                }
                other => prop_assert!(false, "{}", other),
            }
        }
        prop_assert_eq!((key, read), (Some(secret), parameters));
    }

    #[test]
    fn a_recovery_code_is_read_however_it_is_typed(code in recovery_code(), salt: [u8; 16], typing in vec(0_u8..5, 19)) {
        let typed: String = code
            .in_groups()
            .chars()
            .zip(typing)
            .flat_map(|(character, how)| match (character, how) {
                ('0', 1) => vec!['o'],
                ('1', 1) => vec!['l'],
                ('1', 2) => vec!['I'],
                ('-', 1) => vec![],
                (other, 3) => vec![' ', other.to_ascii_lowercase()],
                (other, _) => vec![other],
            })
            .collect();
        let read = RecoveryCode::parse(&typed).unwrap();
        prop_assert!(read.fits(&salt, &code.hash(&salt)), "{}", typed);
        prop_assert_eq!(read.in_groups(), code.in_groups());
    }

    #[test]
    fn a_code_is_read_however_it_is_grouped(digits in "[0-9]{6,8}", at in 0_usize..8, separator in "[ -]{0,3}") {
        let mut typed = digits.clone();
        typed.insert_str(at.min(digits.len()), &separator);
        let length = Digits::new(u8::try_from(digits.len()).unwrap()).unwrap();
        prop_assert_eq!(Code::parse(&typed, &[length]).is_ok(), true);
        typed.push('0');
        prop_assert!(Code::parse(&typed, &[length]).is_err());
    }

    #[test]
    fn what_the_command_says_is_what_the_helper_hears(
        texts in (option::of("\\PC{0,30}"), option::of(".{0,30}"), option::of(".{0,30}")),
        instead: bool, answer in ".{0,80}"
    ) {
        let (user, label, token) = texts;
        let adding = if instead { Adding::Instead } else { Adding::Beside };
        let request = Request { label, token, adding, ..Request::new(Action::Status, user) };
        let line = FromCommand::Request(request.clone()).render();
        match FromCommand::parse(sent(&line)) {
            Ok(FromCommand::Request(heard)) => prop_assert_eq!(heard, request),
            other => prop_assert!(false, "{:?}", other),
        }
        let line = FromCommand::Answer(Zeroizing::new(answer.clone())).render();
        match FromCommand::parse(sent(&line)) {
            Ok(FromCommand::Answer(heard)) => prop_assert_eq!(heard.as_str(), answer),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn what_the_helper_asks_and_shows_is_what_the_command_hears(
        texts in (".{0,60}", option::of(".{0,60}"), option::of(".{0,60}")), flags: (bool, bool),
        user in user(), secret in secret(), parameters in parameters()
    ) {
        let (prompt, notice, hint) = texts;
        let asked = if flags.0 { Asked::Proof } else { Asked::Confirmation };
        let question = Question { asked, prompt: prompt.clone(), echo: if flags.1 { Echo::On } else { Echo::Off }, notice };
        match Reply::parse(sent(&Reply::Ask(question.clone()).render())) {
            Ok(Reply::Ask(heard)) => prop_assert_eq!(heard, question),
            other => prop_assert!(false, "{:?}", other),
        }
        match Reply::parse(sent(&Reply::Refused { message: prompt.clone(), hint: hint.clone() }.render())) {
            Ok(Reply::Refused { message, hint: heard }) => prop_assert_eq!((message, heard), (prompt.clone(), hint)),
            other => prop_assert!(false, "{:?}", other),
        }
        let user = user.as_str().to_owned();
        let key = Key { user: user.clone(), issuer: prompt.clone(), secret: secret.clone(), parameters };
        match Reply::parse(sent(&Reply::Key(key).render())) {
            Ok(Reply::Key(heard)) => prop_assert_eq!(
                (heard.user, heard.issuer, heard.secret, heard.parameters), (user, prompt, secret, parameters)
            ),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn a_view_is_heard_as_it_was_sent_and_holds_no_key(
        states in (option::of(any_record()), any_counters(), option::of(any_record()), any_counters()),
        who in (user(), any::<u32>(), 0_usize..3, time()), codes in vec(recovery_code(), 0..4)
    ) {
        let administrator = [Administrator::Yes, Administrator::No, Administrator::Unknown][who.2];
        let (before, after) = ((states.0, states.1), (states.2, states.3));
        let keys: Vec<Secret> =
            [&before.0, &after.0].into_iter().flatten().flat_map(|record| record.tokens.iter().map(|token| token.secret.clone())).collect();
        let view = View { user: who.0, uid: who.1, administrator, now: who.3, before, after }.new();
        let line = Reply::Done(Box::new(view.clone()), codes.clone()).render();
        for key in keys {
            prop_assert!(!line.contains(key.to_base32().as_str()));
        }
        match Reply::parse(sent(&line)) {
            Ok(Reply::Done(heard, heard_codes)) => {
                prop_assert_eq!(*heard, view);
                prop_assert_eq!(heard_codes, codes);
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
