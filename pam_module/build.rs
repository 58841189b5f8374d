//! Links the unwinder into the module, instead of loading `libgcc_s.so.1` into every host process with it: that costs a
//! login more than anything else the module does but its one durable write.
//!
//! The compiler asks the linker for `gcc_s`. Here it finds, before the system's, a linker script of that name which asks
//! for the same code as a library to link in (libgcc's `gcc_eh`, under the GCC Runtime Library Exception). The
//! symbols stay inside the module, which exports its six entry points and nothing else.
#![allow(clippy::disallowed_methods, reason = "cargo speaks to a build script by its environment")]

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Stays mapped once it is loaded: the standard library keeps state of its own that must not vanish under it, and a
    // process that asks twice loads it once. Taking the pages out costs a login more than reading its files.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    let is_gnu = env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|environment| environment == "gnu");
    let Some(directory) = env::var_os("OUT_DIR").map(PathBuf::from).filter(|_| is_gnu) else { return };
    let script = directory.join("libgcc_s.so");
    match fs::write(&script, "INPUT(-lgcc_eh)\n") {
        Ok(()) => println!("cargo::rustc-link-search=native={}", directory.display()),
        Err(error) => println!("cargo::error={}: {error}", script.display()),
    }
}
