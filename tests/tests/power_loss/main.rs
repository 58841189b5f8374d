//! The power goes: right after something was acknowledged, and at every instant of doing it. What was acknowledged
//! stands, no code is accepted again, nothing is torn, and everybody gets in afterwards (I1, I7).
//!
//! The state lies on a real ext4; what a power cut leaves is mounted in its place, so that its journal is replayed, and
//! looked at by the real module and command.
mod acknowledged;
mod deed;
mod instant;
mod scene;
mod torn;
