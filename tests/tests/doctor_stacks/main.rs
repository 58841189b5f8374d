//! What `countersign doctor` says of a stack is what real libpam does with it.
//!
//! Every stack is laid into a private world, the doctor is asked, and people log in: with the right password and code,
//! with a wrong one of either, without the second factor in use, and to enroll. Wherever doctor and libpam differ, a
//! test fails.
mod effects;
mod field;
mod guarded;
mod layouts;
mod meant;
mod odd;
mod random;
mod trial;
mod variants;
