//! Logins, guesses, recovery codes, enrollments, the user's own commands and root's, all on one user and all at once.
use crate::history::linearized;
use crate::model::{Answer, Event, Seen};
use crate::people::{Pace, People};
use countersign_tests::wait;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Choices that are the same in each run; only how they meet is not.
struct Chance(u64);

impl Chance {
    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("a small number")
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn pace(&mut self) -> Pace {
        if self.below(3) == 0 { Pace::Slow } else { Pace::Usual }
    }

    /// A code of the newest token or of one before it, of a step around this one.
    fn code(&mut self, people: &People) -> Option<(usize, i64)> {
        let newest = people.tokens().checked_sub(1)?;
        let token = newest.saturating_sub(self.of(&[0, 0, 0, 0, 0, 1]));
        Some((token, people.step() + self.of(&[-1, 0, 0, 0, 1])))
    }
}

fn log_in(people: &People, chance: &mut Chance) {
    if let Some((token, step)) = chance.code(people) {
        people.log_in(Answer::Code { token, step }, chance.pace());
    }
}

fn guess(people: &People, chance: &mut Chance) {
    people.log_in(Answer::Wrong, chance.pace());
    log_in(people, chance);
}

fn recover(people: &People, chance: &mut Chance) {
    let (sets, codes) = people.sets();
    if let Some(newest) = sets.checked_sub(1).filter(|_| codes > 0) {
        let place = u32::try_from(chance.below(codes)).expect("a small number");
        people.log_in(Answer::Recovery { set: newest, place }, chance.pace());
    }
}

fn enroll(people: &People, chance: &mut Chance) {
    people.enroll(chance.pace());
}

fn own(people: &People, chance: &mut Chance) {
    if let Some((token, step)) = chance.code(people) {
        people.own(chance.of(&["new-recovery-codes", "new-recovery-codes", "disable", "reset"]), token, step);
    }
}

fn look(people: &People, _: &mut Chance) {
    people.look();
    wait_for_more(people, 4);
}

/// So that there is something in between to see, root is slower than the rest.
fn root(people: &People, chance: &mut Chance) {
    let commands = ["reset", "forget", "disable", "unblock", "new-recovery-codes", "lock", "unlock", "unblock"];
    people.root(chance.of(&commands), chance.pace());
    people.root("enable", chance.pace());
    wait_for_more(people, 12);
}

fn tick(people: &People, _: &mut Chance) {
    wait_for_more(people, 25);
    people.tick();
}

/// Waits until others have done so much.
fn wait_for_more(people: &People, events: usize) {
    let enough = people.history.len() + events;
    wait::until("others do something", || (people.history.len() >= enough).then_some(()));
}

/// All at once until so many events have happened, then the whole history is checked.
fn everything_at_once(events: usize) {
    let people = People::new();
    let is_over = AtomicBool::new(false);
    let began = Instant::now();
    let work: [fn(&People, &mut Chance); 11] =
        [log_in, log_in, log_in, log_in, guess, recover, enroll, own, look, root, tick];
    std::thread::scope(|scope| {
        for (number, work) in work.into_iter().enumerate() {
            let (people, is_over) = (&people, &is_over);
            scope.spawn(move || {
                let mut chance = Chance(0x5EED_0000 + number as u64);
                while !is_over.load(Ordering::Relaxed) {
                    work(people, &mut chance);
                }
            });
        }
        let hours = Duration::from_secs(3_600);
        wait::poll(hours, || (people.history.len() >= events).then_some(())).expect("events");
        is_over.store(true, Ordering::Relaxed);
        // Whoever waits for more gets it.
        for _ in 0..30 {
            people.look();
        }
    });
    people.look();
    let took = began.elapsed();
    let history = people.history.events();
    let most = linearized(people.start_of(&history), &history);
    let most = most.unwrap_or_else(|event| panic!("no order of what happened explains event{event}"));
    report(&people, &history.iter().map(|recorded| recorded.event).collect::<Vec<_>>(), most, took);
}

fn report(people: &People, events: &[Event], most: usize, took: Duration) {
    let mut kinds = BTreeMap::<String, usize>::new();
    for event in events {
        let kind = match event {
            Event::Login(_, seen) => format!("login: {seen:?}"),
            other => format!("{other:?}").split([' ', '(']).next().unwrap_or_default().to_owned(),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    let busy = people.busy.load(Ordering::Relaxed);
    println!("{} events in {took:?}, up to {most} at a time, {busy} locks not had in time: {kinds:#?}", events.len());
    let logged = people.factor.world.log().matches("reason=lock_busy").count();
    assert!(busy <= logged, "{busy} refusals for a lock, {logged} lines that say so");
    let count = |kind: Event| kinds.get(&format!("{kind:?}")).copied().unwrap_or(0);
    let accepted = kinds.get(&format!("login: {:?}", Seen::Accepted)).copied().unwrap_or(0);
    assert!(
        accepted >= 5 && count(Event::Reset) > 0 && kinds.contains_key("Enrolled"),
        "little has happened: {kinds:#?}"
    );
}

#[test]
fn everything_at_once_on_one_user_is_as_if_one_thing_had_come_after_the_other() {
    everything_at_once(1_500);
}

#[test]
#[ignore = "takes minutes: make stress"]
fn everything_at_once_on_one_user_for_minutes_is_as_if_one_thing_had_come_after_the_other() {
    everything_at_once(50_000);
}
