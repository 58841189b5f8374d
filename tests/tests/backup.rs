//! Backup and restore, as docs/backup.md says: another machine goes on where the old one stopped, and nothing that was
//! used there is accepted again.
use countersign_tests::code::Parameters;
use countersign_tests::factor::IN_USE;
use countersign_tests::pam_driver::pam;
use countersign_tests::{Factor, Phase, World};

/// What the page says to type on the old machine, and on the new one.
const BACKUP: &str =
    "umask 077; tar --numeric-owner -C / -cpf /root/countersign.tar etc/countersign var/lib/countersign";
const RESTORE: &str = "tar --numeric-owner -C / -xpf /root/countersign.tar";

/// A machine with the product and the same people, but neither configuration nor state.
fn new_machine(users: &[&str], now: i64) -> Factor {
    let builder = users.iter().fold(World::builder(), |builder, user| builder.user(user, "correct horse"));
    let world = builder.build();
    world.install_product();
    world.clock().freeze_at(now);
    Factor { world }
}

/// Carries a backup over and unpacks it.
fn restore(from: &Factor, to: &Factor) {
    let backup = from.world.read_file("/root/countersign.tar");
    to.world.write_file("/root/countersign.tar", backup, 0o600);
    to.world.sh(RESTORE).ok();
}

fn now(factor: &Factor) -> i64 {
    factor.world.clock().now()
}

fn accepted(factor: &Factor, token: &Parameters) {
    let transcript = factor.login("alice", &[&factor.code(token)]);
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
}

fn refused(factor: &Factor, answer: &str) {
    let transcript = factor.login("alice", &[answer]);
    assert!(!transcript.let_in(), "{transcript:#?}");
}

#[test]
fn a_restored_machine_goes_on_where_the_backup_was_made() {
    let old = Factor::new(IN_USE, &["alice"]);
    let (token, codes) = old.enroll_with_recovery_codes("alice");
    old.login("alice", &[&codes[0]]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    accepted(&old, &token);
    let (before, used) = (old.status("alice"), old.code(&token));
    old.world.sh(BACKUP).ok();
    let new = new_machine(&["alice"], now(&old));
    restore(&old, &new);
    assert_eq!(new.status("alice"), before);
    refused(&new, &used);
    refused(&new, &codes[0]);
    new.login("alice", &[&codes[1]]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    new.next_step();
    accepted(&new, &token);
    let mode = old.world.sh("stat -c %a /root/countersign.tar").ok();
    assert_eq!(mode.trim(), "600", "the backup holds every secret");
}

#[test]
fn what_was_used_after_the_backup_is_not_accepted_again_once_the_restore_is_told() {
    let old = Factor::new(IN_USE, &["alice"]);
    let (token, codes) = old.enroll_with_recovery_codes("alice");
    old.world.sh(BACKUP).ok();
    accepted(&old, &token);
    old.login("alice", &[&codes[0]]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    let (ahead, used) = (old.code_of_step(&token, 1), old.code(&token));
    old.login("alice", &[&ahead]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    let new = new_machine(&["alice"], now(&old));
    restore(&old, &new);
    let told = new.world.countersign(&["restored", "--yes"]).ok();
    assert!(
        told.contains("users with a token: 1;") && told.contains("users whose recovery codes are void: 1;"),
        "{told}"
    );
    for answer in [&used, &ahead, &codes[0], &codes[1]] {
        refused(&new, answer);
    }
    new.world.wait_for_log(&["event=changed", "what=restored", "user=alice"]);
    new.world.countersign(&["unblock", "alice"]).ok();
    new.next_step();
    refused(&new, &ahead);
    new.next_step();
    accepted(&new, &token);
}

#[test]
fn without_being_told_nothing_can_know_and_the_page_says_so() {
    let old = Factor::new(IN_USE, &["alice"]);
    let (token, codes) = old.enroll_with_recovery_codes("alice");
    old.world.sh(BACKUP).ok();
    accepted(&old, &token);
    let new = new_machine(&["alice"], now(&old));
    restore(&old, &new);
    accepted(&new, &token);
    new.login("alice", &[&codes[0]]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    let page = include_str!("../../docs/backup.md");
    assert!(page.contains("countersign restored") && page.contains(BACKUP) && page.contains(RESTORE));
    assert!(page.contains("No state can know by itself"));
}

#[test]
fn recovery_codes_are_kept_where_that_is_said_and_nothing_is_done_unasked() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let (_, codes) = factor.enroll_with_recovery_codes("alice");
    let before = factor.state();
    let outcome = factor.world.countersign(&["restored"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("all 1 users that have state; all recovery codes become void"));
    assert_eq!(factor.state(), before, "nobody said yes");
    let typed = factor.world.command(&["/usr/bin/countersign", "restored", "--keep-recovery-codes"]).stdin("yes\n");
    typed.run().ok();
    factor.login("alice", &[&codes[0]]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
}

#[test]
fn one_user_whose_state_is_damaged_does_not_keep_the_others_from_it() {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    let token = factor.enroll("alice");
    factor.enroll("bob");
    factor.world.sh("echo x > /var/lib/countersign/users/bob.toml").ok();
    let outcome = factor.world.countersign(&["restored", "--yes"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("error: bob: ") && outcome.text().contains("users with a token: 1;"));
    refused(&factor, &factor.code(&token));
}

/// What the page says to type, block by block.
fn blocks() -> Vec<&'static str> {
    include_str!("../../docs/backup.md").split("```\n").skip(1).step_by(2).collect()
}

#[test]
fn the_page_typed_block_by_block_brings_a_machine_back_and_nothing_of_after_the_backup() {
    let factor = Factor::new(IN_USE, &["alice", "bob"]);
    let (token, codes) = factor.enroll_with_recovery_codes("alice");
    let blocks = blocks();
    let [backup, away, restore, give, tell] = blocks.as_slice() else { panic!("other blocks: {blocks:?}") };
    factor.world.sh(backup).ok();
    // After the backup: a code is used, bob enrolls, and then everything is damaged.
    accepted(&factor, &token);
    let used = factor.code(&token);
    factor.enroll("bob");
    factor.world.sh("for file in /var/lib/countersign/users/*; do echo x > $file; done").ok();
    refused(&factor, &used);
    factor.world.sh(away).ok();
    factor.world.sh(restore).ok();
    factor.world.sh(give).ok();
    let told = factor.world.command(&["sh", "-c", tell]).stdin("yes\n").run();
    assert!(told.text().contains("users with a token: 1;"), "{}{}", told.text(), told.errors());
    for answer in [&used, &codes[0]] {
        refused(&factor, answer);
    }
    assert_eq!(factor.status("bob")["enrolled"], false, "old and new are not mixed");
    factor.next_step();
    factor.next_step();
    accepted(&factor, &token);
}

#[test]
fn what_became_of_each_user_is_told_to_programs_too() {
    let factor = Factor::new(IN_USE, &["alice", "bob", "carol"]);
    factor.enroll_with_recovery_codes("alice");
    factor.enroll("bob");
    factor.world.countersign(&["enable", "carol"]).ok();
    factor.world.sh("echo x > /var/lib/countersign/users/bob.toml").ok();
    let outcome = factor.world.countersign(&["restored", "--yes", "--json"]);
    outcome.expect_code(1);
    let told: serde_json::Value = serde_json::from_str(&outcome.text()).expect("JSON");
    let all = |field: &str| told.as_array().expect("users").iter().map(|one| one[field].clone()).collect::<Vec<_>>();
    assert_eq!(all("user"), ["alice", "bob", "carol"]);
    assert_eq!(all("tokens"), [1, 0, 0]);
    assert_eq!(all("recovery_codes_voided"), [8, 0, 0]);
    assert_eq!(all("changed"), [true, false, false]);
    assert!(all("problem")[1].as_str().is_some_and(|why| why.starts_with("bob: ")), "{told}");
}

#[test]
fn state_without_its_installation_is_not_used() {
    let old = Factor::new(IN_USE, &["alice"]);
    old.enroll("alice");
    old.world.sh(BACKUP).ok();
    let new = new_machine(&["alice"], now(&old));
    restore(&old, &new);
    new.world.sh("rm /etc/countersign/installation").ok();
    new.assert_not_trusted("alice");
    let init = new.world.countersign(&["init"]);
    init.expect_code(1);
    assert!(init.errors().contains("another installation"), "{}", init.errors());
}

#[test]
fn where_the_account_has_another_number_the_state_is_given_to_it() {
    let old = Factor::new(IN_USE, &["alice"]);
    let token = old.enroll("alice");
    old.world.sh(BACKUP).ok();
    let new = new_machine(&["alice"], now(&old));
    new.world.sh("sed -i s/:990:990:/:777:777:/ /etc/passwd; sed -i s/:990:/:777:/ /etc/group; chown 0:777 /usr/libexec/countersign-helper; chmod 6755 /usr/libexec/countersign-helper").ok();
    restore(&old, &new);
    let page = include_str!("../../docs/backup.md");
    let give = page.split("```\n").find(|block| block.starts_with("chown -R countersign")).expect("what to type");
    new.world.sh(give).ok();
    accepted(&new, &token);
    let as_alice = new.world.command(&["/usr/bin/countersign", "status"]).user("alice").run();
    assert!(as_alice.ok().contains("Use 2FA"), "{}", as_alice.text());
}
