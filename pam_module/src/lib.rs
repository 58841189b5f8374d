//! `pam_countersign.so`: a one-time code after the password, enrollment inside the login.
//!
//! Invariants: no panic crosses into the host process (I10); every path starts refused; this crate decides
//! nothing, it asks `countersign_common::decision`. Unsafe code stands in [`ffi`] alone.
#![deny(unsafe_code)]

mod account;
mod arguments;
mod ask;
mod authenticate;
mod conversation;
mod enroll;
mod entry;
mod ffi;
mod log;
mod login;
#[allow(dead_code, reason = "what the program itself does not read, its manual does")]
mod manual;
mod outcome;
mod pending;
mod rehearse;

use entry::Countersign;
// The macro calls the trait's functions by the type's name.
use pamsm::PamServiceModule as _;

pamsm::pam_module!(Countersign);
