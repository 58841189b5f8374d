//! The entry points under a sanitizer: no invalid access, no leak. Run by `scripts/sanitize`, which builds what is needed.
use countersign_tests::code::Parameters;
use countersign_tests::factor::{IN_USE, key_shown};
use countersign_tests::hosts::{Host, STACKS};
use countersign_tests::pam_driver::pam;
use countersign_tests::world::{COMMAND, Outcome};
use countersign_tests::{Factor, Phase};
use std::time::Duration;

/// Ends an application with a status of its own if anything is found.
const VALGRIND: &[&str] = &[
    "valgrind",
    "--quiet",
    "--error-exitcode=99",
    "--leak-check=full",
    "--show-leak-kinds=definite,indirect,possible",
    "--errors-for-leak-kinds=definite,indirect,possible",
    "--keep-debuginfo=yes",
    "--child-silent-after-fork=yes",
];

/// How often, from the environment; a run by hand may take more or fewer.
fn rounds(default: usize) -> usize {
    std::env::var("SANITIZE_ROUNDS").map_or(default, |rounds| rounds.parse().expect("a number of rounds"))
}

/// Enrolls a user by the harness's driver, run through a program, and moves on to the next step.
fn enroll(factor: &Factor, user: &str, through: &[&str]) -> Parameters {
    let transcript = factor.driver(user).through(through).answers(["{code}"]).run();
    transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
    factor.next_step();
    key_shown(&transcript)
}

/// Logins of alice and enrollments of bob in one process; then threads, each with a user.
fn mixed_and_threaded(compiler_options: &str, driver_through: &[&str], wrapper: &[&str], rounds: usize) {
    let factor = Factor::new(IN_USE, &["alice", "bob", "carol", "dan"]);
    let program = factor.compile_host(Host::Long, compiler_options);
    let tokens = ["alice", "carol", "dan"].map(|user| (user, enroll(&factor, user, driver_through)));
    for (user, token) in &tokens {
        factor.lay_down_codes(user, token, 2 * rounds + 10);
    }
    let count = rounds.to_string();
    let run = |arguments: &[&str]| -> Outcome {
        let argv = [wrapper, &[program, STACKS], arguments].concat();
        // The world's clock is loaded before the sanitizer.
        let options = "verify_asan_link_order=0:detect_leaks=1:abort_on_error=0:exitcode=99";
        let invocation = factor.world.command(&argv).env("ASAN_OPTIONS", options);
        invocation.limit(Duration::from_secs(3_600)).run()
    };
    let mixed = run(&["mix", &count, &count]);
    let clean = (mixed.code(), mixed.errors());
    assert_eq!(clean, (Some(0), String::new()));
    assert!(mixed.text().ends_with("done\n"));
    // The clock stands where the last login left it, and so do the codes.
    for (user, _) in &tokens {
        let shift = format!("sed -i 1,{rounds}d /tmp/codes.{user}");
        factor.world.sh(&shift).ok();
    }
    let threaded = run(&["threads", &(rounds / 10).max(10).to_string(), "carol", "dan", "alice"]);
    assert_eq!((threaded.text().as_str(), threaded.errors().as_str(), threaded.code()), ("done\n", "", Some(0)));
}

#[test]
#[ignore = "part of make sanitize: the product must be built with AddressSanitizer"]
fn under_address_sanitizer_logins_are_clean() {
    // The driver has no sanitizer of its own, which the module cannot be loaded without.
    let with_sanitizer = [
        "sh",
        "-c",
        "export ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=$(cc -print-file-name=libasan.so); exec \"$@\"",
        "sh",
    ];
    mixed_and_threaded("-fsanitize=address", &with_sanitizer, &[], rounds(10_000));
}

#[test]
#[ignore = "part of make sanitize: needs valgrind"]
fn under_memcheck_logins_are_clean() {
    mixed_and_threaded("", &[], VALGRIND, rounds(500));
}

/// A few actions of the command, each of which a sanitizer watches to its end.
fn command(wrapper: &[&str]) {
    const ACTIONS: &[(&[&str], i32)] = &[
        (&["enroll", "bob"], 1),
        (&["status", "alice"], 0),
        (&["list", "--json"], 0),
        (&["explain", "alice"], 0),
        (&["lock", "alice"], 0),
        (&["unlock", "alice", "bob"], 0),
        (&["disable", "alice"], 0),
        (&["enable", "alice", "no-such-user"], 1),
        (&["unblock", "alice"], 0),
        (&["check-config"], 0),
        (&["reset", "alice"], 0),
        (&["forget", "alice", "bob"], 0),
        (&["no-such-command"], 2),
    ];
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    factor.enroll("alice");
    for (arguments, code) in ACTIONS {
        let argv = [wrapper, &[COMMAND], arguments].concat();
        let outcome = factor.world.command(&argv).run();
        let errors = outcome.errors();
        assert_eq!(outcome.code(), Some(*code), "{arguments:?}: {}{errors}", outcome.text());
        assert!(!errors.contains("Sanitizer") && !errors.contains("=="), "{arguments:?}: {errors}");
    }
}

/// Looks and changes of a user's own, through the helper: what it finds, a sanitizer says on standard error.
#[test]
#[ignore = "part of make sanitize: the product must be built with AddressSanitizer"]
fn under_address_sanitizer_the_helper_is_clean() {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    for (arguments, code) in [
        ("status", 0),
        ("explain --json", 0),
        ("tokens", 0),
        ("enable", 0),
        ("status bob", 1),
        ("disable", 1),
        ("reset bob", 1),
    ] {
        let outcome = factor.world.run(&["su", "-", "alice", "-c", &format!("countersign {arguments}")]);
        let errors = outcome.errors();
        assert!(!errors.contains("Sanitizer"), "{arguments}: {errors}");
        assert_eq!(outcome.code(), Some(code), "{arguments}: {}{errors}", outcome.text());
    }
}

#[test]
#[ignore = "part of make sanitize: needs valgrind"]
fn under_memcheck_the_command_is_clean() {
    // The standard library's handle of a thread looks lost to valgrind where it has been tagged.
    let definite = ["--show-leak-kinds=definite,indirect", "--errors-for-leak-kinds=definite,indirect"];
    command(&[VALGRIND, &definite].concat());
}
