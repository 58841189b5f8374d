//! `countersign import`: files that the other programs themselves wrote and used, odd files, files that are traps.
mod again;
mod files;
mod google;
mod oath;
mod recovery;
mod stage;
mod whom;
mod wild;
mod wild_oath;
