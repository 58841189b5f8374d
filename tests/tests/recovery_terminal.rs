//! Recovery codes on a real terminal, through real sshd and su; and the command that makes new ones.
use countersign_tests::code::{self, Parameters};
use countersign_tests::factor::{IN_USE, PASSWORD, PROMPT, recovery_codes_in};
use countersign_tests::pam_driver::pam;
use countersign_tests::terminal::{self, Size};
use countersign_tests::world::{COMMAND, Stack};
use countersign_tests::{Factor, Phase, Terminal, World};

const SHEET_PROMPT: &str = "Press Enter when you have written them down: ";

/// A world with real stacks.
fn factor(config: &str) -> Factor {
    let factor = Factor::new(config, &["alice", "bob"]);
    for stack in [Stack::Sshd, Stack::Su] {
        factor.world.use_stack(stack);
    }
    factor
}

fn ssh(world: &World) -> Terminal {
    let options = ["-o", "NumberOfPasswordPrompts=1"];
    let mut person = Terminal::spawn_with(world, terminal::ssh_command(world, "alice", &options, &[]), Size::default());
    person.answer("Password: ", PASSWORD);
    person
}

fn su(world: &World) -> Terminal {
    let mut person = terminal::su(world, "bob", "alice");
    person.answer("Password: ", PASSWORD);
    person
}

fn enroll_to_the_sheet(factor: &Factor, person: &mut Terminal) -> (Parameters, Vec<String>) {
    person.expect(PROMPT);
    let token = Parameters::new(&code::key_in(&person.printed()).expect("a key"));
    person.type_line(&factor.code(&token));
    person.expect(SHEET_PROMPT);
    let screen = person.screen_text();
    let codes = recovery_codes_in(&screen);
    assert!(screen.contains("Recovery codes, for the day your phone is gone"), "{screen}");
    (token, codes)
}

fn shell(person: &mut Terminal) {
    person.answer("$ ", "id -un; exit");
    person.expect("alice");
    person.wait_exit();
}

#[test]
fn all_of_them_stand_on_a_screen_of_80_by_24_over_ssh_and_by_su() {
    let sixteen = "[defaults]\nuse_2fa = true\n[recovery]\ncodes = 16\n";
    for (config, count) in [(IN_USE, 8), (sixteen, 16)] {
        let factor = factor(config);
        let _sshd = factor.world.start_sshd("");
        for start in [ssh, su] {
            let mut person = start(&factor.world);
            let (_, codes) = enroll_to_the_sheet(&factor, &mut person);
            assert_eq!(codes.len(), count, "\n{}", person.screen_text());
            person.type_line("");
            shell(&mut person);
            factor.world.countersign(&["reset", "alice"]).ok();
            factor.next_step();
        }
    }
}

#[test]
fn one_of_them_opens_a_shell_over_ssh_also_while_blocked() {
    let factor = factor(IN_USE);
    let _sshd = factor.world.start_sshd("");
    let mut person = ssh(&factor.world);
    let (token, codes) = enroll_to_the_sheet(&factor, &mut person);
    person.type_line("");
    shell(&mut person);
    factor.next_step();
    let mut person = ssh(&factor.world);
    person.answer(PROMPT, &codes[0]);
    person.expect("7 recovery codes left.");
    shell(&mut person);
    factor.fail("alice", &token, 5);
    let mut person = ssh(&factor.world);
    person.answer("Too many wrong codes. Try again in 30 seconds, or enter a recovery code: ", &codes[1]);
    person.expect("6 recovery codes left.");
    shell(&mut person);
}

#[test]
fn a_client_that_goes_away_below_them_has_enrolled() {
    let factor = factor(IN_USE);
    let _sshd = factor.world.start_sshd("");
    let mut person = ssh(&factor.world);
    let (token, codes) = enroll_to_the_sheet(&factor, &mut person);
    person.kill();
    assert_eq!(factor.status("alice")["enrolled"], true);
    factor.assert_next_code_accepted("alice", &token);
    factor.login("alice", &[&codes[0]]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
}

#[test]
fn root_makes_new_ones_that_void_the_old() {
    let factor = factor(IN_USE);
    let (_, old) = factor.enroll_with_recovery_codes("alice");
    let outcome = factor.world.countersign(&["new-recovery-codes", "alice"]);
    let text = outcome.ok();
    let new = recovery_codes_in(&text);
    assert!(text.ends_with("alice: 8 new recovery codes; the 8 old ones are void\n"), "{text}");
    assert_eq!((new.len(), outcome.errors().as_str()), (8, ""));
    factor.login("alice", &[old[0].as_str(); 3]).assert_codes(Phase::Authenticate, &[pam::AUTH_ERR]);
    factor.login("alice", &[&new[0]]).assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
    assert_eq!(factor.status("alice")["recovery_codes_left"], 7);
    factor.world.wait_for_log(&["event=changed", "what=new_recovery_codes", "user=alice"]);
    assert!(new.iter().all(|code| !factor.world.log().contains(code)));
}

#[test]
fn new_ones_need_a_token_a_configuration_that_wants_them_and_someone_to_see_them() {
    let factor = factor(IN_USE);
    let world = &factor.world;
    let before = factor.state();
    let outcome = world.countersign(&["new-recovery-codes", "alice"]);
    outcome.expect_code(1);
    assert!(outcome.errors().starts_with("error: alice: is not enrolled"), "{}", outcome.errors());
    assert_eq!(factor.state(), before, "a refusal leaves no trace");
    factor.enroll("alice");
    world.countersign(&["new-recovery-codes", "alice", "--json"]).expect_code(2);
    let outcome = world.run(&["bash", "-c", &format!("{COMMAND} new-recovery-codes alice >/dev/full")]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("could not be shown") && outcome.errors().contains("hint: "), "{outcome:?}");
    world.configure("[defaults]\nuse_2fa = true\n[recovery]\ncodes = 0\n");
    let outcome = world.countersign(&["new-recovery-codes", "alice"]);
    outcome.expect_code(1);
    assert!(outcome.errors().contains("[recovery] codes is 0"), "{}", outcome.errors());
}

#[test]
fn status_warns_of_few_and_json_counts_them() {
    let factor = factor("[defaults]\nuse_2fa = true\n[recovery]\ncodes = 3\n");
    let (_, codes) = factor.enroll_with_recovery_codes("alice");
    let line = |factor: &Factor| {
        let text = factor.world.countersign(&["status", "alice"]).ok();
        text.lines().find(|line| line.starts_with("Recovery codes left")).expect("a line").to_owned()
    };
    assert_eq!(line(&factor), "Recovery codes left: 3");
    factor.login("alice", &[&codes[0]]);
    assert_eq!(line(&factor), "Recovery codes left: 2 (new ones: countersign new-recovery-codes alice)");
    assert_eq!(factor.status("alice")["recovery_codes_left"], 2);
}
