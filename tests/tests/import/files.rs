//! Files that are odd, or traps: nothing is opened as root in a home, nothing hangs, nothing is taken from a stranger.
use crate::stage::{GOOGLE_FILE, SECRET, google_file, has, import_google, in_home, stage};
use countersign_tests::Factor;
use std::time::Duration;

const SOUND: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n\" TOTP_AUTH\n\" DISALLOW_REUSE\n";

/// Asserts that nothing is taken from a file, why, and that this does not take long.
fn nothing_taken(factor: &Factor, why: &str) {
    let words = ["/usr/bin/countersign", "import", "google-authenticator", "alice", "--write"];
    let outcome = factor.world.command(&words).limit(Duration::from_secs(20)).run();
    outcome.expect_code(1);
    has(&outcome.text(), &["alice: nothing taken: /home/alice/.google_authenticator: ", why]);
    assert!(factor.record("alice").is_none(), "{}", outcome.text());
}

#[test]
fn what_is_no_file_of_the_users_own_is_not_taken() {
    let factor = stage(&["alice", "bob"]);
    let home = format!("/home/alice/{GOOGLE_FILE}");
    in_home(&factor, "bob", GOOGLE_FILE, SOUND.as_bytes(), 0o600);
    let traps = [
        (format!("ln -s /home/bob/{GOOGLE_FILE} {home}"), "is a symbolic link"),
        (format!("mkfifo {home}; chown alice {home}"), "is not a regular file"),
        (format!("mkdir {home}; chown alice {home}"), "is not a regular file"),
        (format!("cp /home/bob/{GOOGLE_FILE} {home}; chown bob {home}; chmod 644 {home}"), "is owned by uid 1001"),
        (format!("cp /home/bob/{GOOGLE_FILE} {home}; chown alice {home}; chmod 660 {home}"), "has mode 0660"),
        (format!("head -c 70000 /dev/zero > {home}; chown alice {home}"), "is too large"),
        (format!(": > {home}; chown alice {home}"), "the file is empty"),
        (format!("printf '\\377\\376\\n' > {home}; chown alice {home}"), "its first line is no secret in base32"),
        (format!("cp /home/bob/{GOOGLE_FILE} {home}; chmod 600 {home}"), "Permission denied"),
    ];
    for (trap, why) in traps {
        factor.world.sh(&trap).ok();
        nothing_taken(&factor, why);
        factor.world.run(&["rm", "-r", &home]).ok();
    }
}

#[test]
fn a_directory_on_the_way_leads_only_where_the_user_could_go_alone() {
    let factor = stage(&["alice", "bob"]);
    in_home(&factor, "bob", GOOGLE_FILE, SOUND.as_bytes(), 0o600);
    factor.world.sh(&format!("mkdir -m 700 /root/secrets; echo '{SECRET}' > /root/secrets/alice; chmod 644 /root/secrets/alice; ln -s /root/secrets /home/alice/there")).ok();
    let outcome = import_google(&factor, &["alice", "--file", "~/there/${USER}", "--write"]);
    outcome.expect_code(1);
    has(&outcome.text(), &["alice: nothing taken: /home/alice/there/alice: Permission denied"]);
}

#[test]
fn a_home_that_root_cannot_enter_is_entered_as_the_user() {
    let factor = stage(&["alice"]);
    google_file(&factor, "alice", SOUND);
    // As on a file server that makes root nobody: here root has no power over files.
    let words = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner", "--"];
    factor.world.sh("chmod 700 /home/alice; rm -r /var/lib/countersign /etc/countersign/installation; countersign init --owner root").ok();
    let closed = factor.world.run(&[&words[..], &["cat", "/home/alice/.google_authenticator"]].concat());
    assert!(!closed.status.success(), "root gets in all the same");
    let import = ["/usr/bin/countersign", "import", "google-authenticator", "alice", "--write"];
    let done = factor.world.run(&[&words[..], &import].concat()).ok();
    has(&done, &["alice: took a token of 160 bits"]);
}

#[test]
fn the_file_is_opened_by_a_process_that_is_the_user_in_every_respect() {
    let factor = stage(&["alice"]);
    google_file(&factor, "alice", SOUND);
    factor.world.add_to_group("secret", &["root"]);
    let trace = "/root/trace";
    let strace = ["strace", "-f", "-s", "200", "-o", trace, "-e", "trace=openat,open,setuid,setgid,setgroups,execve"];
    let import = ["/usr/bin/countersign", "import", "google-authenticator", "alice", "--write"];
    factor.world.run(&[&strace[..], &import].concat()).ok();
    let trace = String::from_utf8(factor.world.read_file(trace)).expect("text");
    let opened: Vec<_> = trace.lines().filter(|line| line.contains(GOOGLE_FILE) && line.contains("open")).collect();
    let [opened] = opened.as_slice() else { panic!("opened {} times: {opened:?}", opened.len()) };
    has(opened, &["O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"]);
    let reader = opened.split_whitespace().next().expect("a pid");
    let life: Vec<_> = trace.lines().filter(|line| line.starts_with(reader)).collect();
    let place =
        |what: &str| life.iter().position(|line| line.contains(what)).unwrap_or_else(|| panic!("no {what}: {life:#?}"));
    let opening = place(GOOGLE_FILE.trim_start_matches('.'));
    for becoming in ["setgroups(0, NULL)", "setgid(1000)", "setuid(1000)"] {
        assert!(place(becoming) < opening, "{life:#?}");
    }
    assert!(!trace.contains(SECRET), "no secret in arguments");
}

#[test]
fn the_child_that_reads_is_of_no_use_to_anyone_else() {
    let factor = stage(&["alice", "bob"]);
    google_file(&factor, "bob", SOUND);
    let call = "exec -a countersign-reader /usr/bin/countersign /home/bob/.google_authenticator";
    let as_alice = factor.world.command(&["bash", "-c", call]).user("alice").run();
    assert!(as_alice.text().starts_with("no "), "{}", as_alice.text());
    let as_root = factor.world.run(&["bash", "-c", call]);
    assert_eq!((as_root.code(), as_root.text().as_str()), (Some(1), ""), "never as root");
}

#[test]
fn a_mode_that_let_others_read_is_told() {
    let factor = stage(&["alice"]);
    in_home(&factor, "alice", GOOGLE_FILE, SOUND.as_bytes(), 0o644);
    let done = import_google(&factor, &["alice", "--write"]).ok();
    has(&done, &["note: others could read the file (mode 0644): better a new token"]);
}

#[test]
fn files_below_etc_are_opened_as_root_where_that_is_said_and_only_there() {
    let factor = stage(&["alice"]);
    factor
        .world
        .sh(&format!("mkdir -m 700 /etc/ga; printf '%s' '{SOUND}' > /etc/ga/alice; chmod 400 /etc/ga/alice"))
        .ok();
    let file = ["alice", "--file", "/etc/ga/${USER}"];
    has(&import_google(&factor, &file).text(), &["/etc/ga/alice: Permission denied"]);
    has(
        &import_google(&factor, &[&file[..], &["--as-root"]].concat()).ok(),
        &["alice: would take a token of 160 bits"],
    );
    let in_home = import_google(&factor, &["alice", "--as-root"]);
    in_home.expect_code(1);
    has(&in_home.errors(), &["--as-root opens nothing in homes"]);
    factor.world.sh("chmod 777 /etc/ga").ok();
    let open = import_google(&factor, &[&file[..], &["--as-root"]].concat());
    has(&open.text(), &["alice: nothing taken: /etc/ga: has mode 0777"]);
}

#[test]
fn only_root_imports() {
    let factor = stage(&["alice"]);
    google_file(&factor, "alice", SOUND);
    let words = ["/usr/bin/countersign", "import", "google-authenticator", "alice", "--write"];
    let outcome = factor.world.command(&words).user("alice").run();
    outcome.expect_code(1);
    has(&outcome.errors(), &["only root can do this"]);
}
