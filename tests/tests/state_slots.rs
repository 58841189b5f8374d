//! One damaged slot of a user's counters: nobody is refused for it, whoever takes the lock tells root, and the next write
//! mends it.
use countersign_tests::code::Parameters;
use countersign_tests::factor::IN_USE;
use countersign_tests::pam_driver::pam;
use countersign_tests::world::STATE_DIR;
use countersign_tests::{Factor, Phase};

/// Where the slots stand, and what the log calls them.
const SLOTS: [(u64, &str); 2] = [(0, "first"), (4096, "second")];

/// alice, whose two slots are both in use.
fn enrolled() -> (Factor, Parameters) {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    factor.assert_next_code_accepted("alice", &token);
    factor.next_step();
    (factor, token)
}

/// Lets a byte of this slot rot.
fn damage(factor: &Factor, at: u64) {
    let script = format!("printf X | dd of={STATE_DIR}/counters/alice bs=1 seek={} conv=notrunc status=none", at + 40);
    factor.world.sh(&script).ok();
    factor.world.clear_log();
}

/// The lines about damage since the log was emptied.
fn told(factor: &Factor) -> Vec<String> {
    factor.world.log().lines().filter(|line| line.contains("event=damaged")).map(str::to_owned).collect()
}

/// Asserts that one program told it, once.
fn assert_told(factor: &Factor, program: &str, slot: &str) {
    let lines = told(factor);
    assert_eq!(lines.len(), 1, "{program}, {slot}: {}", factor.world.log());
    let fields = format!(" path={STATE_DIR}/counters/alice slot={slot}");
    for part in [program, "event=damaged user=alice", &fields] {
        assert!(lines[0].contains(part), "{part} is not in {lines:?}");
    }
}

#[test]
fn a_login_beside_a_damaged_slot_goes_on_with_the_other_one_tells_root_and_mends_it() {
    let (factor, token) = enrolled();
    for (at, slot) in SLOTS {
        damage(&factor, at);
        let login = factor.login("alice", &[&factor.code(&token)]);
        login.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
        assert_eq!(login.notices(), [""; 0], "nothing that the person could do about it");
        assert_told(&factor, "(sshd:auth)", slot);
        factor.world.clear_log();
        factor.assert_next_code_accepted("alice", &token);
        assert_eq!(told(&factor), [""; 0], "the write before has mended it");
        factor.next_step();
    }
}

#[test]
fn roots_command_and_the_users_own_tell_of_a_damaged_slot_too() {
    let (factor, token) = enrolled();
    for (at, slot) in SLOTS {
        damage(&factor, at);
        factor.world.countersign(&["unblock", "alice"]).ok();
        assert_told(&factor, "countersign[", slot);
        // Nothing was changed, so nothing was written: it is still there.
        damage(&factor, at);
        let code = format!("{}\n", factor.code(&token));
        let own = factor.world.command(&["countersign", "new-recovery-codes"]).user("alice").stdin(code).run();
        assert_eq!(own.code(), Some(0), "{}", own.errors());
        assert_told(&factor, "countersign-helper[", slot);
        factor.next_step();
    }
}

#[test]
fn new_counters_and_those_written_once_are_no_damage() {
    let factor = Factor::new(IN_USE, &["alice"]);
    factor.world.countersign(&["lock", "alice"]).ok();
    factor.world.countersign(&["unlock", "alice"]).ok();
    let token = factor.enroll("alice");
    for _ in 0..2 {
        factor.assert_next_code_accepted("alice", &token);
    }
    assert_eq!(told(&factor), [""; 0]);
}
