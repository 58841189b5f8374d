//! Everything that writes to the state: by the module at a login, by root's command, by users through the helper.
use crate::scene::Scene;
use countersign_tests::code::{Parameters, key_in};
use countersign_tests::factor::key_shown;
use countersign_tests::pam_driver::pam;
use countersign_tests::world::Invocation;
use countersign_tests::{Phase, Transcript};
use std::io::{Read, Write};

/// Something to do, and whose record or counters it is about.
#[derive(Clone, Copy)]
pub struct Deed {
    pub what: &'static str,
    pub target: &'static str,
    /// What makes it possible.
    pub prepare: fn(&Scene),
    /// Does it, under these words of strace or without.
    pub run: fn(&Scene, &[&str]) -> Done,
}

/// What it came to, as far as whoever did it knows.
pub struct Done {
    /// Whether it was said to be done.
    pub acknowledged: bool,
    /// Codes that must open nothing any more, and whose.
    pub used: Vec<(&'static str, String)>,
    /// A token that was shown.
    pub token: Option<Parameters>,
    pub text: String,
}

const NOTHING: fn(&Scene) = |_| ();

fn deed(what: &'static str, target: &'static str, run: fn(&Scene, &[&str]) -> Done) -> Deed {
    Deed { what, target, prepare: NOTHING, run }
}

impl Deed {
    fn after(self, prepare: fn(&Scene)) -> Self {
        Self { prepare, ..self }
    }
}

/// What a login writes.
pub fn logins() -> Vec<Deed> {
    vec![
        deed("login with a code", "alice", |scene, strace| {
            let code = scene.code("alice", 0);
            accepted(&login(scene, strace, "alice", &code), &[("alice", code)])
        }),
        deed("login with the code of the step ahead", "alice", |scene, strace| {
            let ahead = scene.code("alice", 1);
            let used = [0, 1].map(|step| ("alice", scene.code("alice", step)));
            accepted(&login(scene, strace, "alice", &ahead), &used)
        }),
        deed("a wrong code", "alice", wrong_code),
        deed("the fifth wrong code", "alice", wrong_code).after(|scene| fail(scene, "alice", 4)),
        deed("login with a recovery code", "alice", |scene, strace| {
            let code = scene.recovery_codes[2].clone();
            accepted(&login(scene, strace, "alice", &code), &[("alice", code)])
        }),
        deed("login with a recovery code while blocked", "alice", |scene, strace| {
            let code = scene.recovery_codes[2].clone();
            accepted(&login(scene, strace, "alice", &code), &[("alice", code)])
        })
        .after(|scene| fail(scene, "alice", 5)),
        deed("enrollment at a login", "dave", |scene, strace| {
            let login = login(scene, strace, "dave", "{code}");
            let token = key_shown(&login);
            let acknowledged = login.codes(Phase::Account) == [pam::SUCCESS];
            let used = vec![("dave", scene.code_of(&token, 0))];
            Done { acknowledged, used, token: Some(token), text: login.text() }
        }),
        deed("the word disable", "dave", |scene, strace| {
            let login = login(scene, strace, "dave", "disable");
            done(login.codes(Phase::Account) == [pam::SUCCESS], login.text())
        }),
        deed("the word later", "dave", |scene, strace| {
            let login = login(scene, strace, "dave", "later");
            done(login.codes(Phase::Authenticate) == [pam::SUCCESS], login.text())
        }),
    ]
}

/// What root's command writes.
pub fn roots() -> Vec<Deed> {
    vec![
        deed("enable", "alice", |scene, strace| root(scene, strace, &["enable", "alice"]))
            .after(|scene| drop(root(scene, &[], &["disable", "alice"]))),
        deed("disable", "alice", |scene, strace| root(scene, strace, &["disable", "alice"])),
        deed("lock", "alice", |scene, strace| root(scene, strace, &["lock", "alice"])),
        deed("unlock", "alice", |scene, strace| root(scene, strace, &["unlock", "alice"]))
            .after(|scene| drop(root(scene, &[], &["lock", "alice"]))),
        deed("reset", "alice", |scene, strace| {
            void_recovery_codes(scene, void_codes(scene, root(scene, strace, &["reset", "alice"])))
        }),
        deed("unblock", "alice", |scene, strace| root(scene, strace, &["unblock", "alice"]))
            .after(|scene| fail(scene, "alice", 5)),
        deed("forget", "alice", |scene, strace| {
            void_recovery_codes(scene, void_codes(scene, root(scene, strace, &["forget", "alice"])))
        }),
        deed("a first token", "dave", |scene, strace| root(scene, strace, &["enroll", "dave", "--no-confirm"])),
        deed("one more token", "alice", |scene, strace| {
            root(scene, strace, &["enroll", "alice", "--label", "watch", "--no-confirm"])
        }),
        deed("a token in the place of all", "alice", |scene, strace| {
            void_codes(scene, root(scene, strace, &["enroll", "alice", "--replace", "--no-confirm"]))
        }),
        deed("remove-token", "alice", |scene, strace| root(scene, strace, &["remove-token", "alice", "tablet"])),
        deed("new-recovery-codes", "alice", |scene, strace| {
            void_recovery_codes(scene, root(scene, strace, &["new-recovery-codes", "alice"]))
        }),
        deed("grace", "dave", |scene, strace| root(scene, strace, &["grace", "dave", "3d"])),
    ]
}

/// What users write through the helper, to themselves and to those they look after.
pub fn helpers() -> Vec<Deed> {
    vec![
        deed("own enable", "alice", |scene, strace| user(scene, strace, "alice", &["enable"], false))
            .after(|scene| drop(root(scene, &[], &["disable", "alice"]))),
        deed("own disable", "alice", |scene, strace| user(scene, strace, "alice", &["disable"], true)),
        deed("own reset", "alice", |scene, strace| user(scene, strace, "alice", &["reset"], true)),
        deed("own further token", "alice", |scene, strace| {
            user(scene, strace, "alice", &["enroll", "--label", "watch"], true)
        }),
        deed("own remove-token", "alice", |scene, strace| {
            user(scene, strace, "alice", &["remove-token", "tablet"], true)
        }),
        deed("own new-recovery-codes", "alice", |scene, strace| {
            void_recovery_codes(scene, user(scene, strace, "alice", &["new-recovery-codes"], true))
        }),
        deed("desk's reset", "bob", |scene, strace| user(scene, strace, "carol", &["reset", "bob"], true)),
        deed("desk's lock", "bob", |scene, strace| user(scene, strace, "carol", &["lock", "bob"], true)),
        deed("desk's disable", "bob", |scene, strace| user(scene, strace, "carol", &["disable", "bob"], true)),
        deed("desk's unblock", "bob", |scene, strace| user(scene, strace, "carol", &["unblock", "bob"], true))
            .after(|scene| fail(scene, "bob", 5)),
        deed("desk's enroll", "bob", |scene, strace| {
            user(scene, strace, "carol", &["enroll", "bob", "--label", "watch"], true)
        }),
    ]
}

fn done(acknowledged: bool, text: String) -> Done {
    Done { acknowledged, used: Vec::new(), token: None, text }
}

fn login(scene: &Scene, strace: &[&str], user: &str, answer: &str) -> Transcript {
    let wrapper = if strace.is_empty() { Vec::new() } else { [strace, &["--"]].concat() };
    scene.factor.driver(user).through(&wrapper).answers([answer, ""]).run()
}

fn accepted(login: &Transcript, used: &[(&'static str, String)]) -> Done {
    let accepted = login.codes(Phase::Authenticate) == [pam::SUCCESS];
    Done { used: used.to_vec(), ..done(accepted, login.text()) }
}

/// A wrong code is acknowledged by telling that it is one.
fn wrong_code(scene: &Scene, strace: &[&str]) -> Done {
    let wrong = scene.factor.wrong_code(scene.phone("alice"));
    let login = login(scene, strace, "alice", &wrong);
    done(login.shows("Otp invalid!"), login.text())
}

fn fail(scene: &Scene, user: &'static str, failures: u64) {
    scene.factor.fail(user, scene.phone(user), failures);
}

/// With the codes of a phone of alice's that is worth nothing any more.
fn void_codes(scene: &Scene, mut done: Done) -> Done {
    done.used.extend([-1, 0, 1].map(|step| ("alice", scene.code("alice", step))));
    done
}

/// With recovery codes of alice's that are worth nothing any more.
fn void_recovery_codes(scene: &Scene, mut done: Done) -> Done {
    done.used.extend(scene.recovery_codes.iter().take(2).map(|code| ("alice", code.clone())));
    done
}

fn root(scene: &Scene, strace: &[&str], arguments: &[&str]) -> Done {
    let outcome = scene.factor.world.run(&[strace, &["countersign"], arguments].concat());
    let text = outcome.text() + &outcome.errors();
    let token = key_in(&text).map(|key| Parameters::new(&key));
    Done { token, ..done(outcome.code() == Some(0), text) }
}

/// The command as a user runs it: confirmed with a code of theirs, and a new token proven with one of its own.
fn user(scene: &Scene, strace: &[&str], caller: &'static str, arguments: &[&str], confirmed: bool) -> Done {
    let command = [&["countersign"], arguments].concat();
    let run = |words: &[&str]| scene.factor.world.command(&[words, &command].concat());
    let invocation = match strace {
        [] => run(&[]).user(caller),
        strace => run(&[strace, &["-f", "-u", caller, "--"]].concat()),
    };
    let code = scene.code(caller, 0);
    let mut done = dialogue(scene, &invocation, confirmed.then_some(&code));
    if confirmed {
        done.used.push((caller, code));
    }
    done
}

fn dialogue(scene: &Scene, invocation: &Invocation, code: Option<&String>) -> Done {
    let mut child = invocation.spawn();
    let (mut stdin, mut stdout) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
    // It may have ended before it reads this; then that shows in what it says.
    let mut say = |line: &str| drop(writeln!(stdin, "{line}"));
    if let Some(code) = code {
        say(code);
    }
    let (mut text, mut token, mut used, mut bytes) = (String::new(), None, Vec::new(), [0; 4096]);
    loop {
        let read = stdout.read(&mut bytes).expect("read what is said");
        text.push_str(&String::from_utf8_lossy(&bytes[..read]));
        // 160 bits, once they are there whole.
        if let (None, Some(key)) = (&token, key_in(&text).filter(|key| key.len() == 32)) {
            let new = Parameters::new(&key);
            let proof = scene.code_of(&new, 0);
            say(&proof);
            used.push(("bob", proof));
            token = Some(new);
        }
        if read == 0 {
            break;
        }
    }
    let output = child.wait_with_output().expect("wait for a program");
    let text = text + &String::from_utf8_lossy(&output.stderr);
    Done { acknowledged: output.status.success(), used, token, text }
}
