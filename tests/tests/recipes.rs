//! The recipes, taken from the page as they stand, do what they say: each in a private world, with a real sshd.
#[allow(dead_code, reason = "shared with the login suites, which use all of it")]
#[path = "login_suites/stage.rs"]
mod stage;

use countersign_tests::pam_driver::pam;
use countersign_tests::terminal::{self, Size};
use countersign_tests::{Factor, Phase, Terminal, World};
use stage::{ALICES, ON, PROMPT, Phone, STEP, enroll, expect_refused, expect_shell};

const PAGE: &str = include_str!("../../docs/recipes.md");
const KEY: &str = "/root/key";

/// The files a recipe shows in full: path and content.
fn files(title: &str) -> Vec<(&'static str, &'static str)> {
    let (_, section) = PAGE.split_once(&format!("\n## {title}\n")).unwrap_or_else(|| panic!("no recipe {title}"));
    let section = section.split("\n## ").next().expect("a section");
    let files: Vec<_> = section
        .match_indices("\n`/")
        .filter_map(|(at, _)| {
            let (path, rest) = section[at + 2..].split_once("`\n\n```\n")?;
            (!path.contains('\n')).then_some((path, rest.split_once("```")?.0))
        })
        .collect();
    assert!(!files.is_empty(), "{title} shows no file");
    files
}

fn file(title: &str, path: &str) -> &'static str {
    files(title).into_iter().find(|(name, _)| *name == path).unwrap_or_else(|| panic!("{title}: no {path}")).1
}

fn sshd_config(title: &str) -> &'static str {
    file(title, "/etc/ssh/sshd_config.d/10-countersign.conf")
}

/// Alice, who is asked for a code and has a key, with the files of a recipe in place.
fn world(title: &str) -> World {
    let world = World::builder().user("alice", ALICES).user("bob", ALICES).product(ON).build();
    world.clock().freeze_mid_step(STEP);
    world
        .sh("ssh-keygen -q -t ed25519 -N '' -f /root/key
            for user in alice; do
                install -d -m 700 -o $user /home/$user/.ssh
                install -m 600 -o $user /root/key.pub /home/$user/.ssh/authorized_keys
            done")
        .ok();
    for (path, text) in files(title) {
        match path {
            "/etc/countersign/config.toml" => world.configure(&format!("{ON}{text}")),
            "/etc/ssh/sshd_config.d/10-countersign.conf" => {}
            _ => world.write_file(path, text, if text.starts_with("#!") { 0o755 } else { 0o644 }),
        }
    }
    world
}

/// Someone with these options of the client, before the first question.
fn ssh(world: &World, user: &str, methods: &str, more: &[&str]) -> Terminal {
    let methods = format!("PreferredAuthentications={methods}");
    let options = [&["-i", KEY, "-o", &methods, "-o", "NumberOfPasswordPrompts=1"], more].concat();
    Terminal::spawn_with(world, terminal::ssh_command(world, user, &options, &[]), Size::default())
}

fn with_password(world: &World, methods: &str) -> Terminal {
    let mut person = ssh(world, "alice", methods, &[]);
    person.answer("Password: ", ALICES);
    person
}

fn assert_code_accepted(world: &World, mut person: Terminal, phone: &Phone) {
    person.answer(PROMPT, &phone.code(world));
    expect_shell(&mut person, "alice");
    world.move_clock(STEP);
}

fn assert_a_wrong_password_ends(world: &World) {
    let mut person = ssh(world, "alice", "keyboard-interactive", &[]);
    person.answer("Password: ", "wrong");
    assert_refused_unasked(person);
}

/// sshd throws away what root types, unless the recipe's block says otherwise.
fn assert_root_gets_in_by_key_and_code_only(world: &World) {
    world.set_password("root", ALICES);
    world.countersign(&["enable", "root"]).ok();
    world.sh("install -d -m 700 /root/.ssh; install -m 600 /root/key.pub /root/.ssh/authorized_keys").ok();
    // The suites know a shell by the prompt that users have.
    world.write_file("/root/.bashrc", "PS1='$ '\n", 0o644);
    let mut person = ssh(world, "root", "publickey,keyboard-interactive", &[]);
    let phone = Phone::scan(&mut person);
    person.type_line(&phone.code(world));
    expect_shell(&mut person, "root");
    world.move_clock(STEP);
    let mut person = ssh(world, "root", "publickey,keyboard-interactive", &[]);
    person.answer(PROMPT, &phone.code(world));
    expect_shell(&mut person, "root");
    world.move_clock(STEP);
    expect_refused(&mut ssh(world, "root", "publickey", &[]));
    expect_refused(&mut ssh(world, "root", "keyboard-interactive", &[]));
}

fn assert_refused_unasked(mut person: Terminal) {
    expect_refused(&mut person);
    assert!(!person.printed().contains(PROMPT), "{}", person.printed());
}

#[test]
fn password_then_code() {
    let title = "ssh: password, then code";
    let world = world(title);
    let _sshd = world.start_sshd(sshd_config(title));
    let phone = enroll(&world, with_password(&world, "keyboard-interactive"));
    world.move_clock(STEP);
    assert_code_accepted(&world, with_password(&world, "keyboard-interactive"), &phone);
    assert_a_wrong_password_ends(&world);
}

#[test]
fn key_then_code() {
    let title = "ssh: key, then code";
    let world = world(title);
    let _sshd = world.start_sshd(sshd_config(title));
    let methods = "publickey,keyboard-interactive";
    let phone = enroll(&world, ssh(&world, "alice", methods, &[]));
    world.move_clock(STEP);
    assert_code_accepted(&world, ssh(&world, "alice", methods, &[]), &phone);
    assert_root_gets_in_by_key_and_code_only(&world);
    // Without the key nobody is asked for anything.
    assert_refused_unasked(ssh(&world, "alice", "keyboard-interactive", &[]));
}

#[test]
fn key_or_password_then_code() {
    let title = "ssh: key or password, then code";
    let world = world(title);
    let _sshd = world.start_sshd(sshd_config(title));
    let by_key = || ssh(&world, "alice", "publickey,keyboard-interactive", &[]);
    let phone = enroll(&world, by_key());
    world.move_clock(STEP);
    let mut person = by_key();
    let before = person.answer(PROMPT, &phone.code(&world));
    assert!(!before.contains("Password"), "{before}");
    expect_shell(&mut person, "alice");
    world.move_clock(STEP);
    assert_code_accepted(&world, with_password(&world, "keyboard-interactive"), &phone);
    assert_a_wrong_password_ends(&world);
    assert_root_gets_in_by_key_and_code_only(&world);
    // A key alone is not enough.
    expect_refused(&mut ssh(&world, "alice", "publickey", &[]));
}

#[test]
fn no_code_from_the_office_network() {
    let world = world("ssh: no code from the office network");
    world.write_file("/etc/pam.d/sshd", file("ssh: password, then code", "/etc/pam.d/sshd"), 0o644);
    world.sh("ip address add 192.0.2.7/32 dev lo; ip address add 198.51.100.7/32 dev lo").ok();
    let _sshd = world.start_sshd(sshd_config("ssh: password, then code"));
    let from = |address: &str| {
        let mut person = ssh(&world, "alice", "keyboard-interactive", &["-b", address]);
        person.answer("Password: ", ALICES);
        person
    };
    expect_shell(&mut from("192.0.2.7"), "alice");
    from("198.51.100.7").expect(PROMPT);
}

#[test]
fn accounts_that_a_program_uses_log_in_by_key_alone() {
    let title = "sftp, git, ansible: accounts that a program uses";
    let world = world(title);
    world.add_user("ansible", ALICES);
    world.sh("cp -r /home/alice/.ssh /home/ansible/.ssh; chown -R ansible /home/ansible/.ssh").ok();
    world.write_file("/etc/pam.d/sshd", file("ssh: key, then code", "/etc/pam.d/sshd"), 0o644);
    let _sshd = world.start_sshd(sshd_config(title));
    expect_shell(&mut ssh(&world, "ansible", "publickey,keyboard-interactive", &[]), "ansible");
    ssh(&world, "alice", "publickey,keyboard-interactive", &[]).expect(PROMPT);
    let skipped = world.countersign(&["explain", "ansible", "--service", "sudo", "--json"]).ok();
    assert!(skipped.contains("\"outcome\":\"skip\""), "{skipped}");
}

#[test]
fn every_configuration_is_sound_and_every_command_is_one() {
    let world = World::builder().product("").build();
    for group in ["staff", "helpdesk", "adm", "sudo", "wheel"] {
        world.add_to_group(group, &[]);
    }
    let mut checked = 0;
    for title in PAGE.lines().filter_map(|line| line.strip_prefix("## ")) {
        let section = PAGE.split_once(&format!("\n## {title}\n")).expect("itself").1.split("\n## ").next().expect("it");
        if !section.contains("`/etc/countersign/config.toml`\n\n```") {
            continue;
        }
        world.configure(file(title, "/etc/countersign/config.toml"));
        world.countersign(&["check-config"]).ok();
        checked += 1;
    }
    assert!(checked >= 4, "{checked}");
    let commands: Vec<&str> = PAGE.lines().filter_map(|line| line.strip_prefix("countersign ")).collect();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        let subcommand = command.split(' ').next().expect("a subcommand");
        let help = world.countersign(&[subcommand, "--help"]).ok();
        for option in command.split(' ').filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "{command}");
        }
    }
}

/// The line of the page that begins like this.
fn line(begin: &str) -> &'static str {
    PAGE.lines().find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("no line {begin}"))
}

/// As the recipe for a disaster says: what was accepted before, and perhaps after, the backup stays used; what comes
/// later works.
#[test]
fn a_restored_backup_works_and_a_used_code_stays_used() {
    let title = "ssh: password, then code";
    let world = world(title);
    let _sshd = world.start_sshd(sshd_config(title));
    let phone = enroll(&world, with_password(&world, "keyboard-interactive"));
    world.sh(line("umask 077; tar ")).ok();
    world.move_clock(STEP);
    assert_code_accepted(&world, with_password(&world, "keyboard-interactive"), &phone);
    let after_the_backup = phone.code_in(&world, -1);
    world.sh("rm -r /etc/countersign /var/lib/countersign").ok();
    world.sh(line("tar --numeric-owner -C / -xpf")).ok();
    world.sh(&format!("{} --yes", line("countersign restored"))).ok();
    let mut person = with_password(&world, "keyboard-interactive");
    person.answer(PROMPT, &after_the_backup);
    person.expect("Otp invalid!");
    world.move_clock(2 * STEP);
    assert_code_accepted(&world, with_password(&world, "keyboard-interactive"), &phone);
}

/// Alice in use of 2FA, under the configuration of a recipe.
fn factor(title: &str) -> Factor {
    Factor::new(&format!("{}{ON}", file(title, "/etc/countersign/config.toml")), &["alice"])
}

#[test]
fn root_gets_in_on_the_console_where_state_is_out_of_reach_and_nobody_else() {
    let factor = factor("Console, sudo, su");
    factor.enroll("alice");
    factor.world.sh("mv /var/lib/countersign /var/lib/elsewhere").ok();
    let on = |service: &str, user: &str| factor.driver(user).service(service).run().code(Phase::Authenticate);
    assert_eq!(on("login", "root"), pam::IGNORE);
    for (service, user) in [("login", "alice"), ("sshd", "root")] {
        assert_eq!(on(service, user), pam::AUTHINFO_UNAVAIL, "{user} on {service}");
    }
}

#[test]
fn a_locker_that_runs_as_the_user_asks_nobody_under_the_shipped_configuration() {
    let factor = Factor::new(include_str!("../../packaging/config.toml"), &["alice"]);
    factor.world.countersign(&["enable", "alice"]).ok();
    let token = factor.enroll("alice");
    let locker = |service: &str| factor.driver("alice").service(service).as_user("alice").phases([Phase::Authenticate]);
    locker("swaylock").run().assert_codes(Phase::Authenticate, &[pam::IGNORE]);
    assert!(!locker("other").run().let_in());
    factor.assert_next_code_accepted("alice", &token);
}

#[test]
fn a_state_directory_that_is_read_only_refuses_and_costs_nobody_a_code() {
    let factor = Factor::new(ON, &["alice"]);
    let token = factor.enroll("alice");
    let mount = |how: &str| factor.world.sh(&format!("mount -o remount,bind,{how} /var/lib/countersign")).ok();
    factor.world.sh("mount --bind /var/lib/countersign /var/lib/countersign").ok();
    mount("ro");
    assert!(!factor.login("alice", &[&factor.code(&token)]).let_in());
    mount("rw");
    assert!(factor.login("alice", &[&factor.code(&token)]).let_in());
}

#[test]
fn who_is_rolled_out_has_the_time_that_the_plan_gives_and_the_help_desk_can_help() {
    let factor = factor("Roll-out for 500 people");
    factor.world.add_to_group("staff", &["alice"]);
    factor.world.add_to_group("helpdesk", &[]);
    assert!(factor.login("alice", &["later"]).let_in());
    let explained = factor.world.countersign(&["explain", "alice", "--json"]).ok();
    assert!(explained.contains(r#"{"group":"helpdesk","may":["reset","unblock"]}"#), "{explained}");
    let left = factor.world.countersign(&line("countersign list").split(' ').skip(1).collect::<Vec<_>>()).ok();
    assert!(left.contains("alice"), "{left}");
    factor.world.move_clock(14 * 24 * 60 * 60 + 1);
    let late = factor.login("alice", &["later"]);
    assert!(!late.let_in() && late.shows("There is no time left to set it up later."), "{late:#?}");
    let grace = PAGE.split('`').find(|span| span.starts_with("countersign grace alice")).expect("the command");
    factor.world.sh(grace).ok();
    assert!(factor.login("alice", &["later"]).let_in());
    factor.enroll("alice");
}

#[test]
fn a_lost_phone_costs_a_recovery_code_or_a_reset_and_the_old_phone_is_worth_nothing() {
    let factor = Factor::new(ON, &["alice"]);
    let (old, codes) = factor.enroll_with_recovery_codes("alice");
    assert!(factor.login("alice", &[&codes[0]]).let_in());
    factor.world.sh(line("countersign reset")).ok();
    let new = factor.enroll("alice");
    assert!(!factor.login("alice", &[&factor.code(&old)]).let_in());
    factor.assert_next_code_accepted("alice", &new);
}

#[test]
fn state_that_is_lost_refuses_everyone_until_it_is_made_anew_and_they_enroll_again() {
    let factor = Factor::new(ON, &["alice"]);
    factor.enroll("alice");
    factor.world.sh("rm -r /var/lib/countersign").ok();
    factor.assert_not_trusted("alice");
    factor.world.sh(line("countersign init")).ok();
    let token = factor.enroll("alice");
    factor.assert_next_code_accepted("alice", &token);
}
