//! `status` and `list` by the real command: words, fields, damaged states, exit codes.
use countersign_tests::code::code_now;
use countersign_tests::factor::IN_USE;
use countersign_tests::pam_driver::{Item, pam};
use countersign_tests::qr::Otpauth;
use countersign_tests::world::{COMMAND, STATE_DIR, Stack};
use countersign_tests::{Driver, Factor, Phase, World};
use serde_json::Value;

/// The fields of a user, in the order they are written.
const FIELDS: [&str; 20] = [
    "user",
    "uid",
    "use_2fa",
    "use_2fa_source",
    "can_toggle",
    "administrator",
    "enrolled",
    "tokens",
    "recovery_codes_left",
    "failures",
    "blocked",
    "command_blocked",
    "enrollment_refused",
    "no_code_before",
    "grace_until",
    "last_accepted",
    "changed_at",
    "changed_by",
    "state",
    "problem",
];

fn world() -> World {
    World::builder().user("alice", "correct horse").user("bob", "battery").product("").build()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn fields(value: &Value) -> Vec<&str> {
    let mut fields: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    fields.sort_unstable();
    fields
}

fn sorted(more: &[&'static str]) -> Vec<&'static str> {
    let mut fields = [&FIELDS[..], more].concat();
    fields.sort_unstable();
    fields
}

#[test]
fn status_of_a_user_in_words() {
    let world = world();
    let text = world.countersign(&["status", "alice"]).ok();
    for line in ["User: alice", "Use 2FA: no", "Can toggle the use of 2FA: yes", "Enrolled: no", "Blocked: no"] {
        assert!(text.lines().any(|found| found == line), "no {line:?} in:\n{text}");
    }
    world.countersign(&["enable", "--lock", "alice"]).ok();
    let text = world.countersign(&["status", "alice"]).ok();
    for line in ["Use 2FA: yes", "Can toggle the use of 2FA: no", "State: ok"] {
        assert!(text.lines().any(|found| found == line), "no {line:?} in:\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn status_tells_all_of_a_login_and_no_secret() {
    let world = world();
    world.countersign(&["enable", "alice"]).ok();
    let uri = world.countersign(&["enroll", "alice", "--uri", "--no-confirm"]).ok();
    let key = Otpauth::parse(uri.trim()).parameters.secret;
    world.clock().freeze_mid_step(30);
    let driver = Driver::new(&world).bare_module("pam_countersign.so").item(Item::Rhost, "192.0.2.7");
    let login = driver.answers([code_now(&world, &key)]).phases([Phase::Authenticate]).run();
    login.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    let text = world.countersign(&["status", "alice", "--json"]).ok();
    assert!(!text.contains(&key), "a secret: {text}");
    let alice = json(&text);
    assert_eq!(fields(&alice), sorted(&[]));
    let places: Vec<_> = FIELDS.iter().map(|field| text.find(&format!("\"{field}\":")).expect(field)).collect();
    assert!(places.is_sorted(), "{text}");
    let token = &alice["tokens"][0];
    assert_eq!(fields(token), ["algorithm", "digits", "enrolled_at", "id", "label", "period"]);
    assert_eq!((&token["algorithm"], &token["digits"], &token["period"]), (&"SHA1".into(), &6.into(), &30.into()));
    let accepted = &alice["last_accepted"];
    assert_eq!(fields(accepted), ["at", "offset_steps", "rhost", "service"]);
    assert_eq!((&accepted["service"], &accepted["rhost"]), (&"sshd".into(), &"192.0.2.7".into()));
    assert_eq!(accepted["offset_steps"], 0);
    let at = accepted["at"].as_str().unwrap();
    assert!(at.len() == 20 && at.ends_with('Z') && at.contains('T'), "{at}");
    let text = world.countersign(&["status", "alice"]).ok();
    assert!(text.contains("on sshd from 192.0.2.7") && !text.contains(&key), "{text}");
}

#[test]
fn absent_is_null_and_never_missing() {
    let world = world();
    let alice = json(&world.countersign(&["status", "alice", "--json"]).ok());
    assert_eq!(fields(&alice), sorted(&[]));
    let absent = ["enrollment_refused", "no_code_before"];
    assert!(absent.iter().all(|field| alice[field].is_null()), "{alice}");
    for field in ["blocked", "command_blocked", "grace_until", "last_accepted", "changed_at", "changed_by", "problem"] {
        assert_eq!(alice[field], Value::Null, "{field}");
    }
    assert_eq!((&alice["tokens"], &alice["state"]), (&Value::Array(vec![]), &"ok".into()));
    assert_eq!((&alice["recovery_codes_left"], &alice["failures"]), (&0.into(), &0.into()));
    let changed = json(&world.countersign(&["enable", "alice", "--json"]).ok());
    assert_eq!(fields(&changed), sorted(&["changed"]));
}

#[test]
fn an_untrusted_record_is_listed_and_makes_the_list_fail() {
    let world = world();
    world.countersign(&["enable", "alice", "bob"]).ok();
    world.sh(&format!("echo nonsense >>{STATE_DIR}/users/alice.toml")).ok();
    let outcome = world.countersign(&["list", "--json"]);
    outcome.expect_code(1);
    let listed = json(&outcome.text());
    assert_eq!((&listed[0]["state"], &listed[1]["state"]), (&"untrusted".into(), &"ok".into()));
    assert!(listed[0]["problem"].as_str().unwrap().contains("/users/alice.toml"));
    assert_eq!(fields(&listed[0]), sorted(&[]));
    assert_eq!(listed[0]["use_2fa"], Value::Null, "what is not known is not claimed");
    let outcome = world.countersign(&["list"]);
    outcome.expect_code(1);
    assert!(outcome.text().contains("untrusted") && outcome.text().contains("bob"));
    assert!(outcome.errors().contains("error: alice: /var/lib/countersign/users/alice.toml: "));
    let outcome = world.countersign(&["status", "alice"]);
    outcome.expect_code(1);
    let text = outcome.text();
    assert!(text.contains("Problem: ") && text.contains("What to do: ") && text.contains("countersign forget alice"));
    let outcome = world.countersign(&["status"]);
    outcome.expect_code(1);
    assert!(outcome.text().contains("Untrusted: 1 (alice)"), "{}", outcome.text());
    world.countersign(&["status", "bob"]).ok();
}

#[test]
fn list_is_a_table_for_narrow_terminals() {
    let world = world();
    world.countersign(&["enable", "alice"]).ok();
    world.countersign(&["enroll", "bob", "--no-confirm"]).ok();
    assert_eq!(
        world.countersign(&["list"]).ok(),
        "USER   2FA  TOGGLE  TOKENS  STATE\nalice  yes  yes          0  to enroll\nbob    no   yes          1  off\n"
    );
    let long = "x".repeat(60);
    world.countersign(&["enable", "--no-account", &long]).ok();
    let text = world.countersign(&["list"]).ok();
    assert!(text.lines().filter(|line| !line.contains(&long)).all(|line| line.chars().count() <= 56), "{text}");
}

#[test]
fn the_installation_in_words_and_json() {
    let world = world();
    world.countersign(&["enable", "alice"]).ok();
    let text = world.countersign(&["status"]).ok();
    for line in ["State directory: /var/lib/countersign (owned by uid 990)", "Users with state: 1", "  2FA on: 1"] {
        assert!(text.lines().any(|found| found == line), "no {line:?} in:\n{text}");
    }
    let summary = json(&world.countersign(&["status", "--json"]).ok());
    assert_eq!((&summary["users"], &summary["use_2fa"], &summary["enrolled"]), (&1.into(), &1.into(), &0.into()));
    assert_eq!(summary["untrusted"], Value::Array(vec![]));
}

#[test]
fn a_closed_pipe_is_no_panic_and_no_output_no_obstacle() {
    let world = world();
    world.sh(&format!("for i in $(seq 300); do printf '%s ' user$i; done | xargs {COMMAND} enable --no-account")).ok();
    for reader in ["head -n 1", "true", "head -c 1"] {
        let script = format!("set -o pipefail; {COMMAND} list --json | {reader} >/dev/null");
        let outcome = world.run(&["bash", "-c", &script]);
        assert_eq!(outcome.errors(), "", "{reader}");
        outcome.expect_code(0);
    }
    // The reader is gone, but the change is made for all.
    let script = format!("{COMMAND} disable --no-account user1 user2 user3 | true; exit ${{PIPESTATUS[0]}}");
    world.run(&["bash", "-c", &script]).ok();
    let listed = world.countersign(&["list"]).ok();
    assert_eq!(listed.matches(" off").count(), 3, "{listed}");
    world.sh(&format!("{COMMAND} enable alice >&- <&-")).ok();
    world.sh(&format!("{COMMAND} enable alice >&- <&- 2>&-")).ok();
    let outcome = world.run(&["bash", "-c", &format!("{COMMAND} list >/dev/full")]);
    outcome.expect_code(1);
    assert_eq!(outcome.errors(), "error: cannot write the output: No space left on device\n");
}

#[test]
fn looking_changes_nothing() {
    let world = world();
    world.countersign(&["enable", "alice"]).ok();
    world.countersign(&["enroll", "alice", "--no-confirm"]).ok();
    let state =
        format!("cd {STATE_DIR}; find . -printf '%p %i %C@ %s\\n' | sort; find . -type f | sort | xargs sha256sum");
    let before = world.sh(&state).ok();
    for arguments in [&["status"][..], &["status", "alice"], &["status", "bob"], &["list"], &["list", "--json"]] {
        world.countersign(arguments).ok();
    }
    assert_eq!(world.sh(&state).ok(), before);
}

/// Design, section 2, item 10: three proofs without a commit, and there are no more for an hour.
#[test]
fn who_is_refused_for_want_of_an_account_line_is_shown_so_until_the_hour_is_over() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let world = &factor.world;
    world.use_stack(Stack::SshdNoAccount);
    let prove = || factor.driver("alice").answers(["{code}"]).phases([Phase::Authenticate]).run();
    for _ in 0..2 {
        prove().assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
        factor.next_step();
    }
    assert!(factor.status("alice")["enrollment_refused"].is_null());
    prove().assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    prove().assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    let refused = factor.status("alice")["enrollment_refused"].clone();
    assert_eq!(refused["why"], "misconfigured: no account line", "{refused}");
    let until = refused["until"].as_str().expect("a time");
    let text = world.countersign(&["status", "alice"]).ok();
    let line = format!("Enrollment refused: until {until} (3 begun and none completed)");
    assert!(text.lines().any(|found| found == line) && text.contains("misconfigured: no account line"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(world.countersign(&["list"]).ok().contains("  refused\n"));
    let doctor = world.countersign(&["doctor"]);
    doctor.expect_code(1);
    let said = format!("error: alice is refused until {until}: three enrollments were proven and none was kept");
    let found = doctor.text().lines().find(|line| line.starts_with(&said)).map(str::to_owned);
    assert!(found.is_some_and(|line| line.contains("of sshd") && line.contains("countersign unblock")), "{doctor:?}");
    world.move_clock(3_599);
    assert!(factor.status("alice")["enrollment_refused"].is_object());
    world.move_clock(1);
    assert!(factor.status("alice")["enrollment_refused"].is_null());
    prove().assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
}

#[test]
fn whose_codes_are_all_refused_since_the_clock_went_back_is_shown_so_until_it_has_come_again() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    factor.world.countersign(&["enable", "alice"]).ok();
    assert!(factor.status("alice")["no_code_before"].is_null());
    factor.world.move_clock(-7_200);
    let before = factor.status("alice")["no_code_before"].as_str().expect("a time").to_owned();
    let text = factor.world.countersign(&["status", "alice"]).ok();
    assert!(text.contains(&format!("No code accepted: before {before}\n")) && text.contains("has gone back"), "{text}");
    assert!(factor.world.countersign(&["list"]).ok().contains("  clock back\n"));
    let doctor = factor.world.countersign(&["doctor"]).expect_code(1).text();
    assert!(doctor.contains("error: alice is refused whatever code is typed: the clock of this host has gone back"));
    // The module says the same, and at that time no longer.
    let shown = |text: &str| factor.login("alice", &[&factor.code(&token)]).shows(text);
    assert!(shown("The clock of this host has gone back."));
    let at = factor.world.run(&["date", "-u", "-d", &before, "+%s"]).ok().trim().parse::<i64>().expect("a time");
    factor.world.move_clock(at - factor.world.clock().now());
    let early = factor.login("alice", &[&factor.code_of_step(&token, 1)]);
    early.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    assert!(factor.status("alice")["no_code_before"].is_null());
}

#[test]
fn the_page_about_the_command_knows_every_field_and_command() {
    let page = include_str!("../../docs/command.md");
    for field in FIELDS.iter().chain(&["changed"]) {
        assert!(page.contains(&format!("`{field}`")), "{field}");
    }
    let help = world().countersign(&["--help"]).ok();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for command in commands.filter_map(|line| line.split_whitespace().next()).filter(|command| *command != "help") {
        assert!(page.contains(&format!("| `{command}")), "{command}");
    }
}

#[test]
fn many_users_are_listed_with_their_accounts_and_rights() {
    let world =
        World::builder().user("alice", "x").user("bob", "y").product("[administrators]\ngroups = ['admins']\n").build();
    world.add_to_group("admins", &["bob"]);
    world.sh(&format!("seq -f user%g 1200 | xargs {COMMAND} enable --no-account >/dev/null")).ok();
    world.countersign(&["enable", "alice", "bob"]).ok();
    let uid = |name: &str| world.run(&["id", "-u", name]).ok().trim().parse::<u32>().unwrap();
    let listed = json(&world.countersign(&["list", "--json"]).ok());
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 1202);
    let names: Vec<_> = listed.iter().map(|user| user["user"].as_str().unwrap()).collect();
    assert!(names.is_sorted());
    let user = |name: &str| listed.iter().find(|user| user["user"] == name).unwrap();
    assert_eq!((&user("alice")["uid"], &user("alice")["administrator"]), (&uid("alice").into(), &false.into()));
    assert_eq!((&user("bob")["uid"], &user("bob")["administrator"]), (&uid("bob").into(), &true.into()));
    assert_eq!((&user("user7")["uid"], &user("user7")["administrator"]), (&Value::Null, &false.into()));
}
