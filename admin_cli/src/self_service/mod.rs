//! The command as an ordinary user runs it: about oneself, and about those one may help, through the helper.
//!
//! Invariants: nothing is decided here, the helper decides; this side reads no state and no secret but the one that the
//! helper hands out to be shown; what is typed goes to the helper alone.

mod arguments;
mod helper;
mod person;
mod telling;

use std::io::{IsTerminal, stdin};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use countersign_common::config::{Config, DEFAULT_PATH, Qr};
use countersign_common::dialogue::{Asked, Key, Question, Reply, Request, View};
use countersign_common::screen::{Enrollment, Polarity, Word, recovery_sheet};
use countersign_common::system::load_config;
use countersign_common::token::{RecoveryCode, otpauth_uri};
use nix::unistd::geteuid;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::output::{Output, Stream, Verdict};
use arguments::{Arguments, Form};
use helper::Helper;
use person::read_answer;

/// Runs the command if an ordinary user typed something that is theirs; `None` if it is root's business.
pub(crate) fn run() -> Option<ExitCode> {
    if geteuid().is_root() {
        return None;
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // What only root has is refused where root's commands are.
        Err(error) if error.kind() == ErrorKind::InvalidSubcommand => return None,
        Err(answer) => {
            let _ = answer.print();
            return Some(u8::try_from(answer.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from));
        }
    };
    let mut output = Output::new();
    let ended = serve(&arguments, &mut output).unwrap_or_else(|failure| {
        output.failure(&failure);
        Verdict::Failed
    });
    Some(output.finish(ended))
}

fn serve(arguments: &Arguments, output: &mut Output) -> Result<Verdict, Failure> {
    // What mends it is root's to type.
    let config = load_config(DEFAULT_PATH)
        .map_err(|error| Failure::new(error.to_string()).hint("your administrator can mend it"))?;
    let (request, form) = arguments.request();
    let asking = Asking { config: &config, form };
    let (view, codes) = asking.run(&request, output)?;
    if !codes.is_empty() {
        output.secret(asking.stream(), &recovery_sheet(&codes))?;
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
            output.prompt(&crate::output::printable(&question.prompt));
            let answer = read_answer(question.echo);
            // Nobody pressed Enter on the terminal that shows the prompt.
            if answer.is_none() || !stdin().is_terminal() {
                output.remark("");
            }
            let answer = answer.ok_or_else(|| Failure::new("no code was given; nothing is changed"))?;
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
