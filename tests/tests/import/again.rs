//! What was thrown away here, as a stolen phone's token, does not come back with an old file.
use crate::stage::{
    SECRET, SECRET_HEX, assert_accepted, assert_used, google_file, has, import_google, import_oath, login_there, stage,
};
use countersign_tests::Factor;
use countersign_tests::code::Parameters;
use countersign_tests::pam_driver::pam;

const OTHER: &str = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U";
const THROWN_AWAY: &str = "alice: nothing taken: its key was imported before and is not here any more";
const REMEMBERED: &str = "/var/lib/countersign/imported/alice.toml";

fn sound(secret: &str) -> String {
    format!("{secret}\n\" TOTP_AUTH\n\" DISALLOW_REUSE\n")
}

/// Alice, taken over from a file that is still there.
fn taken_over() -> Factor {
    let factor = stage(&["alice", "bob"]);
    google_file(&factor, "alice", &sound(SECRET));
    import_google(&factor, &["alice", "--write"]).ok();
    factor
}

/// Asserts that the old file brings nothing back.
fn stays_away(factor: &Factor, more: &[&str]) {
    for write in [&[][..], &["--write"]] {
        let before = factor.state();
        let again = import_google(factor, &[&["alice"][..], more, write].concat());
        again.expect_code(1);
        has(&again.text(), &[THROWN_AWAY, "name the user and add --again"]);
        assert_eq!(factor.state(), before, "a refusal leaves no trace");
    }
}

#[test]
fn a_token_that_was_thrown_away_stays_away_however_that_was_done() {
    let token = Parameters::new(SECRET);
    for away in [&["reset", "alice"][..], &["forget", "alice"]] {
        let factor = taken_over();
        assert_accepted(&factor, "alice", &token);
        factor.world.countersign(away).ok();
        stays_away(&factor, &[]);
        stays_away(&factor, &["--replace"]);
        let all = import_google(&factor, &["--all", "--write"]);
        has(&all.text(), &[THROWN_AWAY]);
        has(&import_google(&factor, &["--all", "--write", "--again"]).errors(), &["--again"]);
        assert_eq!(factor.status("alice")["enrolled"], false, "{away:?}");
    }
    let factor = taken_over();
    google_file(&factor, "alice", &sound(OTHER));
    import_google(&factor, &["alice", "--write", "--replace"]).ok();
    google_file(&factor, "alice", &sound(SECRET));
    stays_away(&factor, &["--replace"]);
    assert_accepted(&factor, "alice", &Parameters::new(OTHER));
}

#[test]
fn it_comes_back_where_that_is_said_and_what_was_used_of_it_here_stays_used() {
    let factor = taken_over();
    let token = Parameters::new(SECRET);
    let (used, ahead) = (factor.code(&token), factor.code_of_step(&token, 1));
    assert_accepted(&factor, "alice", &token);
    assert!(factor.login("alice", &[&ahead]).let_in());
    factor.world.countersign(&["reset", "alice"]).ok();
    has(&import_google(&factor, &["alice", "--again"]).ok(), &["alice: would take a token", "codes are accepted from"]);
    has(&import_google(&factor, &["alice", "--again", "--write"]).ok(), &["alice: took a token"]);
    for code in [&used, &ahead] {
        assert!(!factor.login("alice", &[code]).let_in(), "used before the reset");
    }
    assert_used(&factor, "alice", &token);
    factor.next_step();
    factor.next_step();
    assert_accepted(&factor, "alice", &token);
    has(&import_google(&factor, &["alice", "--write"]).ok(), &["alice: already imported\n"]);
}

#[test]
fn one_of_several_that_was_thrown_away_keeps_no_other_from_what_was_used_there() {
    let factor = stage(&["alice"]);
    let other_hex = "6162636465666768696a6b6c6d6e6f7071727374";
    factor.world.write_file(
        "/root/users.oath",
        format!("HOTP/T30 alice - {SECRET_HEX}\nHOTP/T30 alice - {other_hex}\n"),
        0o600,
    );
    import_oath(&factor, &["--write"]).ok();
    factor.world.countersign(&["remove-token", "alice", "imported 2"]).ok();
    let token = Parameters::new(SECRET);
    let module = "pam_oath.so usersfile=/root/users.oath window=20 digits=6";
    assert_eq!(login_there(&factor, module, &factor.code(&token)), pam::SUCCESS);
    let again = import_oath(&factor, &["--write"]).ok();
    has(
        &again,
        &["alice: already imported; changed: codes that were used there", "note: a key that was imported before"],
    );
    assert_used(&factor, "alice", &token);
    assert!(!factor.login("alice", &[&factor.code(&Parameters::new(OTHER))]).let_in());
}

#[test]
fn what_is_remembered_is_no_secret_closed_to_others_and_damage_of_it_is_one_users_alone() {
    let factor = taken_over();
    let text = String::from_utf8(factor.world.read_file(REMEMBERED)).expect("text");
    assert!(!text.contains(SECRET) && !text.contains(SECRET_HEX), "{text}");
    let modes = factor.world.sh(&format!("stat -c '%a %U' /var/lib/countersign/imported {REMEMBERED}")).ok();
    let owner = factor.world.sh("stat -c %U /var/lib/countersign/users").ok();
    assert_eq!(modes, format!("700 {owner}600 {owner}"));
    google_file(&factor, "bob", &sound(OTHER));
    let damages = [
        (format!("sed -i 's/^version = 1/version = 2/' {REMEMBERED}"), "written by another version (format 2"),
        (format!("head -c 60 {REMEMBERED} > /root/x; cat /root/x > {REMEMBERED}"), "not understood"),
        (format!("chmod 644 {REMEMBERED}"), "has mode 0644"),
        (format!("rm {REMEMBERED}; ln -s /etc/passwd {REMEMBERED}"), "link"),
    ];
    for (damage, why) in damages {
        factor.world.sh(&damage).ok();
        let outcome = import_google(&factor, &["alice", "bob"]);
        outcome.expect_code(1);
        has(&outcome.errors(), &["error: alice: /var/lib/countersign/imported/alice.toml: ", why, "hint: "]);
        has(&outcome.text(), &["bob: would take a token"]);
        factor.world.sh(&format!("rm {REMEMBERED}; printf '%s' '{text}' > {REMEMBERED}; chmod 600 {REMEMBERED}")).ok();
    }
    factor.world.sh(&format!("echo x > {REMEMBERED}")).ok();
    assert_accepted(&factor, "alice", &Parameters::new(SECRET));
    has(&import_google(&factor, &["bob", "--write"]).ok(), &["bob: took a token"]);
}

#[test]
fn an_import_that_cannot_be_remembered_takes_nothing() {
    let factor = stage(&["alice"]);
    google_file(&factor, "alice", &sound(SECRET));
    let obstacles = [
        ("touch /var/lib/countersign/imported", "error: alice: /var/lib/countersign/imported: "),
        // Where it would be written, something is that cannot be removed.
        (
            "cd /var/lib/countersign; mkdir -m 700 imported imported/.alice.toml",
            "error: alice: /var/lib/countersign/imported/alice.toml: cannot be written",
        ),
    ];
    for (obstacle, why) in obstacles {
        factor.world.sh(obstacle).ok();
        let outcome = import_google(&factor, &["alice", "--write"]);
        outcome.expect_code(1);
        has(&outcome.errors(), &[why]);
        assert!(factor.record("alice").is_none());
        factor.world.sh("rm -r /var/lib/countersign/imported").ok();
    }
    import_google(&factor, &["alice", "--write"]).ok();
}

#[test]
fn a_backup_holds_what_was_imported_too() {
    let factor = taken_over();
    let backup = "tar --numeric-owner -C / -cpf /root/countersign.tar etc/countersign var/lib/countersign";
    factor.world.countersign(&["reset", "alice"]).ok();
    factor.world.sh(backup).ok();
    factor
        .world
        .sh("rm -r /var/lib/countersign /etc/countersign; tar --numeric-owner -C / -xpf /root/countersign.tar")
        .ok();
    factor.world.countersign(&["restored", "--yes"]).ok();
    stays_away(&factor, &[]);
}
