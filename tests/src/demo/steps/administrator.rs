//! What an administrator does: reset, lock, time to enroll, unlock.
use super::QR_INK;
use crate::demo::session::{PROMPT, Scene};
use crate::demo::setting::USER;
use serde_json::json;

pub fn reset(scene: &mut Scene) {
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

pub fn locked(scene: &mut Scene) {
    scene.administer(&["lock", USER]);
    let mut terminal = scene.log_in();
    scene.scan(&mut terminal);
    let screen = terminal.screen_text();
    scene.must("the word is not offered", !screen.contains("disable"), || screen.clone());
    terminal.type_line("disable");
    terminal.expect("You may not disable two-factor authentication.");
    terminal.answer(PROMPT, &scene.code());
    scene.arrive(&mut terminal);
    // Refused before any code is asked for.
    let refused = scene.run(&mut terminal, "countersign disable");
    scene.must_say(&refused, &["error: you may not turn two-factor authentication on or off\n"]);
    scene.must_say(&refused, &["hint: your administrator can give you that right, by: countersign unlock alice\n"]);
    scene.leave(&mut terminal);
    scene.must_be(&[("use_2fa", json!(true)), ("can_toggle", json!(false))]);
    scene.must_have_tokens(1);
    scene.must_log("enrolled", &[]);
    scene.helper_must_log("refused", USER, &["reason=not_allowed", "\"disable by alice\""]);
}

pub fn grace(scene: &mut Scene) {
    let given = scene.administer(&["grace", USER, "3d"]);
    scene.must_say(&given, &["alice: may log in without a token until "]);
    let until = scene.status()["grace_until"].as_str().unwrap_or("no time").to_owned();
    let explained = scene.administer(&["explain", USER, "--service", "sshd", "--from", "192.0.2.7"]);
    let sentence = format!("alice is shown a QR code, may not turn 2FA off there, and may put it off until {until}");
    scene.must_say(&explained, &[&sentence, "members of helpdesk may, to alice: reset, unblock"]);
    let mut terminal = scene.log_in();
    terminal.expect(PROMPT);
    let screen = terminal.screen_text();
    scene.must(
        "the word is offered, with the time left",
        screen.contains("later") && screen.contains("3 days"),
        || screen.clone(),
    );
    terminal.type_line("later");
    scene.look_around_and_leave(&mut terminal);
    scene.must_have_tokens(0);
    scene.must_log("grace", &[&format!("until={until}")]);
    let left = scene.administer(&["list", "--not-enrolled"]);
    scene.must_say(&left, &[&format!("alice  until {until}")]);
    scene.administer(&["grace", USER, "off"]);
    scene.must_be(&[("grace_until", json!(null))]);
}

pub fn disable(scene: &mut Scene) {
    scene.administer(&["unlock", USER]);
    let mut terminal = scene.log_in();
    scene.scan(&mut terminal);
    let screen = terminal.screen_text();
    scene.must("the word is offered", screen.contains("disable"), || screen.clone());
    scene.must("`later` is not: the time is over", !screen.contains("later"), || screen.clone());
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
