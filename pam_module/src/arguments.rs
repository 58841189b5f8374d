//! The module's arguments: `config=PATH`, `debug`. Anything else is refused.

use countersign_common::config::{DEFAULT_PATH, ModuleArgument, ModuleArgumentError};

use crate::manual::ARGUMENTS;

/// What stands after the module's name in the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The configuration to read.
    pub(crate) config: String,
    /// Whether to log more.
    pub(crate) debug: Debug,
    /// The argument that is not understood, if any.
    pub(crate) problem: Option<String>,
}

/// Whether to log more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Debug {
    On,
    Off,
}

impl Arguments {
    pub(crate) fn parse(arguments: &[String]) -> Self {
        let mut parsed = Self { config: DEFAULT_PATH.to_owned(), debug: Debug::Off, problem: None };
        for argument in arguments {
            match ModuleArgument::parse(argument) {
                Ok(ModuleArgument::Config(path)) => path.clone_into(&mut parsed.config),
                Ok(ModuleArgument::Debug) => parsed.debug = Debug::On,
                Err(ModuleArgumentError::RelativePath) => {
                    parsed.problem = Some(format!("{argument}: the path of the configuration must be absolute"));
                }
                Err(ModuleArgumentError::Unknown) => {
                    let known = ARGUMENTS.map(|argument| argument.form).join(" and ");
                    parsed.problem = Some(format!("{argument}: unknown module argument; there are {known}"));
                }
            }
        }
        parsed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Arguments {
        Arguments::parse(&arguments.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn the_two_arguments_are_understood() {
        assert_eq!(parse(&[]).config, DEFAULT_PATH);
        let both = parse(&["debug", "config=/etc/other.toml"]);
        assert_eq!((both.config.as_str(), both.debug, both.problem), ("/etc/other.toml", Debug::On, None));
    }

    #[test]
    fn the_manual_has_every_argument() {
        for known in ARGUMENTS {
            let argument = known.form.replace("PATH", DEFAULT_PATH);
            assert_eq!(parse(&[&argument]).problem, None, "{}", known.form);
            assert!(!known.form.contains("PATH") || known.meaning.contains(DEFAULT_PATH));
        }
        let problem = parse(&["nullok"]).problem.unwrap();
        assert_eq!(problem, "nullok: unknown module argument; there are config=PATH and debug");
    }

    #[test]
    fn anything_else_is_refused() {
        for argument in ["", "nullok", "debug=1", "config", "config=", "config=etc/x", "Config=/x", "debug,config=/x"] {
            assert!(parse(&[argument]).problem.is_some(), "{argument}");
        }
    }
}
