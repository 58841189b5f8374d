//! Lines of a users file of `pam_oath` as they exist: each is held against that module, taken over, and logged in with.
use crate::stage::{SECRET, SECRET_HEX, assert_accepted, assert_used, has, import_oath, login_there, stage};
use countersign_tests::Factor;
use countersign_tests::code::Parameters;
use countersign_tests::pam_driver::pam;

/// What becomes of a line here.
enum Here {
    /// A token of so many digits and seconds.
    Taken(u32, u32),
    /// The same, of which the present code was used already.
    Used(u32, u32),
    /// Nothing, for this reason.
    Left(&'static str),
}
use Here::{Left, Taken, Used};

/// Whether `pam_oath` accepts the present code.
#[derive(Debug, PartialEq)]
enum There {
    Accepted,
    Refused,
}
use There::{Accepted, Refused};

/// The columns behind the key, of a code, the time here and the time elsewhere.
type Columns = fn(&str, &str, &str) -> String;

/// A token of the line's kind; of a line that is left, one that the present code of its key is tried with.
fn token(digits: u32, period: u32) -> Parameters {
    Parameters { digits, period, ..Parameters::new(SECRET) }
}

fn play(factor: &Factor, line: &str, there: &There, here: &Here) {
    factor.world.countersign(&["forget", "alice"]).ok();
    factor.world.sh("rm -rf /var/lib/countersign/imported").ok();
    let (Taken(digits, period) | Used(digits, period)) = here else {
        return left(factor, line, there, here);
    };
    let token = token(*digits, *period);
    let write = |text: &str| factor.world.write_file("/root/users.oath", text, 0o600);
    write(line);
    let module = format!("pam_oath.so usersfile=/root/users.oath window=20 digits={digits}");
    let code = login_there(factor, &module, &factor.code(&token));
    assert_eq!(if code == pam::SUCCESS { Accepted } else { Refused }, *there, "{line}: there ({code})");
    write(line);
    let outcome = import_oath(factor, &["--write"]);
    assert!(
        outcome.text().starts_with("alice: took a token of 160 bits"),
        "{line}: {}{}",
        outcome.text(),
        outcome.errors()
    );
    if let Taken(..) = here {
        assert_accepted(factor, "alice", &token);
    }
    assert_used(factor, "alice", &token);
    factor.next_step();
    // A minute has two halves.
    factor.next_step();
    assert_accepted(factor, "alice", &token);
}

fn left(factor: &Factor, line: &str, there: &There, here: &Here) {
    let Left(why) = here else { return };
    factor.world.write_file("/root/users.oath", line, 0o600);
    let module = "pam_oath.so usersfile=/root/users.oath window=0 digits=6";
    let code = login_there(factor, module, &factor.code(&token(6, 30)));
    assert_eq!(if code == pam::SUCCESS { Accepted } else { Refused }, *there, "{line}: there ({code})");
    factor.world.write_file("/root/users.oath", line, 0o600);
    let outcome = import_oath(factor, &["--write"]);
    outcome.expect_code(1);
    assert!(outcome.text().contains(why), "{line}: {}", outcome.text());
    assert!(!outcome.text().contains(SECRET_HEX), "{line}");
    assert!(factor.record("alice").is_none(), "{line}");
}

#[test]
fn lines_of_every_type_are_taken_or_told() {
    let factor = stage(&["alice"]);
    let key = SECRET_HEX;
    let counts = "it counts logins (HOTP)";
    for (line, there, here) in [
        (format!("HOTP/T30 alice - {key}\n"), Accepted, Taken(6, 30)),
        (format!("HOTP/T30/6\talice\t-\t{key}"), Accepted, Taken(6, 30)),
        (format!("HOTP/T30/7 alice - {key}\n"), Accepted, Taken(7, 30)),
        (format!("HOTP/T30/8 alice - {key}\n"), Accepted, Taken(8, 30)),
        (format!("HOTP/T60 alice - {key}\n"), Accepted, Taken(6, 60)),
        (format!("HOTP/T60/8 alice - {key}\n"), Accepted, Taken(8, 60)),
        (format!("HOTP/T30 alice + {key}\n"), Accepted, Taken(6, 30)),
        (format!("# mine\n\n  \nHOTP/T30 alice - {key}\n#end\n"), Accepted, Taken(6, 30)),
        (format!("HOTP/T30 alice - {}\n", key.to_uppercase()), Accepted, Taken(6, 30)),
        (format!("HOTP/T45 alice - {key}\n"), Refused, Taken(6, 45)),
        (format!("HOTP alice - {key}\n"), Refused, Left(counts)),
        (format!("HOTP/E alice - {key}\n"), Refused, Left(counts)),
        (format!("HOTP/E/6 alice - {key}\n"), Refused, Left(counts)),
        (format!("HOTP/E/8 alice - {key} 3 755224 2009-12-07T23:23:49L\n"), Refused, Left(counts)),
        (format!("MOTP alice - {key}\n"), Refused, Left("the type of token is not")),
        (format!("TOTP alice - {key}\n"), Refused, Left("the type of token is not")),
        (format!("HOTP/T30/9 alice - {key}\n"), Refused, Left("the type of token is not")),
        (format!("HOTP/T30 alice 1234 {key}\n"), Refused, Left("it has a PIN")),
        (format!("HOTP/T30 alice - {}\n", &key[1..]), Refused, Left("the key is not in hex")),
        (format!("HOTP/T30 alice - 0x{key}\n"), Refused, Left("the key is not in hex")),
        (format!("HOTP/T30 alice - {SECRET}\n"), Refused, Left("the key is not in hex")),
        ("HOTP/T30 alice - 00112233\n".to_owned(), Refused, Left("shorter than 80 bits")),
        ("HOTP/T30 alice -\n".to_owned(), Refused, Left("fewer than four columns")),
        ("HOTP/T30 alice\n".to_owned(), Refused, Left("fewer than four columns")),
    ] {
        play(&factor, &line, &there, &here);
    }
}

#[test]
fn what_was_used_is_used_in_both_layouts_and_zones_are_no_riddle() {
    let factor = stage(&["alice"]);
    let key = SECRET_HEX;
    // Time passes between them, so each is about the present code.
    let columns: [Columns; 4] = [
        |code, time, _| format!("0 {code} {time}L"),
        |code, _, elsewhere| format!("0 {code} {elsewhere}L"),
        // As mod_authn_otp writes it: an offset and a count of failures come first.
        |code, time, _| format!("0 0 {code} {time}L"),
        |code, time, _| format!("1 2 {code} {time}L 192.0.2.7"),
    ];
    for columns in columns {
        let time = factor.world.sh("date -u +%Y-%m-%dT%H:%M:%S").ok();
        let elsewhere = factor.world.sh("date -u -d '14 hours' +%Y-%m-%dT%H:%M:%S").ok();
        let rest = columns(&factor.code(&token(6, 30)), time.trim(), elsewhere.trim());
        play(&factor, &format!("HOTP/T30 alice - {key} {rest}\n"), &Refused, &Used(6, 30));
    }
    for rest in ["0 123456 2026-11-24T08:00:00Z", "0 123456 2026-11-24T08:00:00+0100", "0 123456 now", "a b c d e f"] {
        let why = "neither pam_oath's nor mod_authn_otp's";
        play(&factor, &format!("HOTP/T30 alice - {key} {rest}\n"), &Refused, &Left(why));
    }
}

#[test]
fn names_with_odd_characters_are_users_like_any_other() {
    let factor = stage(&["alice"]);
    let names = ["x.y-z_1", "zoë", "DOM\\eve", "host$", "a'b", "UPPER"];
    let mut lines = String::new();
    for (number, name) in (0_usize..).zip(names) {
        let uid = 3000 + number;
        factor.world.write_file("/root/line", format!("{name}:x:{uid}:{uid}::/home/alice:/bin/sh\n"), 0o600);
        factor.world.sh("cat /root/line >> /etc/passwd").ok();
        let key = format!("{:02x}", number + 1).repeat(20);
        lines += &["HOTP/T30 ", name, " - ", &key, "\n"].concat();
    }
    factor.world.write_file("/root/users.oath", lines, 0o600);
    let done = import_oath(&factor, &["--write"]).ok();
    for name in names {
        has(&done, &[&format!("{name}: took a token of 160 bits")]);
        assert_eq!(factor.status(name)["enrolled"], true, "{name}");
    }
}
