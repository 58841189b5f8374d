//! What the log says of each event, and what neither it nor anything else but the record ever holds (I9).
use crate::stage::*;
use countersign_tests::factor::recovery_codes_in;
use countersign_tests::world::STATE_DIR;
use countersign_tests::{Terminal, World};

/// The one line of the module or command that holds all this, cut to what follows the program's name.
fn line(world: &World, needles: &[&str]) -> String {
    let line = world.wait_for_log(needles);
    let start = line.find("event=").unwrap_or_else(|| panic!("no event: {line}"));
    line[start..].to_owned()
}

fn priority(world: &World, needles: &[&str]) -> String {
    let line = world.wait_for_log(needles);
    line[..=line.find('>').expect("a priority")].to_owned()
}

/// `authpriv` with a severity.
fn authpriv(severity: u32) -> String {
    format!("<{}>", 10 * 8 + severity)
}

#[test]
fn each_event_of_a_login_has_its_line() {
    let world = world();
    let _sshd = world.start_sshd("");
    let phone = enroll(&world, ssh(&world, "alice", ALICES));
    let who = "user=alice service=sshd rhost=127.0.0.1";
    let token = status(&world, "alice")["tokens"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(line(&world, &["event=enrolled"]), format!("event=enrolled {who} token={token}"));
    assert_eq!(priority(&world, &["event=enrolled"]), authpriv(5));
    world.wait_for_log(&["pam_countersign(sshd:account): event=enrolled"]);

    let mut person = ssh(&world, "alice", ALICES);
    person.expect(PROMPT);
    answer(&mut person, &phone.code(&world));
    assert_eq!(line(&world, &["event=replay"]), format!("event=replay {who}"));
    assert_eq!(priority(&world, &["event=replay"]), authpriv(4));
    world.wait_for_log(&["pam_countersign(sshd:auth): event=replay"]);
    answer(&mut person, &phone.wrong(&world));
    assert_eq!(line(&world, &["reason=wrong_code"]), format!("event=refused {who} reason=wrong_code"));
    assert_eq!(priority(&world, &["reason=wrong_code"]), authpriv(5));
    world.move_clock(2 * STEP);
    person.type_line(&phone.code_in(&world, 1));
    expect_shell(&mut person, "alice");
    assert_eq!(line(&world, &["event=accepted"]), format!("event=accepted {who} offset_steps=1 failures=1"));
    assert_eq!(priority(&world, &["event=accepted"]), authpriv(6));
}

#[test]
fn block_change_disable_and_distrust_have_their_lines() {
    let world = world_with(&format!("{ON}{NO_RECOVERY}"));
    let phone = enrolled(&world);
    for times in [3, 2] {
        let mut person = su(&world);
        for _ in 0..times {
            person.answer(PROMPT, &phone.wrong(&world));
        }
        expect_refused(&mut person);
    }
    let blocked = line(&world, &["event=blocked"]);
    assert!(blocked.starts_with("event=blocked user=alice service=su-l until=20"), "{blocked}");
    assert!(blocked.ends_with("Z failures=5"), "{blocked}");
    assert_eq!(priority(&world, &["event=blocked"]), authpriv(4));

    world.countersign(&["unblock", "alice"]).ok();
    let changed = line(&world, &["event=changed", "what=unblock"]);
    assert!(changed.contains("user=alice") && changed.ends_with("by=root"), "{changed}");
    world.countersign(&["reset", "alice"]).ok();
    world.wait_for_log(&["event=changed", "user=alice", "what=reset", "by=root"]);
    let mut person = su(&world);
    person.answer(PROMPT, "disable");
    expect_shell(&mut person, "alice");
    assert_eq!(line(&world, &["event=disabled"]), "event=disabled user=alice service=su-l");

    world.sh(&format!("chmod 644 {STATE_DIR}/users/alice.toml")).ok();
    assert_eq!(expect_refused(&mut su(&world)), [NOT_AVAILABLE]);
    let untrusted = line(&world, &["event=untrusted"]);
    let start = format!("event=untrusted user=alice service=su-l path={STATE_DIR}/users/alice.toml reason=");
    assert!(untrusted.starts_with(&start), "{untrusted}");
    assert_eq!(priority(&world, &["event=untrusted"]), authpriv(3));
}

#[test]
fn a_broken_configuration_is_logged_with_file_line_and_key() {
    let world = world();
    world.configure("[defaults]\nuse_2fa = true\nuse_3fa = true\n");
    assert_eq!(expect_refused(&mut su(&world)), [NOT_AVAILABLE]);
    let logged = line(&world, &["event=misconfigured"]);
    for part in ["/etc/countersign/config.toml", "3", "use_3fa"] {
        assert!(logged.contains(part), "{part}: {logged}");
    }
}

/// Everything a person with this phone has on screen and in hand.
fn secrets(world: &World, phone: &Phone) -> Vec<String> {
    let key = &phone.parameters().secret;
    let grouped: Vec<_> = key.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group)).collect();
    vec![key.clone(), grouped.join(" "), grouped[..2].join(" "), phone.code(world), "otpauth".to_owned()]
}

fn assert_without_secrets(what: &str, text: &str, secrets: &[String]) {
    for secret in secrets {
        let found = text.match_indices(secret.as_str()).any(|(at, _)| {
            // Six digits in the middle of a longer number are no code.
            let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            !inside(text[..at].chars().next_back()) && !inside(text[at + secret.len()..].chars().next())
        });
        assert!(!found, "{secret} in {what}:\n{text}");
    }
}

/// A login that shows its shell's environment; returns that.
fn environment(person: &mut Terminal) -> String {
    person.answer("$ ", "stty -echo; PS1=; env; tr '\\0' '\\n' < /proc/$$/environ; echo the end");
    let shown = person.expect("the end\n");
    person.type_line("exit");
    person.wait_exit();
    assert!(shown.contains("PATH="), "{shown}");
    shown
}

#[test]
fn no_secret_code_or_uri_is_in_the_log_or_the_environment() {
    let world = world();
    let stack = String::from_utf8(world.read_file("/etc/pam.d/sshd")).unwrap();
    world.pam_stack("sshd", &stack.replace("pam_countersign.so", "pam_countersign.so debug"));
    let _sshd = world.start_sshd("LogLevel DEBUG3\n");
    let mut person = ssh(&world, "alice", ALICES);
    let phone = Phone::scan(&mut person);
    let mut known = secrets(&world, &phone);
    let wrong = phone.wrong(&world);
    known.push(wrong.clone());
    answer(&mut person, &wrong);
    person.type_line(&phone.code(&world));
    known.extend(recovery_codes_in(&person.expect(RECOVERY_PROMPT)));
    assert!(known.len() > 8, "recovery codes are secrets too");
    person.type_line("");
    assert_without_secrets("the environment", &environment(&mut person), &known);
    world.move_clock(STEP);
    known.extend(secrets(&world, &phone));
    let mut person = ssh(&world, "alice", ALICES);
    person.expect(PROMPT);
    answer(&mut person, &wrong);
    person.type_line(&phone.code(&world));
    assert_without_secrets("the environment", &environment(&mut person), &known);
    world.wait_for_log(&["event=accepted"]);
    assert_without_secrets("the log", &world.log(), &known);
}

#[test]
fn only_the_record_holds_the_secret() {
    let world = world();
    let phone = enrolled(&world);
    let mut person = su(&world);
    let mut typed = vec![phone.code(&world)];
    person.answer(PROMPT, &typed[0]);
    expect_shell(&mut person, "alice");
    typed.push(phone.parameters().secret.clone());
    typed.push("otpauth://".to_owned());
    for text in &typed {
        // The layers hold all that was written since the world began.
        let find = "grep -rlawF --exclude-dir=work -e \"$0\" /run/world/ /dev/shm/ || true";
        let found = world.run(&["bash", "-c", find, text]).ok();
        let record = "/run/world/layers/var/upper/lib/countersign/users/alice.toml\n".to_owned();
        let expected = if *text == phone.parameters().secret { record } else { String::new() };
        assert_eq!(found, expected, "{text}");
    }
    let modes = world.sh(&format!("find {STATE_DIR} -printf '%m %u %y %P\\n' | sort")).ok();
    let expected = "600 countersign f counters/alice\n600 countersign f format\n600 countersign f users/alice.toml\n\
                    700 countersign d \n700 countersign d counters\n700 countersign d users\n";
    assert_eq!(modes, expected);
}
