//! How a reading of a switch differs from the topology.
//!
//! The engine reads a switch and asks here what to write into the ledger. Nothing is ever repaired from here: a
//! difference is recorded and shown.

use crate::address::{Link, Pdfid, PhysicalPort};
use crate::ids::{HostId, SwitchId};
use crate::ledger::Difference;
use crate::observation::{BoundAt, Observation, ObservedAdapter};
use crate::topology::{Adapter, Assignment, Function, Topology};
use std::collections::{BTreeMap, BTreeSet};

/// What a reading shows that the topology does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// Ports, adapters, functions, model or firmware differ: the switch has to be discovered anew. The other two
    /// lists are then empty, since the discovery carries everything.
    pub structure: bool,
    /// Ports whose link differs: to be shown, and to be watched for trouble.
    pub links: Vec<(PhysicalPort, Link)>,
    /// Functions bound elsewhere.
    pub differences: Vec<Difference>,
}

impl Reconciliation {
    /// Whether the reading shows what is known.
    pub fn is_empty(&self) -> bool {
        !self.structure && self.links.is_empty() && self.differences.is_empty()
    }
}

/// Compares a reading of a switch with the topology. Functions of open changes are left out: their change reads them
/// back itself.
pub fn reconcile(topology: &Topology, switch: SwitchId, seen: &Observation) -> Reconciliation {
    if !same_structure(topology, switch, seen) {
        return Reconciliation { structure: true, ..Reconciliation::default() };
    }
    let in_flight = topology.in_flight();
    let differences = functions_of(topology, switch)
        .filter(|function| !in_flight.contains(&function.id))
        .filter_map(|function| difference(topology, switch, function, seen))
        .collect();
    Reconciliation { structure: false, links: changed_links(topology, switch, seen), differences }
}

fn functions_of(topology: &Topology, switch: SwitchId) -> impl Iterator<Item = &Function> {
    topology.functions.values().filter(move |f| topology.switch_of(f) == Some(switch))
}

fn difference(
    topology: &Topology,
    switch: SwitchId,
    function: &Function,
    seen: &Observation,
) -> Option<Difference> {
    let found = found_at(topology, switch, function, seen);
    (found != function.assigned).then(|| Difference {
        function: function.id,
        name: topology.label(function.id),
        recorded: function.assigned,
        recorded_name: function.assigned.map(|a| topology.host_name(a.host)),
        found,
        found_name: found.map(|a| topology.host_name(a.host)),
        left_by: None,
    })
}

/// Where a reading has a function, in ids. A binding to a port that is no known host counts as none: that only
/// happens when the structure differs too, and then the switch is discovered anew.
fn found_at(
    topology: &Topology,
    switch: SwitchId,
    function: &Function,
    seen: &Observation,
) -> Option<Assignment> {
    let adapter = topology.adapter_of(function)?;
    let slot = seen.slots.iter().find(|slot| slot.port == adapter.slot)?;
    let read = slot.adapter.as_ref()?.functions.iter().find(|f| f.pdfid == function.pdfid)?;
    let BoundAt { port, logical_port, number } = read.bound?;
    let host = host_on(topology, switch, port)?;
    Some(Assignment { host, logical_port, number })
}

fn host_on(topology: &Topology, switch: SwitchId, port: PhysicalPort) -> Option<HostId> {
    topology.hosts.values().find(|h| h.switch == switch && h.port == port).map(|h| h.id)
}

/// The ports whose link a reading shows otherwise than the topology.
pub fn changed_links(topology: &Topology, switch: SwitchId, seen: &Observation) -> Vec<(PhysicalPort, Link)> {
    let known: BTreeMap<PhysicalPort, Link> = topology
        .hosts
        .values()
        .filter(|h| h.switch == switch)
        .map(|h| (h.port, h.link))
        .chain(adapters_of(topology, switch).filter(|a| a.present).map(|a| (a.slot, a.link)))
        .collect();
    let hosts = seen.host_ports.iter().map(|p| (p.port, p.link));
    let slots = seen.slots.iter().map(|s| (s.port, s.link));
    hosts.chain(slots).filter(|(port, link)| known.get(port).is_some_and(|old| old != link)).collect()
}

fn adapters_of(topology: &Topology, switch: SwitchId) -> impl Iterator<Item = &Adapter> {
    topology.adapters.values().filter(move |a| a.switch == switch)
}

fn same_structure(topology: &Topology, switch: SwitchId, seen: &Observation) -> bool {
    let Some(known) = topology.switches.get(&switch) else { return false };
    known.model == seen.model
        && known.firmware == seen.firmware
        && same_hosts(topology, switch, seen)
        && same_adapters(topology, switch, seen)
}

fn same_hosts(topology: &Topology, switch: SwitchId, seen: &Observation) -> bool {
    let known: BTreeSet<_> =
        topology.hosts.values().filter(|h| h.switch == switch).map(|h| (h.port, h.logical_ports)).collect();
    known == seen.host_ports.iter().map(|p| (p.port, p.logical_ports)).collect()
}

fn same_adapters(topology: &Topology, switch: SwitchId, seen: &Observation) -> bool {
    let read: BTreeMap<PhysicalPort, &ObservedAdapter> =
        seen.slots.iter().filter_map(|s| Some((s.port, s.adapter.as_ref()?))).collect();
    let present: Vec<&Adapter> = adapters_of(topology, switch).filter(|a| a.present).collect();
    present.len() == read.len()
        && present.iter().all(|adapter| {
            read.get(&adapter.slot).is_some_and(|found| {
                found.kind == adapter.kind
                    && found.fingerprint == adapter.fingerprint
                    && same_functions(topology, adapter, found)
            })
        })
}

fn same_functions(topology: &Topology, adapter: &Adapter, found: &ObservedAdapter) -> bool {
    let known: BTreeSet<(u16, Pdfid)> =
        topology.functions.values().filter(|f| f.adapter == adapter.id).map(|f| (f.index, f.pdfid)).collect();
    known == found.functions.iter().map(|f| (f.index, f.pdfid)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, *};
    use crate::intent::Intent;
    use crate::plan::plan;
    use crate::{ChangeId, LogicalPort};

    #[test]
    fn a_reading_of_what_is_known_has_nothing_to_record() {
        let t = fixture::topology();
        assert!(reconcile(&t, SWITCH, &fixture::observation(&t)).is_empty());
    }

    #[test]
    fn a_binding_made_behind_our_back_is_a_difference() {
        let t = fixture::topology();
        let mut moved = t.clone();
        let at = Assignment { host: HOST_B, logical_port: LogicalPort(5), number: 0 };
        moved.functions.get_mut(&NIC_VF2).expect("in the fixture").assigned = Some(at);
        let found = reconcile(&t, SWITCH, &fixture::observation(&moved));
        assert!(!found.structure);
        let [one] = found.differences.as_slice() else { panic!("one difference: {found:?}") };
        assert_eq!((one.function, one.recorded, one.found), (NIC_VF2, None, Some(at)));
        assert_eq!(one.found_name.as_deref(), Some("db-02"));
    }

    #[test]
    fn what_a_change_is_moving_is_left_to_that_change() {
        let mut t = fixture::topology();
        let id = ChangeId::new(1);
        let plan = plan(&t, &Intent::single(NIC_VF1, None)).expect("allowed");
        t.open.insert(id, fixture::open(id, plan));
        let mut halfway = t.clone();
        halfway.functions.get_mut(&NIC_VF1).expect("in the fixture").assigned = None;
        assert!(reconcile(&t, SWITCH, &fixture::observation(&halfway)).is_empty());
    }

    #[test]
    fn a_link_that_changed_is_recorded_and_a_lost_adapter_is_a_discovery() {
        let t = fixture::topology();
        let mut seen = fixture::observation(&t);
        let link = seen.host_ports[0].link.lost();
        seen.host_ports[0].link = link;
        assert_eq!(reconcile(&t, SWITCH, &seen).links, vec![(seen.host_ports[0].port, link)]);
        seen.slots[0].adapter = None;
        assert!(reconcile(&t, SWITCH, &seen).structure);
    }

    #[test]
    fn another_card_with_the_same_functions_in_the_same_slot_is_a_discovery() {
        let t = fixture::topology();
        let mut seen = fixture::observation(&t);
        let card = seen.slots[0].adapter.as_mut().expect("a NIC");
        card.fingerprint.subsystem_device = 2;
        assert!(reconcile(&t, SWITCH, &seen).structure);
    }
}
