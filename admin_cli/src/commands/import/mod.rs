//! `import`: the secrets of another program become tokens here, with what was used there still used.
//!
//! Invariants: nothing is written without `--write`, and nothing overwritten without `--replace`; steps that were used
//! are accepted for good before the token stands (I1); a line for each user, whatever became of it; no secret in any.

mod google;
mod oath;
mod plan;
mod telling;
mod writing;

use countersign_common::import::ForeignToken;
use countersign_common::record::Token;
use countersign_common::store::Store;
use countersign_common::system::new_id;
use countersign_common::token::{Step, UnixTime};

use crate::arguments::{How, Import, ImportFrom};
use crate::desk::{Desk, Person, Unknown, log_untrusted};
use crate::failure::Failure;
use crate::output::{Output, Verdict};
use plan::{Mode, Refused};
use telling::{Tense, line, nothing_taken};

/// What another program keeps of one user.
struct Found {
    person: Person,
    tokens: Vec<ForeignToken>,
    /// What has no place here, besides what is said of each token.
    left: Vec<String>,
    /// What an administrator should know.
    warnings: Vec<String>,
}

/// What was found about a user, or why nothing is taken.
enum Row {
    Found(Found),
    /// A sentence about a user by that name.
    Left(String, String),
    /// An error that has nothing to do with the other program.
    Failed(Failure),
}

/// A token on its way, with the last step that counts as accepted.
struct Arriving {
    token: Token,
    last_step: Option<Step>,
}

/// `import`
pub(super) fn import(desk: &Desk, arguments: &Import, output: &mut Output) -> Result<Verdict, Failure> {
    let (rows, how) = match &arguments.from {
        ImportFrom::GoogleAuthenticator(from) => (google::rows(desk, from)?, &from.how),
        ImportFrom::Oath(from) => (oath::rows(desk, from)?, &from.how),
    };
    if rows.is_empty() {
        output.remark("there is nobody to take over");
        return Ok(Verdict::Done);
    }
    let mut verdict = Verdict::Done;
    for row in rows {
        let told = match row {
            Row::Found(found) => one(desk, &found, how),
            Row::Left(user, why) => Ok(Err(nothing_taken(&user, &why))),
            Row::Failed(failure) => Err(failure),
        };
        match told {
            Ok(Ok(done)) => output.line(done),
            Ok(Err(left)) => {
                output.line(left);
                verdict = Verdict::Failed;
            }
            Err(failure) => {
                output.failure(&failure);
                verdict = Verdict::Failed;
            }
        }
    }
    if !how.write {
        output.remark("nothing was written; to do it, add --write");
    }
    Ok(verdict)
}

/// Takes one user over, or says what would be: the line of a success, or of a refusal.
fn one(desk: &Desk, found: &Found, how: &How) -> Result<Result<String, String>, Failure> {
    let user = found.person.as_str();
    let now = desk.now()?;
    let Ok(arriving) = arriving(desk, found, now)? else {
        return Ok(Err(nothing_taken(user, &Refused::UsedAhead.in_words(user))));
    };
    let mode = Mode::of(how);
    let view = desk.store.view(&found.person.name).map_err(|error| {
        log_untrusted(&found.person.name, &error);
        Failure::of_user(user, &error)
    })?;
    // A refusal leaves no trace: asked before anything is opened for writing.
    let planned = match plan::plan(view.record.as_ref(), &arriving, mode) {
        Ok(planned) => planned,
        Err(refused) => return Ok(Err(nothing_taken(user, &refused.in_words(user)))),
    };
    if !how.write {
        return Ok(Ok(line(found, &planned, view.record.as_ref(), Tense::Would, now)));
    }
    match writing::write(desk, &found.person, &arriving, mode)? {
        Ok((written, before)) => Ok(Ok(line(found, &written, before.as_ref(), Tense::Done, now))),
        Err(refused) => Ok(Err(nothing_taken(user, &refused.in_words(user)))),
    }
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
        arriving.push(Arriving { token, last_step });
    }
    Ok(Ok(arriving))
}
