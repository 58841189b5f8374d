//! PAM stacks: how libpam reads and runs them, and what that means for a second factor.
//!
//! Invariants: reads and changes nothing but through [`files::Files`]; a stack is run without a module, over the codes
//! each one may return.

pub(crate) mod absent;
pub(crate) mod account;
#[cfg(test)]
mod assess_tests;
pub(crate) mod auth;
pub(crate) mod code;
pub(crate) mod control;
pub(crate) mod dispatch;
#[cfg(test)]
mod dispatch_tests;
pub(crate) mod edit;
pub(crate) mod files;
pub(crate) mod fragment;
pub(crate) mod line;
pub(crate) mod module_file;
pub(crate) mod modules;
pub(crate) mod placing;
pub(crate) mod refusal;
pub(crate) mod service;
#[cfg(test)]
pub(crate) mod service_tests;
pub(crate) mod walk;
