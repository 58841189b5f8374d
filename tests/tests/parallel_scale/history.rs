//! The history of everything that happened, and whether it is linearizable: whether each event can have happened at one
//! instant between its beginning and its end, so that all of them in that order are what the model allows.
use crate::model::{Event, State};
use std::collections::HashSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// An event, and between which moments it happened.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub began: Instant,
    pub ended: Instant,
    pub event: Event,
    /// The number of the event it happened after, in the same run of a program.
    pub after: Option<usize>,
}

/// Events in the order in which they were recorded.
#[derive(Debug, Default)]
pub struct History(Mutex<Vec<Recorded>>);

/// An order that may have been: what stands after it, which of the events under way are in it, and who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Order {
    state: State,
    done: Vec<usize>,
    held: Option<Held>,
}

/// An event that has begun under the lock and is not done: until it is, only what needs no lock can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Held {
    event: usize,
    /// By which clock it is judged.
    clock: i64,
}

impl History {
    /// Records what one run of a program did: these events, one after the other.
    pub fn record(&self, began: Instant, events: impl IntoIterator<Item = Event>) {
        let ended = Instant::now();
        let mut recorded = self.0.lock().expect("the history");
        let mut after = None;
        for event in events {
            recorded.push(Recorded { began, ended, event, after });
            after = Some(recorded.len() - 1);
        }
    }

    pub fn len(&self) -> usize {
        self.0.lock().expect("the history").len()
    }

    /// The events so far.
    pub fn events(&self) -> Vec<Recorded> {
        self.0.lock().expect("the history").clone()
    }
}

/// Whether a history from this state on is linearizable: the most events that were under way at a time, or the event
/// that cannot have happened, with what came before it.
pub fn linearized(start: State, history: &[Recorded]) -> Result<usize, String> {
    // Beginnings before endings of the same moment: then more orders are possible.
    let mut moments: Vec<(Instant, bool, usize)> = Vec::new();
    for (number, event) in history.iter().enumerate() {
        moments.extend([(event.began, false, number), (event.ended, true, number)]);
    }
    moments.sort();
    let mut orders = HashSet::from([Order { state: start, done: Vec::new(), held: None }]);
    let (mut under_way, mut most): (Vec<usize>, usize) = (Vec::new(), 0);
    for (_, is_end, number) in moments {
        if !is_end {
            under_way.push(number);
            most = most.max(under_way.len());
            continue;
        }
        let next = with(number, &orders, &under_way, history);
        if next.is_empty() {
            return Err(excerpt(number, &orders, &under_way, history));
        }
        under_way.retain(|event| *event != number);
        // In every order by now, it needs no remembering.
        orders = next.into_iter().map(|order| order.without(number)).collect();
    }
    Ok(most)
}

/// The orders in which this event has happened, after as many of those under way as there may be.
fn with(number: usize, orders: &HashSet<Order>, under_way: &[usize], history: &[Recorded]) -> HashSet<Order> {
    let mut found = HashSet::new();
    let mut seen: HashSet<Order> = HashSet::new();
    let mut open: Vec<Order> = orders.iter().cloned().collect();
    while let Some(mut order) = open.pop() {
        order.look(under_way, history);
        if !seen.insert(order.clone()) {
            continue;
        }
        if order.done.contains(&number) {
            found.insert(order);
            continue;
        }
        for event in order.left(under_way, history) {
            let after = match order.held {
                Some(held) if held.event == event => order.state.after_judged_at(held.clock, history[event].event),
                _ => order.state.after(history[event].event),
            };
            open.extend(after.into_iter().map(|state| order.then(event, state)));
            open.extend(order.holding(event, under_way, history));
        }
    }
    found
}

impl Order {
    /// The events under way that may come next.
    fn left(&self, under_way: &[usize], history: &[Recorded]) -> Vec<usize> {
        let waits = |event: usize| {
            let after = history[event].after;
            after.is_some_and(|after| under_way.contains(&after) && !self.done.contains(&after))
        };
        let may_come = |event: usize| match self.held {
            None => true,
            Some(held) => held.event == event || history[event].event.needs_no_lock(),
        };
        let left = under_way.iter().copied().filter(|event| !self.done.contains(event));
        left.filter(|event| !waits(*event) && may_come(*event)).collect()
    }

    /// With this event begun under the lock: its clock read, and of two writes the first done. Only where something comes in
    /// between that could tell; otherwise it is as if all of it had been at one instant.
    fn holding(&self, event: usize, under_way: &[usize], history: &[Recorded]) -> Vec<Self> {
        let what = history[event].event;
        if self.held.is_some() || what.needs_no_lock() || what.is_look() {
            return Vec::new();
        }
        let held = Some(Held { event, clock: self.state.now });
        let is_left = |wanted: fn(Event) -> bool| {
            let mut left = under_way.iter().filter(|event| !self.done.contains(event));
            left.any(|event| wanted(history[*event].event))
        };
        let before = is_left(|event| event == Event::Tick).then(|| self.state.clone());
        let between = self.state.halfway(what).filter(|_| is_left(Event::is_look));
        before.into_iter().chain(between).map(|state| Self { state, held, ..self.clone() }).collect()
    }

    /// Lets every look happen that is right now: it changes nothing, so no order is lost by that.
    fn look(&mut self, under_way: &[usize], history: &[Recorded]) {
        for event in self.left(under_way, history) {
            if history[event].event.is_look() && !self.state.after(history[event].event).is_empty() {
                *self = self.then(event, self.state.clone());
            }
        }
    }

    fn then(&self, event: usize, state: State) -> Self {
        let mut done = [&self.done[..], &[event]].concat();
        done.sort_unstable();
        let held = self.held.filter(|held| held.event != event);
        Self { state, done, held }
    }

    fn without(mut self, event: usize) -> Self {
        self.done.retain(|done| *done != event);
        self
    }
}

/// What a person needs to see of a history that cannot have been: the event, all since a while before the first one that
/// was under way then, with the milliseconds between which they happened, and the states that are left.
fn excerpt(number: usize, orders: &HashSet<Order>, under_way: &[usize], history: &[Recorded]) -> String {
    const WHILE: Duration = Duration::from_secs(2);
    let first = under_way.iter().map(|event| history[*event].began).min().unwrap_or(history[number].began);
    let since = first.checked_sub(WHILE).unwrap_or(first);
    let end = history[number].ended;
    let mut shown: Vec<usize> = (0..history.len()).collect();
    shown.retain(|event| history[*event].ended >= since && history[*event].began <= end);
    shown.sort_by_key(|event| history[*event].ended);
    let at = |moment: Instant| moment.saturating_duration_since(since).as_millis();
    let line = |event: &usize| {
        let Recorded { began, ended, event: what, after } = &history[*event];
        let mark = if under_way.contains(event) { " under way" } else { "" };
        let after = after.map(|after| format!(" after {after}")).unwrap_or_default();
        format!("  {event}: {} to {}: {what:?}{after}{mark}", at(*began), at(*ended))
    };
    let lines: Vec<String> = shown.iter().map(line).collect();
    let states: Vec<&Order> = orders.iter().take(10).collect();
    let what = history[number].event;
    format!(" {number}, {what:?}\nstates: {states:?}\n{}", lines.join("\n"))
}

mod tests {
    use super::*;
    use crate::model::{Answer, Seen};

    const CODE: Answer = Answer::Code { token: 0, step: 10 };
    const ACCEPTED: Event = Event::Login(CODE, Seen::Accepted);

    /// Whether events, each with its first and its last moment, can have been.
    fn can_be(events: &[(u64, u64, Event)]) -> bool {
        explained(0, events).is_ok()
    }

    /// The same after some failures.
    fn explained(failures: u32, events: &[(u64, u64, Event)]) -> Result<usize, String> {
        let start = Instant::now();
        let at = |moment| start + Duration::from_secs(moment);
        let recorded = |(began, ended, event): &(u64, u64, Event)| Recorded {
            began: at(*began),
            ended: at(*ended),
            event: *event,
            after: None,
        };
        let history: Vec<Recorded> = events.iter().map(recorded).collect();
        let state = State {
            now: 10,
            tokens: vec![(0, 5)],
            recovery: Some((0, 0)),
            failures,
            last_failure: 10,
            ..State::default()
        };
        linearized(state, &history)
    }

    #[test]
    fn a_history_that_cannot_have_been_is_noticed() {
        let wrong = Event::Login(Answer::Wrong, Seen::Wrong);
        let recovery = Event::Login(Answer::Recovery { set: 0, place: 3 }, Seen::Accepted);
        let used = Event::Login(CODE, Seen::Used);
        assert!(can_be(&[(0, 1, ACCEPTED)]));
        assert!(!can_be(&[(0, 3, ACCEPTED), (1, 2, ACCEPTED)]), "accepted twice");
        assert!(!can_be(&[(0, 3, recovery), (1, 2, recovery)]), "accepted twice");
        assert!(can_be(&[(0, 3, used), (1, 2, ACCEPTED)]), "the one that is used came second");
        assert!(!can_be(&[(0, 1, used), (2, 3, ACCEPTED)]), "used before it was accepted");
        assert!(can_be(&[(0, 2, Event::Reset), (1, 3, ACCEPTED)]), "the reset may have come second");
        assert!(!can_be(&[(0, 1, Event::Reset), (2, 3, ACCEPTED)]), "accepted after a reset");
        assert!(!can_be(&[(0, 1, Event::NewRecoveryCodes { set: 1 }), (2, 3, recovery)]), "a void set");
        assert!(can_be(&[(0, 3, wrong), (0, 3, wrong), (4, 5, Event::ToldFailures(2))]));
        assert!(!can_be(&[(0, 3, wrong), (0, 3, wrong), (4, 5, Event::ToldFailures(1))]), "counted as one");
        assert!(!can_be(&[(0, 9, wrong); 6]), "the fifth blocks");
        assert!(!can_be(&[(0, 1, Event::Disabled), (2, 3, ACCEPTED)]), "asked, though it was off");
        assert!(!can_be(&[(0, 1, Event::Enabled), (2, 3, Event::Login(CODE, Seen::NotAsked))]), "not asked");
    }

    const WRONG: Event = Event::Login(Answer::Wrong, Seen::Wrong);
    const NOT_ENROLLED: Event = Event::ToldRecord { is_off: false, is_enrolled: false };

    #[test]
    fn between_the_two_writes_of_a_reset_there_are_failures_without_a_token_and_nothing_else() {
        let can_be = |events: &[(u64, u64, Event)]| explained(2, events).is_ok();
        for reset in [Event::Reset, Event::Forgotten] {
            let (told, none) = (Event::ToldFailures(2), Event::ToldFailures(0));
            assert!(can_be(&[(0, 9, reset), (1, 2, NOT_ENROLLED), (3, 4, told), (5, 6, none)]), "{reset:?}");
            assert!(!can_be(&[(0, 9, reset), (1, 2, NOT_ENROLLED), (10, 11, told)]), "{reset:?}: after both");
            assert!(!can_be(&[(0, 9, reset), (1, 2, none), (3, 4, told)]), "{reset:?}: failures that come back");
            let enrolled = Event::ToldRecord { is_off: false, is_enrolled: true };
            assert!(!can_be(&[(0, 9, reset), (1, 2, none), (3, 4, enrolled)]), "{reset:?}: the tokens go first");
            let unblocked = (3, 4, Event::Unblocked);
            let locked_out = [(0, 9, reset), (1, 2, NOT_ENROLLED), unblocked, (5, 6, told)];
            assert!(!can_be(&locked_out), "{reset:?}: the lock is held");
            let (changed, between) = (Event::Login(CODE, Seen::SettingsChanged), [(0, 9, reset), (1, 2, NOT_ENROLLED)]);
            let judged = [&between[..], &[(3, 4, changed), (5, 6, told)]].concat();
            assert!(!can_be(&judged), "{reset:?}: nobody is judged meanwhile");
        }
    }

    #[test]
    fn a_failure_is_judged_by_the_clock_before_it_moves_though_it_is_written_after() {
        let can_be = |events: &[(u64, u64, Event)]| explained(4, events).is_ok();
        let next = Event::Login(Answer::Code { token: 0, step: 11 }, Seen::Accepted);
        let (four, five) = (Event::ToldFailures(4), Event::ToldFailures(5));
        // The fifth of step 10 blocks until step 11.
        assert!(can_be(&[(0, 9, WRONG), (1, 2, Event::Tick), (3, 4, four), (10, 11, next)]), "written after it moved");
        assert!(!can_be(&[(0, 1, Event::Tick), (2, 9, WRONG), (3, 4, four), (10, 11, next)]), "it had moved before");
        assert!(
            !can_be(&[(0, 9, WRONG), (1, 2, Event::Tick), (3, 4, four), (5, 6, five), (10, 11, four)]),
            "it counts"
        );
        let six = Event::ToldFailures(6);
        let meanwhile = [(0, 9, WRONG), (1, 2, Event::Tick), (3, 4, WRONG), (5, 6, five), (10, 11, six)];
        assert!(!can_be(&meanwhile), "another is judged and written while the lock is held");
        let after = [(0, 9, WRONG), (1, 2, Event::Tick), (3, 4, four), (10, 11, WRONG), (12, 13, six)];
        assert!(can_be(&after), "one after the other");
    }

    #[test]
    fn what_cannot_be_explained_is_named_first() {
        let told = explained(0, &[(0, 1, Event::Reset), (2, 3, ACCEPTED)]).expect_err("cannot be");
        assert!(told.starts_with(" 1, Login(Code { token: 0, step: 10 }, Accepted)\nstates: "), "{told}");
    }
}
