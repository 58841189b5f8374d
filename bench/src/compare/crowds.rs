//! Cases of many sessions at one instant: all stand at their prompts, then all are let go. The state lies on a disk.
use crate::place::{Module, Place};
use crate::sessions::End;

const ROUNDS: usize = 40;
/// As many worlds, for each has eight recovery codes.
const SETS: usize = 5;
const SESSIONS: usize = 8;
const GUESSES: usize = 50;

/// So many sessions let in, round by round, told in short.
fn told(rounds: &[usize], of: usize) -> String {
    let (least, most) = (rounds.iter().min().expect("a round"), rounds.iter().max().expect("a round"));
    let range = if least == most { most.to_string() } else { format!("{least} to {most}") };
    format!("{range} of {of} let in")
}

fn with_excess(rounds: &[usize]) -> String {
    let excess = rounds.iter().filter(|count| **count > 1).count();
    format!("{}; more than one in {excess} of {} rounds", told(rounds, SESSIONS), rounds.len())
}

/// One code in eight sessions.
pub(crate) fn one_code(module: Module) -> String {
    let place = Place::on_disk(module, &["alice"]);
    let rounds: Vec<usize> = (0..ROUNDS)
        .map(|_| {
            place.wait(120);
            let code = place.code("alice");
            place.at_once(&[("alice", code.as_str()); SESSIONS], End::In)
        })
        .collect();
    with_excess(&rounds)
}

/// One recovery code in eight sessions.
pub(crate) fn one_recovery_code(module: Module) -> String {
    if module == Module::Oath {
        // Its documents know none: nothing can be tried.
        return "–".to_owned();
    }
    let set = |_| {
        let place = Place::on_disk(module, &["alice"]);
        let round = |code: &String| {
            place.wait(120);
            place.at_once(&[("alice", code.as_str()); SESSIONS], End::In)
        };
        place.recovery.iter().map(round).collect::<Vec<_>>()
    };
    with_excess(&(0..SETS).flat_map(set).collect::<Vec<_>>())
}

/// Fifty wrong codes, then what the module has noted of them, then the right code.
pub(crate) fn guesses(module: Module) -> String {
    let place = Place::on_disk(module, &["alice"]);
    place.wait(120);
    let before = place.state_text("alice");
    let wrong = place.wrong("alice");
    place.factor.world.clear_log();
    let refused = place.at_once(&[("alice", wrong.as_str()); GUESSES], End::Refused);
    assert_eq!(refused, GUESSES, "{module:?} lets a wrong code in");
    let log = place.factor.world.log();
    let lines = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    let noted = match module {
        Module::Countersign => {
            format!("{} looked at, {} counted", lines("reason=wrong_code"), place.factor.failures("alice"))
        }
        Module::Google => {
            let text = place.state_text("alice");
            let limit = text.lines().find(|line| line.contains("RATE_LIMIT")).expect("a rate limit");
            // Quote, name, attempts, interval; then a time each.
            let counted = limit.split_whitespace().count().saturating_sub(4);
            format!("{} looked at, {counted} counted", lines("Invalid verification code"))
        }
        Module::Oath if place.state_text("alice") == before => "its state is as it was before".to_owned(),
        Module::Oath => "its state has changed".to_owned(),
    };
    format!("{noted}; then the right code: {}", place.login("alice", &place.code("alice")).text())
}

/// Eight users, each with the right code.
pub(crate) fn eight_users(module: Module) -> String {
    let users = ["u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8"];
    let place = Place::on_disk(module, &users);
    let mut counts = Vec::new();
    for _ in 0..ROUNDS {
        place.wait(120);
        let codes = users.map(|user| place.code(user));
        let sessions: Vec<(&str, &str)> = users.iter().copied().zip(codes.iter().map(String::as_str)).collect();
        counts.push(place.at_once(&sessions, End::In));
    }
    let all: usize = counts.iter().sum();
    format!("{}; {all} of {} in {ROUNDS} rounds", told(&counts, users.len()), users.len() * ROUNDS)
}
