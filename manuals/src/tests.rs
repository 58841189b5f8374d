//! What is written from the tables, and what is written by hand beside them, agree.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use clap::CommandFactory;
use countersign_common::config;

use crate::command_page::built;
use crate::{arguments, files, self_service, shipped_config};

#[test]
fn the_shipped_configuration_is_the_table_of_keys() {
    let hint = "write it anew: make config";
    assert_eq!(config::SHIPPED, shipped_config::text(), "{hint}");
    let longest = config::SHIPPED.lines().filter(|line| line.starts_with('#')).map(|line| line.chars().count()).max();
    assert!(longest <= Some(120), "{longest:?}");
}

/// All that can be run, with what is typed for it.
fn leaves<'a>(typed: &str, command: &'a clap::Command) -> Vec<(String, &'a clap::Command)> {
    let below = command.get_subcommands().flat_map(|below| {
        let name = format!("{typed} {}", below.get_name()).trim_start().to_owned();
        if below.has_subcommands() { leaves(&name, below) } else { vec![(name, below)] }
    });
    below.collect()
}

/// docs/command.md has a row for each subcommand, with the options that are its own, and no row for another.
#[test]
fn the_documentation_has_every_subcommand_with_its_options() {
    let text = include_str!("../../docs/command.md");
    let (_, section) = text.split_once("\n## Commands\n").expect("the section");
    let section = section.split("\n## ").next().expect("the section");
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let root = built(arguments::Arguments::command());
    let mut described = BTreeSet::new();
    for (name, command) in leaves("", &root) {
        let starts = |row: &&&str| {
            row.strip_prefix("| `")
                .and_then(|rest| rest.strip_prefix(name.as_str()))
                .is_some_and(|rest| rest.starts_with([' ', '`']))
        };
        let row = rows.iter().find(starts).unwrap_or_else(|| panic!("docs/command.md has no row for {name}"));
        described.insert(*row);
        for option in command.get_arguments().filter_map(|option| option.get_long()) {
            // What nearly all have is told of once, below the table.
            if !["json", "config", "no-account", "help"].contains(&option) {
                assert!(row.contains(&format!("--{option}")), "docs/command.md: {name} lacks --{option}");
            }
        }
    }
    assert_eq!(described.len(), rows.len(), "rows of no subcommand");
}

/// docs/command.md names each subcommand that is everybody's.
#[test]
fn the_documentation_has_every_subcommand_of_an_ordinary_user() {
    let text = include_str!("../../docs/command.md");
    let (_, section) = text.split_once("\n## As an ordinary user\n").expect("the section");
    for command in built(self_service::Arguments::command()).get_subcommands() {
        assert!(section.contains(&format!("`{}`", command.get_name())), "{}", command.get_name());
    }
}

#[test]
fn every_subcommand_and_option_is_in_every_completion_and_in_the_manual() {
    let root = built(arguments::Arguments::command());
    let files = files();
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with("countersign.8") || name.contains("completions"))
    {
        if name.ends_with("pam_countersign.8") {
            continue;
        }
        let text = text.replace('\\', "");
        for command in root.get_subcommands() {
            assert!(text.contains(command.get_name()), "{name}: {}", command.get_name());
            for option in command.get_arguments().filter_map(|option| option.get_long()) {
                assert!(text.contains(option), "{name}: {} --{option}", command.get_name());
            }
        }
    }
}

/// A manual names no manual of ours that is not written, and no document that is not installed beside it.
#[test]
fn no_manual_points_to_a_page_that_does_not_exist() {
    let files = files();
    let mut followed = 0;
    for (name, text) in files.iter().filter(|(name, _)| name.starts_with("man/")) {
        let plain = ["\\fB", "\\fI", "\\fR", "\\"].iter().fold(text.clone(), |text, sign| text.replace(sign, ""));
        for line in plain.lines().map(|line| line.replace(" (", "(")) {
            for (at, _) in line.match_indices("countersign") {
                let begin = if line[..at].ends_with("pam_") { at - 4 } else { at };
                let Some((page, rest)) = line[begin..].split_once('(') else { continue };
                let Some(number @ ("5" | "8")) = rest.get(..1) else { continue };
                if page.contains(' ') {
                    continue;
                }
                followed += 1;
                let wanted = format!("man/man{number}/{page}.{number}");
                assert!(files.iter().any(|(name, _)| **name == *wanted), "{name}: {page}({number})");
            }
            for document in line.split_whitespace().filter(|word| word.contains(".md")) {
                followed += 1;
                let document = document.trim_end_matches([',', ';', '.', ':']);
                let document = document.strip_prefix("/usr/share/doc/countersign/").unwrap_or(document);
                let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(document);
                assert!(path.exists(), "{name}: {document}");
            }
        }
    }
    assert!(followed > 20, "{followed}");
}

#[test]
fn every_subcommand_and_option_of_an_ordinary_user_is_in_every_completion_and_in_the_manual() {
    let own = built(self_service::Arguments::command());
    let files = files();
    let wanted = |name: &&str| name.ends_with("/countersign.8") || name.contains("completions");
    for (name, text) in files.iter().filter(|(name, _)| wanted(name)) {
        let text = text.replace('\\', "");
        for command in own.get_subcommands() {
            assert!(text.contains(command.get_name()), "{name}: {}", command.get_name());
            for option in command.get_arguments().filter_map(|option| option.get_long()) {
                assert!(text.contains(option), "{name}: {} --{option}", command.get_name());
            }
        }
    }
}

/// Who asks.
#[derive(Clone, Copy)]
enum Asks {
    /// root, or somebody behind sudo.
    Root,
    /// An ordinary user.
    Anyone,
}

/// Asked as bash asks: what may follow `countersign WORDS`.
fn completed_by_bash(words: &[&str]) -> Vec<String> {
    completed_for(Asks::Root, words)
}

fn completed_for(asks: Asks, words: &[&str]) -> Vec<String> {
    let line = ["countersign"].iter().chain(words).map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let script = format!(
        "{}\ncompopt() {{ :; }}; COMP_WORDS=({line}); COMP_CWORD={}
        _command_offset() {{ _countersign_of_caller \"$@\"; }}
        {} countersign \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\" >&2
        printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        crate::own_completions::bash(),
        words.len(),
        match asks {
            Asks::Root => "_command_offset",
            Asks::Anyone => "_countersign_of_caller",
        }
    );
    let mut bash = Command::new("bash");
    let is_root = || fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if matches!(asks, Asks::Anyone) && is_root() {
        bash.uid(65534);
    }
    let said = bash.args(["-c", &script]).current_dir("/").output().expect("run bash");
    assert_eq!(String::from_utf8_lossy(&said.stderr), "");
    String::from_utf8_lossy(&said.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_subcommands_options_and_users() {
    assert_eq!(completed_by_bash(&["unb"]), ["unblock"]);
    assert_eq!(completed_by_bash(&["enable", "--lo"]), ["--lock"]);
    assert_eq!(completed_by_bash(&["new-recovery-codes", "daemo"]), ["daemon"]);
    assert!(completed_by_bash(&["check-config", "daemo"]).iter().all(String::is_empty));
    for command in ["enable", "disable", "lock", "unlock", "reset"] {
        assert_eq!(completed_by_bash(&[command, "--group", "daemo"]), ["daemon"], "{command}");
        assert!(completed_by_bash(&[command, "--group", "/et"]).iter().all(String::is_empty), "{command}: no files");
    }
    assert_eq!(completed_by_bash(&["enable", "--config", "/et"]), ["/etc"]);
}

#[test]
fn zsh_and_fish_are_told_to_complete_groups_where_one_is_asked_for() {
    let commands = built(arguments::Arguments::command());
    let with_group = commands
        .get_subcommands()
        .filter(|command| command.get_arguments().any(|option| option.get_long() == Some("group")));
    let (zsh, fish) = (crate::completions::zsh(), crate::completions::fish());
    let mut count = 0;
    for command in with_group {
        let name = command.get_name();
        let line = format!(
            "complete -c countersign -n \"__fish_countersign_using_subcommand {name}\" -l group -x -a \"(__fish_complete_groups)\""
        );
        assert!(fish.contains(&line), "{name}");
        count += 1;
    }
    let import = "complete -c countersign -n \"__fish_countersign_using_subcommand import; and __fish_seen_subcommand_from \
                  google-authenticator\" -l group -x -a \"(__fish_complete_groups)\"";
    assert!(fish.contains(import), "{fish}");
    let zsh: Vec<&str> = zsh.lines().filter(|line| line.contains("--group=")).collect();
    assert_eq!((zsh.len(), count), (6, 5), "{zsh:?}");
    assert!(zsh.iter().all(|line| line.ends_with(":NAME:_groups' \\")), "{zsh:?}");
}

#[test]
fn bash_offers_an_ordinary_user_what_that_user_has_and_root_all() {
    let offered = |asks, words: &[&str]| completed_for(asks, words).join(" ");
    let own = built(self_service::Arguments::command());
    for command in own.get_subcommands() {
        assert_eq!(offered(Asks::Anyone, &[command.get_name()]).split(' ').next(), Some(command.get_name()));
    }
    for roots in ["init", "forg", "doc", "grac", "pam"] {
        assert_eq!(offered(Asks::Anyone, &[roots]), "", "{roots}");
        assert!(!offered(Asks::Root, &[roots]).is_empty(), "{roots}");
    }
    assert_eq!(offered(Asks::Anyone, &["enroll", "--"]), "--json --label --replace --help");
    assert!(offered(Asks::Root, &["enroll", "--"]).contains("--svg"));
    assert_eq!(offered(Asks::Anyone, &["reset", "daemo"]), "daemon");
    assert_eq!(offered(Asks::Anyone, &["remove-token", "daemo"]), "daemon");
}
