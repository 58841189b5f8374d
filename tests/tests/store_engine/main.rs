//! The file engine by itself, its every rule on files of a private root: who owns them, what fits, what is refused.
mod beginning;
mod damage;
mod ground;
mod sessions;
mod users;
