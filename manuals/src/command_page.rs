//! countersign(8): every subcommand with its options and examples, from the tables of arguments.

use clap::{Arg, Command, CommandFactory};

use crate::page::filled;
use crate::roff::{bold, example, italic, prose, stopped, tagged};
use crate::{arguments, manual, self_service};

/// Options that every subcommand has, and that are described once.
const COMMON: [&str; 3] = ["config", "help", "no_account"];

pub(crate) fn text() -> String {
    let root = built(arguments::Arguments::command());
    let own = built(self_service::Arguments::command());
    filled(
        include_str!("../pages/countersign.8"),
        &[
            ("commands", root.get_subcommands().map(|command| subcommand("", command)).collect()),
            ("common options", common_options(&root)),
            ("own commands", own.get_subcommands().map(own_subcommand).collect()),
            ("exit statuses", statuses()),
            ("json of a user", fields(manual::USER.iter().chain([&manual::CHANGED]))),
            ("json of others", objects()),
            ("files", manual::FILES.iter().map(|(path, what)| tagged(&italic(path), &prose(what))).collect()),
            ("examples", example(&examples(&root))),
        ],
    )
}

/// The table of commands, complete; without the subcommand `help`.
pub(crate) fn built(command: Command) -> Command {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    command
}

/// A subcommand, and all that stand below it; `above` is what is typed before its name.
fn subcommand(above: &str, command: &Command) -> String {
    let typed = format!("{above} {}", command.get_name()).trim_start().to_owned();
    let title = format!(".SS {}\n", typed.replace('-', "\\-"));
    if command.has_subcommands() {
        let below: String = command.get_subcommands().map(|below| subcommand(&typed, below)).collect();
        // A heading begins a paragraph by itself.
        return format!("{title}{}{below}", paragraphs(command).trim_start_matches(".PP\n"));
    }
    let mut text = format!("{title}{}\n{}", synopsis(&typed, command), paragraphs(command));
    for argument in command.get_arguments().filter(|argument| !COMMON.contains(&argument.get_id().as_str())) {
        text += &described(argument);
    }
    if let Some(examples) = command.get_after_help() {
        let examples = examples.to_string();
        let lines: Vec<&str> = examples.lines().skip(1).map(|line| line.trim_start_matches(' ')).collect();
        text += &example(&lines.join("\n"));
    }
    text
}

fn own_subcommand(command: &Command) -> String {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    tagged(&synopsis(command.get_name(), command), &prose(&stopped(&about.replace("\n\n", " "))))
}

/// As in `enable [--lock] USER...`.
fn synopsis(typed: &str, command: &Command) -> String {
    let options = command
        .get_arguments()
        .filter(|option| option.get_long().is_some() && !COMMON.contains(&option.get_id().as_str()));
    let mut words = vec![bold(typed)];
    for option in options {
        words.push(format!("[{}]", form(option)));
    }
    for place in command.get_positionals() {
        let name = italic(place.get_value_names().and_then(<[_]>::first).expect("a name"));
        let several = if place.get_num_args().is_some_and(|count| count.max_values() > 1) { "..." } else { "" };
        words.push(if place.is_required_set() { format!("{name}{several}") } else { format!("[{name}{several}]") });
    }
    words.join(" ")
}

/// As in `--label TEXT`.
fn form(option: &Arg) -> String {
    let name = bold(&format!("--{}", option.get_long().expect("every option has a long name")));
    match option.get_value_names() {
        Some([value]) if option.get_action().takes_values() => format!("{name} {}", italic(value)),
        _ => name,
    }
}

fn described(argument: &Arg) -> String {
    let tag = match argument.get_long() {
        Some(_) => form(argument),
        None => italic(argument.get_value_names().and_then(<[_]>::first).expect("a name")),
    };
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut text = prose(&stopped(&help.replace("\n\n", " ")));
    if let ([default], true) = (argument.get_default_values(), argument.get_action().takes_values()) {
        text = format!("{text} Default: {}.", bold(&default.to_string_lossy()));
    }
    tagged(&tag, &text)
}

fn paragraphs(command: &Command) -> String {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    about.split("\n\n").fold(String::new(), |text, paragraph| text + ".PP\n" + &prose(&stopped(paragraph)) + "\n")
}

fn common_options(root: &Command) -> String {
    let of_all = root.get_subcommands().flat_map(Command::get_arguments);
    let known: Vec<&Arg> = of_all.collect();
    let shown = |id: &&str| known.iter().find(|argument| argument.get_id() == *id).map(|argument| described(argument));
    COMMON.iter().filter_map(shown).collect()
}

fn statuses() -> String {
    manual::STATUSES.iter().map(|status| tagged(&bold(&status.number.to_string()), &prose(status.meaning))).collect()
}

fn fields<'a>(fields: impl IntoIterator<Item = &'a manual::Field>) -> String {
    fields.into_iter().map(|field| tagged(&bold(field.name), &prose(field.value))).collect()
}

fn objects() -> String {
    let field = |field: &manual::Field| tagged(&bold(field.name), &prose(&stopped(field.value)));
    let object = |object: &manual::Object| {
        let fields: String = object.fields.iter().map(field).collect();
        format!(".SS {}\n{}\n{fields}", object.of.replace('-', "\\-"), prose(object.form))
    };
    manual::OBJECTS.iter().map(object).collect()
}

fn examples(root: &Command) -> String {
    let text = root.get_after_help().expect("the command has examples").to_string();
    let lines = text.lines().skip(1).take_while(|line| !line.is_empty());
    lines.map(|line| line.trim_start().to_owned() + "\n").collect()
}
