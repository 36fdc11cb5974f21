//! The part of the picture that an intent is about.
//!
//! Whoever planned on a picture that is no longer true needs to see what is true now, but not of the whole rack.

use crate::ids::{FunctionId, HostId, Seq};
use crate::intent::Intent;
use crate::places::Places;
use crate::topology::{OpenChange, Topology};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A part of the picture: planning the intent that it was taken for gives on it what it gives on the whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The intent's functions, the hosts that have them, shall have them or are wished to have them, by whichever cable,
    /// everything on those hosts, and the open changes that concern any of it.
    pub topology: Topology,
    /// The last ledger entry in it.
    pub seq: Seq,
}

impl Excerpt {
    /// The part of a topology that an intent is about. Costs what that part holds, what is open, and a look at each host.
    pub fn of(topology: &Topology, places: &Places, seq: Seq, intent: &Intent) -> Self {
        let named: BTreeSet<FunctionId> = intent.functions().collect();
        let hosts = hosts_of(topology, &named, intent);
        let there = hosts.iter().flat_map(|&host| places.of_host(host));
        let functions: BTreeSet<FunctionId> = named.iter().copied().chain(there).collect();
        let mut part = Topology { generation: topology.generation, ..Topology::default() };
        part.hosts.extend(hosts.iter().filter_map(|id| Some((*id, topology.hosts.get(id)?.clone()))));
        for id in &functions {
            let Some(function) = topology.functions.get(id) else { continue };
            part.functions.insert(*id, function.clone());
            part.drift.extend(topology.drift.get(id).map(|drift| (*id, *drift)));
            part.adapters.extend(topology.adapter_of(function).map(|adapter| (adapter.id, adapter.clone())));
        }
        let switches = part.hosts.values().map(|host| host.switch);
        let switches: BTreeSet<_> = switches.chain(part.adapters.values().map(|a| a.switch)).collect();
        part.switches
            .extend(switches.iter().filter_map(|id| Some((*id, topology.switches.get(id)?.clone()))));
        let open = topology.open.values().filter(|open| concerns(open, &functions, &hosts));
        part.open.extend(open.map(|open| (open.id, open.clone())));
        Self { topology: part, seq }
    }

    /// Adds the hosts of an older picture that this part does not have: not to plan on, but so that what it says of
    /// where something was has a name.
    pub fn name_hosts_from(&mut self, older: &Topology) {
        for (id, host) in &older.hosts {
            self.topology.hosts.entry(*id).or_insert_with(|| host.clone());
        }
    }
}

/// The hosts that an intent names or takes something from, and the other cables of those servers: a move may end there,
/// and what a server keeps it may have by any of them.
fn hosts_of(topology: &Topology, named: &BTreeSet<FunctionId>, intent: &Intent) -> BTreeSet<HostId> {
    let targets = intent.moves.iter().filter_map(|one| one.to);
    let at = |id: &FunctionId| [topology.functions.get(id).and_then(|f| f.assigned), topology.wish(*id)];
    let homes = named.iter().flat_map(at).flatten().map(|at| at.host);
    let servers = targets.chain(homes).filter_map(|id| topology.hosts.get(&id));
    let servers: BTreeSet<&str> = servers.map(|host| host.name.as_str()).collect();
    let cables = topology.hosts.values().filter(|host| servers.contains(host.name.as_str()));
    cables.map(|host| host.id).collect()
}

fn concerns(open: &OpenChange, functions: &BTreeSet<FunctionId>, hosts: &BTreeSet<HostId>) -> bool {
    open.plan.functions().any(|id| functions.contains(&id))
        || open.plan.steps.iter().any(|step| hosts.contains(&step.place.host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, *};

    #[test]
    fn an_excerpt_has_the_hosts_and_all_that_is_on_them_and_nothing_else() {
        let mut t = fixture::topology();
        assign(&mut t, NIC_VF2, HOST_B, 3, 0);
        assign(&mut t, NIC_VF3, HOST_DOWN, 0, 0);
        let intent = Intent::single(NIC_VF1, Some(HOST_B));
        let mut part = Excerpt::of(&t, &Places::of(&t), Seq::new(7), &intent);
        assert_eq!((part.seq, part.topology.generation), (Seq::new(7), t.generation));
        let ids = |t: &Topology| (t.hosts.keys().copied().collect(), t.functions.keys().copied().collect());
        let (hosts, functions): (Vec<_>, Vec<_>) = ids(&part.topology);
        assert_eq!((hosts, functions), (vec![HOST_A, HOST_B], vec![NIC_VF1, NIC_VF2]));
        assert_eq!(part.topology.adapters.keys().copied().collect::<Vec<_>>(), [NIC]);
        part.name_hosts_from(&t);
        assert_eq!(part.topology.host_name(HOST_DOWN), "gpu-01");
        assert_eq!(part.topology.functions.len(), 2);
    }
}
