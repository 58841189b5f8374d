//! Parallelism at scale: 64 processes and one code round after round, everything at once with the whole history checked
//! against a model, ssh logins in flight. What takes minutes is ignored here and run by `make stress`.
mod history;
mod mixed;
mod model;
mod people;
mod rounds;
mod ssh;
