//! What was done or is so, in the words and the JSON of root's command.

use countersign_common::config::Config;
use countersign_common::counters::Counters;
use countersign_common::decision::Action;
use countersign_common::dialogue::{Request, View};
use countersign_common::record::Record;
use countersign_common::store::State;
use countersign_common::system::{Account, Accounts, NssAccounts};
use nix::unistd::getuid;

use super::arguments::Form;
use crate::arguments::Explain;
use crate::commands::explain::About;
use crate::desk::{NO_ID, Person};
use crate::json;
use crate::output::{Output, Verdict};
use crate::powers;
use crate::report::{Facts, Report, TokenFacts};
use crate::ruling::Ruling;
use crate::sentences::{self, Change, Reader, Told};

/// Prints the answer.
pub(super) fn tell(config: &Config, request: &Request, form: Form, view: &View, output: &mut Output) {
    let after = report(config, view, &view.after);
    let reader = &reader(config, view);
    if request.action.is_looking() {
        match (form, request.action) {
            (form, Action::Tokens) => tokens(&after, form, output),
            (Form::Json, _) => output.bytes(&json::object(&json::User::shown(&after))),
            (Form::Words, _) => after.block(reader).iter().for_each(|line| output.line(line)),
        }
        return;
    }
    let before = report(config, view, &view.before);
    let changed = if view.before == view.after { Change::Already } else { Change::Made };
    if form == Form::Json {
        output.bytes(&json::object(&json::User::changed(&after, changed)));
        return;
    }
    let unknown = Facts::unknown();
    let told = Told {
        user: &after.user,
        administrator: after.administrator,
        before: before.state.as_ref().unwrap_or(&unknown),
        after: after.state.as_ref().unwrap_or(&unknown),
        changed,
        requiring_rule: after.state.as_ref().ok().and_then(|facts| facts.ruling.somewhere),
        reader,
    };
    output.line(sentence(request.action, &told));
}

/// `explain`: from what the helper lets one see, and what everyone can read.
pub(super) fn explain(config: &Config, arguments: &Explain, view: &View, output: &mut Output) -> Verdict {
    let (person, report) = (person(view), report(config, view, &view.after));
    let about = About { config, accounts: &NssAccounts, person: &person, report: &report, now: view.now };
    about.explain(arguments, &Ok(state(&view.after)), output)
}

/// Who reads it, and what they may type next; what cannot be looked up is not suggested.
pub(super) fn reader(config: &Config, view: &View) -> Reader {
    let after = report(config, view, &view.after);
    let caller = NssAccounts.by_uid(getuid().as_raw()).ok().flatten();
    match (caller, &after.state) {
        (Some(caller), Ok(facts)) if caller.name == view.user => {
            Reader::Oneself(powers::own(config, facts, view.administrator).may)
        }
        (Some(caller), _) => Reader::Helper(powers::helping(config, &NssAccounts, &caller, &person(view), &after)),
        (None, _) => Reader::Helper(Vec::new()),
    }
}

fn report(config: &Config, view: &View, of: &(Option<Record>, Counters)) -> Report {
    let person = person(view);
    let ruling = Ruling::of(&config.rules, &NssAccounts, &person);
    Report::of(config, &person, view.administrator, ruling, &Ok(state(of)), view.now)
}

fn state((record, counters): &(Option<Record>, Counters)) -> State {
    State { record: record.clone(), counters: counters.clone() }
}

/// The person of a view; groups are looked up by the account's own primary group.
fn person(view: &View) -> Person {
    let stranger = || Account { name: view.user.clone(), uid: view.uid, gid: NO_ID };
    let known = NssAccounts.by_name(view.user.as_str()).ok().flatten();
    Person { name: view.user.clone(), account: Some(known.unwrap_or_else(stranger)) }
}

fn sentence(action: Action, told: &Told) -> String {
    match action {
        Action::Enable => sentences::enabled(told),
        Action::Disable => sentences::disabled(told),
        Action::Reset => sentences::reset(told),
        Action::Unblock => sentences::unblocked(told),
        Action::Lock => sentences::locked(told),
        Action::Unlock => sentences::unlocked(told),
        Action::Enroll => sentences::enrolled(told),
        Action::RemoveToken => sentences::token_removed(told),
        Action::NewRecoveryCodes => sentences::recovery_renewed(told),
        Action::Status | Action::Explain | Action::Tokens => String::new(),
    }
}

fn tokens(report: &Report, form: Form, output: &mut Output) {
    let tokens: &[TokenFacts] = report.state.as_ref().map(|facts| facts.tokens.as_slice()).unwrap_or_default();
    match (form, tokens) {
        (Form::Json, tokens) => {
            let items: Vec<Vec<u8>> = tokens.iter().map(|token| json::item(&json::Token::of(token))).collect();
            json::array(&items).for_each(|part| output.bytes(part));
        }
        (Form::Words, []) => output.line(format_args!("{}: no token", report.user)),
        (Form::Words, tokens) => tokens.iter().for_each(|token| output.line(token.spelled())),
    }
}
