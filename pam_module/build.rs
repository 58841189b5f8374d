//! Links the module so that it stays loaded: the name of its pending data holds an address in it, and Rust's
//! thread-local destructors must not outlive it.
fn main() {
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo:rerun-if-changed=build.rs");
}
