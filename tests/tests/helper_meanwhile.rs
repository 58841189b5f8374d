//! What was decided at the beginning of a dialogue with the helper must still be so at its end: a caller chooses how long
//! to take for an answer.
use countersign_tests::code::Parameters;
use countersign_tests::factor::IN_USE;
use countersign_tests::world::HELPER;
use countersign_tests::{Factor, wait};
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout};

/// The helper, as the kernel cuts its name.
const HELPER_COMM: &str = "countersign-hel";
const PEOPLE: &str = "
[administrators]
groups = ['ops']
[[delegate]]
group = 'desk'
over = ['students']
may = ['reset', 'unblock', 'enroll', 'disable']
";

/// A dialogue with the helper, at the caller's leisure.
struct Dialogue {
    _child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

impl Dialogue {
    fn begin(factor: &Factor, caller: &str, request: &str) -> Self {
        let mut child = factor.world.command(&[HELPER]).user(caller).spawn();
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut dialogue = Self { _child: child, to, from };
        dialogue.send(request);
        dialogue
    }

    fn send(&mut self, line: &str) {
        writeln!(self.to, "{line}").expect("write to the helper");
    }

    fn hear(&mut self) -> String {
        self.from.next().expect("a line").expect("a line")
    }

    /// Answers what is asked; gives the next line.
    fn answer(&mut self, text: &str) -> String {
        self.send(&format!("answer text={text}"));
        self.hear()
    }

    fn hear_confirmation(&mut self) {
        let asked = self.hear();
        assert!(asked.starts_with("ask for=confirmation "), "{asked}");
    }

    /// Confirms, and gives the token that is shown then.
    fn confirm_to_the_key(&mut self, code: &str) -> Parameters {
        let key = self.answer(code);
        let secret = key.split(' ').find_map(|part| part.strip_prefix("secret=")).unwrap_or_else(|| panic!("{key}"));
        let asked = self.hear();
        assert!(asked.starts_with("ask for=proof "), "{asked}");
        Parameters::new(secret)
    }
}

/// The helper's last line begins so; the rest would fill the screen.
fn refused(line: &str) {
    assert_eq!(line.split(' ').next(), Some("refused"));
}

/// carol and dan are the help desk, alice a student, olga an administrator.
fn a_school() -> (Factor, Parameters) {
    let factor = Factor::new(&format!("{IN_USE}{PEOPLE}"), &["alice", "carol", "dan", "olga"]);
    factor.world.add_to_group("desk", &["carol", "dan"]);
    factor.world.add_to_group("students", &["alice"]);
    factor.world.add_to_group("ops", &["olga"]);
    let carol = factor.enroll("carol");
    (factor, carol)
}

#[test]
fn a_confirmation_given_for_a_forgotten_record_adds_no_token_to_the_one_that_follows_it() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let stolen = factor.enroll("alice");
    let mut thief = Dialogue::begin(&factor, "alice", "request action=enroll label=tablet");
    thief.hear_confirmation();
    let thiefs = thief.confirm_to_the_key(&factor.code(&stolen));
    // The README's way back for a damaged or lost record: forget, and start afresh.
    factor.world.countersign(&["forget", "alice"]).ok();
    factor.next_step();
    factor.enroll("alice");
    let told = thief.answer(&factor.code(&thiefs));
    assert_eq!(factor.status("alice")["tokens"].as_array().map(Vec::len), Some(1));
    refused(&told);
}

#[test]
fn who_left_the_help_desk_while_being_asked_for_a_code_changes_nothing_more() {
    let (factor, carol) = a_school();
    factor.enroll("alice");
    let mut dialogue = Dialogue::begin(&factor, "carol", "request action=reset user=alice");
    dialogue.hear_confirmation();
    factor.world.run(&["gpasswd", "--delete", "carol", "desk"]).ok();
    let told = dialogue.answer(&factor.code(&carol));
    assert_eq!(factor.status("alice")["enrolled"], true);
    refused(&told);
}

#[test]
fn who_became_an_administrator_meanwhile_is_out_of_a_delegates_reach() {
    let (factor, carol) = a_school();
    factor.enroll("alice");
    let mut dialogue = Dialogue::begin(&factor, "carol", "request action=enroll user=alice adding=instead");
    dialogue.hear_confirmation();
    let token = dialogue.confirm_to_the_key(&factor.code(&carol));
    factor.world.add_to_group("ops", &["alice"]);
    let before = factor.record("alice");
    factor.next_step();
    let told = dialogue.answer(&factor.code(&token));
    assert!(factor.record("alice") == before, "the record has changed");
    refused(&told);
}

#[test]
fn a_rule_that_requires_a_code_since_the_question_was_asked_stops_the_disable() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let alice = factor.enroll("alice");
    let mut dialogue = Dialogue::begin(&factor, "alice", "request action=disable");
    dialogue.hear_confirmation();
    factor.world.configure(&format!("{IN_USE}[[rule]]\nusers = ['alice']\nthen = 'required'\n"));
    let told = dialogue.answer(&factor.code(&alice));
    factor.world.configure(IN_USE);
    assert_eq!(factor.status("alice")["use_2fa"], true);
    refused(&told);
}

#[test]
fn a_delegate_whose_own_token_was_taken_meanwhile_hands_out_none() {
    let (factor, carol) = a_school();
    let mut dialogue = Dialogue::begin(&factor, "carol", "request action=enroll user=alice");
    dialogue.hear_confirmation();
    let token = dialogue.confirm_to_the_key(&factor.code(&carol));
    // Her phone is stolen, and so is her session: an administrator resets her.
    factor.world.countersign(&["reset", "carol"]).ok();
    factor.next_step();
    let told = dialogue.answer(&factor.code(&token));
    assert_eq!(factor.status("alice")["enrolled"], false);
    refused(&told);
}

#[test]
fn a_delegate_whose_own_token_is_taken_while_the_target_is_locked_changes_nothing() {
    const COUNTERS: &str = "/var/lib/countersign/counters/alice";
    let (factor, carol) = a_school();
    factor.enroll("alice");
    let mut dialogue = Dialogue::begin(&factor, "carol", "request action=reset user=alice");
    dialogue.hear_confirmation();
    // Someone else's change of alice takes its time.
    let mut holder = factor.world.command(&["flock", COUNTERS, "cat"]).spawn();
    let until_done = |what: &str, script: &str| {
        wait::until(what, || (factor.world.sh(script).code() == Some(0)).then_some(()));
    };
    until_done("the lock", &format!("! flock --nonblock {COUNTERS} true"));
    dialogue.send(&format!("answer text={}", factor.code(&carol)));
    let waits = format!("find /proc/$(pgrep -x {HELPER_COMM})/fd -lname {COUNTERS} | grep -q .");
    until_done("the helper at the lock", &waits);
    factor.world.countersign(&["reset", "carol"]).ok();
    drop(holder.stdin.take());
    let told = dialogue.hear();
    assert_eq!(factor.status("alice")["enrolled"], true);
    refused(&told);
    holder.wait().expect("the holder");
}
