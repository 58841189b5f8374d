//! What is written from the tables, and what is written by hand beside them, agree.

use std::collections::BTreeSet;
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

/// Asked as bash asks: what may follow `countersign WORDS`.
fn completed_by_bash(words: &[&str]) -> Vec<String> {
    let line = ["countersign"].iter().chain(words).map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let script = format!(
        "{}\ncompopt() {{ :; }}; COMP_WORDS=({line}); COMP_CWORD={}
        _countersign countersign \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\" >&2
        printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        crate::completions::bash(),
        words.len()
    );
    let said = Command::new("bash").args(["-c", &script]).output().expect("run bash");
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
    let zsh: Vec<&str> = zsh.lines().filter(|line| line.contains("--group=")).collect();
    assert_eq!((zsh.len(), count), (5, 5), "{zsh:?}");
    assert!(zsh.iter().all(|line| line.ends_with(":NAME:_groups' \\")), "{zsh:?}");
}
