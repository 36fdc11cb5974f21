//! What is where: the index that rules and plans look things up in.
//!
//! It says nothing that the topology does not say too. Whoever plans once builds it on the way; the engine keeps one
//! beside its topology, so that a plan costs what it touches and not what the rack holds.

use crate::fold::Delta;
use crate::ids::{ChangeId, FunctionId, HostId};
use crate::topology::{Assignment, OpenChange, Place, Topology};
use crate::{LogicalPort, SwitchId};
use std::collections::{BTreeMap, BTreeSet};

/// What is on every logical port, and what open changes have taken for themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    assigned: BTreeMap<FunctionId, Assignment>,
    /// Ordered by function number.
    contents: BTreeMap<Place, BTreeSet<(u8, FunctionId)>>,
    in_flight: BTreeMap<FunctionId, ChangeId>,
    reserved: BTreeMap<Place, ChangeId>,
    /// How many open changes concern each switch.
    waiting: BTreeMap<SwitchId, usize>,
    /// What each open change holds, to let go of when it ends.
    held: BTreeMap<ChangeId, Holding>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Holding {
    functions: Vec<FunctionId>,
    places: Vec<Place>,
    switches: Vec<SwitchId>,
}

impl Places {
    /// Reads a whole topology.
    pub fn of(topology: &Topology) -> Self {
        let mut places = Self::default();
        for function in topology.functions.values() {
            places.put(function.id, function.assigned);
        }
        for open in topology.open.values() {
            places.open(open);
        }
        places
    }

    /// Follows what an entry changed in the topology, as [`Topology::apply`] told it.
    pub fn follow(&mut self, topology: &Topology, deltas: &[Delta]) {
        for delta in deltas {
            match delta {
                Delta::Structure => *self = Self::of(topology),
                Delta::Assigned(id) => self.put(*id, topology.functions.get(id).and_then(|f| f.assigned)),
                Delta::Opened(id) => {
                    if let Some(open) = topology.open.get(id) {
                        self.open(open);
                    }
                }
                Delta::Closed(id) => self.close(*id),
                Delta::Drifted(_)
                | Delta::Switch(_)
                | Delta::HostLink(_)
                | Delta::AdapterLink(_)
                | Delta::Health(_) => {}
            }
        }
    }

    fn put(&mut self, function: FunctionId, at: Option<Assignment>) {
        if let Some(old) = self.assigned.remove(&function)
            && let Some(here) = self.contents.get_mut(&old.place())
        {
            here.remove(&(old.number, function));
            if here.is_empty() {
                self.contents.remove(&old.place());
            }
        }
        if let Some(at) = at {
            self.assigned.insert(function, at);
            self.contents.entry(at.place()).or_default().insert((at.number, function));
        }
    }

    fn open(&mut self, open: &OpenChange) {
        let functions: Vec<_> = open.plan.functions().collect();
        let places: Vec<_> = open.plan.steps.iter().map(|step| step.place).collect();
        self.in_flight.extend(functions.iter().map(|&f| (f, open.id)));
        self.reserved.extend(places.iter().map(|&p| (p, open.id)));
        let switches = open.plan.switches.clone();
        for &switch in &switches {
            *self.waiting.entry(switch).or_default() += 1;
        }
        self.held.insert(open.id, Holding { functions, places, switches });
    }

    fn close(&mut self, change: ChangeId) {
        let Some(Holding { functions, places, switches }) = self.held.remove(&change) else { return };
        for switch in switches {
            match self.waiting.get_mut(&switch) {
                Some(waiting) if *waiting > 1 => *waiting -= 1,
                _ => {
                    self.waiting.remove(&switch);
                }
            }
        }
        for function in functions {
            self.in_flight.remove(&function);
        }
        for place in places {
            self.reserved.remove(&place);
        }
    }

    /// The functions on a logical port, in order of their function number.
    pub fn on(&self, place: Place) -> impl Iterator<Item = FunctionId> {
        self.contents.get(&place).into_iter().flat_map(|here| here.iter().map(|&(_, id)| id))
    }

    /// The functions a host has, in order of logical port and function number.
    pub fn of_host(&self, host: HostId) -> impl Iterator<Item = FunctionId> {
        let place = |port| Place { host, logical_port: LogicalPort(port) };
        self.contents.range(place(0)..=place(u8::MAX)).flat_map(|(_, here)| here.iter().map(|&(_, id)| id))
    }

    /// The open change that a function is part of, if any.
    pub fn change_in_flight(&self, function: FunctionId) -> Option<ChangeId> {
        self.in_flight.get(&function).copied()
    }

    /// The open change that will use a logical port, if any.
    pub fn reserved(&self, place: Place) -> Option<ChangeId> {
        self.reserved.get(&place).copied()
    }

    /// How many open changes concern a switch.
    pub fn waiting_for(&self, switch: SwitchId) -> usize {
        self.waiting.get(&switch).copied().unwrap_or(0)
    }
}
