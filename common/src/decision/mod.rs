//! The decisions: who is asked, what an answer is worth, what a change makes of a record. Pure and total.
//!
//! Knows no PAM, no path, no clock, no sentence: times come in, verdicts go out. Invariants I1, I2, I3 are stated
//! and searched exhaustively in `small_world_tests`.

mod action;
mod adding;
mod authorize;
mod change;
mod confirm;
mod delegation;
mod enrollment;
mod grace;
mod judge;
mod plan;
mod recovery;
mod restored;
mod rules;
mod throttle;

pub use action::Action;
pub use adding::{Adding, NotAdded, admit};
pub use authorize::{Actor, Denied, Enrolled, Helping, RootAccount, Target, authorize, is_confirmed};
pub use change::{Applied, Change, ChangeRefused, apply, apply_all, blank};
pub use confirm::{Answer, confirm};
pub use delegation::{Grant, Groups, delegate, grant};
pub use enrollment::{Disabling, UNCOMMITTED_LIMIT, committed, disable_committed, prove, proven, refused_until};
pub use grace::{grace_begun, grace_ended, grace_given, grace_until};
pub use judge::{Judgement, Verdict, drift, judge, no_code_before};
pub use plan::{Administrator, Demand, Login, Offer, Plan, Refusal, is_in_use, plan};
pub use recovery::{judge_recovery, recovery_codes_left};
pub use restored::{RecoveryCodes, restored};
pub use rules::{Membership, RuleFacts, Selected, select, select_everywhere, select_somewhere};
pub use throttle::{BlockEnd, block, is_slow_guessing, rebased, unblocked};

#[cfg(test)]
mod enrollment_tests;
#[cfg(test)]
mod fixture_tests;
#[cfg(test)]
mod long_walk_tests;
#[cfg(test)]
mod plan_table_tests;
#[cfg(test)]
mod recovery_tests;
#[cfg(test)]
mod small_world_model_tests;
#[cfg(test)]
mod small_world_tests;
#[cfg(test)]
mod throttle_history_tests;
#[cfg(test)]
mod window_tests;
