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

/// An order that may have been: what stands after it, and which of the events under way are in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Order {
    state: State,
    done: Vec<usize>,
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
    let mut orders = HashSet::from([Order { state: start, done: Vec::new() }]);
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
            let after = order.state.after(history[event].event);
            open.extend(after.into_iter().map(|state| order.then(event, state)));
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
        let left = under_way.iter().copied().filter(|event| !self.done.contains(event));
        left.filter(|event| !waits(*event)).collect()
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
        Self { state, done }
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
    format!(" {number}\n{}\nstates: {states:?}", lines.join("\n"))
}

mod tests {
    use super::*;
    use crate::model::{Answer, Seen};

    const CODE: Answer = Answer::Code { token: 0, step: 10 };
    const ACCEPTED: Event = Event::Login(CODE, Seen::Accepted);

    /// Whether events, each with its first and its last moment, can have been.
    fn can_be(events: &[(u64, u64, Event)]) -> bool {
        let start = Instant::now();
        let at = |moment| start + Duration::from_secs(moment);
        let recorded = |(began, ended, event): &(u64, u64, Event)| Recorded {
            began: at(*began),
            ended: at(*ended),
            event: *event,
            after: None,
        };
        let history: Vec<Recorded> = events.iter().map(recorded).collect();
        let state = State { now: 10, tokens: vec![(0, 5)], recovery: Some((0, 0)), ..State::default() };
        linearized(state, &history).is_ok()
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
}
