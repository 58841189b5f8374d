//! Holds the imports of every crate against the table of layers in ARCHITECTURE.md.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room of `common` and the rooms it may import.
fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    let pure = ["token", "record", "counters", "config"];
    BTreeMap::from([
        ("document", vec![]),
        ("token", vec![]),
        ("record", vec!["document", "token"]),
        ("counters", vec!["token", "record"]),
        ("config", vec!["document", "token"]),
        ("import", vec!["token"]),
        ("audit", vec!["token"]),
        ("notice", vec!["token"]),
        ("decision", pure.to_vec()),
        ("screen", vec!["token", "config", "notice"]),
        ("dialogue", vec!["token", "record", "counters", "decision"]),
        ("files", vec![]),
        ("store", vec!["document", "token", "record", "counters", "files"]),
        ("system", vec!["token", "record", "config", "audit", "decision", "files"]),
    ])
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The rooms a source file names after `crate::`.
fn rooms_named_in(text: &str) -> Vec<String> {
    text.match_indices("crate::")
        .filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        .map(|(at, prefix)| {
            let rest = &text[at + prefix.len()..];
            rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        })
        .collect()
}

#[test]
fn a_room_imports_only_what_stands_to_its_left() {
    let allowed = allowed();
    let src = root().join("common/src");
    let mut seen = 0;
    for file in sources(&src) {
        let relative = file.strip_prefix(&src).unwrap();
        let room = relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        if room == "lib" {
            continue;
        }
        let may = allowed.get(room).unwrap_or_else(|| panic!("{room} is in no layer"));
        for named in rooms_named_in(&fs::read_to_string(&file).unwrap()) {
            seen += 1;
            assert!(named == room || may.contains(&named.as_str()), "{}: imports {named}", relative.display());
        }
    }
    assert!(seen > 50, "the test reads nothing: {seen}");
}

#[test]
fn what_decides_knows_no_clock_path_or_system() {
    for room in ["document", "token", "record", "counters", "config", "audit", "decision", "screen", "dialogue"] {
        for file in sources(&root().join("common/src").join(room)) {
            let text = fs::read_to_string(&file).unwrap();
            for word in ["std::fs", "std::env", "std::process", "nix::", "std::net::Tcp", "::now()"] {
                assert!(!text.contains(word), "{}: {word}", file.display());
            }
        }
    }
}

#[test]
fn unsafe_code_stands_in_one_room_of_a_program() {
    let rooms = ["pam_module/src/ffi", "helper/src/ffi.rs"].map(|room| root().join(room));
    for krate in ["common", "pam_module", "admin_cli", "helper"] {
        for file in sources(&root().join(krate).join("src")) {
            let text = fs::read_to_string(&file).unwrap();
            let has_unsafe = ["unsafe {", "unsafe extern", "unsafe fn", "unsafe impl", "unsafe("]
                .iter()
                .any(|word| text.contains(word));
            assert!(!has_unsafe || rooms.iter().any(|room| file.starts_with(room)), "{}", file.display());
        }
    }
}

#[test]
fn the_ffi_knows_no_decision_and_the_command_no_module() {
    for file in sources(&root().join("pam_module/src/ffi")) {
        let text = fs::read_to_string(&file).unwrap();
        for room in ["decision", "store", "config"] {
            assert!(!text.contains(&format!("countersign_common::{room}")), "{}: {room}", file.display());
        }
    }
    for krate in ["admin_cli", "helper"] {
        let manifest = fs::read_to_string(root().join(krate).join("Cargo.toml")).unwrap();
        assert!(!manifest.contains("pam_countersign") && !manifest.contains("pamsm"));
    }
}

#[test]
fn what_parses_arguments_of_people_is_the_commands_alone() {
    for krate in ["common", "pam_module", "helper"] {
        let manifest = fs::read_to_string(root().join(krate).join("Cargo.toml")).unwrap();
        assert!(!manifest.contains("clap"), "{krate}");
    }
    // The writer of the manuals reads these without the crate they stand in.
    for file in ["admin_cli/src/manual.rs", "pam_module/src/manual.rs"] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let shipped = text.split("#[cfg(test)]").next().unwrap();
        assert!(!shipped.lines().any(|line| line.starts_with("use ")), "{file}");
    }
    for file in sources(&root().join("admin_cli/src/arguments")) {
        for room in rooms_named_in(&fs::read_to_string(&file).unwrap()) {
            assert!(["arguments", "manual"].contains(&room.as_str()), "{}: imports {room}", file.display());
        }
    }
}

#[test]
fn files_are_short() {
    for krate in ["common", "pam_module", "admin_cli", "helper", "manuals", "tests", "bench"] {
        for file in sources(&root().join(krate)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= 400, "{}: {lines} lines", file.display());
        }
    }
}
