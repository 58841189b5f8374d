//! Root's command, each of its verbs, with each fault at each call on state or configuration: the old state stands or
//! the new one, what reports success is done for good, and the next honest login and the next command work (I1, I4, I7).
mod deed;
mod disk;
mod standing;
mod sweep;
