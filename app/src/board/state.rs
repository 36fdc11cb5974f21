//! The state behind the board: one topology, and one signal for each thing that can change by itself.
//!
//! Live events are folded into the topology with the same code as on the server; what that changed decides which
//! signals are set. So a move costs a handful of effects, however large the rack is.

use leptos::prelude::*;
use patchbay_api::{LiveEvent, Picture};
use patchbay_domain::{
    AdapterId, Assignment, ChangeId, Delta, Entry, FunctionId, Generation, HostId, Link, OpenChange, Seq,
    SwitchId, SwitchState, Topology, Touches, Vitals,
};
use std::collections::{BTreeMap, BTreeSet};

use super::layout::{Counts, members};
use super::recent::Recent;
use super::run::Runs;

/// After so many changes a host's list is made anew: the keyed list keeps a little memory for each row it ever had.
const LIST_LIFE_CHANGES: u32 = 256;

/// Where a function is, and whether it is on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FunctionState {
    /// Who has it.
    pub assigned: Option<Assignment>,
    /// The change that moves it, with the host it goes to.
    pub flight: Option<(ChangeId, Option<HostId>)>,
}

/// A host's signals.
#[derive(Clone, Debug)]
pub struct HostSignals {
    /// The functions in its card.
    pub members: ArcRwSignal<Vec<FunctionId>>,
    /// Its link.
    pub link: ArcRwSignal<Link>,
    /// Rises when the list of chips shall be made anew.
    pub epoch: ArcRwSignal<u32>,
    changes: u32,
}

#[derive(Clone, Debug, Default)]
struct Signals {
    functions: BTreeMap<FunctionId, ArcRwSignal<FunctionState>>,
    hosts: BTreeMap<HostId, HostSignals>,
    adapters: BTreeMap<AdapterId, ArcRwSignal<Link>>,
    switches: BTreeMap<SwitchId, ArcRwSignal<SwitchState>>,
}

/// What a batch of live events did, for those who hold or watch something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    /// Functions that were moved or are on their way now.
    pub touched: BTreeSet<FunctionId>,
    /// Changes that ended.
    pub closed: Vec<ChangeId>,
    /// Whether a rule may say something else now although no function was touched: a link, a switch, an acceptance.
    pub stirred: bool,
    /// Whether everything was drawn again.
    pub redrawn: bool,
    /// Whether something was missed, so that a new picture is needed.
    pub missed: bool,
}

/// The state of the board.
#[derive(Clone, Copy)]
pub struct BoardState {
    topology: StoredValue<Topology>,
    touches: StoredValue<Touches>,
    /// The entries that came while a new picture is on its way; none while none is.
    meanwhile: StoredValue<Option<Vec<Entry>>>,
    seq: StoredValue<Seq>,
    signals: StoredValue<Signals>,
    /// Rises when hosts, adapters or functions came or went.
    pub structure: RwSignal<u32>,
    /// Rises when a trouble was raised, counted or cleared.
    pub health: RwSignal<u32>,
    /// Rises after every batch of events, when all other signals are set.
    pub drawn: RwSignal<u32>,
    /// The numbers in the footer.
    pub counts: RwSignal<Counts>,
    /// The newest history lines.
    pub recent: RwSignal<Recent>,
    /// How the shown switch is; none while it does not answer.
    pub vitals: RwSignal<Option<Vitals>>,
    /// The changes seen on their way.
    pub runs: RwSignal<Runs>,
    /// The open changes whose first step was sent; the others can be cancelled.
    pub begun: RwSignal<BTreeSet<ChangeId>>,
    /// Why nothing can be written down right now; none when all is well.
    pub trouble: RwSignal<Option<String>>,
    wanted: Option<SwitchId>,
}

impl BoardState {
    /// The state of a picture. `wanted` is the switch to show; the first one when there is none such.
    pub fn new(picture: Picture, wanted: Option<SwitchId>) -> Self {
        let state = Self {
            topology: StoredValue::new(Topology::default()),
            touches: StoredValue::new(Touches::since(Generation::new(0))),
            meanwhile: StoredValue::new(None),
            seq: StoredValue::new(picture.seq),
            signals: StoredValue::new(Signals::default()),
            structure: RwSignal::new(0),
            health: RwSignal::new(0),
            drawn: RwSignal::new(0),
            counts: RwSignal::new(Counts::default()),
            recent: RwSignal::new(Recent::default()),
            vitals: RwSignal::new(None),
            runs: RwSignal::new(Runs::default()),
            begun: RwSignal::new(BTreeSet::new()),
            trouble: RwSignal::new(None),
            wanted,
        };
        state.replace(picture);
        state
    }

    /// A new picture is asked for. False when one is on its way already.
    pub fn look_begins(self) -> bool {
        let idle = self.meanwhile.with_value(Option::is_none);
        if idle {
            self.meanwhile.set_value(Some(Vec::new()));
        }
        idle
    }

    /// The new picture is there, or could not be had. What came while it was on its way is folded in on top of it.
    pub fn look_ends(self, picture: Option<Picture>) -> Happened {
        let kept = self.meanwhile.try_update_value(Option::take).flatten().unwrap_or_default();
        let Some(picture) = picture else { return Happened::default() };
        self.replace(picture);
        self.apply(&kept.into_iter().map(|entry| LiveEvent::Entry(Box::new(entry))).collect::<Vec<_>>())
    }

    /// Takes a whole new picture.
    fn replace(self, mut picture: Picture) {
        self.seq.set_value(picture.seq);
        self.runs.update(|runs| {
            runs.look_again(&picture.topology.open, &picture.recent);
            picture.topology.open.values().for_each(|o| runs.begin(o.id, &o.plan));
        });
        self.recent.set(Recent::new(picture.recent));
        self.touches.set_value(Touches::since(picture.topology.generation));
        self.topology.set_value(picture.topology);
        set_if_new(self.begun, picture.begun);
        set_if_new(self.trouble, picture.trouble);
        let vitals = self.switch().and_then(|id| picture.vitals.remove(&id));
        set_if_new(self.vitals, vitals);
        self.rebuild();
        self.finish();
    }

    /// Reads the topology.
    pub fn with<T>(self, read: impl FnOnce(&Topology) -> T) -> T {
        self.topology.with_value(read)
    }

    /// Reads the topology, and what changed in it since its picture was taken.
    pub fn with_touches<T>(self, read: impl FnOnce(&Topology, &Touches) -> T) -> T {
        self.topology.with_value(|topology| self.touches.with_value(|touches| read(topology, touches)))
    }

    /// The last ledger entry in it.
    pub fn seq(self) -> Seq {
        self.seq.get_value()
    }

    /// The switch that is shown; none while there is none.
    pub fn switch(self) -> Option<SwitchId> {
        self.with(|t| {
            let wanted = self.wanted.filter(|id| t.switches.contains_key(id));
            wanted.or_else(|| t.switches.keys().next().copied())
        })
    }

    /// The signal of a function.
    pub fn function(self, id: FunctionId) -> ArcRwSignal<FunctionState> {
        self.signals.with_value(|s| s.functions.get(&id).cloned()).unwrap_or_default()
    }

    /// The signals of a host; none when it is gone.
    pub fn host(self, id: HostId) -> Option<HostSignals> {
        self.signals.with_value(|s| s.hosts.get(&id).cloned())
    }

    /// The signal of the link between an adapter and its slot; none when it is gone.
    pub fn adapter_link(self, id: AdapterId) -> Option<ArcRwSignal<Link>> {
        self.signals.with_value(|s| s.adapters.get(&id).cloned())
    }

    /// The signal of a switch's state; none when it is gone.
    pub fn switch_state(self, id: SwitchId) -> Option<ArcRwSignal<SwitchState>> {
        self.signals.with_value(|s| s.switches.get(&id).cloned())
    }

    /// Folds live events in, in order.
    pub fn apply(self, events: &[LiveEvent]) -> Happened {
        let mut happened = Happened::default();
        let mut deltas = Vec::new();
        for event in events {
            match event {
                LiveEvent::Entry(entry) => self.take(entry, &mut deltas, &mut happened),
                LiveEvent::Step(progress) => self.runs.update(|runs| runs.step(progress)),
                LiveEvent::Switch { switch, state } => {
                    let found = self.topology.try_update_value(|t| t.set_switch_state(*switch, *state));
                    deltas.extend(found.unwrap_or_default());
                }
                LiveEvent::Links { switch, links } => {
                    let found = self.topology.try_update_value(|t| t.set_links(*switch, links));
                    deltas.extend(found.unwrap_or_default());
                }
                LiveEvent::Counted { subject, times } => {
                    let found = self.topology.try_update_value(|t| t.count_trouble(*subject, *times));
                    deltas.extend(found.unwrap_or_default());
                }
                LiveEvent::Vitals { switch, vitals } => {
                    if self.switch() == Some(*switch) {
                        set_if_new(self.vitals, vitals.clone());
                    }
                }
                LiveEvent::Begun(change) => {
                    self.begun.update(|begun| {
                        begun.insert(*change);
                    });
                }
                LiveEvent::Trouble(trouble) => set_if_new(self.trouble, trouble.clone()),
                LiveEvent::Reset => happened.missed = true,
            }
        }
        self.draw(&deltas, &mut happened);
        happened
    }

    /// Folds one entry in, unless it was folded before. A hole before it means that something was missed.
    fn take(self, entry: &Entry, deltas: &mut Vec<Delta>, happened: &mut Happened) {
        let looking = self.meanwhile.with_value(Option::is_some);
        if looking {
            self.meanwhile.update_value(|kept| kept.iter_mut().for_each(|kept| kept.push(entry.clone())));
        }
        if entry.seq <= self.seq() {
            return;
        }
        if entry.seq != self.seq().next() {
            // When a picture is on its way, it may have what is missing.
            happened.missed |= !looking;
            return;
        }
        self.seq.set_value(entry.seq);
        let closing = entry.event.change().and_then(|c| self.with(|t| t.open.get(&c).map(moved_by)));
        happened.touched.extend(closing.into_iter().flatten());
        self.touches.update_value(|touches| self.with(|t| touches.note(t, entry)));
        let found = self.topology.try_update_value(|t| t.apply(entry)).unwrap_or_default();
        for delta in &found {
            match delta {
                Delta::Opened(change) => {
                    happened
                        .touched
                        .extend(self.with(|t| t.open.get(change).map(moved_by)).into_iter().flatten());
                    let adopts = |open: &OpenChange| !open.plan.adoptions.is_empty();
                    happened.stirred |= self.with(|t| t.open.get(change).is_some_and(adopts));
                }
                Delta::Closed(change) => {
                    happened.stirred = true;
                    self.begun.update(|begun| {
                        begun.remove(change);
                    });
                    happened.closed.push(*change);
                }
                Delta::Assigned(function) => {
                    happened.touched.insert(*function);
                }
                _ => {}
            }
        }
        deltas.extend(found);
        let name = self.with(|t| self.switch().and_then(|id| Some(t.switches.get(&id)?.name.clone())));
        if entry.event.change().is_some() {
            self.runs.update(|runs| {
                runs.entry(entry);
            });
        }
        self.recent.update(|recent| {
            recent.entry(entry, &name.unwrap_or_default());
            self.runs.with_untracked(|runs| recent.settle(runs));
        });
    }

    /// Sets the signals of what changed.
    fn draw(self, deltas: &[Delta], happened: &mut Happened) {
        if deltas.contains(&Delta::Structure) {
            happened.redrawn = true;
            self.rebuild();
        } else {
            self.signals.update_value(|signals| {
                self.with(|t| {
                    deltas.iter().for_each(|delta| signals.follow_state(t, *delta));
                    signals.follow_functions(t, &happened.touched);
                });
            });
        }
        let stirs = |delta: &Delta| {
            matches!(delta, Delta::Switch(_) | Delta::HostLink(_) | Delta::AdapterLink(_) | Delta::Structure)
        };
        happened.stirred |= deltas.iter().any(stirs);
        if deltas.iter().any(|delta| matches!(delta, Delta::Health(_))) {
            self.health.update(|n| *n = n.wrapping_add(1));
        }
        if !deltas.is_empty() {
            self.finish();
        }
    }

    fn rebuild(self) {
        self.signals.set_value(self.with(Signals::of));
        self.structure.update(|n| *n = n.wrapping_add(1));
    }

    fn finish(self) {
        let counts = self.with(|t| self.switch().map(|id| Counts::of(t, id)).unwrap_or_default());
        set_if_new(self.counts, counts);
        self.drawn.update(|n| *n = n.wrapping_add(1));
    }
}

fn moved_by(open: &OpenChange) -> Vec<FunctionId> {
    open.plan.moves.iter().map(|m| m.function).collect()
}

/// Signals notify also when they are set to what they hold.
fn set_if_new<T: PartialEq + Send + Sync + 'static>(
    signal: impl Set<Value = T> + WithUntracked<Value = T>,
    value: T,
) {
    if signal.with_untracked(|now| *now != value) {
        signal.set(value);
    }
}

fn state_of(topology: &Topology, id: FunctionId) -> FunctionState {
    let flight = topology.change_in_flight(id).and_then(|change| {
        let planned = topology.open.get(&change)?.plan.moves.iter().find(|m| m.function == id)?;
        Some((change, planned.to.map(|to| to.host)))
    });
    FunctionState { assigned: topology.functions.get(&id).and_then(|f| f.assigned), flight }
}

impl Signals {
    fn of(topology: &Topology) -> Self {
        let host = |h: &patchbay_domain::Host| HostSignals {
            members: ArcRwSignal::new(members(topology, h.id)),
            link: ArcRwSignal::new(h.link),
            epoch: ArcRwSignal::new(0),
            changes: 0,
        };
        // Inserted one by one: collecting would put a sort for each kind of map into the browser's WASM.
        let mut signals = Self::default();
        for id in topology.functions.keys() {
            signals.functions.insert(*id, ArcRwSignal::new(state_of(topology, *id)));
        }
        for h in topology.hosts.values() {
            signals.hosts.insert(h.id, host(h));
        }
        for a in topology.adapters.values() {
            signals.adapters.insert(a.id, ArcRwSignal::new(a.link));
        }
        for s in topology.switches.values() {
            signals.switches.insert(s.id, ArcRwSignal::new(s.state));
        }
        signals
    }

    fn follow_state(&self, topology: &Topology, delta: Delta) {
        match delta {
            Delta::Switch(id) => {
                if let (Some(signal), Some(switch)) = (self.switches.get(&id), topology.switches.get(&id)) {
                    set_if_new(signal.clone(), switch.state);
                }
            }
            Delta::HostLink(id) => {
                if let (Some(host), Some(now)) = (self.hosts.get(&id), topology.hosts.get(&id)) {
                    set_if_new(host.link.clone(), now.link);
                }
            }
            Delta::AdapterLink(id) => {
                if let (Some(signal), Some(adapter)) = (self.adapters.get(&id), topology.adapters.get(&id)) {
                    set_if_new(signal.clone(), adapter.link);
                }
            }
            Delta::Structure
            | Delta::Assigned(_)
            | Delta::Drifted(_)
            | Delta::Opened(_)
            | Delta::Closed(_)
            | Delta::Health(_) => {}
        }
    }

    /// Brings functions, and the lists of the hosts they were, are or will be on, up to date.
    fn follow_functions(&mut self, topology: &Topology, touched: &BTreeSet<FunctionId>) {
        let mut hosts = BTreeSet::new();
        for id in touched {
            let Some(signal) = self.functions.get(id) else { continue };
            let (before, now) = (signal.get_untracked(), state_of(topology, *id));
            for state in [before, now] {
                hosts.extend(state.assigned.map(|a| a.host));
                hosts.extend(state.flight.and_then(|(_, to)| to));
            }
            set_if_new(signal.clone(), now);
        }
        for id in hosts {
            if let Some(host) = self.hosts.get_mut(&id) {
                host.follow(members(topology, id));
            }
        }
    }
}

impl HostSignals {
    fn follow(&mut self, now: Vec<FunctionId>) {
        set_if_new(self.members.clone(), now);
        self.changes += 1;
        if self.changes.is_multiple_of(LIST_LIFE_CHANGES) {
            self.epoch.update(|epoch| *epoch = epoch.wrapping_add(1));
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
