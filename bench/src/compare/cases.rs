//! Every case, and those of one session after the other.
use crate::place::{Module, Place};
use crate::sessions::End;
use crate::{crowds, damage};

/// A case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// What is done.
    pub(crate) what: &'static str,
    /// Does it to a module and says what happened.
    pub(crate) run: fn(Module) -> String,
}

/// All cases, most telling first.
pub(crate) fn all() -> Vec<Case> {
    let case = |what, run: fn(Module) -> String| Case { what, run };
    vec![
        case("Eight sessions at the prompt send one code together", crowds::one_code),
        case("Fifty sessions at the prompt send a wrong code together", crowds::guesses),
        case("A recovery code in eight sessions together", crowds::one_recovery_code),
        case("Eight users at once, each with the right code", crowds::eight_users),
        case("The same code again", same_code),
        case("A used code, after a later one was used and the clock went back", clock_back),
        case("Three codes of eleven hours ago, one in each step", old_codes),
        case("Blocked for wrong codes, more of them every 8 s; the right code once 30 s are over", extended),
        case("All state gone (a file system that is not mounted)", damage::unmounted),
        case("The state of one user taken away, whole", damage::taken_away),
        case("The state file is empty", damage::empty),
        case("The secret in the state file is damaged", damage::secret),
        case("The state file names a kind of token nobody knows", damage::kind),
        case("A FIFO in place of the state file", damage::pipe),
        case("A login killed at any call that may change a file; then the next code", damage::killed),
        case("What a crash may leave beside the state, a lock file or half a file", damage::left_behind),
        case("A full disk and the right code", damage::full_disk),
        case("An option nobody knows on the module's line, and the right code", unknown_option),
        case("No option at all on the module's line", no_option),
        case("The times of RFC 6238, appendix B, with SHA-1 and the last 6 digits", vectors),
    ]
}

fn same_code(module: Module) -> String {
    let place = Place::alice(module);
    place.wait(120);
    let code = place.code("alice");
    assert_eq!(place.login("alice", &code), End::In, "{module:?} refuses a right code");
    place.login("alice", &code).text()
}

fn clock_back(module: Module) -> String {
    let place = Place::alice(module);
    place.wait(120);
    let code = place.code("alice");
    assert_eq!(place.login("alice", &code), End::In, "{module:?} refuses a right code");
    place.wait(300);
    assert_eq!(place.login("alice", &place.code("alice")), End::In, "{module:?} refuses a right code");
    place.wait(-300);
    place.login("alice", &code).text()
}

fn old_codes(module: Module) -> String {
    let place = Place::alice(module);
    place.wait(86_400);
    let old = || place.code_at("alice", place.factor.world.clock().now() - 11 * 3_600);
    let ends: Vec<String> = (0..3)
        .map(|_| {
            place.wait(30);
            place.login("alice", &old()).text()
        })
        .collect();
    place.wait(120);
    let owner = place.login("alice", &place.code("alice")).text();
    format!("{}; then the present code: {owner}", ends.join(", "))
}

fn extended(module: Module) -> String {
    let owner = |attempts: usize| {
        let place = Place::alice(module);
        place.wait(120);
        let wrong = place.wrong("alice");
        // Ours blocks at the fifth, google-authenticator allows three in 30 s.
        let before = if module == Module::Countersign { 5 } else { 3 };
        for _ in 0..before {
            place.login("alice", &wrong);
        }
        for _ in 0..attempts {
            place.wait(8);
            place.login("alice", &wrong);
        }
        place.wait(31 - 8 * i64::try_from(attempts).expect("a small number"));
        place.login("alice", &place.code("alice")).text()
    };
    format!("{}; without the attempts meanwhile: {}", owner(3), owner(0))
}

fn unknown_option(module: Module) -> String {
    let mut place = Place::alice(module);
    "no_such_option=1".clone_into(&mut place.options);
    place.wait(120);
    place.login("alice", &place.code("alice")).text()
}

fn no_option(module: Module) -> String {
    let place = Place::alice(module);
    place.wait(120);
    let file = match module {
        Module::Countersign => "pam_countersign.so",
        Module::Google => {
            // Then the state is looked for in the home.
            let script = "install -o alice -g alice -m 600 \"$0\" /home/alice/.google_authenticator";
            place.factor.world.run(&["sh", "-euc", script, &place.state_file("alice")]).ok();
            "pam_google_authenticator.so"
        }
        Module::Oath => "pam_oath.so",
    };
    let stack = format!("auth required {file}\naccount required pam_permit.so\n");
    place.login_by(&stack, "alice", &place.code("alice")).text()
}

/// Fresh state for each time, since most lie in the past of an enrollment.
fn vectors(module: Module) -> String {
    const VECTORS: [(i64, &str); 6] = [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ];
    let place = Place::from_the_beginning(module);
    let accepted = VECTORS.iter().filter(|(time, code)| {
        place.factor.world.clock().freeze_at(*time);
        place.login("alice", &code[2..]) == End::In
    });
    format!("{} of {} accepted", accepted.count(), VECTORS.len())
}
