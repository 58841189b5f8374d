//! `--confirm`: refused where no systemd runs; the units as systemd reads them; and what the timer runs, run for real.
use crate::stage::{PASSWORD, gets_in, has, pam_command, stack, stage};
use countersign_tests::Factor;
use countersign_tests::world::COMMAND;

pub(crate) const PENDING: &str = "/etc/countersign/pam-pending";
const UNITS: [&str; 2] = ["countersign-pam-rollback.service", "countersign-pam-rollback.timer"];

/// Stands in for systemd, of which a world has none: notes what it was told, and keeps what a test wants it to fail at.
pub(crate) fn with_systemd(factor: &Factor) {
    factor.world.sh("mkdir -p /run/systemd/system").ok();
    let script = "#!/bin/sh\necho \"$@\" >> /root/systemctl.log\ntest ! -e /root/systemctl.fails\n";
    factor.world.write_file("/usr/local/sbin/systemctl", script, 0o755);
}

fn told(factor: &Factor) -> String {
    factor.world.sh("cat /root/systemctl.log 2>/dev/null || true").ok()
}

fn what_the_timer_runs(factor: &Factor) -> String {
    let unit = factor.world.read_file(&format!("/etc/systemd/system/{}", UNITS[0]));
    let unit = String::from_utf8(unit).expect("text");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command").to_owned();
    factor.world.sh(&line).ok()
}

fn is_clean(factor: &Factor) {
    assert!(!factor.world.exists(PENDING));
    for unit in UNITS {
        assert!(!factor.world.exists(&format!("/etc/systemd/system/{unit}")), "{unit}");
    }
}

#[test]
fn without_systemd_it_is_refused_and_nothing_is_done() {
    let (factor, _) = stage();
    let before = stack(&factor, "sshd");
    let outcome = pam_command(&factor, &["add", "sshd", "--yes", "--confirm", "10m"]);
    outcome.expect_code(1);
    has(&outcome.errors(), &["--confirm needs systemd, which does not run this host", "hint: leave it out"]);
    assert_eq!(stack(&factor, "sshd"), before);
    is_clean(&factor);
    for time in ["10", "30s", "2d", "soon"] {
        pam_command(&factor, &["add", "sshd", "--yes", "--confirm", time]).expect_code(2);
    }
}

#[test]
fn nobody_got_in_so_it_is_as_before() {
    let (factor, _) = stage();
    with_systemd(&factor);
    let before = stack(&factor, "sshd");
    let outcome = pam_command(&factor, &["add", "sshd", "--yes", "--confirm", "10m"]);
    outcome.ok();
    has(&outcome.errors(), &["log in anew by sshd, with a code, before 20", "countersign pam keep"]);
    assert_ne!(stack(&factor, "sshd"), before);
    assert_eq!(
        told(&factor),
        "daemon-reload\nenable countersign-pam-rollback.service\nenable --now countersign-pam-rollback.timer\n"
    );
    has(&what_the_timer_runs(&factor), &["there is time until"]);
    assert_ne!(stack(&factor, "sshd"), before, "not before its time");
    factor.world.move_clock(600);
    has(&what_the_timer_runs(&factor), &["sshd: is as it was before"]);
    assert_eq!(stack(&factor, "sshd"), before);
    gets_in(&factor, "sshd", &[PASSWORD]);
    has(&told(&factor), &["disable --now countersign-pam-rollback.timer"]);
    factor.world.wait_for_log(&["event=changed", "service=sshd", "what=pam_rollback"]);
    // It was meant, so the doctor does not miss them.
    let diagnosis = factor.world.run(&[COMMAND, "doctor"]).text();
    assert!(!diagnosis.contains("our lines are gone"), "{diagnosis}");
    is_clean(&factor);
}

#[test]
fn what_someone_logged_in_by_with_a_code_stays_and_the_rest_goes() {
    let (factor, phone) = stage();
    with_systemd(&factor);
    let before = [stack(&factor, "sshd"), stack(&factor, "sudo")];
    pam_command(&factor, &["add", "sshd", "sudo", "--yes", "--confirm", "1m"]).ok();
    let after = stack(&factor, "sshd");
    gets_in(&factor, "sshd", &[PASSWORD, &factor.code(&phone)]);
    factor.world.move_clock(60);
    has(&what_the_timer_runs(&factor), &["sshd: someone logged in with a code; it stays", "sudo: is as it was before"]);
    assert_eq!([stack(&factor, "sshd"), stack(&factor, "sudo")], [after, before[1].clone()]);
    is_clean(&factor);
}

#[test]
fn a_login_from_before_or_without_a_code_confirms_nothing() {
    let (factor, phone) = stage();
    with_systemd(&factor);
    pam_command(&factor, &["add", "sshd", "--yes"]).ok();
    gets_in(&factor, "sshd", &[PASSWORD, &factor.code(&phone)]);
    pam_command(&factor, &["remove", "sshd", "--yes"]).ok();
    factor.next_step();
    let before = stack(&factor, "sshd");
    factor.world.countersign(&["disable", "alice"]).ok();
    pam_command(&factor, &["add", "sshd", "--yes", "--confirm", "1m"]).ok();
    gets_in(&factor, "sshd", &[PASSWORD]);
    factor.world.move_clock(60);
    has(&what_the_timer_runs(&factor), &["sshd: is as it was before"]);
    assert_eq!(stack(&factor, "sshd"), before);
}

#[test]
fn where_state_or_configuration_cannot_be_used_it_is_taken_back_too() {
    let (factor, phone) = stage();
    with_systemd(&factor);
    let before = stack(&factor, "sshd");
    pam_command(&factor, &["add", "sshd", "--yes", "--confirm", "1m"]).ok();
    gets_in(&factor, "sshd", &[PASSWORD, &factor.code(&phone)]);
    factor.world.configure("broken");
    factor.world.move_clock(60);
    has(&what_the_timer_runs(&factor), &["sshd: is as it was before"]);
    assert_eq!(stack(&factor, "sshd"), before);
}

#[test]
fn kept_or_taken_back_by_hand_and_never_two_at_once() {
    let (factor, _) = stage();
    with_systemd(&factor);
    let before = stack(&factor, "sshd");
    pam_command(&factor, &["add", "sshd", "--yes", "--confirm", "10m"]).ok();
    let after = stack(&factor, "sshd");
    let second = pam_command(&factor, &["add", "sudo", "--yes", "--confirm", "10m"]);
    has(&second.expect_code(1).errors(), &["a change waits to be confirmed already", "countersign pam rollback"]);
    has(&pam_command(&factor, &["keep"]).ok(), &["sshd: kept"]);
    is_clean(&factor);
    assert_eq!(stack(&factor, "sshd"), after);
    has(&pam_command(&factor, &["rollback"]).ok(), &["nothing waits to be confirmed"]);
    assert_eq!(stack(&factor, "sshd"), after);
    pam_command(&factor, &["remove", "sshd", "--yes"]).ok();
    pam_command(&factor, &["add", "sshd", "--yes", "--confirm", "10m"]).ok();
    has(&pam_command(&factor, &["rollback"]).ok(), &["sshd: is as it was before"]);
    assert_eq!(stack(&factor, "sshd"), before);
    is_clean(&factor);
}

#[test]
fn what_others_changed_meanwhile_stays_and_only_our_lines_go() {
    let (factor, _) = stage();
    with_systemd(&factor);
    let before = stack(&factor, "sshd");
    pam_command(&factor, &["add", "sshd", "--yes", "--confirm", "1m"]).ok();
    factor.world.sh("echo '# by hand' >> /etc/pam.d/sshd").ok();
    factor.world.move_clock(60);
    has(&what_the_timer_runs(&factor), &["was changed meanwhile; only our lines are taken out"]);
    assert_eq!(stack(&factor, "sshd"), format!("{before}# by hand\n"));
}

#[test]
fn a_timer_that_does_not_start_leaves_the_stack_alone() {
    let (factor, _) = stage();
    with_systemd(&factor);
    factor.world.sh("touch /root/systemctl.fails").ok();
    let before = stack(&factor, "sshd");
    let outcome = pam_command(&factor, &["add", "sshd", "--yes", "--confirm", "10m"]);
    outcome.expect_code(1);
    has(&outcome.errors(), &["systemctl daemon-reload failed, so nothing is changed"]);
    assert_eq!(stack(&factor, "sshd"), before);
    is_clean(&factor);
}

#[test]
fn a_change_whose_timer_is_gone_is_taken_back_by_the_next_start_or_the_next_command() {
    let (factor, _) = stage();
    with_systemd(&factor);
    let before = stack(&factor, "sshd");
    pam_command(&factor, &["add", "sshd", "--yes", "--confirm", "1m"]).ok();
    let unit = String::from_utf8(factor.world.read_file(&format!("/etc/systemd/system/{}", UNITS[0]))).expect("text");
    has(&unit, &["WantedBy=multi-user.target", "Restart=on-failure"]);
    factor.world.sh("rm /etc/systemd/system/countersign-pam-rollback.*").ok();
    factor.world.move_clock(60);
    let next = pam_command(&factor, &["add", "sudo", "--yes"]);
    has(&next.ok(), &["a change was to be confirmed by", "sshd: is as it was before", "/etc/pam.d/sudo: written"]);
    assert_eq!(stack(&factor, "sshd"), before);
    is_clean(&factor);
}

#[test]
fn units_that_a_crash_left_half_do_not_keep_the_next_change_from_its_timer() {
    let (factor, _) = stage();
    with_systemd(&factor);
    for left in UNITS {
        factor.world.write_file(&format!("/etc/systemd/system/{left}"), "[Unit]\n", 0o644);
        pam_command(&factor, &["add", "sshd", "--yes", "--confirm", "10m"]).ok();
        assert!(factor.world.exists(PENDING));
        pam_command(&factor, &["rollback"]).ok();
        is_clean(&factor);
    }
}

#[test]
fn a_change_is_taken_back_also_where_its_copies_are_gone() {
    let (factor, _) = stage();
    with_systemd(&factor);
    let before = stack(&factor, "sshd");
    pam_command(&factor, &["add", "sshd", "--yes", "--confirm", "1m"]).ok();
    factor.world.sh("rm -r /etc/countersign/pam.d.backup").ok();
    pam_command(&factor, &["rollback"]).ok();
    assert_eq!(stack(&factor, "sshd"), before);
    is_clean(&factor);
}

#[test]
fn what_waits_has_its_timer_wherever_a_kill_cuts_add_short() {
    let (factor, _) = stage();
    with_systemd(&factor);
    let before = stack(&factor, "sshd");
    let mut waited = 0;
    for call in ["openat", "fsync", "linkat", "renameat"] {
        for when in 1..60 {
            let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=KILL:when={when}"));
            let words = ["strace", "-o", "/dev/null", "-e", &trace, "-e", &inject, COMMAND];
            let outcome =
                factor.world.run(&[&words[..], &["pam", "add", "sshd", "--yes", "--confirm", "10m"]].concat());
            let is_new = stack(&factor, "sshd") != before;
            let waits = factor.world.exists(PENDING);
            assert!(!is_new || waits, "{call} {when}: a change that nothing takes back");
            if waits {
                waited += 1;
                let unit = format!("/etc/systemd/system/{}", UNITS[1]);
                assert!(factor.world.exists(&unit), "{call} {when}: what waits has no timer");
                has(&told(&factor), &["enable --now countersign-pam-rollback.timer"]);
            }
            pam_command(&factor, &["rollback"]).ok();
            assert_eq!(stack(&factor, "sshd"), before);
            is_clean(&factor);
            factor.world.sh("rm -rf /etc/countersign/pam.d.backup /root/systemctl.log").ok();
            if outcome.code() == Some(0) {
                break;
            }
        }
    }
    assert!(waited >= 4, "the last run of each call is whole");
}

#[test]
fn systemd_itself_understands_the_units() {
    let (factor, _) = stage();
    with_systemd(&factor);
    pam_command(&factor, &["add", "sshd", "--yes", "--confirm", "10m"]).ok();
    let timer = String::from_utf8(factor.world.read_file(&format!("/etc/systemd/system/{}", UNITS[1]))).expect("text");
    has(&timer, &["Persistent=true", "WantedBy=timers.target"]);
    let when = timer.lines().find_map(|line| line.strip_prefix("OnCalendar=")).expect("a time").to_owned();
    let wanted = format!("date -u -d '{when}' +%s");
    let at: i64 = factor.world.sh(&wanted).ok().trim().parse().expect("a time");
    assert_eq!(at, factor.world.clock().now() + 600);
    if factor.world.run(&["sh", "-c", "command -v systemd-analyze"]).status.success() {
        let paths = UNITS.map(|unit| format!("/etc/systemd/system/{unit}"));
        let verified = factor.world.run(&["systemd-analyze", "verify", "--man=no", &paths[0], &paths[1]]);
        verified.ok();
        assert!(!verified.errors().contains("countersign"), "{}", verified.errors());
        factor.world.run(&["systemd-analyze", "calendar", &when]).ok();
    }
}
