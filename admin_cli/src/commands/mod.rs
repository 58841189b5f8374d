//! The commands, a file per group, and what they share: several users at once, a line or an object each.

mod access;
mod crowd;
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
mod progress;
pub(crate) mod recovery_codes;
mod rehearsal;
mod restored;
mod setting;
mod setup;
mod tokens;
mod warnings;

use nix::unistd::geteuid;

use countersign_common::store::State;

use crate::absolute::absolute;
use crate::arguments::{Arguments, Command, Crowd, NoAccount, Users};
use crate::desk::{Desk, Person, Unknown};
use crate::failure::Failure;
use crate::json;
use crate::output::{Output, Verdict};
use crate::report::{Facts, Report};
use crate::sentences::{Change, Reader, Sentence, Told};
use crate::stop::Stop;
use crate::transaction::Outcome;
use crate::turns::in_turns;

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
        Command::Enable(enable) if enable.lock => {
            many(&desk()?, &enable.users, "turn 2FA on and lock it for", output, setting::enable_and_lock)?
        }
        Command::Enable(enable) => many(&desk()?, &enable.users, "turn 2FA on for", output, setting::enable)?,
        Command::Disable(crowd) => many(&desk()?, crowd, "turn 2FA off for", output, setting::disable)?,
        Command::Lock(crowd) => many(&desk()?, crowd, "lock 2FA for", output, setting::lock)?,
        Command::Unlock(crowd) => many(&desk()?, crowd, "unlock 2FA for", output, setting::unlock)?,
        Command::Reset(crowd) => many(&desk()?, crowd, "forget the tokens of", output, access::reset)?,
        Command::Unblock(users) => access::unblock(&desk()?, users, output),
        Command::Forget(users) => access::forget(&desk()?, users, output),
        Command::Status(status) => look::status(&desk()?, config, status, output)?,
        Command::List(list) if list.not_enrolled => not_enrolled::list(&desk()?, list, output)?,
        Command::Report(report) if report.rehearsal => rehearsal::report(report, output)?,
        Command::Report(report) => progress::report(&desk()?, report, output)?,
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

/// Finds out whom it is about, and does it to them.
fn many(
    desk: &Desk,
    crowd: &Crowd,
    what: &str,
    output: &mut Output,
    change: impl FnOnce(&Desk, &Users, &mut Output) -> Verdict,
) -> Result<Verdict, Failure> {
    let users = crowd::users(desk, crowd, what, output)?;
    Ok(change(desk, &users, output))
}

/// What a command did to one user.
struct Done {
    report: Report,
    sentence: String,
    change: Change,
}

/// So many users are changed at once: a change waits for the disk most of the time, and what waits together is made
/// durable together.
const AT_ONCE: usize = 32;

/// Does one thing to each user: a line each, or JSON for all; one that fails does not stop the others.
fn for_each(
    desk: &Desk,
    users: &Users,
    output: &mut Output,
    one: &(dyn Fn(&Desk, &Person) -> Result<Done, Failure> + Sync),
) -> Verdict {
    let all = users.names.len();
    let (stop, threads) = if all > 1 { (Stop::watch(), AT_ONCE.min(all)) } else { (Stop::default(), 1) };
    let make = |name: &String| {
        let wanted = !stop.is_asked();
        wanted.then(|| person(desk, users, name).and_then(|person| one(desk, &person)))
    };
    let (mut objects, mut summary) = (Vec::new(), Summary::default());
    in_turns(threads, &users.names, &make, &mut |done| {
        let Some(done) = done else { return };
        summary.count(&done);
        match done {
            Ok(done) if users.json => objects.push(json::item(&json::User::changed(&done.report, done.change))),
            Ok(done) => output.line(&done.sentence),
            Err(failure) => output.failure(&failure),
        }
        output.progress(summary.all(), all);
    });
    if users.known.is_some() && !users.json {
        output.line(summary.sentence());
    }
    match (objects.as_slice(), all) {
        ([], 1) => {}
        ([object], 1) => [object.as_slice(), b"\n"].iter().for_each(|part| output.bytes(part)),
        (objects, _) if users.json => json::array(objects).for_each(|part| output.bytes(part)),
        _ => {}
    }
    if summary.all() < all {
        let stopped = Failure::new(format!("stopped after {} of {all} users", summary.all()));
        output.failure(&stopped.hint("to go on, run the same command again"));
    }
    if summary.failed == 0 && summary.all() == all { Verdict::Done } else { Verdict::Failed }
}

/// The person of a name; of many, all were looked up at once.
fn person(desk: &Desk, users: &Users, name: &str) -> Result<Person, Failure> {
    match users.known.as_ref().and_then(|known| known.get(name)) {
        Some(account) => Ok(Person { name: account.name.clone(), account: Some(account.clone()) }),
        None => desk.person(name, users.account.unknown()),
    }
}

/// What became of many.
#[derive(Debug, Default)]
struct Summary {
    changed: usize,
    already: usize,
    failed: usize,
}

impl Summary {
    fn count(&mut self, done: &Result<Done, Failure>) {
        let which = match done {
            Ok(Done { change: Change::Made, .. }) => &mut self.changed,
            Ok(_) => &mut self.already,
            Err(_) => &mut self.failed,
        };
        *which = which.saturating_add(1);
    }

    fn all(&self) -> usize {
        self.changed.saturating_add(self.already).saturating_add(self.failed)
    }

    fn sentence(&self) -> String {
        let Self { changed, already, failed } = self;
        let all = self.all();
        let users = if all == 1 { "user" } else { "users" };
        format!("{all} {users}: {changed} changed, {already} as wanted already, {failed} failed")
    }
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
