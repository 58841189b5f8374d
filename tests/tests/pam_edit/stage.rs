//! A world as Debian ships it, with the product, and alice, who is asked and has a phone.
use countersign_tests::code::Parameters;
use countersign_tests::factor::IN_USE;
use countersign_tests::pam_driver::pam;
use countersign_tests::world::Outcome;
use countersign_tests::{Driver, Factor, Phase, Transcript};

/// The password of everyone.
pub(crate) const PASSWORD: &str = "correct horse";

/// A world whose stacks are the distribution's.
pub(crate) fn stage() -> (Factor, Parameters) {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    let phone = factor.enroll("alice");
    (factor, phone)
}

/// `countersign pam …`
pub(crate) fn pam_command(factor: &Factor, words: &[&str]) -> Outcome {
    factor.world.countersign(&[&["pam"], words].concat())
}

/// The text of a service's file.
pub(crate) fn stack(factor: &Factor, service: &str) -> String {
    String::from_utf8(factor.world.read_file(&format!("/etc/pam.d/{service}"))).expect("text")
}

/// A login through the service's own file in `/etc/pam.d`.
pub(crate) fn login(factor: &Factor, service: &str, answers: &[&str]) -> Transcript {
    Driver::new(&factor.world).service(service).user("alice").answers(answers.iter().copied()).run()
}

/// Asserts that this login gets in.
pub(crate) fn gets_in(factor: &Factor, service: &str, answers: &[&str]) {
    let transcript = login(factor, service, answers);
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
}

/// Asserts that a text has all of these in it.
pub(crate) fn has(text: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(text.contains(wanted), "{wanted:?} is missing from: {text}");
    }
}
