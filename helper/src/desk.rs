//! What every request works with: configuration, store, accounts, clock, the caller, the log.
//!
//! Invariant: everything about accounts and groups is looked up before any lock is taken ([`Person`], [`Relation`]).

use countersign_common::audit::{Context, Event};
use countersign_common::config::{Config, DEFAULT_PATH, Line, Outcome};
use countersign_common::counters::Counters;
use countersign_common::decision::{
    Administrator, Demand, Enrolled, Grant, Membership, RootAccount, Target, delegate, grant, select_everywhere,
};
use countersign_common::dialogue::View;
use countersign_common::record::{CanToggle, Record, UserName};
use countersign_common::store::{Damage, FileStore, INSTALLATION_PATH, Installation, State, Store, Telling};
use countersign_common::system::{
    Account, Accounts, Clock, GroupsOf, NssAccounts, SystemClock, administrator, load_config, syslog,
};
use countersign_common::token::UnixTime;
use nix::unistd::getuid;

use crate::caller;
use crate::first_act::CallerUid;
use crate::refusal::Refusal;

/// As which program, and as which service, the log names this one.
const PROGRAM: &str = "countersign-helper";
const SERVICE: &str = "countersign";

/// What every request works with.
pub(crate) struct Desk {
    pub(crate) config: Config,
    pub(crate) store: Telling<FileStore, fn(&UserName, &Damage)>,
    pub(crate) caller: Person,
    accounts: NssAccounts,
    clock: SystemClock,
}

/// A user, and all that their groups say of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) account: Account,
    pub(crate) administrator: Administrator,
    demand: Demand,
    delegate: Membership,
}

/// How the caller stands to the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Relation {
    /// They are one.
    Oneself,
    /// They are two; this is what `[[delegate]]` grants.
    Other(Grant),
}

impl Person {
    pub(crate) fn as_str(&self) -> &str {
        self.account.name.as_str()
    }

    pub(crate) fn name(&self) -> &UserName {
        &self.account.name
    }
}

impl Desk {
    /// Opens configuration and store, and looks up the caller.
    pub(crate) fn open(uid: CallerUid) -> Result<Self, Refusal> {
        let accounts = NssAccounts;
        let account = caller::account(&accounts, uid)?;
        let config = load_config(DEFAULT_PATH).map_err(|error| {
            let event = Event::Misconfigured { problem: error.to_string() };
            not_set_up("its configuration cannot be used").logged(event)
        })?;
        let installation = Installation::load(INSTALLATION_PATH)
            .map_err(|_| not_set_up("/etc/countersign/installation is missing, or not readable by all"))?;
        if installation.owner != getuid().as_raw() {
            return Err(not_set_up("the state does not belong to the account countersign"));
        }
        let store = FileStore::open(config.state_dir.as_str(), INSTALLATION_PATH).map_err(|error| {
            let event = Event::Misconfigured { problem: error.to_string() };
            not_set_up("the state cannot be used").logged(event)
        })?;
        let tell: fn(&UserName, &Damage) = log_damage;
        let store = Telling::new(store, tell);
        let caller = person(&config, &accounts, account);
        Ok(Self { config, store, caller, accounts, clock: SystemClock })
    }

    /// The person of a name, by the system's spelling of it.
    pub(crate) fn person(&self, name: &str) -> Result<Person, Refusal> {
        match self.accounts.by_name(name) {
            Ok(Some(account)) if !caller::is_sole(&self.accounts, &account) => {
                // Whoever logs in under one of them is the other, too: who guards the one must guard both.
                Err(Refusal::new(format!("{name}: user id {} has more than one name", account.uid))
                    .hint("root can help: no one else"))
            }
            Ok(Some(account)) => Ok(person(&self.config, &self.accounts, account)),
            Ok(None) => Err(Refusal::new(format!("{name}: the system knows no such user"))),
            Err(error) => Err(Refusal::new(format!("{name}: {error}"))),
        }
    }

    /// How the caller stands to a target.
    pub(crate) fn relation(&self, target: &Person) -> Relation {
        if self.is_caller(target) {
            return Relation::Oneself;
        }
        let accounts = &self.accounts;
        let caller = GroupsOf { accounts, account: &self.caller.account };
        let target = GroupsOf { accounts, account: &target.account };
        Relation::Other(grant(&self.config, &caller, &target))
    }

    pub(crate) fn is_caller(&self, person: &Person) -> bool {
        person.account == self.caller.account
    }

    pub(crate) fn caller_name(&self) -> &str {
        self.caller.as_str()
    }

    /// A person as a target, on the state at hand.
    pub(crate) fn target(&self, person: &Person, state: &State) -> Target {
        let default = CanToggle::from_bool(self.config.defaults.can_toggle);
        Target {
            can_toggle: state.record.as_ref().map_or(default, |record| record.can_toggle),
            administrator: person.administrator,
            demand: person.demand,
            enrolled: enrolled(state),
            root: if person.account.uid == 0 { RootAccount::Yes } else { RootAccount::No },
            delegate: person.delegate,
        }
    }

    /// A user's state, without a lock.
    pub(crate) fn view(&self, person: &Person) -> Result<State, Refusal> {
        self.store.view(person.name()).map_err(|error| Refusal::store(self, error).about(person))
    }

    pub(crate) fn now(&self) -> Result<UnixTime, Refusal> {
        self.clock.now().map_err(|error| Refusal::new(error.to_string()))
    }

    pub(crate) fn support(&self) -> Option<&str> {
        self.config.support.as_ref().map(Line::as_str)
    }
}

/// Logs an event, about a user where one is known.
pub(crate) fn log(user: Option<&Person>, event: &Event) {
    write(user.map(Person::as_str), event);
}

fn log_damage(user: &UserName, Damage { path, slot }: &Damage) {
    write(Some(user.as_str()), &Event::Damaged { path: path.clone(), slot: slot.as_str() });
}

fn write(user: Option<&str>, event: &Event) {
    syslog(PROGRAM, &event.line(Context { user, service: Some(SERVICE), rhost: None }));
}

/// What the command may know of a change.
pub(crate) fn shown(person: &Person, before: State, after: State, now: UnixTime) -> View {
    let parts = |State { record, counters }: State| -> (Option<Record>, Counters) { (record, counters) };
    View {
        user: person.name().clone(),
        uid: person.account.uid,
        administrator: person.administrator,
        now,
        before: parts(before),
        after: parts(after),
    }
    .new()
}

pub(crate) fn enrolled(state: &State) -> Enrolled {
    if state.record.as_ref().is_some_and(Record::is_enrolled) { Enrolled::Yes } else { Enrolled::No }
}

fn person(config: &Config, accounts: &dyn Accounts, account: Account) -> Person {
    let groups = GroupsOf { accounts, account: &account };
    let demand = match select_everywhere(&config.rules, &groups).outcome {
        Outcome::Required => Demand::Required,
        Outcome::User | Outcome::Skip | Outcome::Rehearse => Demand::User,
    };
    let delegate = delegate(config, &groups);
    let administrator = administrator(config, accounts, &account);
    Person { account, administrator, demand, delegate }
}

fn not_set_up(why: &str) -> Refusal {
    Refusal::new(format!("self-service is not set up on this host: {why}"))
        .hint("an administrator sets it up as docs/helper.md says")
}
