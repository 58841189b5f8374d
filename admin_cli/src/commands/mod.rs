//! The commands, a file per group, and what they share: several users at once, a line or an object each.

mod access;
mod doctor;
mod enroll;
mod enroll_screen;
mod everyone;
pub(crate) mod explain;
mod grace;
mod import;
mod look;
mod new_file;
mod not_enrolled;
mod pam;
pub(crate) mod recovery_codes;
mod restored;
mod setting;
mod setup;
mod tokens;
mod warnings;

use nix::unistd::geteuid;

use countersign_common::store::State;

use crate::absolute::absolute;
use crate::arguments::{Arguments, Command, NoAccount, Users};
use crate::desk::{Desk, Person, Unknown};
use crate::failure::Failure;
use crate::json;
use crate::output::{Output, Verdict};
use crate::report::{Facts, Report};
use crate::sentences::{Change, Reader, Sentence, Told};
use crate::transaction::Outcome;

/// Runs the command that was typed.
pub(crate) fn run(arguments: &Arguments, output: &mut Output) -> Verdict {
    let ended = require_root().and_then(|()| dispatch(arguments, output));
    ended.unwrap_or_else(|failure| {
        output.failure(&failure);
        Verdict::Failed
    })
}

fn require_root() -> Result<(), Failure> {
    if geteuid().is_root() {
        return Ok(());
    }
    Err(Failure::new("only root can do this").hint("ask an administrator, or run it by sudo if you may"))
}

fn dispatch(arguments: &Arguments, output: &mut Output) -> Result<Verdict, Failure> {
    let config = &absolute(&arguments.config);
    let desk = || Desk::open(config);
    Ok(match &arguments.command {
        Command::Init(init) => setup::init(config, init, output)?,
        Command::CheckConfig(check) => setup::check_config(check.file.as_ref().unwrap_or(config), output)?,
        Command::Enable(enable) if enable.lock => setting::enable_and_lock(&desk()?, &enable.users, output),
        Command::Enable(enable) => setting::enable(&desk()?, &enable.users, output),
        Command::Disable(users) => setting::disable(&desk()?, users, output),
        Command::Lock(users) => setting::lock(&desk()?, users, output),
        Command::Unlock(users) => setting::unlock(&desk()?, users, output),
        Command::Reset(users) => access::reset(&desk()?, users, output),
        Command::Unblock(users) => access::unblock(&desk()?, users, output),
        Command::Forget(users) => access::forget(&desk()?, users, output),
        Command::Status(status) => look::status(&desk()?, config, status, output)?,
        Command::List(list) if list.not_enrolled => not_enrolled::list(&desk()?, list, output)?,
        Command::List(list) => look::list(&desk()?, list, output)?,
        Command::Explain(explain) => explain::explain(&desk()?, explain, output)?,
        Command::Doctor(doctor) => doctor::doctor(config, doctor, output),
        Command::Enroll(enroll) => enroll::enroll(&desk()?, enroll, output)?,
        Command::Tokens(tokens) => tokens::tokens(&desk()?, tokens, output)?,
        Command::RemoveToken(remove) => tokens::remove(&desk()?, remove, output)?,
        Command::NewRecoveryCodes(renew) => recovery_codes::renew(&desk()?, renew, output)?,
        Command::Grace(grace) => grace::grace(&desk()?, grace, output),
        Command::Import(import) => import::import(&desk()?, import, output)?,
        Command::Pam(pam) => pam::pam(config, pam, output)?,
        Command::Restored(arguments) => restored::restored(&desk()?, arguments, output)?,
    })
}

impl NoAccount {
    /// What becomes of a name unknown to the system.
    pub(crate) fn unknown(&self) -> Unknown {
        if self.no_account { Unknown::Accepted } else { Unknown::Refused }
    }
}

/// What a command did to one user.
struct Done {
    report: Report,
    sentence: String,
    change: Change,
}

/// Does one thing to each user: a line each, or JSON for all; one that fails does not stop the others.
fn for_each(
    desk: &Desk,
    users: &Users,
    output: &mut Output,
    one: &dyn Fn(&Desk, &Person) -> Result<Done, Failure>,
) -> Verdict {
    let mut verdict = Verdict::Done;
    let mut objects = Vec::new();
    for name in &users.names {
        match desk.person(name, users.account.unknown()).and_then(|person| one(desk, &person)) {
            Ok(done) if users.json => objects.push(json::item(&json::User::changed(&done.report, done.change))),
            Ok(done) => output.line(&done.sentence),
            Err(failure) => {
                output.failure(&failure);
                verdict = Verdict::Failed;
            }
        }
    }
    match (objects.as_slice(), users.names.len()) {
        ([], 1) => {}
        ([object], 1) => [object.as_slice(), b"\n"].iter().for_each(|part| output.bytes(part)),
        (objects, _) if users.json => json::array(objects).for_each(|part| output.bytes(part)),
        _ => {}
    }
    verdict
}

/// A transaction in words.
fn told(desk: &Desk, person: &Person, outcome: &Outcome, sentence: Sentence) -> Done {
    let report = |state: &State| desk.report(person, &Ok(state.clone()), outcome.now);
    let change = if outcome.changed() { Change::Made } else { Change::Already };
    tell(person, &report(&outcome.before), report(&outcome.after), change, sentence)
}

/// What became of one user, in words.
fn tell(person: &Person, before: &Report, after: Report, change: Change, sentence: Sentence) -> Done {
    let unknown = Facts::unknown();
    let told = Told {
        user: person.as_str(),
        administrator: after.administrator,
        before: before.state.as_ref().unwrap_or(&unknown),
        after: after.state.as_ref().unwrap_or(&unknown),
        changed: change,
        requiring_rule: after.state.as_ref().ok().and_then(|facts| facts.ruling.somewhere),
        reader: &Reader::Root,
    };
    let sentence = sentence(&told);
    Done { report: after, sentence, change }
}
