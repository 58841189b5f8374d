//! The helper under errors and kills at every system call that touches state, and on full disks: for each thing that can
//! be done through it, to oneself and to others, the old or the new state stands, what is said to be done is durable, no
//! code confirms twice, and whoever comes next is served (I1, I4, I7).
mod aftermath;
mod deed;
mod dialogue;
mod disk;
mod people;
mod sweep;
