//! `countersign pam`: our lines in real stacks, by the real command, tried by real logins.
mod add;
mod confirm;
mod refusals;
mod stage;
