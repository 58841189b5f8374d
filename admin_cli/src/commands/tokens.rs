//! `tokens`, `remove-token`: the phone, the tablet.

use countersign_common::decision::{Action, Change as Changing};
use countersign_common::record::{Record, meant};
use countersign_common::store::{State, Store};
use countersign_common::token::TokenId;

use super::told;
use crate::arguments::{RemoveToken, Tokens};
use crate::desk::{Desk, Person, log_untrusted};
use crate::failure::Failure;
use crate::json;
use crate::output::{Output, Verdict};
use crate::report::TokenFacts;
use crate::sentences::{self, command};
use crate::transaction::{change_record, transact};

/// `tokens`
pub(super) fn tokens(desk: &Desk, arguments: &Tokens, output: &mut Output) -> Result<Verdict, Failure> {
    let person = desk.person(&arguments.user, arguments.account.unknown())?;
    let state = view(desk, &person)?;
    let tokens: Vec<TokenFacts> = state.record.iter().flat_map(|record| &record.tokens).map(TokenFacts::of).collect();
    if arguments.json {
        let items: Vec<Vec<u8>> = tokens.iter().map(|token| json::item(&json::Token::of(token))).collect();
        json::array(&items).for_each(|part| output.bytes(part));
        return Ok(Verdict::Done);
    }
    if tokens.is_empty() {
        output.line(format_args!("{}: no token", person.as_str()));
    }
    for token in &tokens {
        output.line(token.spelled());
    }
    Ok(Verdict::Done)
}

/// `remove-token`
pub(super) fn remove(desk: &Desk, arguments: &RemoveToken, output: &mut Output) -> Result<Verdict, Failure> {
    let person = desk.person(&arguments.user, arguments.account.unknown())?;
    // A refusal leaves no trace: asked before anything is opened for writing.
    removable(&person, &view(desk, &person)?, &arguments.token)?;
    let outcome = transact(desk, &person, Action::RemoveToken.logged(), &|session, now| {
        let id = removable(&person, session.state(), &arguments.token)?;
        change_record(desk, &person, &[Changing::RemoveToken(id)], session, now)
    })?;
    let done = told(desk, &person, &outcome, &sentences::token_removed);
    if arguments.json {
        output.bytes(&json::object(&json::User::changed(&done.report, done.change)));
    } else {
        output.line(&done.sentence);
    }
    Ok(Verdict::Done)
}

fn view(desk: &Desk, person: &Person) -> Result<State, Failure> {
    desk.store.view(&person.name).map_err(|error| {
        log_untrusted(&person.name, &error);
        Failure::of_user(person.as_str(), &error)
    })
}

/// The token that is meant, if it may go.
fn removable(person: &Person, state: &State, wanted: &str) -> Result<TokenId, Failure> {
    let user = person.as_str();
    let tokens = state.record.as_ref().map_or(&[][..], |record: &Record| &record.tokens);
    let id = match meant(tokens, wanted).as_slice() {
        [token] => token.id,
        [] => {
            return Err(Failure::new(format!("{user}: has no token called or numbered so: {wanted}"))
                .hint(format!("those there are: {}", command("tokens", user))));
        }
        _ => {
            return Err(Failure::new(format!("{user}: more than one token begins so: {wanted}"))
                .hint(format!("those there are: {}", command("tokens", user))));
        }
    };
    if tokens.len() == 1 {
        return Err(Failure::new(format!("{user}: has only this token"))
            .hint(format!("to forget it, and enroll anew: {}", command("reset", user))));
    }
    Ok(id)
}
