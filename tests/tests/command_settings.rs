//! `enable`, `disable`, `lock`, `unlock` by the real command: what they write, what they say, what they log.
use countersign_tests::World;
use countersign_tests::world::{COMMAND, STATE_DIR};
use serde_json::Value;

fn world_of(config: &str) -> World {
    World::builder().user("alice", "correct horse").user("bob", "battery staple").product(config).build()
}

fn json(world: &World, arguments: &[&str]) -> Value {
    let text = world.countersign(arguments).ok();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn status(world: &World, user: &str) -> Value {
    json(world, &["status", user, "--json"])
}

fn record(world: &World, user: &str) -> String {
    String::from_utf8(world.read_file(&format!("{STATE_DIR}/users/{user}.toml"))).unwrap()
}

fn revision(world: &World, user: &str) -> u64 {
    let record = record(world, user);
    let line = record.lines().find_map(|line| line.strip_prefix("revision = "));
    line.expect("a revision").parse().expect("a number")
}

#[test]
fn enable_and_disable_say_what_they_do_and_do_it_once() {
    let world = world_of("");
    assert_eq!(status(&world, "alice")["use_2fa_source"], "default");
    assert_eq!(
        world.countersign(&["enable", "alice"]).ok(),
        "alice: 2FA is on; the next login shows a QR code, where alice may also turn it off (--lock forbids it)\n"
    );
    let now = status(&world, "alice");
    assert_eq!((&now["use_2fa"], &now["use_2fa_source"]), (&true.into(), &"record".into()));
    assert_eq!(now["changed_by"], "root");
    assert_eq!(world.countersign(&["enable", "alice"]).ok(), "alice: already on\n");
    assert_eq!(revision(&world, "alice"), 1);
    assert_eq!(world.countersign(&["disable", "alice"]).ok(), "alice: 2FA is off; logins ask for no code\n");
    assert_eq!(world.countersign(&["disable", "alice"]).ok(), "alice: already off\n");
    assert_eq!(revision(&world, "alice"), 2);
    assert_eq!(status(&world, "alice")["use_2fa"], false);
}

#[test]
fn disable_keeps_the_token() {
    let world = world_of("");
    world.countersign(&["enroll", "alice", "--no-confirm"]).ok();
    assert_eq!(world.countersign(&["enable", "alice"]).ok(), "alice: 2FA is on; the next login asks for a code\n");
    let said = world.countersign(&["disable", "alice"]).ok();
    assert!(said.contains("the token is kept (to forget it: countersign reset alice)"), "{said}");
    assert_eq!(status(&world, "alice")["enrolled"], true);
}

#[test]
fn lock_and_unlock_change_the_right_alone() {
    let world = world_of("");
    let said = world.countersign(&["lock", "alice"]).ok();
    assert!(said.contains("to turn it on: countersign enable alice"), "{said}");
    let now = status(&world, "alice");
    assert_eq!((&now["can_toggle"], &now["use_2fa"]), (&false.into(), &false.into()));
    assert_eq!(world.countersign(&["lock", "alice"]).ok(), "alice: already locked\n");
    assert_eq!(
        world.countersign(&["enable", "alice"]).ok(),
        "alice: 2FA is on; the next login shows a QR code, and alice may not turn it off\n"
    );
    assert_eq!(
        world.countersign(&["unlock", "alice"]).ok(),
        "alice may now turn 2FA off; to lift a block: countersign unblock alice\n"
    );
    let said = world.countersign(&["unlock", "alice"]).ok();
    assert!(said.starts_with("alice: already unlocked"), "{said}");
    assert_eq!(status(&world, "alice")["can_toggle"], true);
}

#[test]
fn enable_with_lock_is_one_change() {
    let world = world_of("");
    assert_eq!(
        world.countersign(&["enable", "--lock", "alice"]).ok(),
        "alice: 2FA is on; the next login shows a QR code, and alice may not turn it off\n"
    );
    assert_eq!(revision(&world, "alice"), 1);
    let now = status(&world, "alice");
    assert_eq!((&now["can_toggle"], &now["use_2fa"]), (&false.into(), &true.into()));
    assert_eq!(world.countersign(&["enable", "--lock", "alice"]).ok(), "alice: already on and locked\n");
    let refused = world.countersign(&["enable", "--lock", "root"]);
    refused.expect_code(1);
    assert_eq!(status(&world, "root")["use_2fa"], false, "a refused lock turns nothing on");
}

#[test]
fn an_administrator_is_not_locked() {
    let world = world_of("[administrators]\ngroups = [\"admins\", \"ghosts\"]\n");
    world.add_to_group("admins", &["bob"]);
    for user in ["root", "bob"] {
        let outcome = world.countersign(&["lock", user]);
        outcome.expect_code(1);
        assert!(outcome.errors().contains(&format!("error: {user}: is an administrator")), "{}", outcome.errors());
        assert_eq!(status(&world, user)["administrator"], true);
    }
    world.countersign(&["lock", "alice"]).ok();
    assert_eq!(world.countersign(&["list"]).ok().lines().count(), 2, "a refusal leaves no trace");
    let said = world.countersign(&["enable", "bob"]).ok();
    assert!(said.contains("where bob, an administrator, may also turn it off"), "{said}");
}

#[test]
fn a_failed_look_up_is_never_an_answer() {
    let world = world_of("[administrators]\ngroups = [\"admins\"]\n");
    // Without its file the name service fails, which is not the same as knowing no such group.
    world.sh("mv /etc/group /etc/group.away").ok();
    let outcome = world.countersign(&["lock", "alice"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("could not be looked up"), "{}", outcome.errors());
    assert_eq!(status(&world, "alice")["administrator"], Value::Null);
    world.sh("mv /etc/group.away /etc/group; mv /etc/passwd /etc/passwd.away").ok();
    let outcome = world.countersign(&["enable", "--no-account", "alice"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("cannot be looked up"), "{}", outcome.errors());
}

#[test]
fn several_users_a_line_each_and_a_failed_one_stops_nobody() {
    let world = world_of("");
    let outcome = world.countersign(&["enable", "alice", "ghost", "bob"]);
    outcome.expect_code(1);
    let lines: Vec<String> = outcome.text().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("alice: 2FA is on") && lines[1].starts_with("bob: 2FA is on"));
    let errors = outcome.errors();
    assert!(errors.contains("error: ghost: the system knows no such user") && errors.contains("--no-account"));
    world.countersign(&["disable", "alice", "bob"]).ok();
}

#[test]
fn json_is_an_object_for_one_user_and_an_array_for_several() {
    let world = world_of("");
    let one = json(&world, &["enable", "alice", "--json"]);
    assert_eq!((&one["user"], &one["changed"], &one["use_2fa"]), (&"alice".into(), &true.into(), &true.into()));
    assert_eq!(json(&world, &["enable", "--json", "alice"])["changed"], false);
    let two = json(&world, &["disable", "--json", "alice", "bob"]);
    assert_eq!(two.as_array().map(Vec::len), Some(2));
    assert_eq!(two[1]["user"], "bob");
    let outcome = world.countersign(&["lock", "--json", "alice", "ghost"]);
    outcome.expect_code(1);
    let some: Value = serde_json::from_str(&outcome.text()).unwrap();
    assert_eq!(some.as_array().map(Vec::len), Some(1));
    assert_eq!(world.countersign(&["lock", "--json", "ghost"]).expect_code(1).text(), "");
}

#[test]
fn names_without_an_account_are_taken_as_typed() {
    let world = world_of("");
    let said = world.countersign(&["enable", "--no-account", "Leaver One"]).ok();
    assert!(said.starts_with("Leaver One: 2FA is on"), "{said}");
    let now = json(&world, &["status", "--json", "--no-account", "Leaver One"]);
    assert_eq!((&now["uid"], &now["use_2fa"]), (&Value::Null, &true.into()));
    let outcome = world.countersign(&["status", "Leaver One"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("still has state here; to act on it, add --no-account"));
}

#[test]
fn odd_names_cannot_leave_their_place_or_steer_the_terminal() {
    let world = world_of("");
    for name in ["../../etc/passwd", ".hidden", "a/b", "DOM\\user", "x\x1b[2Jy\n", "ünïcödé", "a b;$(id)"] {
        let outcome = world.countersign(&["enable", "--no-account", name]);
        let text = outcome.ok();
        assert!(!text.trim_end().contains(|c: char| c.is_control()), "{text:?}");
        let outcome = world.countersign(&["enable", name]);
        outcome.expect_code(1);
        assert!(!outcome.errors().replace('\n', "").contains(|c: char| c.is_control()));
    }
    let listed = json(&world, &["list", "--json"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(7));
    assert!(listed.as_array().unwrap().iter().any(|user| user["user"] == "x\x1b[2Jy\n"));
    let text = world.countersign(&["list"]).ok();
    assert_eq!(text.lines().count(), 8, "{text}");
    assert!(!text.replace('\n', "").contains(|c: char| c.is_control()));
    for name in ["", &"x".repeat(300), "%".repeat(100).as_str()] {
        let outcome = world.countersign(&["enable", "--no-account", "--", name]);
        outcome.expect_code(1);
        assert!(outcome.errors().starts_with("error: "));
    }
    let bytes =
        world.command(&[COMMAND, "enable"]).arg(std::os::unix::ffi::OsStrExt::from_bytes(b"\xff") as &std::ffi::OsStr);
    bytes.run().expect_code(2);
}

#[test]
fn a_name_is_made_canonical_by_the_system() {
    let world = world_of("");
    // Two accounts in one line's stead: the same uid, another name.
    world.sh("sed -n 's/^alice:/alias:/p' /etc/passwd >>/etc/passwd").ok();
    world.countersign(&["enable", "alias"]).ok();
    assert_eq!(status(&world, "alias")["user"], "alias");
    assert_eq!(status(&world, "alice")["use_2fa"], false, "another name is another user");
}

#[test]
fn each_change_is_logged_once_with_who_made_it() {
    let world = world_of("");
    world.clear_log();
    world.countersign(&["enable", "alice"]).ok();
    let line = world.wait_for_log(&["countersign[", "event=changed", "user=alice", "what=enable", "by="]);
    assert!(line.starts_with("<85>"), "authpriv, notice: {line}");
    assert!(line.contains("by=root") || line.contains("by=\"root"), "{line}");
    world.countersign(&["enable", "alice"]).ok();
    world.countersign(&["lock", "alice"]).ok();
    world.wait_for_log(&["what=lock"]);
    assert_eq!(world.log().matches("what=enable").count(), 1);
    world.sh(&format!("SUDO_USER=mallory {COMMAND} unlock alice")).ok();
    assert!(!world.wait_for_log(&["what=unlock"]).contains("mallory"));
}

#[test]
fn the_defaults_hold_until_something_is_said() {
    let world = world_of("[defaults]\nuse_2fa = true\ncan_toggle = false\n");
    let now = status(&world, "alice");
    assert_eq!(
        (&now["use_2fa"], &now["can_toggle"], &now["use_2fa_source"]),
        (&true.into(), &false.into(), &"default".into())
    );
    world.countersign(&["enable", "alice"]).ok();
    assert_eq!(status(&world, "alice")["use_2fa_source"], "record");
    world.countersign(&["disable", "bob"]).ok();
    assert_eq!(status(&world, "bob")["use_2fa"], false);
}
