//! One call into the module: what PAM says of the login, and the machine below.

use std::net::IpAddr;

use countersign_common::audit::{Context, Event, RefusedReason};
use countersign_common::config::{Config, Outcome};
use countersign_common::decision::{Demand, Login, Membership, RuleFacts, Selected, select};
use countersign_common::notice::Notice;
use countersign_common::record::UserName;
use countersign_common::store::{Damage, FileStore, INSTALLATION_PATH, Store, Telling};
use countersign_common::system::{
    Account, Accounts, Clock, ClockError, NssAccounts, SystemClock, administrator, load_config,
};
use countersign_common::token::UnixTime;

use crate::arguments::{Arguments, Debug};
use crate::conversation::Conversation;
use crate::ffi::Handle;
use crate::log;
use crate::outcome::Refused;

/// One call into the module.
pub(crate) struct Machine<'call> {
    pub(crate) handle: &'call Handle<'call>,
    arguments: &'call Arguments,
    accounts: NssAccounts,
    clock: SystemClock,
    service: String,
    rhost: String,
    /// The canonical name, once it is known.
    user: Option<String>,
    /// Whom to turn to, once the configuration is known.
    support: Option<String>,
}

/// Who logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Person {
    /// An account of this host.
    Known(Account),
    /// No account of this host.
    Stranger(String),
}

/// What the rules decide about a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruled {
    /// No code is asked.
    Skip,
    /// No code is asked yet: this rule only rehearses.
    Rehearse(usize),
    /// This much is demanded.
    Demand(Demand),
}

impl<'call> Machine<'call> {
    pub(crate) fn new(handle: &'call Handle<'call>, arguments: &'call Arguments) -> Self {
        let service = handle.service().unwrap_or_default();
        let rhost = handle.rhost().unwrap_or_default();
        Self { handle, arguments, accounts: NssAccounts, clock: SystemClock, service, rhost, user: None, support: None }
    }

    pub(crate) fn service(&self) -> String {
        self.service.clone()
    }

    /// Step 1: the configuration, read afresh.
    pub(crate) fn config(&mut self) -> Result<Config, Refused> {
        let config = load_config(&self.arguments.config)?;
        self.support = config.support.as_ref().map(|line| line.as_str().to_owned());
        Ok(config)
    }

    /// Step 2: who logs in, by canonical name. A look-up error refuses.
    pub(crate) fn person(&mut self) -> Result<Person, Refused> {
        let name = self.handle.user().unwrap_or_default();
        // A name without an account is not logged: it may be a password typed at the wrong prompt.
        match self.accounts.by_name(&name) {
            Ok(Some(account)) => {
                self.user = Some(account.name.as_str().to_owned());
                Ok(Person::Known(account))
            }
            Ok(None) => Ok(Person::Stranger(name)),
            Err(error) => {
                let event = Event::Refused { reason: RefusedReason::UserLookup, detail: Some(error.to_string()) };
                Err(Refused::untrusted(event))
            }
        }
    }

    /// Step 3: what the rules decide.
    pub(crate) fn ruled(&self, config: &Config, person: &Person) -> Ruled {
        let Selected { outcome, rule } = select(&config.rules, &Facts { machine: self, person });
        if let (Some(rule), Debug::On) = (rule, self.arguments.debug) {
            self.debug(&format!("rule {rule} decides: {outcome:?}"));
        }
        match outcome {
            Outcome::Skip => Ruled::Skip,
            Outcome::Rehearse => Ruled::Rehearse(rule.unwrap_or(0)),
            Outcome::User => Ruled::Demand(Demand::User),
            Outcome::Required => Ruled::Demand(Demand::Required),
        }
    }

    /// The login, as decisions see it.
    pub(crate) fn login(&self, config: &Config, account: &Account, demand: Demand) -> Login<'_> {
        let administrator = administrator(config, &self.accounts, account);
        Login { service: &self.service, rhost: &self.rhost, administrator, demand }
    }

    pub(crate) fn now(&self) -> Result<UnixTime, ClockError> {
        self.clock.now()
    }

    /// Logs an event of this login.
    pub(crate) fn log(&self, event: &Event) {
        let context = Context { user: self.user.as_deref(), service: Some(&self.service), rhost: Some(&self.rhost) };
        log::write(self.handle, context, event);
    }

    /// A difference in uid is no reason to refuse: accounts are moved between directories. But root should know.
    pub(crate) fn log_other_uid(&self, recorded: u32, current: u32) {
        let problem = format!("the record was made for uid {recorded}, the account now has uid {current}");
        self.log(&Event::Misconfigured { problem });
    }

    /// Whom to turn to, if the configuration names someone.
    pub(crate) fn support(&self) -> Option<&str> {
        self.support.as_deref()
    }

    /// Tells the person; whether they hear it changes nothing.
    pub(crate) fn tell(&self, notice: &Notice) {
        let _ = self.handle.tell(&notice.worded(self.support.as_deref()).to_string());
    }

    fn debug(&self, text: &str) {
        self.handle.syslog(countersign_common::audit::Severity::Debug, text);
    }

    /// Notices in words, a line each, above a prompt.
    pub(crate) fn prompt_below(&self, notices: &[Notice], prompt: &str) -> String {
        crate::conversation::prompt_below(notices, self.support.as_deref(), prompt)
    }
}

/// Step 4: the state of this installation.
pub(crate) fn open_store<'a>(machine: &'a Machine, config: &Config) -> Result<impl Store + use<'a>, Refused> {
    let store = FileStore::open(config.state_dir.as_str(), INSTALLATION_PATH)?;
    Ok(Telling::new(store, |_: &UserName, Damage { path, slot }: &Damage| {
        machine.log(&Event::Damaged { path: path.clone(), slot: slot.as_str() });
    }))
}

/// What rules ask about this login.
struct Facts<'a> {
    machine: &'a Machine<'a>,
    person: &'a Person,
}

impl RuleFacts for Facts<'_> {
    fn service(&self) -> &str {
        &self.machine.service
    }

    fn user(&self) -> &str {
        match self.person {
            Person::Known(account) => account.name.as_str(),
            Person::Stranger(name) => name,
        }
    }

    fn group(&self, group: &str) -> Membership {
        match self.person {
            Person::Known(account) => self.machine.accounts.membership(account, group).into(),
            Person::Stranger(_) => Membership::Unknown,
        }
    }

    fn address(&self) -> Option<IpAddr> {
        self.machine.rhost.parse().ok()
    }
}
