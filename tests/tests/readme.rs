//! The README shows the very stacks that the suites use, and names only targets and files that exist.
use countersign_tests::world::Stack;

fn root(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn readme() -> String {
    std::fs::read_to_string(root("README.md")).unwrap()
}

#[test]
fn the_stacks_in_the_readme_are_the_ones_that_are_tested() {
    let readme = readme();
    for stack in [Stack::Sshd, Stack::Login, Stack::Su, Stack::Sudo] {
        let block = format!("```\n{}```", stack.text());
        assert!(readme.contains(&block), "{stack:?} differs from tests/stacks");
    }
}

#[test]
fn every_file_and_target_the_readme_names_exists() {
    let readme = readme();
    for link in readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        assert!(root(link).exists(), "{link}");
    }
    let makefile = std::fs::read_to_string(root("Makefile")).unwrap();
    let words: Vec<_> = readme.split(|c: char| c.is_whitespace() || c == '`').collect();
    for pair in words.windows(2).filter(|pair| pair[0] == "make") {
        let target = pair[1].trim_end_matches([';', ',', '.']);
        assert!(makefile.contains(&format!("\n{target}:")), "make {target}");
    }
}
