//! From `pam_oath`: by its own module first, then by hand.
use crate::stage::{SECRET, SECRET_HEX, assert_accepted, assert_used, has, import_oath, login_there, stage};
use countersign_tests::Factor;
use countersign_tests::code::Parameters;
use countersign_tests::pam_driver::pam;

fn users_file(factor: &Factor, text: &str) {
    factor.world.write_file("/root/users.oath", text, 0o600);
}

fn hex(byte: u8) -> String {
    format!("{byte:02x}").repeat(20)
}

#[test]
fn a_code_used_there_is_used_here_in_whatever_zone_that_host_lived() {
    for zone in ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        let factor = stage(&["alice"]);
        factor.world.sh(&format!("ln -sf /usr/share/zoneinfo/{zone} /etc/localtime")).ok();
        users_file(&factor, &format!("HOTP/T30 alice - {SECRET_HEX}\n"));
        let token = Parameters::new(SECRET);
        let module = "pam_oath.so usersfile=/root/users.oath window=20 digits=6";
        assert_eq!(login_there(&factor, module, &factor.code(&token)), pam::SUCCESS, "{zone}");
        let dry = import_oath(&factor, &[]);
        has(&dry.ok(), &["alice: would take a token of 160 bits, one used code; changed: 2FA is on"]);
        assert!(factor.record("alice").is_none() && factor.counters("alice").is_none());
        has(&import_oath(&factor, &["--write"]).ok(), &["alice: took a token"]);
        assert_used(&factor, "alice", &token);
        factor.next_step();
        assert_accepted(&factor, "alice", &token);
    }
}

#[test]
fn every_line_of_a_file_is_accounted_for() {
    let factor = stage(&["alice", "bob", "carol", "dora", "erin"]);
    let (one, two, three) = (hex(1), hex(2), hex(3));
    users_file(
        &factor,
        &format!(
            "# pam_oath\n\nHOTP/T30 alice - {one}\r\nHOTP/T60/8\talice\t+\t{two}\nHOTP/E alice - {three} 7 755224 \
             2009-12-07T23:23:49L\nHOTP bob - {one} 3 755224 2009-12-07T23:23:49L\nHOTP/T30 carol 1234 {one}\nbroken\n\
             HOTP/T30 nobody-here - {one}\nHOTP/T30 dora - {one} -1 0 755224 2009-12-07T23:23:49L 192.0.2.7\n"
        ),
    );
    let outcome = import_oath(&factor, &["--write"]);
    outcome.expect_code(1);
    has(
        &outcome.text(),
        &[
            "line 8: nothing taken: the line has fewer than four columns",
            "alice: took a token of 160 bits and a token of 160 bits, 8 digits, 60 seconds; changed: 2FA is on; left: line 5: it \
             counts logins (HOTP)",
            "bob: nothing taken: line 6: it counts logins",
            "carol: nothing taken: line 7: it has a PIN",
            "dora: took a token of 160 bits, one used code",
            "left: a clock offset of -1 steps",
        ],
    );
    has(&outcome.errors(), &["error: nobody-here: the system knows no such user"]);
    let labels: Vec<_> = factor.status("alice")["tokens"]
        .as_array()
        .expect("tokens")
        .iter()
        .map(|token| token["label"].clone())
        .collect();
    assert_eq!(labels, ["imported", "imported 2"]);
    for secret in [&one, &two, &three] {
        assert!(!outcome.text().contains(secret.as_str()) && !outcome.errors().contains(secret.as_str()));
    }
    let long = Parameters { digits: 8, period: 60, ..Parameters::new("AIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQC") };
    assert_accepted(&factor, "alice", &long);
    let erin = import_oath(&factor, &["erin"]);
    erin.expect_code(1);
    has(&erin.text(), &["erin: nothing taken: has no line in /root/users.oath"]);
    assert_eq!(erin.text().lines().count(), 1, "only who was named");
}

#[test]
fn more_tokens_than_there_may_be_are_refused_whole_with_advice_that_helps() {
    let factor = stage(&["alice"]);
    let lines: Vec<_> = (1..=6).map(|n| format!("HOTP/T30 alice - {}", hex(n))).collect();
    users_file(&factor, &lines.join("\n"));
    let outcome = import_oath(&factor, &["--write"]);
    outcome.expect_code(1);
    has(
        &outcome.text(),
        &["alice: nothing taken: 6 tokens (lines 1, 2, 3, 4, 5, 6), of which a user may have 5: take those lines out"],
    );
    assert!(factor.record("alice").is_none());
    users_file(&factor, &lines[..5].join("\n"));
    import_oath(&factor, &["--write"]).ok();
    users_file(&factor, &format!("HOTP/T30 alice - {}", hex(9)));
    let full = import_oath(&factor, &["--write", "--replace"]);
    full.expect_code(1);
    has(&full.text(), &["5 tokens are here and 1 would come", "countersign remove-token alice LABEL"]);
    factor.world.countersign(&["remove-token", "alice", "imported 5"]).ok();
    has(&import_oath(&factor, &["--write", "--replace"]).ok(), &["changed: the 4 old tokens go"]);
}

#[test]
fn one_key_on_two_lines_is_one_token_with_all_that_was_used_of_it() {
    let factor = stage(&["alice", "bob"]);
    let token = Parameters::new(SECRET);
    let now = factor.world.sh("date -u +%Y-%m-%dT%H:%M:%SL").ok();
    users_file(
        &factor,
        &format!(
            "HOTP/T30 alice - {SECRET_HEX}\nHOTP/T30/6 alice - {SECRET_HEX} 0 {} {}\nHOTP/T30 bob - {one}\nHOTP/T30/8 bob - \
             {one}\n",
            factor.code(&token),
            now.trim(),
            one = hex(1)
        ),
    );
    let outcome = import_oath(&factor, &["--write"]);
    outcome.expect_code(1);
    has(
        &outcome.text(),
        &[
            "alice: took a token of 160 bits; changed: 2FA is on, codes are accepted from ",
            " on; note: lines 1 and 2 hold one key, which is one token\n",
            "bob: nothing taken: lines 3 and 4 hold one key with different digits or seconds: take out the one",
        ],
    );
    assert_eq!(factor.status("alice")["tokens"].as_array().map(Vec::len), Some(1));
    assert_used(&factor, "alice", &token);
    has(&import_oath(&factor, &["alice", "--write"]).ok(), &["alice: already imported; note: lines 1 and 2"]);
}

#[test]
fn a_file_that_others_could_have_written_is_not_read() {
    let factor = stage(&["alice"]);
    users_file(&factor, &format!("HOTP/T30 alice - {SECRET_HEX}\n"));
    let refused = |script: &str, why: &str| {
        factor.world.sh(script).ok();
        let outcome = import_oath(&factor, &["--write"]);
        outcome.expect_code(1);
        has(&outcome.errors(), &[why]);
        assert!(factor.record("alice").is_none());
    };
    refused("chmod 666 /root/users.oath", "others than root could have written it");
    refused("chmod 600 /root/users.oath; chown alice /root/users.oath", "others than root could have written it");
    refused("mv /root/users.oath /root/x; ln -s /root/x /root/users.oath", "is a symbolic link");
    refused("rm /root/users.oath; mkfifo /root/users.oath", "is not a regular file");
    refused("rm /root/users.oath", "does not exist");
    let elsewhere = factor.world.countersign(&["import", "oath", "/tmp/users.oath"]);
    has(&elsewhere.errors(), &["/tmp: has mode 1777", "hint: copy the file to a directory that only root can change"]);
}
