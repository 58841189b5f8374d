//! A machine that is set up wrong.
use crate::demo::session::{PROMPT, Scene};
use crate::demo::setting::USER;
use countersign_tests::world::Stack;

pub fn no_account_line(scene: &mut Scene) {
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
