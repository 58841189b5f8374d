//! Bash offers everyone what they have: root's commands to root and behind sudo, an ordinary user's to everybody else.
//!
//! The other shells offer root's commands to all, which are more, and have every option of an ordinary user's.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::{completions, self_service};

/// Where a script begins to say for which command it is.
const REGISTERED: &str = "\nif [[ \"${BASH_VERSINFO";

/// sudo, doas, env and others complete what follows them by bash-completion's `_command_offset`.
const CHOICE: &str = "
_countersign_of_caller() {
    if [[ $EUID -eq 0 || \" ${FUNCNAME[*]} \" == *_command_offset* ]]; then
        _countersign \"$@\"
    else
        _countersign_own \"$@\"
    fi
}
";

pub(crate) fn bash() -> String {
    let roots = completions::bash();
    let (roots, registered) = roots.split_once(REGISTERED).expect("a generated script");
    let registered = registered.replace("-F _countersign ", "-F _countersign_of_caller ");
    format!("{roots}\n{}\n{CHOICE}{REGISTERED}{registered}", own())
}

/// The function for an ordinary user. Each of that user's subcommands may be about somebody they help.
fn own() -> String {
    let mut text = Vec::new();
    generate(Shell::Bash, &mut self_service::Arguments::command(), "countersign", &mut text);
    let text = String::from_utf8(text).expect("completions are text");
    let (function, _) = text.split_once(REGISTERED).expect("a generated script");
    let mut of_a_subcommand = false;
    let line = |line: &str| {
        if line.trim_start().starts_with("countersign__") && line.ends_with(')') {
            of_a_subcommand = !line.contains("__help");
        }
        match line.strip_suffix('"') {
            Some(list) if of_a_subcommand && line.trim_start().starts_with("opts=\"") => {
                format!("{list} $(compgen -u)\"\n")
            }
            _ => format!("{line}\n"),
        }
    };
    function.replace("_countersign()", "_countersign_own()").lines().map(line).collect()
}
