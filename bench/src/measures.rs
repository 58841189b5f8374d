//! Everything that is measured, in the order it is measured.
use crate::fixture::Fixture;
use crate::machine::{self, Machine};
use crate::module::{End, Module, config};
use crate::people::{PASSWORD, SECRET, SSH_SIZE, over_ssh, refused, successful};
use crate::series::{self, Cells, Clock, Run};
use crate::statistics::Times;
use countersign_tests::code::code_now;
use countersign_tests::cost::{self, DRIVER, Extent, Login};
use countersign_tests::world::{COMMAND, SSH_PORT, Stack, security_directory};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// With so many enrolled users system calls, instructions and memory are counted.
pub(crate) const COUNTED_SIZE: u64 = 100;
/// With so many `list --json` is timed.
pub(crate) const LISTED: u64 = 100_000;
/// Where `pam_oath` takes its time, it is measured every so many passes.
const OATH_EVERY: usize = 5;
const LIMIT: Duration = Duration::from_secs(900);

/// All figures of a run.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Numbers of enrolled users.
    pub(crate) sizes: Vec<u64>,
    /// Whether the bars can be decided by it.
    pub(crate) full: bool,
    /// What it was measured on.
    pub(crate) machine: Machine,
    /// Times from `pam_start` to `pam_end`.
    pub(crate) logins: BTreeMap<(Module, u64, End), Times>,
    /// How much of these was on a processor.
    pub(crate) busy: BTreeMap<(Module, u64, End), Times>,
    /// System calls and instructions of a login above `pam_permit`.
    pub(crate) counts: BTreeMap<(Module, End), Counts>,
    /// What loading a module takes.
    pub(crate) files: BTreeMap<Module, Loaded>,
    /// The libraries ours names.
    pub(crate) needed: Vec<String>,
    /// A whole ssh login without our lines, and with them.
    pub(crate) ssh: [Times; 2],
    /// `countersign status USER`.
    pub(crate) status: Times,
    /// `countersign list --json`.
    pub(crate) list: Times,
}

/// What one login does more than the same with `pam_permit`.
#[derive(Debug)]
pub(crate) struct Counts {
    /// All system calls.
    pub(crate) calls: u64,
    /// fsync and fdatasync.
    pub(crate) syncs: u64,
    /// Instructions in user space.
    pub(crate) instructions: u64,
}

/// What loading a module takes.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Size of the file.
    pub(crate) bytes: u64,
    /// dlopen in a fresh process that has libpam.
    pub(crate) load: Times,
    /// Kilobytes resident after authentication, above `pam_permit`.
    pub(crate) resident: i64,
    /// Of these, the ones no other process can share.
    pub(crate) own: i64,
    /// Page faults up to the end of authentication, above `pam_permit`.
    pub(crate) faults: i64,
}

/// Measures everything.
pub(crate) fn measure(fixture: &mut Fixture) -> Measured {
    check_reuse(fixture);
    eprintln!("logging in");
    let (mut logins, mut busy) = (BTreeMap::new(), BTreeMap::new());
    for (name, times) in take_turns(fixture) {
        match name.strip_suffix(series::BUSY) {
            Some(name) => busy.insert(cell_named(name), times),
            None => logins.insert(cell_named(&name), times),
        };
    }
    eprintln!("counting system calls and instructions");
    let counts = counts(fixture);
    eprintln!("loading the modules");
    let files = loaded(fixture);
    eprintln!("running the command");
    let mut commands = commands(fixture);
    eprintln!("logging in by ssh");
    let ssh = ssh(fixture);
    Measured {
        sizes: fixture.effort.sizes.clone(),
        full: fixture.effort.full,
        machine: machine::describe(&fixture.disk),
        logins,
        busy,
        counts,
        files,
        needed: machine::needed(&fixture.world, &path_of(Module::Countersign)),
        ssh,
        status: commands.remove("status").expect("status was timed"),
        list: commands.remove("list").expect("list was timed"),
    }
}

/// Who lets a used code in does less than the others: such a setting is not measured.
fn check_reuse(fixture: &mut Fixture) {
    let moment = fixture.next_moment();
    for module in [Module::Google, Module::Oath, Module::Countersign] {
        let user = successful().swap_remove(0);
        let (service, answer) = (module.service(COUNTED_SIZE), moment.right.clone());
        let login = Login { extent: Extent::Login, service, user, answer, at: moment.at };
        let argv = login.argv();
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let [first, second] = [(); 2].map(|()| fixture.world.run(&argv).ok());
        assert!(first.starts_with("0,0,0 "), "{module:?} refuses a right code: {first} {}", fixture.world.log());
        assert!(second.starts_with("7,"), "{module:?} accepts a code twice: {second}");
    }
}

fn cell_name(module: Module, size: u64, end: End) -> String {
    serde_json::to_string(&(module as u8, size, end as u8)).expect("numbers are JSON")
}

fn cell_named(name: &str) -> (Module, u64, End) {
    let (module, size, end): (u8, u64, u8) = serde_json::from_str(name).expect("a cell's name");
    let module = Module::ALL.into_iter().find(|known| *known as u8 == module).expect("a module");
    (module, size, End::ALL.into_iter().find(|known| *known as u8 == end).expect("an end"))
}

/// Everyone logs in to everything once in each pass, in an order of its own: whatever else the machine does, and
/// whatever a login leaves in its caches for the next one, meets all alike.
fn take_turns(fixture: &mut Fixture) -> Cells {
    let mut runs = Vec::new();
    for pass in 0..fixture.effort.passes {
        let moment = fixture.next_moment();
        // Wrong codes in a row would bring a block: from time to time a right one clears them, unmeasured.
        let clears = pass % 4 == 3;
        let first = runs.len();
        for (luckily, unluckily) in successful().into_iter().zip(refused()) {
            for &size in &fixture.effort.sizes {
                for module in Module::ALL.into_iter().filter(|module| module.is_measured_at(size)) {
                    if module == Module::Oath && size >= 100_000 && pass % OATH_EVERY != 0 {
                        continue;
                    }
                    for (user, end) in [(&luckily, End::In), (&unluckily, End::Refused)] {
                        let cleared = end == End::Refused && clears;
                        let end = if cleared { End::In } else { end };
                        let cell = if cleared { String::new() } else { cell_name(module, size, end) };
                        let login = login(module, size, end, user, &moment);
                        let clock = Clock::Driver(module.codes(end).to_owned());
                        runs.push(Run { cell, argv: login.argv(), environment: vec![], clock });
                    }
                }
            }
        }
        shuffle(&mut runs[first..], pass);
    }
    series::run(&fixture.world, &runs, LIMIT)
}

/// Fisher and Yates, by numbers that are the same in every run of this program.
fn shuffle<T>(items: &mut [T], seed: usize) {
    let mut state = u64::try_from(seed).expect("a small number").wrapping_add(0x9E37_79B9_7F4A_7C15);
    for last in (1..items.len()).rev() {
        // Xorshift: good enough to part what would else always stand side by side.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let other = state % (u64::try_from(last).expect("a small number") + 1);
        items.swap(last, usize::try_from(other).expect("below the length"));
    }
}

fn login(module: Module, size: u64, end: End, user: &str, moment: &crate::module::Moment) -> Login {
    Login {
        extent: if end == End::In { Extent::Login } else { Extent::Authenticate },
        service: module.service(size),
        user: user.to_owned(),
        answer: module.answer(end, moment),
        at: moment.at,
    }
}

fn counts(fixture: &mut Fixture) -> BTreeMap<(Module, End), Counts> {
    let mut counts = BTreeMap::new();
    for end in End::ALL {
        let user = if end == End::In { successful() } else { refused() }.swap_remove(0);
        let (first, second) = (fixture.next_moment(), fixture.next_moment());
        let absolute: Vec<_> = Module::ALL
            .map(|module| {
                let login = |moment| login(module, COUNTED_SIZE, end, &user, moment);
                let calls = cost::system_calls(&fixture.world, &login(&first), module.codes(end));
                (module, calls, cost::instructions(&fixture.world, &login(&second), module.codes(end)))
            })
            .into();
        let all = |calls: &BTreeMap<String, u64>| calls.values().sum::<u64>();
        let (permit_calls, permit_instructions) = (all(&absolute[0].1), absolute[0].2);
        for (module, calls, instructions) in absolute {
            let syncs = ["fsync", "fdatasync", "sync", "syncfs", "sync_file_range", "msync"];
            let figures = Counts {
                calls: all(&calls).saturating_sub(permit_calls),
                syncs: syncs.iter().filter_map(|name| calls.get(*name)).sum(),
                instructions: instructions.saturating_sub(permit_instructions),
            };
            counts.insert((module, end), figures);
        }
    }
    counts
}

fn path_of(module: Module) -> String {
    let file = Path::new(module.file());
    security_directory().join(file).to_str().expect("a path in UTF-8").to_owned()
}

fn loaded(fixture: &mut Fixture) -> BTreeMap<Module, Loaded> {
    const LOADS: usize = 100;
    let load = |module: &Module| Run {
        cell: format!("{module:?}"),
        argv: [DRIVER, "load", &path_of(*module)].map(str::to_owned).into(),
        environment: vec![],
        clock: Clock::Driver("loaded".to_owned()),
    };
    let runs: Vec<_> = (0..LOADS).flat_map(|_| Module::ALL.iter().map(load)).collect();
    let mut loads = series::run(&fixture.world, &runs, LIMIT);
    let memory: BTreeMap<_, _> = Module::ALL.map(|module| (module, memory(fixture, module))).into();
    let permit = memory[&Module::Permit];
    let figures = |module| {
        let bytes = std::fs::metadata(fixture.world.path(&path_of(module))).expect("look at a module").len();
        let load = loads.remove(&format!("{module:?}")).expect("it was loaded");
        let [resident, own, faults] = [0, 1, 2].map(|index| memory[&module][index] - permit[index]);
        (module, Loaded { bytes, load, resident, own, faults })
    };
    Module::ALL.map(figures).into()
}

/// Kilobytes resident after authentication, those of the process alone, and page faults; the median of a few.
fn memory(fixture: &mut Fixture, module: Module) -> [i64; 3] {
    const TIMES: usize = 5;
    let user = successful().swap_remove(1);
    let mut seen: Vec<[i64; 3]> = (0..TIMES)
        .map(|_| {
            let login = login(module, COUNTED_SIZE, End::In, &user, &fixture.next_moment());
            let argv = Login { extent: Extent::Memory, ..login }.argv();
            let text = fixture.world.run(&argv.iter().map(String::as_str).collect::<Vec<_>>()).ok();
            let (memory, rest) = text.split_once(' ').expect("memory and the rest");
            assert!(rest.starts_with("0,0,0 "), "{module:?}: {text}");
            let figures: Vec<_> = memory.split(',').map(|figure| figure.parse().expect("a number")).collect();
            figures.try_into().expect("three figures")
        })
        .collect();
    seen.sort_unstable();
    seen[TIMES / 2]
}

fn commands(fixture: &Fixture) -> Cells {
    let command = |cell: &str, size: u64, arguments: &[&str]| Run {
        cell: cell.to_owned(),
        argv: [&[COMMAND, "--config", &config(size)], arguments].concat().into_iter().map(str::to_owned).collect(),
        environment: vec![],
        clock: Clock::Whole,
    };
    let user = successful().swap_remove(0);
    let mut runs: Vec<_> = (0..100).map(|_| command("status", SSH_SIZE, &["status", &user])).collect();
    // What the largest sizes have pushed out of memory is read in again first, untimed.
    runs.push(command("", LISTED, &["list", "--json"]));
    runs.extend((0..3).map(|_| command("list", LISTED, &["list", "--json"])));
    series::run(&fixture.world, &runs, LIMIT)
}

/// Whole ssh logins by password alone and by password and code, in turns.
fn ssh(fixture: &Fixture) -> [Times; 2] {
    const ASKPASS: &str = "/run/world/askpass";
    let world = &fixture.world;
    let answer = format!("#!/bin/sh\ncase $1 in *Password*) echo '{PASSWORD}';; *) echo \"$CODE\";; esac\n");
    world.write_file(ASKPASS, answer, 0o755);
    for (name, text) in [("plain", Stack::Sshd.plain_text()), ("coded", Stack::Sshd.text().to_owned())] {
        world.write_file(&format!("/run/world/sshd.{name}"), text, 0o644);
    }
    let _sshd = world.start_sshd("");
    let mut all: BTreeMap<String, Vec<Times>> = BTreeMap::new();
    for (number, user) in over_ssh().into_iter().enumerate() {
        let run = |cell: &str, argv: &[&str], code: &str| Run {
            cell: cell.to_owned(),
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            environment: [("SSH_ASKPASS", ASKPASS), ("SSH_ASKPASS_REQUIRE", "force"), ("CODE", code)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            clock: Clock::Whole,
        };
        let (port, target) = (SSH_PORT.to_string(), format!("{user}@127.0.0.1"));
        let known = ["StrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR"];
        let ssh = [&["ssh", "-F/dev/null", "-p", &port, "-o"], &known[..], &[&target, "true"]].concat();
        let code = code_now(world, SECRET);
        // Each kind is as often a user's first login as the other.
        let kinds = if number % 2 == 0 { ["plain", "coded"] } else { ["coded", "plain"] };
        let runs: Vec<_> = kinds
            .iter()
            .flat_map(|kind| {
                let source = format!("/run/world/sshd.{kind}");
                [run("", &["cp", &source, "/etc/pam.d/sshd"], ""), run(kind, &ssh, &code)]
            })
            .collect();
        for (cell, times) in series::run(world, &runs, LIMIT) {
            all.entry(cell).or_default().push(times);
        }
    }
    ["plain", "coded"].map(|kind| Times::merged(&all[kind]))
}
