//! What becomes of a record, case by case.

use super::*;
use countersign_common::config::Config;
use countersign_common::decision::{Applied, apply_all, blank};
use countersign_common::record::{Use2fa, UserName};
use countersign_common::token::{Parameters, Period, RecordId, Secret, UnixTime};
use zeroize::Zeroizing;

const PLAIN: Mode = Mode { replacing: Replacing::No, enabling: Enabling::Unknown, thrown_away: ThrownAway::StaysAway };
const REPLACING: Mode = Mode { replacing: Replacing::Yes, ..PLAIN };

fn token(id: u8, secret: u8) -> Token {
    Token {
        id: TokenId::from_random([id; 8]),
        label: String::new(),
        secret: Secret::from_bytes(Zeroizing::new(vec![secret; 20])).unwrap(),
        parameters: Parameters::default(),
        enrolled_at: UnixTime::default(),
    }
}

fn step(number: u64) -> Step {
    Step::new(number).unwrap()
}

fn arriving(id: u8, secret: u8, last: Option<u64>) -> Arriving {
    Arriving { token: token(id, secret), last_step: last.map(step), whole_window: step(50) }
}

fn record(tokens: Vec<Token>) -> Record {
    let name = UserName::new("alice").unwrap();
    let blank = blank(&Config::default(), RecordId::from_random([1; 8]), name, 1000, UnixTime::default());
    Record { tokens, revision: countersign_common::record::Revision(3), ..blank }
}

/// The state of this record, of which no code was used.
fn of(record: &Record) -> State {
    State { record: Some(record.clone()), counters: Counters::default() }
}

fn applied(plan: &Plan, record: &Record) -> Record {
    match apply_all(&plan.changes(), record, "root", UnixTime::default()).unwrap() {
        Applied::Changed(next) => next,
        Applied::Unchanged => record.clone(),
    }
}

fn labels(record: &Record) -> Vec<&str> {
    record.tokens.iter().map(|token| token.label.as_str()).collect()
}

#[test]
fn who_is_new_gets_all_tokens_and_is_asked_from_now_on() {
    let plan =
        plan(&State::default(), &Imported::default(), &[arriving(1, 1, Some(9)), arriving(2, 2, None)], PLAIN).unwrap();
    let blank = Record { revision: countersign_common::record::Revision(0), ..record(vec![]) };
    let next = applied(&plan, &blank);
    assert_eq!(labels(&next), ["imported", "imported 2"]);
    assert_eq!((next.use_2fa, next.revision.0), (Use2fa::Enabled, 1));
    let counters = plan.used(&blank, &Counters::default());
    assert_eq!(counters.last_step(next.tokens[0].id), Some(step(9)));
    assert_eq!(counters.last_step(next.tokens[1].id), None);
}

#[test]
fn a_setting_that_was_made_and_the_wish_to_keep_it_stand() {
    let known = record(vec![]);
    for (state, mode) in [(of(&known), PLAIN), (State::default(), Mode { enabling: Enabling::Nobody, ..PLAIN })] {
        assert!(!plan(&state, &Imported::default(), &[arriving(1, 1, None)], mode).unwrap().enable);
    }
    let all = Mode { enabling: Enabling::All, ..PLAIN };
    assert!(plan(&of(&known), &Imported::default(), &[arriving(1, 1, None)], all).unwrap().enable);
    let imported = record(vec![token(7, 7)]);
    let again = plan(&of(&imported), &Imported::default(), &[arriving(1, 7, None)], all).unwrap();
    assert_eq!(applied(&again, &imported).use_2fa, Use2fa::Enabled, "also whoever was imported before");
}

#[test]
fn what_is_there_goes_only_where_that_was_said() {
    let known = record(vec![token(7, 7), token(8, 8)]);
    assert_eq!(plan(&of(&known), &Imported::default(), &[arriving(1, 1, None)], PLAIN), Err(Refused::Enrolled));
    let replaced =
        applied(&plan(&of(&known), &Imported::default(), &[arriving(1, 1, None)], REPLACING).unwrap(), &known);
    assert_eq!((labels(&replaced), replaced.revision.0), (vec!["imported"], 4));
}

#[test]
fn taken_twice_is_taken_once_and_what_was_used_meanwhile_is_used() {
    let known = record(vec![token(7, 7)]);
    let again = plan(&of(&known), &Imported::default(), &[arriving(1, 7, Some(12))], PLAIN).unwrap();
    assert!(again.changes().is_empty() && !again.is_nothing());
    let mut counters = Counters::default();
    counters.accept(TokenCounters { id: known.tokens[0].id, last_step: step(5), offset: 1 }, &[]);
    let used = State { counters: counters.clone(), ..of(&known) };
    assert_eq!(again.used(&known, &counters).last_step(known.tokens[0].id), Some(step(12)));
    let earlier = plan(&used, &Imported::default(), &[arriving(1, 7, Some(3))], REPLACING).unwrap();
    assert!(earlier.is_nothing());
    assert_eq!(earlier.used(&known, &counters), counters, "a step never goes back");
    let twice =
        plan(&State::default(), &Imported::default(), &[arriving(1, 1, Some(3)), arriving(2, 1, Some(4))], PLAIN)
            .unwrap();
    assert_eq!((twice.add.len(), twice.steps.len()), (1, 2));
}

#[test]
fn one_secret_has_one_set_of_parameters() {
    let mut other = arriving(1, 7, None);
    other.token.parameters.period = Period::new(60).unwrap();
    assert_eq!(
        plan(&of(&record(vec![token(7, 7)])), &Imported::default(), &[other], REPLACING),
        Err(Refused::SameSecret)
    );
}

#[test]
fn there_are_never_more_tokens_than_the_counters_have_room_for() {
    let five = |from: u8| (from..from + 5).map(|n| arriving(n, n, None)).collect::<Vec<_>>();
    assert!(plan(&State::default(), &Imported::default(), &five(1), PLAIN).is_ok());
    assert_eq!(
        plan(&of(&record(vec![token(9, 9)])), &Imported::default(), &five(1), REPLACING),
        Err(Refused::TooMany { present: 1, coming: 5 })
    );
    let known = record(vec![Token { label: "imported".to_owned(), ..token(9, 9) }]);
    let planned = plan(&of(&known), &Imported::default(), &five(1)[..4], REPLACING).unwrap();
    assert_eq!(planned.add[0].label, "imported 2", "labels differ while both stand");
    assert_eq!(planned.used(&known, &Counters::default()), Counters::default());
}

#[test]
fn who_has_too_many_is_told_what_helps() {
    let words = |present, coming| Refused::TooMany { present, coming }.in_words("alice");
    assert!(words(0, 6).contains("take those out of the file") && !words(0, 6).contains("reset"));
    assert!(words(2, 4).contains("countersign remove-token alice LABEL"));
    assert!(words(1, 5).contains("countersign reset alice"), "the last token goes by reset only");
}
