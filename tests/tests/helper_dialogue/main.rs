//! The dialogue of a person and the helper: on real terminals, over real logins, in time, two at once, and each cell of
//! docs/authorization.md.
mod beginning;
mod deadline;
mod races;
mod ssh;
mod stage;
mod table;
mod terminal;
