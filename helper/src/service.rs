//! One request from its first line to its last: who, whom, whether, confirmed, done.

use countersign_common::decision::Action;
use countersign_common::dialogue::{FromCommand, Reply, Request};

use crate::Exit;
use crate::case::Case;
use crate::changing::{Order, Outcome, removable, renewable};
use crate::confirming::confirmed;
use crate::desk::{Desk, Person, log, shown};
use crate::enrolling;
use crate::first_act::CallerUid;
use crate::refusal::Refusal;
use crate::talk::Talk;

/// Serves one request.
pub(crate) fn serve(caller: CallerUid) -> Exit {
    let mut talk = Talk::begin();
    let reply = match Desk::open(caller) {
        Ok(desk) => answered(caller, &desk, &mut talk),
        Err(refusal) => {
            if let Some(event) = &refusal.event {
                log(None, event);
            }
            refusal.reply()
        }
    };
    if let Some(reply) = reply {
        talk.say(&reply);
    }
    Exit::Said
}

/// The last line; `None` if nobody is there to read it.
fn answered(caller: CallerUid, desk: &Desk, talk: &mut Talk) -> Option<Reply> {
    let request = match talk.hear() {
        Ok(FromCommand::Request(request)) => request,
        Ok(FromCommand::Answer(_)) => return Refusal::new("the helper was asked nothing").reply(),
        Err(refusal) => return refusal.reply(),
    };
    let target = match &request.user {
        None => desk.caller.clone(),
        Some(name) => match desk.person(name) {
            Ok(person) => person,
            Err(refusal) => return refusal.reply(),
        },
    };
    match attend(caller, desk, talk, &request, &target) {
        Ok(reply) => Some(reply),
        Err(refusal) => {
            if let Some(event) = &refusal.event {
                log(Some(refusal.about.as_deref().unwrap_or(&target)), event);
            }
            refusal.reply()
        }
    }
}

fn attend(
    caller: CallerUid,
    desk: &Desk,
    talk: &mut Talk,
    request: &Request,
    target: &Person,
) -> Result<Reply, Refusal> {
    let action = request.action;
    let case = Case::open(desk, action, target.clone())?;
    let state = case.state()?;
    if action.is_looking() {
        return Ok(Reply::Done(Box::new(shown(target, state.clone(), state, desk.now()?)), Vec::new()));
    }
    // What cannot come to a good end costs nobody a code.
    match action {
        Action::Enroll => enrolling::check(&case, request, &state)?,
        Action::RemoveToken => removable(&case, &state, request)?,
        Action::NewRecoveryCodes => renewable(&case, state.record.as_ref())?,
        _ => {}
    }
    let confirmed = if case.is_confirmed() { Some(confirmed(desk, talk)?) } else { None };
    let proven = match action {
        Action::Enroll => Some(enrolling::proven(desk, talk, target, request)?),
        _ => None,
    };
    let Outcome { before, after, now, codes } = Order { caller, request, target, confirmed, proven }.carry_out()?;
    Ok(Reply::Done(Box::new(shown(target, before, after, now)), codes))
}
