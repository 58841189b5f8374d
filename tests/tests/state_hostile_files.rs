//! Files that cannot be trusted: each refuses its user, is named in the log, is left as it is, and concerns nobody else.
use countersign_tests::code::Parameters;
use countersign_tests::factor::{IN_USE, MODULE, NOT_AVAILABLE};
use countersign_tests::pam_driver::pam;
use countersign_tests::{Driver, Factor, Phase};
use std::time::{Duration, Instant};

const RECORD: &str = "/var/lib/countersign/users/alice.toml";
const COUNTERS: &str = "/var/lib/countersign/counters/alice";
const FORMAT: &str = "/var/lib/countersign/format";
const INSTALLATION: &str = "/etc/countersign/installation";
const CONFIG: &str = "/etc/countersign/config.toml";

/// What is done to the file `$F`, and a word of the reason to log.
type Damage<'a> = (&'a str, &'a str);

/// What no file may be, whatever it is for.
const ANY_FILE: [Damage<'static>; 15] = [
    ("head -c 300 /dev/urandom > $F", ""),
    ("printf '\\377' | dd of=$F bs=1 seek=2 conv=notrunc status=none", ""),
    ("printf '\\000' | dd of=$F bs=1 seek=2 conv=notrunc status=none", ""),
    ("(cat $F; head -c 65536 /dev/zero | tr '\\0' '#') > /root/huge; cat /root/huge > $F", "64 KiB"),
    ("truncate -s 1G $F", "64 KiB"),
    ("rm $F; mkfifo -m 600 $F", "not a regular file"),
    ("rm $F; mkdir -m 700 $F", ""),
    ("mv $F $F.good; ln -s $F.good $F", "symbolic link"),
    ("ln -sf /nowhere $F", "symbolic link"),
    ("chown alice $F", "owned by uid"),
    ("chown nobody $F", "owned by uid"),
    ("rm $F; mknod -m 600 $F c 1 3", "not a regular file"),
    ("rm $F; mknod -m 600 $F c 1 5", "not a regular file"),
    ("rm $F; perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un($ARGV[0])) or die' $F", ""),
    ("chmod 0666 $F", "mode 0666"),
];

/// What no file of the state may be, besides.
const PRIVATE_FILE: [Damage<'static>; 7] = [
    ("ln $F $F.again", "2 hard links"),
    ("chmod 0644 $F", "mode 0644"),
    ("chmod 0640 $F", "mode 0640"),
    ("chmod 0660 $F", "mode 0660"),
    ("chmod 0400 $F", "mode 0400"),
    ("chmod 04600 $F", "mode 4600"),
    (": > $F", ""),
];

/// alice and bob enrolled, and a copy of it all to come back to.
struct Tried {
    factor: Factor,
    alice: Parameters,
    bob: Parameters,
}

impl Tried {
    fn new() -> Self {
        let factor = Factor::new(IN_USE, &["alice", "bob"]);
        let (alice, bob) = (factor.enroll("alice"), factor.enroll("bob"));
        let tried = Self { factor, alice, bob };
        // Both slots of the counters are in use.
        tried.factor.assert_next_code_accepted("alice", &tried.alice);
        tried.factor.assert_next_code_accepted("alice", &tried.alice);
        let script = "mkdir /root/good
            cp -a /etc/countersign /root/good/etc
            cp -a /var/lib/countersign /root/good/lib";
        tried.factor.world.sh(script).ok();
        tried
    }

    fn restore(&self) {
        let script = "rm -rf /etc/countersign /var/lib/countersign
            cp -a /root/good/etc /etc/countersign
            cp -a /root/good/lib /var/lib/countersign";
        self.factor.world.sh(script).ok();
    }

    /// Does the damage and asserts that alice is refused for it, in time, with a line in the log, and nothing else.
    fn refuses(&self, file: &str, (script, reason): Damage) {
        self.restore();
        let world = &self.factor.world;
        world.command(&["bash", "-euc", script]).env("F", file).run().ok();
        world.clear_log();
        let before = self.factor.state();
        let started = Instant::now();
        self.factor.assert_not_trusted("alice");
        assert!(started.elapsed() < Duration::from_secs(5), "{file}: {script}");
        assert_eq!(self.factor.state(), before, "{file}: {script}: touched");
        let event = if file == CONFIG { "event=misconfigured" } else { "event=untrusted user=alice" };
        world.wait_for_log(&[event, file, reason]);
    }

    /// As [`refuses`](Self::refuses), and bob logs in all the same (I8).
    fn refuses_alice_alone(&self, file: &str, damage: Damage) {
        self.refuses(file, damage);
        self.factor.assert_next_code_accepted("bob", &self.bob);
    }

    /// As [`refuses`](Self::refuses), and bob is refused as well.
    fn refuses_all(&self, file: &str, damage: Damage) {
        self.refuses(file, damage);
        self.factor.assert_not_trusted("bob");
    }

    /// Asserts that alice, her files back in place, logs in.
    fn recovers(&self) {
        self.restore();
        self.factor.assert_next_code_accepted("alice", &self.alice);
    }
}

/// A counters file with each slot changed by a sed expression and sealed anew.
fn resealed(sed: &str) -> String {
    format!(
        r#"for at in 0 4096; do
            line=$(dd if=$F bs=1 skip=$at count=512 status=none | tr -d '\n' | sed 's/ *$//')
            body=$(printf %s "${{line% *}}" | sed '{sed}')
            sum=$(printf %s "$body" | sha256sum | cut -c 1-16)
            printf '%-511s\n' "$body $sum" | dd of=$F bs=1 seek=$at conv=notrunc status=none
        done"#
    )
}

#[test]
fn a_record_that_is_no_plain_private_file_is_refused() {
    let tried = Tried::new();
    for damage in ANY_FILE.into_iter().chain(PRIVATE_FILE) {
        tried.refuses_alice_alone(RECORD, damage);
    }
    tried.recovers();
}

#[test]
fn counters_that_are_no_plain_private_file_are_refused() {
    let tried = Tried::new();
    for damage in ANY_FILE.into_iter().chain(PRIVATE_FILE) {
        // One damaged byte is what the second slot is for.
        if !damage.0.contains("seek=2") {
            tried.refuses_alice_alone(COUNTERS, damage);
        }
    }
    tried.recovers();
}

#[test]
fn a_record_with_damaged_content_is_refused() {
    let tried = Tried::new();
    for damage in [
        ("truncate -s -5 $F", ""),
        ("truncate -s 100 $F", ""),
        ("sed -i 's/^version = 1$/version = 2/' $F", "another version"),
        ("sed -i 's/^version = 1$/version = 0/' $F", "another version"),
        ("sed -i /^version/d $F", ""),
        ("sed -i /^use_2fa/d $F", ""),
        ("sed -i 's/^use_2fa = true/use_2fa = \"no\"/' $F", ""),
        ("sed -i 's/^revision = .*/revision = 0/' $F", "revision"),
        ("sed -i 's/^revision = .*/revision = -1/' $F", ""),
        ("echo 'grace = true' >> $F", ""),
        ("sed -i 's/^digits = 6/digits = 5/' $F", ""),
        ("sed -i 's/^period = 30/period = 0/' $F", ""),
        ("sed -i 's/^algorithm = .*/algorithm = \"MD5\"/' $F", ""),
        ("sed -i 's/^secret = .*/secret = \"\"/' $F", ""),
        ("sed -i 's/^secret = .*/secret = \"AAAA\"/' $F", ""),
        ("sed -i '/^secret/s/[A-Z2-7]\"$/1\"/' $F", ""),
        ("sed -i '/^secret/y/ABCDEFGHIJKLMNOPQRSTUVWXYZ/abcdefghijklmnopqrstuvwxyz/' $F", ""),
        (
            "sed -n '/^\\[\\[token/,/^$/p' $F > /root/again; sed -i '/^\\[recovery/,$d' $F; cat /root/again >> $F",
            "two tokens",
        ),
        ("sed -n '/^\\[recovery/,$p' $F > /root/again; cat /root/again >> $F", ""),
        ("sed -i 's/^salt = .*/salt = \"\"/' $F", ""),
        ("sed -i 's/^user = .*/user = \"bob\"/' $F", "another user"),
        ("cp -p ${F%/*}/bob.toml $F", "another user"),
    ] {
        tried.refuses_alice_alone(RECORD, damage);
    }
    tried.recovers();
}

#[test]
fn a_flipped_high_bit_anywhere_in_a_record_is_noticed() {
    let tried = Tried::new();
    let bytes = std::fs::read(tried.factor.world.path(RECORD)).expect("a record");
    for index in (0..bytes.len()).step_by(23) {
        let mut damaged = bytes.clone();
        damaged[index] ^= 0x80;
        std::fs::write(tried.factor.world.path(RECORD), damaged).expect("damage a record");
        tried.factor.assert_not_trusted("alice");
    }
    tried.recovers();
}

#[test]
fn damaged_counters_are_refused() {
    let tried = Tried::new();
    let version = resealed("s/^countersign-counters 1 /countersign-counters 2 /");
    for damage in [
        ("truncate -s -1 $F", "4608 bytes"),
        ("truncate -s 4096 $F", "4608 bytes"),
        ("truncate -s 512 $F", "4608 bytes"),
        ("echo >> $F", "4608 bytes"),
        ("truncate -s 0 $F; truncate -s 4608 $F", "damaged"),
        ("for at in 40 4136; do printf X | dd of=$F bs=1 seek=$at conv=notrunc status=none; done", "damaged"),
        ("for at in 0 4096; do printf c | dd of=$F bs=1 seek=$((at + 510)) conv=notrunc status=none; done", "damaged"),
        ("dd if=$F of=$F bs=1 count=512 seek=4096 conv=notrunc status=none", "same write"),
        (version.as_str(), "another version"),
        ("cp -p ${F%/*}/bob $F", "another record"),
    ] {
        tried.refuses_alice_alone(COUNTERS, damage);
    }
    tried.recovers();
}

#[test]
fn one_damaged_slot_leaves_the_state_of_the_other() {
    let tried = Tried::new();
    for at in [40, 4136] {
        tried.restore();
        let script = format!("printf X | dd of={COUNTERS} bs=1 seek={at} conv=notrunc status=none");
        tried.factor.world.sh(&script).ok();
        tried.factor.assert_next_code_accepted("alice", &tried.alice);
        let used = tried.factor.login("alice", &[tried.factor.code(&tried.alice).as_str(); 3]);
        used.assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    }
}

#[test]
fn a_record_gone_while_its_counters_exist_and_tokens_without_counters_are_refused() {
    let tried = Tried::new();
    tried.refuses_alice_alone(RECORD, ("rm $F", "does not exist"));
    tried.refuses_alice_alone(COUNTERS, ("rm $F", "does not exist"));
    tried.recovers();
}

#[test]
fn an_installation_or_format_that_cannot_be_trusted_refuses_all() {
    let tried = Tried::new();
    let content = [
        ("rm $F", "does not exist"),
        (": > $F", ""),
        ("sed -i 's/^version = 1$/version = 2/' $F", "another version"),
        ("sed -i /^version/d $F", ""),
        ("sed -i /^id/d $F", ""),
        ("sed -i 's/^id = .*/id = \"\"/' $F", ""),
        ("echo 'more = 1' >> $F", ""),
        ("truncate -s -9 $F", ""),
    ];
    for damage in ANY_FILE.into_iter().chain(content).chain([("chmod 0664 $F", "mode 0664"), ("chmod 0646 $F", "")]) {
        tried.refuses_all(INSTALLATION, damage);
    }
    for damage in ANY_FILE.into_iter().chain(content).chain(PRIVATE_FILE) {
        tried.refuses_all(FORMAT, damage);
    }
    // State of another machine: either of the two files is from elsewhere.
    tried.refuses_all(FORMAT, ("sed -i 's/^id = .*/id = \"0123456789abcdef\"/' $F", "another installation"));
    tried.refuses(FORMAT, ("sed -i 's/^id = .*/id = \"0123456789abcdef\"/' /etc/countersign/installation", "another"));
    tried.recovers();
}

#[test]
fn a_configuration_file_that_cannot_be_trusted_refuses_all() {
    let tried = Tried::new();
    let content = [
        ("rm $F", "does not exist"),
        ("echo 'use_2fa = false' >> $F; echo 'use_2fa = false' >> $F", ""),
        ("echo '[defaults' >> $F", "line"),
        ("echo 'can_toggl = true' >> $F", "can_toggl"),
        ("chmod 0664 $F", "mode 0664"),
        ("chmod 0646 $F", "mode 0646"),
        ("chmod 0602 $F", "mode 0602"),
    ];
    for damage in ANY_FILE.into_iter().chain(content) {
        tried.refuses_all(CONFIG, damage);
    }
    tried.recovers();
}

#[test]
fn an_empty_configuration_is_the_defaults_and_an_enrolled_user_is_still_asked() {
    let tried = Tried::new();
    tried.factor.world.configure("");
    tried.factor.assert_next_code_accepted("alice", &tried.alice);
    tried.factor.world.sh(&format!("chmod 0400 {CONFIG}; chmod 0600 {INSTALLATION}")).ok();
    tried.factor.assert_next_code_accepted("alice", &tried.alice);
}

#[test]
fn a_directory_of_the_state_that_cannot_be_trusted_refuses_all() {
    let tried = Tried::new();
    for directory in ["/var/lib/countersign", "/var/lib/countersign/users", "/var/lib/countersign/counters"] {
        for damage in [
            ("mv $F $F.good", "does not exist"),
            ("mv $F $F.good; touch $F; chmod 700 $F", ""),
            ("mv $F $F.good; mkfifo -m 700 $F", ""),
            ("mv $F $F.good; ln -s $F.good $F", "symbolic link"),
            ("mv $F $F.good; ln -s ${F##*/}.good $F", "symbolic link"),
            ("chown alice $F", "owned by uid"),
            ("chmod 0755 $F", "mode 0755"),
            ("chmod 0750 $F", "mode 0750"),
            ("chmod 0701 $F", "mode 0701"),
            ("chmod 1777 $F", "mode 1777"),
        ] {
            tried.factor.world.sh("rm -rf /var/lib/countersign.good").ok();
            tried.refuses_all(directory, damage);
        }
    }
    tried.recovers();
}

#[test]
fn parents_of_state_and_configuration_are_roots_alone() {
    let tried = Tried::new();
    let world = &tried.factor.world;
    world.sh("mkdir -p /srv/a/b").ok();
    world.sh("cp -a /root/good/lib /srv/a/b/state; cp /root/good/etc/config.toml /srv/a/b/config.toml").ok();
    let elsewhere = format!("state_dir = \"/srv/a/b/state\"\n{IN_USE}");
    for (file, config) in [(CONFIG, elsewhere.as_str()), ("/srv/a/b/config.toml", IN_USE)] {
        world.write_file(file, config, 0o644);
        let module = format!("{MODULE} config={file}");
        let run = || Driver::new(world).bare_module(&module).run();
        run().assert_codes(Phase::Authenticate, &[pam::CONV_ERR]);
        for (damage, mend) in [
            ("chmod 0777 $D", "chmod 0755 $D"),
            ("chmod 1777 $D", "chmod 0755 $D"),
            ("chmod 0775 $D", "chmod 0755 $D"),
            ("chown alice $D", "chown root $D"),
            ("mv $D $D.good; ln -s ${D##*/}.good $D", "rm $D; mv $D.good $D"),
        ] {
            for directory in ["/srv/a", "/srv/a/b"] {
                world.clear_log();
                world.command(&["bash", "-euc", damage]).env("D", directory).run().ok();
                let transcript = run();
                transcript.assert_codes(Phase::Authenticate, &[pam::AUTHINFO_UNAVAIL]);
                assert_eq!(transcript.notices(), [NOT_AVAILABLE], "{directory}: {damage}");
                world.wait_for_log(&["event=", directory]);
                world.command(&["bash", "-euc", mend]).env("D", directory).run().ok();
            }
        }
        run().assert_codes(Phase::Authenticate, &[pam::CONV_ERR]);
    }
}

#[test]
fn an_unmounted_state_directory_refuses_and_init_makes_no_new_state() {
    let tried = Tried::new();
    let world = &tried.factor.world;
    for (unmount, mount) in [
        ("mount -t tmpfs -o mode=0700 none /var/lib/countersign", "umount /var/lib/countersign"),
        ("mount -t tmpfs -o mode=0755 none /var/lib/countersign", "umount /var/lib/countersign"),
        ("mv /var/lib/countersign /var/lib/away", "mv /var/lib/away /var/lib/countersign"),
        ("mv /var/lib/countersign/format /root/format", "mv /root/format /var/lib/countersign/format"),
    ] {
        world.sh(unmount).ok();
        tried.factor.assert_not_trusted("alice");
        tried.factor.assert_not_trusted("bob");
        let before = tried.factor.state();
        let outcome = world.countersign(&["init"]);
        outcome.expect_code(1);
        assert!(outcome.errors().contains("hint: is the state directory mounted?"), "{}", outcome.errors());
        assert_eq!(tried.factor.state(), before, "{unmount}");
        world.sh(mount).ok();
        tried.factor.assert_next_code_accepted("alice", &tried.alice);
        assert!(world.countersign(&["init"]).status.success(), "again in its place, init has nothing to do");
    }
}
