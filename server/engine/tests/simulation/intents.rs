//! What people may ask for, decided on the board that they look at.

use crate::world::State;
use patchbay_domain::*;
use patchbay_engine::Snapshot;
use std::collections::BTreeSet;

/// Something to ask for; none where there is nothing of the kind that chance chose.
pub fn intent(state: &mut State, who: usize, board: &Snapshot) -> Option<Intent> {
    let topology = &board.topology;
    if state.people[who].hurried && state.dice.chance(900) {
        return one_more(state, topology);
    }
    match state.dice.below(12) {
        0..=4 => moves(state, topology),
        5 => swap(state, topology),
        6 => share(state, topology),
        7 => drifted(state, topology),
        8 => restore(state, topology, board.seq),
        _ => back(state, who, topology),
    }
}

fn functions(topology: &Topology) -> Vec<FunctionId> {
    topology.functions.keys().copied().collect()
}

/// A host on the same switch as a function.
fn host(state: &mut State, topology: &Topology, function: FunctionId) -> Option<HostId> {
    let switch = topology.switch_of(topology.functions.get(&function)?)?;
    let hosts: Vec<_> = topology.hosts.values().filter(|h| h.switch == switch).map(|h| h.id).collect();
    state.dice.pick(&hosts)
}

/// One function that nobody is moving, to wherever it is not.
fn one_more(state: &mut State, topology: &Topology) -> Option<Intent> {
    let idle: Vec<_> =
        topology.functions.keys().copied().filter(|f| topology.change_in_flight(*f).is_none()).collect();
    let function = state.dice.pick(&idle)?;
    let to = match topology.functions[&function].assigned {
        Some(_) => None,
        None => host(state, topology, function),
    };
    Some(Intent::single(function, to))
}

/// One to four moves or releases, on any switches.
fn moves(state: &mut State, topology: &Topology) -> Option<Intent> {
    let mut named = BTreeSet::new();
    let mut moves = Vec::new();
    for _ in 0..state.dice.between(1, 4) {
        let function = state.dice.pick(&functions(topology))?;
        if !named.insert(function) {
            continue;
        }
        let assigned = topology.functions[&function].assigned.is_some();
        let to = if assigned && state.dice.chance(400) { None } else { host(state, topology, function) };
        let at = (to.is_some() && state.dice.chance(300)).then(|| {
            // One more than a host has: what people ask for may be wrong.
            let ports = state.switches[0].size.logical_ports + 1;
            LogicalPort(u8::try_from(state.dice.below(ports.into())).expect("small"))
        });
        moves.push(Move { function, to, at });
    }
    Some(Intent::moving(moves))
}

fn swap(state: &mut State, topology: &Topology) -> Option<Intent> {
    let assigned: Vec<_> = topology.functions.values().filter_map(|f| Some((f.id, f.assigned?))).collect();
    let (a, at_a) = state.dice.pick(&assigned)?;
    let (b, at_b) = state.dice.pick(&assigned)?;
    Some(Intent::moving(vec![Move::exact(a, Some(at_b)), Move::exact(b, Some(at_a))]))
}

/// Two functions on one logical port.
fn share(state: &mut State, topology: &Topology) -> Option<Intent> {
    let a = state.dice.pick(&functions(topology))?;
    let b = state.dice.pick(&functions(topology))?;
    let (to, at) = (host(state, topology, a), Some(LogicalPort(0)));
    Some(Intent::moving([a, b].map(|function| Move { function, to, at }).to_vec()))
}

/// Adopts or reverts what has drifted.
fn drifted(state: &mut State, topology: &Topology) -> Option<Intent> {
    let all: Vec<_> = topology.drift.keys().copied().collect();
    let one = state.dice.pick(&all)?;
    let some: BTreeSet<_> = if state.dice.chance(500) { [one].into() } else { all.into_iter().collect() };
    Some(if state.dice.chance(500) { Intent::adopting(some) } else { topology.revert(&some) })
}

fn restore(state: &mut State, topology: &Topology, seq: Seq) -> Option<Intent> {
    let then = state.dice.below(u32::try_from(seq.get()).ok()? + 1);
    let wishes = state.past.get(usize::try_from(then).ok()?)?.clone();
    Some(topology.restore(Seq::new(then.into()), &wishes).0)
}

/// Undoes, tries again or accepts one of their changes.
fn back(state: &mut State, who: usize, topology: &Topology) -> Option<Intent> {
    let change = state.dice.pick(&state.people[who].changes.clone())?;
    let (opened, plan) = state.plans.get(&change)?.clone();
    Some(match state.dice.below(3) {
        0 => plan.undo(change, topology).0,
        1 => plan.retry(change, opened, topology).0,
        _ => plan.accept(change, topology),
    })
}
