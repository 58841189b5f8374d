//! `import`: the secrets of another program become tokens here, with what was used there still used.
//!
//! Invariants: nothing is written without `--write`, and nothing overwritten without `--replace`; steps that were used
//! are accepted for good before the token stands (I1); a key that was thrown away here comes back only if that is said; a line for each user, whatever became of it; no secret in any.

mod entry;
mod google;
mod oath;
mod plan;
mod telling;
mod unasked;
mod whom;
mod writing;

use countersign_common::import::ForeignToken;
use countersign_common::record::Token;
use countersign_common::store::Store;
use countersign_common::system::new_id;
use countersign_common::token::{Step, UnixTime};

use crate::arguments::{Import, ImportFrom};
use crate::desk::{Desk, Person, Unknown, log_untrusted};
use crate::failure::Failure;
use crate::json;
use crate::output::{Output, Verdict};
use entry::{Entry, Outcome, Tense};
use plan::{Mode, Refused, ThrownAway};
use unasked::Asked;

/// What another program keeps of one user.
struct Found {
    person: Person,
    tokens: Vec<ForeignToken>,
    /// What has no place here, besides what is said of each token.
    left: Vec<String>,
    /// What an administrator should know.
    warnings: Vec<String>,
    /// How many codes for an emergency are left behind.
    emergency_codes: usize,
}

/// What was found about a user, or why nothing is taken.
enum Row {
    Found(Found),
    /// A sentence about a user by that name.
    Left(String, String),
    /// An error about a user by that name that has nothing to do with the other program.
    Failed(String, Failure),
}

/// A token on its way, with the last step that counts as accepted.
struct Arriving {
    token: Token,
    last_step: Option<Step>,
    /// The latest step whose code is accepted now.
    whole_window: Step,
}

/// `import`
pub(super) fn import(desk: &Desk, arguments: &Import, output: &mut Output) -> Result<Verdict, Failure> {
    let (rows, how, again) = match &arguments.from {
        ImportFrom::GoogleAuthenticator(from) => (google::rows(desk, from, output)?, &from.how, from.again),
        ImportFrom::Oath(from) => (oath::rows(desk, from)?, &from.how, from.again),
    };
    let mode = Mode::of(how, if again { ThrownAway::ComesBack } else { ThrownAway::StaysAway });
    if rows.is_empty() {
        output.remark("there is nobody to take over");
    }
    let tense = if how.write { Tense::Done } else { Tense::Would };
    let mut verdict = Verdict::Done;
    let mut objects = Vec::new();
    let (mut unasked, mut without_codes) = (Vec::new(), Vec::new());
    let all = rows.len();
    for (done, row) in rows.into_iter().enumerate() {
        let entry = entry(desk, row, (mode, tense), &mut unasked, output);
        if !entry.is_done() {
            verdict = Verdict::Failed;
        }
        if entry.outcome == Outcome::Taken && entry.emergency_codes > 0 {
            without_codes.push(entry.user.clone());
        }
        if how.json {
            objects.push(json::item(&entry));
        } else if entry.outcome != Outcome::Failed {
            output.line(entry.line());
        }
        output.progress(done, all);
    }
    if how.json {
        json::array(&objects).for_each(|part| output.bytes(part));
    }
    if let Some(line) = unasked::line(&unasked, &unasked::this_command(), tense) {
        output.remark(&line);
    }
    if let Some(line) = unasked::recovery_line(&without_codes) {
        output.remark(&line);
    }
    if !how.write && all > 0 {
        output.remark("nothing was written; to do it, add --write");
    }
    Ok(verdict)
}

/// What becomes of one row; `unasked` gathers whom nothing asks since 2FA is off.
fn entry(desk: &Desk, row: Row, how: (Mode, Tense), unasked: &mut Vec<String>, output: &mut Output) -> Entry {
    let (user, failure) = match row {
        Row::Left(user, why) => return Entry::left(&user, why),
        Row::Failed(user, failure) => (user, failure),
        Row::Found(found) => match one(desk, &found, how, unasked) {
            Ok(entry) => return entry,
            Err(failure) => (found.person.as_str().to_owned(), failure),
        },
    };
    output.failure(&failure);
    Entry::failed(&user, &failure)
}

/// Takes one user over, or says what would be.
fn one(desk: &Desk, found: &Found, (mode, tense): (Mode, Tense), unasked: &mut Vec<String>) -> Result<Entry, Failure> {
    let user = found.person.as_str();
    let now = desk.now()?;
    let left = |refused: Refused| Ok(Entry::left(user, refused.in_words(user)));
    let arriving = match arriving(desk, found, now)? {
        Ok(arriving) => arriving,
        Err(refused) => return left(refused),
    };
    let view = desk.store.view(&found.person.name).map_err(|error| {
        log_untrusted(&found.person.name, &error);
        Failure::of_user(user, &error)
    })?;
    // A refusal leaves no trace: asked before anything is opened for writing.
    let planned = match plan::plan(&view, &writing::imported(desk, &found.person)?, &arriving, mode) {
        Ok(planned) => planned,
        Err(refused) => return left(refused),
    };
    let (planned, before) = match tense {
        Tense::Would => (planned, view),
        Tense::Done => match writing::write(desk, &found.person, &arriving, mode)? {
            Ok(done) => done,
            Err(refused) => return left(refused),
        },
    };
    let mut entry = telling::entry(found, &arriving, &planned, &before, tense, now);
    match unasked::asked(desk, &found.person, &planned, &before, now)? {
        Asked::Somewhere => entry.asked = Some(true),
        Asked::Off => {
            entry.asked = Some(false);
            unasked.push(entry.user.clone());
        }
        Asked::Ruled(rule) => {
            entry.asked = Some(false);
            entry.notes.push(format!("rule {rule} asks for no code, whatever the setting"));
        }
    }
    Ok(entry)
}

/// The person of a name, which the system must know: a token for nobody would be somebody's later.
fn known(desk: &Desk, name: &str) -> Result<Person, Failure> {
    desk.person(name, Unknown::Refused).map_err(|failure| Failure { hints: Vec::new(), ..failure })
}

/// The tokens as they would stand here.
fn arriving(desk: &Desk, found: &Found, now: UnixTime) -> Result<Result<Vec<Arriving>, Refused>, Failure> {
    let window = u32::from(desk.config.totp.window);
    let mut arriving = Vec::with_capacity(found.tokens.len());
    for foreign in &found.tokens {
        let Ok(last_step) = foreign.last_step(window, now) else { return Ok(Err(Refused::UsedAhead)) };
        let (secret, parameters) = (foreign.secret.clone(), foreign.parameters);
        let token = Token { id: new_id()?, label: String::new(), secret, parameters, enrolled_at: now };
        let whole_window = parameters.period.step_at(now).offset_by(i64::from(window));
        arriving.push(Arriving { token, last_step, whole_window });
    }
    Ok(Ok(arriving))
}
