//! What every command about users works with: configuration, store, accounts, clock, who acts, the log.

use std::sync::OnceLock;

use countersign_common::audit::Event;
use countersign_common::config::Config;
use countersign_common::decision::{Administrator, Demand, Target};
use countersign_common::record::{CanToggle, NO_UID, UserName};
use countersign_common::store::{Damage, FileStore, INSTALLATION_PATH, State, Store, StoreError, Telling};
use countersign_common::system::{Account, Accounts, Clock, NssAccounts, SystemClock, administrator, load_config};
use countersign_common::token::UnixTime;

use crate::actor::Actor;
use crate::failure::Failure;
use crate::log;
use crate::report::Report;
use crate::ruling::Ruling;

/// Stands for "no account" where a uid or gid is kept: the number no account can have (`chown(2)`).
pub(crate) const NO_ID: u32 = NO_UID;

/// Whether a name unknown to the system is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// It is refused: most likely mistyped.
    Refused,
    /// It is taken as typed (`--no-account`).
    Accepted,
}

/// Whom a command is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// The canonical name.
    pub(crate) name: UserName,
    /// The account; `None` if the system knows none.
    pub(crate) account: Option<Account>,
}

/// What commands about users work with.
pub(crate) struct Desk {
    pub(crate) config: Config,
    pub(crate) store: Telling<FileStore, fn(&UserName, &Damage)>,
    /// Who runs the command; looked up when there is something to sign.
    actor: OnceLock<Actor>,
    pub(crate) accounts: NssAccounts,
    clock: SystemClock,
}

impl Person {
    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        self.name.as_str()
    }

    /// The account, or one that can be a member of a group by name alone.
    pub(crate) fn account_or_stranger(&self) -> Account {
        let stranger = || Account { name: self.name.clone(), uid: NO_ID, gid: NO_ID };
        self.account.clone().unwrap_or_else(stranger)
    }

    /// The account's uid, or [`NO_ID`].
    pub(crate) fn uid(&self) -> u32 {
        self.account.as_ref().map_or(NO_ID, |account| account.uid)
    }
}

impl Desk {
    /// Opens configuration and store.
    pub(crate) fn open(config_path: &str) -> Result<Self, Failure> {
        let config = load_config(config_path)?;
        let store =
            FileStore::open(config.state_dir.as_str(), INSTALLATION_PATH).map_err(|error| Failure::of_store(&error))?;
        let tell: fn(&UserName, &Damage) = log_damage;
        let store = Telling::new(store, tell);
        Ok(Self { config, store, actor: OnceLock::new(), accounts: NssAccounts, clock: SystemClock })
    }

    /// Who runs the command.
    pub(crate) fn actor(&self) -> &Actor {
        self.actor.get_or_init(Actor::of_this_process)
    }

    /// The time now.
    pub(crate) fn now(&self) -> Result<UnixTime, Failure> {
        Ok(self.clock.now()?)
    }

    /// The person of a name, by the system's spelling of it. A failed look-up is never "unknown".
    pub(crate) fn person(&self, name: &str, unknown: Unknown) -> Result<Person, Failure> {
        let found = self.accounts.by_name(name).map_err(|error| Failure::new(format!("{name}: {error}")))?;
        match (found, unknown) {
            (Some(account), _) => Ok(Person { name: account.name.clone(), account: Some(account) }),
            (None, Unknown::Accepted) => {
                let name = UserName::new(name).map_err(|error| Failure::new(format!("{name}: {error}")))?;
                Ok(Person { name, account: None })
            }
            (None, Unknown::Refused) => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> Failure {
        let failure = Failure::new(format!("{name}: the system knows no such user"));
        let has_state = UserName::new(name).is_ok_and(|name| match self.store.view(&name) {
            Ok(state) => state != State::default(),
            Err(error) => matches!(error, StoreError::Untrusted { .. }),
        });
        if has_state {
            return failure.hint(format!("{name} still has state here; to act on it, add --no-account"));
        }
        failure.hint("if it is spelled right, add --no-account")
    }

    /// Whether the person is an administrator.
    pub(crate) fn administrator(&self, person: &Person) -> Administrator {
        administrator(&self.config, &self.accounts, &person.account_or_stranger())
    }

    /// The person as the target of a change by root, which no setting of that person can stop.
    pub(crate) fn target(&self, person: &Person) -> Target {
        Target::unguarded(CanToggle::Unlocked, self.administrator(person), Demand::User)
    }

    /// What is known about a person.
    pub(crate) fn report(&self, person: &Person, state: &Result<State, StoreError>, now: UnixTime) -> Report {
        let ruling = Ruling::of(&self.config.rules, &self.accounts, person);
        Report::of(&self.config, person, self.administrator(person), ruling, state, now)
    }

    /// Logs a change that was made.
    pub(crate) fn log_change(&self, user: &UserName, what: &'static str) {
        log::write(user.as_str(), &Event::Changed { what, by: self.actor().for_log() });
    }
}

fn log_damage(user: &UserName, Damage { path, slot }: &Damage) {
    log::write(user.as_str(), &Event::Damaged { path: path.clone(), slot: slot.as_str() });
}

/// Logs what of an error root should learn from the log too.
pub(crate) fn log_untrusted(user: &UserName, error: &StoreError) {
    if let StoreError::Untrusted { path, reason } = error {
        log::write(user.as_str(), &Event::Untrusted { path: path.clone(), reason: reason.clone() });
    }
}
