//! Completions for bash, zsh and fish, from the table of root's arguments: users, groups and files where they are asked
//! for, and no files where they are not.

use clap::{Arg, Command, CommandFactory, ValueHint};
use clap_complete::{Shell, generate};

use crate::arguments::Arguments;

/// The option that takes a group; the generators know no such thing.
const GROUP: &str = "--group";
/// The end of fish's line about it.
const GROUPS: &str = "\" -l group -x -a \"(__fish_complete_groups)\"\n";

pub(crate) fn bash() -> String {
    with_groups(&with_users(&written(Shell::Bash)))
}

pub(crate) fn zsh() -> String {
    let line = |line: &str| match line.rsplit_once(':') {
        Some((option, action)) if option.contains(&format!("{GROUP}=[")) => {
            let end = action.trim_start_matches(|c: char| c != '\'');
            format!("{option}:_groups{end}\n")
        }
        _ => format!("{line}\n"),
    };
    written(Shell::Zsh).lines().map(line).collect()
}

pub(crate) fn fish() -> String {
    let root = hinted();
    let more = root.get_subcommands().flat_map(|command| {
        let name = command.get_name();
        let begin = format!("complete -c countersign -n \"__fish_countersign_using_subcommand {name}");
        let users = asks_for_user(command).then(|| format!("{begin}\" -x -a \"(__fish_complete_users)\"\n"));
        let own = takes_group(command).then(|| format!("{begin}{GROUPS}"));
        let below = command
            .get_subcommands()
            .filter(|below| takes_group(below))
            .map(move |below| format!("{begin}; and __fish_seen_subcommand_from {}{GROUPS}", below.get_name()));
        users.into_iter().chain(own).chain(below).collect::<Vec<_>>()
    });
    written(Shell::Fish) + &more.collect::<String>()
}

fn written(shell: Shell) -> String {
    let mut text = Vec::new();
    generate(shell, &mut hinted(), "countersign", &mut text);
    String::from_utf8(text).expect("completions are text")
}

/// The table, with what may stand where a name or a file is asked for.
fn hinted() -> Command {
    let hint = |argument: Arg| {
        let value = argument.get_value_names().and_then(<[_]>::first).map(ToString::to_string);
        match value.as_deref() {
            Some("USER") => argument.value_hint(ValueHint::Username),
            Some("FILE" | "PATH") => argument.value_hint(ValueHint::FilePath),
            Some("SERVICE" | "ADDRESS" | "TEXT" | "TIME" | "TOKEN") => argument.value_hint(ValueHint::Other),
            _ => argument,
        }
    };
    Arguments::command().mut_args(hint).mut_subcommands(|command| command.mut_args(hint))
}

fn asks_for_user(command: &Command) -> bool {
    command.get_positionals().any(|place| place.get_value_hint() == ValueHint::Username)
}

fn takes_group(command: &Command) -> bool {
    command.get_arguments().any(|option| option.get_long() == Some(GROUP.trim_start_matches('-')))
}

/// What stands where the value of the option for a group is completed is made to complete groups.
fn with_groups(script: &str) -> String {
    let mut inside = false;
    let line = |line: &str| {
        let was_inside = std::mem::replace(&mut inside, line.trim() == format!("{GROUP})"));
        match line.split_once("COMPREPLY=(") {
            Some((indent, _)) if was_inside => {
                // Where there is no such group, no file is one either.
                let no_files = "compopt +o default +o bashdefault";
                format!("{indent}COMPREPLY=($(compgen -g -- \"${{cur}}\"))\n{indent}{no_files}\n")
            }
            _ => format!("{line}\n"),
        }
    };
    script.lines().map(line).collect()
}

/// The generator gives bash no users: they are put into each list of what may follow where one is asked for.
fn with_users(script: &str) -> String {
    let root = hinted();
    let asks = |label: &str| {
        let command = root.get_subcommands().find(|command| command.get_name().replace('-', "__subcmd__") == label);
        command.is_some_and(asks_for_user)
    };
    let mut inside = false;
    let line = |line: &str| {
        if let Some(label) = line.trim().strip_prefix("countersign__").and_then(|rest| rest.strip_suffix(')')) {
            inside = asks(label.trim_start_matches("subcmd__"));
        }
        match line.strip_suffix('"') {
            Some(list) if inside && line.trim_start().starts_with("opts=\"") => format!("{list} $(compgen -u)\"\n"),
            _ => format!("{line}\n"),
        }
    };
    script.lines().map(line).collect()
}
