//! The helper under attack by the very user who starts it: whatever is handed down or sent, state is unchanged or whole,
//! nothing of it leaks, and nobody else is touched.
use countersign_tests::Factor;
use countersign_tests::code::Parameters;
use countersign_tests::factor::IN_USE;
use countersign_tests::world::{HELPER, Outcome};
use std::io::{BufRead, BufReader, Write};

const NEW_CODES: &str = "request action=new-recovery-codes";

/// alice attacks; bob has nothing to do with it.
struct Attacked {
    factor: Factor,
    alice: Parameters,
    bobs: Vec<Option<Vec<u8>>>,
}

impl Attacked {
    fn new() -> Self {
        let factor = Factor::new(IN_USE, &["alice", "bob"]);
        let alice = factor.enroll("alice");
        factor.enroll("bob");
        let bobs = bobs(&factor);
        Self { factor, alice, bobs }
    }

    /// Runs a script as alice in which `$H` is the helper.
    fn run(&self, script: &str, stdin: impl AsRef<[u8]>) -> Outcome {
        self.factor.world.command(&["bash", "-c", script]).env("H", HELPER).user("alice").stdin(stdin).run()
    }

    /// Lines that ask for new recovery codes, with a code not used before.
    fn change(&self) -> String {
        self.factor.next_step();
        format!("{NEW_CODES}\nanswer text={}\n", self.factor.code(&self.alice))
    }

    /// Asserts that state is whole, bob's is untouched, nothing was dropped, and alice still gets what is hers.
    fn assert_whole(&self, what: &str, outcome: &Outcome) {
        let said = outcome.text() + &outcome.errors();
        let key: String = self.alice.secret.split_whitespace().collect();
        assert!(!said.contains(&key) && !said.contains("panicked"), "{what}: {said}");
        assert!(bobs(&self.factor) == self.bobs, "{what}: bob's state is touched");
        let world = &self.factor.world;
        let found = world.sh("find / -xdev -name 'core*' -newer /run/world/clock.so -type f -user countersign").text();
        assert_eq!(found, "", "{what}: a core file");
        let files =
            world.sh("cd /var/lib/countersign && find . -type f ! -name '.*' -printf '%p %m %U\\n' | sort").text();
        let owned = |name: &str| format!("./{name} 600 990\n");
        let expected = ["counters/alice", "counters/bob", "format", "users/alice.toml", "users/bob.toml"];
        assert_eq!(files, expected.map(owned).concat(), "{what}");
        assert_eq!(self.factor.status("alice")["state"], "ok", "{what}");
    }

    /// As [`assert_whole`](Self::assert_whole), and a change without any attack still goes through.
    fn assert_recovered(&self, what: &str, outcome: &Outcome) {
        self.assert_whole(what, outcome);
        let change = self.change();
        let plain = self.run("exec $H", change);
        assert!(plain.text().contains("\ndone "), "{what}: afterwards {}", plain.text());
    }
}

fn bobs(factor: &Factor) -> Vec<Option<Vec<u8>>> {
    let record = factor.record("bob").map(String::into_bytes);
    vec![record, factor.counters("bob")]
}

#[test]
fn nothing_in_the_environment_acts() {
    let attacked = Attacked::new();
    let script = r#"
        cat > /tmp/evil.c <<'END'
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void start(void)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/evil-%d-%d", getuid(), geteuid());
    close(open(path, O_CREAT | O_WRONLY, 0644));
}
END
        cc -shared -fPIC -o /tmp/evil.so /tmp/evil.c
        mkdir -p /tmp/evil /tmp/evil/etc
        for name in libc.so.6 libgcc_s.so.1 libnss_files.so.2 UTF-16.so; do cp /tmp/evil.so /tmp/evil/$name; done
        echo 'module INTERNAL UTF-8// UTF-16 1' > /tmp/evil/gconv-modules
        chmod -R a+rX /tmp/evil /tmp/evil.so"#;
    attacked.factor.world.sh(script).ok();
    let status = "request action=status\n";
    let clean = attacked.run("exec env -i $H", status).ok();
    assert!(clean.starts_with("done user=alice "), "{clean}");
    let hostile = "export LD_PRELOAD=/tmp/evil.so LD_AUDIT=/tmp/evil.so LD_LIBRARY_PATH=/tmp/evil LD_DEBUG=all \
        LD_DEBUG_OUTPUT=/tmp/evil-debug LD_PROFILE=libc.so.6 GCONV_PATH=/tmp/evil LOCPATH=/tmp/evil NLSPATH=/tmp/evil \
        TZ=/tmp/evil/tz TZDIR=/tmp/evil LC_ALL=x.UTF-16 LANG=x LANGUAGE=x PATH=/tmp/evil HOME=/tmp/evil \
        MALLOC_TRACE=/tmp/evil-trace MALLOC_CHECK_=3 RES_OPTIONS=debug HOSTALIASES=/tmp/evil/hosts NIS_PATH=/tmp/evil \
        GETCONF_DIR=/tmp/evil RUST_BACKTRACE=full RUST_MIN_STACK=1 RUST_LOG=trace GLIBC_TUNABLES=glibc.malloc.check=3 \
        TMPDIR=/tmp/evil COUNTERSIGN_CONFIG=/tmp/evil/config.toml USER=bob LOGNAME=bob SUDO_USER=bob SUDO_UID=0; ";
    let attack = attacked.run(&format!("rm -f /tmp/evil-*; {hostile} exec $H"), status);
    assert_eq!(attack.ok(), clean);
    let left = attacked.factor.world.sh("ls /tmp/evil-* 2>/dev/null || true").text();
    assert!(!left.lines().any(|line| !line.contains("evil-1000-1000")), "ran or wrote in the helper: {left}");
    let huge = format!("export BIG=$(head -c 100000 /dev/zero | tr '\\0' x); {hostile} exec $H");
    let attack = attacked.run(&huge, attacked.change());
    assert!(attack.text().contains("\ndone "), "{}", attack.text());
    attacked.assert_recovered("environment", &attack);
}

#[test]
fn closed_and_extra_descriptors_reach_no_state() {
    let attacked = Attacked::new();
    for script in [
        "exec $H <&-",
        "exec $H >&-",
        "exec $H 2>&-",
        "exec $H <&- >&- 2>&-",
        "exec $H >&- 2>&-",
        "exec 3>/tmp/mine.3 4</etc/passwd 5<> /tmp/mine.5 200>/tmp/mine.200; exec $H",
        "exec $H > /dev/full",
        "exec $H 0>/tmp/mine.0",
        "exec $H < /",
        "exec $H | true",
    ] {
        let outcome = attacked.run(script, attacked.change());
        attacked.assert_recovered(script, &outcome);
    }
    let left = attacked.factor.world.sh("cat /tmp/mine.3 /tmp/mine.5 /tmp/mine.200 /tmp/mine.0").text();
    assert_eq!(left, "", "something was written into a descriptor of the caller's");
}

#[test]
fn whatever_is_sent_is_bounded_and_changes_nothing() {
    let attacked = Attacked::new();
    let before = attacked.factor.state();
    let answers = "answer text=hello\n".repeat(100);
    for (script, stdin) in [
        ("exec $H", String::new()),
        ("exec $H", "\n".to_owned()),
        ("exec $H", "request action=status".to_owned()),
        ("exec $H", "answer text=1\n".to_owned()),
        ("exec $H", format!("request action=status user={}\n", "a".repeat(3_000))),
        ("exec $H", format!("request action=status user={}\n", "a".repeat(1_500))),
        ("exec $H", "request action=status\0\n".to_owned()),
        ("exec $H", "request action=status user=%00\n".to_owned()),
        ("exec $H", "request action=status user=\n".to_owned()),
        ("exec $H", format!("{NEW_CODES}\n{answers}")),
        ("exec $H", format!("{NEW_CODES}\n{NEW_CODES}\n")),
        ("exec $H", format!("{NEW_CODES}\n")),
        ("exec $H < /dev/zero", String::new()),
        ("head -c 300000 /dev/urandom | $H", String::new()),
        ("yes | $H", String::new()),
        ("yes 'answer text=123' | $H", String::new()),
        ("(echo request action=reset; yes 'answer text=abc') | $H", String::new()),
        ("(printf 'request action='; tr -d '\\n' < /dev/urandom) | $H", String::new()),
    ] {
        let outcome = attacked.run(script, &stdin);
        assert!(!outcome.text().contains("done "), "{script} {stdin}: {}", outcome.text());
        attacked.assert_whole(script, &outcome);
    }
    assert_eq!(attacked.factor.state(), before);
}

#[test]
fn limits_that_are_too_low_refuse_or_fail_whole() {
    let attacked = Attacked::new();
    for limit in [
        "-f 0",
        "-f 1",
        "-f 5",
        "-f 100",
        "-n 3",
        "-n 4",
        "-n 8",
        "-n 16",
        "-n 25",
        "-v 1000",
        "-v 6000",
        "-v 12000",
        "-v 20000",
        "-s 8",
        "-s 64",
        "-c unlimited",
        "-t 0",
        "-u 0",
        "-u 1",
        "-l 0",
        "-q 0",
        "-i 0",
        "-d 0",
        "-d 200",
    ] {
        let outcome = attacked.run(&format!("ulimit -S {limit}; ulimit -H {limit}; exec $H"), attacked.change());
        attacked.assert_recovered(limit, &outcome);
    }
    // A soft limit is the caller's own and raised again.
    let outcome = attacked.run("ulimit -S -f 0; ulimit -S -n 5; exec $H", attacked.change());
    assert!(outcome.text().contains("\ndone "), "{}", outcome.text());
}

#[test]
fn arguments_masks_signals_and_directories_do_not_matter() {
    let attacked = Attacked::new();
    for script in [
        "exec -a '' $H",
        "exec -a /bin/bash $H --config /tmp/x status bob",
        "perl -e 'syscall(59, $ENV{H}, 0, 0)'",
        "perl -e 'alarm 1; exec $ENV{H}'",
        "mkdir /tmp/gone; cd /tmp/gone; rmdir /tmp/gone; exec $H",
        "umask 0; exec $H",
        "umask 0777; exec $H",
        "trap '' HUP INT QUIT PIPE TERM ALRM XFSZ XCPU CHLD TSTP USR1; exec $H",
        "exec setsid $H",
        "exec nice -n 19 $H",
    ] {
        let outcome = attacked.run(script, attacked.change());
        assert!(outcome.text().contains("\ndone "), "{script}: {}", outcome.text());
        attacked.assert_recovered(script, &outcome);
    }
    // A program that its starter may look into has no power.
    for script in ["cp $H /tmp/own; exec /tmp/own", "exec strace -o /dev/null $H"] {
        let outcome = attacked.run(script, attacked.change());
        outcome.expect_code(72);
        attacked.assert_recovered(script, &outcome);
    }
    let world = &attacked.factor.world;
    world.command(&[HELPER]).stdin(attacked.change()).run().expect_code(71);
    world.command(&[HELPER]).user("countersign").stdin(attacked.change()).run().expect_code(72);
}

#[test]
fn a_waiting_helper_is_out_of_its_callers_reach_and_holds_no_lock() {
    let attacked = Attacked::new();
    let factor = &attacked.factor;
    let hostile = "exec 7</etc/passwd; cd /tmp; umask 0; export SECRET=x; trap '' PIPE; exec $H";
    let invocation = factor.world.command(&["bash", "-c", hostile]).env("H", HELPER).user("alice");
    let mut child = invocation.spawn();
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    writeln!(stdin, "{NEW_CODES}").expect("write to the helper");
    let asked = lines.next().expect("a line").expect("a line");
    assert!(asked.starts_with("ask for=confirmation "), "{asked}");
    let pid = factor.world.sh("pgrep -x countersign-hel").ok().trim().to_owned();
    let status = factor.world.sh(&format!("cat /proc/{pid}/status")).ok();
    let line = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(&format!("{key}:"))).unwrap_or_default();
        line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!((line("Uid"), line("Gid")), (vec!["990".to_owned(); 4], vec!["990".to_owned(); 4]));
    assert!(line("Groups").is_empty() && line("NoNewPrivs") == ["1"] && line("Umask") == ["0077"], "{status}");
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(line(set), ["0000000000000000"], "{status}");
    }
    let look =
        format!("cd /proc/{pid}; readlink fd/0 fd/1 fd/2 | cut -c 1-5; readlink fd/[3-9] fd/?? || true; readlink cwd");
    let rooms = "/var/lib/countersign/users\n/var/lib/countersign/counters\n";
    assert_eq!(factor.world.sh(&look).ok(), format!("{}{rooms}/\n", "pipe:\n".repeat(3)));
    factor.world.sh(&format!("grep -q 'core file size *0 *0' /proc/{pid}/limits")).ok();
    for command in [
        format!("kill -STOP {pid}"),
        format!("kill -KILL {pid}"),
        format!("kill -TERM {pid}"),
        format!("kill -USR1 {pid}"),
        format!("timeout 5 strace -o /dev/null -p {pid}"),
        format!("cat /proc/{pid}/environ"),
        format!("cat /proc/{pid}/maps"),
        format!("head -c 1 /proc/{pid}/mem"),
        format!("ls -l /proc/{pid}/fd/ | grep pipe"),
        format!("prlimit --pid {pid} --nofile=3:3"),
    ] {
        let outcome = attacked.run(&command, "");
        assert_ne!(outcome.code(), Some(0), "{command}: {}", outcome.text());
    }
    factor.assert_next_code_accepted("alice", &attacked.alice);
    factor.next_step();
    writeln!(stdin, "answer text={}", factor.code(&attacked.alice)).expect("write to the helper");
    let done = lines.next().expect("a line").expect("a line");
    assert!(done.starts_with("done user=alice "), "{done}");
    assert!(child.wait().expect("its end").success());
}

#[test]
fn requests_about_others_are_refused_before_their_state_is_opened() {
    let attacked = Attacked::new();
    let before = attacked.factor.state();
    let actions = ["status", "explain", "tokens", "enable", "disable", "reset", "enroll", "remove-token"];
    let more = ["new-recovery-codes", "unblock", "lock", "unlock"];
    for action in actions.into_iter().chain(more) {
        for user in ["bob", "root", "countersign", "..%2Fbob", "bob%2F", "BOB", "bob%0A", "bob%00", "%2E", "", "%FF"] {
            attacked.factor.next_step();
            let code = attacked.factor.code(&attacked.alice);
            let lines = format!("request action={action} user={user}\nanswer text={code}\nanswer text={code}\n");
            let outcome = attacked.run("exec $H", lines);
            assert!(outcome.text().starts_with("refused message="), "{action} {user}: {}", outcome.text());
        }
    }
    assert_eq!(attacked.factor.state(), before, "not even a code was used up");
    for action in ["unblock", "lock", "unlock"] {
        let outcome = attacked.run("exec $H", format!("request action={action}\n"));
        assert!(outcome.text().starts_with("refused message="), "{action}: {}", outcome.text());
    }
}

#[test]
fn many_at_once_with_one_code_change_once() {
    let attacked = Attacked::new();
    for _ in 0..5 {
        let lines = attacked.change();
        let script =
            "for n in 1 2 3 4 5 6 7 8; do printf '%s' \"$LINES_\" | $H > /tmp/out.$n & done; wait; cat /tmp/out.*";
        let invocation = attacked.factor.world.command(&["bash", "-c", script]).env("H", HELPER).env("LINES_", &lines);
        let outcome = invocation.user("alice").run();
        assert_eq!(outcome.text().matches("done user=").count(), 1, "{}", outcome.text());
        attacked.assert_whole("many at once", &outcome);
    }
}

/// The calls of a run that touch state, from the first lock on: name, and which of its name.
fn calls(trace: &str) -> Vec<(String, usize)> {
    let mut seen = std::collections::HashMap::<String, usize>::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        let Some((name, _)) = line.split_once('(') else { continue };
        let number = seen.entry(name.to_owned()).or_default();
        *number += 1;
        if line.contains("/var/lib/countersign") && name != "execve" {
            calls.push((name.to_owned(), *number));
        }
    }
    calls.into_iter().skip_while(|(name, _)| name != "flock").collect()
}

const AS_ALICE: [&str; 8] = ["setpriv", "--reuid", "alice", "--regid", "alice", "--init-groups", "--", HELPER];

impl Attacked {
    /// Asks for a change under strace, which root runs: a helper that alice traces has no power.
    fn traced(&self, options: &[&str], lines: &str) -> Outcome {
        let strace = ["strace", "-y", "-o", "/tmp/trace"];
        let argv: Vec<&str> = strace.iter().chain(options).chain(&AS_ALICE).copied().collect();
        self.factor.world.command(&argv).stdin(lines).run()
    }

    fn lines(&self, action: &str) -> String {
        self.change().replace("new-recovery-codes", action)
    }

    /// alice enrolled and turned on, whatever happened.
    fn restore(&mut self) {
        if self.factor.status("alice")["enrolled"] == false {
            self.factor.next_step();
            self.alice = self.factor.enroll("alice");
        }
        self.factor.world.countersign(&["enable", "alice"]).ok();
    }

    /// One change under a fault, then the same lines again, then an honest login.
    fn faulty(&mut self, action: &str, inject: &str) {
        let what = format!("{action}: {inject}");
        let before = self.factor.record("alice");
        let lines = self.lines(action);
        let outcome = self.traced(&["-e", inject], &lines);
        self.assert_whole(&what, &outcome);
        let told = outcome.text().contains("\ndone ");
        assert!(!told || self.factor.record("alice") != before, "{what}: told, and not done");
        let again = self.run("exec $H", lines);
        assert!(!(told && again.text().contains("\ndone ")), "{what}: one code, two changes");
        self.assert_whole(&what, &again);
        self.restore();
        self.factor.assert_next_code_accepted("alice", &self.alice);
    }
}

/// The faults that a call may meet.
fn faults(name: &str) -> &'static [&'static str] {
    match name {
        "pwrite64" | "write" => &["error=ENOSPC", "error=EIO", "signal=KILL"],
        "fdatasync" | "fsync" | "renameat" | "openat" | "flock" => &["error=EIO", "signal=KILL"],
        "close" | "read" | "pread64" | "newfstatat" | "fstat" => &[],
        _ => &["signal=KILL"],
    }
}

#[test]
fn a_fault_or_a_kill_at_any_call_leaves_the_old_or_the_new_state() {
    for action in ["new-recovery-codes", "disable", "reset"] {
        let mut attacked = Attacked::new();
        let plain = attacked.traced(&[], &attacked.lines(action));
        assert!(plain.text().contains("\ndone "), "{}", plain.text());
        let calls = calls(&String::from_utf8_lossy(&attacked.factor.world.read_file("/tmp/trace")));
        let has = |name: &str| calls.iter().any(|(called, _)| called == name);
        assert!(["pwrite64", "fdatasync", "write", "fsync", "renameat"].iter().all(|name| has(name)), "{calls:?}");
        attacked.restore();
        for (name, number) in &calls {
            for fault in faults(name) {
                attacked.faulty(action, &format!("inject={name}:{fault}:when={number}"));
            }
        }
    }
}
