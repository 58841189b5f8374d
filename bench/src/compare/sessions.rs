//! Logging in, alone and many at one instant, and how it ends.
use crate::place::Place;
use countersign_tests::pam_driver::{Barrier, Running, pam};
use countersign_tests::{Answer, Driver, Phase, Transcript};
use std::os::unix::process::ExitStatusExt;

/// Whoever takes longer hangs.
const LIMIT: &str = "5";
const SIGKILL: i32 = 9;
const SIGSEGV: i32 = 11;

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The stack said success.
    In,
    /// It said anything else.
    Refused,
    /// It did not come back in time.
    Hangs,
    /// The process was killed by this signal.
    Crashes(i32),
}

impl End {
    /// In words.
    pub(crate) fn text(self) -> String {
        match self {
            Self::In => "let in".to_owned(),
            Self::Refused => "refused".to_owned(),
            Self::Hangs => format!("hangs (ended after {LIMIT} s)"),
            Self::Crashes(SIGSEGV) => "crashes (segmentation fault)".to_owned(),
            Self::Crashes(signal) => format!("killed by signal {signal}"),
        }
    }

    fn of(transcript: &Transcript) -> Self {
        match (transcript.status.signal(), transcript.codes(Phase::Authenticate).first()) {
            (Some(SIGKILL), _) => Self::Hangs,
            (Some(signal), _) => Self::Crashes(signal),
            (None, Some(&pam::SUCCESS)) => Self::In,
            (None, Some(_)) => Self::Refused,
            (None, None) => panic!("no verdict: {transcript:#?}"),
        }
    }
}

impl Place {
    fn driver(&self, user: &str, stack: &str) -> Driver<'_> {
        let through = ["timeout", "--signal=KILL", LIMIT];
        Driver::new(&self.factor.world).user(user).stack(stack).phases([Phase::Authenticate]).through(&through)
    }

    /// One login.
    pub(crate) fn login(&self, user: &str, answer: &str) -> End {
        End::of(&self.driver(user, &self.stack()).answers([answer]).run())
    }

    /// One login with another stack.
    pub(crate) fn login_by(&self, stack: &str, user: &str, answer: &str) -> End {
        End::of(&self.driver(user, stack).answers([answer]).run())
    }

    /// One login that is killed when it calls one of these system calls for this time.
    pub(crate) fn login_killed_at(&self, calls: &str, number: usize, user: &str, answer: &str) -> End {
        let inject = format!("inject={calls}:signal=KILL:when={number}");
        let wrapper = ["strace", "-o", "/dev/null", "-e", &inject, "--"];
        End::of(&self.driver(user, &self.stack()).through(&wrapper).answers([answer]).run())
    }

    /// Sessions that stand at their prompts and send at one instant; how many ended so.
    pub(crate) fn at_once(&self, sessions: &[(&str, &str)], end: End) -> usize {
        let mut barrier = Barrier::new();
        let start = |(user, code): &(&str, &str)| {
            self.driver(user, &self.stack()).answers([Answer::from(*code).at_barrier()]).start(&barrier)
        };
        let mut running: Vec<Running> = sessions.iter().map(start).collect();
        barrier.release(&mut running);
        running.into_iter().map(Running::finish).filter(|transcript| End::of(transcript) == end).count()
    }
}
