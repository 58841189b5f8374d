//! Where cargo put the programs: those of the harness and those of the product.
use std::path::{Path, PathBuf};

/// The directory of this build profile, `<target>/debug` as a rule.
fn profile_directory() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test binary");
    let mut directory = test.parent().expect("a test binary lies in a directory");
    if directory.ends_with("deps") || directory.ends_with("examples") {
        directory = directory.parent().expect("deps lies in the profile directory");
    }
    directory.to_owned()
}

/// A program of this crate, built by cargo next to the test.
pub fn harness_program(name: &str) -> PathBuf {
    let path = profile_directory().join(name);
    assert!(path.exists(), "{} is missing: cargo build -p countersign_tests", path.display());
    path
}

/// A shipped artefact, from the release directory whatever the profile of the tests.
pub(super) fn product_artefact(name: &str) -> PathBuf {
    let profile = profile_directory();
    let target = profile.parent().unwrap_or(Path::new("/"));
    let path = target.join("release").join(name);
    assert!(path.exists(), "{} is missing: run `make build` first", path.display());
    path
}
