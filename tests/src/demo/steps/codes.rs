//! Logins with a code, a wrong one, a used one, a recovery code.
use super::QR_INK;
use crate::demo::session::{PROMPT, RECOVERY_CODES, RECOVERY_PROMPT, Scene};
use crate::demo::setting::USER;
use serde_json::json;

pub fn first_login(scene: &mut Scene) {
    scene.administer(&["enable", USER]);
    scene.must_have_tokens(0);
    let mut terminal = scene.log_in();
    scene.scan(&mut terminal);
    terminal.type_line(&scene.code());
    scene.look_around_and_leave(&mut terminal);
    scene.must_have_tokens(1);
    let codes = json!(RECOVERY_CODES);
    scene.must_be(&[("use_2fa", json!(true)), ("failures", json!(0)), ("recovery_codes_left", codes)]);
    scene.must_be(&[("state", json!("ok"))]);
    scene.must_log("enrolled", &[]);
}

pub fn second_login(scene: &mut Scene) {
    let mut terminal = scene.log_in();
    let before = terminal.expect(PROMPT);
    terminal.type_line(&scene.code());
    scene.look_around_and_leave(&mut terminal);
    scene.must("no QR code, no key, no word", !before.contains(QR_INK) && !before.contains("disable"), || {
        before.clone()
    });
    let printed = terminal.printed();
    scene.must("no recovery codes: they were shown once", !printed.contains(RECOVERY_PROMPT), || printed.clone());
    scene.must_have_tokens(1);
    let last = scene.status()["last_accepted"].clone();
    let is_this = last["service"] == json!("sshd") && last["offset_steps"] == json!(0);
    scene.must("status: the last accepted code is this one", is_this, || format!("{last:#}"));
    scene.must_log("accepted", &["offset_steps=0"]);
}

pub fn same_code(scene: &mut Scene) {
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

pub fn wrong_codes(scene: &mut Scene) {
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

pub fn recovery_code(scene: &mut Scene) {
    let [code, ..] = scene.sheet() else { panic!("an earlier step wrote recovery codes down") };
    let code = code.clone();
    let left = RECOVERY_CODES - 1;
    let mut terminal = scene.log_in();
    // As a person reads it off the sheet: letter case, blanks and dashes do not matter.
    terminal.answer(PROMPT, &code.to_lowercase().replace('-', " "));
    let before = scene.arrive(&mut terminal);
    scene.must_say(&before, &[&format!("{left} recovery codes left.")]);
    scene.leave(&mut terminal);
    scene.must_be(&[("recovery_codes_left", json!(left))]);
    scene.must_have_tokens(1);
    scene.must_log("recovery_used", &[&format!("left={left}")]);
    let mut terminal = scene.log_in();
    terminal.answer(PROMPT, &code);
    terminal.expect("Otp invalid!");
    terminal.expect(PROMPT);
    scene.give_up(&mut terminal);
    scene.must_be(&[("recovery_codes_left", json!(left))]);
}
