//! A rule with `rehearse`: nobody is asked or refused, and the log says what would have come.
use countersign_tests::pam_driver::pam;
use countersign_tests::{Factor, Phase};

const REHEARSAL: &str = "[defaults]\nuse_2fa = true\n[[rule]]\ngroups = [\"pilots\"]\nthen = \"rehearse\"\n";
const REQUIRED: &str = "[defaults]\nuse_2fa = true\n";

fn factor() -> Factor {
    let factor = Factor::new(REQUIRED, &["alice", "bob", "carol"]);
    factor.world.add_to_group("pilots", &["alice", "bob"]);
    factor
}

fn configure(factor: &Factor, config: &str) {
    factor.world.write_file("/etc/countersign/config.toml", config, 0o644);
}

/// Passes unasked, and this is in the log.
fn assert_rehearsed(factor: &Factor, user: &str, service: &str, logged: &str) {
    factor.world.clear_log();
    let transcript = factor.driver(user).service(service).run();
    transcript.assert_codes(Phase::Authenticate, &[pam::IGNORE]);
    transcript.assert_codes(Phase::Account, &[pam::IGNORE]);
    assert!(transcript.prompts().is_empty() && transcript.notices().is_empty(), "{transcript:#?}");
    factor.world.wait_for_log(&["event=rehearsed", &format!("user={user}"), logged]);
}

#[test]
fn nobody_is_asked_and_the_log_says_what_would_have_come() {
    let factor = factor();
    let token = factor.enroll("alice");
    configure(&factor, REHEARSAL);
    let before = factor.state();
    assert_rehearsed(&factor, "alice", "sshd", "rule=1 then=ask");
    assert_rehearsed(&factor, "bob", "sshd", "rule=1 then=enroll");
    assert_rehearsed(&factor, "bob", "cron", "rule=1 then=refuse detail=\"cannot enroll here\"");
    assert_eq!(factor.state(), before, "a rehearsal writes nothing");
    // Whom the rule does not match is asked as ever.
    let transcript = factor.driver("carol").run();
    transcript.assert_codes(Phase::Authenticate, &[pam::CONV_ERR]);
    configure(&factor, REQUIRED);
    factor.fail("alice", &token, 5);
    configure(&factor, REHEARSAL);
    assert_rehearsed(&factor, "alice", "sshd", "then=refuse detail=blocked");
    configure(&factor, &format!("{REHEARSAL}[enrollment]\ngrace = '3d'\n"));
    assert_rehearsed(&factor, "bob", "cron", "then=grace");
}

#[test]
fn state_that_cannot_be_trusted_refuses_nobody_in_a_rehearsal_and_is_told_to_the_log() {
    let factor = factor();
    factor.enroll("alice");
    configure(&factor, REHEARSAL);
    factor.world.write_file("/var/lib/countersign/users/alice.toml", "damaged", 0o600);
    assert_rehearsed(&factor, "alice", "sshd", "then=refuse detail=");
    factor.world.sh("rm -f /var/lib/countersign/format").ok();
    assert_rehearsed(&factor, "bob", "sshd", "then=refuse detail=\"the state directory cannot be trusted\"");
    // The rule itself must be trusted: without it everyone is refused.
    factor.world.sh("chmod 666 /etc/countersign/config.toml").ok();
    factor.assert_not_trusted("alice");
}

#[test]
fn a_group_that_cannot_be_looked_up_rehearses_nobody() {
    let factor = factor();
    configure(&factor, &REHEARSAL.replace("pilots", "ghosts"));
    let transcript = factor.driver("alice").run();
    transcript.assert_codes(Phase::Authenticate, &[pam::CONV_ERR]);
}

#[test]
fn a_stranger_passes_as_by_any_rule_and_is_not_named_in_the_log() {
    let factor = factor();
    configure(&factor, "[[rule]]\nthen = 'rehearse'\n");
    factor.world.clear_log();
    factor.driver("no-such-user").run().assert_codes(Phase::Authenticate, &[pam::IGNORE]);
    factor.driver("bob").run().assert_codes(Phase::Authenticate, &[pam::IGNORE]);
    let log = factor.world.wait_for_log(&["event=rehearsed"]);
    assert!(!log.contains("no-such-user"), "{log}");
}

#[test]
fn the_report_counts_whom_a_rehearsal_would_have_asked_or_stopped() {
    let factor = factor();
    factor.enroll("alice");
    configure(&factor, REHEARSAL);
    assert_rehearsed(&factor, "alice", "sshd", "then=ask");
    let mut log = factor.world.log();
    assert_rehearsed(&factor, "bob", "cron", "then=refuse");
    log += &factor.world.log();
    factor.world.write_file("/tmp/auth.log", log, 0o600);
    let said = factor.world.countersign(&["report", "--rehearsal", "--log", "/tmp/auth.log"]).ok();
    assert!(said.starts_with("Rehearsed: 2 users;") && said.contains("  asked for a code: 1\n"), "{said}");
    assert!(said.contains("    bob on cron (cannot enroll here)\n"), "{said}");
    let outcome = factor.world.countersign(&["report", "--rehearsal", "--log", "/tmp/none"]);
    assert_eq!(outcome.code(), Some(1));
    let world = &factor.world;
    world.sh("mkfifo /tmp/fifo").ok();
    for log in ["/tmp/fifo", "/tmp", "/dev/zero"] {
        let outcome = world.countersign(&["report", "--rehearsal", "--log", log]);
        assert_eq!((outcome.code(), outcome.errors()), (Some(1), format!("error: {log}: is not a regular file\n")));
    }
    world
        .sh("head -c 70000 /dev/urandom > /tmp/noise; cat /tmp/noise /tmp/auth.log > /tmp/all; ln -s all /tmp/linked")
        .ok();
    assert_eq!(world.countersign(&["report", "--rehearsal", "--log", "/tmp/linked"]).ok(), said);
    let explained = factor.world.countersign(&["explain", "alice"]).ok();
    assert!(explained.starts_with("alice on sshd: rule 1 is a rehearsal, which asks nobody"), "{explained}");
    let status = factor.world.countersign(&["status", "alice", "--json"]).ok();
    assert!(status.contains("\"use_2fa_source\":\"rule 1\""), "{status}");
    let doctor = factor.world.countersign(&["doctor"]).text();
    assert!(doctor.contains("rule 1 is a rehearsal: nobody it matches is asked"), "{doctor}");
}
