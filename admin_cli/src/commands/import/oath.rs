//! Whose lines stand in a users file of `pam_oath`, and what they say.

use countersign_common::import::{ForeignToken, OathLine, read_oath};
use countersign_common::record::MAX_TOKENS;

use super::google::{Refusal, read_as_root};
use super::{Found, Row, known};
use crate::absolute::absolute;
use crate::arguments::FromOath;
use crate::desk::Desk;
use crate::failure::Failure;

/// The largest users file: a hundred thousand lines and more.
const LARGEST: usize = 32 * 1024 * 1024;

/// What was found, a row for each user, in the order of the file; then those who were asked for and are not there.
pub(super) fn rows(desk: &Desk, arguments: &FromOath) -> Result<Vec<Row>, Failure> {
    let path = absolute(&arguments.file);
    let content = read_as_root(&path, LARGEST).map_err(|refusal| match refusal {
        Refusal::Unread(unread) => Failure::new(format!("{path}: {unread}")),
        Refusal::Place(problem) => {
            Failure::new(problem).hint("copy the file to a directory that only root can change, as /root")
        }
    })?;
    if content.owner != 0 || content.mode & 0o022 != 0 {
        return Err(Failure::new(format!("{path}: others than root could have written it"))
            .hint("look at it, then make it root's: chown root FILE; chmod 600 FILE"));
    }
    let lines = read_oath(&content.bytes);
    let is_wanted = |name: &str| arguments.users.is_empty() || arguments.users.iter().any(|user| user == name);
    let mut rows: Vec<Row> = Vec::new();
    for line in lines.iter().filter(|line| line.user.is_none() && arguments.users.is_empty()) {
        rows.push(Row::Left(format!("line {}", line.number), problem(line)));
    }
    let mut names: Vec<&str> = Vec::new();
    let mut by_name: std::collections::HashMap<&str, Vec<&OathLine>> = std::collections::HashMap::new();
    for line in &lines {
        let Some(name) = line.user.as_deref().filter(|name| is_wanted(name)) else { continue };
        let of_user = by_name.entry(name).or_default();
        if of_user.is_empty() {
            names.push(name);
        }
        of_user.push(line);
    }
    rows.extend(names.iter().map(|name| row(desk, name, by_name.get(name).map(Vec::as_slice).unwrap_or_default())));
    let missing = arguments.users.iter().filter(|name| !names.contains(&name.as_str()));
    rows.extend(missing.map(|name| Row::Left(name.clone(), format!("has no line in {path}"))));
    Ok(rows)
}

fn row(desk: &Desk, name: &str, lines: &[&OathLine]) -> Row {
    let person = match known(desk, name) {
        Ok(person) => person,
        Err(failure) => return Row::Failed(name.to_owned(), failure),
    };
    let (mut tokens, mut left, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    // The line of each token that is taken, for what later lines have in common with it.
    let mut taken: Vec<(usize, &ForeignToken)> = Vec::new();
    for line in lines {
        let coming = match &line.token {
            Ok(coming) => coming,
            Err(problem) => {
                left.push(format!("line {}: {problem}", line.number));
                continue;
            }
        };
        match taken.iter().find(|(_, other)| other.secret == coming.secret) {
            Some((number, other)) if other.parameters == coming.parameters => {
                warnings.push(format!("lines {number} and {} hold one key, which is one token", line.number));
            }
            Some((number, _)) => {
                let why = format!(
                    "lines {number} and {} hold one key with different digits or seconds: take out the one that is \
                     not used",
                    line.number
                );
                return Row::Left(person.as_str().to_owned(), why);
            }
            None => taken.push((line.number, coming)),
        }
        tokens.push(coming.clone());
    }
    if taken.len() > MAX_TOKENS {
        let numbers: Vec<_> = taken.iter().map(|(number, _)| number.to_string()).collect();
        let why = format!(
            "{} tokens (lines {}), of which a user may have {MAX_TOKENS}: take those lines out that are not used any more",
            taken.len(),
            numbers.join(", ")
        );
        return Row::Left(person.as_str().to_owned(), why);
    }
    if tokens.is_empty() {
        return Row::Left(person.as_str().to_owned(), left.join(", "));
    }
    Row::Found(Found { person, tokens, left, warnings, emergency_codes: 0 })
}

fn problem(line: &OathLine) -> String {
    line.token.as_ref().err().map(ToString::to_string).unwrap_or_default()
}
