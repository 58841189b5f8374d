//! Completions for bash, zsh and fish, from the table of root's arguments; where a user is asked for, users.

use clap::{Command, CommandFactory, ValueHint};
use clap_complete::{Shell, generate};

use crate::arguments::Arguments;

pub(crate) fn bash() -> String {
    with_users(&written(Shell::Bash))
}

pub(crate) fn zsh() -> String {
    written(Shell::Zsh)
}

pub(crate) fn fish() -> String {
    let root = hinted();
    let users = root.get_subcommands().filter(|command| asks_for_user(command)).map(|command| {
        let name = command.get_name();
        format!("complete -c countersign -n \"__fish_countersign_using_subcommand {name}\" -x -a \"(__fish_complete_users)\"\n")
    });
    written(Shell::Fish) + &users.collect::<String>()
}

fn written(shell: Shell) -> String {
    let mut text = Vec::new();
    generate(shell, &mut hinted(), "countersign", &mut text);
    String::from_utf8(text).expect("completions are text")
}

/// The table, with what may stand where a name or a file is asked for.
fn hinted() -> Command {
    let hint = |name: &str| match name {
        "USER" => Some(ValueHint::Username),
        "FILE" | "PATH" => Some(ValueHint::FilePath),
        _ => None,
    };
    let mut root = Arguments::command();
    let names: Vec<String> = root.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for name in names {
        root = root.mut_subcommand(name, |command| {
            command.mut_args(|argument| {
                let value = argument.get_value_names().and_then(<[_]>::first).map(ToString::to_string);
                match value.as_deref().and_then(hint) {
                    Some(hint) => argument.value_hint(hint),
                    None => argument,
                }
            })
        });
    }
    root
}

fn asks_for_user(command: &Command) -> bool {
    command.get_positionals().any(|place| place.get_value_hint() == ValueHint::Username)
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
