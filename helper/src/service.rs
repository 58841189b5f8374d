//! One request from its first line to its last: who, whom, whether, confirmed, done.

use countersign_common::decision::{Action, authorize, is_confirmed};
use countersign_common::dialogue::{FromCommand, Reply, Request};
use countersign_common::store::State;

use crate::Exit;
use crate::changing::{Order, Outcome};
use crate::confirming::confirmed;
use crate::desk::{Desk, Person, enrolled, log, shown};
use crate::enrolling;
use crate::first_act::CallerUid;
use crate::refusal::Refusal;
use crate::talk::Talk;

/// Serves one request.
pub(crate) fn serve(caller: CallerUid) -> Exit {
    let mut talk = Talk::begin();
    let reply = match Desk::open(caller) {
        Ok(desk) => answered(&desk, &mut talk),
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
fn answered(desk: &Desk, talk: &mut Talk) -> Option<Reply> {
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
    match attend(desk, talk, &request, &target) {
        Ok(reply) => Some(reply),
        Err(refusal) => {
            if let Some(event) = &refusal.event {
                log(Some(&target), event);
            }
            refusal.reply()
        }
    }
}

fn attend(desk: &Desk, talk: &mut Talk, request: &Request, target: &Person) -> Result<Reply, Refusal> {
    let action = request.action;
    let relation = desk.relation(target);
    let own = desk.view(&desk.caller)?;
    let enrolled = enrolled(&own);
    let actor = desk.actor(&relation, enrolled);
    let state = if desk.is_caller(target) { own } else { State::default() };
    // Whether it may be done at all is decided before another user's state is so much as opened.
    let decided = |state: &State| {
        authorize(actor, action, desk.target(target, state))
            .map_err(|denied| Refusal::denied(desk, action, target, denied))
    };
    decided(&state)?;
    let state = if desk.is_caller(target) { state } else { desk.view(target)? };
    decided(&state)?;
    if action.is_looking() {
        return Ok(Reply::Done(Box::new(shown(target, state.clone(), state, desk.now()?)), Vec::new()));
    }
    let token = request.token.clone();
    let (confirmed_at, proven) = (None, None);
    let mut order = Order { desk, action, target, relation: &relation, enrolled, confirmed_at, proven, token };
    // What cannot come to a good end is refused before a code is used up for it.
    order.foresee(request, &state)?;
    if is_confirmed(&desk.config, actor, action) {
        order.confirmed_at = Some(confirmed(desk, talk)?);
    }
    if action == Action::Enroll {
        order.proven = Some(enrolling::proven(desk, talk, target, request)?);
    }
    let Outcome { before, after, now, codes } = order.carry_out()?;
    Ok(Reply::Done(Box::new(shown(target, before, after, now)), codes))
}
