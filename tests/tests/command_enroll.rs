//! `countersign enroll` by the real command: the QR code read from the terminal, codes from oathtool.
use countersign_tests::code::{self, Parameters, code_now, key_in, wrong_code};
use countersign_tests::pam_driver::pam;
use countersign_tests::qr::{self, Otpauth, Theme};
use countersign_tests::terminal::Size;
use countersign_tests::world::{COMMAND, HOST_NAME, STATE_DIR};
use countersign_tests::{Driver, Phase, Terminal, World};
use serde_json::Value;

fn world_of(config: &str) -> World {
    let world = World::builder().user("alice", "correct horse").product(config).build();
    world.clock().freeze_mid_step(30);
    world
}

fn status(world: &World) -> Value {
    serde_json::from_str(&world.countersign(&["status", "alice", "--json"]).ok()).unwrap()
}

fn login(world: &World, answer: &str) -> i32 {
    let driver = Driver::new(world).bare_module("pam_countersign.so").answers([answer]);
    driver.phases([Phase::Authenticate]).run().code(Phase::Authenticate)
}

fn read_from_screen(person: &mut Terminal, theme: Theme) -> Otpauth {
    Otpauth::parse(&qr::read(person.screen(), theme).expect("a QR code on the screen"))
}

#[test]
fn a_person_scans_the_code_and_proves_it() {
    let world = world_of("");
    world.countersign(&["enable", "alice"]).ok();
    let mut person = Terminal::spawn(&world, &[COMMAND, "enroll", "alice"]);
    person.expect("Verification code: ");
    let scanned = read_from_screen(&mut person, Theme::Dark);
    assert_eq!((scanned.account.as_str(), scanned.issuer.as_deref()), ("alice", Some(HOST_NAME)));
    let screen = person.screen_text();
    assert!(screen.contains("Two-factor authentication for") && screen.contains("alice on host1"), "{screen}");
    assert_eq!(key_in(&screen).as_deref(), Some(scanned.parameters.secret.as_str()));
    assert_eq!(status(&world)["enrolled"], false, "nothing is stored before the proof");
    let code = code_now(&world, &scanned.parameters.secret);
    person.type_line(&code);
    person.expect("alice: enrolled; the next login asks for a code");
    assert_eq!(person.wait_exit().code(), Some(0));
    let now = status(&world);
    assert_eq!((&now["enrolled"], &now["last_accepted"]), (&true.into(), &Value::Null));
    assert_ne!(login(&world, &code), pam::SUCCESS, "the proving code is used up");
    world.move_clock(30);
    assert_eq!(login(&world, &code_now(&world, &scanned.parameters.secret)), pam::SUCCESS);
    world.wait_for_log(&["event=changed", "what=enroll", "user=alice"]);
    assert!(!world.log().contains(&scanned.parameters.secret));
}

#[test]
fn the_words_redraw_it_for_light_terminals_and_without_utf8() {
    let world = world_of("");
    let size = Size::new(100, 80);
    let mut person = Terminal::spawn_with(&world, world.command(&[COMMAND, "enroll", "alice"]), size);
    person.answer("Verification code: ", "INVERT");
    person.expect("Verification code: ");
    let inverted = read_from_screen(&mut person, Theme::Light);
    person.type_line("ascii");
    person.expect("##");
    person.expect("Verification code: ");
    person.answer("", "what?");
    person.expect("a code has 6 digits");
    let code = code_now(&world, &inverted.parameters.secret);
    person.type_line(&format!("{} {}", &code[..3], &code[3..]));
    person.expect("alice: enrolled, but 2FA is off; to turn it on: countersign enable alice");
    assert_eq!(person.wait_exit().code(), Some(0));
}

#[test]
fn other_parameters_and_no_picture() {
    let world = world_of("[totp]\nalgorithm = \"SHA256\"\ndigits = 8\nperiod = 60\n[prompt]\nqr = \"off\"\n");
    let mut person = Terminal::spawn(&world, &[COMMAND, "enroll", "alice"]);
    let screen = person.expect("Verification code: ");
    assert!(screen.contains("SHA256, 8 digits, 60 seconds") && !screen.contains('█'), "{screen}");
    let secret = key_in(&screen).expect("a key");
    let parameters = Parameters { algorithm: "SHA256".to_owned(), digits: 8, period: 60, ..Parameters::new(&secret) };
    person.type_line(&parameters.at(world.clock().now()));
    person.expect("alice: enrolled");
    let token = &status(&world)["tokens"][0];
    assert_eq!((&token["digits"], &token["period"], &token["algorithm"]), (&8.into(), &60.into(), &"SHA256".into()));
}

#[test]
fn three_wrong_codes_or_silence_store_nothing() {
    let world = world_of("");
    let mut person = Terminal::spawn(&world, &[COMMAND, "enroll", "alice"]);
    for _ in 0..3 {
        let screen = person.expect("Verification code: ");
        let key = key_in(&person.printed()).expect("a key");
        assert!(!screen.contains("enrolled"));
        person.type_line(&wrong_code(&Parameters::new(&key), world.clock().now(), 5));
    }
    person.expect("error: alice: no right code was given; nothing is stored");
    assert_eq!(person.wait_exit().code(), Some(1));
    let outcome = world.countersign(&["enroll", "alice"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("error: alice: no code was given; nothing is stored"));
    let mut person = Terminal::spawn(&world, &[COMMAND, "enroll", "alice"]);
    person.expect("Verification code: ");
    person.type_bytes(b"\x03");
    person.wait_exit();
    assert_eq!(status(&world)["enrolled"], false);
    assert_eq!(world.sh(&format!("find {STATE_DIR}/users {STATE_DIR}/counters -type f")).ok(), "");
    let flood = "not a code\n".repeat(1000);
    let outcome = world.command(&[COMMAND, "enroll", "alice"]).stdin(flood).run();
    outcome.expect_code(1);
    assert!(outcome.errors().matches("Verification code: ").count() <= 20);
    let endless = vec![b'1'; 1 << 20];
    world.command(&[COMMAND, "enroll", "alice"]).stdin(endless).run().expect_code(1);
}

#[test]
fn an_enrolled_user_is_refused() {
    let world = world_of("");
    world.countersign(&["enroll", "alice", "--no-confirm"]).ok();
    let outcome = world.countersign(&["enroll", "alice", "--no-confirm"]);
    outcome.expect_code(1);
    assert_eq!(
        outcome.errors(),
        "error: alice: already enrolled\nhint: for one more token: countersign enroll alice --label TEXT\n\
         hint: for a new phone in place of all tokens: countersign enroll alice --replace\n\
         hint: to begin anew: countersign reset alice\n"
    );
    assert_eq!(outcome.text(), "", "no key is shown");
    world.countersign(&["enroll", "ghost", "--no-confirm"]).expect_code(1);
}

#[test]
fn of_two_at_once_one_wins() {
    let world = world_of("");
    let mut first = Terminal::spawn(&world, &[COMMAND, "enroll", "alice"]);
    let mut second = Terminal::spawn(&world, &[COMMAND, "enroll", "alice"]);
    let mut keys = Vec::new();
    for person in [&mut first, &mut second] {
        person.expect("Verification code: ");
        let key = key_in(&person.printed()).expect("a key");
        keys.push(key);
    }
    for (person, key) in [&mut first, &mut second].into_iter().zip(&keys) {
        person.type_line(&code_now(&world, key));
    }
    let mut codes = [first, second].map(|mut person| {
        let (which, _) = person.expect_any(&["alice: enrolled", "error: alice: already enrolled"]);
        let code = person.wait_exit().code();
        assert_eq!(code, Some(i32::try_from(which).unwrap()));
        code
    });
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(1)]);
    assert_eq!(status(&world)["tokens"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_uri_alone_goes_to_stdout() {
    let world = world_of("");
    world.countersign(&["enable", "alice"]).ok();
    let outcome = world.countersign(&["enroll", "alice", "--uri", "--no-confirm"]);
    let text = outcome.ok();
    assert_eq!(text.lines().count(), 1);
    let scanned = Otpauth::parse(text.trim());
    assert!(outcome.errors().contains("alice: enrolled"));
    assert!(!outcome.errors().contains(&scanned.parameters.secret));
    assert_eq!(login(&world, &code_now(&world, &scanned.parameters.secret)), pam::SUCCESS, "no step was used up");
}

#[test]
fn a_picture_is_for_nobody_elses_eyes() {
    let world = world_of("");
    let outcome = world.sh(&format!("umask 0; cd /root; {COMMAND} enroll alice --svg qr.svg --no-confirm"));
    assert!(outcome.ok().ends_with("\nalice: enrolled, but 2FA is off; to turn it on: countersign enable alice\n"));
    assert_eq!(world.sh("stat --format='%a %U' /root/qr.svg").ok(), "600 root\n");
    let svg = String::from_utf8(world.read_file("/root/qr.svg")).unwrap();
    assert!(svg.contains("<svg") && svg.contains("<path"), "{svg}");
    world.countersign(&["reset", "alice"]).ok();
    for path in ["/root/qr.svg", "/root/link.svg", "/nowhere/qr.svg"] {
        world.sh("ln -sf /etc/target /root/link.svg").ok();
        let outcome = world.countersign(&["enroll", "alice", "--svg", path, "--no-confirm"]);
        outcome.expect_code(1);
        assert!(outcome.errors().contains(path), "{}", outcome.errors());
        assert!(!world.exists("/etc/target"));
        assert_eq!(status(&world)["enrolled"], false);
    }
    assert_eq!(String::from_utf8(world.read_file("/root/qr.svg")).unwrap(), svg, "what is there is left alone");
    world.countersign(&["enroll", "alice", "--svg", "/root/new.svg"]).expect_code(1);
    assert!(!world.exists("/root/new.svg"), "a picture without a token is taken back");
}

#[test]
fn json_keeps_the_key_out_of_stdout() {
    let world = world_of("");
    let outcome = world.countersign(&["enroll", "alice", "--no-confirm", "--json"]);
    let now: Value = serde_json::from_str(&outcome.ok()).unwrap();
    assert_eq!((&now["enrolled"], &now["changed"]), (&true.into(), &true.into()));
    let key = code::key_in(&outcome.errors()).expect("the key on stderr");
    assert!(!outcome.text().contains(&key));
}

#[test]
fn a_key_nobody_can_see_is_not_stored() {
    let world = world_of("");
    let outcome = world.run(&["bash", "-c", &format!("{COMMAND} enroll alice --no-confirm >/dev/full")]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("cannot show the key"), "{}", outcome.errors());
    assert_eq!(status(&world)["enrolled"], false);
}
