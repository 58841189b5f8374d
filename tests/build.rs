//! Compiles what the suites need in C: the clock of a private world, a small library every process in it is made to
//! load; what counts the cost of a login: a driver that adds nothing of its own, and the floor module; and stand-ins
//! for modules of other distributions.
use std::path::PathBuf;
use std::process::Command;

const LIBRARY: [&str; 2] = ["-shared", "-fPIC"];
/// The driver's clock must be found by the modules it loads.
const PROGRAM: [&str; 2] = ["-rdynamic", "-fPIE"];

fn main() {
    compile("src/world_clock.c", "world_clock.so", &LIBRARY, &[]);
    compile("src/cost/login_driver.c", "login_driver", &PROGRAM, &["-lpam"]);
    compile("src/cost/floor.c", "pam_floor.so", &LIBRARY, &["-lpam"]);
    compile("src/stand_in.c", "pam_directory.so", &[&LIBRARY[..], &["-DKNOWS_DORA"]].concat(), &["-lpam"]);
    let kerberos = [&LIBRARY[..], &["-DKNOWS_DORA", "-DOTHERS=PAM_IGNORE"]].concat();
    compile("src/stand_in.c", "pam_kerberos.so", &kerberos, &["-lpam"]);
    compile("src/stand_in.c", "pam_nobody.so", &LIBRARY, &["-lpam"]);
}

fn compile(source: &str, artefact: &str, kind: &[&str], libraries: &[&str]) {
    println!("cargo::rerun-if-changed={source}");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let status = Command::new(&compiler)
        .args(["-O2", "-Wall", source, "-o"])
        .arg(out.join(artefact))
        .args(kind)
        .args(libraries)
        .status()
        .unwrap_or_else(|error| panic!("cannot run the C compiler {compiler}: {error}"));
    assert!(status.success(), "the C compiler refused {source}");
}
