//! The steps of the scripted demo, in their order; each goes on from where the one before it ended.
use super::session::{PROMPT, Scene};
use super::setting::USER;
use countersign_tests::world::Stack;
use serde_json::json;

/// A step: its heading and what is done.
type Step = (&'static str, fn(&mut Scene));

/// All steps.
pub const STEPS: [Step; 8] = [
    ("First login: set up by a QR code", first_login),
    ("Second login: asked for a code", second_login),
    ("The same code again: refused", same_code),
    ("Wrong codes: refused and counted", wrong_codes),
    ("A new phone: reset, and a new QR code", reset),
    ("Locked: alice may not disable", locked),
    ("Unlocked: alice may disable, and is asked nothing from then on", disable),
    ("A stack without our account line: three logins, then none", no_account_line),
];

const QR_INK: &str = "█";

fn first_login(scene: &mut Scene) {
    scene.administer(&["enable", USER]);
    scene.must_have_tokens(0);
    let mut terminal = scene.log_in();
    scene.scan(&mut terminal);
    terminal.type_line(&scene.code());
    scene.look_around_and_leave(&mut terminal);
    scene.must_have_tokens(1);
    scene.must_be(&[("use_2fa", json!(true)), ("failures", json!(0)), ("state", json!("ok"))]);
    scene.must_log("enrolled", &[]);
}

fn second_login(scene: &mut Scene) {
    let mut terminal = scene.log_in();
    let before = terminal.expect(PROMPT);
    terminal.type_line(&scene.code());
    scene.look_around_and_leave(&mut terminal);
    scene.must("no QR code, no key, no word", !before.contains(QR_INK) && !before.contains("disable"), || {
        before.clone()
    });
    scene.must_have_tokens(1);
    let last = scene.status()["last_accepted"].clone();
    let is_this = last["service"] == json!("sshd") && last["offset_steps"] == json!(0);
    scene.must("status: the last accepted code is this one", is_this, || format!("{last:#}"));
    scene.must_log("accepted", &["offset_steps=0"]);
}

fn same_code(scene: &mut Scene) {
    let code = scene.code();
    let mut terminal = scene.log_in();
    terminal.answer(PROMPT, &code);
    scene.look_around_and_leave(&mut terminal);
    let accepted = scene.status()["last_accepted"].clone();
    let mut terminal = scene.log_in();
    terminal.answer(PROMPT, &code);
    terminal.expect("Otp invalid! This code was already used. Wait for the next one.");
    terminal.expect(PROMPT);
    scene.give_up(&mut terminal);
    scene.must_be(&[("failures", json!(0)), ("last_accepted", accepted), ("blocked", json!(null))]);
    scene.must_log("replay", &[]);
}

fn wrong_codes(scene: &mut Scene) {
    let wrong = scene.wrong_code();
    let mut terminal = scene.log_in();
    terminal.answer(PROMPT, &wrong);
    let first = terminal.expect(PROMPT);
    scene.must("`Otp invalid!`", first.contains("Otp invalid!") && !first.contains("clock"), || first.clone());
    terminal.type_line(&wrong);
    terminal.expect("Otp invalid! If you typed it correctly, set your phone's clock to automatic.");
    terminal.expect(PROMPT);
    scene.must_be(&[("failures", json!(2)), ("blocked", json!(null))]);
    scene.must_log("refused", &["reason=wrong_code"]);
    terminal.type_line(&scene.code());
    terminal.expect("2 wrong codes since your last login on ");
    scene.look_around_and_leave(&mut terminal);
    scene.must_be(&[("failures", json!(0))]);
}

fn reset(scene: &mut Scene) {
    let old = scene.phone().clone();
    let old_token = scene.status()["tokens"][0]["id"].clone();
    scene.administer(&["reset", USER]);
    scene.must_have_tokens(0);
    let mut terminal = scene.log_in();
    scene.scan(&mut terminal);
    scene.must("it is another key", *scene.phone() != old, || format!("{old:?}"));
    let now = scene.world.clock().now();
    terminal.type_line(&old.at(now));
    terminal.expect("Otp invalid! Use the newest entry in your app.");
    let again = terminal.expect(PROMPT);
    scene.must("the old phone's code is refused", !again.contains(QR_INK), || again.clone());
    terminal.type_line(&scene.code());
    scene.look_around_and_leave(&mut terminal);
    scene.must_have_tokens(1);
    let token = scene.status()["tokens"][0]["id"].clone();
    scene.must("status: it is another token", token != old_token, || format!("{token}"));
    scene.must_log("enrolled", &[]);
}

fn locked(scene: &mut Scene) {
    scene.administer(&["lock", USER]);
    scene.administer(&["reset", USER]);
    let mut terminal = scene.log_in();
    scene.scan(&mut terminal);
    let screen = terminal.screen_text();
    scene.must("the word is not offered", !screen.contains("disable"), || screen.clone());
    terminal.type_line("disable");
    terminal.expect("You may not disable two-factor authentication.");
    terminal.answer(PROMPT, &scene.code());
    scene.look_around_and_leave(&mut terminal);
    scene.must_be(&[("use_2fa", json!(true)), ("can_toggle", json!(false))]);
    scene.must_have_tokens(1);
    scene.must_log("enrolled", &[]);
}

fn disable(scene: &mut Scene) {
    scene.administer(&["unlock", USER]);
    scene.administer(&["reset", USER]);
    let mut terminal = scene.log_in();
    scene.scan(&mut terminal);
    let screen = terminal.screen_text();
    scene.must("the word is offered", screen.contains("disable"), || screen.clone());
    terminal.type_line("disable");
    scene.look_around_and_leave(&mut terminal);
    scene.must_be(&[("use_2fa", json!(false)), ("can_toggle", json!(true))]);
    scene.must_have_tokens(0);
    scene.must_log("disabled", &[]);
    let mut terminal = scene.log_in();
    scene.look_around_and_leave(&mut terminal);
    let printed = terminal.printed();
    scene.must("the next login asks for no code", !printed.contains(PROMPT), || printed.clone());
}

fn no_account_line(scene: &mut Scene) {
    scene.administer(&["enable", USER]);
    scene.world.use_stack(Stack::SshdNoAccount);
    for _ in 0..3 {
        let mut terminal = scene.log_in();
        scene.scan(&mut terminal);
        terminal.type_line(&scene.code());
        scene.look_around_and_leave(&mut terminal);
        scene.must_have_tokens(0);
        scene.wait_for_next_code();
    }
    let mut terminal = scene.log_in();
    let before = terminal.expect("Two-factor authentication is not available. Contact your administrator.");
    scene.must("the fourth is asked nothing", !before.contains(PROMPT), || before.clone());
    // ssh would try again from the start.
    terminal.expect("Password: ");
    scene.give_up(&mut terminal);
    scene.must_log("misconfigured", &["no account line for sshd"]);
    scene.must_have_tokens(0);
}
