//! The README shows the very stacks that the suites use, names only targets and files that exist, and every command in it
//! is typed in a private world.
use countersign_tests::world::{COMMAND, Outcome, Stack};
use countersign_tests::{Factor, code};

fn root(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn readme() -> String {
    std::fs::read_to_string(root("README.md")).unwrap()
}

#[test]
fn the_stacks_in_the_readme_are_the_ones_that_are_tested() {
    let readme = readme();
    for stack in [Stack::Sshd, Stack::Login, Stack::Su, Stack::Sudo] {
        let block = format!("```\n{}```", stack.text());
        assert!(readme.contains(&block), "{stack:?} differs from tests/stacks");
    }
}

#[test]
fn every_file_and_target_the_readme_names_exists() {
    let readme = readme();
    for link in readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        assert!(root(link).exists(), "{link}");
    }
    let makefile = std::fs::read_to_string(root("Makefile")).unwrap();
    let words: Vec<_> = readme.split(|c: char| c.is_whitespace() || c == '`').collect();
    for pair in words.windows(2).filter(|pair| pair[0] == "make") {
        let target = pair[1].trim_end_matches([';', ',', '.']);
        assert!(makefile.contains(&format!("\n{target}:")), "make {target}");
    }
}

/// What a command on the page has to come to, typed without a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comes {
    /// Done.
    Done,
    /// Asks before it does anything; a yes on the command line answers.
    ToAQuestion,
    /// Shows a key, and asks for a code of it, which nobody here has.
    ToAKey,
    /// Is refused, for this reason: what it needs is not in this world.
    ToNothing(&'static str),
    /// Says what is wrong, and there may be something.
    ToAVerdict,
}

fn comes_to(words: &[&str]) -> Comes {
    match words {
        ["enroll", ..] => Comes::ToAKey,
        ["enable", "--all"] | ["restored"] | ["pam", "remove" | "add", _] => Comes::ToAQuestion,
        ["pam", "add", .., "--confirm", _] => Comes::ToNothing("needs systemd"),
        ["doctor"] => Comes::ToAVerdict,
        _ => Comes::Done,
    }
}

/// The commands that stand in a part of the page, as they are to be typed there.
fn commands(part: &str) -> Vec<String> {
    let flat = part.replace('\n', " ");
    let spans = flat.split('`').skip(1).step_by(2);
    let spans: Vec<&str> = if flat.contains("```") { Vec::new() } else { spans.collect() };
    let lines = part.lines().map(|line| line.split('#').next().unwrap_or_default());
    let typed = spans.into_iter().chain(lines).filter_map(|text| text.trim().strip_prefix("countersign "));
    typed.map(|text| text.replace("NAME", "alice").replace("SERVICE", "sshd")).collect()
}

/// The page in parts, each of them a fenced block or the prose between two.
fn parts(text: &str) -> Vec<String> {
    let fenced = text.split("\n```");
    fenced
        .enumerate()
        .map(|(index, part)| if index % 2 == 1 { format!("```{part}") } else { part.to_owned() })
        .collect()
}

/// A world in which what the page speaks of is there: alice with a phone and a group, files to import; and what this
/// command is for: a tablet to be taken away, nobody enrolled yet.
fn host(words: &[&str]) -> (Factor, code::Parameters) {
    let factor = Factor::new("", &["alice"]);
    let world = &factor.world;
    world.countersign(&["enable", "alice"]).ok();
    let token = factor.enroll("alice");
    match words {
        ["enroll", "alice"] | ["grace", ..] => drop(world.countersign(&["reset", "alice"]).ok()),
        ["remove-token", ..] => {
            world.countersign(&["enroll", "alice", "--label", "tablet", "--no-confirm", "--uri"]).ok();
        }
        _ => {}
    }
    world.add_to_group("staff", &["alice"]);
    world.write_file("/etc/users.oath", "HOTP/T30/6 alice - 00112233445566778899aabbccddeeff00112233\n", 0o600);
    world.write_file("/var/log/auth.log", "", 0o600);
    world.sh("cp /etc/pam.d/sshd /root/sshd; sed -i /pam_countersign/d /etc/pam.d/*; mkdir -p /home/alice").ok();
    (factor, token)
}

fn assert_comes(typed: &str, comes: Comes, outcome: &Outcome) {
    let said = format!("countersign {typed}: {}{}", outcome.text(), outcome.errors());
    match comes {
        Comes::Done | Comes::ToAQuestion => assert_eq!(outcome.code(), Some(0), "{said}"),
        Comes::ToAKey => assert!(said.contains("the key:") && said.contains("Verification code: "), "{said}"),
        Comes::ToNothing(reason) => assert!(outcome.code() == Some(1) && said.contains(reason), "{said}"),
        Comes::ToAVerdict => assert!(matches!(outcome.code(), Some(0 | 1)) && said.contains("error"), "{said}"),
    }
}

#[test]
fn every_command_that_the_readme_shows_does_what_it_should_as_it_stands() {
    let readme = readme();
    let (of_root, rest) = readme.split_once("\n### People help themselves\n").expect("the section");
    let (own, of_root_too) = rest.split_once("\n[docs/authorization.md]").expect("the end of the section");
    let mut typed: Vec<String> = parts(of_root).iter().flat_map(|part| commands(part)).collect();
    typed.extend(parts(&format!("{of_root_too}\n")).iter().flat_map(|part| commands(part)));
    typed.sort();
    typed.dedup();
    // Said of root's command in passing, with what only a user types.
    typed.retain(|command| command != "status");
    assert!(typed.len() > 25, "{typed:?}");
    for command in &typed {
        let mut words: Vec<&str> = command.split_whitespace().collect();
        let (factor, _) = host(&words);
        let comes = comes_to(&words);
        if comes == Comes::ToAQuestion {
            words.push("--yes");
        }
        if words.contains(&"--rehearsal") {
            words.extend(["--log", "/var/log/auth.log"]);
        }
        assert_comes(command, comes, &factor.world.countersign(&words));
    }
    let own: Vec<String> = parts(own).iter().flat_map(|part| commands(part)).collect();
    assert!(own.len() > 8, "{own:?}");
    for command in own.iter().filter(|command| !command.ends_with(" alice")) {
        let words: Vec<&str> = command.split_whitespace().collect();
        let (factor, token) = host(&words);
        factor.next_step();
        let code = format!("{}\n", factor.code(&token));
        let invocation = factor.world.command(&[&[COMMAND], words.as_slice()].concat()).user("alice").stdin(code);
        assert_comes(command, comes_to(&words), &invocation.run());
    }
}
