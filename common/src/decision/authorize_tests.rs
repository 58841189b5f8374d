//! Every cell of actor × action × target: the table of docs/authorization.md, and what must hold of all cells.

use super::super::change::Change;
use super::super::fixture_tests::config;
use super::*;
use crate::config::Verb;

const TARGET: Target = Target {
    can_toggle: CanToggle::Unlocked,
    administrator: Administrator::No,
    demand: Demand::User,
    enrolled: Enrolled::Yes,
    root: RootAccount::No,
    delegate: Membership::No,
};

const ALL_VERBS: [Verb; 8] = [
    Verb::Reset,
    Verb::Unblock,
    Verb::Lock,
    Verb::Unlock,
    Verb::Enable,
    Verb::Disable,
    Verb::Enroll,
    Verb::NewRecoveryCodes,
];

fn targets() -> Vec<Target> {
    let mut all = vec![TARGET];
    let vary = |all: &mut Vec<Target>, with: &dyn Fn(Target) -> Vec<Target>| {
        *all = all.iter().flat_map(|target| with(*target)).collect();
    };
    vary(&mut all, &|target| {
        [CanToggle::Unlocked, CanToggle::Locked].map(|can_toggle| Target { can_toggle, ..target }).to_vec()
    });
    vary(&mut all, &|target| {
        let kinds = [Administrator::No, Administrator::Yes, Administrator::Unknown];
        kinds.map(|administrator| Target { administrator, ..target }).to_vec()
    });
    vary(&mut all, &|target| [Demand::User, Demand::Required].map(|demand| Target { demand, ..target }).to_vec());
    vary(&mut all, &|target| [Enrolled::Yes, Enrolled::No].map(|enrolled| Target { enrolled, ..target }).to_vec());
    vary(&mut all, &|target| [RootAccount::No, RootAccount::Yes].map(|root| Target { root, ..target }).to_vec());
    vary(&mut all, &|target| {
        let kinds = [Membership::No, Membership::Yes, Membership::Unknown];
        kinds.map(|delegate| Target { delegate, ..target }).to_vec()
    });
    all
}

fn grants() -> Vec<Grant> {
    let mut grants = vec![Grant::Nothing, Grant::Excepted, Grant::Unknown, Grant::Verbs(ALL_VERBS.to_vec())];
    grants.extend(ALL_VERBS.map(|verb| Grant::Verbs(vec![verb])));
    grants
}

/// A column of the table: a heading, who acts, on whom.
struct Column<'a>(&'static str, Actor<'a>, Target);

fn cell(actor: Actor, action: Action, target: Target) -> &'static str {
    match authorize(actor, action, target) {
        Ok(()) if is_confirmed(&config(""), actor, action) => "code",
        Ok(()) => "yes",
        Err(Denied::Locked) => "no: locked",
        Err(Denied::Required) => "no: required",
        Err(Denied::AdministratorCannotBeLocked) => "no: always may toggle",
        Err(Denied::LookupFailed) => "no: look-up failed",
        Err(Denied::NotYours) => "no",
        Err(Denied::NotEnrolled) => "no: not enrolled",
        Err(Denied::TargetIsRoot) => "no: root",
        Err(Denied::TargetIsAdministrator) => "no: administrator",
        Err(Denied::TargetIsDelegate) => "no: delegate",
        Err(Denied::TargetIsExcepted) => "no: `except`",
        Err(Denied::NotGranted) => "no: not in `may`",
    }
}

fn table(columns: &[Column]) -> String {
    let row = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut text = row([""].into_iter().chain(columns.iter().map(|column| column.0)).collect());
    text.push_str(&row(vec!["---"; columns.len().saturating_add(1)]));
    for action in Action::ALL {
        let name = format!("`{}`", action.as_str());
        let cells = columns.iter().map(|Column(_, actor, target)| cell(*actor, action, *target));
        text.push_str(&row([name.as_str()].into_iter().chain(cells).collect()));
    }
    text
}

fn documented(columns: &[Column]) {
    let table = table(columns);
    let documentation = include_str!("../../../docs/authorization.md");
    assert!(documentation.contains(&table), "docs/authorization.md lacks this table:\n{table}");
}

#[test]
fn the_documentation_shows_what_a_user_may_do_for_themselves() {
    let locked = Target { can_toggle: CanToggle::Locked, ..TARGET };
    let administrator = Target { administrator: Administrator::Yes, ..locked };
    let required = Target { demand: Demand::Required, ..TARGET };
    let no = |target| Target { enrolled: Enrolled::No, ..target };
    documented(&[
        Column("enrolled", Actor::Oneself, TARGET),
        Column("enrolled, locked", Actor::Oneself, locked),
        Column("enrolled, required by a rule", Actor::Oneself, required),
        Column("enrolled administrator", Actor::Oneself, administrator),
        Column("not enrolled", Actor::Oneself, no(TARGET)),
        Column("not enrolled, locked", Actor::Oneself, no(locked)),
    ]);
}

#[test]
fn the_documentation_shows_what_a_delegate_may_do() {
    let all = Grant::Verbs(ALL_VERBS.to_vec());
    let usual = Grant::Verbs(vec![Verb::Reset, Verb::Unblock]);
    let with = |grant, enrolled| Actor::Other(Helping { administrator: Administrator::No, grant, enrolled });
    let required = Target { demand: Demand::Required, ..TARGET };
    documented(&[
        Column("everything in `may`", with(&all, Enrolled::Yes), TARGET),
        Column("`reset`, `unblock`", with(&usual, Enrolled::Yes), TARGET),
        Column("the delegate not enrolled", with(&all, Enrolled::No), TARGET),
        Column("target required by a rule", with(&all, Enrolled::Yes), required),
        Column(
            "target an administrator",
            with(&all, Enrolled::Yes),
            Target { administrator: Administrator::Yes, ..TARGET },
        ),
        Column("target a delegate", with(&all, Enrolled::Yes), Target { delegate: Membership::Yes, ..TARGET }),
        Column("target in `except`", with(&Grant::Excepted, Enrolled::Yes), TARGET),
        Column("target root", with(&all, Enrolled::Yes), Target { root: RootAccount::Yes, ..TARGET }),
        Column("a group unknown", with(&Grant::Unknown, Enrolled::Yes), TARGET),
        Column("target in no `over` group", with(&Grant::Nothing, Enrolled::Yes), TARGET),
    ]);
}

#[test]
fn the_documentation_shows_what_an_administrator_and_root_may_do_to_others() {
    let with = |enrolled| Actor::Other(Helping { administrator: Administrator::Yes, grant: &Grant::Nothing, enrolled });
    let administrator = Target { administrator: Administrator::Yes, ..TARGET };
    let required = Target { demand: Demand::Required, ..TARGET };
    let root = Target { root: RootAccount::Yes, administrator: Administrator::Yes, ..TARGET };
    documented(&[
        Column("an administrator: a user", with(Enrolled::Yes), TARGET),
        Column("a user required by a rule", with(Enrolled::Yes), required),
        Column("an administrator", with(Enrolled::Yes), administrator),
        Column("root", with(Enrolled::Yes), root),
        Column("a user, not enrolled oneself", with(Enrolled::No), TARGET),
        Column("root's command: a user", Actor::Root, TARGET),
        Column("an administrator ", Actor::Root, administrator),
    ]);
}

#[test]
fn root_is_out_of_everyones_reach_but_roots() {
    for target in targets().into_iter().filter(|target| target.root == RootAccount::Yes) {
        for administrator in [Administrator::Yes, Administrator::No, Administrator::Unknown] {
            for (grant, action) in grants().iter().flat_map(|grant| Action::ALL.map(|action| (grant, action))) {
                let helping = Helping { administrator, grant, enrolled: Enrolled::Yes };
                assert_eq!(authorize(Actor::Other(helping), action, target), Err(Denied::TargetIsRoot));
            }
        }
    }
}

/// For each verb alone: it allows that one thing, and only over those whom no one guards.
#[test]
fn a_delegate_changes_only_what_is_granted_over_the_unguarded() {
    for target in targets() {
        for (grant, action) in grants().iter().flat_map(|grant| Action::ALL.map(|action| (grant, action))) {
            for administrator in [Administrator::No, Administrator::Unknown] {
                let helping = Helping { administrator, grant, enrolled: Enrolled::Yes };
                let allowed = authorize(Actor::Other(helping), action, target).is_ok();
                let guarded = target.administrator != Administrator::No
                    || target.delegate != Membership::No
                    || target.root == RootAccount::Yes;
                let granted = matches!(grant, Grant::Verbs(verbs)
                    if action.is_looking() || action.verb().is_some_and(|verb| verbs.contains(&verb)));
                let required = action == Action::Disable && target.demand == Demand::Required;
                assert_eq!(allowed, granted && !guarded && !required, "{grant:?} {action:?} {target:?}");
            }
        }
    }
}

#[test]
fn whoever_is_not_enrolled_changes_nothing_but_by_enable() {
    for target in targets() {
        for action in Action::ALL.into_iter().filter(|action| !action.is_looking()) {
            for (grant, administrator) in
                grants().iter().flat_map(|grant| [Administrator::Yes, Administrator::No].map(|yes| (grant, yes)))
            {
                let helping = Helping { administrator, grant, enrolled: Enrolled::No };
                assert!(authorize(Actor::Other(helping), action, target).is_err());
            }
            let oneself = Target { enrolled: Enrolled::No, ..target };
            if action != Action::Enable {
                assert!(authorize(Actor::Oneself, action, oneself).is_err(), "{action:?} {oneself:?}");
            }
        }
    }
}

#[test]
fn nobody_disables_where_a_rule_requires_a_code_but_root() {
    for target in targets().into_iter().filter(|target| target.demand == Demand::Required) {
        for actor in [Actor::Oneself, Actor::SelfAtLogin] {
            assert!(authorize(actor, Action::Disable, target).is_err(), "{target:?}");
        }
        for grant in &grants() {
            for administrator in [Administrator::Yes, Administrator::No] {
                let helping = Helping { administrator, grant, enrolled: Enrolled::Yes };
                assert!(authorize(Actor::Other(helping), Action::Disable, target).is_err(), "{target:?}");
            }
        }
    }
}

#[test]
fn what_weakens_or_changes_a_factor_is_confirmed() {
    let helping =
        Actor::Other(Helping { administrator: Administrator::Yes, grant: &Grant::Nothing, enrolled: Enrolled::Yes });
    let none = config("[self_service]\nconfirm = 'none'");
    for action in Action::ALL {
        let changes = !action.is_looking();
        assert_eq!(is_confirmed(&config(""), Actor::Oneself, action), changes && action != Action::Enable);
        assert!(!is_confirmed(&none, Actor::Oneself, action));
        assert_eq!(is_confirmed(&config(""), helping, action), changes);
        assert_eq!(is_confirmed(&none, helping, action), changes, "others' factors always");
    }
}

#[test]
fn a_user_at_a_login_enrolls_and_may_disable_where_allowed() {
    assert_eq!(authorize(Actor::SelfAtLogin, Action::Enroll, TARGET), Ok(()));
    let disable = |target| authorize(Actor::SelfAtLogin, &Change::Disable, target);
    let locked = Target { can_toggle: CanToggle::Locked, ..TARGET };
    assert_eq!(disable(TARGET), Ok(()));
    assert_eq!(disable(locked), Err(Denied::Locked));
    assert_eq!(disable(Target { administrator: Administrator::Unknown, ..locked }), Err(Denied::Locked));
    assert_eq!(disable(Target { administrator: Administrator::Yes, ..locked }), Ok(()));
    let required = Target { demand: Demand::Required, administrator: Administrator::Yes, ..TARGET };
    assert_eq!(disable(required), Err(Denied::Required));
    for change in [Change::Enable, Change::Lock, Change::Unlock, Change::Reset] {
        assert_eq!(authorize(Actor::SelfAtLogin, &change, TARGET), Err(Denied::NotYours));
    }
}

#[test]
fn who_may_be_an_administrator_is_told_of_the_lookup_and_not_of_a_missing_grant() {
    let with = |administrator| {
        let helping = Helping { administrator, grant: &Grant::Nothing, enrolled: Enrolled::Yes };
        authorize(Actor::Other(helping), Action::Reset, TARGET)
    };
    assert_eq!(with(Administrator::Unknown), Err(Denied::LookupFailed));
    assert_eq!(with(Administrator::No), Err(Denied::NotYours));
}
