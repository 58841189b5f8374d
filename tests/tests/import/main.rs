//! `countersign import`: files that the other programs themselves wrote and used, odd files, files that are traps.
mod again;
mod files;
mod google;
mod oath;
mod stage;
mod whom;
