//! Lines put in, and taken out again.
use crate::confirm::with_systemd;
use crate::stage::{PASSWORD, gets_in, has, login, pam_command, stack, stage};
use countersign_tests::Terminal;
use countersign_tests::world::COMMAND;

const AUTH: &str = "auth     required                    pam_countersign.so\n";
const ACCOUNT: &str = "account  required                    pam_countersign.so\n";

#[test]
fn what_debian_ships_asks_for_a_code_from_then_on_and_is_as_before_after_it() {
    let (factor, phone) = stage();
    let before = stack(&factor, "sshd");
    gets_in(&factor, "sshd", &[PASSWORD]);
    let outcome = pam_command(&factor, &["add", "sshd", "--yes"]);
    has(
        &outcome.ok(),
        &["sshd, password: asked", "+auth     required", "+account  required", "/etc/pam.d/sshd: written"],
    );
    has(&outcome.errors(), &["pam_nologin.so refuses has stored what was proven before; make it `requisite`"]);
    let after = stack(&factor, "sshd");
    has(&after, &[&format!("@include common-auth\n{AUTH}"), &format!("{ACCOUNT}@include common-account\n")]);
    assert_eq!(after.replace(AUTH, "").replace(ACCOUNT, ""), before, "no other byte");
    gets_in(&factor, "sshd", &[PASSWORD, &factor.code(&phone)]);
    let wrong = login(&factor, "sshd", &["wrong", &factor.code(&phone)]);
    assert!(!wrong.let_in() && wrong.prompts().len() == 1, "a wrong password never reaches the code: {wrong:#?}");
    factor.world.wait_for_log(&["event=changed", "service=sshd", "what=pam_add"]);
    let copies = factor.world.sh("cat /etc/countersign/pam.d.backup/sshd.before.*").ok();
    assert_eq!(copies, before);
    let modes = factor.world.sh("stat -c %a /etc/countersign/pam.d.backup/sshd.*").ok();
    assert!(
        modes.lines().count() == 2 && modes.lines().all(|mode| mode == "600"),
        "a stack may hold a password: {modes}"
    );
    pam_command(&factor, &["remove", "sshd", "--yes"]).ok();
    assert_eq!(stack(&factor, "sshd"), before);
    gets_in(&factor, "sshd", &[PASSWORD]);
    factor.world.wait_for_log(&["event=changed", "service=sshd", "what=pam_remove"]);
}

#[test]
fn every_login_service_of_debian_takes_them() {
    let (factor, phone) = stage();
    let services = ["login", "su", "su-l", "sudo", "sudo-i"];
    let before: Vec<String> = services.iter().map(|service| stack(&factor, service)).collect();
    let words = [&["add"], &services[..], &["--yes"]].concat();
    let text = pam_command(&factor, &words).ok();
    has(&text, &["su-l: has both lines already"]);
    assert_eq!(stack(&factor, "su-l"), before[2], "it includes su");
    for service in services {
        gets_in(&factor, service, &[PASSWORD, &factor.code(&phone)]);
        factor.next_step();
    }
    let doctor = factor.world.countersign(&["doctor"]).text();
    assert!(!doctor.contains("no `account required"), "{doctor}");
    let alone = pam_command(&factor, &["remove", "su-l", "--yes"]);
    has(
        &alone.expect_code(1).errors(),
        &["su-l: nothing is written: the line of pam_countersign.so is /etc/pam.d/su:"],
    );
    let reversed: Vec<&str> = services.into_iter().rev().collect();
    pam_command(&factor, &[&["remove"], &reversed[..], &["--yes"]].concat()).ok();
    let now: Vec<String> = services.iter().map(|service| stack(&factor, service)).collect();
    assert_eq!(now, before);
}

#[test]
fn nothing_is_written_twice_or_unasked() {
    let (factor, _) = stage();
    let before = stack(&factor, "sshd");
    let unasked = pam_command(&factor, &["add", "sshd"]);
    unasked.expect_code(1);
    has(&unasked.text(), &["--- /etc/pam.d/sshd"]);
    has(&unasked.errors(), &["Write this? (yes/no)", "error: nothing was written"]);
    assert_eq!(stack(&factor, "sshd"), before);
    assert!(!factor.world.exists("/etc/countersign/pam.d.backup"));
    let mut person = Terminal::spawn(&factor.world, &[COMMAND, "pam", "add", "sshd"]);
    person.expect("+auth     required                    pam_countersign.so");
    person.answer("Write this? (yes/no) ", "yes");
    person.expect("/etc/pam.d/sshd: written");
    person.expect("keep this session open");
    assert_eq!(person.wait_exit().code(), Some(0));
    let once = stack(&factor, "sshd");
    has(&pam_command(&factor, &["add", "sshd", "SSHD", "--yes"]).ok(), &["sshd: has both lines already"]);
    assert_eq!(stack(&factor, "sshd"), once);
    pam_command(&factor, &["remove", "sshd", "--yes"]).ok();
    has(&pam_command(&factor, &["remove", "sshd", "--yes"]).ok(), &["sshd: has no line of ours"]);
    assert_eq!(stack(&factor, "sshd"), before);
}

#[test]
fn one_line_that_is_missing_is_put_beside_the_one_that_is_there() {
    let (factor, phone) = stage();
    pam_command(&factor, &["add", "sshd", "--yes"]).ok();
    let whole = stack(&factor, "sshd");
    for line in [AUTH, ACCOUNT] {
        factor.world.write_file("/etc/pam.d/sshd", whole.replace(line, ""), 0o644);
        pam_command(&factor, &["add", "sshd", "--yes"]).ok();
        assert_eq!(stack(&factor, "sshd"), whole);
    }
    gets_in(&factor, "sshd", &[PASSWORD, &factor.code(&phone)]);
}

#[test]
fn owner_mode_and_attributes_stay_and_nothing_is_left_behind() {
    let (factor, _) = stage();
    factor.world.sh("chmod 640 /etc/pam.d/sshd; chgrp shadow /etc/pam.d/sshd").ok();
    let attribute = "python3 -c \"import os; os.setxattr('/etc/pam.d/sshd', 'user.label', b'kept')\" 2>/dev/null || \
                     python3 -c \"import os; os.setxattr('/etc/pam.d/sshd', 'trusted.label', b'kept')\"";
    factor.world.sh(attribute).ok();
    let seen = "stat -c '%a %U %G %h' /etc/pam.d/sshd; ls -A /etc/pam.d | wc -l; \
                python3 -c \"import os; p='/etc/pam.d/sshd'; print([(n, os.getxattr(p, n)) for n in os.listxattr(p)])\"";
    let before = factor.world.sh(seen).ok();
    has(&before, &["640 root shadow 1", "kept"]);
    pam_command(&factor, &["add", "sshd", "--yes"]).ok();
    assert_eq!(factor.world.sh(seen).ok(), before);
}

#[test]
fn another_second_factor_in_the_stack_is_told_and_both_are_asked_until_it_goes() {
    let (factor, phone) = stage();
    let secret = format!("{}\n\" TOTP_AUTH\n", phone.secret);
    factor.world.write_file("/home/alice/.google_authenticator", secret, 0o600);
    factor.world.sh("chown alice /home/alice/.google_authenticator").ok();
    factor
        .world
        .sh("sed -i '/^@include common-auth/a auth required pam_google_authenticator.so nullok' /etc/pam.d/sshd")
        .ok();
    let outcome = pam_command(&factor, &["add", "sshd", "--yes"]);
    has(&outcome.ok(), &["sshd, password: asked"]);
    has(
        &outcome.errors(),
        &["pam_google_authenticator.so asks for a code as well; to have one of them, take that line out"],
    );
    let code = factor.code(&phone);
    gets_in(&factor, "sshd", &[PASSWORD, &code, &code]);
    factor.next_step();
    factor.world.sh("sed -i '/google/d' /etc/pam.d/sshd").ok();
    gets_in(&factor, "sshd", &[PASSWORD, &factor.code(&phone)]);
}

#[test]
fn what_is_there_is_shown() {
    let (factor, _) = stage();
    has(&pam_command(&factor, &["show"]).ok(), &["no service has a line of pam_countersign.so"]);
    pam_command(&factor, &["add", "sshd", "--yes"]).ok();
    let shown = pam_command(&factor, &["show"]).ok();
    has(&shown, &["/etc/pam.d/sshd:", ": auth required pam_countersign.so", "  sshd, password: asked"]);
    assert!(!shown.contains("sudo"), "{shown}");
    has(&pam_command(&factor, &["show", "sudo"]).ok(), &["/etc/pam.d/sudo: no line of ours", "sudo: not asked"]);
    has(&pam_command(&factor, &["show", "nothing"]).expect_code(1).text(), &["there is no such service"]);
}

#[test]
fn twenty_copies_of_a_service_are_kept_and_those_a_waiting_change_needs() {
    let (factor, _) = stage();
    with_systemd(&factor);
    pam_command(&factor, &["add", "sudo", "--yes", "--confirm", "10m"]).ok();
    // As if these were newer, and many.
    let older = "cd /etc/countersign/pam.d.backup; for day in $(seq 10 28); do for hour in 10 11; do \
                 echo > sshd.before.2020-01-${day}T$hour-00-00Z; echo > sudo.before.2099-01-${day}T$hour-00-00Z; \
                 echo > sshd.note.$day; done; done";
    factor.world.sh(older).ok();
    pam_command(&factor, &["add", "sshd", "--yes"]).ok();
    let count = |pattern: &str| {
        let script = format!("ls /etc/countersign/pam.d.backup | grep -c '{pattern}' || true");
        factor.world.sh(&script).ok().trim().to_owned()
    };
    assert_eq!([count("^sshd.before.20"), count("^sshd.after.20"), count("^sshd.note")], ["19", "1", "19"]);
    assert_eq!(count("^sshd.before.2020-01-28T11"), "1", "the newest stay");
    pam_command(&factor, &["rollback"]).ok();
    has(&pam_command(&factor, &["show", "sudo"]).ok(), &["no line of ours"]);
}

#[test]
fn one_change_of_stacks_at_a_time_and_the_other_is_named() {
    let (factor, _) = stage();
    let before = stack(&factor, "sshd");
    let lock = "/run/countersign-pam.lock";
    let script =
        format!("flock {lock} sh -c 'echo held > /run/held; exec sleep 1000' & until test -s /run/held; do :; done");
    factor.world.sh(&format!("rm -f {lock}; (umask 077; : > {lock}); ({script}) > /dev/null 2>&1")).ok();
    for words in [&["add", "sshd", "--yes"][..], &["rollback"]] {
        let outcome = pam_command(&factor, words);
        has(&outcome.expect_code(1).errors(), &["another change of stacks is under way, by process "]);
    }
    assert_eq!(stack(&factor, "sshd"), before);
    factor.world.sh("kill $(pgrep -x sleep)").ok();
    pam_command(&factor, &["add", "sshd", "--yes"]).ok();
    assert_eq!(factor.world.sh(&format!("stat -c '%a %U' {lock}")).ok(), "600 root\n");
    for spoil in ["chmod 666", "chown alice", "ln -f /etc/passwd.link 2>/dev/null || rm -f"] {
        factor.world.sh(&format!("{spoil} {lock}; test -e {lock} || ln -s /etc/shadow {lock}")).ok();
        let outcome = pam_command(&factor, &["remove", "sshd", "--yes"]);
        has(&outcome.expect_code(1).errors(), &["error: /run/countersign-pam.lock: is ", "remove it"]);
        factor.world.sh(&format!("rm {lock}; (umask 077; : > {lock})")).ok();
    }
}

#[test]
fn a_person_who_thinks_it_over_keeps_nobody_from_a_change() {
    let (factor, _) = stage();
    let mut person = Terminal::spawn(&factor.world, &[COMMAND, "pam", "add", "sshd"]);
    person.expect("Write this? (yes/no) ");
    pam_command(&factor, &["add", "sudo", "sshd", "--yes"]).ok();
    let once = stack(&factor, "sshd");
    person.answer("", "yes");
    person.expect("was changed meanwhile");
    assert_eq!(person.wait_exit().code(), Some(1));
    assert_eq!(stack(&factor, "sshd"), once);
}

#[test]
fn sshd_that_would_not_ask_is_told_before_the_question() {
    let (factor, _) = stage();
    factor.world.write_file("/etc/ssh/sshd_config", "UsePAM yes\nKbdInteractiveAuthentication no\n", 0o644);
    let outcome = pam_command(&factor, &["add", "sshd"]);
    outcome.expect_code(1);
    let errors = outcome.errors();
    has(&errors, &["KbdInteractiveAuthentication is no, so nobody can be asked", "the password method is on"]);
    let (before, _) = errors.split_once("Write this?").expect("it asks");
    assert!(before.contains("KbdInteractiveAuthentication yes"), "{errors}");
    let right = "UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\n";
    factor.world.write_file("/etc/ssh/sshd_config", right, 0o644);
    let outcome = pam_command(&factor, &["add", "sshd"]);
    has(&outcome.text(), &["sshd, keyboard-interactive by ssh: asked"]);
    assert!(!outcome.errors().contains("KbdInteractive"), "{}", outcome.errors());
}

#[test]
fn a_kill_at_any_moment_leaves_the_old_or_the_new_file() {
    let (factor, _) = stage();
    let before = stack(&factor, "sshd");
    let mut news = 0;
    for call in ["openat", "write", "fsync", "fchmod", "fchown", "rename", "renameat", "linkat"] {
        for when in 1..40 {
            let inject = format!("inject={call}:signal=KILL:when={when}");
            let trace = format!("trace={call}");
            let words = [
                "strace",
                "-f",
                "-o",
                "/dev/null",
                "-e",
                &trace,
                "-e",
                &inject,
                COMMAND,
                "pam",
                "add",
                "sshd",
                "--yes",
            ];
            let outcome = factor.world.run(&words);
            let now = stack(&factor, "sshd");
            let is_new =
                now.replace(AUTH, "").replace(ACCOUNT, "") == before && now.contains(AUTH) && now.contains(ACCOUNT);
            assert!(now == before || is_new, "{call} {when}: {now}");
            news += usize::from(is_new);
            factor.world.write_file("/etc/pam.d/sshd", &before, 0o644);
            factor.world.sh("rm -rf /etc/countersign/pam.d.backup").ok();
            if outcome.code() == Some(0) {
                break;
            }
        }
    }
    assert!(news >= 8, "the last run of each call is whole");
    assert!(factor.world.sh("ls -A /etc/pam.d").ok().lines().filter(|name| name.starts_with('.')).count() <= 1);
}
