//! What people do without root, in their own sessions: for themselves, and for those whom they may help.
use crate::demo::session::{PROMPT, RECOVERY_CODES, Scene};
use crate::demo::setting::{ADMINISTRATOR, DELEGATION, HELP_DESK, USER};
use countersign_tests::world::CONFIG;
use serde_json::json;

pub fn self_service(scene: &mut Scene) {
    let mut terminal = scene.log_in();
    terminal.answer(PROMPT, &scene.code());
    scene.arrive(&mut terminal);
    let status = scene.run(&mut terminal, "countersign status");
    let codes = format!("Recovery codes left: {RECOVERY_CODES}\n");
    scene.must_say(&status, &["User: alice\n", "Use 2FA: yes\n", "Enrolled: yes\n", &codes]);
    let foreign = scene.run(&mut terminal, "countersign status olga");
    scene.must_say(&foreign, &["error: olga: you may do this for yourself alone\n"]);
    // The code of the login is used up.
    scene.wait_for_next_code();
    let reset = scene.run_with_code(&mut terminal, "countersign reset");
    let next = "the next login shows a QR code, where alice may also turn it off";
    scene.must_say(&reset, &[&format!("alice: the token is forgotten; {next}\n")]);
    scene.leave(&mut terminal);
    scene.must_have_tokens(0);
    scene.must_be(&[("use_2fa", json!(true)), ("changed_by", json!(USER))]);
    scene.helper_must_log("accepted", USER, &["offset_steps=0"]);
    scene.helper_must_log("changed", USER, &["what=reset", "by=alice"]);
}

pub fn help_desk(scene: &mut Scene) {
    scene.show_file(CONFIG, DELEGATION);
    scene.administer(&["enable", HELP_DESK]);
    let mut terminal = scene.log_in_as(HELP_DESK);
    scene.scan(&mut terminal);
    terminal.type_line(&scene.code());
    scene.arrive(&mut terminal);
    scene.wait_for_next_code();
    let reset = scene.run_with_code(&mut terminal, "countersign reset alice");
    let next = "the next login shows a QR code, and alice may not turn it off";
    scene.must_say(&reset, &[&format!("alice: the token is forgotten; {next}\n")]);
    // Refused before any code is asked for.
    let refused = scene.run(&mut terminal, "countersign reset olga");
    scene.must_say(&refused, &["error: olga: is an administrator\n", "hint: another administrator can help\n"]);
    let refused = scene.run(&mut terminal, "countersign unlock alice");
    scene.must_say(&refused, &["error: alice: you may help, but not by unlock\n"]);
    scene.leave(&mut terminal);
    scene.must_have_tokens(0);
    scene.must_be(&[("can_toggle", json!(false)), ("changed_by", json!(HELP_DESK))]);
    scene.helper_must_log("changed", USER, &["what=reset", "by=hana"]);
    scene.helper_must_log("refused", ADMINISTRATOR, &["reason=not_allowed", "\"reset by hana\""]);
}
