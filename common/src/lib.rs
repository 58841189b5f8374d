//! What every Countersign program must agree on.
#![forbid(unsafe_code)]
