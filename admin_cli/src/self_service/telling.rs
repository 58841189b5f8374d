//! What was done or is so, in the words and the JSON of root's command.

use countersign_common::config::Config;
use countersign_common::counters::Counters;
use countersign_common::decision::{Action, Administrator};
use countersign_common::dialogue::{Adding, Request, View};
use countersign_common::record::Record;
use countersign_common::store::State;
use countersign_common::system::Account;

use super::arguments::Form;
use crate::desk::{NO_ID, Person, requiring_rule};
use crate::json;
use crate::output::Output;
use crate::report::{Facts, Report};
use crate::sentences::{self, Change, Told};

/// Prints the answer.
pub(super) fn tell(config: &Config, request: &Request, form: Form, view: &View, output: &mut Output) {
    let after = report(config, view, &view.after);
    if request.action.is_looking() {
        match (form, request.action) {
            (Form::Json, _) => output.bytes(&json::object(&json::User::shown(&after))),
            (Form::Words, Action::Tokens) => tokens(&after, output),
            (Form::Words, _) => after.block().iter().for_each(|line| output.line(line)),
        }
        return;
    }
    let before = report(config, view, &view.before);
    let changed = if view.before == view.after { Change::Already } else { Change::Made };
    if form == Form::Json {
        output.bytes(&json::object(&json::User::changed(&after, changed == Change::Made)));
        return;
    }
    let unknown = Facts::unknown();
    let told = Told {
        user: &after.user,
        administrator: after.administrator,
        before: before.state.as_ref().unwrap_or(&unknown),
        after: after.state.as_ref().unwrap_or(&unknown),
        changed,
        requiring_rule: requiring_rule(config, &after.user),
    };
    output.line(sentence(request, &told));
}

fn report(config: &Config, view: &View, (record, counters): &(Option<Record>, Counters)) -> Report {
    let account = Account { name: view.user.clone(), uid: view.uid, gid: NO_ID };
    let person = Person { name: view.user.clone(), account: Some(account) };
    let state = State { record: record.clone(), counters: counters.clone() };
    let administrator: Administrator = view.administrator;
    Report::of(config, &person, administrator, &Ok(state), view.now)
}

fn sentence(request: &Request, told: &Told) -> String {
    match request.action {
        Action::Enable => sentences::enabled(told),
        Action::Disable => sentences::disabled(told),
        Action::Reset => sentences::reset(told),
        Action::Unblock => sentences::unblocked(told),
        Action::Lock => sentences::locked(told),
        Action::Unlock => sentences::unlocked(told),
        Action::Enroll if !told.before.is_enrolled() => sentences::enrolled(told),
        Action::Enroll if request.adding == Adding::Instead => {
            format!("{}: the new token is the only one now; codes of the old ones no longer count", told.user)
        }
        Action::Enroll => format!("{}: the token is added; a code of any of your tokens will do", told.user),
        Action::RemoveToken => format!("{}: the token is gone; its codes no longer count", told.user),
        Action::NewRecoveryCodes => {
            format!("{}: {} new recovery codes; any old ones are void", told.user, told.after.recovery_codes_left)
        }
        Action::Status | Action::Explain | Action::Tokens => String::new(),
    }
}

fn tokens(report: &Report, output: &mut Output) {
    let tokens = report.state.as_ref().map(|facts| facts.tokens.as_slice()).unwrap_or_default();
    if tokens.is_empty() {
        output.line(format_args!("{}: no token", report.user));
    }
    for token in tokens {
        output.line(token.spelled());
    }
}
