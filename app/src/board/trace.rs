//! The whole path of one thing: which host, cables, adapter and functions belong together.

use patchbay_domain::{AdapterId, FunctionId, HostId, Topology};
use std::collections::BTreeSet;

use super::walk::Stop;

/// What lights up together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Hosts, with their cables and ports.
    pub hosts: BTreeSet<HostId>,
    /// Adapters, with their slots.
    pub adapters: BTreeSet<AdapterId>,
    /// Functions, wherever they are drawn.
    pub functions: BTreeSet<FunctionId>,
}

impl Trace {
    /// The path through a stop.
    pub fn through(topology: &Topology, stop: Stop) -> Self {
        let mut trace = Self::default();
        match stop {
            Stop::Chip(_, function) | Stop::Cell(function) => trace.add(topology, function),
            Stop::Host(host) => {
                trace.hosts.insert(host);
                topology.functions_of_host(host).iter().for_each(|f| trace.add(topology, f.id));
            }
            Stop::Adapter(adapter) => {
                trace.adapters.insert(adapter);
                let functions = topology.functions_of_adapter(adapter).into_iter();
                functions.filter(|f| f.assigned.is_some()).for_each(|f| trace.add(topology, f.id));
            }
        }
        trace
    }

    fn add(&mut self, topology: &Topology, id: FunctionId) {
        if let Some(function) = topology.functions.get(&id) {
            self.functions.insert(id);
            self.adapters.insert(function.adapter);
            self.hosts.extend(function.assigned.map(|a| a.host));
        }
    }

    /// The CSS selectors of everything on the path.
    pub fn selectors(&self) -> Vec<String> {
        let of =
            |kind: &'static str| move |id: u32| format!("[data-{kind}=\"{id}\"],[data-of=\"{kind}-{id}\"]");
        let hosts = self.hosts.iter().map(|id| id.get()).map(of("host"));
        let adapters = self.adapters.iter().map(|id| id.get()).map(of("adapter"));
        let functions = self.functions.iter().map(|id| format!("[data-function=\"{id}\"]"));
        hosts.chain(adapters).chain(functions).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::{self, *};

    #[test]
    fn a_function_lights_its_host_and_its_adapter_from_both_ends() {
        let t = fixture::topology();
        let chip = Trace::through(&t, Stop::Chip(HOST_A, NIC_VF1));
        assert_eq!(chip, Trace::through(&t, Stop::Cell(NIC_VF1)));
        assert_eq!(chip.hosts, BTreeSet::from([HOST_A]));
        assert_eq!(chip.adapters, BTreeSet::from([NIC]));
        assert_eq!(
            chip.selectors(),
            [
                "[data-host=\"1\"],[data-of=\"host-1\"]",
                "[data-adapter=\"1\"],[data-of=\"adapter-1\"]",
                "[data-function=\"2\"]"
            ]
        );
    }

    #[test]
    fn a_card_lights_everything_it_is_connected_to_and_no_free_function() {
        let t = fixture::topology();
        let nic = Trace::through(&t, Stop::Adapter(NIC));
        assert_eq!(nic.functions, BTreeSet::from([NIC_VF1]));
        assert_eq!(nic.hosts, BTreeSet::from([HOST_A]));
        let empty = Trace::through(&t, Stop::Host(HOST_B));
        assert_eq!(empty.hosts, BTreeSet::from([HOST_B]));
        assert!(empty.functions.is_empty() && empty.adapters.is_empty());
    }
}
