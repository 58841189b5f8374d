//! A world with the product and the other programs in it, and people who used those.
use countersign_tests::code::Parameters;
use countersign_tests::pam_driver::pam;
use countersign_tests::world::Outcome;
use countersign_tests::{Driver, Factor, Phase};

/// The secret of RFC 4226, in base32 and in hex.
pub(crate) const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
pub(crate) const SECRET_HEX: &str = "3132333435363738393031323334353637383930";
/// Where `pam_google_authenticator` keeps a user's secret.
pub(crate) const GOOGLE_FILE: &str = ".google_authenticator";

/// Nobody is asked by default, as before a migration.
pub(crate) fn stage(users: &[&str]) -> Factor {
    Factor::new("", users)
}

/// Writes a file into a home, as its owner's.
pub(crate) fn in_home(factor: &Factor, user: &str, name: &str, content: &[u8], mode: u32) {
    let path = format!("/home/{user}/{name}");
    factor.world.write_file(&path, content, mode);
    factor.world.run(&["chown", &format!("{user}:{user}"), &path]).ok();
}

/// Writes a user's file of `pam_google_authenticator`.
pub(crate) fn google_file(factor: &Factor, user: &str, content: &str) {
    in_home(factor, user, GOOGLE_FILE, content.as_bytes(), 0o600);
}

/// `countersign import google-authenticator …`
pub(crate) fn import_google(factor: &Factor, more: &[&str]) -> Outcome {
    factor.world.countersign(&[&["import", "google-authenticator"], more].concat())
}

/// `countersign import oath /root/users.oath …`
pub(crate) fn import_oath(factor: &Factor, more: &[&str]) -> Outcome {
    factor.world.countersign(&[&["import", "oath", "/root/users.oath"], more].concat())
}

/// What another module's authenticate returns to one answer.
pub(crate) fn login_there(factor: &Factor, module: &str, answer: &str) -> i32 {
    let driver = Driver::new(&factor.world).user("alice").bare_module(module).answers([answer]);
    driver.phases([Phase::Authenticate]).run().code(Phase::Authenticate)
}

/// Asserts that a code is accepted here, by the module in a login.
pub(crate) fn assert_accepted(factor: &Factor, user: &str, token: &Parameters) {
    let transcript = factor.login(user, &[&factor.code(token)]);
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
}

/// Asserts that the present code is refused as one that was used, and counted as no failure.
pub(crate) fn assert_used(factor: &Factor, user: &str, token: &Parameters) {
    let transcript = factor.login(user, &[&factor.code(token)]);
    assert!(!transcript.let_in(), "{transcript:#?}");
    assert!(transcript.shows("already used") || transcript.shows("too old"), "{transcript:#?}");
    assert_eq!(factor.failures(user), 0);
}

/// Asserts that a text has all of these in it.
pub(crate) fn has(text: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(text.contains(wanted), "{wanted:?} is missing from: {text}");
    }
}
