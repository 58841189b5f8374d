//! The power goes while something is being done: after each of its system calls on the state, and whatever else of what
//! was written has reached the disk by then.
use crate::deed::{Deed, Done, helpers, logins, roots};
use crate::scene::{Files, Scene};
use countersign_tests::wait;
use countersign_tests::world::{Image, Reached, RunningDisk};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs;

const TRACE: &str = "/tmp/trace";
/// Stops at every call that may change something.
const STRACE: [&str; 6] = [
    "strace",
    "-y",
    "-o",
    TRACE,
    "-e",
    "inject=write,pwrite64,fsync,fdatasync,renameat,renameat2,linkat,unlinkat,fchmod,fchown:signal=STOP",
];
const STOPPED: &str = "--- stopped by SIGSTOP ---";

/// What a cut left, and after which call.
struct Left {
    at: String,
    image: Image,
}

/// Does it under strace, and cuts the power wherever it is stopped on a file of the state.
fn cut_at_every_call(scene: &Scene, deed: &Deed, running: &RunningDisk, reached: Reached) -> (Done, Vec<Left>) {
    let world = &scene.factor.world;
    let trace = || fs::read_to_string(world.path(TRACE)).unwrap_or_default();
    let _ = fs::remove_file(world.path(TRACE));
    std::thread::scope(|scope| {
        let doing = scope.spawn(|| (deed.run)(scene, &STRACE));
        let mut left = Vec::new();
        for stops in 1.. {
            let stopped = || trace().matches(STOPPED).count() >= stops;
            let is_stopped = wait::until("stopped, or done", || {
                stopped().then_some(true).or_else(|| doing.is_finished().then_some(false))
            });
            if !is_stopped {
                break;
            }
            if let Some(call) = call_before_stop(&trace(), stops) {
                let at = format!("{} of {}, {reached:?} else on the disk, after {call}", deed.what, deed.target);
                left.push(Left { at, image: running.cut(reached) });
            }
            go_on(scene);
        }
        (doing.join().expect("a deed"), left)
    })
}

/// The call on a file of the state that was made last before this stop, by the process that is stopped; `None` if it
/// was on another file.
fn call_before_stop(trace: &str, number: usize) -> Option<String> {
    let stop = trace.match_indices(STOPPED).nth(number - 1)?.0;
    let line = trace[..stop].rfind('\n').map_or(0, |end| end + 1);
    // With -f, a process id stands first; and a call that another process came in between of stands on two lines.
    let process = &trace[line..stop];
    let own = trace[..line].lines().rev().filter(|line| line.starts_with(process));
    let call = own.filter(|line| !line.contains("---")).find(|line| !line.contains(" resumed>"))?;
    call.contains("/var/lib/countersign").then(|| call.to_owned())
}

/// Lets everything go on that may be stopped.
fn go_on(scene: &Scene) {
    for pid in scene.factor.world.processes() {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        if ["pam_driver", "countersign", "countersign-hel"].contains(&name.trim_end()) {
            // It may have ended by now.
            let _ = kill(Pid::from_raw(i32::try_from(pid).expect("a pid")), Signal::SIGCONT);
        }
    }
}

/// The record of a user among these files.
fn record<'a>(files: &'a Files, user: &str) -> Option<&'a Vec<u8>> {
    files.get(&format!("users/{user}.toml"))
}

/// Asserts what must hold of one disk, if none like it was looked at before.
fn assert_old_or_new(
    scene: &Scene,
    deed: &Deed,
    left: &Left,
    done: &Done,
    ends: &[Files; 2],
    seen: &mut BTreeSet<Files>,
) {
    let at = &left.at;
    let running = scene.factor.world.start_on(&left.image);
    let files = scene.files();
    if seen.insert(files.clone()) {
        let [old, new] = ends;
        for user in ["alice", "bob", "carol", "dave"] {
            let found = record(&files, user);
            assert!(found == record(old, user) || (user == deed.target && found == record(new, user)), "{at}: {user}");
        }
        let of = |files| record(files, deed.target);
        let is_new = if of(old) == of(new) { files == *new } else { of(&files) == of(new) };
        if is_new {
            scene.assert_used_up(at, &done.used);
        }
        scene.assert_all_get_in(at, done);
        assert_no_leftover_after_next_change(scene, at, deed.target);
    }
    drop(running);
}

/// What a crash left half-written goes with the next change of the record, and is no user's by then.
fn assert_no_leftover_after_next_change(scene: &Scene, at: &str, user: &str) {
    let world = &scene.factor.world;
    for command in ["lock", "unlock"] {
        world.countersign(&[command, user]).ok();
    }
    assert!(!scene.files().contains_key(&format!("users/.{user}.toml")), "{at}: left behind");
}

/// Cuts the power at every instant of these deeds.
fn tear(deeds: impl IntoIterator<Item = Deed>) {
    let scene = Scene::new();
    let world = &scene.factor.world;
    for deed in deeds {
        for reached in Reached::ALL {
            let disk = world.copy_of(&scene.disk);
            let running = world.start_on(&disk);
            (deed.prepare)(&scene);
            let old = scene.files();
            let (done, left) = cut_at_every_call(&scene, &deed, &running, reached);
            assert!(done.acknowledged, "{}: {}", deed.what, done.text);
            let ends = [old, scene.files()];
            drop(running);
            assert!(left.iter().any(|left| left.at.contains("sync(")), "{}: {}", deed.what, left.len());
            let mut seen = BTreeSet::new();
            for left in left {
                assert_old_or_new(&scene, &deed, &left, &done, &ends, &mut seen);
                world.throw_away(&left.image);
            }
            // What is written to the disk at once is new from the first call on.
            let states = if reached == Reached::Everything { 1 } else { 2 };
            assert!(seen.len() >= states, "{}: the old and the new state at least", deed.what);
            world.throw_away(&disk);
        }
    }
}

fn these(deeds: Vec<Deed>, names: &[&str]) -> Vec<Deed> {
    let chosen: Vec<Deed> = deeds.into_iter().filter(|deed| names.contains(&deed.what)).collect();
    assert_eq!(chosen.len(), names.len(), "{names:?}");
    chosen
}

#[test]
fn a_power_cut_at_any_instant_of_a_login_leaves_the_old_or_the_new_state() {
    tear(these(logins(), &["login with a code", "a wrong code", "login with a recovery code"]));
}

#[test]
fn a_power_cut_at_any_instant_of_an_enrollment_leaves_the_old_or_the_new_state() {
    tear(these(logins(), &["enrollment at a login"]));
}

#[test]
fn a_power_cut_at_any_instant_of_roots_command_leaves_the_old_or_the_new_state() {
    tear(these(roots(), &["forget", "new-recovery-codes"]));
}

#[test]
fn a_power_cut_at_any_instant_of_a_users_own_change_leaves_the_old_or_the_new_state() {
    tear(these(helpers(), &["own further token", "desk's reset"]));
}

/// The same of everything.
#[test]
#[ignore = "takes minutes: make stress"]
fn a_power_cut_at_any_instant_of_anything_leaves_the_old_or_the_new_state() {
    std::thread::scope(|scope| {
        for deeds in [logins(), roots(), helpers()] {
            scope.spawn(move || tear(deeds));
        }
    });
}
