//! The table of commands for an ordinary user: what may be typed, and what `--help` says of it.

use clap::{Args, Parser, Subcommand};
use countersign_common::decision::{Action, Adding};
use countersign_common::dialogue::Request;

use crate::arguments::{Explain, Label, NoAccount};
use crate::manual;

const EXAMPLES: &str = "\
Examples:
  countersign status                    is a code asked of me, and what is enrolled?
  countersign enable                    ask me for a code from the next login on
  countersign enroll --label tablet     one more device
  countersign enroll --replace          a new phone takes the place of the old one
  countersign reset                     the next login shows a new QR code
  countersign new-recovery-codes        the old ones are void
  countersign reset alice               help alice, if you may

What weakens or changes a second factor first asks for a current code of yours, or a recovery code,
unless the configuration spares you that; what you do for someone else always does. Without a token
you can only turn 2FA on here; the next login then shows a QR code.
Root has more commands: init, list, grace, forget, doctor and others.";

fn after_help() -> String {
    format!("{EXAMPLES}\n\n{}", manual::statuses())
}

/// Your second factor at logins on this host, and that of people you may help.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, after_help = after_help(), arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// How the answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Words,
    /// For programs.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show whether a code is asked of you, what is enrolled, and what logins left behind.
    Status(Who),
    /// Say which rule decides about a login of yours, what happens there, and who may do what to you.
    Explain(Explaining),
    /// Show your tokens: the phone, the tablet.
    Tokens(Who),
    /// Ask you for a code at login, if you can toggle that.
    ///
    /// If you have no token yet, the next login shows a QR code.
    Enable(Who),
    /// Do not ask you for a code, if you can toggle that and no rule requires one. Your tokens are kept.
    ///
    /// Asks for a current code, or a recovery code, a last time.
    Disable(Who),
    /// Forget your tokens and recovery codes: a new phone. This does not turn 2FA off.
    ///
    /// Asks for a current code, or a recovery code, first. If 2FA is on, the next login shows a new QR code.
    Reset(Who),
    /// Add a token: a second device, or with --replace a new phone.
    ///
    /// Asks for a current code, or a recovery code, first; then shows a QR code, and asks for one code of it as a proof.
    #[command(after_help = "Examples:\n  countersign enroll --label tablet\n  countersign enroll --replace")]
    Enroll(Enroll),
    /// Take one token away. The last one goes only by `reset`.
    ///
    /// Asks for a current code, or a recovery code, first.
    #[command(
        allow_missing_positional = true,
        after_help = "Examples:\n  countersign remove-token tablet\n  countersign remove-token 3f9c"
    )]
    RemoveToken(RemoveToken),
    /// Make new recovery codes and show them once. The old ones are void.
    ///
    /// Asks for a current code, or a recovery code, first. With --json the codes go to standard error.
    NewRecoveryCodes(Who),
    /// Lift someone's block after too many wrong codes, if you may.
    Unblock(Whom),
    /// Take someone's right to turn 2FA on or off, if you may.
    Lock(Whom),
    /// Give someone the right to turn 2FA on or off, if you may.
    Unlock(Whom),
}

#[derive(Debug, Args)]
struct Who {
    /// Someone you may help; without it, yourself.
    #[arg(value_name = "USER")]
    user: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Whom {
    /// Someone you may help.
    #[arg(value_name = "USER")]
    user: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Explaining {
    #[command(flatten)]
    who: Who,
    /// The PAM service of the login.
    #[arg(long, value_name = "SERVICE", default_value = "sshd")]
    service: String,
    /// The address it comes from; without it, a login at this host.
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
}

#[derive(Debug, Args)]
struct Enroll {
    #[command(flatten)]
    who: Who,
    /// What to call the new token, as in `tablet`: at most 32 printable characters.
    #[arg(long, value_name = "TEXT")]
    label: Option<Label>,
    /// Put the new token in place of all others.
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Args)]
struct RemoveToken {
    /// Someone you may help; without it, yourself.
    #[arg(value_name = "USER")]
    user: Option<String>,
    /// The token: its label, its id, or how its id begins.
    #[arg(value_name = "TOKEN")]
    token: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// What the helper is asked, and how its answer is printed.
    pub(super) fn request(&self) -> (Request, Form) {
        match &self.command {
            Command::Status(who) => who.request(Action::Status),
            Command::Explain(explaining) => explaining.who.request(Action::Explain),
            Command::Tokens(who) => who.request(Action::Tokens),
            Command::Enable(who) => who.request(Action::Enable),
            Command::Disable(who) => who.request(Action::Disable),
            Command::Reset(who) => who.request(Action::Reset),
            Command::NewRecoveryCodes(who) => who.request(Action::NewRecoveryCodes),
            Command::Enroll(enroll) => {
                let (request, form) = enroll.who.request(Action::Enroll);
                let adding = if enroll.replace { Adding::Instead } else { Adding::Beside };
                (Request { label: enroll.label.as_ref().map(|label| label.0.clone()), adding, ..request }, form)
            }
            Command::RemoveToken(RemoveToken { user, token, json }) => {
                let request = Request::new(Action::RemoveToken, user.clone());
                (Request { token: Some(token.clone()), ..request }, Form::of(*json))
            }
            Command::Unblock(whom) => whom.request(Action::Unblock),
            Command::Lock(whom) => whom.request(Action::Lock),
            Command::Unlock(whom) => whom.request(Action::Unlock),
        }
    }
}

impl Arguments {
    /// What is to be explained, about this user; `None` if nothing is.
    pub(super) fn explained(&self, user: &str) -> Option<Explain> {
        let Command::Explain(Explaining { who, service, from }) = &self.command else { return None };
        let (user, service, from, json) = (user.to_owned(), service.clone(), from.clone(), who.json);
        Some(Explain { user, service, from, json, account: NoAccount { no_account: false } })
    }
}

impl Who {
    fn request(&self, action: Action) -> (Request, Form) {
        (Request::new(action, self.user.clone()), Form::of(self.json))
    }
}

impl Whom {
    fn request(&self, action: Action) -> (Request, Form) {
        (Request::new(action, Some(self.user.clone())), Form::of(self.json))
    }
}

impl Form {
    const fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn request(line: &str) -> Request {
        Arguments::try_parse_from(line.split(' ')).unwrap().request().0
    }

    #[test]
    fn the_table_of_commands_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_token_is_named_alone_or_after_its_owner() {
        let one = request("countersign remove-token 1234abcd");
        assert_eq!((one.user, one.token.as_deref()), (None, Some("1234abcd")));
        let other = request("countersign remove-token bob tablet");
        assert_eq!((other.user.as_deref(), other.token.as_deref()), (Some("bob"), Some("tablet")));
    }
}
