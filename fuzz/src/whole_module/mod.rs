//! The module as it is shipped, loaded by libpam, in a place of its own: the bytes choose the files, the arguments, the
//! person's answers, the calls, and what fails in the middle. Whatever they choose, nobody is let in but by a right
//! answer to trusted state, durably noted, or by trusted words that no code is asked (I1, I4, I5, I6, I9, I10); and once
//! nothing fails any more, the next honest login works (I7).

mod acts;
mod faults;
mod model;
mod pam;
mod place;
mod play;
mod scene;
mod spoil;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign_common::counters::{Counters, TokenCounters};
use countersign_common::record::{Record, RecoverySet};
use countersign_common::token::{RecoveryCode, RecoverySetId, Step};

use acts::Play;
use faults::Faults;
use play::{honest, run};

use crate::user::{alice, token};

/// Alice's secret.
pub(crate) const SECRET: [u8; 20] = *b"alice-has-a-secret-!";
/// When every input begins.
pub(crate) const START: u64 = 1_800_000_000;

static SHARED: OnceLock<usize> = OnceLock::new();
static IN_CHILD: AtomicBool = AtomicBool::new(false);

/// The faults, for this single-threaded program.
pub(crate) fn faults() -> &'static mut Faults {
    let page = *SHARED.get_or_init(|| {
        place::enter();
        std::ptr::from_mut(Faults::install(&module())).expose_provenance()
    });
    unsafe { &mut *std::ptr::with_exposed_provenance_mut(page) }
}

/// The module, instrumented alike: it lies beside this program (`scripts/fuzz`).
pub(crate) fn module() -> PathBuf {
    let program = std::env::current_exe().expect("a path");
    let module = program.with_file_name("libpam_countersign.so");
    assert!(module.exists(), "{} is missing: scripts/fuzz builds it", module.display());
    module
}

/// Ends this input: it was found.
pub(crate) fn violated(what: &str) -> ! {
    if IN_CHILD.load(Ordering::Relaxed) {
        faults().note(what);
        unsafe { libc::_exit(3) }
    }
    panic!("{what}");
}

pub(crate) fn recovery_code(number: u8) -> String {
    RecoveryCode::from_random(&[number + 1; 10]).in_groups().to_string()
}

/// Alice's record: enrolled, with two recovery codes.
pub(crate) fn record() -> Record {
    let salt = [7; 16];
    let hash = |number: u8| RecoveryCode::from_random(&[number + 1; 10]).hash(&salt);
    let recovery = RecoverySet { id: RecoverySetId::from_random([3; 8]), salt, hashes: vec![hash(0), hash(1)] };
    alice(vec![token(1, &SECRET)], Some(recovery))
}

/// Alice's counters: an earlier login.
pub(crate) fn counters() -> Counters {
    let record = record();
    let last_step = Step::new(START / 30 - 100).expect("a step");
    let entry = TokenCounters { id: record.tokens[0].id, last_step, offset: 0 };
    Counters { sequence: 1, record: Some(record.id), tokens: vec![entry], ..Counters::default() }
}

/// The target.
pub fn whole_module(bytes: &[u8]) {
    let faults = faults();
    faults.lift();
    (faults.now, faults.slept, faults.random) = (START.cast_signed(), 0, 1);
    place::lay_down_config();
    place::lay_down_state(&record(), &counters());
    let handles = open_handles();
    let play = Play::read(bytes);
    if play.runs_out_of_memory() {
        in_child(|| run(&play));
    } else {
        run(&play);
    }
    faults.lift();
    honest(play.spoils_state(), play.latest());
    assert_eq!(open_handles(), handles, "file descriptors left open");
}

fn open_handles() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Runs in a child: an allocation that fails ends the process, which is allowed then, and only then.
fn in_child(run: impl FnOnce()) {
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no process");
    if child == 0 {
        IN_CHILD.store(true, Ordering::Relaxed);
        std::panic::set_hook(Box::new(|panic| violated(&panic.to_string())));
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            libc::signal(libc::SIGABRT, libc::SIG_DFL);
            libc::dup2(libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY), 2);
        }
        run();
        unsafe { libc::_exit(0) }
    }
    let mut status = 0;
    while unsafe { libc::waitpid(child, &raw mut status, 0) } != child {}
    let faults = faults();
    if let Some(violation) = faults.noted() {
        panic!("{violation}");
    }
    let is_aborted = libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGABRT;
    assert!(status == 0 || is_aborted && faults.memory_failed > 0, "the application ended with status {status:#x}");
}
