//! The rules: which intents can become plans.
//!
//! The same code decides which hosts light up under a dragged function and what the server accepts.

use crate::ids::{FunctionId, HostId};
use crate::intent::{Intent, MOVES_MAX, Move};
use crate::refusal::Refusal;
use crate::topology::{Adapter, Assignment, Function, Host, Place, SwitchState, Topology};
use crate::{LogicalPort, SwitchId};
use std::collections::BTreeSet;

/// Whether an intent can become a plan on this topology.
///
/// # Errors
/// The first rule it breaks, with the names for the sentence.
pub fn check(topology: &Topology, intent: &Intent) -> Result<(), Refusal> {
    resolve(topology, intent).map(|_| ())
}

/// A move that passed every rule, with its logical port chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) function: FunctionId,
    pub(crate) from: Option<Assignment>,
    pub(crate) to: Option<Target>,
}

/// The logical port chosen for a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) place: Place,
    /// Free now; otherwise it becomes free when the functions on it have left under the same plan.
    pub(crate) free_now: bool,
}

/// Checks every rule and chooses a logical port for every move, in the order of the intent.
pub(crate) fn resolve(topology: &Topology, intent: &Intent) -> Result<Vec<Resolved>, Refusal> {
    check_size(intent)?;
    check_each_once(topology, intent)?;
    let mut switch = None;
    for wanted in &intent.moves {
        check_move(topology, wanted)?;
        check_one_switch(topology, wanted, &mut switch)?;
    }
    choose_ports(topology, intent)
}

fn check_size(intent: &Intent) -> Result<(), Refusal> {
    match intent.moves.len() {
        0 => Err(Refusal::Empty),
        moves if moves > MOVES_MAX => Err(Refusal::TooMany { moves }),
        _ => Ok(()),
    }
}

fn check_each_once(topology: &Topology, intent: &Intent) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    match intent.moves.iter().find(|m| !seen.insert(m.function)) {
        Some(twice) => Err(Refusal::Twice { function: twice.function, name: topology.label(twice.function) }),
        None => Ok(()),
    }
}

/// The rules that look at one move alone.
fn check_move(topology: &Topology, wanted: &Move) -> Result<(), Refusal> {
    let function = topology.function(wanted.function)?;
    let adapter =
        topology.adapter_of(function).ok_or(Refusal::UnknownFunction { function: wanted.function })?;
    check_switch_ready(topology, adapter.switch)?;
    check_not_in_flight(topology, function)?;
    match wanted.to {
        None if function.assigned.is_none() => {
            Err(Refusal::AlreadyFree { function: function.id, name: topology.label(function.id) })
        }
        None => Ok(()),
        Some(host) => check_assign(topology, function, adapter, topology.host(host)?),
    }
}

fn check_switch_ready(topology: &Topology, id: SwitchId) -> Result<(), Refusal> {
    let switch_name = || switch_name(topology, id);
    match topology.switches.get(&id).map(|switch| switch.state) {
        Some(SwitchState::Ready) => Ok(()),
        Some(SwitchState::Connecting) => Err(Refusal::SwitchUnread { switch_name: switch_name() }),
        Some(SwitchState::Unreachable) | None => Err(Refusal::SwitchAway { switch_name: switch_name() }),
    }
}

/// A function is in flight too when it shares its logical port with one that is: the port is unbound as a whole.
fn check_not_in_flight(topology: &Topology, function: &Function) -> Result<(), Refusal> {
    match topology.change_in_flight(function.id) {
        Some(change) => {
            Err(Refusal::InFlight { function: function.id, name: topology.label(function.id), change })
        }
        None => Ok(()),
    }
}

fn check_assign(
    topology: &Topology,
    function: &Function,
    adapter: &Adapter,
    host: &Host,
) -> Result<(), Refusal> {
    let name = || topology.label(function.id);
    if host.switch != adapter.switch {
        return Err(Refusal::OtherSwitch {
            function: function.id,
            name: name(),
            switch_name: switch_name(topology, adapter.switch),
            host_name: host.name.clone(),
            host_switch_name: switch_name(topology, host.switch),
        });
    }
    if function.assigned.is_some_and(|a| a.host == host.id) {
        let host_name = host.name.clone();
        return Err(Refusal::AlreadyThere { function: function.id, name: name(), host_name });
    }
    if !host.link.up {
        return Err(Refusal::CableDown { host: host.id, host_name: host.name.clone(), port: host.port.0 });
    }
    let (adapter_name, slot) = (adapter.name.clone(), adapter.slot.0);
    if !adapter.present {
        return Err(Refusal::AdapterAbsent { function: function.id, name: name(), adapter_name, slot });
    }
    if !adapter.link.up {
        return Err(Refusal::SlotDown { function: function.id, name: name(), adapter_name, slot });
    }
    Ok(())
}

fn check_one_switch(topology: &Topology, wanted: &Move, seen: &mut Option<SwitchId>) -> Result<(), Refusal> {
    let switch = topology.function(wanted.function).ok().and_then(|f| topology.switch_of(f));
    match (*seen, switch) {
        (Some(one), Some(other)) if one != other => Err(Refusal::SeveralSwitches {
            switch_name: switch_name(topology, one),
            other_name: switch_name(topology, other),
        }),
        (None, found) => {
            *seen = found;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn switch_name(topology: &Topology, id: SwitchId) -> String {
    topology.switches.get(&id).map_or_else(|| format!("switch {id}"), |switch| switch.name.clone())
}

/// The lowest free logical port for every move; where a host has none free, one that the same intent frees.
fn choose_ports(topology: &Topology, intent: &Intent) -> Result<Vec<Resolved>, Refusal> {
    let mut ports = Ports::read(topology, intent);
    intent
        .moves
        .iter()
        .map(|wanted| {
            let from = topology.function(wanted.function)?.assigned;
            let to = match wanted.to {
                Some(host) => Some(ports.take(topology.host(host)?)?),
                None => None,
            };
            Ok(Resolved { function: wanted.function, from, to })
        })
        .collect()
}

/// Which logical ports are taken now, reserved by open changes, or freed by this intent.
struct Ports {
    taken: BTreeSet<Place>,
    freed: BTreeSet<Place>,
}

impl Ports {
    fn read(topology: &Topology, intent: &Intent) -> Self {
        let moving: BTreeSet<FunctionId> = intent.moves.iter().map(|m| m.function).collect();
        let mut taken: BTreeSet<Place> =
            topology.open.values().flat_map(|open| &open.plan.steps).map(|step| step.place).collect();
        let reserved = taken.clone();
        let mut stays = BTreeSet::new();
        let mut leaves = BTreeSet::new();
        for function in topology.functions.values() {
            let Some(place) = function.assigned.map(Assignment::place) else { continue };
            taken.insert(place);
            let side = if moving.contains(&function.id) { &mut leaves } else { &mut stays };
            side.insert(place);
        }
        let freed = leaves.into_iter().filter(|p| !stays.contains(p) && !reserved.contains(p)).collect();
        Self { taken, freed }
    }

    fn take(&mut self, host: &Host) -> Result<Target, Refusal> {
        let places =
            || (0..host.logical_ports).map(|port| Place { host: host.id, logical_port: LogicalPort(port) });
        if let Some(place) = places().find(|place| !self.taken.contains(place)) {
            self.taken.insert(place);
            return Ok(Target { place, free_now: true });
        }
        match places().find(|place| self.freed.contains(place)) {
            Some(place) => {
                self.freed.remove(&place);
                Ok(Target { place, free_now: false })
            }
            None => Err(Refusal::HostFull {
                host: host.id,
                host_name: host.name.clone(),
                logical_ports: host.logical_ports,
            }),
        }
    }
}

/// The logical port a single function would get on a host, for showing it before the drop.
///
/// # Errors
/// The rule that refuses it.
pub fn port_for(topology: &Topology, function: FunctionId, host: HostId) -> Result<LogicalPort, Refusal> {
    let resolved = resolve(topology, &Intent::single(function, Some(host)))?;
    let target = resolved.first().and_then(|r| r.to).ok_or(Refusal::Empty)?;
    Ok(target.place.logical_port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, *};
    use crate::plan::plan;
    use crate::topology::OpenChange;
    use crate::{AdapterId, ChangeId};

    fn refusal(topology: &Topology, moves: &[(FunctionId, Option<HostId>)]) -> &'static str {
        let intent = Intent { moves: moves.iter().map(|&(function, to)| Move { function, to }).collect() };
        check(topology, &intent).expect_err("must be refused").code()
    }

    #[test]
    fn each_rule_refuses_with_its_own_code() {
        let t = fixture::topology();
        assert_eq!(refusal(&t, &[]), "empty");
        assert_eq!(refusal(&t, &[(FunctionId::new(999), Some(HOST_A))]), "unknown_function");
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HostId::new(999)))]), "unknown_host");
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_A)), (NIC_VF2, Some(HOST_B))]), "twice");
        assert_eq!(refusal(&t, &[(NIC_VF1, Some(HOST_A))]), "already_there");
        assert_eq!(refusal(&t, &[(NIC_VF2, None)]), "already_free");
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_DOWN))]), "cable_down");
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_FULL))]), "host_full");
        assert_eq!(refusal(&t, &vec![(NIC_VF2, None); MOVES_MAX + 1]), "too_many");
    }

    #[test]
    fn an_absent_or_unlinked_adapter_refuses_assignment_but_not_release() {
        let mut t = fixture::topology();
        t.adapters.get_mut(&NIC).expect("in the fixture").link =
            crate::Link::full(8, crate::Rate::Gen4).lost();
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_A))]), "slot_down");
        assert_eq!(check(&t, &Intent::single(NIC_VF1, None)), Ok(()));
        t.adapters.get_mut(&NIC).expect("in the fixture").present = false;
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_A))]), "adapter_absent");
    }

    #[test]
    fn a_switch_that_is_away_or_unread_refuses() {
        let mut t = fixture::topology();
        t.switches.get_mut(&SWITCH).expect("in the fixture").state = SwitchState::Unreachable;
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_A))]), "switch_away");
        t.switches.get_mut(&SWITCH).expect("in the fixture").state = SwitchState::Connecting;
        assert_eq!(refusal(&t, &[(NIC_VF1, None)]), "switch_unread");
    }

    #[test]
    fn functions_stay_on_their_switch() {
        let mut t = fixture::topology();
        let other = SwitchId::new(2);
        t.switches.insert(other, crate::Switch { id: other, ..t.switches[&SWITCH].clone() });
        t.hosts.get_mut(&HOST_B).expect("in the fixture").switch = other;
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_B))]), "other_switch");
        let far = AdapterId::new(77);
        t.adapters.insert(far, Adapter { id: far, switch: other, ..t.adapters[&NIC].clone() });
        t.functions.get_mut(&NIC_VF3).expect("in the fixture").adapter = far;
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_A)), (NIC_VF3, Some(HOST_B))]), "several_switches");
    }

    #[test]
    fn a_function_in_flight_is_refused_and_its_new_port_is_reserved() {
        let mut t = fixture::topology();
        let first = plan(&t, &Intent::single(NIC_VF2, Some(HOST_B))).expect("allowed");
        let target = first.steps[0].place;
        let id = ChangeId::new(5);
        t.open.insert(id, OpenChange { id, plan: first });
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_A))]), "in_flight");
        let port = port_for(&t, NIC_VF3, HOST_B).expect("another port is free");
        assert_ne!(port, target.logical_port);
    }

    #[test]
    fn two_full_hosts_can_swap() {
        let t = fixture::topology();
        let mine = t.functions_of_host(HOST_FULL)[0].id;
        let swap = Intent {
            moves: vec![
                Move { function: NIC_VF1, to: Some(HOST_FULL) },
                Move { function: mine, to: Some(HOST_A) },
            ],
        };
        let resolved = resolve(&t, &swap).expect("the port freed by the swap is used");
        assert!(resolved.iter().any(|r| r.to.is_some_and(|to| !to.free_now)));
    }
}
