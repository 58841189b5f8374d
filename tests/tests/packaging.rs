//! What installation and removal do around the product: the account that owns the state, what waits to be confirmed.
use countersign_tests::World;
use countersign_tests::world::Outcome;

fn script(name: &str) -> String {
    format!("{}/../scripts/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A world without the account.
fn bare() -> World {
    let world = World::new();
    world.sh("sed -i /^countersign:/d /etc/passwd /etc/group /etc/shadow").ok();
    world
}

fn make_account(world: &World) -> Outcome {
    world.run(&[&script("account")])
}

/// `scripts/account` where somebody prepared this: refused with this reason, and nothing is changed.
fn assert_refused(prepare: &str, reason: &str) {
    let world = bare();
    world.sh(prepare).ok();
    let accounts = || world.sh("cat /etc/passwd /etc/group /etc/shadow").ok();
    let before = accounts();
    let outcome = make_account(&world);
    outcome.expect_code(1);
    assert!(outcome.errors().contains(reason), "{prepare}: {}", outcome.errors());
    assert!(outcome.errors().contains("hint: "), "{prepare}: {}", outcome.errors());
    assert_eq!(accounts(), before, "{prepare}");
}

const SYSTEM: &str = "groupadd -g 870 countersign; useradd -u 870 -g 870 -M -d /nonexistent -s /usr/sbin/nologin";

#[test]
fn an_account_somebody_could_use_is_refused_and_said_what_is_wrong_with_it() {
    let person = "useradd --create-home --shell /bin/bash countersign";
    assert_refused(person, "it has a shell to log in with: /bin/bash");
    assert_refused(person, "is one of people's");
    assert_refused(&format!("{SYSTEM} countersign; echo countersign:secret | chpasswd"), "it has a password");
    assert_refused(&format!("{SYSTEM} countersign; passwd --delete countersign"), "it has a password");
    let home = format!("{SYSTEM} countersign; useradd -m bob; usermod -d /home/bob countersign");
    assert_refused(&home, "its home /home/bob belongs to another");
    let open = format!("{SYSTEM} countersign; install -d -m 777 /srv/state; usermod -d /srv/state countersign");
    assert_refused(&open, "its home /srv/state can be written by others");
    assert_refused(
        &format!("{SYSTEM} countersign; useradd -o -u 870 -g 870 -M twin"),
        "its uid 870 is also that of twin",
    );
    let numbers = "groupadd -g 870 countersign; useradd -u 871 -g 870 -M -d / -s /bin/false countersign";
    assert_refused(numbers, "user and group countersign have different numbers");
    assert_refused("useradd -o -u 0 -g 0 -M -s /bin/false countersign", "its uid is root's");
    assert_refused("groupadd -g 870 countersign; useradd -u 870 -M bob", "as a uid is another account's");
}

#[test]
fn an_account_of_the_system_is_taken_as_it_is_and_a_missing_one_is_made() {
    let world = bare();
    make_account(&world).ok();
    let made =
        world.sh("getent passwd countersign; getent shadow countersign; id -u countersign; id -g countersign").ok();
    assert!(made.contains(":/nonexistent:/usr/sbin/nologin\n") && made.contains("countersign:!"), "{made}");
    make_account(&world).ok();
    let ours = bare();
    ours.sh(&format!("{SYSTEM} countersign")).ok();
    let before = ours.sh("cat /etc/passwd /etc/group /etc/shadow").ok();
    make_account(&ours).ok();
    assert_eq!(ours.sh("cat /etc/passwd /etc/group /etc/shadow").ok(), before);
}

const UNITS: &str = "/etc/systemd/system";

/// As `pam add --confirm` leaves it.
fn a_change_waits(world: &World) {
    let script = "mkdir -p timers.target.wants /run/systemd/system /etc/countersign /var/lib/systemd/timers
        touch countersign-pam-rollback.timer countersign-pam-rollback.service other.timer
        ln -s ../countersign-pam-rollback.timer timers.target.wants/countersign-pam-rollback.timer
        touch /etc/countersign/pam-pending /var/lib/systemd/timers/stamp-countersign-pam-rollback.timer";
    world.sh(&format!("mkdir -p {UNITS}; cd {UNITS}; {script}")).ok();
}

/// The files that would have a timer call the command.
fn waiting(world: &World) -> String {
    world.sh("ls -d /etc/countersign/pam-pending; find /etc/systemd /var/lib/systemd -name '*countersign*'").text()
}

#[test]
fn uninstalling_ends_a_change_that_waits_and_leaves_no_unit_that_calls_a_missing_command() {
    let world = World::builder().product("").build();
    world.sh("sed -i /pam_countersign/d /etc/pam.d/*").ok();
    a_change_waits(&world);
    assert_eq!(waiting(&world).lines().count(), 5, "{}", waiting(&world));
    let said = world.run(&[&script("uninstall"), "", "/usr/bin"]).ok();
    assert!(said.contains("waited to be confirmed is over"), "{said}");
    assert_eq!(waiting(&world), "");
    assert!(world.exists(&format!("{UNITS}/other.timer")));
    assert!(world.exists("/etc/countersign/config.toml") && world.exists("/var/lib/countersign/format"));
    // Nothing waits any more, and nothing is said of it.
    let again = world.run(&[&script("uninstall"), "", "/usr/bin"]).ok();
    assert!(!again.contains("waited"), "{again}");
}

#[test]
fn uninstalling_is_refused_with_file_and_line_while_a_stack_names_the_module_and_what_waits_goes_on() {
    let world = World::builder().product("").build();
    world.write_file("/etc/pam.d/odd", "# ours\nauth required pam_countersign.so\n", 0o644);
    a_change_waits(&world);
    let outcome = world.run(&[&script("uninstall"), "", "/usr/bin"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("/etc/pam.d/odd:2:auth required"), "{}", outcome.errors());
    assert_eq!(waiting(&world).lines().count(), 5);
    assert!(world.exists("/usr/bin/countersign"));
}

/// The scripts of removal and the command speak of the same files.
#[test]
fn removal_looks_for_the_units_that_the_command_writes() {
    let script = include_str!("../../packaging/end-waiting");
    let sources = [
        include_str!("../../admin_cli/src/commands/pam/timer.rs"),
        include_str!("../../admin_cli/src/commands/pam/pending.rs"),
    ]
    .concat();
    let mut found = 0;
    for name in ["TIMER", "SERVICE", "UNITS", "PATH"] {
        let (_, value) = sources.split_once(&format!("const {name}: &str = \"")).expect(name);
        let value = value.split('"').next().expect("a value");
        assert!(script.contains(value), "{name}: {value}");
        found += 1;
    }
    assert_eq!(found, 4);
}
