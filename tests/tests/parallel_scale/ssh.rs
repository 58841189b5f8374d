//! Many ssh logins in flight: all stand at the prompt for a code, then all answer. Each is let in or refused, none hangs,
//! and nothing of the state is damaged.
use countersign_tests::code::Parameters;
use countersign_tests::factor::{IN_USE, PASSWORD};
use countersign_tests::terminal::SSH_OPTIONS;
use countersign_tests::world::{SSH_PORT, Stack};
use countersign_tests::{Factor, wait};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// So many sessions of each user answer with the same code.
const SESSIONS_OF_A_USER: usize = 8;
/// What ssh asks instead of a person: the password at once; the code of the user when all stand at that prompt.
const ASKPASS: &str = r#"#!/bin/bash
case "$1" in
    *Password:*) echo "$PASSWORD" ;;
    *)
        touch "/tmp/flight/at_prompt/$SESSION"
        until [ -e /tmp/flight/go ]; do sleep 0.1; done
        cat "/tmp/flight/code/$LOGIN"
        ;;
esac
"#;
/// Starts session `$1` of user `$2` with the remaining words as ssh's options; notes how it ended.
const SESSION: &str = r#"#!/bin/bash
export SESSION=$1 LOGIN=$2 SSH_ASKPASS=/tmp/flight/askpass SSH_ASKPASS_REQUIRE=force
shift 2
timeout 500 ssh "$@" "$LOGIN@127.0.0.1" echo in > "/tmp/flight/out/$SESSION" 2>&1 < /dev/null
echo $? > "/tmp/flight/end/$SESSION"
"#;

fn names(users: usize) -> Vec<String> {
    (0..users).map(|number| format!("u{number}")).collect()
}

/// Everyone enrolled, with the code of a step that was not used before.
fn enrolled(names: &[String]) -> (Factor, HashMap<String, Parameters>) {
    let users: Vec<&str> = names.iter().map(String::as_str).collect();
    let factor = Factor::new(IN_USE, &users);
    factor.world.use_stack(Stack::Sshd);
    let tokens = names.iter().map(|name| (name.clone(), factor.enroll(name))).collect::<HashMap<_, _>>();
    for directory in ["at_prompt", "code", "out", "end"] {
        factor.world.sh(&format!("mkdir -p /tmp/flight/{directory}")).ok();
    }
    factor.world.write_file("/tmp/flight/askpass", ASKPASS, 0o755);
    factor.world.write_file("/tmp/flight/session", SESSION, 0o755);
    for (name, token) in &tokens {
        factor.world.write_file(&format!("/tmp/flight/code/{name}"), factor.code(token) + "\n", 0o644);
    }
    (factor, tokens)
}

fn start_all(factor: &Factor, names: &[String], sessions: usize) {
    let options = SSH_OPTIONS.join(" ");
    let line = |session: usize| {
        let user = &names[session % names.len()];
        format!(
            "/tmp/flight/session {session} {user} {options} -o NumberOfPasswordPrompts=1 -p {SSH_PORT} &> /dev/null &"
        )
    };
    let script = (0..sessions).map(line).collect::<Vec<_>>().join("\n");
    factor.world.command(&["bash", "-euc", &script]).env("PASSWORD", PASSWORD).run().ok();
}

/// The names of the files in a directory of the flight.
fn listed(factor: &Factor, directory: &str) -> Vec<String> {
    let entries = std::fs::read_dir(factor.world.path(&format!("/tmp/flight/{directory}"))).expect("list a directory");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

fn wait_for_all(factor: &Factor, directory: &str, count: usize, limit: Duration) {
    let there = || (listed(factor, directory).len() == count).then_some(());
    assert!(wait::poll(limit, there).is_some(), "{directory}: {} of {count}", listed(factor, directory).len());
}

fn in_flight(users: usize) {
    let names = names(users);
    let sessions = users * SESSIONS_OF_A_USER;
    let (factor, tokens) = enrolled(&names);
    let _sshd = factor.world.start_sshd("MaxStartups 1000\nLoginGraceTime 20m\n");
    let began = Instant::now();
    start_all(&factor, &names, sessions);
    wait_for_all(&factor, "at_prompt", sessions, Duration::from_secs(400));
    let all_at_prompt = began.elapsed();
    let answered = Instant::now();
    factor.world.write_file("/tmp/flight/go", "", 0o644);
    wait_for_all(&factor, "end", sessions, Duration::from_secs(400));
    println!("{sessions} ssh logins: at the prompt after {all_at_prompt:?}, all ended {:?} later", answered.elapsed());
    let read = |path: String| String::from_utf8_lossy(&factor.world.read_file(&path)).into_owned();
    let mut let_in = HashMap::<&str, usize>::new();
    for session in 0..sessions {
        let (end, out) = (read(format!("/tmp/flight/end/{session}")), read(format!("/tmp/flight/out/{session}")));
        let is_in = end.trim() == "0" && out.ends_with("in\n");
        let is_refused = end.trim() == "255" && out.contains("Permission denied");
        assert!(is_in || is_refused, "neither in nor refused: {end}{out}");
        *let_in.entry(&names[session % names.len()]).or_default() += usize::from(is_in);
    }
    for name in &names {
        assert_eq!(let_in.get(name.as_str()), Some(&1), "{name}: one code, one login");
        assert_eq!(factor.failures(name), 0, "{name}");
    }
    assert_eq!(factor.world.log().matches("event=accepted").count(), users);
    factor.world.countersign(&["list", "--json"]).ok();
    for name in &names {
        let code = factor.code_of_step(&tokens[name], 1);
        assert!(factor.login(name, &[&code]).let_in(), "{name}: the next code");
    }
}

#[test]
fn of_thirty_two_ssh_logins_in_flight_each_is_let_in_or_refused() {
    in_flight(4);
}

#[test]
#[ignore = "takes a minute: make stress"]
fn of_two_hundred_ssh_logins_in_flight_each_is_let_in_or_refused() {
    in_flight(25);
}
