//! What the documents claim of the tests is so.
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The name of every function that stands directly below `#[test]`.
fn tests() -> BTreeSet<String> {
    let mut files = Vec::new();
    for krate in ["common", "pam_module", "admin_cli", "helper", "manuals", "tests"] {
        sources(&root().join(krate), &mut files);
    }
    let mut names = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(file).expect("a source");
        for after in text.split("#[test]").skip(1) {
            if let Some((name, _)) = after.trim_start().strip_prefix("fn ").and_then(|rest| rest.split_once('(')) {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

#[test]
fn every_failure_of_the_field_has_a_test_that_exists() {
    let tests = tests();
    assert!(tests.len() > 400, "the sources are not read: {}", tests.len());
    let text = fs::read_to_string(root().join("docs/past-failures.md")).expect("the document");
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| failure"));
    let mut named = 0;
    for row in rows {
        let guards = row.trim_end_matches('|').rsplit('|').next().expect("a last column");
        let cited: Vec<&str> = guards.split('`').skip(1).step_by(2).collect();
        assert!(!cited.is_empty(), "no test: {row}");
        for name in cited {
            assert!(tests.contains(name), "there is no test {name}: {row}");
            named += 1;
        }
    }
    assert!(named > 40, "the document is not read: {named}");
}

#[test]
fn every_page_that_a_document_points_to_exists() {
    let mut pages: Vec<PathBuf> =
        fs::read_dir(root().join("docs")).expect("docs").map(|entry| entry.expect("an entry").path()).collect();
    pages.extend(
        ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
            .map(|name| root().join(name)),
    );
    let mut links = 0;
    for page in pages.iter().filter(|page| page.extension().is_some_and(|ending| ending == "md")) {
        let text = fs::read_to_string(page).expect("a page");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target) {
            if target.contains("://") {
                continue;
            }
            links += 1;
            let target = target.split('#').next().unwrap_or_default();
            let path = page.parent().expect("a folder").join(target);
            assert!(path.exists(), "{} points to {target}", page.display());
        }
    }
    assert!(links > 8, "no links are read: {links}");
}
