//! Whom the helper takes someone for, what it leaves behind where there was nothing to do, and what the doctor sees of it.
use countersign_tests::Factor;
use countersign_tests::factor::IN_USE;
use countersign_tests::world::Outcome;

fn typed(factor: &Factor, user: &str, command: &str, lines: &[&str]) -> Outcome {
    let stdin: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
    factor.world.command(&["su", "-", user, "-c", &format!("countersign {command}")]).stdin(stdin).run()
}

/// carol is the help desk, alice a student, olga an administrator.
fn a_school(may: &str) -> Factor {
    let people = format!(
        "[administrators]\ngroups = ['ops']\n[[delegate]]\ngroup = 'desk'\nover = ['students']\nmay = [{may}]\n"
    );
    let factor = Factor::new(&format!("{IN_USE}{people}"), &["alice", "carol", "olga"]);
    factor.world.add_to_group("desk", &["carol"]);
    factor.world.add_to_group("students", &["alice"]);
    factor.world.add_to_group("ops", &["olga"]);
    factor
}

#[test]
fn a_second_name_of_an_administrators_uid_is_out_of_a_delegates_reach_too() {
    let factor = a_school("'disable'");
    let carol = factor.enroll("carol");
    // A login as olga2 is uid olga.
    factor.world.sh("sed -n 's/^olga:/olga2:/p' /etc/passwd >> /etc/passwd").ok();
    factor.world.add_to_group("students", &["olga2"]);
    let outcome = typed(&factor, "carol", "disable olga2", &[&factor.code(&carol)]);
    assert_eq!(factor.status("olga2")["use_2fa"], true, "{}", outcome.text());
    outcome.expect_code(1);
}

#[test]
fn a_reset_or_unblock_of_someone_without_state_makes_none() {
    let factor = a_school("'reset', 'unblock'");
    let carol = factor.enroll("carol");
    for command in ["reset alice", "unblock alice"] {
        factor.next_step();
        typed(&factor, "carol", command, &[&factor.code(&carol)]).ok();
        assert!(factor.counters("alice").is_none(), "{command}: root's command leaves no trace here");
    }
}

#[test]
fn the_log_says_whose_state_it_was_that_stopped_a_helper() {
    let factor = a_school("'reset'");
    factor.enroll("carol");
    factor.enroll("alice");
    let file = "/var/lib/countersign/users/carol.toml";
    factor.world.sh(&format!("chmod 644 {file}")).ok();
    typed(&factor, "carol", "reset alice", &[]).expect_code(1);
    factor.world.wait_for_log(&["event=untrusted user=carol service=countersign", file]);
    assert!(!factor.world.log().contains("event=untrusted user=alice"), "alice's is sound");
}

#[test]
fn a_delegate_is_told_to_type_nothing_that_is_not_granted() {
    let factor = a_school("'enable', 'unblock'");
    let carol = factor.enroll("carol");
    factor.world.countersign(&["disable", "alice"]).ok();
    let told = |command: &str| {
        factor.next_step();
        typed(&factor, "carol", command, &[&factor.code(&carol)]).ok()
    };
    let enabled = told("enable alice");
    assert!(enabled.contains("alice may also turn it off\n"), "{enabled}");
    factor
        .world
        .sh("sed -i \"s/'enable', //; s/'unblock'/'unblock', 'unlock', 'lock'/\" /etc/countersign/config.toml")
        .ok();
    let unblocked = told("unblock alice");
    assert!(unblocked.contains("; to let alice turn 2FA off: countersign unlock alice\n"), "{unblocked}");
    factor.world.countersign(&["disable", "alice"]).ok();
    let locked = told("lock alice");
    assert!(locked.contains("it is off; the account") && !locked.contains("countersign"), "{locked}");
}

#[test]
fn where_there_is_no_room_for_a_token_only_who_may_is_told_to_take_one_away() {
    let factor = a_school("'enroll'");
    for n in 1..=5 {
        factor.world.countersign(&["enroll", "alice", "--no-confirm", "--uri", "--label", &format!("{n}")]).ok();
    }
    for (helper, hint) in [
        ("carol", "hint: an administrator can take one away\n"),
        ("olga", "hint: take one away: countersign remove-token alice TOKEN\n"),
    ] {
        factor.enroll(helper);
        let errors = typed(&factor, helper, "enroll alice --label new", &[]).expect_code(1).errors();
        assert!(errors.contains(hint), "{errors}");
    }
}

#[test]
fn the_doctor_sees_that_users_cannot_read_what_self_service_needs() {
    let factor = Factor::new(IN_USE, &["alice"]);
    for file in ["/etc/countersign/installation", "/etc/countersign/config.toml"] {
        factor.world.sh(&format!("chmod 600 {file}")).ok();
        typed(&factor, "alice", "status", &[]).expect_code(1);
        let told = factor.world.countersign(&["doctor"]).text();
        factor.world.sh(&format!("chmod 644 {file}")).ok();
        assert!(told.contains(file), "{file}: {told}");
    }
}

#[test]
fn a_configuration_that_users_cannot_read_is_no_dead_end() {
    let factor = Factor::new(IN_USE, &["alice"]);
    factor.world.sh("chmod 600 /etc/countersign/config.toml").ok();
    let errors = typed(&factor, "alice", "status", &[]).errors();
    assert!(errors.contains("hint: "), "{errors}");
}

#[test]
fn nobody_makes_recovery_codes_for_someone_who_has_no_token_yet() {
    let factor = a_school("'new-recovery-codes'");
    for helper in ["carol", "olga"] {
        let token = factor.enroll(helper);
        let outcome = typed(&factor, helper, "new-recovery-codes alice", &[&factor.code(&token)]);
        let errors = outcome.expect_code(1).errors();
        assert!(errors.contains("alice: is not enrolled; recovery codes come with the first token"), "{errors}");
        assert!(!errors.contains("Verification code"), "a code was asked for in vain: {errors}");
        assert!(factor.record("alice").is_none(), "as with root's command, there is none");
    }
}
