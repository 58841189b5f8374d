//! What every Countersign program must agree on: the words, the formats, the decisions, the sentences.
//!
//! The rooms stand in layers; each imports only what stands to its left:
//! `document, token ← record, counters, config, import ← audit, notice, decision, screen, dialogue ← files ← store, system`.
//! Everything up to `screen` is pure: no clock, no path, no system call.
#![forbid(unsafe_code)]

pub mod audit;
pub mod config;
pub mod counters;
pub mod decision;
pub mod dialogue;
pub mod document;
pub mod files;
pub mod import;
pub mod notice;
pub mod record;
pub mod screen;
pub mod store;
pub mod system;
pub mod token;
