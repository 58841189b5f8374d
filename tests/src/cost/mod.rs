//! What a login costs: system calls and instructions of one fresh process that goes from `pam_start` to `pam_end`.
//!
//! Both are counted for the whole process; the same login with `pam_permit` is to be subtracted.
use crate::world::World;
use std::collections::BTreeMap;

/// The driver inside a world.
pub const DRIVER: &str = "/run/world/login_driver";
/// The floor module inside a world; see `floor.c`.
pub const FLOOR: &str = "/run/world/pam_floor.so";
/// Where a world keeps the stacks of measured modules.
pub const STACKS: &str = "/run/world/cost";

/// The text of a stack that has nothing but `pam_permit`.
pub const PERMIT: &str = "auth required pam_permit.so\naccount required pam_permit.so\n";

/// How far a login goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The phase authenticate alone: what a refused login is.
    Authenticate,
    /// The phases authenticate, account and setcred, as far as each lets in.
    Login,
    /// As `Login`; prints first, joined by commas: resident kilobytes, those of the process alone, page faults of the
    /// phase authenticate and what came before.
    Memory,
}

/// One login to be measured.
#[derive(Debug, Clone)]
pub struct Login {
    /// How far it goes.
    pub extent: Extent,
    /// The name of a stack put in place by [`stack`].
    pub service: String,
    /// Who logs in.
    pub user: String,
    /// What is typed at every prompt.
    pub answer: String,
    /// The unix time of the process; 0 for the present.
    pub at: i64,
}

impl Login {
    /// The command line inside the world.
    pub fn argv(&self) -> Vec<String> {
        let extent = match self.extent {
            Extent::Authenticate => "authenticate",
            Extent::Login => "login",
            Extent::Memory => "memory",
        };
        [DRIVER, extent, STACKS, &self.service, &self.user, &self.answer, &self.at.to_string()]
            .map(str::to_owned)
            .into()
    }
}

/// Puts driver and floor module into a world.
pub fn install(world: &World) {
    world.write_file(DRIVER, include_bytes!(concat!(env!("OUT_DIR"), "/login_driver")), 0o755);
    world.write_file(FLOOR, include_bytes!(concat!(env!("OUT_DIR"), "/pam_floor.so")), 0o644);
    stack(world, "permit", PERMIT);
    // libpam reads it with every stack; if it is missing it complains to syslog in each login, which then has a
    // connection to /dev/log before the module needs one.
    stack(world, "other", PERMIT);
}

/// Puts a stack in place under the name of a service.
pub fn stack(world: &World, service: &str, text: &str) {
    world.write_file(&format!("{STACKS}/{service}"), text, 0o644);
}

/// The system calls of a login's process, by name.
pub fn system_calls(world: &World, login: &Login, codes: &str) -> BTreeMap<String, u64> {
    const TRACE: &str = "/run/world/cost.trace";
    run(world, &["strace", "-o", TRACE, "--"], login, codes);
    let trace = String::from_utf8(world.read_file(TRACE)).expect("strace writes text");
    let mut calls = BTreeMap::new();
    for name in trace.lines().filter_map(|line| line.split_once('(')).map(|(name, _)| name) {
        *calls.entry(name.to_owned()).or_default() += 1;
    }
    calls
}

/// The instructions of a login's process, as callgrind counts them.
pub fn instructions(world: &World, login: &Login, codes: &str) -> u64 {
    let out = "--callgrind-out-file=/run/world/cost.callgrind";
    let errors = run(world, &["valgrind", "--tool=callgrind", out, "--"], login, codes);
    let collected = errors.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = collected.unwrap_or_else(|| panic!("callgrind counted nothing: {errors}"));
    count.trim().parse().expect("a number of instructions")
}

/// Runs a login through a counting program, makes sure that it ended with these return codes, and returns what was
/// written to standard error.
fn run(world: &World, through: &[&str], login: &Login, codes: &str) -> String {
    let argv = login.argv();
    let argv: Vec<&str> = through.iter().copied().chain(argv.iter().map(String::as_str)).collect();
    let outcome = world.run(&argv);
    let (text, errors) = (outcome.ok(), outcome.errors());
    assert_eq!(text.split(' ').next(), Some(codes), "{login:?}\n{errors}");
    errors
}
