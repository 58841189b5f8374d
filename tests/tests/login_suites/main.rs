//! Logins with the real thing: ssh, su, sudo and login, each test in its own private world.
//!
//! The QR code is read from the screen by a QR reader, codes come from oathtool, the clock is moved instead of waited for.
mod account_line;
mod blocks;
mod codes;
mod commit;
mod console;
mod debian;
mod first_login;
mod keys;
mod log;
mod names;
mod parallel;
mod passwords;
mod screens;
mod settings;
mod stage;
mod sudo;
