//! Whose files are looked for, and who is never passed over in silence.
use crate::stage::{GOOGLE_FILE, google_file, has, import_google, stage};

const SOUND: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n\" TOTP_AUTH\n\" DISALLOW_REUSE\n";

#[test]
fn a_home_that_is_not_there_is_not_one_without_a_file() {
    let factor = stage(&["alice", "bob", "carol", "dora", "erin"]);
    google_file(&factor, "alice", SOUND);
    // Not mounted: nothing there; the empty place for it, which is root's; a link to what is away.
    factor.world.sh("mv /home/bob /root/; mv /home/carol /root/; mkdir /home/carol; mv /home/dora /root/; ln -s /net/dora /home/dora").ok();
    let all = import_google(&factor, &["--all"]);
    all.expect_code(1);
    has(
        &all.text(),
        &[
            "alice: would take a token",
            "bob: nothing taken: the home directory /home/bob is not there: is it mounted?\n",
            "carol: nothing taken: the home directory /home/carol is empty and belongs to uid 0: is it mounted?\n",
            "dora: nothing taken: the home directory /home/dora is not there: is it mounted?\n",
        ],
    );
    assert_eq!(all.text().lines().count(), 4, "erin has a home and no file, others cannot log in: {}", all.text());
    let named = import_google(&factor, &["bob", "erin"]);
    named.expect_code(1);
    has(
        &named.text(),
        &[
            "bob: nothing taken: the home directory /home/bob is not there",
            &format!("erin: nothing taken: /home/erin/{GOOGLE_FILE}: does not exist"),
        ],
    );
    factor.world.sh("rm -r /home/alice").ok();
    let nobody = import_google(&factor, &["--all"]);
    nobody.expect_code(1);
    assert!(!nobody.errors().contains("there is nobody to take over"), "{}", nobody.errors());
}

#[test]
fn a_home_behind_a_link_is_the_users_home() {
    let factor = stage(&["alice"]);
    google_file(&factor, "alice", SOUND);
    factor.world.sh("mkdir /srv/homes; mv /home/alice /srv/homes/; ln -s /srv/homes/alice /home/alice").ok();
    has(&import_google(&factor, &["alice"]).ok(), &["alice: would take a token of 160 bits"]);
}

#[test]
fn a_directory_of_all_files_that_is_not_there_is_an_error() {
    let factor = stage(&["alice"]);
    let words = ["--all", "--file", "/var/lib/ga/${USER}", "--as-root"];
    let away = import_google(&factor, &words);
    away.expect_code(1);
    has(&away.errors(), &["error: /var/lib/ga: No such file or directory", "is that file system mounted?"]);
    factor.world.sh("mkdir -m 755 /var/lib/ga").ok();
    has(&import_google(&factor, &words).errors(), &["there is nobody to take over"]);
    factor.world.sh(&format!("printf '%s' '{SOUND}' > /var/lib/ga/alice; chmod 600 /var/lib/ga/alice")).ok();
    has(&import_google(&factor, &words).ok(), &["alice: would take a token of 160 bits"]);
}

#[test]
fn users_of_a_directory_are_not_passed_over_in_silence() {
    let factor = stage(&["alice"]);
    google_file(&factor, "alice", SOUND);
    let quiet = import_google(&factor, &["--all"]);
    assert!(!quiet.errors().contains("elsewhere"), "{}", quiet.errors());
    factor.world.sh("cp --remove-destination /etc/nsswitch.conf /etc/n; sed '/^passwd/d' /etc/n > /etc/nsswitch.conf; echo 'passwd: files [NOTFOUND=continue] sss' >> /etc/nsswitch.conf").ok();
    let told = import_google(&factor, &["--all"]);
    has(
        &told.errors(),
        &["warning: only /etc/passwd was looked at, and accounts come from elsewhere too (sss)", "--group NAME"],
    );
    let command = told.errors();
    let command = command.lines().find_map(|line| line.split_once("as in: ")).expect("a command").1.to_owned();
    has(&factor.world.sh(&command).text(), &["alice: would take a token of 160 bits"]);
    let named = import_google(&factor, &["alice"]);
    assert!(!named.errors().contains("elsewhere"), "{}", named.errors());
}

#[test]
fn the_members_of_a_group_are_taken_over() {
    let factor = stage(&["alice", "bob", "carol"]);
    for user in ["alice", "bob"] {
        google_file(&factor, user, SOUND);
    }
    factor.world.add_to_group("staff2", &["alice", "carol"]);
    let done = import_google(&factor, &["--group", "staff2", "--write"]).ok();
    has(&done, &["alice: took a token of 160 bits"]);
    assert_eq!(done.lines().count(), 1, "carol has no file: {done}");
    assert!(factor.record("bob").is_none());
    has(&import_google(&factor, &["--group", "nosuch"]).errors(), &["group nosuch: the system knows no such group"]);
    import_google(&factor, &["--group", "staff2", "--all"]).expect_code(2);
    import_google(&factor, &["--group", "staff2", "alice"]).expect_code(2);
}
