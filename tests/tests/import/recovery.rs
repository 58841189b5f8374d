//! Codes for an emergency stay behind; whoever had some is given recovery codes by what the command says.
use crate::stage::{google_file, has, import_google, stage};
use countersign_tests::Phase;
use countersign_tests::pam_driver::pam;

#[test]
fn all_who_had_emergency_codes_get_recovery_codes_by_the_line_that_is_told() {
    let factor = stage(&["alice", "bob", "carol"]);
    for (user, secret) in
        [("alice", "GEZDGNBVGY3TQOJQAA"), ("bob", "GEZDGNBVGY3TQOJQBB"), ("carol", "GEZDGNBVGY3TQOJQCC")]
    {
        let codes = if user == "carol" { "" } else { "12345678\n87654321\n" };
        google_file(&factor, user, &format!("{secret}\n\" TOTP_AUTH\n\" DISALLOW_REUSE\n{codes}"));
    }
    let dry = import_google(&factor, &["--all"]);
    assert!(!dry.errors().contains("for user in"), "there is no token yet: {}", dry.errors());
    let told = import_google(&factor, &["--all", "--write"]).errors();
    has(&told, &["the emergency codes of 2 users are not accepted here; to write recovery codes to hand out: "]);
    let command = told.lines().find_map(|line| line.split_once("to hand out: ")).expect("a command").1;
    has(command, &["for user in alice bob; do"]);
    factor.world.sh(command).ok();
    for user in ["alice", "bob"] {
        let path = format!("/root/recovery-codes.{user}");
        assert_eq!(factor.world.sh(&format!("stat -c %a {path}")).ok().trim(), "600");
        let sheet = String::from_utf8(factor.world.read_file(&path)).expect("text");
        let code = sheet.split_whitespace().find(|word| word.len() == 19 && word.contains('-')).expect("a code");
        assert!(!factor.login(user, &["12345678"]).let_in(), "it stays behind");
        factor.login(user, &[code]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    }
    let page = include_str!("../../../docs/migration.md");
    let body = command.split_once("; do ").expect("a loop").1.trim_end_matches("; done");
    assert!(page.contains(body), "docs/migration.md lacks: {body}");
}
