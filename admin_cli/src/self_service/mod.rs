//! The command as an ordinary user runs it: about oneself, and about those one may help, through the helper.
//!
//! Invariants: nothing is decided here, the helper decides; this side reads no state and no secret but the one that the
//! helper hands out to be shown; what is typed goes to the helper alone.

mod arguments;
mod helper;
mod telling;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, Parser};
use countersign_common::config::{Config, DEFAULT_PATH, Qr};
use countersign_common::dialogue::{Asked, Key, Question, Reply, Request, View};
use countersign_common::files::{FileError, FileProblem};
use countersign_common::screen::{Enrollment, Polarity, Word};
use countersign_common::system::{ConfigFileError, load_config};
use countersign_common::token::{RecoveryCode, otpauth_uri};
use nix::errno::Errno;
use nix::unistd::geteuid;
use zeroize::Zeroizing;

use crate::answer::ask;
use crate::commands::recovery_codes;
use crate::failure::Failure;
use crate::output::{Output, Stream, Verdict};
use arguments::{Arguments, Form};
use helper::Helper;

/// The longest name that goes to the helper: two of them fit into a line, however they are written there.
const LONGEST_NAME: usize = 255;

/// Runs the command if an ordinary user typed something that is theirs; `None` if it is root's business.
pub(crate) fn run() -> Option<ExitCode> {
    if geteuid().is_root() {
        return None;
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // What only root has is refused where root's commands are.
        Err(error) if error.kind() == ErrorKind::InvalidSubcommand => return None,
        Err(error) => return Some(not_understood(&error)),
    };
    let mut output = Output::new();
    let ended = serve(&arguments, &mut output).unwrap_or_else(|failure| {
        output.failure(&failure);
        Verdict::Failed
    });
    Some(output.finish(ended))
}

/// Help, version, a usage error, or an option that ordinary users do not have.
fn not_understood(answer: &clap::Error) -> ExitCode {
    if let Some(option) = option_of_root(answer) {
        let mut output = Output::new();
        output.failure(&only_for_root(&option));
        return output.finish(Verdict::Failed);
    }
    let _ = answer.print();
    u8::try_from(answer.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The option that is not ours but root's, if that is what is wrong.
fn option_of_root(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else { return None };
    let option = given.split('=').next().unwrap_or_default();
    let root = crate::arguments::Arguments::command();
    let typed = std::env::args_os().find_map(|word| root.find_subcommand(word));
    let has = |command: &Command| command.get_arguments().any(|known| known.get_long() == option.strip_prefix("--"));
    let is_root = error.kind() == ErrorKind::UnknownArgument && (has(&root) || typed.is_some_and(has));
    is_root.then(|| option.to_owned())
}

fn only_for_root(option: &str) -> Failure {
    if option == "--config" {
        return Failure::new(format!("--config is for root: everyone else's command goes by {DEFAULT_PATH}"))
            .hint("leave it out");
    }
    Failure::new(format!("{option} is for root")).hint("run it by sudo, ask an administrator, or leave it out")
}

/// A configuration that cannot be read, or makes no sense: what mends it is not theirs to type.
fn unusable(error: &ConfigFileError) -> Failure {
    let failure = Failure::new(error.to_string());
    match error {
        ConfigFileError::File(FileError { path, problem: FileProblem::Error(Errno::EACCES) }) => failure
            .hint(format!("all users must be able to read it; your administrator can mend it: chmod a+rX {path}")),
        _ => failure.hint("your administrator can mend it"),
    }
}

/// What no user and no token is called is refused before the helper is asked, which takes short lines only.
fn refuse_too_long(request: &Request) -> Result<(), Failure> {
    for (what, name) in [("user", &request.user), ("token", &request.token)] {
        let length = name.as_ref().map_or(0, String::len);
        if length > LONGEST_NAME {
            let what = format!("the name of the {what} is too long: {length} bytes, where {LONGEST_NAME} are the most");
            return Err(Failure::new(what));
        }
    }
    Ok(())
}

fn serve(arguments: &Arguments, output: &mut Output) -> Result<Verdict, Failure> {
    let config = load_config(DEFAULT_PATH).map_err(|error| unusable(&error))?;
    let (request, form) = arguments.request();
    refuse_too_long(&request)?;
    let asking = Asking { config: &config, form };
    let (view, codes) = asking.run(&request, output)?;
    if !codes.is_empty() {
        let reader = telling::reader(&config, &view);
        recovery_codes::show(output, asking.stream(), view.user.as_str(), &codes, &reader)?;
    }
    if let Some(explained) = arguments.explained(view.user.as_str()) {
        return Ok(telling::explain(&config, &explained, &view, output));
    }
    telling::tell(&config, &request, form, &view, output);
    Ok(Verdict::Done)
}

/// One dialogue with the helper.
struct Asking<'a> {
    config: &'a Config,
    form: Form,
}

/// A token that is being shown.
struct Shown {
    key: Key,
    qr: Qr,
    polarity: Polarity,
}

impl Asking<'_> {
    fn run(&self, request: &Request, output: &mut Output) -> Result<(View, Vec<RecoveryCode>), Failure> {
        let mut helper = Helper::start(request)?;
        let mut shown = None;
        loop {
            match helper.hear()? {
                Reply::Ask(question) => {
                    let answer = self.answer(&question, shown.as_mut(), output)?;
                    helper.answer(answer);
                }
                Reply::Key(key) => {
                    let new = Shown { key, qr: self.config.prompt.qr, polarity: Polarity::DarkTerminal };
                    self.draw(&new, output)?;
                    shown = Some(new);
                }
                Reply::Done(view, codes) => return Ok((*view, codes)),
                Reply::Refused { message, hint } => {
                    let failure = Failure::new(message);
                    return Err(match hint {
                        Some(hint) => failure.hint(hint),
                        None => failure,
                    });
                }
            }
        }
    }

    /// What the person types; words that redraw the screen stay here.
    fn answer(
        &self,
        question: &Question,
        mut shown: Option<&mut Shown>,
        output: &mut Output,
    ) -> Result<Zeroizing<String>, Failure> {
        if let Some(notice) = &question.notice {
            output.remark(notice);
        }
        loop {
            let answer = ask(output, &crate::output::printable(&question.prompt), question.echo)
                .ok_or_else(|| Failure::new("no code was given; nothing is changed"))?;
            match (question.asked, Word::parse(&answer), shown.as_deref_mut()) {
                (Asked::Proof, Some(word @ (Word::Ascii | Word::Invert)), Some(shown)) => {
                    match word {
                        Word::Ascii => shown.qr = Qr::Ascii,
                        _ => shown.polarity = shown.polarity.inverted(),
                    }
                    self.draw(shown, output)?;
                }
                _ => return Ok(answer),
            }
        }
    }

    fn draw(&self, shown: &Shown, output: &mut Output) -> Result<(), Failure> {
        let Key { user, issuer, secret, parameters } = &shown.key;
        let uri = otpauth_uri(issuer, user, secret, *parameters);
        let screen = Enrollment {
            user: &crate::output::printable(user),
            issuer: &crate::output::printable(issuer),
            secret,
            parameters: *parameters,
            uri: &uri,
            qr: shown.qr,
            polarity: shown.polarity,
            columns: Output::columns(self.stream()),
            words: &[Word::Ascii, Word::Invert],
            time_left: None,
        };
        output.secret(self.stream(), &screen.render())
    }

    /// Where secrets are shown: beside what a program reads, not in it.
    const fn stream(&self) -> Stream {
        match self.form {
            Form::Json => Stream::Err,
            Form::Words => Stream::Out,
        }
    }
}
