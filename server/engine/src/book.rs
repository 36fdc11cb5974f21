//! The book: everything the engine writes, in one order.
//!
//! A write is durable in the store first, then folded into the picture, then told to whoever listens. One lock spans
//! the three, so nobody ever sees them disagree or out of order.

use crate::clock::Clock;
use patchbay_domain::{
    Actor, ChangeId, Delta, Entry, Event, Generation, Intent, Observation, Plan, Reason, Seq, StepProgress,
    SwitchId, SwitchState, Topology, Vitals,
};
use patchbay_store::{Closing, Names, Opening, Store, StoreError, Writing};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{Mutex, MutexGuard, broadcast};

/// How many happenings a slow listener may be behind before it has to ask for a new picture. A change makes some ten.
const HAPPENINGS_MAX: usize = 4_096;

/// The picture at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Everything.
    pub topology: Topology,
    /// The last ledger entry folded into it.
    pub seq: Seq,
    /// How the switches are, as last read; none of a switch that does not answer.
    pub vitals: BTreeMap<SwitchId, Arc<Vitals>>,
}

/// Something a listener is told.
#[derive(Clone, Debug)]
pub enum Happening {
    /// An entry was written.
    Entry(Arc<Entry>),
    /// A step of a running change goes on.
    Step(StepProgress),
    /// A switch's state, where no entry says it.
    Switch(SwitchId, SwitchState),
    /// How a switch is; none when it does not answer.
    Vitals(SwitchId, Option<Arc<Vitals>>),
}

/// A listener's end.
pub type Happenings = broadcast::Receiver<Happening>;

/// The shared book; clones are the same book.
#[derive(Clone)]
pub(crate) struct Book(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    writing: Mutex<()>,
    next_change: Mutex<ChangeId>,
    current: RwLock<Arc<Snapshot>>,
    told: broadcast::Sender<Happening>,
}

/// The right to write: while it is held, the picture does not change under the holder.
pub(crate) struct Pen<'a> {
    book: &'a Inner,
    _guard: MutexGuard<'a, ()>,
}

impl Book {
    /// Loads the picture, without switches that are not looked after in this run.
    pub(crate) async fn load(store: Store, switches: &[SwitchId], clock: Clock) -> Result<Self, StoreError> {
        let loaded = store.load().await?;
        let mut topology = loaded.topology;
        topology.keep_switches(&switches.iter().copied().collect::<BTreeSet<_>>());
        let current = RwLock::new(Arc::new(Snapshot { topology, seq: loaded.seq, vitals: BTreeMap::new() }));
        let (told, _) = broadcast::channel(HAPPENINGS_MAX);
        let (writing, next_change) = (Mutex::new(()), Mutex::new(loaded.next_change));
        Ok(Self(Arc::new(Inner { store, clock, writing, next_change, current, told })))
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.0.snapshot()
    }

    pub(crate) fn watch(&self) -> (Arc<Snapshot>, Happenings) {
        let current = self.0.current.read().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&current), self.0.told.subscribe())
    }

    /// Waits for the right to write.
    pub(crate) async fn pen(&self) -> Pen<'_> {
        Pen { book: &self.0, _guard: self.0.writing.lock().await }
    }

    /// Tells listeners about a step in flight.
    pub(crate) fn tell_step(&self, progress: StepProgress) {
        self.0.tell(Happening::Step(progress));
    }

    /// Shows how a switch is, and tells listeners if that is something new.
    pub(crate) fn set_vitals(&self, switch: SwitchId, vitals: Option<Vitals>) {
        let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.vitals.get(&switch).map(Arc::as_ref) == vitals.as_ref() {
            return;
        }
        let shown = &mut Arc::make_mut(&mut current).vitals;
        let vitals = vitals.map(Arc::new);
        match &vitals {
            Some(vitals) => shown.insert(switch, Arc::clone(vitals)),
            None => shown.remove(&switch),
        };
        self.0.tell(Happening::Vitals(switch, vitals));
    }
}

impl Inner {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A listener that is gone is no error: nobody has to listen.
    fn tell(&self, happening: Happening) {
        let _ = self.told.send(happening);
    }
}

impl Pen<'_> {
    /// The picture, as it stays until this pen is dropped.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.book.snapshot()
    }

    pub(crate) async fn record(&self, event: Event) -> Result<(), StoreError> {
        self.write(Writing::Event { at: self.book.clock.now(), event }).await
    }

    pub(crate) async fn discovered(
        &self,
        switch: SwitchId,
        seen: &Observation,
        names: &Names,
    ) -> Result<(), StoreError> {
        let entry = self.book.store.discovered(self.book.clock.now(), switch, seen, names).await?;
        self.publish(entry);
        Ok(())
    }

    pub(crate) async fn open_change(
        &self,
        actor: &Actor,
        intent: &Intent,
        plan: &Plan,
        reason: &Reason,
        seen: Generation,
    ) -> Result<ChangeId, StoreError> {
        let mut next = self.book.next_change.lock().await;
        let change = *next;
        let (actor, intent, plan, reason) = (actor.clone(), intent.clone(), plan.clone(), reason.clone());
        let at = self.book.clock.now();
        let opening = Opening { at, change, actor, intent, plan, reason, seen, key: None };
        self.write(Writing::Open(Box::new(opening))).await?;
        *next = change.next();
        Ok(change)
    }

    pub(crate) async fn close_change(&self, change: ChangeId, closing: Closing) -> Result<(), StoreError> {
        let (at, by) = (self.book.clock.now(), Actor::Engine);
        self.write(Writing::Close { at, change, by, closing }).await
    }

    async fn write(&self, writing: Writing) -> Result<(), StoreError> {
        for entry in self.book.store.write(vec![writing]).await? {
            self.publish(entry);
        }
        Ok(())
    }

    /// Sets a switch's state where the ledger does not say it: after a start, the first good reading of a switch that
    /// was never lost.
    pub(crate) fn set_switch_state(&self, switch: SwitchId, state: SwitchState) {
        let mut current = self.book.current.write().unwrap_or_else(PoisonError::into_inner);
        let deltas = Arc::make_mut(&mut current).topology.set_switch_state(switch, state);
        if deltas.contains(&Delta::Switch(switch)) {
            self.book.tell(Happening::Switch(switch, state));
        }
    }

    /// The lock on the picture is held while listeners are told, so that [`Book::watch`] has no gap.
    fn publish(&self, entry: Entry) {
        let mut current = self.book.current.write().unwrap_or_else(PoisonError::into_inner);
        let snapshot = Arc::make_mut(&mut current);
        snapshot.topology.apply(&entry);
        snapshot.seq = entry.seq;
        self.book.tell(Happening::Entry(Arc::new(entry)));
    }
}
