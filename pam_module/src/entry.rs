//! The six entry points. Each starts refused, and a panic in it becomes `PAM_ABORT`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pamsm::{Pam, PamError, PamFlags, PamServiceModule};

use crate::arguments::Arguments;
use crate::ffi::Handle;
use crate::login::Machine;
use crate::outcome::{Phase, Refused, Verdict, finish};
use crate::{account, authenticate, pending};

/// What PAM calls.
pub(crate) struct Countersign;

impl PamServiceModule for Countersign {
    fn authenticate(pam: Pam, _: PamFlags, arguments: Vec<String>) -> PamError {
        guarded(&pam, Phase::Authenticate, &arguments, |machine| {
            // Retries and forks inherit pam data: what was proven before this call is void.
            pending::clear(machine.handle);
            authenticate::authenticate(machine)
        })
    }

    fn acct_mgmt(pam: Pam, _: PamFlags, arguments: Vec<String>) -> PamError {
        guarded(&pam, Phase::Account, &arguments, account::account)
    }

    /// Always succeeds and never commits: sshd runs this chain in another process, su calls it again, and sudo has
    /// changed the user by then.
    fn setcred(_: Pam, _: PamFlags, _: Vec<String>) -> PamError {
        PamError::SUCCESS
    }

    fn open_session(_: Pam, _: PamFlags, _: Vec<String>) -> PamError {
        PamError::IGNORE
    }

    fn close_session(_: Pam, _: PamFlags, _: Vec<String>) -> PamError {
        PamError::IGNORE
    }

    fn chauthtok(_: Pam, _: PamFlags, _: Vec<String>) -> PamError {
        PamError::IGNORE
    }
}

/// Runs a phase so that nothing but a return code leaves it.
fn guarded(pam: &Pam, phase: Phase, arguments: &[String], run: impl FnOnce(&mut Machine) -> Verdict) -> PamError {
    // The host's standard error is not ours. The hook is private to this library.
    std::panic::set_hook(Box::new(|_| {}));
    let result = catch_unwind(AssertUnwindSafe(|| {
        let handle = Handle::new(pam);
        let arguments = Arguments::parse(arguments);
        let mut machine = Machine::new(&handle, &arguments);
        let verdict = match &arguments.problem {
            Some(problem) => Err(Refused::bad_argument(problem)),
            None => run(&mut machine),
        };
        finish(&machine, phase, verdict)
    }));
    result.unwrap_or_else(|_| {
        // Even telling of it must not panic again.
        let _ = catch_unwind(AssertUnwindSafe(|| crate::log::write_bug(&Handle::new(pam))));
        PamError::ABORT
    })
}
