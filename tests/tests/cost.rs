//! What a login costs, counted in what does not depend on the machine's mood: system calls and instructions.
//!
//! Whoever makes a login dearer than the limits below sees it here; whoever makes it cheaper lowers them. Times, and
//! the peers beside them, are the matter of `make bench`.
use countersign_tests::Factor;
use countersign_tests::code::Parameters;
use countersign_tests::cost::{self, Extent, Login};
use countersign_tests::factor::IN_USE;
use std::collections::BTreeMap;

/// What a login may take above one with `pam_permit`: system calls, and instructions of the release profile.
const LET_IN: Limit = Limit { calls: 98, instructions: 580_000 };
const REFUSED: Limit = Limit { calls: 98, instructions: 1_075_000 };
/// Other versions of libc, of the compiler and of the list of accounts differ by less.
const TOLERANCE_PERCENT: u64 = 10;

const SYNCS: [&str; 3] = ["fsync", "fdatasync", "syncfs"];

struct Limit {
    calls: u64,
    instructions: u64,
}

/// A world with the second factor, ready to be counted in: the driver brings a clock of its own.
struct Counted {
    factor: Factor,
    token: Parameters,
    now: i64,
}

impl Counted {
    fn new() -> Self {
        // One answer a login, as `LET_IN` and `REFUSED` are for.
        let factor = Factor::new(&format!("{IN_USE}[prompt]\ntries = 1\n"), &["alice"]);
        let token = factor.enroll("alice");
        factor.world.sh("rm /etc/ld.so.preload").ok();
        cost::install(&factor.world);
        let module = "required pam_countersign.so";
        let stack =
            format!("auth {module}\nauth required pam_permit.so\naccount {module}\naccount required pam_permit.so\n");
        cost::stack(&factor.world, "countersign", &stack);
        let now = factor.world.clock().now();
        Self { factor, token, now }
    }

    /// A login some steps on, with a code that is good there and then.
    fn let_in(&self, service: &str, steps: i64) -> Login {
        let at = self.now + steps * 30;
        let (service, user) = (service.to_owned(), "alice".to_owned());
        Login { extent: Extent::Login, service, user, answer: self.token.at(at), at }
    }

    /// A login with a wrong code.
    fn refused(&self, service: &str) -> Login {
        let answer = self.factor.wrong_code(&self.token);
        Login { extent: Extent::Authenticate, answer, ..self.let_in(service, 0) }
    }

    fn calls(&self, login: &Login, codes: &str) -> BTreeMap<String, u64> {
        cost::system_calls(&self.factor.world, login, codes)
    }

    fn instructions(&self, login: &Login, codes: &str) -> u64 {
        cost::instructions(&self.factor.world, login, codes)
    }
}

fn sum(calls: &BTreeMap<String, u64>) -> u64 {
    calls.values().sum()
}

fn assert_within(what: &str, got: u64, limit: u64) {
    let most = limit + limit * TOLERANCE_PERCENT / 100;
    assert!(got <= most, "{what}: {got}, where {limit} and {TOLERANCE_PERCENT} % are the limit");
}

#[test]
fn a_login_takes_no_more_system_calls_than_it_used_to() {
    let counted = Counted::new();
    let permit = sum(&counted.calls(&counted.let_in("permit", 0), "0,0,0"));
    let calls = counted.calls(&counted.let_in("countersign", 0), "0,0,0");
    assert_within(&format!("let in: {calls:?}"), sum(&calls) - permit, LET_IN.calls);

    let permit = sum(&counted.calls(&counted.refused("permit"), "0"));
    let calls = counted.calls(&counted.refused("countersign"), "7");
    assert_within(&format!("refused: {calls:?}"), sum(&calls) - permit, REFUSED.calls);
}

#[test]
fn a_login_waits_for_the_disk_once() {
    let counted = Counted::new();
    let let_in = counted.calls(&counted.let_in("countersign", 0), "0,0,0");
    let refused = counted.calls(&counted.refused("countersign"), "7");
    for calls in [let_in, refused] {
        let syncs: u64 = SYNCS.iter().filter_map(|name| calls.get(*name)).sum();
        assert_eq!(syncs, 1, "{calls:?}");
    }
}

#[test]
fn a_login_takes_no_more_instructions_than_it_used_to() {
    let counted = Counted::new();
    let profile = "is the module built with the release profile as Cargo.toml has it?";
    let permit = counted.instructions(&counted.let_in("permit", 0), "0,0,0");
    let let_in = counted.instructions(&counted.let_in("countersign", 0), "0,0,0");
    assert_within(&format!("let in ({profile})"), let_in - permit, LET_IN.instructions);

    let permit = counted.instructions(&counted.refused("permit"), "0");
    let refused = counted.instructions(&counted.refused("countersign"), "7");
    assert_within(&format!("refused ({profile})"), refused - permit, REFUSED.instructions);
}

#[test]
fn a_login_costs_the_same_among_a_thousand_users() {
    let counted = Counted::new();
    let count = |steps| {
        let calls = counted.calls(&counted.let_in("countersign", steps), "0,0,0");
        (sum(&calls), counted.instructions(&counted.let_in("countersign", steps + 1), "0,0,0"))
    };
    let (calls, instructions) = count(0);
    let script = "cd /var/lib/countersign; for n in {1..1000}; do
        cp -p users/alice.toml users/u$n.toml; cp -p counters/alice counters/u$n; done";
    counted.factor.world.sh(script).ok();
    let (calls_among_many, instructions_among_many) = count(2);
    assert_eq!(calls_among_many, calls);
    let difference = instructions_among_many.abs_diff(instructions);
    assert!(difference < instructions / 100, "{instructions} alone, {instructions_among_many} among many");
}
