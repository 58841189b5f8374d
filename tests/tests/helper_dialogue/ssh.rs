//! Every command of one's own and for others, in real logins over sshd.
use countersign_tests::code::{Parameters, key_in};
use countersign_tests::factor::{PASSWORD, PROMPT, recovery_codes_in};
use countersign_tests::terminal::{self, Size};
use countersign_tests::world::Stack;
use countersign_tests::{Factor, Terminal};

const CONFIG: &str = "
[administrators]
groups = ['ops']
[[delegate]]
group = 'desk'
over = ['students']
may = ['reset', 'unblock', 'lock', 'unlock', 'enable', 'disable', 'enroll', 'new-recovery-codes']
";

struct Site {
    factor: Factor,
    _sshd: countersign_tests::world::Sshd,
}

/// alice and bob are students, carol the help desk, olga an administrator; those named are enrolled.
fn site<const N: usize>(enrolled: [&str; N]) -> (Site, [Parameters; N]) {
    let factor = Factor::new(CONFIG, &["alice", "bob", "carol", "olga"]);
    factor.world.use_stack(Stack::Sshd);
    factor.world.add_to_group("students", &["alice", "bob"]);
    factor.world.add_to_group("desk", &["carol"]);
    factor.world.add_to_group("ops", &["olga"]);
    let tokens = enrolled.map(|user| {
        factor.world.countersign(&["enable", user]).ok();
        factor.enroll(user)
    });
    let sshd = factor.world.start_sshd("");
    (Site { factor, _sshd: sshd }, tokens)
}

impl Site {
    /// A login over ssh, with a code where there is a token; a shell, or `remote` without a terminal.
    fn log_in(&self, user: &str, token: Option<&Parameters>, remote: &[&str]) -> Terminal {
        let ssh = terminal::ssh_command(&self.factor.world, user, &[], remote);
        let mut person = Terminal::spawn_with(&self.factor.world, ssh, Size::new(100, 50));
        person.answer("Password: ", PASSWORD);
        if let Some(token) = token {
            person.answer(PROMPT, &self.factor.code(token));
        }
        if remote.is_empty() {
            person.expect("$ ");
        }
        self.factor.next_step();
        person
    }

    /// Types a command, a code if there is a token to confirm with, and returns what is printed until the next prompt.
    fn run(&self, person: &mut Terminal, command: &str, token: Option<&Parameters>) -> String {
        person.type_line(&format!("countersign {command}; echo ended $?"));
        person.expect("\n");
        if let Some(token) = token {
            person.answer(PROMPT, &self.factor.code(token));
            self.factor.next_step();
        }
        let said = person.expect("ended ");
        let status = person.expect("$ ");
        assert!(status.starts_with('0') != said.contains("error: "), "{command}: {said} {status}");
        said
    }

    /// Adds a token; gives what its key makes.
    fn add(&self, person: &mut Terminal, command: &str, token: &Parameters) -> Parameters {
        person.type_line(&format!("countersign {command}"));
        person.answer(PROMPT, &self.factor.code(token));
        let new = Parameters::new(&key_in(&person.expect(PROMPT)).expect("a key on the screen"));
        person.type_line(&self.factor.code(&new));
        person.expect("$ ");
        self.factor.next_step();
        new
    }

    fn status(&self, user: &str) -> serde_json::Value {
        self.factor.status(user)
    }
}

#[test]
fn an_ordinary_user_does_everything_of_their_own() {
    let (site, [phone]) = site(["alice"]);
    let mut person = site.log_in("alice", Some(&phone), &[]);
    assert!(site.run(&mut person, "status", None).contains("Enrolled: yes"));
    assert!(site.run(&mut person, "explain", None).contains("alice"));
    assert_eq!(site.run(&mut person, "tokens", None).trim().lines().count(), 1);
    assert!(site.run(&mut person, "enable", None).contains("already on"));
    let tablet = site.add(&mut person, "enroll --label tablet", &phone);
    assert_eq!(site.status("alice")["tokens"].as_array().map(Vec::len), Some(2));
    let sheet = site.run(&mut person, "new-recovery-codes", Some(&tablet));
    assert_eq!(recovery_codes_in(&sheet).len(), 8, "{sheet}");
    assert!(site.run(&mut person, "remove-token tablet", Some(&phone)).contains("\"tablet\" is removed"));
    assert!(site.run(&mut person, "disable", Some(&phone)).contains("2FA is off"));
    assert!(site.run(&mut person, "enable", None).contains("2FA is on"));
    let phone = site.add(&mut person, "enroll --replace", &phone);
    assert!(site.run(&mut person, "reset", Some(&phone)).contains("the token is forgotten"));
    for refused in ["unblock alice", "lock alice", "unlock alice"] {
        assert!(site.run(&mut person, refused, None).contains("error: you may not "), "{refused}");
    }
    person.type_line("exit");
    person.wait_exit();
    // The next login enrolls, on the screen of an ssh client.
    let ssh = terminal::ssh_command(&site.factor.world, "alice", &[], &["id", "-un"]);
    let mut person = Terminal::spawn_with(&site.factor.world, ssh, Size::new(100, 50));
    person.answer("Password: ", PASSWORD);
    let new = Parameters::new(&key_in(&person.expect(PROMPT)).expect("a key on the screen"));
    person.type_line(&site.factor.code(&new));
    person.answer("Press Enter when you have written them down: ", "");
    person.expect("alice");
    assert!(person.wait_exit().success());
}

#[test]
fn a_user_without_a_token_turns_it_on_and_nothing_else() {
    let (site, []) = site([]);
    let mut person = site.log_in("bob", None, &[]);
    for refused in ["disable", "reset", "enroll", "new-recovery-codes", "remove-token x"] {
        let said = site.run(&mut person, refused, None);
        assert!(said.contains("error: you have no token yet"), "{refused}: {said}");
    }
    assert!(site.run(&mut person, "enable", None).contains("2FA is on; the next login shows a QR code"));
}

#[test]
fn the_help_desk_does_everything_that_is_granted() {
    let (site, [bob, carol]) = site(["bob", "carol"]);
    site.factor.fail("bob", &bob, 5);
    let mut person = site.log_in("carol", Some(&carol), &[]);
    assert!(site.run(&mut person, "status bob", None).contains("User: bob"));
    assert!(site.run(&mut person, "explain bob", None).contains("bob"));
    assert!(site.run(&mut person, "tokens bob", None).contains("bob") || !site.status("bob")["tokens"].is_null());
    for (command, key, value) in [
        ("unblock", "failures", serde_json::json!(0)),
        ("lock", "can_toggle", false.into()),
        ("unlock", "can_toggle", true.into()),
        ("disable", "use_2fa", false.into()),
        ("enable", "use_2fa", true.into()),
        ("new-recovery-codes", "recovery_codes_left", 8.into()),
    ] {
        site.run(&mut person, &format!("{command} bob"), Some(&carol));
        assert_eq!(site.status("bob")[key], value, "{command}");
        site.factor.world.wait_for_log(&[
            "event=changed",
            "user=bob",
            &format!("what={} ", command.replace('-', "_")),
            "by=carol",
        ]);
    }
    site.add(&mut person, "enroll bob --label spare", &carol);
    assert_eq!(site.status("bob")["tokens"].as_array().map(Vec::len), Some(2));
    site.run(&mut person, "reset bob", Some(&carol));
    assert_eq!(site.status("bob")["enrolled"], false);
    let said = site.run(&mut person, "remove-token bob x", None);
    assert!(said.contains("you may help, but not by remove-token"), "{said}");
}

#[test]
fn an_administrator_does_what_no_delegate_can() {
    let (site, [alice, olga]) = site(["alice", "olga"]);
    let mut person = site.log_in("olga", Some(&olga), &[]);
    site.add(&mut person, "enroll alice --label tablet", &olga);
    assert!(site.run(&mut person, "remove-token alice tablet", Some(&olga)).contains("\"tablet\" is removed"));
    site.run(&mut person, "reset alice", Some(&olga));
    assert_eq!(site.status("alice")["changed_by"], "olga");
    assert!(!site.factor.login("alice", &[&site.factor.code(&alice)]).let_in());
}

#[test]
fn a_command_over_ssh_without_a_terminal_asks_and_answers_the_same() {
    let (site, [phone]) = site(["alice"]);
    let mut person = site.log_in("alice", Some(&phone), &["countersign", "status", "--json"]);
    person.wait_exit();
    let printed = person.printed();
    let json: serde_json::Value = serde_json::from_str(&printed[printed.find('{').expect("JSON")..]).expect("JSON");
    assert_eq!(json, site.status("alice"));
    let mut person = site.log_in("alice", Some(&phone), &["countersign", "disable"]);
    person.answer(PROMPT, &site.factor.code(&phone));
    person.expect("2FA is off");
    assert!(person.wait_exit().success());
    assert_eq!(site.status("alice")["use_2fa"], false);
}
