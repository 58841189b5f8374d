//! Writes man pages, shell completions and the commented configuration, so that nothing in them is said twice.
//!
//! The table of arguments and the tables beside it are read from the sources of command and module, which know nothing
//! of this program: what is typed, answered and returned stands there, the prose around it in `manuals/pages/`.

mod command_page;
mod completions;
mod config_page;
mod helper_page;
mod module_page;
mod own_completions;
mod page;
mod roff;
mod shipped_config;
#[cfg(test)]
mod tests;

/// What root may type.
#[allow(dead_code, unused_imports, reason = "the command reads what is typed; here it is only described")]
#[path = "../../admin_cli/src/arguments/mod.rs"]
mod arguments;
/// What the helper returns, and its limits.
#[allow(dead_code, reason = "as above")]
#[path = "../../helper/src/manual.rs"]
mod helper_manual;
/// What the command answers.
#[allow(dead_code, reason = "as above")]
#[path = "../../admin_cli/src/manual.rs"]
mod manual;
/// What the module takes and returns.
#[allow(dead_code, reason = "as above")]
#[path = "../../pam_module/src/manual.rs"]
mod module_manual;
/// What everybody else may type.
#[allow(dead_code, reason = "as above")]
#[path = "../../admin_cli/src/self_service/arguments.rs"]
mod self_service;

use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

fn main() -> ExitCode {
    let written = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [option, file] if option == "--config" => fs::write(file, shipped_config::text()),
        [directory] if !directory.starts_with('-') => write_all(Path::new(directory)),
        _ => {
            eprintln!("usage: countersign_manuals DIRECTORY | --config FILE");
            return ExitCode::from(2);
        }
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Man pages and completions, each at its place below `/usr/share`.
fn write_all(directory: &Path) -> io::Result<()> {
    for (name, text) in files() {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap_or(directory))?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// Every file that is written, by its name below `/usr/share`.
fn files() -> Vec<(&'static str, String)> {
    vec![
        ("man/man8/countersign.8", command_page::text()),
        ("man/man8/countersign-helper.8", helper_page::text()),
        ("man/man8/pam_countersign.8", module_page::text()),
        ("man/man5/countersign.toml.5", config_page::text()),
        ("bash-completion/completions/countersign", own_completions::bash()),
        ("zsh/vendor-completions/_countersign", completions::zsh()),
        ("fish/vendor_completions.d/countersign.fish", completions::fish()),
    ]
}
