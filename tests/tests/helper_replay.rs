//! A code that was used stays used (I1), also where the helper adds a sixth token and that comes to nothing.
use countersign_tests::code::Parameters;
use countersign_tests::factor::IN_USE;
use countersign_tests::world::HELPER;
use countersign_tests::{Factor, world::COMMAND};
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout};

/// A dialogue with the helper as alice, up to the token that it shows.
struct Enrolling {
    _child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
    token: Option<Parameters>,
}

impl Enrolling {
    /// Asks for a token; `confirmation` is the code that is asked for first, if one is.
    fn begin(factor: &Factor, request: &str, confirmation: Option<&str>) -> Self {
        let mut child = factor.world.command(&[HELPER]).user("alice").spawn();
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut enrolling = Self { _child: child, to, from, token: None };
        enrolling.send(request);
        if let Some(code) = confirmation {
            assert_eq!(enrolling.hear().split(' ').nth(1), Some("for=confirmation"));
            enrolling.send(&format!("answer text={code}"));
        }
        let key = enrolling.hear();
        let secret = key.split(' ').find_map(|part| part.strip_prefix("secret="));
        enrolling.token = Some(Parameters::new(secret.unwrap_or_else(|| panic!("no key: {key}"))));
        assert_eq!(enrolling.hear().split(' ').nth(1), Some("for=proof"));
        enrolling
    }

    fn send(&mut self, line: &str) {
        writeln!(self.to, "{line}").expect("write to the helper");
    }

    fn hear(&mut self) -> String {
        self.from.next().expect("a line").expect("a line")
    }

    /// Proves the token; gives the code that did, and how the helper ended.
    fn prove(&mut self, factor: &Factor) -> (String, String) {
        let code = factor.code(self.token.as_ref().expect("a token"));
        self.send(&format!("answer text={code}"));
        let last = self.hear();
        (code, last.split(' ').next().unwrap_or_default().to_owned())
    }
}

/// alice's tokens, each of which has let her in once.
fn tokens(factor: &Factor, count: usize) -> Vec<Parameters> {
    let mut tokens = vec![factor.enroll("alice")];
    for number in 1..count {
        let label = format!("token {number}");
        let arguments = [COMMAND, "enroll", "alice", "--label", &label, "--uri", "--no-confirm"];
        let uri = factor.world.run(&arguments).ok();
        let secret = uri.split(['?', '&', '\n']).find_map(|part| part.strip_prefix("secret=")).expect("a secret");
        tokens.push(Parameters::new(secret));
        factor.assert_next_code_accepted("alice", tokens.last().expect("a token"));
    }
    factor.next_step();
    tokens
}

#[test]
fn a_code_that_confirmed_a_new_phone_which_could_not_be_stored_opens_no_login() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let tokens = tokens(&factor, 4);
    let used = factor.code(&tokens[3]);
    let mut enrolling = Enrolling::begin(&factor, "request action=enroll adding=instead", Some(&used));
    // The record cannot be written, as on a full disk; the counters can.
    factor.world.sh("mkdir /var/lib/countersign/users/.alice.toml").ok();
    assert_eq!(enrolling.prove(&factor).1, "refused");
    factor.world.sh("rmdir /var/lib/countersign/users/.alice.toml").ok();
    assert!(!factor.login("alice", &[&used]).let_in(), "the code that confirmed was accepted twice");
}

/// While a new phone takes the place of five others there are six, and room for the last steps of five.
#[test]
fn with_as_many_tokens_as_there_may_be_even_a_new_phone_is_refused_before_a_code_is_asked_for() {
    let factor = Factor::new(IN_USE, &["alice"]);
    tokens(&factor, 5);
    let outcome = factor.world.command(&[HELPER]).user("alice").stdin("request action=enroll adding=instead\n").run();
    assert!(outcome.text().starts_with("refused message=there%20are%205%20tokens"), "{}", outcome.text());
}

#[test]
fn a_sixth_token_that_is_refused_makes_no_used_code_new() {
    let factor = Factor::new(&format!("{IN_USE}[self_service]\nconfirm = 'none'\n"), &["alice"]);
    tokens(&factor, 4);
    let mut fifth = Enrolling::begin(&factor, "request action=enroll label=fifth", None);
    let mut sixth = Enrolling::begin(&factor, "request action=enroll label=sixth", None);
    let (used, told) = fifth.prove(&factor);
    assert_eq!(told, "done");
    assert!(!factor.login("alice", &[&used]).let_in(), "the code that proved it is used");
    assert_eq!(sixth.prove(&factor).1, "refused");
    assert!(!factor.login("alice", &[&used]).let_in(), "and stays used");
}
