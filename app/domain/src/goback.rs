//! Going back: the intents that undo a change, restore a moment, and make switch and ledger agree again.
//!
//! Each is an ordinary intent. It goes through the same rules and the same plan sheet as any other, and is refused with
//! the same reasons where the world has moved on.

use crate::ids::{ChangeId, FunctionId, Seq, SwitchId};
use crate::intent::{Intent, Move, Origin};
use crate::plan::{Plan, PlannedMove};
use crate::topology::{Assignment, Place, Topology};
use crate::words::{list, whereabouts};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What somebody else did to a function that the ledger wishes elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// Its adapter is not in its slot. The wish is kept for when it comes back.
    Absent,
    /// It is wished on a host and is in the pool.
    Unbound,
    /// It is wished in the pool and is on a host.
    Bound,
    /// It is wished on one place and is on another.
    Moved,
}

impl Plan {
    /// The intent that puts every function back on the place it came from, or that it was wished on when the plan adopted
    /// another; and what it leaves out, in sentences: a function that a later change gave another place stays there, and
    /// for one that is gone nothing can be done. One that only shared a logical port is named too, so that they share it
    /// again.
    pub fn undo(&self, change: ChangeId, topology: &Topology) -> (Intent, Vec<String>) {
        let (mut left_out, mut back, mut before) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        for one in self.moves.iter().chain(&self.adoptions) {
            before.insert(one.function, one.from);
            match later(one, topology) {
                Some(stays) => left_out.push(stays),
                // It never left.
                None if topology.wish(one.function) != one.to && topology.is_at(one.function, one.from) => {}
                None => topology.want(one.function, &one.name, one.from, &mut back, &mut left_out),
            }
        }
        let intent = topology.bring(back, |id| before.get(&id).copied().flatten());
        (intent.made_from(Origin::Undo(change)), left_out)
    }

    /// The intent that finishes what could not be finished: every function to where the plan wanted it, and wished there
    /// where it is there by now; and what it leaves out, as [`Plan::undo`] does. `opened` is the entry that opened the
    /// change: what was wished before that was not wished by a later one.
    pub fn retry(&self, change: ChangeId, opened: Seq, topology: &Topology) -> (Intent, Vec<String>) {
        let (mut left_out, mut go) = (Vec::new(), BTreeMap::new());
        let older = |one: &PlannedMove| topology.drift.get(&one.function).is_some_and(|d| d.since < opened);
        let later = |one: &PlannedMove| later(one, topology).filter(|_| !older(one));
        for one in &self.moves {
            match later(one) {
                Some(_) if topology.is_at(one.function, one.to) => left_out.push(contested(one, topology)),
                Some(stays) => left_out.push(stays),
                None => topology.want(one.function, &one.name, one.to, &mut go, &mut left_out),
            }
        }
        for one in &self.adoptions {
            match later(one) {
                Some(stays) => left_out.push(stays),
                // What was to be accepted must still be there: nothing is moved for it.
                None if topology.is_at(one.function, one.to) => {
                    go.insert(one.function, one.to);
                }
                None => left_out.push(moved_on(one, topology)),
            }
        }
        let to = go.clone();
        let intent = topology.bring(go, |id| to.get(&id).copied().flatten());
        (intent.made_from(Origin::Retry(change)), left_out)
    }

    /// The intent that accepts what the switch says about every function of the plan.
    pub fn accept(&self, change: ChangeId, topology: &Topology) -> Intent {
        let drifted = self.functions().filter(|id| topology.drift.contains_key(id));
        Intent::adopting(drifted).made_from(Origin::Accept(change))
    }
}

/// Says so when a later change gave a function another place: neither where this one wanted it, nor where that found it.
fn later(one: &PlannedMove, topology: &Topology) -> Option<String> {
    let wish = topology.wish(one.function);
    let elsewhere = topology.functions.contains_key(&one.function) && wish != one.to && wish != one.from;
    elsewhere.then(|| {
        let (name, now) = (topology.label(one.function), whereabouts(topology, wish));
        format!("{name} stays {now}, where a later change put it.")
    })
}

/// A function is where it was wanted, but a later change wished it elsewhere.
fn contested(one: &PlannedMove, topology: &Topology) -> String {
    let (name, wish) = (topology.label(one.function), whereabouts(topology, topology.wish(one.function)));
    format!("{name} is where it was wanted, but a later change wished it {wish}: accept or revert that.")
}

/// A function is not any more where it was to be accepted.
fn moved_on(one: &PlannedMove, topology: &Topology) -> String {
    let now = topology.functions.get(&one.function).and_then(|function| function.assigned);
    let (then, now) = (whereabouts(topology, one.to), whereabouts(topology, now));
    format!("{} was to be accepted {then}, and is {now}.", one.name)
}

/// Sorted by place and number, so that functions that shared a logical port get their old numbers.
fn exact(wanted: impl Iterator<Item = (FunctionId, Option<Assignment>)>) -> Intent {
    let mut wanted: Vec<_> = wanted.collect();
    wanted.sort_by_key(|&(function, at)| (at, function));
    Intent::moving(wanted.into_iter().map(|(function, at)| Move::exact(function, at)).collect())
}

impl Topology {
    /// Where the ledger wishes every function.
    pub fn wishes(&self) -> BTreeMap<FunctionId, Option<Assignment>> {
        self.functions.keys().map(|&id| (id, self.wish(id))).collect()
    }

    /// The functions that have drifted and whose switch this is.
    pub fn drifted(&self, switch: SwitchId) -> impl Iterator<Item = FunctionId> {
        let here = move |id: &FunctionId| {
            self.functions.get(id).is_some_and(|function| self.switch_of(function) == Some(switch))
        };
        self.drift.keys().copied().filter(here)
    }

    /// What happened to a function that is not where the ledger wishes it; none for one that is.
    pub fn drift_kind(&self, id: FunctionId) -> Option<DriftKind> {
        let drift = self.drift.get(&id)?;
        let function = self.functions.get(&id)?;
        let absent = self.adapter_of(function).is_some_and(|adapter| !adapter.present);
        Some(match (drift.wished, function.assigned) {
            (Some(_), None) if absent => DriftKind::Absent,
            (Some(_), None) => DriftKind::Unbound,
            (None, _) => DriftKind::Bound,
            (Some(_), Some(_)) => DriftKind::Moved,
        })
    }

    /// What happened to a function that is not where the ledger wishes it, as a sentence.
    pub fn drift_in_words(&self, id: FunctionId) -> String {
        let name = self.label(id);
        let (wish, found) = (self.wish(id), self.functions.get(&id).and_then(|f| f.assigned));
        let (wished, now) = (whereabouts(self, wish), whereabouts(self, found));
        match self.drift_kind(id) {
            None => format!("{name} is {now}."),
            Some(DriftKind::Absent) => {
                format!("{name} is wished {wished}, and its adapter is not in its slot.")
            }
            Some(_) => format!("{name} is wished {wished}, and is {now}."),
        }
    }

    /// The intent that makes a switch follow the ledger for these functions. Those whose adapter is absent are left
    /// out, since nothing can be done about them, unless nothing else is asked for.
    pub fn revert(&self, functions: &BTreeSet<FunctionId>) -> Intent {
        let drifted: BTreeMap<_, _> =
            functions.iter().filter_map(|id| Some((*id, self.drift.get(id)?.wished))).collect();
        let here = |id: FunctionId| self.drift_kind(id) != Some(DriftKind::Absent);
        let any_here = drifted.keys().any(|&id| here(id));
        let wanted = drifted.into_iter().filter(|&(id, _)| here(id) || !any_here).collect();
        exact(self.with_sharers(wanted, |id| self.wish(id))).made_from(Origin::Revert)
    }

    /// Wants a function at a place, or says why nothing can be done about that. Nothing needs to be done either for one whose
    /// card is not in its slot and that is wished there: it comes back with it.
    fn want(
        &self,
        id: FunctionId,
        name: &str,
        at: Option<Assignment>,
        wanted: &mut BTreeMap<FunctionId, Option<Assignment>>,
        left_out: &mut Vec<String>,
    ) {
        let Some(function) = self.functions.get(&id) else {
            if at.is_some() {
                left_out.push(format!("{name} is no longer there, so nothing can be done about it."));
            }
            return;
        };
        let absent = self.adapter_of(function).is_some_and(|adapter| !adapter.present);
        match at {
            Some(at) if !self.hosts.contains_key(&at.host) => left_out.push(format!(
                "{} was on a host that is no longer cabled (host {}), so it stays where it is.",
                self.label(id),
                at.host
            )),
            Some(_) if absent && self.wish(id) == at => {}
            Some(_) if absent => {
                let name = self.label(id);
                left_out.push(format!("{name} stays where it is, since its adapter is not in its slot."));
            }
            Some(_) | None => {
                wanted.insert(id, at);
            }
        }
    }

    /// The intent that has functions where they are wanted, and wished there. What the switch has there already is only
    /// adopted, unless others come to its logical port: then that is bound anew with all of them.
    fn bring(
        &self,
        wanted: BTreeMap<FunctionId, Option<Assignment>>,
        wished: impl Fn(FunctionId) -> Option<Assignment>,
    ) -> Intent {
        let place = |at: Option<Assignment>| at.map(Assignment::place);
        let all: BTreeMap<_, _> = self.with_sharers(wanted, wished).collect();
        let (mut coming, mut right): (BTreeMap<Place, usize>, BTreeMap<Place, usize>) = Default::default();
        for (&id, at) in all.iter().filter_map(|(id, at)| Some((id, (*at)?))) {
            *coming.entry(at.place()).or_default() += 1;
            *right.entry(at.place()).or_default() += usize::from(self.is_at(id, Some(at)));
        }
        let mut held: BTreeMap<Place, usize> = BTreeMap::new();
        let places = self.functions.values().filter_map(|function| place(function.assigned));
        places
            .filter(|place| coming.contains_key(place))
            .for_each(|place| *held.entry(place).or_default() += 1);
        // Nobody comes to it, and nobody leaves it.
        let complete = |at: Place| coming.get(&at) == right.get(&at) && coming.get(&at) == held.get(&at);
        let settled = |at: Place| coming.get(&at) == Some(&1) || complete(at);
        let there = |&(&id, &at): &(&FunctionId, &Option<Assignment>)| {
            let is_there = self.functions.get(&id).is_some_and(|f| place(f.assigned) == place(at));
            is_there && place(at).is_none_or(settled)
        };
        let (here, moving): (Vec<_>, Vec<_>) = all.iter().partition(there);
        let adopt = here.into_iter().filter(|(id, _)| self.drift.contains_key(id)).map(|(&id, _)| id);
        Intent { adopt: adopt.collect(), ..exact(moving.into_iter().map(|(&id, &at)| (id, at))) }
    }

    /// Whether the switch has a function there.
    fn is_at(&self, function: FunctionId, at: Option<Assignment>) -> bool {
        self.functions.get(&function).is_some_and(|f| f.assigned == at)
    }

    /// With every function that is where it was wished, on a logical port that others come back to: a port is bound as a
    /// whole, so it is bound anew with them.
    fn with_sharers(
        &self,
        mut wanted: BTreeMap<FunctionId, Option<Assignment>>,
        wished: impl Fn(FunctionId) -> Option<Assignment>,
    ) -> impl Iterator<Item = (FunctionId, Option<Assignment>)> {
        let places: BTreeSet<Place> = wanted.values().flatten().map(|at| at.place()).collect();
        let stays = self.functions.values().filter(|function| {
            let at = function.assigned;
            at.is_some_and(|at| places.contains(&at.place())) && wished(function.id) == at
        });
        for function in stays {
            wanted.entry(function.id).or_insert(function.assigned);
        }
        wanted.into_iter()
    }

    /// The intent that restores what was wished at an earlier moment, and what it cannot restore, in sentences.
    pub fn restore(
        &self,
        seq: Seq,
        wishes: &BTreeMap<FunctionId, Option<Assignment>>,
    ) -> (Intent, Vec<String>) {
        let (mut left_out, mut wanted) = (Vec::new(), BTreeMap::new());
        let there = |id: &FunctionId| self.functions.contains_key(id);
        for (&id, &wished) in wishes.iter().filter(|(id, _)| there(id)) {
            if !(self.is_at(id, wished) && self.wish(id) == wished) {
                self.want(id, &self.label(id), wished, &mut wanted, &mut left_out);
            }
        }
        // The history knows no names of what was wished: they are told by number, and together.
        let gone = wishes.iter().filter(|(id, wished)| wished.is_some() && !there(id));
        let gone: Vec<_> = gone.map(|(id, _)| id.to_string()).collect();
        match gone.as_slice() {
            [] => {}
            [one] => {
                left_out.push(format!("Function {one} is no longer there, so nothing can be done about it."))
            }
            all => left_out.push(format!(
                "{} functions are no longer there, so nothing can be done about them: numbers {}.",
                all.len(),
                list(all)
            )),
        }
        let wished = |id| wishes.get(&id).copied().flatten();
        (self.bring(wanted, wished).made_from(Origin::Restore(seq)), left_out)
    }
}

#[cfg(test)]
#[path = "goback_tests.rs"]
mod tests;
