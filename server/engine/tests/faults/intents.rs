//! Intents of one to eight moves over both switches.

use crate::dice::Dice;
use patchbay_domain::*;
use std::collections::BTreeSet;

/// The most moves.
const MOVES: u32 = 8;

/// How often chance is asked again when the rules refuse what it came up with.
const TRIES: u32 = 1_000;

/// What an intent is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Assign,
    Move,
    Release,
    /// Two functions get each other's places.
    Swap,
    /// Several functions come to one logical port, or leave it.
    Share,
    /// A function stays on a logical port that another one leaves: it is taken off and put back.
    Stay,
    /// A logical port is named.
    Exact,
    /// Steps on both switches.
    Both,
}

/// What there is in a plan and the intent it was made from.
pub fn kinds(intent: &Intent, plan: &Plan) -> BTreeSet<Kind> {
    let goes = |from: bool, to: bool| {
        plan.moves.iter().any(|m| m.asked && m.from.is_some() == from && m.to.is_some() == to)
    };
    let place = |at: Option<Assignment>| at.map(Assignment::place);
    let swap = plan.moves.iter().any(|a| {
        let back = |b: &PlannedMove| place(b.to) == place(a.from) && place(b.from) == place(a.to);
        a.from.is_some() && a.to.is_some() && place(a.from) != place(a.to) && plan.moves.iter().any(back)
    });
    let there = [
        (Kind::Assign, goes(false, true)),
        (Kind::Move, goes(true, true)),
        (Kind::Release, goes(true, false)),
        (Kind::Swap, swap),
        (Kind::Share, plan.steps.iter().any(|step| step.functions().len() > 1)),
        (Kind::Stay, plan.moves.iter().any(|m| !m.asked)),
        (Kind::Exact, intent.moves.iter().any(|m| m.at.is_some())),
        (Kind::Both, plan.switches.len() > 1),
    ];
    there.into_iter().filter(|(_, is)| *is).map(|(kind, _)| kind).collect()
}

/// An intent of one to eight moves that the rules allow.
pub fn intent(dice: &mut Dice, topology: &Topology) -> Intent {
    let count = usize::try_from(dice.between(1, MOVES)).expect("small");
    let mut moves: Vec<Move> = Vec::new();
    for _ in 0..TRIES {
        let more = some(dice, topology);
        let longer = Intent::moving(moves.iter().copied().chain(more).collect());
        if longer.moves.len() <= count && plan(topology, &longer).is_ok() {
            moves = longer.moves;
        }
        if moves.len() == count {
            return Intent::moving(moves);
        }
    }
    panic!("nothing goes with {moves:?} on {topology:#?}");
}

/// One wish.
fn some(dice: &mut Dice, topology: &Topology) -> Vec<Move> {
    match dice.below(6) {
        0 | 1 => one(dice, topology),
        2 => release(dice, topology),
        3 => swap(dice, topology),
        4 => share(dice, topology),
        _ => exact(dice, topology),
    }
}

fn any(dice: &mut Dice, topology: &Topology) -> FunctionId {
    let all: Vec<_> = topology.functions.keys().copied().collect();
    dice.pick(&all).expect("there are functions")
}

fn assigned(dice: &mut Dice, topology: &Topology) -> Option<(FunctionId, Assignment)> {
    let all: Vec<_> = topology.functions.values().filter_map(|f| Some((f.id, f.assigned?))).collect();
    dice.pick(&all)
}

/// A host on the switch of a function.
fn host(dice: &mut Dice, topology: &Topology, function: FunctionId) -> HostId {
    let switch = topology.switch_of(&topology.functions[&function]).expect("an adapter is in a switch");
    let hosts: Vec<_> = topology.hosts.values().filter(|h| h.switch == switch).map(|h| h.id).collect();
    dice.pick(&hosts).expect("there are hosts")
}

fn one(dice: &mut Dice, topology: &Topology) -> Vec<Move> {
    let function = any(dice, topology);
    let to = Some(host(dice, topology, function));
    vec![Move::new(function, to)]
}

fn release(dice: &mut Dice, topology: &Topology) -> Vec<Move> {
    assigned(dice, topology).map(|(function, _)| Move::new(function, None)).into_iter().collect()
}

fn swap(dice: &mut Dice, topology: &Topology) -> Vec<Move> {
    let (Some((a, at_a)), Some((b, at_b))) = (assigned(dice, topology), assigned(dice, topology)) else {
        return Vec::new();
    };
    let near = topology.hosts[&at_a.host].switch == topology.hosts[&at_b.host].switch;
    if !near || at_a.place() == at_b.place() {
        return Vec::new();
    }
    vec![Move::exact(a, Some(at_b)), Move::exact(b, Some(at_a))]
}

/// Two or three functions of one adapter onto one logical port: a switch puts no others together.
fn share(dice: &mut Dice, topology: &Topology) -> Vec<Move> {
    let first = any(dice, topology);
    let (to, at) = (host(dice, topology, first), LogicalPort(logical_port(dice)));
    let adapter = topology.functions[&first].adapter;
    let near: Vec<_> = topology.functions_of_adapter(adapter).iter().map(|f| f.id).collect();
    let mut together = BTreeSet::from([first]);
    together.extend((0..dice.between(1, 2)).filter_map(|_| dice.pick(&near)).collect::<Vec<_>>());
    together.into_iter().map(|function| Move { function, to: Some(to), at: Some(at) }).collect()
}

fn exact(dice: &mut Dice, topology: &Topology) -> Vec<Move> {
    let function = any(dice, topology);
    let (to, at) = (Some(host(dice, topology, function)), Some(LogicalPort(logical_port(dice))));
    vec![Move { function, to, at }]
}

fn logical_port(dice: &mut Dice) -> u8 {
    u8::try_from(dice.below(8)).expect("small")
}
