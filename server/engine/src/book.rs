//! The book: the picture as everybody sees it, and everything that happens to it, in one order.
//!
//! Only the scribe writes (see `scribe`): an entry is durable first, then folded into the picture, then told to whoever
//! listens. The picture and what is told change under one lock, so nobody ever sees them disagree or out of order.

use patchbay_domain::reconcile::changed_links;
use patchbay_domain::{
    ChangeId, Delta, Entry, Event, Generation, Intent, Link, Observation, PhysicalPort, Places, Plan,
    Refusal, Seq, StepProgress, Subject, SwitchId, SwitchState, Topology, Vitals, plan_with,
};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard};
use tokio::sync::{Notify, broadcast, oneshot};

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
    /// The open changes whose first step was sent. The others wait and can be cancelled.
    pub begun: BTreeSet<ChangeId>,
    /// Why nothing can be written down right now, as a sentence; none when all is well.
    pub trouble: Option<String>,
}

/// The end of a change.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The entry that closes it.
    pub entry: Arc<Entry>,
    /// The generation it left behind: what who waited for it has seen.
    pub generation: Generation,
}

/// Something a listener is told.
#[derive(Clone, Debug)]
pub enum Happening {
    /// An entry was written.
    Entry(Arc<Entry>),
    /// A step of a running change goes on.
    Step(StepProgress),
    /// The first step of a change is being sent: it can no longer be cancelled.
    Begun(ChangeId),
    /// A switch's state; no entry says it.
    Switch(SwitchId, SwitchState),
    /// The links of some of its ports; no entry says them.
    Links(SwitchId, Arc<[(PhysicalPort, Link)]>),
    /// How often an open trouble came so far.
    Counted(Subject, u32),
    /// How a switch is; none when it does not answer.
    Vitals(SwitchId, Option<Arc<Vitals>>),
    /// Nothing can be written down, and why; or none, when it can again.
    Trouble(Option<String>),
}

/// A listener's end.
pub type Happenings = broadcast::Receiver<Happening>;

/// The shared book; clones are the same book.
#[derive(Clone)]
pub(crate) struct Book(Arc<Inner>);

struct Inner {
    current: RwLock<Current>,
    told: broadcast::Sender<Happening>,
    /// A switch answers, or no longer. Wakes in the order of waiting, so that a simulation is the same every time.
    states: Notify,
    /// Who waits for the end of which change.
    ends: Mutex<BTreeMap<ChangeId, Vec<oneshot::Sender<Ended>>>>,
}

/// The picture is written in place; a copy is made only for whoever asks, and kept until the next writing.
struct Current {
    live: Snapshot,
    /// Where everything is, for plans that nobody asks to be carried out.
    places: Places,
    copy: Option<Arc<Snapshot>>,
}

impl Current {
    fn copy(&mut self) -> Arc<Snapshot> {
        Arc::clone(self.copy.get_or_insert_with(|| Arc::new(self.live.clone())))
    }

    /// Folds an entry into the picture.
    fn fold(&mut self, entry: &Entry) {
        let live = self.change();
        let deltas = live.topology.apply(entry);
        live.seq = entry.seq;
        if let Event::ChangeClosed { change, .. } = &entry.event {
            live.begun.remove(change);
        }
        self.places.follow(&self.live.topology, &deltas);
    }

    /// The picture, to be changed.
    fn change(&mut self) -> &mut Snapshot {
        self.copy = None;
        &mut self.live
    }
}

impl Book {
    /// A book that begins with this picture.
    pub(crate) fn new(topology: Topology, seq: Seq) -> Self {
        let (vitals, begun, trouble) = (BTreeMap::new(), BTreeSet::new(), None);
        let places = Places::of(&topology);
        let live = Snapshot { topology, seq, vitals, begun, trouble };
        let (told, _) = broadcast::channel(HAPPENINGS_MAX);
        let current = RwLock::new(Current { live, places, copy: None });
        Self(Arc::new(Inner { current, told, states: Notify::new(), ends: Mutex::default() }))
    }

    fn write(&self) -> RwLockWriteGuard<'_, Current> {
        self.0.current.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of the picture.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.write().copy()
    }

    /// Looks something up in the picture without copying it.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&Snapshot) -> T) -> T {
        at(&self.0.current.read().unwrap_or_else(PoisonError::into_inner).live)
    }

    /// Plans an intent on the picture as it is now, without copying it.
    pub(crate) fn plan(&self, intent: &Intent) -> Result<Plan, Refusal> {
        let current = self.0.current.read().unwrap_or_else(PoisonError::into_inner);
        plan_with(&current.live.topology, &current.places, intent)
    }

    pub(crate) fn watch(&self) -> (Arc<Snapshot>, Happenings) {
        let mut current = self.write();
        (current.copy(), self.0.told.subscribe())
    }

    /// Waits for the end of a change that is open now; none for one that is not.
    pub(crate) fn end_of(&self, change: ChangeId) -> Option<oneshot::Receiver<Ended>> {
        // The lock on the picture keeps the change from ending in between.
        let current = self.0.current.read().unwrap_or_else(PoisonError::into_inner);
        if !current.live.topology.open.contains_key(&change) {
            return None;
        }
        let (sender, end) = oneshot::channel();
        let mut ends = self.0.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = ends.entry(change).or_default();
        // Who has lost patience does not wait any more.
        waiting.retain(|sender| !sender.is_closed());
        waiting.push(sender);
        Some(end)
    }

    /// Folds an entry that is durable now into the picture, and tells listeners. The lock on the picture is held
    /// meanwhile, so that [`Book::watch`] has no gap.
    pub(crate) fn publish(&self, entry: Entry) -> Arc<Entry> {
        let entry = Arc::new(entry);
        let mut current = self.write();
        current.fold(&entry);
        if let Event::ChangeClosed { change, .. } = &entry.event {
            let ended = Ended { entry: Arc::clone(&entry), generation: current.live.topology.generation };
            let ends = self.0.ends.lock().unwrap_or_else(PoisonError::into_inner).remove(change);
            for waiting in ends.into_iter().flatten() {
                let _ = waiting.send(ended.clone());
            }
        }
        self.tell(Happening::Entry(Arc::clone(&entry)));
        if matches!(entry.event, Event::Discovered { .. }) {
            // A switch that is discovered is ready by that.
            self.0.states.notify_waiters();
        }
        entry
    }

    /// Shows that the first step of a change is being sent.
    pub(crate) fn begin(&self, change: ChangeId) {
        let mut current = self.write();
        current.change().begun.insert(change);
        self.tell(Happening::Begun(change));
    }

    /// Tells listeners about a step in flight.
    pub(crate) fn tell_step(&self, progress: StepProgress) {
        self.tell(Happening::Step(progress));
    }

    /// Shows how a switch is, and tells listeners if that is something new.
    pub(crate) fn set_vitals(&self, switch: SwitchId, vitals: Option<Vitals>) {
        let mut current = self.write();
        if current.live.vitals.get(&switch).map(Arc::as_ref) == vitals.as_ref() {
            return;
        }
        let vitals = vitals.map(Arc::new);
        let shown = &mut current.change().vitals;
        match &vitals {
            Some(vitals) => shown.insert(switch, Arc::clone(vitals)),
            None => shown.remove(&switch),
        };
        self.tell(Happening::Vitals(switch, vitals));
    }

    /// Shows the links that were read, and tells listeners of those that changed.
    pub(crate) fn set_links(&self, switch: SwitchId, seen: &Observation) {
        let mut current = self.write();
        let links = changed_links(&current.live.topology, switch, seen);
        if !links.is_empty() {
            current.change().topology.set_links(switch, &links);
            self.tell(Happening::Links(switch, links.into()));
        }
    }

    /// Shows how often open troubles came so far, and tells listeners of what changed.
    pub(crate) fn count(&self, counts: &[(Subject, u32)]) {
        let mut current = self.write();
        for &(subject, times) in counts {
            let known = current.live.topology.health.get(&subject).map(|raised| raised.times);
            if known.is_some_and(|known| known != times) {
                current.change().topology.count_trouble(subject, times);
                self.tell(Happening::Counted(subject, times));
            }
        }
    }

    /// Shows whether a switch answers, and tells listeners if that is something new.
    pub(crate) fn set_switch_state(&self, switch: SwitchId, state: SwitchState) {
        let mut current = self.write();
        if current.live.topology.switches.get(&switch).is_none_or(|known| known.state == state) {
            return;
        }
        let deltas = current.change().topology.set_switch_state(switch, state);
        if deltas.contains(&Delta::Switch(switch)) {
            self.tell(Happening::Switch(switch, state));
            self.0.states.notify_waiters();
        }
    }

    /// Waits until all of these switches were read in this run, and what was read is in the picture.
    pub(crate) async fn read(&self, switches: &[SwitchId]) {
        let is_ready = |now: &Snapshot, switch| {
            now.topology.switches.get(switch).is_some_and(|s| s.state == SwitchState::Ready)
        };
        loop {
            let mut changed = pin!(self.0.states.notified());
            // Before looking, so that nothing is missed in between.
            changed.as_mut().enable();
            if self.look(|now| switches.iter().all(|switch| is_ready(now, switch))) {
                return;
            }
            changed.await;
        }
    }

    /// Shows that nothing can be written down, or that it can again.
    pub(crate) fn set_trouble(&self, trouble: Option<String>) {
        let mut current = self.write();
        if current.live.trouble != trouble {
            current.change().trouble.clone_from(&trouble);
            self.tell(Happening::Trouble(trouble));
        }
    }

    /// A listener that is gone is no error: nobody has to listen.
    fn tell(&self, happening: Happening) {
        let _ = self.0.told.send(happening);
    }
}
