//! The world around the engine: switches, chance, time, and what was seen to go wrong. It outlives every engine.

use crate::dice::Dice;
use crate::judge::Judge;
use crate::outside::while_away;
use crate::people::Person;
use crate::switch::{Size, Switch};
use chrono::{DateTime, TimeDelta, Utc};
use patchbay_domain::{Assignment, ChangeId, Entry, Event, FunctionId, Plan, Seq};
use patchbay_store::memory::MemoryRecords;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

thread_local! {
    /// When the running engine began.
    static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
    /// The time of the simulation then.
    static BASE: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// How many milliseconds the clock has been put forward.
    static SKEW: Cell<i64> = const { Cell::new(0) };
}

/// How likely things are in one seed, each of a thousand.
pub struct Habits {
    /// A call of a switch goes wrong.
    pub driver_fault: u32,
    /// A call of the records goes wrong.
    pub store_fault: u32,
    /// Somebody else does something at a switch, now and then.
    pub outsiders: u32,
    /// A card is replaced while no engine runs.
    pub replaced: u32,
    /// A switch does not tell that something changed.
    pub hint_lost: u32,
    /// The longest pause in a call.
    pub pause_max_ms: u32,
    /// How many changes go in company at the most.
    pub company_max: u32,
}

impl Habits {
    /// Not every seed has everything: some faults only show when others do not drown them.
    fn thrown(dice: &mut Dice) -> Self {
        let mut some = |most| if dice.chance(500) { dice.between(1, most) } else { 0 };
        Self {
            driver_fault: some(60),
            store_fault: some(60),
            outsiders: some(500),
            replaced: some(1_000),
            hint_lost: some(1_000),
            pause_max_ms: some(40),
            company_max: some(6).max(1),
        }
    }
}

/// Everything that a seed decides and that outlives an engine.
pub struct State {
    pub dice: Dice,
    pub habits: Habits,
    pub switches: Vec<Switch>,
    pub people: Vec<Person>,
    pub judge: Judge,
    pub requests: u32,
    /// What was wished after each entry, beginning with none.
    pub past: Vec<BTreeMap<FunctionId, Option<Assignment>>>,
    pub plans: BTreeMap<ChangeId, (Seq, Arc<Plan>)>,
    /// No more faults.
    pub calm: bool,
    trace: Vec<String>,
    /// How many more points until the engine is killed.
    crash_in: Option<u32>,
    dead: bool,
}

/// The world; clones are the same one.
#[derive(Clone)]
pub struct World {
    state: Arc<Mutex<State>>,
    died: Arc<Notify>,
    /// What is on the disk.
    pub disk: MemoryRecords,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut judge = Judge::default();
        judge.clock_showed(time_of_day());
        let habits = Habits::thrown(&mut dice);
        let size = if dice.chance(250) { Size::WIDE } else { Size::NARROW };
        let switches = (0..dice.between(1, 3)).map(|_| Switch::new(size)).collect();
        let people = (0..dice.between(2, 5)).map(|who| Person::new(who, dice.chance(300))).collect();
        let state = State {
            dice,
            habits,
            switches,
            people,
            judge,
            requests: 0,
            past: vec![BTreeMap::new()],
            plans: BTreeMap::new(),
            calm: false,
            trace: Vec::new(),
            crash_in: None,
            dead: false,
        };
        Self { state: Arc::new(Mutex::new(state)), died: Arc::default(), disk: MemoryRecords::default() }
    }

    pub fn with<T>(&self, on: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().expect("not poisoned");
        let result = on(&mut state);
        if !state.dead && !state.judge.violations.is_empty() {
            state.dead = true;
            self.died.notify_one();
        }
        result
    }

    /// An engine begins, and is killed after so many points.
    pub fn begin(&self, crash_in: Option<u32>) {
        self.with(|state| (state.crash_in, state.dead) = (crash_in, false));
        BEGAN.set(Some(Instant::now()));
    }

    /// The engine was ended: its clock goes with it, the time stays.
    pub fn end(&self) {
        BASE.set(now());
        BEGAN.set(None);
        self.with(|state| {
            state.after_crash();
            while_away(state);
            state.judge.cards.begun(&state.switches);
        });
    }

    /// Waits until the engine is killed.
    pub async fn died(&self) {
        self.died.notified().await;
    }

    /// A point at which the engine may be killed; whoever gets here afterwards does nothing more.
    pub async fn point(&self) {
        let dead = self.with(|state| {
            if let Some(left) = &mut state.crash_in {
                *left = left.saturating_sub(1);
                state.dead |= *left == 0;
            }
            state.dead
        });
        if dead {
            self.died.notify_one();
            pending::<()>().await;
        }
    }

    /// A pause of a length that the seed decides.
    pub async fn pause(&self) {
        let (turns, long) = self.with(|state| {
            let max = state.habits.pause_max_ms;
            (state.dice.below(3), if max > 0 { state.dice.below(max) } else { 0 })
        });
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        if long > 0 {
            sleep(Duration::from_millis(long.into())).await;
        }
    }

    pub fn note(&self, line: impl Into<String>) {
        self.with(|state| state.note(line.into()));
    }

    /// What happened, line by line, and what is wrong.
    pub fn report(&self) -> (Vec<String>, Vec<String>) {
        self.with(|state| (state.trace.clone(), state.judge.violations.clone()))
    }
}

impl State {
    pub fn note(&mut self, line: String) {
        let at = now().as_millis();
        self.trace.push(format!("{at:>7} {line}"));
    }

    /// What people can look up of the past, and what the judge says to it.
    pub fn remember(&mut self, entry: &Entry) {
        self.note(format!("entry {} {}", entry.seq, crate::judge::in_short(&entry.event)));
        if let Event::ChangeOpened { change, plan, .. } = &entry.event {
            self.plans.insert(*change, (entry.seq, Arc::clone(plan)));
        }
        self.judge.take(entry, &self.switches);
        self.past.push(self.judge.topology.wishes());
    }

    fn after_crash(&mut self) {
        self.judge.crashed();
        for switch in &mut self.switches {
            // A new engine, new listeners: the old ones died with theirs.
            switch.hints = tokio::sync::watch::Sender::new(0);
            // What was on its way may have reached the switch or not.
            if let Some(step) = switch.on_its_way.take().filter(|step| switch.fits(step))
                && self.dice.chance(500)
            {
                switch.late = Some(step);
            }
        }
    }

    pub fn hint(&mut self, switch: usize) {
        if !self.dice.chance(self.habits.hint_lost) {
            self.switches[switch].hints.send_modify(|n| *n += 1);
        }
    }
}

/// The time of the simulation.
pub fn now() -> Duration {
    BASE.get() + BEGAN.get().map_or(Duration::ZERO, |began| began.elapsed())
}

/// Forgets the time of an earlier seed.
pub fn reset_time() {
    BEGAN.set(None);
    BASE.set(Duration::ZERO);
    SKEW.set(0);
}

/// Puts the clock forward, or back.
pub fn skew(by_ms: i64) {
    SKEW.set(SKEW.get() + by_ms);
}

/// The time of day, as the engine is told: finer than the ledger writes it down.
pub fn time_of_day() -> DateTime<Utc> {
    let fine = Duration::from_nanos(123_456);
    let set = TimeDelta::milliseconds(SKEW.get());
    DateTime::UNIX_EPOCH + Duration::from_hours(24 * 365 * 50) + now() + fine + set
}
