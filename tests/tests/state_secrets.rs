//! Secrets and codes stand where they must and nowhere else (I9).
use countersign_tests::factor::{IN_USE, MODULE, key_shown};
use countersign_tests::pam_driver::{Barrier, Event, Item, Step, Style, pam};
use countersign_tests::{Answer, Factor, Phase, wait};
use std::fs::File;
use std::os::unix::fs::FileExt;

/// The bytes of a base32 text.
fn decoded(base32: &str) -> Vec<u8> {
    let digit = |c: u8| if c.is_ascii_digit() { c - b'2' + 26 } else { c - b'A' };
    let mut bytes = Vec::new();
    let bits: Vec<u8> = base32.bytes().flat_map(|c| (0..5).rev().map(move |bit| digit(c) >> bit & 1)).collect();
    for byte in bits.chunks_exact(8) {
        bytes.push(byte.iter().fold(0, |byte, bit| byte << 1 | bit));
    }
    bytes
}

/// Which writable mappings of a process hold one of these.
fn mappings_with(process: u32, needles: &[Vec<u8>]) -> Vec<String> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).expect("the mappings of a process");
    let memory = File::open(format!("/proc/{process}/mem")).expect("the memory of a process");
    let holds = |line: &&str| {
        let mut fields = line.split_whitespace();
        let (range, access) = (fields.next().expect("a range"), fields.next().expect("an access"));
        let (start, end) = range.split_once('-').expect("two addresses");
        let [start, end] = [start, end].map(|address| u64::from_str_radix(address, 16).expect("an address"));
        if !access.starts_with("rw") {
            return false;
        }
        let mut bytes = vec![0; usize::try_from(end - start).expect("a size")];
        let read = memory.read_at(&mut bytes, start).unwrap_or(0);
        let found = |needle: &Vec<u8>| bytes[..read].windows(needle.len()).any(|window| window == needle);
        needles.iter().any(found)
    };
    maps.lines().filter(holds).map(str::to_owned).collect()
}

/// The driver's process: the child of `nsenter`.
fn driver_process(parent: u32) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).expect("children");
    children.trim().parse().expect("one child")
}

#[test]
fn after_a_login_no_memory_of_the_application_holds_the_secret() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let token = factor.enroll("alice");
    let needles = [token.secret.clone().into_bytes(), decoded(&token.secret)];
    // Two logins in one process, then it waits to be looked at.
    let look = "mkfifo /tmp/gate; touch /tmp/look; cat /tmp/gate";
    let steps = [
        Step::call(Phase::Authenticate),
        Step::call(Phase::Account),
        Step::call(Phase::Authenticate),
        Step::Shell(look.to_owned()),
    ];
    let answers = [factor.wrong_code(&token), factor.code(&token), factor.code_of_step(&token, 1)];
    let running = factor.driver("alice").answers(answers).steps(steps).start(&Barrier::new());
    let ready = factor.world.path("/tmp/look");
    wait::until("both logins are through", || ready.exists().then_some(()));
    let process = driver_process(running.parent_process());
    let found = mappings_with(process, &needles);
    assert!(!mappings_with(process, &[b"{\"service\":\"sshd\"".to_vec()]).is_empty(), "the search finds what is there");
    factor.world.sh("echo > /tmp/gate").ok();
    let transcript = running.finish();
    transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS, pam::SUCCESS]);
    assert_eq!(found, [""; 0], "the secret stands here");
}

#[test]
fn no_secret_key_or_code_comes_into_the_log_or_an_error_message() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let screen = factor.driver("alice").answers(["ascii", "{wrong}", "{code}"]).run();
    screen.assert_codes(Phase::Account, &[pam::SUCCESS]);
    let token = key_shown(&screen);
    let mut secrets = vec![token.secret.clone(), "otpauth".to_owned(), hexadecimal(&decoded(&token.secret))];
    secrets.extend(screen.prompts().iter().skip(1).map(|prompt| prompt.answer.clone()));
    let module = format!("{MODULE} debug");
    for _ in 0..50 {
        factor.next_step();
        let (code, wrong) = (factor.code(&token), factor.wrong_code(&token));
        let driver = factor.driver("alice").bare_module(&module).item(Item::Rhost, "203.0.113.9");
        let transcript = driver.answers([wrong.as_str(), code.as_str()]).run();
        transcript.assert_codes(Phase::Authenticate, &[pam::SUCCESS]);
        assert!(transcript.messages().iter().all(|message| message.style != Style::Info));
        assert!(transcript.notices().iter().all(|notice| !notice.contains(&code) && !notice.contains(&wrong)));
        secrets.extend([code, wrong]);
    }
    factor.world.countersign(&["reset", "alice"]).ok();
    factor.world.wait_for_log(&["event=changed", "what=reset"]);
    // The time and process before the message are digits that prove nothing.
    let log = factor.world.log();
    let messages: Vec<&str> = log.lines().filter_map(|line| Some(line.split_once(": ")?.1)).collect();
    assert!(messages.len() > 100, "{log}");
    for secret in &secrets {
        let leaking = messages.iter().find(|message| message.contains(secret.as_str()));
        assert_eq!(leaking, None, "{secret} is in the log");
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[test]
fn the_key_stands_in_the_prompt_alone_and_in_no_environment() {
    let factor = Factor::new(IN_USE, &["alice"]);
    let steps = [Step::call(Phase::Authenticate), Step::call(Phase::Account), Step::ShowItems];
    let transcript = factor.driver("alice").answers(["invert", "x", "{code}"]).steps(steps).run();
    let token = key_shown(&transcript);
    let with_key = |text: &str| text.contains(&token.secret[..4]) || text.contains("otpauth");
    let showing: Vec<_> = transcript.messages().into_iter().filter(|message| with_key(&message.text)).collect();
    assert_eq!(showing.len(), 2, "the screen, and the screen inverted");
    assert!(showing.iter().all(|message| message.is_prompt()), "{showing:#?}");
    let environment = transcript.events.iter().find_map(|event| match event {
        Event::Items { environment, .. } => Some(environment),
        _ => None,
    });
    assert_eq!(environment, Some(&vec![]));
}

#[test]
fn every_file_of_the_state_is_private_from_the_first_moment() {
    let factor = Factor::new(IN_USE, &["alice"]);
    // Whatever mask the application has, and at any moment it can be looked at.
    for (mask, answer) in [("000", "{code}"), ("777", "disable"), ("022", "{code}")] {
        factor.world.countersign(&["forget", "alice"]);
        let wrapper = ["sh", "-c", &format!("umask {mask}; exec strace -f -o /tmp/trace -e trace=openat \"$@\""), "sh"];
        let answers = [Answer::from(answer)];
        let transcript = factor.driver("alice").through(&wrapper).answers(answers).run();
        transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
        let modes = factor.world.sh("cd /var/lib/countersign; stat -c %a:%U:%h users/* counters/*").ok();
        assert_eq!(modes, "600:countersign:1\n600:countersign:1\n", "under umask {mask}");
        let trace = std::fs::read_to_string(factor.world.path("/tmp/trace")).expect("a trace");
        let created = trace.lines().filter(|line| line.contains("O_CREAT") && line.contains("alice"));
        assert!(created.clone().count() >= 2, "{trace}");
        assert!(created.into_iter().all(|line| line.contains("O_EXCL") && line.contains(", 0600)")), "{trace}");
        // None of it is passed on to a program the application starts, and no link is followed to it.
        let mut opened = trace.lines().filter(|line| line.contains("countersign/") || line.contains("alice"));
        let flags = ["O_NOFOLLOW", "O_CLOEXEC"];
        assert!(opened.all(|line| flags.iter().all(|flag| line.contains(flag))), "{trace}");
        factor.next_step();
    }
}
