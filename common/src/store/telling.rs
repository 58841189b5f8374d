//! A store that tells of the damage its sessions found and passed over, so that each program says once where it is told.
//!
//! Invariant: told after the transaction has ended: whoever is told may take their time, and no lock is held meanwhile.

use super::{Damage, Forgotten, Session, State, Store, StoreError, Written};
use crate::counters::Counters;
use crate::record::{Record, UserName};

/// A store, and who is told.
#[derive(Debug)]
pub struct Telling<S, T> {
    store: S,
    tell: T,
}

/// A transaction, and what is told at its end.
#[derive(Debug)]
pub struct TellingSession<'store, S, T: Fn(&UserName, &Damage)> {
    // Ended first: fields are dropped in this order.
    session: S,
    _told: Option<Told<'store, T>>,
}

/// Tells when it is dropped.
#[derive(Debug)]
struct Told<'store, T: Fn(&UserName, &Damage)> {
    tell: &'store T,
    user: UserName,
    damage: Damage,
}

impl<S: Store, T: Fn(&UserName, &Damage)> Telling<S, T> {
    /// Whatever a session of this store finds damaged, and passes over, is told so.
    pub const fn new(store: S, tell: T) -> Self {
        Self { store, tell }
    }

    /// The store itself, for what only this engine can do.
    pub const fn engine(&self) -> &S {
        &self.store
    }
}

impl<S: Store, T: Fn(&UserName, &Damage)> Store for Telling<S, T> {
    type Session<'store>
        = TellingSession<'store, S::Session<'store>, T>
    where
        Self: 'store;

    fn view(&self, user: &UserName) -> Result<State, StoreError> {
        self.store.view(user)
    }

    fn begin(&self, user: &UserName) -> Result<Self::Session<'_>, StoreError> {
        let session = self.store.begin(user)?;
        let damage = session.damage().cloned();
        let told = damage.map(|damage| Told { tell: &self.tell, user: user.clone(), damage });
        Ok(TellingSession { session, _told: told })
    }

    fn users(&self) -> Result<Vec<UserName>, StoreError> {
        self.store.users()
    }

    fn forget(&self, user: &UserName) -> Result<Forgotten, StoreError> {
        self.store.forget(user)
    }
}

impl<S: Session, T: Fn(&UserName, &Damage)> Session for TellingSession<'_, S, T> {
    fn state(&self) -> &State {
        self.session.state()
    }

    fn damage(&self) -> Option<&Damage> {
        self.session.damage()
    }

    fn write_counters(&mut self, next: &Counters) -> Result<Written, StoreError> {
        self.session.write_counters(next)
    }

    fn replace_record(&mut self, next: &Record) -> Result<Written, StoreError> {
        self.session.replace_record(next)
    }
}

impl<T: Fn(&UserName, &Damage)> Drop for Told<'_, T> {
    fn drop(&mut self) {
        (self.tell)(&self.user, &self.damage);
    }
}
