//! Compiles what stands between the module and the C library for the target `whole_module`, and lets the module use the
//! sanitizer of that program.

fn main() {
    println!("cargo::rerun-if-changed=src/whole_module/faults.c");
    // Without the sanitizer: the calls it forwards are those of the sanitizer's own library.
    cc::Build::new().file("src/whole_module/faults.c").warnings_into_errors(true).compile("faults");
    println!("cargo::rustc-link-arg-bin=whole_module=-rdynamic");
}
