//! Disks that are full, read-only or limited: what is not durable is not granted, and nobody is locked out for it.
use countersign_tests::code::Parameters;
use countersign_tests::factor::{IN_USE, NOT_AVAILABLE};
use countersign_tests::pam_driver::pam;
use countersign_tests::{Factor, Phase, Transcript};

const NO_GROWTH: [&str; 4] = ["sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh"];

/// A world whose state lies on a small file system of its own.
fn on_a_small_disk(users: &[&str]) -> Factor {
    let factor = Factor::new(IN_USE, users);
    let script = "mkdir /srv/small
        mount -t tmpfs -o size=256k,mode=0700 none /srv/small
        cp -a /var/lib/countersign/. /srv/small/
        mount --move /srv/small /var/lib/countersign";
    factor.world.sh(script).ok();
    factor
}

fn fill(factor: &Factor) {
    let script = "head -c 1M /dev/zero > /var/lib/countersign/fill || true; ! echo x > /var/lib/countersign/more";
    factor.world.sh(script).ok();
}

fn free(factor: &Factor) {
    factor.world.sh("rm /var/lib/countersign/fill /var/lib/countersign/more").ok();
}

fn assert_not_available(transcript: &Transcript) {
    assert!(transcript.ended() && transcript.errors.is_empty(), "{transcript:#?}");
    transcript.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    assert_eq!(transcript.notices(), [NOT_AVAILABLE], "{transcript:#?}");
}

/// Asserts that a right and a wrong code are told the same, and that neither is used up or counted.
fn assert_right_and_wrong_are_told_the_same(factor: &Factor, token: &Parameters, wrapper: &[&str]) {
    let (right, wrong) = (factor.code(token), factor.wrong_code(token));
    let [right, wrong] = [right, wrong].map(|code| {
        let transcript = factor.driver("alice").through(wrapper).answers([code.as_str(); 3]).run();
        assert_not_available(&transcript);
        (transcript.questions().join("|"), transcript.notices().join("|"), transcript.fail_delay())
    });
    assert_eq!(right, wrong);
    factor.world.wait_for_log(&["event=refused", "reason=write_failed", "/var/lib/countersign/counters/alice"]);
}

#[test]
fn a_full_disk_refuses_an_enrollment_and_leaves_nothing() {
    let factor = on_a_small_disk(&["alice"]);
    fill(&factor);
    let files = || factor.world.sh("cd /var/lib/countersign; find users counters").text();
    let before = files();
    for answer in ["{code}", "disable"] {
        let transcript = factor.login("alice", &[answer]);
        assert_not_available(&transcript);
        transcript.assert_codes(Phase::Account, &[pam::IGNORE]);
    }
    assert_eq!(files(), before);
    factor.world.wait_for_log(&["event=refused", "reason=write_failed", "No space left on device"]);
    free(&factor);
    factor.enroll("alice");
}

#[test]
fn a_disk_that_fills_up_before_the_commit_refuses_it_whole() {
    let factor = on_a_small_disk(&["alice"]);
    // Counters are there already: the proof can be noted, the record cannot be written.
    factor.driver("alice").answers(["{code}"]).phases([Phase::Authenticate]).run();
    fill(&factor);
    for answer in ["{code}", "disable"] {
        let transcript = factor.login("alice", &[answer]);
        transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
        transcript.assert_codes(Phase::Account, &[pam::PERM_DENIED]);
        assert_eq!(transcript.notices(), [NOT_AVAILABLE]);
        assert_eq!(factor.record("alice"), None);
    }
    free(&factor);
    factor.enroll("alice");
}

#[test]
fn a_login_with_a_code_needs_no_room_on_the_disk() {
    let factor = on_a_small_disk(&["alice"]);
    let token = factor.enroll("alice");
    fill(&factor);
    for _ in 0..3 {
        let code = factor.code(&token);
        factor.login("alice", &[&code]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
        factor.login("alice", &[&code]).assert_codes(Phase::Authenticate, &[pam::CONV_ERR]);
        factor.next_step();
    }
}

/// On ext4, where a login costs what it costs in earnest: no byte is left, or no file.
fn on_a_full_ext4(fill: &str) {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    let token = factor.enroll("alice");
    let image = factor.world.disk_of_the_state();
    let disk = factor.world.start_on(&image);
    factor.world.sh(&format!("cd /var/lib/countersign; mkdir fill; {fill}; sync -f .")).ok();
    let files = || factor.world.sh("cd /var/lib/countersign; find users counters").text();
    let before = files();
    for answer in ["{code}", "disable"] {
        assert_not_available(&factor.login("bob", &[answer]));
    }
    for _ in 0..3 {
        let code = factor.code(&token);
        factor.login("alice", &[&code]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
        factor.login("alice", &[&code]).assert_codes(Phase::Authenticate, &[pam::CONV_ERR]);
        factor.login("alice", &[&factor.wrong_code(&token)]).assert_codes(Phase::Authenticate, &[pam::CONV_ERR]);
        assert_eq!(factor.failures("alice"), 1);
        factor.next_step();
    }
    assert_eq!(files(), before);
    factor.world.wait_for_log(&["event=refused", "reason=write_failed", "No space left on device"]);
    factor.world.sh("rm -r /var/lib/countersign/fill").ok();
    factor.enroll("bob");
    drop(disk);
}

#[test]
fn an_ext4_without_a_byte_left_lets_in_by_codes_counts_failures_and_refuses_an_enrollment() {
    on_a_full_ext4(
        "cat /dev/zero > fill/large || true; for n in {1..20}; do echo x > fill/$n || break; done; ! echo x > fill/x",
    );
}

#[test]
fn an_ext4_without_a_file_left_lets_in_by_codes_counts_failures_and_refuses_an_enrollment() {
    on_a_full_ext4("number=0; while touch fill/$((number += 1)); do :; done; test $number -lt 256");
}

#[test]
fn a_read_only_disk_refuses_right_and_wrong_codes_alike_and_lets_in_who_needs_no_code() {
    let factor = on_a_small_disk(&["alice", "bob", "carol"]);
    let token = factor.enroll("alice");
    factor.world.countersign(&["disable", "bob"]).ok();
    factor.world.sh("mount -o remount,ro /var/lib/countersign").ok();
    assert_right_and_wrong_are_told_the_same(&factor, &token, &[]);
    factor.login("bob", &[]).assert_codes(Phase::Authenticate, &[pam::IGNORE]);
    assert_not_available(&factor.login("carol", &["{code}"]));
    factor.world.sh("mount -o remount,rw /var/lib/countersign").ok();
    let transcript = factor.login("alice", &[&factor.code(&token)]);
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    assert_eq!(transcript.notices(), [""; 0], "nothing was counted");
    factor.enroll("carol");
}

#[test]
fn a_file_size_limit_of_the_caller_refuses_right_and_wrong_codes_alike() {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    let token = factor.enroll("alice");
    let before = factor.counters("alice");
    assert_right_and_wrong_are_told_the_same(&factor, &token, &NO_GROWTH);
    assert_eq!(factor.counters("alice"), before);
    let transcript = factor.login("alice", &[&factor.code(&token)]);
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    for answer in ["{code}", "disable"] {
        assert_not_available(&factor.driver("bob").through(&NO_GROWTH).answers([answer]).run());
    }
    assert_eq!((factor.record("bob"), factor.counters("bob")), (None, None));
    factor.enroll("bob");
}

#[test]
fn an_application_killed_by_its_file_size_limit_leaves_the_old_state() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    let limited = ["sh", "-c", "ulimit -f 0; exec \"$@\"", "sh"];
    for code in [factor.code(&token), factor.wrong_code(&token)] {
        let transcript = factor.driver("alice").through(&limited).answers([code.as_str()]).run();
        assert!(!transcript.ended() && transcript.codes(Phase::Authenticate).is_empty(), "{transcript:#?}");
    }
    factor.login("alice", &[&factor.code(&token)]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
}

#[test]
fn a_caller_without_handles_or_with_few_is_refused_and_not_let_in() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    for handles in 3..12 {
        factor.next_step();
        let code = factor.code(&token);
        let limit = format!("--nofile={handles}:{handles}");
        let transcript = factor.driver("alice").through(&["prlimit", &limit, "--"]).answers([code.as_str()]).run();
        let codes = transcript.codes(Phase::Authenticate);
        assert!(!codes.contains(&pam::IGNORE), "{handles}: {transcript:#?}");
        let again = factor.login("alice", &[&code]);
        assert!(!(codes.contains(&pam::SUCCESS) && again.let_in()), "{handles}: accepted twice");
    }
    factor.assert_next_code_accepted("alice", &token);
}
